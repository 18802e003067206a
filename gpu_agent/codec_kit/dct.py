"""The 8x8 DCT: `from codec_kit.dct import dct, inverse_dct`. The inverse is exact on every machine."""

from __future__ import annotations

import numpy as np

_BASIS = np.array([[np.cos((2 * i + 1) * k * np.pi / 16) / 2 for i in range(8)] for k in range(8)])
_BASIS[0] /= 2**0.5
_INTEGER = np.round(_BASIS * 8192)  # kept as float64: BLAS multiplies it, and sums stay exact below 2**53


def dct(blocks: np.ndarray) -> np.ndarray:
    """Orthonormal DCT-II of blocks (n, 8, 8), float64: squared errors are the same in both domains."""
    return _BASIS @ blocks @ _BASIS.T


def inverse_dct(coefficients: np.ndarray) -> np.ndarray:
    """Blocks (n, 8, 8) int32 from integer coefficients in sixteenths, below 2**20 in size."""
    sums = _INTEGER.T @ np.asarray(coefficients, np.float64) @ _INTEGER
    return np.floor((sums + 2.0**29) / 2.0**30).astype(np.int32)
