"""Unsafe mode: asked for, on this machine alone, the lab's own codecs alone, told in every outcome, never ranked."""

from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from app.agent_client import AgentError
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.codecs import STARTERS
from gpu_agent.contract import EXAMPLE
from gpu_agent.jail import Jail, Reader, Verdict
from gpu_agent.jail.canary import POLICY
from gpu_agent.jail.unsafe import NO_READING, REFUSED, UnsafeJail
from gpu_agent.models import UNSAFE, Audit, ErrorCategory, Limits, Status, now
from gpu_agent.road.tools import jail_of
from gpu_agent.settings import AgentSettings
from tests.gpu_agent.factory import experiment, row
from tests.gpu_agent.live import client_of, finished, live_agent, start, tiny_clip, upload

INFO = VideoInfo(64, 48, 3, Fraction(25))
CODE = STARTERS[1].code()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "planes"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, INFO.frame_bytes * INFO.frames, np.uint8).tobytes())
    return path


def test_a_built_in_codec_makes_the_trip_and_every_outcome_says_unsafe(source):
    jail, packets, frames = UnsafeJail(), [], []
    assert (jail.status().level, jail.status().message.split(":")[0]) == (UNSAFE, "UNSAFE MODE")
    encoded = jail.encode(CODE, source, INFO, 27, Limits(), on_packet=lambda p: packets.append(bytes(p)))
    decoded = jail.decode(CODE, packets, INFO, Limits(), on_frame=lambda f: frames.append(bytes(f)))
    assert (encoded.verdict, decoded.verdict) == (Verdict.OK, Verdict.OK), (encoded.message, decoded.message)
    assert {encoded.level, decoded.level} == {UNSAFE}
    assert [len(f) for f in frames] == [INFO.frame_bytes] * 3
    assert encoded.peak_memory_bytes is None


@pytest.mark.parametrize("code", [CODE + "\n", CODE.replace("import numpy", "import os\nimport numpy", 1), EXAMPLE])
def test_anything_else_is_refused_before_it_runs(source, code):
    outcome = UnsafeJail().encode(code, source, INFO, 27, Limits(), on_packet=lambda p: pytest.fail("it ran"))
    assert outcome.failure.category is ErrorCategory.SANDBOX
    assert outcome.failure.message == REFUSED


def test_it_has_to_be_asked_for_and_listens_on_this_machine_alone():
    assert type(jail_of(AgentSettings())) is Jail
    assert type(jail_of(AgentSettings(unsafe="built_in"))) is UnsafeJail
    with pytest.raises(ValidationError, match="this machine alone"):
        AgentSettings(unsafe="built_in", agent_host="0.0.0.0")
    with pytest.raises(ValidationError, match="full jail"):
        AgentSettings(unsafe="built_in", require_sandbox="full")


def test_the_agent_says_so_in_health_and_record_and_rates_nothing(tmp_path):
    with live_agent(tmp_path / "data", unsafe="built_in") as agent:
        agent.worker.on_end = agent._ended
        client, clip = client_of(agent), {"clips": ("carphone",), "frames": 4}
        assert client.health().sandbox["level"] == UNSAFE
        e = finished(client, start(client, CODE, rates=(22, 27, 32, 37), **clip).id)
        assert (e.status, e.sandbox) == (Status.SUCCEEDED, UNSAFE), e.error
        refused = finished(client, start(client, EXAMPLE, **clip).id)
        assert (refused.status, refused.error.category) == (Status.FAILED, ErrorCategory.SANDBOX)
        assert agent.ladders._wanted == {}
        assert client.get(e.id).audit is None
        assert "without a jail" in e.unranked
        with pytest.raises(AgentError, match=r"jail alone.*unset CODEC_LAB_UNSAFE") as caught:
            upload(client, tiny_clip(tmp_path))
        assert caught.value.status == 503


def test_no_file_is_read_whatever_the_reader(source):
    reader = Reader("def read(source): yield b'x'", (), ())
    outcome = UnsafeJail().read(
        reader, source, "clip", {}, POLICY, largest=1, on_packet=lambda p: pytest.fail("it ran")
    )
    assert (outcome.verdict, outcome.message) == (Verdict.SANDBOX_ERROR, NO_READING)


def test_what_may_not_be_ranked_says_why():
    e = experiment(results=[row()], status=Status.SUCCEEDED, sandbox="watchdog")
    assert e.unranked is None
    held = e.model_copy(update={"audit": Audit(at=now(), held=True)})
    assert "audit holds it" in held.unranked
    assert held.model_copy(update={"released": "I decoded it by hand."}).unranked is None
    assert held.model_copy(update={"released": "seen", "sandbox": UNSAFE}).unranked is not None
    assert experiment().unranked == "It did not succeed."
