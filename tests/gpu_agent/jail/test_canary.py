"""What the canary is given; that each broken promise is found is told by the jail's own tests."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gpu_agent
from gpu_agent.jail.canary import CODEC, POLICY, in_canary
from gpu_agent.jail.outcome import Outcome, Verdict


def test_its_clip_lies_apart_from_the_program_whose_files_others_read():
    seen: list[Path] = []

    def run(task):
        assert task.source.stat().st_size == 6
        seen.append(task.source)
        return Outcome("encode", Verdict.OK)

    assert in_canary(run, CODEC.read_text(), POLICY, lambda packet: None).ok
    (source,) = seen
    assert not source.is_relative_to(Path(gpu_agent.__file__).parents[1])
    assert not source.parent.exists()


def test_where_it_cannot_be_written_there_is_no_jail(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    outcome = in_canary(lambda task: Outcome("encode", Verdict.OK), CODEC.read_text(), POLICY, lambda packet: None)
    assert outcome.verdict is Verdict.SANDBOX_ERROR
    assert "No space left on device" in outcome.message
