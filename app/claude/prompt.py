"""What Claude is told: the system prompt, from the contract's one definition, and the wording of each kind of turn.

The system prompt is the same bytes for every conversation of one version of the lab, so that it is cached; a
conversation keeps the one that it began with, because Claude's thinking is bound to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import gpu_agent
from gpu_agent.contract import CONTRACT, EXAMPLE, LIBRARIES
from gpu_agent.models import ErrorCategory, Limits

KIT_PAGE = Path(gpu_agent.__file__).parent / "codec_kit" / "README.md"

ROLE = """\
You invent video codecs together with a person in Codec Lab. You write the codec as one Python module; the lab runs it \
on real video in a sandbox, measures it itself and shows the rate-distortion curve. Aim for codecs that are measurably \
better than what is there, and say plainly what you expect and what you are unsure of.
"""

ANSWER = """\
## How to answer

Think about the idea first: where the bits go, what the pictures have in common, what it costs to decode. Then write
1. a short explanation, at most two paragraphs: the idea, and what you expect it to do to rate, quality and speed;
2. what you expect of it, on one line that begins with `Expected:` and names a signed percentage of bits at equal quality \
against the codec that you started from, then the reason: `Expected: -10 % bits, because flat blocks are skipped.` \
Negative is fewer bits. The lab keeps this line with the experiment and says afterwards whether the measurement bore it \
out, so be honest rather than bold. For a codec that starts from none, give the line in words without a percentage;
3. the complete module in one fenced block. The block opens with four backticks and the words `python codec`, and closes \
with four backticks on a line of their own:

````python codec
{example}````

Always give the whole module, never a fragment, a diff or a placeholder: what is in the block is run as it is. Give one \
such block in a reply, and put other code in ordinary three-backtick blocks. Begin the module with a docstring whose \
first line names the codec and its idea. If the person only asks a question, answer it without a block.
"""

MEASURED = """\
## How runs are measured

- Each clip is encoded and decoded at each rate point of RATES. The rate is the size of the bitstream file: every byte of \
every packet counts, and a few bytes for each packet's length.
- Quality is PSNR per plane on the 8-bit 4:2:0 planes, the mean over frames of dB values capped at 60. The headline figure \
weighs the planes 6:1:1, psnr_yuv = (6 Y + U + V) / 8. SSIM on luma is measured too.
- The verdict is BD-rate: how many percent more or fewer bits than x264 at equal psnr_yuv, averaged over clips. Negative is \
better than x264. It needs rate points whose quality overlaps with x264's, about 28 to 45 dB, and a curve on which more \
bits give more quality, so spread RATES over that range: four points, a factor of 1.3 to 2 in bits apart.
- Good: an intra-only transform codec with a decent entropy coder needs several times x264's bits; motion compensation with \
adaptive quantisation and context modelling comes within a factor of two; within 20 percent of x264 is excellent. What \
`codec_kit` has been put together to so far needs about 30 percent fewer bits than x264.
- The code's own compressed size is shown beside the result, so large tables in the code hide nothing.
"""

SPEED = """\
## Speed and limits

- The agent has a few CPU cores, sometimes a GPU. Aim for at least 5 frames per second at 352x288 in each direction; a plain \
Python loop over pixels or coefficients is hopeless, so vectorise with numpy or compile with `numba.njit`. \
Compilation counts: each run starts a fresh process without a compilation cache, so keep the compiled code small; the \
kernels of `codec_kit` are compiled ahead and start at once.
- One encode or decode run may take {wall:.0f} seconds and {memory} MB; importing the module may take {start:.0f} seconds.
- Importable beside the standard library: {libraries} (torch only where the agent has it). `codec_kit` offers {kit}.
- Encoder and decoder must stay in step: predict from what the decoder has, never from the original frame; keep the \
prediction loop in integers, because float results may differ in the last bit between runs and machines.
"""

IDEAS = """\
## What often pays

A transform with a dead zone in the quantiser; adaptive arithmetic or range coding with contexts in place of zlib \
(`constriction`, or your own in numba); motion search on blocks with sub-pixel refinement; skip blocks; a quantiser that \
varies with content; deblocking inside the loop; coarser chroma; choosing modes by their cost D + lambda R.
"""


@cache
def system_prompt() -> str:
    """The whole system prompt; the same text for as long as the lab runs."""
    from gpu_agent import codec_kit  # here, so that a page which only words a question need not load the toolbox

    limits = Limits()
    speed = SPEED.format(
        wall=limits.wall_seconds,
        memory=limits.memory_mb,
        start=limits.start_seconds,
        libraries=", ".join(LIBRARIES),
        kit=", ".join(sorted(codec_kit.__all__)),
    )
    contract = f"## The contract\n\n{CONTRACT}"
    return "\n".join((ROLE, contract, ANSWER.format(example=EXAMPLE), MEASURED, speed, IDEAS, kit_page()))


def kit_page() -> str:
    """The kit's own page of documentation, whose examples are tested, a level of headings further down."""
    lines, fenced_in = [], False
    for line in KIT_PAGE.read_text(encoding="utf-8").splitlines():
        fenced_in ^= line.startswith("```")
        lines.append(f"#{line}" if line.startswith("#") and not fenced_in else line)
    return "\n".join(lines) + "\n"


def fenced(code: str, info: str = "python codec") -> str:
    """Code in a fence longer than any run of backticks in it, and at least four long."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(4, longest + 1)
    return f"{fence}{info}\n{code.rstrip()}\n{fence}"


def fresh(idea: str, evidence: str = "") -> str:
    """A new codec from an idea. `evidence`: what another one measured, as the figures to beat."""
    beat = "For comparison, this is what the latest codec measured; the new one need not resemble it.\n\n"
    parts = [
        f"Write a new codec from this idea:\n\n{idea.strip()}",
        beat + evidence.strip() if evidence.strip() else "",
    ]
    return joined(parts)


def improve(wish: str, code: str, evidence: str = "") -> str:
    """A better version of the current draft, which the person may have edited. `evidence`: measurements, in words."""
    parts = [
        "Here is the current draft; it may have been edited since your last reply.",
        fenced(code),
        f"What it measured:\n\n{evidence.strip()}" if evidence.strip() else "",
        wish.strip() or "Improve it: fewer bits at the same quality, without getting too slow.",
    ]
    return joined(parts)


def fix(
    code: str, category: ErrorCategory | str, message: str, log: str = "", wish: str = "", evidence: str = ""
) -> str:
    """After a failed run: what the agent said, with the codec's own traceback or output where there is one.

    `evidence` says all of that and more, and stands in its place where it is given.
    """
    category = str(category)
    seen = [
        f"Failure: {category}. {HINTS.get(category, '')}".strip(),
        fenced(message, "text"),
        f"Traceback or output:\n\n{fenced(tail(log), 'text')}" if log.strip() else "",
    ]
    parts = [
        "This codec failed in the lab. Find the cause, say what it was in a sentence or two, and give the corrected module.",
        fenced(code),
        *([evidence.strip()] if evidence.strip() else seen),
        wish.strip(),
    ]
    return joined(parts)


def explain(code: str, evidence: str, wish: str = "") -> str:
    """A question about an experiment, to be answered in words."""
    parts = [
        "Here is a codec and what it measured in the lab.",
        fenced(code),
        evidence.strip(),
        wish.strip()
        or "Explain the result: where the bits go, what limits the quality, what is slow, and the two or three changes "
        "that would pay most, with what you expect of each.",
        "Answer in words, without a codec block.",
    ]
    return joined(parts)


def cross(codes: tuple[str, str], evidence: tuple[str, str], wish: str = "") -> str:
    """A codec that takes the best of two experiments; the first is the one that the result will be a child of."""
    parts = ["Here are two codecs and what each measured in the lab. Join the strengths of both in one new codec."]
    for name, code, measured in zip("AB", codes, evidence):
        parts += [f"## Codec {name}", fenced(code), measured.strip()]
    parts += [
        wish.strip(),
        "Say in a sentence what you take from each. Your `Expected:` line is against codec A.",
    ]
    return joined(parts)


def repair(problem: str) -> str:
    """After a reply without a usable codec."""
    return joined(
        [
            problem,
            "Please give the complete module again, from its first line to its last, in one block that opens with "
            "````python codec and closes with ````. Keep the explanation to a few sentences.",
        ]
    )


HINTS = {
    "invalid_code": "The module breaks the contract or could not be imported.",
    "encode_error": "encode raised an exception.",
    "decode_error": "decode raised an exception; it has only the packets and info, nothing else from encode.",
    "timeout": "A run took too long; make the slow part faster rather than doing less for quality, if you can.",
    "memory": "A run needed too much memory; work frame by frame and keep no more than the frames in use.",
    "output_invalid": "decode gave a wrong number of frames, a wrong shape or a wrong type.",
    "sandbox": "The sandbox refused something that the codec did.",
    "lost": "The agent was lost during the run; the codec may not be at fault.",
}


def tail(log: str, limit: int = 6000) -> str:
    """The end of a long log: a traceback's last lines say the most."""
    return log if len(log) <= limit else "[…]\n" + log[-limit:]


def joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)
