import threading

import pytest

from gpu_agent.measure import DEFINITIONS, MeasureCancelled
from gpu_agent.road.perceptual import OFF, perceptual
from tests.gpu_agent.measure.pairs import natural, noisy, write_pair


@pytest.fixture
def pair(tmp_path):
    frames = [natural(144, 176, 4 * i) for i in range(3)]
    return write_pair(tmp_path, frames, [noisy(y, 8) for y in frames])


def test_figures_models_and_series(pair):
    source, decoded, info = pair
    found = perceptual(source, decoded, info, visible=(176, 144))
    assert found.missing == {}
    assert set(found.figures) - set(DEFINITIONS) == {"vmaf_model", "vmaf_neg_model"}
    assert found.figures["vmaf_model"] == "vmaf_v0.6.1"
    assert found.figures["vmaf"] == pytest.approx(sum(found.series["vmaf"]) / 3, abs=1e-3)
    assert {name: len(values) for name, values in found.series.items()} == {"vmaf": 3, "vmaf_neg": 3, "xpsnr_y": 3}


def test_what_cannot_be_had_has_its_reason(pair):
    source, _, info = pair
    found = perceptual(source, source, info, visible=(176, 144), wanted="off")
    assert found.missing["vmaf"] == found.missing["vmaf_neg"] == OFF
    assert "identical" in found.missing["xpsnr_y"]
    assert found.figures == {}


def test_the_newer_model_stands_beside_and_refuses_small_frames(pair):
    source, decoded, info = pair
    found = perceptual(source, decoded, info, visible=(176, 144), wanted="with_v1")
    assert "176x144" in found.missing["vmaf_v1"]
    assert found.figures["vmaf"] > 0


def test_a_cancel_is_heard(pair):
    source, decoded, info = pair
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(MeasureCancelled):
        perceptual(source, decoded, info, visible=(176, 144), cancel=cancel)
