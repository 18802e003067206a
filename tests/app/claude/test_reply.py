import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.claude.reply import Codec, Problem, last_codec, read_codec
from app.claude.state import LiveTurn, TurnStatus
from gpu_agent.contract import EXAMPLE

GOOD = "RATES = (1, 2)\ndef encode(video, rate):\n    yield b''\ndef decode(packets, info):\n    yield packets\n"
DOC = f'"""Doc.\n\n```python\nencode(f)\n```\n\n````\ntext\n````\n"""\n{GOOD}'


def reply(code: str = GOOD, fence: str = "````", info: str = "python codec") -> str:
    return f"The idea.\n\n{fence}{info}\n{code}{fence}\nDone.\n"


def code_of(text: str) -> str:
    codec = read_codec(text)
    assert isinstance(codec, Codec), codec
    return codec.code


def problem_of(text: str, **kwargs) -> Problem:
    problem = read_codec(text, **kwargs)
    assert isinstance(problem, Problem)
    assert problem.sentence.endswith(".")
    assert "complete module" in problem.repair
    return problem


@pytest.mark.parametrize("fence", ["```", "````", "``````", "~~~"])
@pytest.mark.parametrize("info", ["python codec", " python  codec", "Python Codec name=x", "python codec  "])
def test_a_codec_is_found_in_any_fence(fence, info):
    assert code_of(reply(fence=fence, info=info)) == GOOD


@pytest.mark.parametrize("fence", ["```", "````", "`````"])
def test_fences_in_a_docstring_do_not_end_the_block(fence):
    assert code_of(reply(DOC, fence)) == DOC


def test_the_last_codec_wins_and_other_code_is_passed_over():
    text = reply(EXAMPLE) + "```python\nprint('not this')\n```\n" + reply(GOOD) + "```\nnor this\n```\n"
    assert code_of(text) == GOOD


def test_a_bad_last_codec_is_not_replaced_by_an_earlier_good_one():
    problem = problem_of(reply(GOOD) + reply("def encode(video, rate)\n"))
    assert problem.kind == "invalid"
    assert "line 1" in problem.sentence


def test_a_codec_shown_inside_another_block_or_docstring_is_not_taken():
    quoted = f"````markdown\n{reply(EXAMPLE, '```')}````\n"
    assert read_codec(quoted).kind == "no_codec"
    nested = f'"""Shows:\n```python codec\nx\n```\n"""\n{GOOD}'
    assert code_of(reply(nested)) == nested


def test_a_stray_fence_before_the_codec_does_not_swallow_it():
    assert code_of("```\nunfinished thought\n\n" + reply()) == GOOD


def test_crlf_and_an_indented_block():
    assert code_of(reply().replace("\n", "\r\n")) == GOOD
    indented = "".join(f"  {line}\n" for line in reply().split("\n"))
    assert code_of(indented) == GOOD


@pytest.mark.parametrize(
    ("info", "code", "title"),
    [
        ("python codec name=raw", GOOD, "raw"),
        ('python codec title="A dead zone"', GOOD, "A dead zone"),
        ("python codec Haar in a loop", GOOD, "Haar in a loop"),
        ("python codec", '"""Wavelets, three levels.\n\nMore."""\n' + GOOD, "Wavelets, three levels"),
        ("python codec", GOOD, None),
    ],
)
def test_the_title_is_given_or_the_docstrings_first_line(info, code, title):
    assert read_codec(reply(code, info=info)).title == title


def test_what_is_missing_is_said():
    assert problem_of("Only words.").kind == "no_codec"
    assert problem_of("```python\nprint(1)\n```").kind == "no_codec"
    open_fence = problem_of(reply().partition("````\nDone")[0])
    assert (open_fence.kind, open_fence.code) == ("open_fence", GOOD)
    missing = problem_of(reply(GOOD.partition("def decode")[0]))
    assert missing.kind == "invalid"
    assert "def decode(packets, info)" in missing.sentence
    assert "def decode(packets, info)" in missing.repair


def test_two_errors_are_both_in_the_repair():
    problem = problem_of(reply("RATES = 3\n"))
    assert "2 more" in problem.sentence
    assert all(word in problem.repair for word in ("RATES", "encode(video", "decode(packets"))


def test_a_real_syntax_error_is_told_rather_than_the_docstrings_fence():
    problem = problem_of(reply(DOC.replace("def decode(packets, info):", "def decode(packets, info)"), "```"))
    assert "expected ':'" in problem.sentence


@pytest.mark.parametrize("status", [s for s in TurnStatus if not s.active])
def test_only_a_whole_turn_gives_a_codec(status):
    live = LiveTurn("m", "high")
    live.write(reply())
    assert problem_of(live.snapshot().text, whole=False).kind == "unfinished"
    live.settle(status)
    found = read_codec(live.snapshot())
    assert isinstance(found, Codec) == (status is TurnStatus.DONE)
    assert found.code == GOOD


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            ["```", "````", "~~~", "\n", "\r\n", "python codec", "````python codec\n", "```python codec x\n"]
        ),
        st.sampled_from(["def encode(v, r):", "'''", '"""', "\\", "\x00", "\ud800", "   ", GOOD, "\x0c", "\u2028"]),
        st.text(max_size=20),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(pieces)
def test_no_text_makes_the_parser_fail(parts):
    found = read_codec("".join(parts))
    assert isinstance(found, Codec | Problem)
    if isinstance(found, Codec):
        assert found.checked.ok


prose = st.text(string.ascii_letters + string.digits + " .,:\n*#-_()'\"é🎬`", max_size=200).filter(
    lambda text: "```" not in text and "~~~" not in text
)


@settings(max_examples=60)
@given(before=prose, after=prose, fence=st.integers(3, 9), code=st.sampled_from([GOOD, DOC, EXAMPLE]))
def test_the_exact_code_comes_out_of_any_prose(before, after, fence, code):
    ticks = "`" * fence
    assert code_of(f"{before}\n{ticks}python codec\n{code}{ticks}\n{after}") == code


@settings(max_examples=40)
@given(st.data())
def test_how_a_reply_is_cut_into_pieces_does_not_matter(data):
    text, live = reply(DOC), LiveTurn("m", "high")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        live.write(text[start:end])
        assert read_codec(live.snapshot()).kind == "unfinished"
    live.settle(TurnStatus.DONE)
    assert read_codec(live.snapshot()).code == DOC


@settings(max_examples=60)
@given(st.integers(0, len(reply(EXAMPLE)) - 7))
def test_a_reply_cut_anywhere_before_its_fence_closes_is_never_accepted(at):
    assert isinstance(read_codec(reply(EXAMPLE)[:at].removesuffix("\n````")), Problem)


def test_a_reply_of_nothing_but_fences_is_read_quickly():
    text = "````python codec\n" + "````\n" * 20_000
    assert last_codec(text) is not None
