from __future__ import annotations

import pytest

from app.results.format import THIN
from app.results.target import MIN_PSNR_Y, MIN_SSIM, target

from .anchored import anchor_curve


@pytest.fixture
def against(experiment, curve):
    """The target of a codec that needs `factor` of x265's bits at each quality."""

    def judge(factor, clips=("carphone",), factors=None):
        rows = [r for clip in clips for r in curve(clip, (factors or {}).get(clip, factor))]
        return target(experiment(rows, clips=clips), {clip: anchor_curve(curve(clip)) for clip in clips})

    return judge


def plain(text: str) -> str:
    return text.replace(THIN, " ")


def test_tiers_at_the_point_that_is_good(against):
    found = against(0.4)
    assert plain(found.sentence) == (
        "At equal PSNR-YUV and SSIM 60 % fewer bits than x265 medium, at Y-PSNR 37.9 dB, SSIM 0.956, on carphone."
    )
    assert [(t.percent, t.reached) for t in found.tiers] == [(50, True), (70, False), (90, False)]
    assert plain(found.tiers[0].text) == (
        "50 % fewer bits than x265 medium at equal quality: reached: carphone (Y-PSNR 37.9 dB, SSIM 0.956)."
    )
    assert found.tiers[1].text.endswith("equal quality: not reached.")


def test_more_bits_are_said_as_more(against):
    found = against(1.5)
    assert "50 % more bits than x265 medium" in plain(found.sentence)
    assert not any(t.reached for t in found.tiers)


def test_a_tier_takes_every_clip_and_the_sentence_the_worst(against):
    found = against(0.4, ("carphone", "bikes"), {"carphone": 0.08, "bikes": 0.45})
    assert [t.reached for t in found.tiers] == [True, False, False]
    assert found.tiers[2].clips == ("carphone",)
    assert "reached on 1 of 2 clips: carphone" in found.tiers[2].text
    assert "55 % fewer" in plain(found.sentence)
    assert found.sentence.endswith("on bikes, the clip where it saves least.")


@pytest.mark.parametrize(("psnr_y", "ssim"), [(MIN_PSNR_Y - 0.1, 0.99), (40.0, MIN_SSIM - 0.001), (40.0, None)])
def test_poor_quality_is_never_a_claim_however_few_the_bits(experiment, curve, row, psnr_y, ssim):
    poor = row(kbps=0.1, psnr=psnr_y, psnr_yuv=35.9, ssim=ssim)
    found = target(experiment([poor]), {"carphone": anchor_curve(curve())})
    assert found.sentence.startswith("Nothing is claimed against x265 medium: carphone: no point has")
    assert not any(t.reached or t.clips for t in found.tiers)


@pytest.mark.parametrize(
    "beyond", [{"psnr_yuv": 39.0}, {"ssim": 0.96}, {"psnr_yuv": 60.0}, {"lossless": True}, {"psnr_yuv": 30.0}]
)
def test_where_the_curves_do_not_overlap_nothing_is_claimed(experiment, curve, row, beyond):
    point = row(kbps=1.0, **({"psnr_yuv": 38.0, "ssim": 0.952} | beyond))
    found = target(experiment([point]), {"carphone": anchor_curve(curve())})
    assert "was not measured at the quality of any point" in found.sentence
    assert not any(t.reached for t in found.tiers)


def test_of_two_qualities_the_smaller_saving_counts(experiment, curve, row):
    better_ssim = row(kbps=60.0, psnr=36.0, psnr_yuv=35.975, ssim=0.9555)  # PSNR of 120 kbit/s, SSIM of nearly 212
    found = target(experiment([better_ssim]), {"carphone": anchor_curve(curve())})
    assert found.clips[0].saved == pytest.approx(50, abs=1e-6)


def test_an_anchor_that_cannot_be_read_off_is_a_reason(experiment, curve):
    crossed = anchor_curve(curve())
    crossed.points[1].ssim = 0.5
    found = target(experiment(curve(factor=0.1)), {"carphone": crossed})
    assert "does not rise with its rate" in found.sentence
    assert not any(t.reached for t in found.tiers)


def test_until_the_anchor_is_whole_on_every_clip_there_is_no_target(experiment, curve):
    both = experiment([*curve(), *curve("bikes")], clips=("carphone", "bikes"))
    assert target(both, {"carphone": anchor_curve(curve())}) is None
    half = anchor_curve(curve(), rates=range(7))
    assert target(experiment(curve()), {"carphone": half}) is None
    assert target(experiment(), {}) is None
