from __future__ import annotations

import re

import pytest

from app.results.format import THIN
from app.results.listing import listing_row
from app.results.verdict import FAILURES, verdict
from gpu_agent.models import BDRate, ErrorCategory, Failure, Progress, Reproduction, Status, Summary


def said(experiment) -> str:
    return verdict(experiment).sentence.replace(THIN, " ")


def test_success_names_quality_rate_clip_and_bd_rate(experiment, curve):
    summary = Summary(bd_rate={"x264 medium": BDRate(percent=31.2, per_clip={"carphone": 31.2})})
    done = experiment(curve(), summary=summary)
    assert said(done) == (
        "37.9 dB Y-PSNR and SSIM 0.956 at 212 kbit/s on carphone; 31 % more bits than x264 medium at equal PSNR."
    )
    assert verdict(done).tone == "good"


def test_success_without_anchor_says_only_what_was_measured(experiment, row):
    assert said(experiment([row()])) == "37.9 dB Y-PSNR and SSIM 0.956 at 212 kbit/s on carphone."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (-52.0, "52 % fewer bits than"),
        (-4.04, "4.0 % fewer bits than"),
        (0.01, "as many bits as"),
        (8.0, "8.0 % more bits than"),
        (220.0, "3.2 times the bits of"),
    ],
)
def test_bd_rate_in_words(experiment, curve, change, words):
    done = experiment(curve(), summary=Summary(bd_rate={"x265 medium": BDRate(percent=change)}))
    assert f"; {words} x265 medium at equal PSNR." in said(done)


def test_x264_medium_is_quoted_first_and_a_figure_before_a_refusal(experiment, curve):
    rates = {"mjpeg": BDRate(percent=-70), "x265 medium": BDRate(percent=80), "x264-medium": BDRate(percent=31)}
    assert "than x264 medium at equal PSNR" in said(experiment(curve(), summary=Summary(bd_rate=rates)))
    rates["x264-medium"] = BDRate(reason="curves overlap 12 %")
    assert "80 % more bits than x265 medium" in said(experiment(curve(), summary=Summary(bd_rate=rates)))


def test_a_refused_bd_rate_is_said_with_its_reason(experiment, row):
    refused = Summary(bd_rate={"x264 medium": BDRate(reason="one rate point; at least 4 are needed.")})
    assert said(experiment([row()], summary=refused)).endswith(
        "; not comparable with x264 medium: one rate point; at least 4 are needed."
    )


def test_several_clips_give_the_range_of_their_best_points(experiment, curve, row):
    rows = [*curve(), row("bikes", 22, 840.0, 34.1, 0.91), row("bikes", 27, 400.0, 31.0, 0.88)]
    bd = BDRate(percent=12, per_clip={"carphone": 12.0, "bikes": None})
    done = experiment(rows, clips=("carphone", "bikes"), summary=Summary(bd_rate={"x264 medium": bd}))
    assert said(done) == (
        "34.1–37.9 dB Y-PSNR and SSIM 0.910–0.956 at 212–840 kbit/s over the best points of 2 clips; "
        "12 % more bits than x264 medium at equal PSNR (mean over 1 of 2 clips)."
    )


def test_a_clip_too_small_for_ssim_has_a_verdict_without_it(experiment, row):
    small = row().model_copy(update={"ssim": None})
    assert said(experiment([small])) == "37.9 dB Y-PSNR at 212 kbit/s on carphone."
    assert listing_row(experiment([small])).ssim is None


def test_lossless_is_said_instead_of_the_capped_figure(experiment, row):
    exact = row("carphone", 0, 5210.0, 60.0, 1.0, lossless=True, psnr_yuv=60.0)
    assert said(experiment([exact, row()])) == "Lossless at 5210 kbit/s on carphone."
    mixed = experiment([exact, row("bikes")], clips=("carphone", "bikes"))
    assert said(mixed).endswith("over the best points of 2 clips, lossless on carphone.")
    assert "60" not in said(mixed)


def test_a_success_without_results_is_no_success(experiment):
    nothing = verdict(experiment([]))
    assert nothing.tone == "bad"
    assert "without a single measured point" in nothing.sentence
    assert not re.search(r"\d", nothing.text)


@pytest.mark.parametrize("category", list(ErrorCategory))
def test_every_failure_says_what_failed_and_what_to_do(experiment, category):
    broken = verdict(experiment(status="failed", error=Failure(category=category, message="")))
    assert broken.tone == "bad"
    assert broken.sentence.startswith("Failed: ")
    assert FAILURES[category][1] == broken.next_step
    assert not re.search(r"\d", broken.sentence)


def test_failure_names_the_place_and_the_first_line_of_a_long_message(experiment):
    message = (
        "ValueError: operands could not be broadcast together " + "with shapes (8,8) (7,8) " * 200 + "\nTraceback…"
    )
    broken = experiment(
        status="failed",
        error=Failure(category="decode_error", message=message),
        progress=Progress(stage="decode", clip="carphone", rate=27),
    )
    assert said(broken).startswith(
        "Failed: decode raised an error on carphone at rate 27: ValueError: operands could not"
    )
    assert len(said(broken)) < 260
    assert "Traceback" not in said(broken)


def test_a_failure_with_measured_points_shows_none_of_them(experiment, curve):
    broken = experiment(curve(), status="failed", error=Failure(category="timeout", message="decode took over 600 s"))
    assert "dB" not in verdict(broken).text
    assert "took longer than its time limit: decode took over 600 s." in said(broken)


def test_a_failure_without_a_reason_says_so(experiment):
    assert "no reason was recorded" in said(experiment(status="failed"))


def test_running_names_stage_point_and_frame(experiment):
    progress = Progress(
        stage="decode", clip="carphone", rate=27, point=2, points=4, frames_done=31, frames_total=120, seconds=12.34
    )
    running = experiment(status="running", progress=progress)
    assert said(running) == ("Running: decoding on carphone at rate 27, point 2 of 4, frame 31 of 120, 12.3 s so far.")
    assert verdict(running).tone == "busy"
    asked = experiment(status="running", progress=Progress(stage="check"), cancel_requested=True)
    assert said(asked) == "Running: checking the code, being cancelled."


def test_queued_and_found_again(experiment):
    assert said(experiment(status="queued")) == "Waiting in the queue: it starts when the agent is free."
    assert "after an agent was lost" in said(experiment(status="queued", attempts=1))


def test_cancelled_says_what_is_kept(experiment, row):
    stopped = experiment([row()], status="cancelled", progress=Progress(stage="encode", clip="carphone", rate=27))
    assert said(stopped) == "Cancelled on carphone at rate 27; the one point measured before is kept."
    assert said(experiment(status="cancelled")) == "Cancelled."


def test_reproduction_same_different_and_not_compared(experiment, row):
    def rerun(**known):
        return experiment([row()], summary=Summary(reproduction=Reproduction(of="261103-090000-ffffffff", **known)))

    same = rerun(same=True, compared=4)
    assert said(same).startswith("Same bitstreams as 261103-090000…: 4 of 4. 37.9 dB")
    assert verdict(same).tone == "good"
    other = rerun(same=False, compared=4, different=["carphone at 27", "carphone at 32"])
    assert said(other).startswith(
        "Not the same bitstreams as 261103-090000…: 2 of 4 differ (carphone at 27 and carphone at 32). 37.9 dB"
    )
    assert verdict(other).tone == "bad"
    assert "randomness" in verdict(other).next_step
    assert said(rerun()).startswith("Not compared with 261103-090000…")


def test_hostile_messages_are_escaped_in_markdown(experiment):
    error = Failure(category="encode_error", message="![x](http://e.vil/p.png)")
    assert "![x](" not in verdict(experiment(status="failed", error=error)).markdown


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_one_finished_text(experiment, status):
    text = verdict(experiment(status=status)).text
    assert text.endswith((".", "!"))
    assert "None" not in text
    assert "nan" not in text
