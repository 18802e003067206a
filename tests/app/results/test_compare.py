from __future__ import annotations

import pytest

from app.results.compare import code_diff, compare, differences
from app.results.format import THIN
from gpu_agent.measure.bdrate import Curve, bd_rate
from gpu_agent.models import ClipRef, Limits


def ratio(anchor, test):
    """BD-rate of curves that differ by a constant factor; refuses under four points, as the lab's own does."""
    if min(len(anchor), len(test)) < 4:
        return None, "fewer than 4 points"
    assert anchor == sorted(anchor)
    return (test[0][0] / anchor[0][0] - 1) * 100, None


def measured(anchor, test):
    """The lab's own BD-rate, in the form that compare takes."""
    result = bd_rate(*(Curve([rate for rate, _ in points], [db for _, db in points]) for points in (anchor, test)))
    return result.percent, result.reason


def said(result) -> str:
    return result.sentence.replace(THIN, " ")


def test_the_sentence_names_each_clip_and_the_direction(experiment, curve):
    both = ("carphone", "bikes")
    a = experiment(curve() + curve("bikes"), clips=both, title="Old")
    b = experiment(curve(factor=0.69) + curve("bikes", 1.04), clips=both, title="New")
    result = compare(a, b, ratio)
    assert said(result) == "“New” needs 31 % fewer bits than “Old” at equal PSNR on carphone; 4.0 % more on bikes."
    assert result.mean == pytest.approx((-31 + 4) / 2)
    assert [c.percent for c in compare(b, a, ratio).clips] == pytest.approx([100 / 0.69 - 100, 100 / 1.04 - 100])


def test_the_lab_s_own_bd_rate_fits(experiment, curve, row):
    result = compare(experiment(curve()), experiment(curve(factor=0.69)), measured)
    assert result.mean == pytest.approx(-31)
    assert compare(experiment([row()]), experiment([row()]), measured).clips[0].reason


def test_points_are_kbps_and_psnr_yuv(experiment, curve):
    seen = []
    compare(experiment(curve()), experiment(curve()), lambda a, b: (seen.append((a, b)), (0.0, None))[1])
    assert seen[0][0][0] == (33.0, 29.4 + 0.875)


def test_equal_curves_need_as_many_bits(experiment, curve):
    result = compare(experiment(curve()), experiment(curve()), ratio, ("A", "B"))
    assert said(result) == "B needs as many bits as A at equal PSNR on carphone."


def test_several_times_the_bits_are_said_as_such(experiment, curve):
    both = ("carphone", "bikes", "tall")
    a = experiment([r for c in both for r in curve(c)], clips=both)
    b = experiment(curve(factor=3.2) + curve("bikes", 4) + curve("tall"), clips=both)
    assert said(compare(a, b, ratio, ("A", "B"))) == (
        "B needs 3.2 times the bits of A at equal PSNR on carphone; 4.0 times the bits on bikes; as many on tall."
    )


def test_a_refusal_is_explained_and_leaves_no_mean(experiment, curve, row):
    both = ("carphone", "bikes")
    a = experiment([*curve(), row("bikes")], clips=both)
    b = experiment(curve(factor=2) + curve("bikes"), clips=both)
    result = compare(a, b, ratio, ("A", "B"))
    assert said(result) == "B needs 100 % more bits than A at equal PSNR on carphone; not comparable on bikes."
    assert result.mean is None, "a mean over the clips that happened to work would mislead"
    assert result.clips[1].reason == "fewer than 4 points"
    alone = compare(experiment([row()]), experiment([row()]), ratio, ("A", "B"))
    assert said(alone) == "B cannot be compared with A on carphone: fewer than 4 points."
    assert alone.mean is None


def test_clips_count_as_common_only_with_the_same_frames(experiment, curve):
    a, b = experiment(curve()), experiment(curve())
    b.clips = [ClipRef(name="carphone", sha256="f" * 64, frames=120)]
    assert compare(a, b, ratio).clips[0].reason == "the two clips have the same name but different frames"
    b.clips = [a.clips[0].model_copy(update={"frames": 60})]
    assert compare(a, b, ratio).clips[0].reason == "one ran 120 frames, the other 60"
    b.clips = [ClipRef(name="carphone")]
    assert compare(a, b, ratio).clips[0].percent is None


def test_no_common_clip_and_what_was_left_out(experiment, curve):
    result = compare(experiment(curve()), experiment(curve("bikes"), clips=("bikes",)), ratio, ("A", "B"))
    assert said(result) == "A and B have no clip in common."
    assert result.left_out == ["bikes", "carphone"]


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_an_unfinished_run_is_never_ranked(experiment, curve, status):
    result = compare(experiment(curve()), experiment(curve(), status=status), ratio, ("A", "B"))
    assert (result.clips, result.mean) == ([], None)
    assert result.sentence.startswith("B ")
    assert result.sentence.endswith("there is no complete curve to compare.")


def test_code_diff_is_unified_and_empty_for_the_same_code(experiment):
    a = experiment(code="RATES = (1,)\nx = 1", id="first-id")
    b = experiment(code="RATES = (1,)\nx = 2", id="second-id")
    assert code_diff(a, b) == "--- first-id.py\n+++ second-id.py\n@@ -1,2 +1,2 @@\n RATES = (1,)\n-x = 1\n+x = 2\n"
    assert code_diff(a, a) == ""


def test_differences_name_settings_and_not_outcomes(experiment, curve):
    a = experiment(curve(), id="one-id", title="A", environment={"cpu": {"threads": 2}})
    b = experiment([], id="two-id", title="B", limits=Limits(wall_seconds=60), environment={"cpu": {"threads": 4}})
    assert differences(a, b) == [("limits.wall_seconds", 600.0, 60.0), ("environment.cpu.threads", 2, 4)]
    assert differences(a, a) == []
