"""Conversations in SQLite: written as they happen, so that a lab that is killed shows what had arrived.

One file may be shared by several processes (the pages, a service): a turn that runs names the process that owns it,
and a turn whose owner is gone is read as interrupted. Nothing is ever deleted or rewritten but a running turn.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from gpu_agent.models import new_id, now

from .conversation import Conversation, Turn
from .models import Usage
from .prompt import system_prompt
from .state import TurnState, TurnStatus, sendable

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, system TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversations_by_time ON conversations (updated_at);
CREATE TABLE IF NOT EXISTS conversation_turns (
    id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations (id), number INTEGER NOT NULL,
    kind TEXT NOT NULL, prompt TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL, owner TEXT NOT NULL,
    state TEXT NOT NULL, UNIQUE (conversation_id, number)
);
"""
ADDED = (
    ("conversations", "branched_from", "TEXT"),
    ("conversations", "branched_at", "INTEGER"),
    ("conversation_turns", "about", "TEXT"),
)
"""Columns that files of earlier versions lack."""
THINKING = ("thinking", "redacted_thinking")
UNTITLED = "New conversation"
INTERRUPTED = "The lab stopped in the middle of this reply; what had arrived is kept, so ask for the rest."
STATE = TypeAdapter(TurnState)


CONVERSATION = "id, title, created_at, updated_at, system"
TURN = "id, conversation_id, number, kind, prompt, content, created_at, owner, state, about"


class Busy(Exception):
    """Claude is still answering in this conversation."""


class Unknown(KeyError):
    """No such conversation."""


class Listed(NamedTuple):
    """A conversation in a list, without its turns."""

    id: str
    title: str
    created_at: str
    updated_at: str
    turns: int


def this_process() -> str:
    """Names this process so that no later one has the same name: its number and its start on the kernel's clock."""
    return f"{os.getpid()}:{started(os.getpid())}"


def started(pid: int) -> str:
    try:
        # Field 22 of /proc/PID/stat (proc(5)); the command's name before it may contain spaces and brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def alive(owner: str) -> bool:
    pid, _, start = owner.partition(":")
    if start:
        return started(int(pid)) == start
    try:  # a system without /proc: the number alone has to do
        os.kill(int(pid), 0)
    except (OSError, ValueError):
        return False
    return True


class ConversationStore:
    """All conversations of a lab, in the SQLite file at `path`. Safe to use from any thread."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.owner = this_process()
        with self._connect() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            add_columns(db)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """A transaction of its own; connections are cheap and must not cross threads."""
        db = sqlite3.connect(self.path, timeout=15, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            yield db
        finally:
            db.close()

    def create(self, title: str = UNTITLED, system: str | None = None) -> Conversation:
        at = now()
        made = Conversation(new_id(), clip(title) or UNTITLED, at, at, system_prompt() if system is None else system)
        with self._connect() as db:
            row = (made.id, made.title, made.created_at, made.updated_at, made.system)
            db.execute(f"INSERT INTO conversations ({CONVERSATION}) VALUES (?, ?, ?, ?, ?)", row)
        return made

    def branch(self, id: str, number: int) -> Conversation:
        """A new conversation with the turns of this one up to `number`, without Claude's thinking, which is bound to the
        old one. Nothing is charged again: copied turns have no tokens. Busy while one of them still runs."""
        from_ = self.get(id)
        turns = [turn for turn in from_.turns if turn.number <= number]
        if not turns:
            raise Unknown(f"The conversation {id} has no turn {number}.")
        if any(turn.state.status.active for turn in turns):
            raise Busy("Claude is still answering in this conversation; wait for the end or stop it first.")
        at, made, end = now(), new_id(), turns[-1].number
        head = (made, clip(f"{from_.title} · from turn {end}"), at, at, system_prompt(), id, end)
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")
            columns = f"{CONVERSATION}, branched_from, branched_at"
            db.execute(f"INSERT INTO conversations ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", head)
            for turn in turns:
                self._insert(db, replace(turn, id=new_id(), conversation_id=made, state=copied(turn.state)))
            db.execute("COMMIT")
        return self.get(made)

    def _insert(self, db: sqlite3.Connection, turn: Turn) -> None:
        row = (turn.id, turn.conversation_id, turn.number, turn.kind, turn.prompt, json.dumps(list(turn.content)))
        row += (turn.created_at, self.owner, dump(turn.state), turn.about)
        db.execute(f"INSERT INTO conversation_turns ({TURN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def get(self, id: str) -> Conversation:
        """With all turns. Unknown if there is none."""
        with self._connect() as db:
            row = db.execute("SELECT * FROM conversations WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise Unknown(f"There is no conversation {id}.")
            query = "SELECT * FROM conversation_turns WHERE conversation_id = ? ORDER BY number"
            turns = tuple(map(read_turn, db.execute(query, (id,))))
        return Conversation(**dict(row), turns=turns)

    def list(self, limit: int = 50, offset: int = 0) -> list[Listed]:
        """The most recently used first."""
        query = """SELECT id, title, created_at, updated_at,
            (SELECT count(*) FROM conversation_turns WHERE conversation_id = conversations.id)
            FROM conversations ORDER BY updated_at DESC, id DESC LIMIT ? OFFSET ?"""
        with self._connect() as db:
            return [Listed(*row) for row in db.execute(query, (limit, offset))]

    def rename(self, id: str, title: str) -> None:
        with self._connect() as db:
            db.execute("UPDATE conversations SET title = ? WHERE id = ?", (clip(title) or UNTITLED, id))

    def begin(
        self,
        id: str,
        prompt: str,
        content: Sequence[dict[str, Any]],
        state: TurnState,
        kind: str = "fresh",
        about: str | None = None,
    ) -> Turn:
        """Append a turn that is about to run. Busy while the last one still runs in a living process.

        A turn that this very process left unfinished is taken as interrupted: the caller knows what it runs.
        """
        at, turn_id, prompt = now(), new_id(), sendable(prompt)
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")
            if db.execute("SELECT 1 FROM conversations WHERE id = ?", (id,)).fetchone() is None:
                raise Unknown(f"There is no conversation {id}.")
            query = "SELECT * FROM conversation_turns WHERE conversation_id = ? ORDER BY number DESC LIMIT 1"
            last = db.execute(query, (id,)).fetchone()
            if last is not None and STATE.validate_json(last["state"]).status.active:
                if last["owner"] != self.owner and alive(last["owner"]):
                    raise Busy("Claude is still answering in this conversation; wait for the end or stop it first.")
                left = interrupted(STATE.validate_json(last["state"]))
                db.execute("UPDATE conversation_turns SET state = ? WHERE id = ?", (dump(left), last["id"]))
            number = last["number"] + 1 if last is not None else 1
            if number == 1:
                retitle = "UPDATE conversations SET title = ? WHERE id = ? AND title = ?"
                db.execute(retitle, (clip(prompt) or UNTITLED, id, UNTITLED))
            turn = Turn(turn_id, id, number, kind, prompt, tuple(content), at, state, about)
            self._insert(db, turn)
            db.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", (at, id))
            db.execute("COMMIT")
        return turn

    def save(self, turn_id: str, state: TurnState) -> None:
        """Write what has arrived so far, or the end. A turn that ended before is not changed."""
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")
            row = db.execute("SELECT state FROM conversation_turns WHERE id = ?", (turn_id,)).fetchone()
            if row is not None and STATE.validate_json(row["state"]).status.active:
                db.execute("UPDATE conversation_turns SET state = ? WHERE id = ?", (dump(state), turn_id))
            db.execute("COMMIT")


def read_turn(row: sqlite3.Row) -> Turn:
    facts = dict(row)
    state, owner = STATE.validate_json(facts.pop("state")), facts.pop("owner")
    if state.status.active and not alive(owner):
        state = interrupted(state)
    return Turn(**{**facts, "content": tuple(json.loads(facts["content"])), "state": state})


def add_columns(db: sqlite3.Connection) -> None:
    """Bring the tables of an earlier version up to date; two processes may do so at once."""
    db.execute("BEGIN IMMEDIATE")
    for table, name, kind in ADDED:
        if name not in {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    db.execute("COMMIT")


def copied(state: TurnState) -> TurnState:
    """As a branch has it: what was said, without the thinking and without its price."""
    content = state.content and tuple(block for block in state.content if block.get("type") not in THINKING)
    free = {"usage": Usage(), "usage_final": True, "cost": Decimal(0)}
    return replace(state, thinking="", content=content, **free)


def interrupted(state: TurnState) -> TurnState:
    return replace(state, status=TurnStatus.INTERRUPTED, error=INTERRUPTED, notice=None, retry_in=None)


def dump(state: TurnState) -> str:
    return STATE.dump_json(state).decode()


def clip(title: str, limit: int = 70) -> str:
    """The first line, short enough for a list."""
    line = sendable(title).strip().partition("\n")[0].strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
