"""The jail: where a codec's encode and decode run, and where files of people are read, each in a fresh bubblewrap sandbox.
What it promises: README.md."""

from .canary import Check, JailStatus
from .jail import Jail, Reader
from .outcome import Outcome, Verdict

__all__ = ["Check", "Jail", "JailStatus", "Outcome", "Reader", "Verdict"]
