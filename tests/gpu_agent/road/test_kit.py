import subprocess
from types import SimpleNamespace

import pytest

from gpu_agent.codecs import STARTERS
from gpu_agent.contract import EXAMPLE
from gpu_agent.road import kit


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        (EXAMPLE, False),
        ("import codec_kit.rangecoder", True),
        ("from codec_kit.rangecoder import writer", True),
        ("from codec_kit import intra", True),
        ("from codec_kit import Frame", False),
        ("import codec_kit.no_such_part", False),
        ("def encode(video, rate):\n    from codec_kit import search\n", True),
    ],
)
def test_only_a_codec_that_imports_a_compiled_part_waits_for_the_kit(code, uses):
    assert kit.uses_compiled_kit(code) is uses


def test_parts_are_those_imported_and_what_they_import():
    assert kit.kit_parts("import numpy") == set()
    assert kit.kit_parts("from codec_kit import Frame") == {"__init__", "frames"}
    assert {"__init__", "frames", "bits", "network"} == kit.kit_parts("from codec_kit.network import run")
    assert {"search", "intra", "jit", "rangecoder"} <= kit.kit_parts("from codec_kit import search")


def test_no_starter_waits_for_it():
    assert not any(kit.uses_compiled_kit(starter.code()) for starter in STARTERS)


def test_a_kit_that_cannot_be_compiled_costs_time_and_nothing_else(monkeypatch, tmp_path):
    def refuse(home):
        raise subprocess.CalledProcessError(1, ["warm.py"])

    monkeypatch.setattr(kit.warm, "prepare", refuse)
    shown = []
    kit.show_compiled_kit(SimpleNamespace(kit_home=tmp_path, jail=SimpleNamespace(show_compiled_kit=shown.append)))
    assert shown == []
