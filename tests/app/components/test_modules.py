"""Linking of the scripts, and what is committed beside the bundle."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from app.components import ASSETS, editor, player
from app.components.modules import LinkError, link


def write(folder, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)


def test_imported_modules_come_first_and_once(tmp_path):
    write(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\nexport default function () { return a + b; }\n',
        a='import { b } from "./b.js";\nexport const a = b;\n',
        b="export const b = 1;\n",
    )
    script = link(tmp_path / "main.js")
    assert script.index("const b = 1") < script.index("const a = b") < script.index("export default")
    assert script.count("const b") == 1
    assert "import" not in script


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"main": 'import { a } from "./a.js";\nconst x = 1;\n', "a": "const x = 2;\nexport const a = x;\n"},
            "both declare x",
        ),
        ({"main": 'import { a } from "./gone.js";\n'}, "gone.js, which is not there"),
        ({"main": 'import { a } from "./a.js";\n', "a": 'import { b } from "./main.js";\n'}, "imports itself"),
        ({"main": 'import * as a from "./a.js";\n'}, "write imports as"),
        ({"main": 'import { a } from "./a.js";\n', "a": "export default 1;\n"}, "only the entry"),
    ],
)
def test_what_linking_cannot_do_is_refused_by_name(tmp_path, files, message):
    write(tmp_path, **files)
    with pytest.raises(LinkError, match=message):
        link(tmp_path / "main.js")


def test_every_asset_is_there_under_its_name():
    assert set(ASSETS) == {"codemirror.bundle.js"}
    for name, path in ASSETS.items():
        assert path.name == name
        assert path.stat().st_size > 100_000


def test_the_licence_of_every_bundled_package_is_committed():
    folder = editor.HERE
    lock = json.loads((folder / "bundle" / "package-lock.json").read_text())
    licences = (folder / "LICENSES.txt").read_text()
    bundled = {
        path.removeprefix("node_modules/"): p for path, p in lock["packages"].items() if path and not p.get("dev")
    }
    assert bundled["codemirror"]["version"] == "6.0.2"
    for name, package in bundled.items():
        assert f"{name} {package['version']} ({package['license']})" in licences


@pytest.mark.parametrize("change", [{"fps": (0, 1)}, {"fps": Fraction(-25)}, {"frames": 0}, {"width": 0}])
def test_a_clip_that_cannot_be_played_is_refused(change):
    good = {"fps": (25, 1), "frames": 10, "width": 64, "height": 64, "key": "k"}
    with pytest.raises(ValueError, match="cannot be played"):
        player("/a.mp4", "/b.mp4", **(good | change))
