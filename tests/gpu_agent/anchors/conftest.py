import hashlib

import numpy as np
import pytest
from skimage import data

from gpu_agent.models import Clip


@pytest.fixture
def clip_file(tmp_path):
    """A moving photograph of 128x96, visible 127x95, 6 frames at 25 a second: (raw planes, clip)."""
    photo = data.astronaut()[100:240, 150:300].astype(np.uint8)
    frames = []
    for t in range(6):
        window = photo[t : t + 96, 2 * t : 2 * t + 128]
        frames += [window[..., 1], window[::2, ::2, 0], window[::2, ::2, 2]]
    raw = b"".join(plane.tobytes() for plane in frames)
    path = tmp_path / "source.yuv"
    path.write_bytes(raw)
    return path, Clip(
        name="photo",
        title="Photo",
        origin="rendered",
        sha256=hashlib.sha256(raw).hexdigest(),
        width=128,
        height=96,
        visible_width=127,
        visible_height=95,
        frames=6,
        fps="25",
        seconds=0.24,
    )
