"""Artifacts of the store: a video by a signed address of S3, the rest through the lab, what is not there from the agent."""

import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from gpu_agent.store.folder import FolderArtifacts
from gpu_agent.store.open import open_artifacts
from tests.app.routes.conftest import BODY

BASE = "261122-x/carphone/r22"
VIDEO = f"/artifacts/{BASE}/preview.mp4"


@pytest.fixture
def store(aws_settings):
    return open_artifacts(aws_settings)


@pytest.fixture
def stored(serve, agent, store):
    store.put_bytes(f"{BASE}/preview.mp4", BODY, droppable=True)
    store.put_bytes(f"{BASE}/bitstream.clb", b"bits")
    store.put_bytes(f"{BASE}/frames.json", b"[1, 2, 3]")
    with serve(None, agent.url, store=store) as client:
        yield client


def test_a_video_is_played_from_the_bucket_by_ranges(stored, agent, aws_settings):
    answer = stored.get(VIDEO, headers={"Range": "bytes=0-9"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
    url = urlsplit(answer.headers["location"])
    assert url.path == f"/{aws_settings.videos_bucket}/media/{BASE}/preview.mp4"
    assert int(parse_qs(url.query)["X-Amz-Expires"][0]) <= 3600
    request = urllib.request.Request(answer.headers["location"], headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(request) as part:
        assert (part.status, part.read(), part.headers["Content-Type"]) == (206, BODY[10:20], "video/mp4")
    assert agent.seen == []


def test_each_time_it_is_signed_anew_and_without_the_signature_nothing_is_given(stored):
    answer = stored.get(VIDEO, follow_redirects=False)
    assert "X-Amz-Signature" in answer.headers["location"]
    assert "testing" not in urlsplit(answer.headers["location"]).query.replace("testing%2F", "")


def test_a_video_to_keep_and_head_go_through_the_lab(stored, agent):
    saved = stored.get(f"{VIDEO}?download", follow_redirects=False)
    assert (saved.status_code, saved.content) == (200, BODY)
    assert saved.headers["content-disposition"].startswith("attachment")
    assert stored.head(VIDEO, follow_redirects=False).headers["content-length"] == str(len(BODY))
    assert agent.seen == []


def test_the_rest_comes_through_the_lab_with_ranges(stored, agent):
    answer = stored.get(f"/artifacts/{BASE}/frames.json", headers={"Range": "bytes=1-3"}, follow_redirects=False)
    assert (answer.status_code, answer.content) == (206, b"1, ")
    assert answer.headers["content-type"] == "application/json"
    bits = stored.get(f"/artifacts/{BASE}/bitstream.clb", follow_redirects=False)
    assert (bits.content, bits.headers["content-disposition"][:10]) == (b"bits", "attachment")
    assert agent.seen == []


def test_what_s3_has_dropped_is_made_again_by_the_agent(stored, agent):
    answer = stored.get(f"/artifacts/{BASE}/../r23/preview.mp4".replace("r22/../", ""), headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, BODY[4:8])
    assert [seen.path for seen in agent.seen] == ["/artifacts/261122-x/carphone/r23/preview.mp4"]


def test_exact_frames_are_not_looked_for_in_the_bucket(serve, agent):
    class Never:
        def url(self, key):
            raise AssertionError(key)

        local = url

    with serve(None, agent.url, store=Never()) as client:
        assert client.get(f"/artifacts/{BASE}/frames/3/decoded.png").status_code == 200
    assert len(agent.seen) == 1


def test_a_bucket_that_does_not_answer_leaves_the_agent(serve, agent, aws_settings, caplog):
    gone = open_artifacts(aws_settings.model_copy(update={"videos_bucket": "no-b", "decoders_bucket": "no-a"}))
    with serve(None, agent.url, store=gone) as client:
        assert client.get(VIDEO).content == BODY
    assert "is not there" in caplog.text
    assert len(agent.seen) == 1


def test_a_name_that_is_no_key_is_asked_from_the_agent(serve, agent, store):
    with serve(None, agent.url, store=store) as client:
        assert client.get("/artifacts/261122-x/my%20clip/r22/frames.json").status_code == 200
    assert agent.seen[0].path == "/artifacts/261122-x/my%20clip/r22/frames.json"


def test_at_home_a_cached_preview_is_served_without_the_agent(serve, agent, tmp_path):
    store = FolderArtifacts(tmp_path / "artifacts", tmp_path / "cache")
    store.put_bytes(f"{BASE}/preview.mp4", BODY, droppable=True)
    with serve(tmp_path / "artifacts", agent.url, store=store) as client:
        answer = client.get(VIDEO, headers={"Range": "bytes=4-7"}, follow_redirects=False)
    assert (answer.status_code, answer.content) == (206, BODY[4:8])
    assert agent.seen == []
