"""`./lab eval` whole: points, sentence and ladder on standard output, the same figures in the JSON."""

import json

import pytest

from gpu_agent.__main__ import main
from gpu_agent.contract import EXAMPLE
from gpu_agent.jail import Jail
from gpu_agent.measure import golden
from tests.gpu_agent.live import tiny_clip

pytestmark = pytest.mark.jail


@pytest.fixture
def evaluate(tmp_path, monkeypatch, capsys):
    """Arguments in; exit code, standard output and the record out."""
    if not Jail().status().available:
        pytest.skip("the jail cannot run here")
    monkeypatch.setenv("CODEC_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CODEC_LAB_DISK_FLOOR_GB", "0")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(Jail, "normalise_page_cache", lambda self: None)
    codec = tmp_path / "codec.py"
    codec.write_text(EXAMPLE)
    clip = tiny_clip(tmp_path, size=64, frames=4)

    def run(*more):
        target = tmp_path / "record.json"
        arguments = ["eval", str(codec), "--clip", str(clip), "--json", str(target)]
        code = main([*arguments, *more])
        return code, capsys.readouterr().out, json.loads(target.read_text())

    return run


def test_the_ladder_is_printed_and_in_the_record(evaluate):
    code, said, record = evaluate("--anchors", "mpeg4")
    rate = record["summary"]["bd_rate"]["mpeg4"]
    assert (code, record["status"]) == (0, "succeeded")
    assert "MPEG-4 Part 2" in said
    if rate["percent"] is None:
        assert f"Not comparable with MPEG-4 Part 2: {rate['reason']}." in said
    else:
        assert "bits" in said
        assert f"{rate['percent']:+.1f} %" in said


def test_none_is_none(evaluate):
    code, said, record = evaluate("--anchors", "none", "--rate", "4")
    assert (code, record["summary"]["bd_rate"]) == (0, {})
    assert "anchor" not in said


def test_an_unknown_anchor_is_wrong_usage(evaluate, capsys):
    with pytest.raises(SystemExit) as ended:
        evaluate("--anchors", "x266")
    assert ended.value.code == 2
    assert "there is no anchor 'x266'" in capsys.readouterr().err


def test_a_machine_that_measures_otherwise_ranks_nothing(evaluate, monkeypatch):
    monkeypatch.setitem(golden.EXPECTED, "psnr_y", 1.0)
    code, said, record = evaluate()
    assert (code, record["status"], record["results"], record["summary"]["bd_rate"]) == (1, "failed", [], {})
    assert "psnr_y of the golden pair" in said
