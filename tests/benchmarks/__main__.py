"""`python -m tests.benchmarks [WORD]…`: run the benchmarks whose module names hold a word (all unless given).

A benchmark is a module `bench_*.py` of this folder with `run() -> list[Row]`, a few minutes long at most.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .row import Row


def main(words: list[str]) -> int:
    """The number of targets missed."""
    console, missed = Console(), 0
    modules = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    for name in sorted(n for n in modules if n.startswith("bench_") and (not words or any(w in n for w in words))):
        module = importlib.import_module(f"tests.benchmarks.{name}")
        with console.status(name):
            rows: list[Row] = module.run()
        console.print(table_of(name.removeprefix("bench_"), rows))
        missed += sum(row.met is False for row in rows)
    return missed


def table_of(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("what", "ours", "reference", "ratio", "target", ""):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in rows:
        mark = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[row.met]
        table.add_row(row.what, row.ours, row.reference, row.ratio, row.target, mark)
    return table


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
