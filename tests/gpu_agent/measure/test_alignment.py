import pytest

from gpu_agent.measure import measure

from .pairs import natural, noisy, write_pair


def moving(count):
    return [natural(96, 128, 4 * i) for i in range(count)]


@pytest.mark.parametrize(("delay", "when"), [(1, "late"), (-1, "early")])
def test_frames_that_come_a_frame_late_or_early_are_named(tmp_path, delay, when):
    frames = moving(8)
    decoded = [noisy(frames[min(max(i - delay, 0), 7)], 3) for i in range(8)]
    m = measure(*write_pair(tmp_path, frames, decoded))
    assert f"one frame {when}" in m.alignment_warning
    assert m.psnr_y < 30  # said, not corrected


@pytest.mark.parametrize("sigma", [0, 3, 40])
def test_aligned_frames_raise_no_warning_however_bad(tmp_path, sigma):
    frames = moving(8)
    m = measure(*write_pair(tmp_path, frames, [noisy(y, sigma, seed=i) for i, y in enumerate(frames)]))
    assert m.alignment_warning is None


def test_still_video_and_single_frames_raise_no_warning(tmp_path):
    still = [natural(96, 128)] * 5
    assert measure(*write_pair(tmp_path, still, [noisy(y, 3) for y in still])).alignment_warning is None
    assert measure(*write_pair(tmp_path, still[:1], [noisy(still[0], 3)])).alignment_warning is None


def test_a_codec_that_repeats_every_other_frame_is_not_called_misaligned(tmp_path):
    frames = moving(9)
    assert measure(*write_pair(tmp_path, frames, [frames[i // 2 * 2] for i in range(9)])).alignment_warning is None
