"""What an encoder needs to train a codec's latents and networks with torch; decoders need `network` alone.

`from codec_kit.learned import …`, only where the agent has torch: else importing it says so. Training is in floats and
never has to be repeated: what is sent are integers (levels, weights), which both sides run through `network.run`.
"""

from __future__ import annotations

import math

import numpy as np

from .network import CLASSES, WEIGHT_SCALE, Layer

try:
    import torch
except ImportError:
    raise ImportError(
        "this codec trains a network and needs torch, which this agent does not have (GET /health says so): "
        "install torch there, or begin from a codec without it"
    ) from None

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.set_num_threads(1)  # networks this small gain nothing by more; and so cores do not change the order of sums


def tensor(a: np.ndarray) -> torch.Tensor:
    """Numbers as floats on the device that trains: the GPU where there is one."""
    return torch.as_tensor(a, dtype=torch.float32, device=DEVICE)


def rounded(x: torch.Tensor) -> torch.Tensor:
    """Nearest integers, through which gradients pass as if nothing had been rounded."""
    return x + (torch.round(x) - x).detach()


def laplace_bits(x: torch.Tensor, scale: torch.Tensor | float) -> torch.Tensor:
    """Bits of each value if it is an integer of a Laplace distribution about zero; `scale`: the mean size expected.

    Between integers it is the same integral over x - 1/2 to x + 1/2, so it has a slope to descend."""
    b = torch.as_tensor(scale, dtype=x.dtype, device=x.device).clamp(min=0.02)
    size = x.abs()
    inside = 1 - (torch.exp((size - 0.5).clamp(max=0) / b) + torch.exp(-(size + 0.5) / b)) / 2
    tail = (size - 0.5) / b - torch.log1p(-torch.exp(-1 / b)) + math.log(2)
    return torch.where(size < 0.5, -torch.log(inside.clamp(min=1e-9)), tail) / math.log(2)


def scales(activations: torch.Tensor) -> torch.Tensor:
    """The mean size that a hyperprior's output stands for: 2**activation, within the range of `network.classes`."""
    return 2 ** activations.clamp(-CLASSES / 4, CLASSES / 4 - 0.5)


class Net(torch.nn.Module):
    """`network.run` as torch trains it: the same weights, rounded alike, on activations in floats where 1 is 1."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(tensor(layer.weight)) for layer in layers)
        self.biases = torch.nn.ParameterList(torch.nn.Parameter(tensor(layer.bias)) for layer in layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, in, H, W) to (N, out, H, W)."""
        for n, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            side = weight.shape[-1] // 2
            x = torch.nn.functional.pad(x, (side,) * 4, mode="replicate")
            x = torch.nn.functional.conv2d(x, rounded(weight) / WEIGHT_SCALE, rounded(bias) / WEIGHT_SCALE)
            x = x if n == len(self.weights) - 1 else torch.relu(x)
        return x

    def layers(self) -> list[Layer]:
        """The integers to send and to run."""
        whole = lambda p: np.round(p.detach().cpu().numpy()).astype(np.int64)
        return [Layer(whole(weight), whole(bias)) for weight, bias in zip(self.weights, self.biases)]

    def bits(self, known: list[Layer]) -> torch.Tensor:
        """About what `code_layers` will spend on what differs from `known`: an Exp-Golomb code's length, made smooth."""
        total = torch.zeros((), device=DEVICE)
        for weight, bias, layer in zip(self.weights, self.biases, known):
            for p, old in ((weight, layer.weight), (bias, layer.bias)):
                total = total + (0.5 + 1.5 * torch.log2(1 + (rounded(p) - tensor(old)).abs())).sum()
        return total
