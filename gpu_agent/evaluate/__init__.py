"""`./lab eval`: the same road without browser or server, for the terminal and for scripts."""

from .command import add_parser, main

__all__ = ["add_parser", "main"]
