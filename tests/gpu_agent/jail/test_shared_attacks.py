"""The attack codecs that are shared beside the checkout, where they are: what their headers allow must come out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gpu_agent.jail import Verdict
from gpu_agent.jail.text import MESSAGE_BYTES
from gpu_agent.models import Limits

from .conftest import SMALL

FOLDERS = [Path(__file__).parents[k].parent / "shared" / "attacks" for k in (3, 4)]
FILES = sorted(path for folder in FOLDERS for path in folder.glob("[0-9]*.py"))
# Their absence is told, and is not a jail that was not tried: a checkout that stands alone passes with --strict.
pytestmark = [pytest.mark.jail] if FILES else []
OUTPUT = {Verdict.OUTPUT_SHORT, Verdict.OUTPUT_TOO_LARGE, Verdict.OUTPUT_INVALID, Verdict.OUTPUT_EMPTY}
MEANING = {
    "OK": {Verdict.OK},
    "EXC": {Verdict.EXCEPTION, Verdict.EXCEPTION_START},
    "CRASH": {Verdict.CRASH},
    "CRASH_START": {Verdict.CRASH_START},
    "TIMEOUT": {Verdict.TIMEOUT, Verdict.CPU_TIMEOUT},
    "TIMEOUT_START": {Verdict.TIMEOUT_START},
    "OOM": {Verdict.MEMORY},
    "OOM_SHMEM": {Verdict.MEMORY},
    "OOM_HOST_FLOOR": {Verdict.MEMORY},
    "SHORT_OUTPUT": OUTPUT,
    "OUTPUT_TOO_LARGE": OUTPUT,
    "EMPTY_OUTPUT": OUTPUT,
    "BAD_STATUS": {Verdict.BAD_STATUS} | OUTPUT,  # one category in the record
    "LOG_FLOOD": {Verdict.LOG_FLOOD},
    "STATUS_FLOOD": {Verdict.STATUS_FLOOD},
    "LEFTOVER": {Verdict.LEFTOVER},
}


JAIL_ALONE = OUTPUT | {Verdict.EXCEPTION, Verdict.TIMEOUT}
"""Of what is the audit's to name, the jail promises that it is contained. Whether it runs hangs on libraries that this
machine may lack, and on the compiled kit, which the jail of these tests does not show."""


def limits_for(allowed: set[Verdict]) -> Limits:
    """Short times for those alone that are to come to them: one of the others reads every file it can see."""
    brief = {"wall_seconds": MEANING["TIMEOUT"], "start_seconds": MEANING["TIMEOUT_START"]}
    return SMALL.model_copy(update={name: 1.0 for name, verdicts in brief.items() if allowed <= verdicts})


def header(code: str, name: str) -> str:
    found = re.search(rf"^# {name}: (.*?)(?:\s+\(.*)?$", code, re.MULTILINE)
    return found[1].strip() if found else ""


@pytest.mark.skipif(not FILES, reason="the shared attack codecs are not beside this checkout: they were not run")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_attack(path, bench, canaries, nothing_left):
    code = path.read_text()
    phase = header(code, "PHASE")
    allowed = set().union(*(MEANING[word] for word in header(code, "EXPECT").split()))
    outcomes, limits = [], limits_for(allowed)
    if header(code, "ASSERT").startswith("audit:"):
        allowed, limits = allowed | JAIL_ALONE, SMALL.model_copy(update={"wall_seconds": 5.0})
    if phase in ("encode", "both"):
        outcomes.append(bench.encode(code, limits))
    if phase == "both":
        assert outcomes[0].verdict in allowed, outcomes[0]
        if "page_cache" in path.name:
            bench.jail.normalise_page_cache()
        outcomes.append(bench.decode(code, list(bench.packets), limits))
    if phase == "decode":
        outcomes.append(bench.decode(code, limits=limits))
    assert outcomes[-1].verdict in allowed, outcomes[-1]
    everything = b"".join([*bench.packets, *bench.frames])
    for outcome in outcomes:
        assert len(outcome.message.encode()) <= MESSAGE_BYTES
        assert all(c.isprintable() or c in "\n\t" for c in outcome.message + outcome.log)
        shown = outcome.message + outcome.log.replace(code, "")
        assert "CANARY" not in shown
        assert "UNBOUNDED" not in shown
        assert "LEAKED" not in outcome.message
    assert b"CANARY" not in everything
    assert canaries.calls == []
    nothing_left()
