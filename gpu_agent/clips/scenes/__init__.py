"""Scenes rendered from photographs, the same frames each time: camera motion, moving objects, grain, cuts, dusk."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import cv2
import numpy as np

from gpu_agent.codec_kit.frames import Frame

from ..identity import Facts
from .recipes import SCENES, Scene

__all__ = ["SCENES", "Scene", "SceneReader", "rendering_signature"]


class SceneReader:
    """A scene's frames, as a file's would be read (see `gpu_agent.clips.identity.Reader`)."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        info = scene.info
        self.facts = Facts(
            width=info.width,
            height=info.height,
            visible_width=info.width,
            visible_height=info.height,
            fps=info.fps,
            frames=info.frames,
        )

    def __iter__(self) -> Iterator[Frame]:
        return self.scene.render(self.scene.info)


def rendering_signature(scene: Scene) -> str:
    """Changes with whatever could change the scene's frames: its recipe, the libraries, the kind of processor."""
    return f"scene {scene.version} {scene.info} cv2 {cv2.__version__} numpy {np.__version__} {platform.machine()}"
