"""Checks of names and ids hold for the whole string: `$` matches before a last newline too."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

import gpu_agent
from gpu_agent.archive.read import ID, SHA256
from gpu_agent.blind import BlindTest, Trial
from gpu_agent.clips.arrival import Rate
from gpu_agent.models import ExperimentRequest
from gpu_agent.server.ranges import SINGLE
from gpu_agent.store.folder import SAFE_PART

ROOT = Path(gpu_agent.__file__).parent.parent
ENDS = re.compile(r"(?<!\\)\$$")
READ_LINE_BY_LINE = {"LINE", "SAVES"}
"""Of a reply's prose: patterns that find, and check nothing."""


@pytest.mark.parametrize(
    ("pattern", "good"), [(SAFE_PART, "car"), (SINGLE, "bytes=0-1"), (ID, "261122-abcdef"), (SHA256, "0" * 64)]
)
def test_a_pattern_takes_no_newline(pattern, good):
    assert pattern.fullmatch(good)
    assert not pattern.fullmatch(good + "\n")


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (TypeAdapter(Rate).validate_python, "25/1"),
        (lambda text: ExperimentRequest(code="x", id=text), "261122-abcdef"),
        (lambda text: Trial(id=text, swapped=False, x_is="a"), "0123456789ab-0"),
        (
            lambda text: BlindTest.__pydantic_validator__.validate_assignment(BlindTest.model_construct(), "id", text),
            "",
        ),
    ],
    ids=["rate", "experiment", "trial", "blind test"],
)
def test_a_field_takes_no_newline(check, good):
    if good:
        check(good)
    with pytest.raises(ValidationError, match="pattern"):
        check((good or "0123456789ab") + "\n")


@pytest.mark.parametrize("folder", ["gpu_agent", "app", "infra"])
def test_no_pattern_of_a_check_ends_with_a_dollar(folder):
    """Python's own patterns: `fullmatch` says what is meant. Pydantic's engine takes `$` for the very end."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                call, name = node.value, getattr(node.targets[0], "id", "")
                if ast.unparse(call.func) == "re.compile" and isinstance(call.args[0], ast.Constant):
                    multiline = "MULTILINE" in ast.unparse(call)
                    if ENDS.search(str(call.args[0].value)) and not multiline and name not in READ_LINE_BY_LINE:
                        found.append(f"{path.name}: {name}")
    assert found == []
