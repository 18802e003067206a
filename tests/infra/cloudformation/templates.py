"""The templates as Python sees them: tags of CloudFormation in their long form, so that assertions can walk them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "infra" / "cloudformation"
NAMES = ("network", "storage", "database", "compute", "lambda", "cdn")


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def tagged(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", tagged)


@cache
def text(name: str) -> str:
    return (FOLDER / f"{name}.yaml").read_text()


@cache
def template(name: str) -> dict[str, Any]:
    return yaml.load(text(name), Loader)


def resources(kind: str | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(template, logical name, resource) of every resource, or of those of one type."""
    for name in NAMES:
        for logical, resource in template(name)["Resources"].items():
            if kind is None or resource["Type"] == kind:
                yield name, logical, resource


def walk(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from walk(item)


def statements(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Statements of a policy document, those behind an Fn::If included."""
    for statement in policy["Statement"]:
        if "Fn::If" in statement:
            yield from (branch for branch in statement["Fn::If"][1:] if "Effect" in branch)
        else:
            yield statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
