"""Attack codecs against a real jail: each ends as its header says, tells nothing, and leaves nothing behind.

A file of `attacks/` names the run that carries the attack (PHASE), the verdicts that are right (EXPECT) and why.
Canaries are planted in the agent's environment, in files and behind a port; a codec that gets somewhere prints one.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from gpu_agent.jail import Verdict
from gpu_agent.jail.text import MESSAGE_BYTES

from .conftest import SMALL

pytestmark = pytest.mark.jail

FILES = sorted((Path(__file__).parent / "attacks").glob("*.py"))


def header(code: str, name: str) -> str:
    found = re.search(rf"^# {name}: (.*)$", code, re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_attack(path, bench, canaries, source, nothing_left):
    code = path.read_text().replace("AGENT_PORT", str(canaries.port))
    code = code.replace("SOURCE_START", source.read_bytes()[:16].hex())
    clip = hashlib.sha256(source.read_bytes()).digest()
    facts = source.stat()
    limits = SMALL.model_copy(update={k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", header(code, "LIMITS"))})
    phase, allowed = header(code, "PHASE"), {Verdict(word) for word in header(code, "EXPECT").split()}
    outcomes = []
    if phase in ("encode", "both"):
        outcomes.append(bench.encode(code, limits))
    if phase in ("decode", "both"):
        outcomes.append(bench.decode(code, list(bench.packets) or [b"x"], limits))
    for outcome in outcomes:
        assert outcome.verdict in allowed, outcome
        assert (outcome.failure is None) == outcome.ok
        assert outcome.ok or outcome.message
        assert len(outcome.message.encode()) <= MESSAGE_BYTES
        assert len(outcome.log) <= 40 << 10
        assert all(c.isprintable() or c in "\n\t" for c in outcome.message + outcome.log)
        assert "CANARY" not in outcome.message + outcome.log
        assert "LEAKED" not in outcome.message
        assert outcome.wall_seconds < limits.wall_seconds + 20, "those that are ended would go on for ever"
        assert (outcome.peak_memory_bytes or 0) < 2 * limits.memory_mb << 20
    assert b"CANARY" not in b"".join([*bench.packets, *bench.frames])
    assert canaries.calls == []
    assert hashlib.sha256(source.read_bytes()).digest() == clip
    assert (source.stat().st_mode, source.stat().st_mtime_ns) == (facts.st_mode, facts.st_mtime_ns)
    nothing_left()
