"""The agent: runs codecs in a jail on real video and measures them. Deploys alone; imports nothing of `app`."""

__version__ = "0.1.0"
