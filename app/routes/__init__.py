"""What the lab's server answers beside the pages: artifacts with byte ranges, component assets, clip uploads."""
