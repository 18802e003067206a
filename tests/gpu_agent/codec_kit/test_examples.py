"""Every example of the kit's page runs as it stands."""

from __future__ import annotations

import re

import pytest

from gpu_agent.codec_kit import warm
from tests.gpu_agent import kit

EXAMPLES = re.findall(r"^## (.*?)\n|```python\n(.*?)```", (warm.KIT / "README.md").read_text(), re.S | re.M)


TORCH = [
    pytest.mark.torch,
    pytest.mark.skipif(not kit.TORCH, reason="torch is not installed: the example of learned codecs was not run"),
]


def sections():
    title = ""
    for heading, code in EXAMPLES:
        title = heading or title
        if code:
            yield pytest.param(code, id=title, marks=TORCH if "codec_kit.learned" in code else ())


@pytest.mark.parametrize("code", list(sections()))
def test_example_runs(code):
    with kit.as_in_a_jail():
        exec(compile(code, "README.md", "exec"), {})


def test_every_part_is_on_the_page():
    text = (warm.KIT / "README.md").read_text()
    assert {name for name in kit.PARTS if f"`{name}`" not in text} <= {"jit"}
    assert "`learned`" in text
