"""Pictures as 8x8 blocks, with who lies next to whom: `from codec_kit.blocks import Layout, blocks, unblocks`."""

from __future__ import annotations

import numpy as np

from .frames import Frame, VideoInfo


def blocks(plane: np.ndarray, size: int = 8) -> np.ndarray:
    """A plane (H, W), both multiples of `size`, as blocks (n, size, size) in raster order."""
    h, w = plane.shape
    return plane.reshape(h // size, size, w // size, size).swapaxes(1, 2).reshape(-1, size, size)


def unblocks(b: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """What `blocks` took apart, as a plane of this shape again."""
    n = b.shape[1]
    return b.reshape(shape[0] // n, shape[1] // n, n, n).swapaxes(1, 2).reshape(shape)


class Layout:
    """The `total` 8x8 blocks of a picture padded to multiples of 16: `n` of Y, then U, then V, in raster order.

    `grids`: rows and columns of blocks by plane. `cuts`: where U and V begin. `y`, `x` (n,): the corners of Y's blocks.
    `plane` (total,): 0, 1, 2. `near` (total, 4): the blocks above, below, left and right; `total` where there is none.
    `beside` (total, 4): for U the four blocks of Y at its place, for V that of U four times, for Y none (`total`).
    `colour` (total,): checkerboard, 0 and 1 for Y, 2 and 3 for U, 4 and 5 for V: no neighbours are alike.
    """

    def __init__(self, info: VideoInfo) -> None:
        h, w = -(-info.height // 16) * 2, -(-info.width // 16) * 2
        self.info, self.grids, self.cuts = info, ((h, w), (h // 2, w // 2), (h // 2, w // 2)), (h * w, h * w * 5 // 4)
        self.n, self.total = h * w, h * w * 3 // 2
        self.y, self.x = (a.ravel() * 8 for a in np.mgrid[:h, :w])
        index = [a.reshape(grid) for a, grid in zip(np.split(np.arange(self.total), self.cuts), self.grids)]
        padded = [np.pad(a, 1, constant_values=self.total) for a in index]  # total: no such block
        near = [(p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]) for p in padded]
        self.near = np.concatenate([np.stack(a, -1).reshape(-1, 4) for a in near])
        self.plane = np.repeat((0, 1, 2), [a.size for a in index])
        self.colour = np.concatenate([np.indices(a.shape).sum(0).ravel() % 2 for a in index]) + 2 * self.plane
        over = blocks(index[0], 2).reshape(-1, 4), index[1].reshape(-1, 1).repeat(4, 1)
        self.beside = np.concatenate([np.full((self.n, 4), self.total), *over])  # U looks at Y, V at U

    def split(self, frame: Frame) -> np.ndarray:
        """All blocks of a frame, (total, 8, 8) int32; the padding repeats the edge."""
        sizes = [(8 * h - p.shape[0], 8 * w - p.shape[1]) for p, (h, w) in zip(frame, self.grids)]
        padded = [np.pad(p, ((0, below), (0, right)), mode="edge") for p, (below, right) in zip(frame, sizes)]
        return np.concatenate([blocks(p) for p in padded]).astype(np.int32)

    def join(self, b: np.ndarray) -> list[np.ndarray]:
        """The three padded planes of the blocks."""
        return [unblocks(part, (8 * h, 8 * w)) for part, (h, w) in zip(np.split(b, self.cuts), self.grids)]

    def crop(self, planes: list[np.ndarray]) -> Frame:
        """Padded planes with values 0 to 255 as a frame of the video's size."""
        h, w = self.info.luma_shape
        return Frame(*(p[: h // k, : w // k].astype(np.uint8) for p, k in zip(planes, (1, 2, 2))))
