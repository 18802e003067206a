"""`./lab eval`: the same road without browser or server, for the terminal and for scripts."""

from .arguments import add_parser
from .command import main

__all__ = ["add_parser", "main"]
