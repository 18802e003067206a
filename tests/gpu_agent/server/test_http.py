"""What clients do to a server, byte by byte: each is answered with a sentence or dropped, and the agent stays well."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_agent.server import app, handler
from tests.gpu_agent.live import Wire, ask, comes

CALLS = [
    ("GET", "/clips"),
    ("POST", "/clips?name=x.y4m"),
    ("GET", "/experiments"),
    ("POST", "/experiments"),
    ("GET", "/experiments/some-id"),
    ("GET", "/experiments/some-id/events"),
    ("POST", "/experiments/some-id/cancel"),
    ("POST", "/experiments/some-id/rerun"),
    ("GET", "/artifacts/some-id/code.py"),
    ("HEAD", "/artifacts/some-id/code.py"),
    ("GET", "/nothing/here"),
    ("DELETE", "/experiments"),
]


@pytest.fixture(autouse=True)
def well_afterwards(idle):
    yield
    assert ask(idle, "GET", "/health", token=False).status == 200


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ", "Basic eA==", "Bearer \u00e9"])
def test_without_the_token_nothing_is_answered(idle, method, path, given):
    with Wire(idle) as wire:
        answer = wire.ask(method, path, b"{}" if method == "POST" else b"", token=False, Authorization=given)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert method == "HEAD" or answer.error == "unauthorized"
        assert wire.ask("GET", "/health").status == 200, "the connection is kept after an error"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", "GET"),
        ("PUT", "/experiments", "GET, POST"),
        ("DELETE", "/experiments/some-id", "GET"),
        ("GET", "/experiments/some-id/cancel", "POST"),
        ("PATCH", "/clips", "GET, POST"),
        ("OPTIONS", "/experiments/some-id/rerun", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(idle, method, path, allowed):
    answer = ask(idle, method, path)
    assert (answer.status, answer.error, answer.headers["allow"]) == (405, "method_not_allowed", allowed)


@pytest.mark.parametrize(
    "path",
    ["/", "/experiments/", "/experiments//events", "/experiments/a/b/c", "/experiments/..%2fclips", "/Health",
     "/experiments/%00", "/experiments/" + "x" * 65, "/artifacts/x", "/artifacts/x/", "/artifacts/x/" + "y" * 401],
)  # fmt: skip
def test_an_unknown_path_is_not_found(idle, path):
    answer = ask(idle, "GET", path)
    assert (answer.status, answer.error) == (404, "not_found")


@pytest.mark.parametrize("path", ["http://[/health", "/experiments?" + "&".join(f"a{i}=1" for i in range(40))])
def test_an_address_that_is_none_is_a_bad_request(idle, path):
    answer = ask(idle, "GET", path)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"\xff\xfe", b"[" * 100_000, b"nul", b"{}{}"])
def test_a_body_that_is_no_json_object(idle, body):
    with Wire(idle) as wire:
        answer = wire.ask("POST", "/experiments", body)
        assert (answer.status, answer.error) == (400, "invalid_json")
        assert wire.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": 5}, "code"),
        ({"code": "x" * 1_000_001}, "code"),
        ({"code": "\ud800"}, "code"),
        ({"rates": []}, "rates"),
        ({"rates": list(range(17))}, "rates"),
        ({"rates": [float("nan")]}, "rates"),
        ({"rates": [float("inf")]}, "rates"),
        ({"rates": [10**400]}, "rates"),
        ({"clips": []}, "clips"),
        ({"id": "../x"}, "id"),
        ({"id": "short"}, "id"),
        ({"frames": 0}, "frames"),
        ({"limits": {"memory_mb": 1}}, "limits.memory_mb"),
        ({"limits": {"cpu_seconds": float("inf")}}, "limits.cpu_seconds"),
        ({"limits": {"wall_seconds": float("nan")}}, "limits.wall_seconds"),
        ({"title": "x" * 201}, "title"),
        ({"origin": {"kind": "nobody"}}, "origin.kind"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_field_is_named(idle, change, field):
    before = idle.store.queue_depth()
    body = {"code": "def encode(v, r): yield b''", "clips": ["tiny"]} | change
    answer = ask(idle, "POST", "/experiments", json.dumps(body).encode())
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert answer.json["error"]["message"].startswith(field)
    assert idle.store.queue_depth() == before


def test_too_large_a_body_is_refused_unread_and_the_answer_arrives(idle):
    with Wire(idle) as wire:
        answer = wire.ask("POST", "/experiments", b" " * (handler.MAX_JSON + 1))
        assert (answer.status, answer.error) == (413, "too_large")
        assert answer.headers["connection"] == "close"
        assert wire.closed


@pytest.mark.parametrize("length", [None, "-1", "1e3", "0x10", "1_0", "+5", "five", "9" * 5000])
def test_a_body_needs_a_length(idle, length):
    with Wire(idle) as wire:
        lines = f"Content-Length: {length}\r\n" if length else "Transfer-Encoding: chunked\r\n"
        head = f"POST /experiments HTTP/1.1\r\nAuthorization: Bearer {idle.token}\r\n{lines}\r\n"
        wire.socket.sendall(head.encode() + b"5\r\nhello\r\n0\r\n\r\n")
        answer = wire.answer()
        assert (answer.status, answer.error) == (411, "length_required")
        assert wire.closed, "what follows is not taken for a request"


def test_two_lengths_are_none(idle):
    with Wire(idle) as wire:
        head = f"POST /experiments HTTP/1.1\r\nAuthorization: Bearer {idle.token}\r\n"
        wire.socket.sendall(head.encode() + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}")
        assert wire.answer().error == "length_required"
        assert wire.closed


def test_a_body_that_breaks_off_is_told_so(idle):
    with Wire(idle) as wire:
        wire.send("POST", "/experiments", b'{"code": ', Content_Length="500")
        wire.socket.shutdown(1)
        answer = wire.answer()
        assert (answer.status, answer.error) == (400, "incomplete")
        assert "9 of 500" in answer.json["error"]["message"]


def test_a_length_that_is_too_short_ends_the_connection_after_an_error(idle):
    with Wire(idle) as wire:
        wire.send("POST", "/experiments", b'{"code": "x"} GET /health HTTP/1.1\r\n\r\n', Content_Length="5")
        assert wire.answer().error == "invalid_json"
        assert wire.answer().status == 400, "the rest is no request"
        assert wire.closed


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /health HTTP/9.9\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
        (b"one two three four five\r\n\r\n", 400),
        (b"BREW /health HTTP/1.1\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_refused_in_the_api_s_own_form(idle, sent, status):
    with Wire(idle) as wire:
        wire.socket.sendall(sent)
        answer = wire.answer()
        assert answer.status == status
        assert answer.json["error"]["code"]
        assert answer.headers["content-type"] == "application/json"
        assert wire.closed


@pytest.fixture
def impatient(monkeypatch):
    """Not so much that a busy machine cannot send in time what is to be answered."""
    monkeypatch.setattr(handler.Handler, "timeout", 2.0)
    monkeypatch.setattr(handler.Handler, "drain_seconds", 1.0)


def drip(wire: Wire, sent: bytes) -> None:
    """A byte at a time, each much sooner than the agent's patience ends, until it does end."""
    done = threading.Event()
    for byte in sent:
        try:
            wire.socket.sendall(bytes([byte]))
        except ConnectionError:
            return
        done.wait(0.15)


def test_silence_ends_the_connection(idle, impatient):
    with Wire(idle) as wire:
        assert wire.closed
    with Wire(idle) as wire:
        assert wire.ask("GET", "/health").status == 200
        assert wire.closed


def test_a_head_that_comes_in_drips_is_not_waited_for(idle, impatient):
    with Wire(idle) as wire:
        drip(wire, b"GET /health HTTP/1.1\r\nX-Slow: " + b"x" * 20)
        assert wire.closed


def test_a_body_nobody_wants_is_not_waited_for(idle, impatient):
    with Wire(idle) as wire:
        wire.send("POST", "/experiments", b"x", token=False, Content_Length="60000")
        assert wire.answer().error == "unauthorized"
        assert wire.closed


def test_a_body_that_does_not_come_is_told_so(idle, impatient):
    with Wire(idle) as wire:
        wire.send("POST", "/experiments", b'{"code"', Content_Length="400")
        answer = wire.answer()
        assert (answer.status, answer.error) == (408, "too_slow")
        assert wire.closed


def test_a_body_that_is_wanted_may_be_slow_as_long_as_it_goes_on(idle, impatient):
    with Wire(idle) as wire:
        wire.send("POST", "/experiments/no-such-id/rerun", b"", Content_Length="20")
        drip(wire, b'{"id": "abcdef-123"}')
        assert wire.answer().status == 404


def test_two_hundred_at_once_are_all_answered(idle):
    wires = []
    try:
        for _ in range(200):
            wires.append(Wire(idle))
            wires[-1].send("GET", "/experiments?limit=1")
        with ThreadPoolExecutor(40) as pool:
            statuses = list(pool.map(lambda wire: wire.answer().status, wires))
        assert statuses == [200] * 200
    finally:
        for wire in wires:
            wire.__exit__()


def test_long_polls_and_silent_clients_leave_room_for_others(idle, monkeypatch):
    assert comes(lambda: not idle.server._open), "those of the tests before have ended"
    monkeypatch.setattr(app, "MAX_CONNECTIONS", 16)
    kept = [Wire(idle) for _ in range(8)]
    try:
        for wire in kept:
            assert "connection" not in wire.ask("GET", "/health").headers
        kept.append(Wire(idle))
        assert kept[-1].ask("GET", "/health").headers["connection"] == "close"
        assert kept[-1].closed
    finally:
        for wire in kept:
            wire.__exit__()


SLOWLY = b"GET /health HTTP/1.1\r\nX-Slow: " + b"x" * 10_000
UNWANTED = b"POST /experiments HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + b"x" * 10_000


@pytest.mark.parametrize(("said", "at_once"), [(SLOWLY, 0), (UNWANTED, UNWANTED.index(b"\r\n\r\n") + 4)])
def test_slow_clients_without_the_token_keep_nobody_out(idle, said, at_once):
    """More than there are slots; each sends a byte now and then, and comes again when it was dropped."""
    done, full = threading.Event(), threading.Event()

    def attack() -> None:
        clients: list = []
        while not done.is_set():
            while len(clients) < 140:
                wire = Wire(idle)
                wire.socket.sendall(said[:at_once])
                clients.append((wire, iter(said[at_once:])))
            full.set()
            done.wait(0.05)
            for client in clients[:]:
                try:
                    client[0].socket.sendall(bytes([next(client[1])]))
                except OSError:
                    client[0].__exit__()
                    clients.remove(client)
        for wire, _ in clients:
            wire.__exit__()

    attacker = threading.Thread(target=attack)
    attacker.start()
    try:
        assert full.wait(30)
        for _ in range(3):
            assert ask(idle, "GET", "/health", token=False).status == 200
            assert ask(idle, "GET", "/experiments?limit=1").status == 200
    finally:
        done.set()
        attacker.join()


def test_without_the_token_a_head_has_seconds_and_with_it_a_connection_is_kept(idle, monkeypatch):
    monkeypatch.setattr(handler.Handler, "head_seconds", 1.0)
    with Wire(idle) as known, Wire(idle) as unknown:
        assert known.ask("GET", "/health").status == 200
        drip(unknown, b"GET /health HTTP/1.1\r\nX-Slow: " + b"x" * 20)
        assert unknown.closed
        assert known.ask("GET", "/health").status == 200


def test_the_answer_to_head_has_the_length_and_no_body(idle):
    with Wire(idle) as wire:
        got, head = wire.ask("GET", "/health"), wire.ask("HEAD", "/health")
        assert (head.status, head.headers["content-type"]) == (200, got.headers["content-type"])
        assert int(head.headers["content-length"]) == len(got.body)
        assert wire.ask("GET", "/health").status == 200


def test_a_failure_of_the_agent_is_a_sentence_and_tells_no_more(idle, monkeypatch):
    monkeypatch.setattr(idle.store, "page", lambda query: 1 / 0)
    answer = ask(idle, "GET", "/experiments")
    assert (answer.status, answer.error) == (500, "internal")
    assert b"ZeroDivision" not in answer.body


def test_a_full_disk_is_a_sentence(idle, monkeypatch):
    def full(query):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(idle.store, "page", full)
    answer = ask(idle, "GET", "/experiments")
    assert (answer.status, answer.error) == (507, "disk_full")
