"""The overfitted network as the agent runs it: end to end where torch is, a plain sentence where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_agent.codecs import starter
from gpu_agent.jail import Jail
from gpu_agent.models import ErrorCategory, Limits
from tests.gpu_agent import kit

from .conftest import moving

LIMITS = Limits(start_seconds=300, wall_seconds=300)


@pytest.fixture(scope="module")
def jail() -> Jail:
    jail = Jail()
    if not jail.status().available:
        pytest.skip(f"the jail cannot run here: {jail.status().message}")
    return jail


@pytest.fixture
def source(tmp_path):
    """The planes of a small clip as a file, and what a codec is told of it."""
    clip, path = moving(32, 32, 3), tmp_path / "planes"
    path.write_bytes(b"".join(plane.tobytes() for frame in clip for plane in frame))
    path.chmod(0o644)
    return path, clip


@pytest.mark.jail
def test_without_torch_the_run_fails_as_invalid_code_and_says_why(jail, source):
    code = (
        "import sys\nsys.modules['torch'] = None  # as where it is not installed\n" + starter("neural_overfit").code()
    )
    outcome = jail.encode(code, source[0], source[1].info, 30, LIMITS, on_packet=lambda packet: None)
    assert outcome.failure.category == ErrorCategory.INVALID_CODE
    assert "needs torch, which this agent does not have" in outcome.message


@pytest.mark.torch
@pytest.mark.skipif(not kit.TORCH, reason="torch is not installed: the overfitted network was not run in the jail")
def test_with_torch_it_goes_through_both_jails(jail, source):
    code = starter("neural_overfit").code()
    assert "STEPS = 100" in code
    code, packets, frames = code.replace("STEPS = 100", "STEPS = 2"), [], []
    encoded = jail.encode(code, source[0], source[1].info, 27, LIMITS, on_packet=packets.append)
    assert encoded.ok, encoded.message
    decoded = jail.decode(code, packets, source[1].info, LIMITS, on_frame=lambda f: frames.append(bytes(f)))
    assert decoded.ok, decoded.message
    got, wanted = (np.frombuffer(raw, np.uint8).astype(int) for raw in (b"".join(frames), source[0].read_bytes()))
    assert np.mean((got - wanted) ** 2) < 25
