"""What the autopilot is wished to be: an item that it reads before each step. Nobody tells the autopilot itself."""

from __future__ import annotations

from aws import Item

from .items import get, now, put

PK, SK = "CONTROL", "AUTOPILOT"


def pause() -> Item:
    return wish("paused")


def resume() -> Item:
    return wish("running")


def wish(state: str) -> Item:
    put({"pk": PK, "sk": SK, "wish": state, "at": now()})
    return {"autopilot": state}


def wished() -> str:
    """Running, where nobody ever wished for anything."""
    return (get(PK, SK) or {}).get("wish", "running")
