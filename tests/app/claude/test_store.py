"""What is kept: through a killed lab, in the list, in money, as a document."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from decimal import Decimal

import pytest

from app.claude.chat import Chat
from app.claude.state import TurnStatus
from app.claude.store import SCHEMA, Busy, ConversationStore, Unknown
from tests.stubs.messages_api import Reply

from .conftest import WAIT, assert_append_only, sent

LAB = """
    import sys, threading
    from app.claude.chat import Chat
    from app.claude.connection import Connection
    from app.claude.store import ConversationStore

    path, url, id = sys.argv[1:]
    chat = Chat(ConversationStore(path), checkpoint_seconds=0.01)
    save, stored = chat.store.save, threading.Event()

    def watched(turn_id, state):
        save(turn_id, state)
        if state.text == "abcd":
            print("stored", flush=True)

    chat.store.save = watched
    chat.ask(id, "go", Connection("k", url)).wait()
"""


def test_a_killed_lab_shows_what_had_arrived_as_interrupted(chat, say, stub, tmp_path):
    conversation = chat.store.create()
    stub.queue(Reply("abcdefgh", chunk=4, fault="stall", after=1))
    arguments = [str(tmp_path / "app.db"), stub.url, conversation.id]
    lab = subprocess.Popen([sys.executable, "-c", textwrap.dedent(LAB), *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert lab.stdout.readline() == "stored\n"
        assert chat.store.get(conversation.id).turns[0].state.status is TurnStatus.WRITING
        with pytest.raises(Busy):
            say(conversation, "in another process")
    finally:
        os.kill(lab.pid, signal.SIGKILL)
        lab.communicate()
    state = chat.store.get(conversation.id).turns[0].state
    assert (state.status, state.text) == (TurnStatus.INTERRUPTED, "abcd")
    assert "ask for the rest" in state.error
    assert say(conversation, "the rest").status is TurnStatus.DONE
    assert sent(stub)[1]["content"] == [{"type": "text", "text": "abcd"}]
    assert say(conversation, "more").status is TurnStatus.DONE
    assert_append_only(stub)


def test_the_list_is_newest_first_and_titles_come_from_the_first_prompt(chat, say):
    store = chat.store
    first, second, named = store.create(), store.create(), store.create("Wavelets")
    say(first, "A codec with " + "many " * 30 + "words\nand a second line")
    listed = store.list()
    assert [c.id for c in listed] == [first.id, named.id, second.id]
    assert listed[0].turns == 1
    assert listed[0].title.startswith("A codec with many")
    assert len(listed[0].title) <= 70
    say(named, "hello")
    store.rename(second.id, "Blocks")
    assert [c.title for c in store.list(limit=1)] == ["Wavelets"]
    assert [c.title for c in store.list(limit=1, offset=2)] == ["Blocks"]


def test_cost_is_the_sum_and_unknown_when_one_is(chat, say, stub):
    conversation = chat.store.create()
    states = [say(conversation, "one"), say(conversation, "two")]
    loaded = chat.store.get(conversation.id)
    assert loaded.cost == states[0].cost + states[1].cost > Decimal(0)
    assert loaded.usage == states[0].usage + states[1].usage
    say(conversation, "three", model="claude-next")
    assert chat.store.get(conversation.id).cost is None


def test_the_document_has_everything_that_was_said(chat, say, stub):
    conversation = chat.store.create("Blocks | and waves")
    stub.queue(Reply("First answer.", thinking="First\n\nthought."), Reply("Second ans", fault="eof", chunk=5, after=1))
    say(conversation, "What now?")
    failed = say(conversation, "Go on")
    text = chat.conversation(conversation.id).markdown()
    assert text.startswith("# Blocks | and waves\n")
    for part in ("## 1. You\n\nWhat now?", "> First\n>\n> thought.", "First answer.", "Secon", f"*{failed.error}*"):
        assert part in text
    assert "at least $" in text


def test_odd_characters_survive_or_are_replaced(chat, say, stub):
    conversation = chat.store.create()
    stub.queue(Reply("é🎬\u2028 ok"))
    state = say(conversation, "lone \ud800 surrogate \x00")
    assert state.status is TurnStatus.DONE, state.detail
    loaded = chat.store.get(conversation.id)
    assert loaded.turns[0].state == state
    assert "?" in loaded.turns[0].prompt
    assert say(conversation, "next").status is TurnStatus.DONE


def test_a_branch_goes_on_from_any_turn_without_thinking_and_free_of_charge(chat, say, stub):
    conversation = chat.store.create()
    for prompt in ("one", "two", "three"):
        say(conversation, prompt, about="an-experiment")
    chat.store.rename(conversation.id, "Waves")
    branch = chat.store.branch(conversation.id, 2)
    assert (branch.title, branch.branched_from, branch.branched_at) == ("Waves · from turn 2", conversation.id, 2)
    assert [(t.prompt, t.about, branch.copied(t)) for t in branch.turns] == [
        ("one", "an-experiment", True),
        ("two", "an-experiment", True),
    ]
    assert branch.cost == Decimal(0)
    original = chat.store.get(conversation.id)
    assert [t.state.text for t in branch.turns] == [t.state.text for t in original.turns[:2]]
    assert {b["type"] for m in branch.history() for b in m["content"]} == {"text"}
    assert "thinking" in {b["type"] for m in original.history() for b in m["content"]}  # the old one is as it was
    for prompt in ("another way", "and on"):
        state = say(branch, prompt)
        assert state.status is TurnStatus.DONE, state.detail
    assert [m["content"][0].get("text") for m in sent(stub) if m["role"] == "user"] == [
        "one",
        "two",
        "another way",
        "and on",
    ]
    later = chat.store.get(branch.id)
    assert [later.copied(t) for t in later.turns] == [True, True, False, False]
    assert later.cost > Decimal(0)
    assert [t.prompt for t in chat.store.get(conversation.id).turns] == ["one", "two", "three"]
    assert "Branched from conversation" in later.markdown()
    again = chat.store.branch(branch.id, 3)
    assert [again.copied(t) for t in again.turns] == [True] * 3


def test_a_branch_of_a_turn_that_runs_or_is_not_there_is_refused(chat, stub, connection):
    conversation = chat.store.create()
    with pytest.raises(Unknown):
        chat.store.branch(conversation.id, 1)
    with pytest.raises(Unknown):
        chat.store.branch("nonesuch", 1)
    stub.queue(Reply("ab", fault="stall", after=0))
    turn = chat.ask(conversation.id, "go", connection)
    try:
        with pytest.raises(Busy):
            chat.store.branch(conversation.id, 1)
    finally:
        turn.cancel()
        turn.wait()
    assert chat.store.branch(conversation.id, 1).turns[0].state.status is TurnStatus.STOPPED


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path, connection, stub):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA)
        db.execute("INSERT INTO conversations VALUES ('c1', 'Old', '2026', '2026', 'Be brief.')")
        state = '{"model":"claude-opus-5-5","effort":"high","status":"done","text":"Hi","content":[{"type":"text","text":"Hi"}]}'
        turn = ("t1", "c1", 1, "fresh", "hello", '[{"type":"text","text":"hello"}]', "2026", "1:1", state)
        db.execute("INSERT INTO conversation_turns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", turn)
        db.commit()
    for _ in range(2):  # once is enough, twice does no harm
        chat = Chat(ConversationStore(path))
    (turn,) = chat.store.get("c1").turns
    assert (turn.prompt, turn.about, turn.state.text) == ("hello", None, "Hi")
    assert chat.ask("c1", "more", connection).wait(WAIT)
    assert [t.state.status for t in chat.store.get("c1").turns] == [TurnStatus.DONE] * 2


def test_pictures_are_stored_and_sent_again_unchanged(chat, say, stub):
    conversation = chat.store.create()
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    content = [{"type": "text", "text": "look"}, {"type": "text", "text": "a frame:"}, picture]
    assert say(conversation, "look", content=content).status is TurnStatus.DONE
    assert say(conversation, "and now?").status is TurnStatus.DONE
    assert sent(stub)[0]["content"] == content
    assert_append_only(stub)
