"""What runs on the boxes besides the programs: installing a release, the units, idle stop, logs."""
