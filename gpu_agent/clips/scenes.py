"""Scenes rendered from photographs."""

from __future__ import annotations

SCENES: dict = {}


class SceneReader: ...


def rendering_signature(scene) -> str:
    return ""
