"""The agent's HTTP API on Python's built-in server: JSON, bearer token, bounded in every direction."""

from .app import Agent

__all__ = ["Agent"]
