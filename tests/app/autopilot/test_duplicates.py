"""The same code in other words has the same hash; another code has another."""

import pytest

from app.autopilot.duplicates import same_as, tree_sha256
from gpu_agent.codecs import STARTERS
from gpu_agent.contract import EXAMPLE

from .codecs import padded, reworded
from .made import attempt

CODE = """
import zlib

def encode(video, rate):
    total = 0
    for frame in video:
        size = len(frame)
        total = total + size
    yield zlib.compress(bytes([total % 256]))
"""


def test_comments_spaces_docstrings_and_local_names_do_not_count():
    assert tree_sha256(reworded(padded(3))) == tree_sha256(padded(3))
    assert tree_sha256('"""Another title."""' + CODE.replace("total", "t").replace("size", "s")) == tree_sha256(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("% 256", "% 255"),
        ("total + size", "size + total"),
        ("total + size", "total - size"),
        ("video, rate", "rate, video"),
        ("zlib.compress", "zlib.decompress"),
        ("size = len(frame)", "total = len(frame)"),
        ("import zlib", "import zlib, lzma"),
    ],
)
def test_whatever_changes_what_runs_counts(old, new):
    assert old in CODE
    assert tree_sha256(CODE.replace(old, new)) != tree_sha256(CODE)


def test_a_lambda_hides_an_outer_variable_of_its_name():
    outer = "def f():\n    {} = 1\n    return lambda x: {} + 1\n"
    assert tree_sha256(outer.format("x", "x")) != tree_sha256(outer.format("y", "y"))


def test_exchanged_parameters_are_another_codec_because_calls_may_name_them():
    assert tree_sha256("def f(a, b):\n    return a - b\n") != tree_sha256("def f(b, a):\n    return b - a\n")


def test_code_that_cannot_be_parsed_is_like_no_other():
    assert tree_sha256("def (") is None
    assert same_as(None, [attempt(1, tree_sha256=None, experiments={"full": "x"})]) is None


def test_only_what_was_run_is_not_run_again():
    tree = tree_sha256(EXAMPLE)
    rejected, ran = attempt(1, tree_sha256=tree), attempt(2, tree_sha256=tree, experiments={"probe": "x"})
    assert same_as(tree, [rejected, ran]) is ran
    assert same_as(tree, [rejected]) is None


def test_no_two_starters_are_the_same():
    assert len({tree_sha256(s.code()) for s in STARTERS}) == len(STARTERS)
