"""Links a component's ES modules into the one script that Streamlit's Components v2 takes.

A module here is plain ES: `import { a, b } from "./other.js";` on one line at the top, `export` before declarations.
Linking puts the modules after one another, those imported first, and drops the import lines and the `export` words;
so top-level names must differ over all modules of a component. The entry module keeps its `export default`.
Nothing is fetched at run time, so no cache can mix modules of two versions.
"""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class)\b)", re.MULTILINE)
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)


class LinkError(ValueError):
    """The modules do not follow the rules above."""


def link(entry: Path) -> str:
    """One script from the entry module and all that it imports."""
    order: list[Path] = []
    collect(entry, order, ())
    owners: dict[str, str] = {}
    parts = []
    for path in order:
        source = path.read_text("utf-8")
        for name in DECLARED.findall(source):
            if name in owners:
                raise LinkError(f"{path.name} and {owners[name]} both declare {name}: rename one")
            owners[name] = path.name
        body = EXPORT.sub("", IMPORT.sub("", source))
        if re.search(r"^(import\b(?!\()|export (?!default\b))", body, re.MULTILINE):
            raise LinkError(
                f'{path.name}: write imports as import {{ a }} from "./b.js"; on one line, exports in place'
            )
        if path != entry and "\nexport default" in f"\n{body}":
            raise LinkError(f"{path.name}: only the entry module may have a default export")
        parts.append(f"// ---- {path.name}\n{body.strip()}\n")
    return "\n".join(parts)


def collect(path: Path, order: list[Path], above: tuple[Path, ...]) -> None:
    if path in order:
        return
    if path in above:
        raise LinkError(f"{path.name} imports itself by way of {', '.join(p.name for p in above)}")
    if not path.is_file():
        raise LinkError(f"{above[-1].name if above else 'the component'} imports {path.name}, which is not there")
    for name in IMPORT.findall(path.read_text("utf-8")):
        collect(path.parent / name, order, (*above, path))
    order.append(path)
