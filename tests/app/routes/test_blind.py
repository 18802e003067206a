"""What a browser gets of a blind trial: the right picture, and nothing else that tells the two apart."""

from __future__ import annotations

from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from app.blind import BlindTests
from gpu_agent.store.blind import LocalBlind
from tests.app.routes.conftest import Handler
from tests.gpu_agent.blindtests import stimulus

BLACK, WHITE = (cv2.imencode(".png", np.full((8, 16, 3), level, np.uint8))[1].tobytes() for level in (0, 255))
NOISE = cv2.imencode(".png", np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8))[1].tobytes()
ONE, TWO = (
    stimulus("run-1", label=label, preview=f"run-1/{at}/preview.mp4", exact=f"run-1/{at}/frames/{{frame}}/decoded.png")
    for label, at in (("One", "carphone/r22"), ("Two", "car%2Bphone/r27"))
)


@pytest.fixture
def tests(tmp_path):
    return BlindTests(LocalBlind(tmp_path / "lab.db"))


@pytest.fixture
def videos(folder):
    """The two previews, of different lengths."""
    data = [b"\0\0\0\x10ftypisom" + bytes([level]) * length for level, length in ((1, 5000), (2, 70_000))]
    for point, body in zip((ONE, TWO), data):
        path = folder / unquote(point.preview)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return data


@pytest.fixture
def trial(tests):
    return tests.current(tests.begin("abx", "carphone", "0" * 64, 8, ONE, TWO), "tab")


@pytest.mark.parametrize("side", ["a", "b", "x"])
def test_a_letter_plays_its_point_and_all_have_one_length(client, trial, videos, side):
    wanted = videos[trial.point(side)]
    url = f"/blind/{trial.id}/{side}/preview.mp4"
    whole = client.get(url)
    assert whole.status_code == 200
    assert whole.content[: len(wanted)] == wanted
    box = whole.content[len(wanted) :]
    assert (int.from_bytes(box[:4], "big"), box[4:8], set(box[8:])) == (len(box), b"free", {0})
    assert len(whole.content) == 131_072 == int(whole.headers["content-length"])
    for first, last in ((0, 9), (3, len(wanted) + 3), (len(wanted) - 2, len(wanted) + 20), (131_000, 131_071)):
        part = client.get(url, headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/131072"
        assert part.content == whole.content[first : last + 1]
    assert client.get(url, headers={"Range": "bytes=131072-"}).status_code == 416


def test_no_header_and_no_address_says_which_it_is(client, trial, videos):
    answers = [client.get(f"/blind/{trial.id}/{side}/preview.mp4", headers={"Range": "bytes=0-1"}) for side in "abx"]
    heads = [{k: v for k, v in a.headers.items() if k != "date"} for a in answers]
    assert heads[0] == heads[1] == heads[2]
    assert not {"etag", "last-modified", "content-disposition"} & set(heads[0])
    assert not any(text in str(a.url) for a in answers for text in ("run-1", "r22", "r27"))


def test_exact_frames_have_one_length_whatever_is_in_them(client, agent, trial, monkeypatch):
    pictures = {"r22": BLACK, "r27": NOISE}

    def answer(self):
        self.note()
        self.answer(200, next(png for rate, png in pictures.items() if rate in self.path))

    monkeypatch.setattr(Handler, "do_GET", answer)
    frames = {side: client.get(f"/blind/{trial.id}/{side}/frames/3.png") for side in "abx"}
    assert len({len(f.content) for f in frames.values()}) == 1
    for side, frame in frames.items():
        assert frame.headers["content-type"] == "image/png"
        shown = cv2.imdecode(np.frombuffer(frame.content, np.uint8), 1)
        wanted = cv2.imdecode(np.frombuffer((BLACK, NOISE)[trial.point(side)], np.uint8), 1)
        assert np.array_equal(shown, wanted)
    asked = sorted(seen.path for seen in agent.seen)
    assert len(asked) == 6  # both, for each answer: neither comes later than the other
    assert {path.split("/")[4] for path in asked} == {"r22", "r27"}


def test_where_one_of_the_two_is_missing_neither_is_shown_and_no_name_is_told(client, agent, folder, trial):
    (folder / ONE.preview).write_bytes(b"x")
    for side in "abx":
        answer = client.get(f"/blind/{trial.id}/{side}/preview.mp4")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "not_shown")
        assert "r2" not in answer.text
    assert {(seen.method, seen.path) for seen in agent.seen} == {("HEAD", f"/artifacts/{TWO.preview}")}


def test_what_is_no_letter_of_a_trial_is_not_there(client, tests, trial, videos):
    preference = tests.current(tests.begin("preference", "carphone", "0" * 64, 8, ONE, TWO), "tab")
    for path in ("nobody/a/preview.mp4", f"{trial.id}/c/preview.mp4", f"{trial.id}/source/frames/0.png",
                 f"{preference.id}/x/preview.mp4", f"{preference.id}/x/frames/0.png"):  # fmt: skip
        assert client.get(f"/blind/{path}").status_code == 404
    assert client.get(f"/blind/{preference.id}/b/preview.mp4").status_code == 200
