"""A codec that asks for CUDA gets it where there is one. Not run elsewhere, and reported so."""

from __future__ import annotations

import importlib.util
from fractions import Fraction

import numpy as np
import pytest

from gpu_agent.codec_kit import VideoInfo
from gpu_agent.jail import Jail
from gpu_agent.models import Limits
from gpu_agent.road.environment import gpu

HERE = gpu() is not None and importlib.util.find_spec("torch") is not None
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not HERE, reason="no NVIDIA GPU with PyTorch on this machine: the CUDA path was not run"),
]
INFO = VideoInfo(32, 32, 2, Fraction(25))
CODEC = """
import torch

def encode(video, rate):
    assert torch.cuda.is_available()
    for frame in video:
        y = torch.from_numpy(frame.y.copy()).cuda()
        yield bytes([int((y.long() + 1).sum().item() % 251)]) + frame.y.tobytes() + frame.u.tobytes() + frame.v.tobytes()

def decode(packets, info):
    import numpy as np
    for packet in packets:
        planes = np.frombuffer(packet[1:], np.uint8)
        y = torch.from_numpy(planes[:1024].copy()).cuda()
        assert int((y.long() + 1).sum().item() % 251) == packet[0]
        yield y.cpu().numpy().reshape(32, 32), planes[1024:1280].reshape(16, 16), planes[1280:].reshape(16, 16)
"""


def test_a_codec_computes_on_the_gpu_inside_the_jail(tmp_path):
    raw = np.random.default_rng(1).integers(0, 256, INFO.frames * INFO.frame_bytes, np.uint8).tobytes()
    source = tmp_path / "planes"
    source.write_bytes(raw)
    source.chmod(0o644)
    jail, packets, frames = Jail(gpu=True), [], []
    limits = Limits(start_seconds=120, memory_mb=16384)
    encoded = jail.encode(CODEC, source, INFO, 1, limits, on_packet=packets.append)
    assert encoded.ok, encoded.message
    decoded = jail.decode(CODEC, packets, INFO, limits, on_frame=lambda f: frames.append(bytes(f)))
    assert decoded.ok, decoded.message
    assert b"".join(frames) == raw


def test_health_names_the_gpu():
    found = gpu()
    assert found["name"]
    assert found["memory_mb"] > 1000


def test_free_memory_is_overwritten_and_given_back():
    first, second = Jail(gpu=True).overwrite_gpu_memory(), Jail(gpu=True).overwrite_gpu_memory()
    assert first.problem is None, first.problem
    assert first.done > 0.9 * first.free
    assert second.free > 0.95 * first.free
