from __future__ import annotations

import cv2
import numpy as np
import pytest

from gpu_agent.preview import crop_png
from gpu_agent.preview.crop import GAP, SCALE

from .conftest import clip_of


@pytest.fixture
def pair(numbered, tmp_path):
    """Full range, so that grey is its luma; the decoded frame 2 is one step too bright in one sample."""
    source, info = numbered()
    samples = np.fromfile(source, np.uint8)
    samples[2 * info.frame_bytes + 10 * info.width + 21] += 2
    decoded = tmp_path / "decoded.yuv"
    decoded.write_bytes(samples.tobytes())
    return source, decoded, info, clip_of(info, full_range=True)


def panels(png: bytes, width: int):
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., 1][::SCALE, ::SCALE]
    step = width + GAP
    assert image.shape[1] == 3 * width + 2 * GAP
    assert (image[:, width:step] == 255).all()
    return [image[:, i * step : i * step + width] for i in range(3)]


def test_source_decoded_and_error_of_the_area(pair):
    source, decoded, info, facts = pair
    planes = [np.fromfile(p, np.uint8, 64 * 32, offset=2 * info.frame_bytes).reshape(32, 64) for p in (source, decoded)]
    left, middle, right = panels(crop_png(source, decoded, info, 2, (16, 8, 24, 16), gain=8, facts=facts), 24)
    assert (left == planes[0][8:24, 16:40]).all()
    assert (middle == planes[1][8:24, 16:40]).all()
    assert right[2, 5] == 128 + 8 * 2
    right[2, 5] = 128
    assert (right == 128).all()


def test_odd_sides_and_areas_outside(pair):
    source, decoded, info, facts = pair
    assert panels(crop_png(source, decoded, info, 0, (0, 0, 63, 31), facts=facts), 63)[0].shape == (31, 63)
    for area in ((1, 0, 8, 8), (0, 0, 65, 8), (60, 0, 8, 8), (-2, 0, 8, 8)):
        with pytest.raises(ValueError, match="not within 64x32"):
            crop_png(source, decoded, info, 0, area, facts=facts)
    with pytest.raises(ValueError, match="no frame 12"):
        crop_png(source, decoded, info, 12, (0, 0, 8, 8), facts=facts)
