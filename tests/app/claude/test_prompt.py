import re
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from app.claude import prompt
from app.claude.reply import Codec, last_codec, read_codec
from gpu_agent.check import check_code
from gpu_agent.codec_kit.frames import Frame, VideoInfo
from gpu_agent.contract import CONTRACT, EXAMPLE, LIBRARIES
from gpu_agent.models import ErrorCategory, Limits


class Video(list):
    info: VideoInfo


def random_video(width: int = 16, height: int = 8, frames: int = 4) -> Video:
    random = np.random.default_rng(1)
    shapes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    video = Video(Frame(*(random.integers(0, 256, s, np.uint8) for s in shapes)) for _ in range(frames))
    video.info = VideoInfo(width, height, frames, Fraction(25))
    return video


def module_of(code: str, monkeypatch) -> dict:
    from gpu_agent import codec_kit

    monkeypatch.setitem(sys.modules, "codec_kit", codec_kit)
    module: dict = {"__name__": "codec"}
    exec(compile(code, "codec.py", "exec"), module)
    return module


def test_the_prompts_own_example_is_a_reply_that_is_accepted():
    codec = read_codec(prompt.system_prompt())
    assert isinstance(codec, Codec)
    assert codec.code == EXAMPLE
    assert check_code(EXAMPLE).diagnostics == []


def test_the_example_round_trips_within_its_quantiser(monkeypatch):
    codec, video = module_of(EXAMPLE, monkeypatch), random_video()
    sizes = []
    for rate in codec["RATES"]:
        packets = [bytes(packet) for packet in codec["encode"](video, rate)]
        frames = list(codec["decode"](iter(packets), video.info))
        assert len(frames) == len(video)
        for decoded, source in zip(frames, video, strict=True):
            for a, b in zip(decoded, source, strict=True):
                assert a.shape == b.shape
                assert a.dtype == np.uint8
                assert np.abs(a.astype(int) - b).max() <= rate / 2
        sizes.append(sum(map(len, packets)))
    assert sizes == sorted(sizes, reverse=True)


def test_the_system_prompt_is_the_same_bytes_in_every_process():
    show = "import sys; from app.claude.prompt import system_prompt; sys.stdout.buffer.write(system_prompt().encode())"
    runs = {subprocess.run([sys.executable, "-c", show], capture_output=True, check=True).stdout for _ in range(2)}
    assert runs == {prompt.system_prompt().encode()}


def test_the_system_prompt_has_the_contract_and_its_figures():
    text = prompt.system_prompt()
    assert CONTRACT in text
    assert all(library in text for library in LIBRARIES)
    assert f"{Limits().wall_seconds:.0f} seconds and {Limits().memory_mb} MB" in text
    assert not re.search(r"\{(wall|memory|start|libraries|kit|example)\b", text)


def test_improving_carries_the_edited_draft_and_the_evidence():
    text = prompt.improve("Make it smaller.", EXAMPLE, "psnr_yuv 31 dB at 200 kbps")
    assert last_codec(text).code == EXAMPLE
    assert "Make it smaller." in text
    assert "31 dB" in text
    assert "fewer bits" in prompt.improve("", EXAMPLE)


@pytest.mark.parametrize("category", list(ErrorCategory))
def test_fixing_tells_what_failed_with_a_hint(category):
    text = prompt.fix(EXAMPLE, category, "frame 3 has shape (4, 4)", "Traceback\n  line 7, in decode")
    assert f"Failure: {category.value}. {prompt.HINTS[category.value]}" in text
    assert "frame 3 has shape (4, 4)" in text
    assert "line 7, in decode" in text
    assert last_codec(text).code == EXAMPLE


def test_evidence_stands_in_place_of_the_message():
    text = prompt.fix(EXAMPLE, "timeout", "the message", "the log", "Be quick.", "### Failure\nall of it")
    assert "all of it" in text
    assert text.endswith("Be quick.")
    assert "the message" not in text
    assert "the log" not in text


def test_explaining_asks_for_words_and_crossing_brings_both_codecs():
    text = prompt.explain(EXAMPLE, "31 dB", "Why is it slow?")
    assert "Why is it slow?" in text
    assert "without a codec block" in text
    assert "where the bits go" in prompt.explain(EXAMPLE, "31 dB")
    other = EXAMPLE.replace("previous", "first")
    both = prompt.cross((EXAMPLE, other), ("evidence of A", "evidence of B"), "Keep it quick.")
    assert all(
        part in both for part in (prompt.fenced(EXAMPLE), prompt.fenced(other), "of A", "of B", "Keep it quick.")
    )
    assert both.index("## Codec A") < both.index("of A") < both.index("## Codec B") < both.index("of B")


def test_a_long_log_keeps_its_end():
    text = prompt.fix(EXAMPLE, "encode_error", "m", "x" * 50_000 + "THE END")
    assert "THE END" in text
    assert len(text) < 20_000


@pytest.mark.parametrize("inner", ["", "````\n", "```````` python\n", "```python codec\n"])
def test_a_fence_is_longer_than_any_in_the_code(inner):
    code = f'"""Doc.\n{inner}"""\n' + EXAMPLE
    assert last_codec(prompt.fenced(code)).code == code


def test_a_request_for_repair_is_not_itself_a_codec():
    assert last_codec(prompt.repair("Your last reply was cut off.")) is None
    assert "python codec" in prompt.repair("x")
    assert prompt.fresh("  wavelets \n").endswith("wavelets")


def test_the_kits_page_is_told_whole_and_its_headings_are_a_level_down():
    page, told = prompt.KIT_PAGE.read_text(), prompt.system_prompt()
    blocks = re.findall(r"^```python\n.*?^```$", page, re.M | re.S)
    assert len(blocks) >= 7
    assert all(block in told for block in blocks)
    assert "\n## codec_kit\n" in told
    assert "\n### Binary coder\n" in told
    assert "\n# codec_kit\n" not in told
    assert len(told) < 40_000, "it is sent with every conversation, and read from the cache after the first turn"
