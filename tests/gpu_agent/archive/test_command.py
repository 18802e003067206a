"""`export`, `import` and `eval --verify`: a real run through the agent and the jail, moved to another lab and confirmed."""

from __future__ import annotations

import logging

import pytest

from gpu_agent.__main__ import main
from gpu_agent.archive import open_archive
from gpu_agent.jail import Jail
from gpu_agent.models import Status
from gpu_agent.store.open import open_artifacts, open_experiments
from tests.gpu_agent.live import client_of, finished, live_agent, run, settings_for, start, tiny_clip, upload

from .conftest import Home, put

UNSTEADY = '''"""Another bitstream each time."""
import os
RATES = (4,)


def encode(video, rate):
    for frame in video:
        yield os.urandom(8) + frame.y.tobytes() + frame.u.tobytes() + frame.v.tobytes()


def decode(packets, info):
    import numpy as np
    from codec_kit import Frame
    w, h = info.width, info.height
    for packet in packets:
        p = np.frombuffer(packet, np.uint8)[8:]
        c = w * h // 4
        yield Frame(p[: w * h].reshape(h, w), p[w * h : w * h + c].reshape(h // 2, w // 2), p[w * h + c :].reshape(h // 2, w // 2))
'''


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Points the commands at a data folder; the work folder is where the person stands."""
    monkeypatch.setenv("CODEC_LAB_DISK_FLOOR_GB", "0")
    monkeypatch.setenv("CODEC_LAB_VMAF", "off")
    monkeypatch.setattr(Jail, "normalise_page_cache", lambda self: None)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def at(folder):
        monkeypatch.setenv("CODEC_LAB_DATA", str(folder))

    return at


@pytest.mark.jail
def test_a_run_moves_to_another_lab_and_every_hash_is_confirmed(lab, tmp_path, capsys):
    clip = tiny_clip(tmp_path)
    with live_agent(tmp_path / "one") as agent:
        client = client_of(agent)
        upload(client, clip)
        steady = run(client)
        unsteady = finished(client, start(client, UNSTEADY).id)
    assert (steady.status, unsteady.status) == (Status.SUCCEEDED, Status.SUCCEEDED), unsteady.error
    lab(tmp_path / "one")
    assert main(["export", steady.id]) == 0
    assert main(["export", unsteady.id, "-o", "other.zip"]) == 0
    lab(tmp_path / "two")
    assert main(["import", f"{steady.id}.zip", "other.zip"]) == 0
    assert main(["import", f"{steady.id}.zip"]) == 0
    assert "was here already" in capsys.readouterr().out
    settings = settings_for(tmp_path / "two")
    moved = open_experiments(settings).get(steady.id)
    assert moved.results == steady.results
    path = moved.results[0].artifacts["bitstream"]
    assert open_artifacts(settings).local(f"{moved.id}/{path}").is_file()

    assert main(["eval", "--verify", f"{steady.id}.zip", "--clip", str(clip)]) == 0
    said = capsys.readouterr().out
    assert "bitstream same, decoded frames same" in said
    assert main(["eval", "--verify", "other.zip", "--clip", str(clip)]) == 1
    assert "bitstream DIFFERENT, decoded frames same" in capsys.readouterr().out
    assert main(["eval", "--verify", f"{steady.id}.zip"]) == 1, "without the clip nothing can be encoded again"
    assert "bitstream not tried, decoded frames same" in capsys.readouterr().out
    with open_archive(tmp_path / "work" / "other.zip") as archive:
        assert archive.record.id == unsteady.id


def test_wrong_words_are_told_and_change_nothing(lab, tmp_path, capsys):
    lab(tmp_path / "data")
    (tmp_path / "work" / "no.zip").write_bytes(b"nothing")
    assert main(["export", "no-such-id"]) == 1
    assert main(["import", "no.zip", "gone.zip"]) == 1
    assert main(["eval", "--verify", "no.zip"]) == 2
    assert main(["eval", "--verify", "no.zip", "codec.py"]) == 2
    assert main(["eval", "--verify", "no.zip", "--rate", "3"]) == 2
    assert main(["eval"]) == 2
    said = capsys.readouterr().err
    assert "There is no experiment 'no-such-id'" in said
    assert "no.zip: no.zip cannot be opened: it is no zip file." in said
    assert "--rate does not go with --verify" in said
    assert "Traceback" not in said
    assert list((tmp_path / "work").iterdir()) == [tmp_path / "work" / "no.zip"]


def test_one_bad_file_does_not_keep_the_others_out(lab, tmp_path, capsys):
    home = Home(tmp_path / "here")
    record = put(home)
    (tmp_path / "work" / "good.zip").write_bytes(home.archive(record))
    (tmp_path / "work" / "bad.zip").write_bytes(b"no")
    lab(tmp_path / "data")
    assert main(["import", "bad.zip", "good.zip"]) == 1
    assert f"good.zip: {record.id} restored" in capsys.readouterr().out
