"""The text that the editor of the harness starts from is the contract's example; this is what it is compared with."""

from __future__ import annotations

from gpu_agent.contract import EXAMPLE

BASELINE = EXAMPLE.replace("RATES = (2, 4, 8, 16)", "RATES = (3, 6)").replace("wb", "w")
BASELINE = BASELINE.replace("    planes = known", "    # eight bits again\n        planes = known")
