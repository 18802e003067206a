import hashlib

import numpy as np
import pytest

from gpu_agent.codec_kit.frames import planes_of
from gpu_agent.measure import golden

from .test_kernels import reference_ms_ssim, scikit_ssim

DIGESTS = ["486a9a5e363ef170", "019196a6480508cc"]


def test_this_machine_measures_the_golden_pair_right():
    assert golden.check_golden() is None


def test_the_golden_pair_is_the_same_bytes_everywhere():
    digests = [hashlib.sha256(video).hexdigest()[:16] for video in golden.golden_pair()]
    assert digests == DIGESTS


def test_the_expected_figures_are_the_references_own():
    """The committed figures come from scikit-image and from the definition in float64, not from the kernels alone."""
    width, height = golden.VISIBLE
    starts = range(0, golden.INFO.frames * golden.INFO.frame_bytes, golden.INFO.frame_bytes)
    frames = [[planes_of(video[start:], golden.INFO) for video in golden.golden_pair()] for start in starts]
    pairs = [[frame.y[:height, :width] for frame in pair] for pair in frames]
    errors = [((a.astype(float) - b) ** 2).mean() for a, b in pairs]
    expected = {
        "psnr_y": np.mean([10 * np.log10(255**2 / e) for e in errors]),
        "psnr_y_mse": 10 * np.log10(255**2 / np.mean(errors)),
        "psnr_y_min": 10 * np.log10(255**2 / max(errors)),
        "ssim": np.mean([scikit_ssim(a, b) for a, b in pairs]),
        "ssim_u": np.mean([scikit_ssim(a.u, b.u) for a, b in frames]),
        "ssim_v": np.mean([scikit_ssim(a.v, b.v) for a, b in frames]),
        "ms_ssim": np.mean([reference_ms_ssim(a, b) for a, b in pairs]),
    }
    for name, value in expected.items():
        assert golden.EXPECTED[name] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("name", "drift"), [("psnr_u", 1e-6), ("ssim", 1e-6), ("ms_ssim", -1e-6)])
def test_any_drift_is_named(monkeypatch, name, drift):
    monkeypatch.setitem(golden.EXPECTED, name, golden.EXPECTED[name] + drift)
    assert f"measures {name} of the golden pair as" in golden.check_golden()


def test_a_figure_that_went_missing_is_drift(monkeypatch):
    monkeypatch.setitem(golden.EXPECTED, "vif", 0.5)
    assert "vif of the golden pair as None" in golden.check_golden()
