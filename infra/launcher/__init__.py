"""What `./lab` does before and around the lab: environment, system packages, processes. Standard library only."""
