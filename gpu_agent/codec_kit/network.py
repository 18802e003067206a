"""Small convolutional networks in integers: the decoder's side of a learned codec, without torch.

`from codec_kit.network import …`. Weights are integers in 1/64, activations integers in 1/256. They are multiplied as
float64 matrices, which is exact whatever the order of the sums, as these stay far below 2**53: every machine gets the
same values, and so a network may stand inside the prediction loop. `codec_kit.learned` trains its twin in torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bits import Bits

WEIGHT_SCALE = 64
ONE = 256
"""What the value 1 is as an activation."""

WEIGHT_LIMIT, LIMIT = 1 << 15, 1 << 20
CLASSES = 32


class Layer(NamedTuple):
    """A convolution: `weight` (out, in, k, k) in 1/64, k odd; `bias` (out,) in 1/64. Both int64."""

    weight: np.ndarray
    bias: np.ndarray


def fresh(channels: tuple[int, ...], kernels: tuple[int, ...], seed: int = 0) -> list[Layer]:
    """The network that both sides begin from: random features, and a last layer of zeros, so that it adds nothing.

    `channels`: of the input, of each hidden layer, of the output; `kernels`: the side of each layer's."""
    random = np.random.RandomState(seed)  # numpy promises never to change what this one draws
    layers = []
    for n, (before, after, k) in enumerate(zip(channels[:-1], channels[1:], kernels, strict=True)):
        reach = round(1.7 * WEIGHT_SCALE / (before * k * k) ** 0.5) if n < len(kernels) - 1 else 0
        weight = random.randint(-reach, reach + 1, (after, before, k, k), dtype=np.int64)
        layers.append(Layer(weight, np.zeros(after, np.int64)))
    return layers


def run(layers: list[Layer], x: np.ndarray) -> np.ndarray:
    """Activations (in, H, W) int64 to (out, H, W): rectified between layers, the picture's edge repeated."""
    for n, (weight, bias) in enumerate(layers):
        out, before, k, _ = weight.shape
        _, h, w = x.shape
        x = np.pad(np.clip(x, -LIMIT, LIMIT), ((0, 0), (k // 2, k // 2), (k // 2, k // 2)), mode="edge").astype(float)
        sums = np.zeros((out, h * w))
        for y in range(k):
            for z in range(k):
                sums += weight[:, :, y, z].astype(float) @ x[:, y : y + h, z : z + w].reshape(before, -1)
        x = (sums.astype(np.int64) + WEIGHT_SCALE // 2) // WEIGHT_SCALE + (bias * (ONE // WEIGHT_SCALE))[:, None]
        x = (x if n == len(layers) - 1 else np.maximum(x, 0)).reshape(out, h, w)
    return np.clip(x, -LIMIT, LIMIT)


def code_layers(bits: Bits, name: str, wanted: list[Layer], known: list[Layer]) -> list[Layer]:
    """Code the weights as changes of `known`, which both sides have; returns the new ones. In reading `wanted` may be
    any network of that shape, such as `known`."""
    out = []
    for n, layer in enumerate(known):
        parts = []
        for kind, (new, old) in enumerate(zip(wanted[n], layer)):
            context = np.full(old.size, 2 * min(n, 2000) + kind)
            change = bits.signed(f"{name} weights", (new - old).ravel(), context).reshape(old.shape)
            parts.append(np.clip(old + change, -WEIGHT_LIMIT, WEIGHT_LIMIT))
        out.append(Layer(*parts))
    return out


def classes(activations: np.ndarray) -> np.ndarray:
    """A hyperprior's output as contexts 0 to 31 for `Bits`: steps of half a power of two in the size that it expects of
    a latent (`learned.scales` is the same in training). What is in each class the coder learns by itself."""
    return np.clip((activations * 2 + ONE // 2) // ONE + CLASSES // 2, 0, CLASSES - 1)
