"""The codec contract: the one definition that the prompt, the editor's check, the runner and the tests read."""

from __future__ import annotations

DEFAULT_RATES: tuple[int, ...] = (22, 27, 32, 37)
"""The rate points of a codec that names none."""

MAX_RATES = 16

PACKETS_PER_FRAME, PACKETS_BESIDE = 64, 1024
"""Packets that a bitstream may have: codecs write one a frame, a few where each tile or slice has its own, some beside
for headers. The agent's work and memory for a run grow with packets, not only with bytes: an empty one costs it as much
as a full one."""

LIBRARIES: tuple[str, ...] = ("numpy", "scipy", "numba", "cv2", "constriction", "torch", "codec_kit")
"""What a codec may import beside Python's standard library. `torch` only where the agent says it has it."""

CONTRACT = """\
A codec is one Python module:

```python
RATES = (22, 27, 32, 37)            # the codec's own quality knob, best quality first: its default rate points

def encode(video, rate):            # yields packets (bytes). video: a sequence of frames (len, index, iterate) with video.info
def decode(packets, info):          # packets: an iterable of bytes. Yields exactly info.frames frames, in display order
```

- A frame is `Frame(y, u, v)` (from `codec_kit`; any three arrays will do): uint8 planes, 4:2:0, shapes (H, W), (H/2, W/2), (H/2, W/2). H and W are even. Planes of `video` are read-only: copy before changing them.
- `info` is `VideoInfo(width, height, frames, fps)`, fps a Fraction. `video.info` is the same. decode gets `info`; it need not be sent.
- The lab writes the packets to a file, each with its length. The size of that file is the rate. At most 64 packets a frame and 1024 beside fit in it, empty ones counted too; more fails the run. Nothing else crosses from encode to decode: they run in two fresh processes without network, files or memory in common. Do not rely on globals set by encode.
- decode must yield `info.frames` frames of exactly these shapes and dtype, and should yield each as soon as it can. A wrong count, shape or dtype fails the run; nothing is fixed up.
- The lab measures PSNR and SSIM on the planes itself. What a codec prints or returns about itself is ignored, except that print() goes to the run's log.
- A codec may import Python's standard library, numpy, scipy, numba, cv2, constriction, `codec_kit`, and torch where the agent has it. No network, no subprocesses, no files but small ones in /tmp.
- `codec_kit` has, beside Frame and VideoInfo: `codec_kit.bits.Bits` (adaptive binary range coding of whole arrays, several contexts mixed), `codec_kit.blocks` (Layout, blocks, unblocks), `codec_kit.dct` (exact integer 8x8 DCT), `codec_kit.motion` (quarter-sample motion compensation), `codec_kit.deblock`, `codec_kit.network` (small convolutional networks run in integers, weights coded as changes), and `codec_kit.learned` (training them with torch; imports only where the agent has it).
- Comments and docstrings are taken out before the module runs (every line stays where it is): they are for people, are not counted, and cannot be read by the codec. What is left, compressed, is the decoder's size.
- The module is imported afresh in each run, so module-level code should be quick. Decoding must not depend on anything but the packets and `info`; it should give the same bits on every machine (prefer integer arithmetic in the prediction loop).
- Memory is bounded: iterate over the frames, do not collect a long video in a list.
"""


def most_packets(frames: int) -> int:
    """How many packets the bitstream of so many frames may have."""
    return PACKETS_PER_FRAME * frames + PACKETS_BESIDE


EXAMPLE = '''\
"""Difference to the previous frame, quantised and deflated: the smallest codec that shows the contract."""

import zlib

import numpy as np
from codec_kit import Frame

RATES = (2, 4, 8, 16)


def flat(frame):
    return np.concatenate([plane.ravel() for plane in frame]).astype(np.int16)


def encode(video, rate):
    known = np.zeros(video.info.frame_bytes, np.int16)
    for frame in video:
        levels = np.round((flat(frame) - known) / rate).astype(np.int16)
        known = np.clip(known + levels * rate, 0, 255)
        yield bytes([rate]) + zlib.compress(levels.tobytes(), 9)


def decode(packets, info):
    known = np.zeros(info.frame_bytes, np.int16)
    luma, chroma = info.width * info.height, info.width * info.height // 4
    for packet in packets:
        levels = np.frombuffer(zlib.decompress(packet[1:]), np.int16)
        known = np.clip(known + levels * packet[0], 0, 255)
        planes = known.astype(np.uint8)
        yield Frame(
            planes[:luma].reshape(info.luma_shape),
            planes[luma : luma + chroma].reshape(info.chroma_shape),
            planes[luma + chroma :].reshape(info.chroma_shape),
        )
'''
