"""Codecs for the browser tests: quick, and each with one property that a test looks at."""

from __future__ import annotations

PLAIN = '''"""Plain planes: each frame deflated, coarser with a higher rate."""

import zlib

import numpy as np
from codec_kit import Frame

RATES = (4, 16)


def encode(video, rate):
    for frame in video:
        planes = np.concatenate([np.ravel(p) for p in frame]) // rate
        yield bytes([rate]) + zlib.compress(planes.tobytes(), 1)


def decode(packets, info):
    luma = info.width * info.height
    for packet in packets:
        planes = np.frombuffer(zlib.decompress(packet[1:]), np.uint8).astype(int) * packet[0] + packet[0] // 2
        planes = np.clip(planes, 0, 255).astype(np.uint8)
        yield Frame(
            planes[:luma].reshape(info.luma_shape),
            planes[luma : luma * 5 // 4].reshape(info.chroma_shape),
            planes[luma * 5 // 4 :].reshape(info.chroma_shape),
        )
'''

NEGATIVE = PLAIN.replace("RATES = (4, 16)", "RATES = (4,)").replace(
    "np.clip(planes, 0, 255)", "255 - np.clip(planes, 0, 255)"
)
"""What it decodes cannot be taken for its source."""

SLOW = PLAIN.replace("import zlib", "import time\nimport zlib").replace(
    "    for frame in video:\n", "    for frame in video:\n        time.sleep(5)\n"
)
"""Five seconds a frame in encode, so that a test can do something meanwhile."""

BROKEN = PLAIN.replace(
    "    for packet in packets:\n",
    '    print("about to fail")\n    raise RuntimeError("the tables do not fit")\n    for packet in packets:\n',
)
