"""`eval` in this process: exit codes, the record, the decoded frames, and nothing left behind."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from gpu_agent import evaluate
from gpu_agent.clips import Catalogue
from gpu_agent.contract import EXAMPLE
from gpu_agent.evaluate import command
from gpu_agent.evaluate.scratch import scratch
from gpu_agent.jail import Jail
from gpu_agent.models import Experiment
from tests.gpu_agent.live import (
    NO_JAIL,
    PATIENCE,
    ROOT,
    STUCK_CODEC,
    client_of,
    gone,
    gone_but_for_an_init,
    jailed,
    live_agent,
    run,
    settings_for,
    start,
    tiny_clip,
    upload,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The data folder; the work folder beside holds a codec and two clips."""
    monkeypatch.setenv("CODEC_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CODEC_LAB_DISK_FLOOR_GB", "0")
    monkeypatch.setenv("CODEC_LAB_VMAF", "off")
    monkeypatch.setattr(Jail, "normalise_page_cache", lambda self: None)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "codec.py").write_text(EXAMPLE)
    tiny_clip(work)
    tiny_clip(work, "other", seed=3)
    return tmp_path / "data"


@pytest.fixture
def jail():
    """The jail's own answer, once a session would do: skipped where it cannot run."""
    status = Jail().status()
    if not status.available:
        pytest.skip(f"the jail cannot run here: {status.message}")


def lab_eval(*arguments: str) -> int:
    """The exit code, argparse's own included; handlers of signals are as they were."""
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        return evaluate.main(parser.parse_args(["eval", *arguments]))
    except SystemExit as e:
        return e.code
    finally:
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def left(folder):
    """Whatever an evaluation should have taken away."""
    return [p for p in folder.rglob("*") if p.is_file() and not p.is_relative_to(folder / "cache" / "planes")]


@pytest.mark.jail
def test_a_good_codec_ends_with_0_a_table_and_a_record(folder, jail, capsys):
    code = lab_eval(
        "codec.py", "--clip", "./tiny.y4m", "--rate", "4", "--rate", "8", "--rate", "4", "--json", "out.json"
    )
    assert code == 0
    out, err = capsys.readouterr()
    record = Experiment.model_validate_json(Path("out.json").read_text())
    assert (record.status, record.error, record.origin.kind, record.origin.note) == (
        "succeeded",
        None,
        "eval",
        "codec.py",
    )
    assert [(r.clip, r.rate) for r in record.results] == [("tiny", 4), ("tiny", 8)]
    assert record.summary.sentence in out
    assert f"{record.results[0].bytes:,}" in out
    assert "preparing clips" in err
    assert left(folder) == []


@pytest.mark.jail
def test_decoded_frames_are_the_ones_that_were_measured(folder, jail, capsys):
    arguments = ("--clip", "./tiny.y4m", "--clip", "./other.y4m", "--rate", "4", "--frames", "5", "--json", "-")
    assert lab_eval("codec.py", *arguments, "--decoded", "frames/here") == 0
    record = json.loads(capsys.readouterr().out)
    assert [r["clip"] for r in record["results"]] == ["tiny", "other"]
    for row in record["results"]:
        with open(f"frames/here/{row['clip']}-r4.y4m", "rb") as file:
            header = file.readline()
            frames = file.read().split(b"FRAME\n")[1:]
        assert header.startswith(b"YUV4MPEG2 W32 H32 F25:1")
        assert (len(frames), row["frames"]) == (5, 5)
        assert hashlib.sha256(b"".join(frames)).hexdigest() == row["decoded_sha256"]


@pytest.mark.jail
def test_a_bad_codec_ends_with_1_and_its_record_says_why(folder, jail, capsys, tmp_path):
    (tmp_path / "bad.py").write_text(EXAMPLE.replace("for frame in video:", "for frame in vidio:"))
    assert lab_eval(str(tmp_path / "bad.py"), "--clip", "./tiny.y4m", "--json", "-", "--decoded", "d") == 1
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert (record["status"], record["error"]["category"], record["results"]) == ("failed", "encode_error", [])
    assert "vidio" in record["error"]["message"]
    assert "failed (encode_error)" in err
    assert "child.py" not in err
    assert left(folder) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.py"], "nothing.py cannot be read: No such file or directory."),
        (["."], "cannot be read: Is a directory."),
        (["tiny.y4m"], "tiny.y4m is not a text file in UTF-8."),
        (["codec.py", "--clip", "carfone"], "Did you mean carphone?"),
        (["codec.py", "--clip", "./no.y4m"], "There is no file"),
        (["codec.py", "--clip", "./codec.py"], "--clip codec.py: This file is not a video"),
        (["codec.py", "--frames", "0"], "--frames: "),
        (["codec.py", "--rate", "nan"], "--rate: "),
        (["codec.py", *["--rate=1"] * 1, *[f"--rate={i}" for i in range(2, 19)]], "--rate: "),
        (["codec.py", "--timeout", "-1"], "--timeout: "),
        (["codec.py", "--memory", "1"], "--memory: "),
        (["codec.py", "--json", "."], "is a folder"),
        (["codec.py", "--json", "no/such/folder/out.json"], "cannot be written"),
        (["codec.py", "--decoded", "codec.py"], "codec.py File exists"),
        (["empty.py"], "the codec: "),
        (["codec.py", "--rate", "best"], "invalid number value"),
        ([], "Name a codec, CODEC.py"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence_before_anything_runs(folder, monkeypatch, capsys, arguments, words):
    Path("empty.py").touch()
    monkeypatch.setattr(command, "Walk", None)
    assert lab_eval(*arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert "pydantic" not in said
    assert [p for p in left(folder) if "clips" not in p.parts] == []


def test_a_wrong_setting_is_named(folder, monkeypatch, capsys):
    monkeypatch.setenv("CODEC_LAB_DISK_BUDGET_GB", "plenty")
    assert lab_eval("codec.py") == 2
    assert "lab eval: CODEC_LAB_DISK_BUDGET_GB: " in capsys.readouterr().err


def test_without_a_jail_nothing_runs_and_the_record_says_so(folder, monkeypatch, capsys):
    monkeypatch.setattr(Jail, "status", lambda self: NO_JAIL)
    assert lab_eval("codec.py", "--clip", "carphone", "--json", "-") == 1
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert (record["status"], record["error"]["category"]) == ("failed", "sandbox")
    assert "apt install bubblewrap" in record["error"]["message"]
    assert "apt install bubblewrap" in err


def test_without_a_jail_no_file_is_opened(folder, monkeypatch, capsys):
    monkeypatch.setattr(Jail, "status", lambda self: NO_JAIL)
    assert lab_eval("codec.py", "--clip", "./tiny.y4m", "--json", "-") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "in the lab's jail alone" in err
    assert "apt install bubblewrap" in err


@pytest.mark.jail
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_in_order(folder, jail, monkeypatch, capsys, number):
    class Interrupted(command.Show):
        def event(self, kind, message, progress=None):
            if message.startswith("encoding"):
                signal.raise_signal(number)

    monkeypatch.setattr(command, "Show", Interrupted)
    (folder.parent / "work" / "stuck.py").write_text(
        EXAMPLE.replace("    known = np.zeros(video", "    while rate == 8: pass\n    known = np.zeros(video")
    )
    assert lab_eval("stuck.py", "--clip", "./tiny.y4m", "--rate", "8", "--rate", "4", "--json", "-") == 1
    record = json.loads(capsys.readouterr().out)
    assert (record["status"], record["error"]) == ("cancelled", None)
    assert left(folder) == []


@pytest.mark.jail
def test_killed_or_interrupted_as_a_process_it_leaves_nothing_running(folder, jail):
    """SIGINT goes to the whole foreground group, as Ctrl-C in a terminal does. What SIGKILL leaves, the next removes."""
    Path("stuck.py").write_text(STUCK_CODEC)
    rates = [Fraction(2_400_000 + os.getpid() % 90_000, divisor) for divisor in (100_003, 100_019)]
    for rate, number, code in zip(rates, (signal.SIGKILL, signal.SIGINT), (-signal.SIGKILL, 1)):
        clip = tiny_clip(folder.parent / "work", f"stuck{number}", rate=rate)
        arguments = ["eval", str(Path("stuck.py").absolute()), "--clip", str(clip.absolute()), "--rate=8"]
        command = [sys.executable, "-m", "gpu_agent", *arguments]
        with subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            deadline = time.monotonic() + PATIENCE
            while not jailed(str(rate)) and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.02)
            assert jailed(str(rate))
            os.killpg(process.pid, number) if number == signal.SIGINT else process.kill()
            assert process.wait(PATIENCE) == code
            assert b"Traceback" not in process.stderr.read()
            assert process.stdout.read().strip() == (b"cancelled" if code == 1 else b"")
        assert gone_but_for_an_init(str(rate))
    assert all(gone(str(rate)) for rate in rates)
    assert left(folder) == []


def test_an_interrupt_while_clips_are_read_ends_in_order(folder, monkeypatch, capsys):
    def interrupted(self, path, *, cancel):
        signal.raise_signal(signal.SIGINT)
        assert cancel()
        raise command.ClipCancelled

    monkeypatch.setattr(Catalogue, "add_file", interrupted)
    assert lab_eval("codec.py", "--clip", "./tiny.y4m") == 1
    assert "lab eval: cancelled" in capsys.readouterr().err
    assert left(folder) == []


@pytest.mark.jail
def test_it_works_beside_an_agent_on_the_same_folder_and_gives_the_same(folder, jail, capsys):
    with live_agent(folder) as agent:
        client = client_of(agent)
        upload(client, tiny_clip(folder.parent))
        theirs = run(client, rates=(4,))
        waits = [start(client).id for _ in range(2)]
        assert lab_eval("codec.py", "--clip", "tiny", "--rate", "4", "--json", "-") == 0
        ours = Experiment.model_validate_json(capsys.readouterr().out)
        assert ours.results[0].bitstream_sha256 == theirs.results[0].bitstream_sha256
        assert ours.results[0].psnr_y == theirs.results[0].psnr_y
        assert agent.store.get(ours.id) is None, "an evaluation is not an experiment of the lab"
        assert agent.store.get(waits[0]) is not None
    assert [p.name for p in (folder / "eval").iterdir()] == []


def test_a_scratch_folder_is_safe_from_others_and_a_dead_one_is_removed(tmp_path):
    (tmp_path / "run-dead").mkdir()
    (tmp_path / "run-dead" / "decoded.yuv").write_bytes(b"x")
    with scratch(tmp_path) as first:
        (first / "file").write_text("x")
        assert not (tmp_path / "run-dead").exists()
        with scratch(tmp_path) as second:
            assert (first / "file").exists()
            assert second != first
        assert [p.name for p in tmp_path.iterdir()] == [first.name]
    assert list(tmp_path.iterdir()) == []


def test_an_agent_s_trim_leaves_an_evaluation_alone(tmp_path):
    settings = settings_for(tmp_path)
    with scratch(settings.root / "eval") as folder:
        assert not folder.is_relative_to(settings.cache)
