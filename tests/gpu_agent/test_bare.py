"""What runs of a codec's text: no comment and no docstring, the same program, every line where it was."""

from __future__ import annotations

import ast
import base64
import random
import runpy
import traceback
import types
from pathlib import Path

import pytest

import gpu_agent
from gpu_agent import bare as module
from gpu_agent.bare import NotBare, bare
from gpu_agent.check import check_code
from gpu_agent.contract import EXAMPLE

ROOT = Path(gpu_agent.__file__).parent
SECRET = base64.b64encode(random.Random(1).randbytes(60)).decode()
HIDDEN = [
    "# {}\nx = 1\n",
    "x = 1  # {}\n",
    "x = [1,  # {}\n     2]\n",
    '"""{}"""\nx = 1\n',
    'def f():\n    """One line.\n\n    {}\n    """\n',
    "class A:\n    '{}'\n    def g(self): '{}'\n",
    "def f():\n    x = 1\n    '{}'\n    return x\n",
    "def f(): '{}'; return 1\n",
    "if True:\n    (\n        '{}'  # {}\n        '{}'\n    ); x = 2\n",
    "'a' \\\n'{}'\nx = 1\n",
    "x = 1 # {}\r\ny = 2\r\n",
    "\ufeffx = 1\n# {}",
    "u'{}'\n",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_what_is_written_for_people_is_gone(text):
    code = text.replace("{}", SECRET)
    left = bare(code)
    assert SECRET not in left
    assert left.count("\n") == code.count("\n")
    compile(left, "codec.py", "exec")


@pytest.mark.parametrize(
    "code",
    [
        "x = '# no comment'\n",
        's = """a\n# no comment\n"""\n',
        "x = f'{1 + 1} # text'\n",
        'd = {\'#\': """\'\'\'"""}\n',
        "print('''\n''' 'a')\n",
        "x = '\u00e4\u00f6\U0001f600'; y = 2\n",
        "# \u00e4\nx = '\u00e4'  # \u00f6\n",
    ],
)
def test_constants_stay_as_they_are(code):
    spaces_before, spaces_after = {}, {}
    exec(compile(code, "codec.py", "exec"), spaces_before)
    exec(compile(bare(code), "codec.py", "exec"), spaces_after)
    known = lambda spaces: {k: v for k, v in spaces.items() if k != "__builtins__"}
    assert known(spaces_after) == known(spaces_before)


def test_a_future_import_may_still_follow_the_docstring():
    space = {}
    exec(bare('"""Of several\nlines."""\nfrom __future__ import annotations\ndef f(x: Nowhere): "what"\n'), space)
    assert space["f"].__annotations__ == {"x": "Nowhere"}
    assert space["__doc__"] == space["f"].__doc__ == ""


@pytest.mark.parametrize("path", sorted(ROOT.glob("code*/*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_codecs_and_the_kit_are_the_same_programs(path):
    text = path.read_text()
    left = bare(text)
    assert module.program(ast.parse(left)) == module.program(ast.parse(text))
    assert not [node for node in module.standing_alone(ast.parse(left)) if node.value]
    assert bare(left) == left


def test_a_traceback_names_the_line_that_was_written():
    code = '"""Two\nlines."""\n\n# three\ndef f():\n    """Doc."""\n    return 1 / 0\n'
    space = types.ModuleType("codec").__dict__
    exec(compile(bare(code), "codec.py", "exec"), space)
    with pytest.raises(ZeroDivisionError) as raised:
        space["f"]()
    assert traceback.extract_tb(raised.tb)[-1].lineno == 7


@pytest.mark.parametrize("code", ["def encode(:\n", "x = '\ud800'\n", "x = 1\0\n", "\udc80 = 1\n"])
def test_what_is_no_python_is_left_to_fail_as_it_stands(code):
    assert bare(code) == module.UTF8 + code


def test_no_comment_makes_python_of_what_is_none_here(tmp_path):
    """In UTF-7 the second line is `x = 1`, in UTF-8 it is no Python."""
    code = "# coding: utf-7\nx +AD0AIAAx-\n"
    path = tmp_path / "codec.py"
    path.write_text(code)
    assert runpy.run_path(str(path))["x"] == 1
    path.write_text(bare(code))
    with pytest.raises(SyntaxError):
        runpy.run_path(str(path))


def test_what_would_become_another_program_is_refused_everywhere(monkeypatch):
    """Should the tokenizer and the parser ever see a text differently."""
    monkeypatch.setattr(module, "without_comments", lambda text: text.replace("8", "9"))
    module.bare.cache_clear()
    try:
        with pytest.raises(NotBare, match="without changing what it does"):
            bare(EXAMPLE)
        assert "without changing what it does" in check_code(EXAMPLE).message
    finally:
        module.bare.cache_clear()
