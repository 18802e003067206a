"""What is kept: through a killed lab, in the list, in money, as a document."""

import os
import signal
import subprocess
import sys
import textwrap
from decimal import Decimal

import pytest

from app.claude.state import TurnStatus
from app.claude.store import Busy
from tests.stubs.messages_api import Reply

from .conftest import assert_append_only, sent

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
