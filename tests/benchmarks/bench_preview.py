"""Measuring and the browser's preview together, against the way one writes it first: scikit-image and OpenCV."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import peak_signal_noise_ratio

from gpu_agent.codec_kit.frames import planes_of
from gpu_agent.measure import measure, warm
from gpu_agent.models import Clip
from gpu_agent.preview import make_preview

from .bench_measure import HD, moving_pair, scikit_ssim
from .row import Row, fastest

FRAMES, NAIVE_FRAMES = 24, 3
CLIP = Clip(
    name="bench", title="Bench", origin="rendered", sha256="0" * 64, width=HD.width, height=HD.height,
    visible_width=HD.width, visible_height=HD.height, frames=FRAMES, fps="30", seconds=FRAMES / 30,
)  # fmt: skip


def run() -> list[Row]:
    warm()
    info, few = HD._replace(frames=FRAMES), HD._replace(frames=NAIVE_FRAMES)
    with tempfile.TemporaryDirectory(prefix="codec-lab-bench-") as name:
        folder = Path(name)
        source, decoded = moving_pair(folder, info)
        raws = [path.read_bytes()[: NAIVE_FRAMES * few.frame_bytes] for path in (source, decoded)]

        def ours() -> None:
            measure(source, decoded, info, threads=2)
            make_preview(decoded, info, folder / "preview.mp4", clip_facts=CLIP)

        def naive() -> None:
            writer = cv2.VideoWriter(
                str(folder / "naive.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (HD.width, HD.height)
            )
            for index in range(NAIVE_FRAMES):
                pair = [planes_of(raw[index * few.frame_bytes :][: few.frame_bytes], few) for raw in raws]
                for a, b in zip(*pair):
                    peak_signal_noise_ratio(a, b, data_range=255)
                    scikit_ssim(a, b)
                flat = np.frombuffer(raws[1], np.uint8, few.frame_bytes, index * few.frame_bytes)
                writer.write(cv2.cvtColor(flat.reshape(HD.height * 3 // 2, HD.width), cv2.COLOR_YUV2BGR_I420))
            writer.release()

        mine, theirs = fastest(ours, naive, rounds=2)
    mine, theirs = mine / FRAMES, theirs / NAIVE_FRAMES
    ratio = theirs / mine
    return [
        Row(
            "full set without VMAF, and preview, per 1080p frame",
            f"{mine * 1e3:.1f} ms",
            f"{theirs * 1e3:.0f} ms scikit-image (PSNR, SSIM) and cv2.VideoWriter",
            f"{ratio:.0f}x",
            "≥ 12x",
            ratio >= 12,
        )
    ]
