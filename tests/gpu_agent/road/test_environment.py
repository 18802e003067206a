import json
import platform
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from gpu_agent.road import environment as module
from gpu_agent.road.environment import environment, ffmpeg_version, gpu


@pytest.fixture
def fresh():
    """Each of these is asked once a process: a test that changes what answers must not leave it behind."""
    gpu.cache_clear()
    ffmpeg_version.cache_clear()
    yield
    gpu.cache_clear()
    ffmpeg_version.cache_clear()


def test_everything_that_could_change_a_figure_is_named():
    found = json.loads(json.dumps(environment()))
    assert found["python"] == platform.python_version()
    assert found["packages"]["numpy"] == np.__version__
    assert found["packages"]["imageio-ffmpeg"] == imageio_ffmpeg.__version__
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-version"], capture_output=True, text=True).stdout
    assert said.startswith(f"ffmpeg version {found['ffmpeg']} ")
    assert found["cpu"]
    assert found["threads"]["measure"] == found["cores"] >= 1
    assert found["memory_mb"] > 100
    assert len(found["build"]) == 16


def test_a_gpu_is_named_with_its_driver(fresh, monkeypatch):
    answer = subprocess.CompletedProcess([], 0, stdout="Tesla T4, 15360, 580.82.07\n")
    monkeypatch.setattr(module.subprocess, "run", lambda *a, **k: answer)
    found = gpu()
    assert (found["name"], found["memory_mb"], found["driver"]) == ("Tesla T4", 15360, "580.82.07")


def test_no_ffmpeg_and_no_gpu_are_null(fresh, monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(module.subprocess, "run", missing)
    monkeypatch.setattr(module, "executable", missing)
    found = environment()
    assert found["gpu"] is None
    assert found["ffmpeg"] is None
