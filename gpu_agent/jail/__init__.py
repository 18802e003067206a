"""The jail: where a codec's encode and decode run, each in a fresh bubblewrap sandbox. What it promises: README.md."""

from .canary import Check, JailStatus
from .jail import Jail
from .outcome import Outcome, Verdict

__all__ = ["Check", "Jail", "JailStatus", "Outcome", "Verdict"]
