"""Artifacts: whole files and ranges, what becomes a download, paths that lead out, and the agent's answers passed on."""

import socket

import pytest

from app.routes.artifacts import is_plain
from tests.app.routes.conftest import BODY

PREVIEW = "/artifacts/run-1/carphone/r22/preview.mp4"


def test_a_local_file_is_served_without_asking_the_agent(client, agent):
    answer = client.get(PREVIEW)
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in answer.headers
    assert agent.seen == []


@pytest.mark.parametrize(
    ("asked", "expected", "span"),
    [
        ("bytes=0-9", BODY[:10], "0-9"),
        ("bytes=1000-", BODY[1000:], "1000-1023"),
        ("bytes=-4", BODY[-4:], "1020-1023"),
        ("bytes=1020-9999", BODY[1020:], "1020-1023"),
    ],
)
def test_a_range_is_a_part_that_says_which(client, asked, expected, span):
    answer = client.get(PREVIEW, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["content-range"] == f"bytes {span}/{len(BODY)}"
    assert answer.headers["content-length"] == str(len(expected))


def test_a_range_past_the_end_is_refused(client):
    answer = client.get(PREVIEW, headers={"Range": "bytes=5000-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(BODY)}"


def test_a_browser_that_has_the_file_is_told_so(client):
    first = client.get(PREVIEW).headers
    for known in ({"If-None-Match": first["etag"]}, {"If-Modified-Since": first["last-modified"]}):
        again = client.get(PREVIEW, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first["etag"]
    assert client.get(PREVIEW, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_says_the_size_and_sends_nothing(client):
    answer = client.head(PREVIEW)
    assert (answer.headers["content-length"], answer.content) == (str(len(BODY)), b"")


@pytest.mark.parametrize("name", ["carphone/r22/bitstream.clb", "code.py", "carphone/r22/page.html"])
def test_bitstreams_code_and_unknown_files_are_downloads(client, name):
    answer = client.get(f"/artifacts/run-1/{name}")
    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{name.rpartition('/')[2]}"
    assert "html" not in answer.headers["content-type"]
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_anything_can_be_asked_for_as_a_download(client):
    assert client.get(f"{PREVIEW}?download").headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path",
    ["run-1/../../secret", "run-1/%2e%2e/%2e%2e/secret", "run-1/..%5c..%5csecret", "run-1//etc/passwd", "run-1/.new"],
)
def test_paths_that_lead_out_are_refused_and_never_reach_the_agent(client, agent, path):
    answer = client.get(f"/artifacts/{path}")
    assert answer.status_code in (400, 404)
    assert b"secret" not in answer.content
    assert agent.seen == []


@pytest.mark.parametrize("path", ["a", "", "a/", "/a/b", "a//b", "a/../b", "a/.b", "a/b\\c", "a/b\nc", "a/b\0"])
def test_only_plain_names_are_paths(path):
    assert not is_plain(path)
    assert is_plain("run-1/my clip é/r22/frames.json")


def test_a_link_out_of_the_folder_is_not_followed(client, agent, folder):
    (folder / "run-1" / "absent").symlink_to(folder.parent / "secret")
    assert client.get("/artifacts/run-1/absent").status_code == 404
    assert agent.seen[0].path == "/artifacts/run-1/absent"


def test_what_is_not_here_comes_from_the_agent_with_the_token(client, agent):
    answer = client.get("/artifacts/run-2/my%20clip/r22/preview.mp4", headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, BODY[4:8])
    assert answer.headers["content-range"] == f"bytes 4-7/{len(BODY)}"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["etag"] == '"of-the-agent"'
    assert "set-cookie" not in answer.headers
    asked = agent.seen[0]
    assert asked.path == "/artifacts/run-2/my%20clip/r22/preview.mp4"
    assert (asked.headers["authorization"], asked.headers["range"]) == ("Bearer hush", "bytes=4-7")
    assert asked.headers["accept-encoding"] == "identity"


def test_the_browsers_cookies_and_the_lab_s_own_parameters_stay_here(client, agent):
    path = "/artifacts/run-2/clip/r22/frames/3/difference.png"
    answer = client.get(f"{path}?gain=16&download", headers={"Cookie": "private=1"})
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''difference.png"
    assert agent.seen[0].path == f"{path}?gain=16"
    assert "cookie" not in agent.seen[0].headers


def test_head_goes_to_the_agent_as_head(client, agent):
    answer = client.head("/artifacts/run-2/x.mp4")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(len(BODY)), b"")
    assert agent.seen[0].method == "HEAD"


def test_the_agents_refusal_is_passed_on_and_not_kept(client):
    answer = client.get("/artifacts/absent/x.mp4")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is no such artifact."
    assert "content-disposition" not in answer.headers
    assert "max-age" not in answer.headers.get("cache-control", "")


def test_no_folder_means_all_from_the_agent(serve, agent):
    with serve(None, agent.url) as client:
        assert client.get(PREVIEW).content == BODY
    assert len(agent.seen) == 1


def test_an_agent_that_is_down_is_said_in_a_sentence(serve, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with serve(folder, url) as client:
            answer = client.get("/artifacts/run-2/x.mp4")
            assert client.get(PREVIEW).status_code == 200
    assert answer.status_code == 502
    assert f"The agent at {url} does not answer." in answer.json()["error"]["message"]
    assert "hush" not in answer.text
