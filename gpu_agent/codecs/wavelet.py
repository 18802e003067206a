"""Wavelet: no blocks in the transform. Each picture less its motion-compensated prediction is split by the CDF 9/7
wavelet (that of JPEG 2000) into bands from coarse to fine, and coded in contexts of the coarser and the earlier.

Lifting in fixed-point integers keeps encoder and decoder together on any machine. Blocks of motion leave edges that a
wavelet codes dearly: overlapping them would be a good first improvement.

Measured: +64 % BD-rate against x264 medium (default settings; PSNR-YUV, PCHIP): carphone +111, ciscovt +44, parkjoy
+49, seeking (first 17 frames) +51.
"""

import numpy as np
from codec_kit.bits import Bits
from codec_kit.blocks import Layout, blocks
from codec_kit.motion import compensate, fetch, reference_of

RATES = (22, 27, 32, 37)  # quantiser parameter: +6 doubles the step

CHROMA = 8  # sixteenths of luma's step
DEPTHS = (4, 3, 3)  # octaves for Y, U, V
LIFTS = (-6497, -217, 3616, 1817)  # Daubechies and Sweldens' steps, in 1/4096: odd, even, odd, even
LOW, HIGH = 4709, 3563  # 1.1496 and its inverse, in 1/4096: bands then weigh alike, so that one step serves all


def scaled(a, factor):
    return (a * factor + 2048) >> 12


def beside(a, forward):
    """The sum of each row and the one after (or before) it; the edge is mirrored."""
    return a + np.concatenate([a[1:], a[-1:]] if forward else [a[:1], a[:-1]])


def analyse(a):
    """Rows (2n, m) to n low over n high ones."""
    even, odd = a[0::2].copy(), a[1::2].copy()
    for k, lift in enumerate(LIFTS):
        if k % 2:
            even += scaled(beside(odd, False), lift)
        else:
            odd += scaled(beside(even, True), lift)
    return np.concatenate([scaled(even, LOW), scaled(odd, HIGH)])


def synthesise(a):
    half = len(a) // 2
    even, odd = scaled(a[:half], HIGH), scaled(a[half:], LOW)
    for k, lift in reversed(list(enumerate(LIFTS))):
        if k % 2:
            even -= scaled(beside(odd, False), lift)
        else:
            odd -= scaled(beside(even, True), lift)
    return np.stack([even, odd], 1).reshape(a.shape)


def forward(plane, depth):
    """A plane of integers to its bands: low frequencies at the top left, values in sixteenths."""
    out = plane.astype(np.int64) << 4
    for k in range(depth):
        h, w = out.shape[0] >> k, out.shape[1] >> k
        out[:h, :w] = analyse(analyse(out[:h, :w]).T).T
    return out


def inverse(bands, depth):
    out = bands.copy()
    for k in reversed(range(depth)):
        h, w = out.shape[0] >> k, out.shape[1] >> k
        out[:h, :w] = synthesise(synthesise(out[:h, :w].T).T)
    return (out + 8) >> 4


def quantise(bands, step):
    """Rounded up late, and later still where little lies around: a lone small value costs more bits than it is worth."""
    size = np.abs(bands) * 16 // step
    p = np.pad(np.minimum(size, 32), 1)
    near = sum(np.roll(p, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1))[1:-1, 1:-1] - p[1:-1, 1:-1]
    return np.sign(bands) * ((size + np.where(near > 48, 6, 2)) >> 4)


def around(size, y, x):
    """Sum of the eight neighbours known by now, those above, below and beside counted twice."""
    cross = size[y, x + 1] + size[y + 2, x + 1] + size[y + 1, x] + size[y + 1, x + 2]
    return 2 * cross + size[y, x] + size[y, x + 2] + size[y + 2, x] + size[y + 2, x + 2]


def code_bands(bits, name, levels, depth, memory):
    """Levels (h, w) of a plane, band by band from coarse to fine; in each a quarter of the places first, then those
    diagonal to them, then the rest. `memory` by name: magnitudes of the frame before, replaced."""
    out = np.zeros_like(levels)
    before = np.pad(memory.get(name, out), 1)
    for k in range(depth, -1, -1):
        bands = ((0, 0),) if k == depth else ((0, 1), (1, 0), (1, 1))
        h, w = (n >> min(k + 1, depth) for n in out.shape)
        other = np.zeros((h, w), np.int64)  # magnitudes at the same place in the octave's earlier bands
        for kind, (down, right) in enumerate(bands):
            top, left = down * h, right * w
            parent = np.zeros((h, w), np.int64)
            if k < depth - 1:
                parent = np.abs(out[top // 2 : (top + h) // 2, left // 2 : (left + w) // 2]).repeat(2, 0).repeat(2, 1)
            size, got = np.zeros((h + 2, w + 2), np.int64), np.zeros((h, w), np.int64)
            yy, xx = np.indices((h, w))
            turn = np.where((yy + xx) % 2, 2, yy % 2)
            place = (k + 1) * 3 + kind if k < depth else 0
            for phase in range(3):
                y, x = np.nonzero(turn == phase)
                near, up = np.minimum(around(size, y, x), 15), np.minimum(parent[y, x], 7)
                old = np.minimum(around(before, y + top, x + left) + 4 * before[y + top + 1, x + left + 1], 15)
                c = ((near * 8 + up) * 3 + phase) * 2 + (k == 0), (old * 16 + near) * 3 + phase, place * 64 + up * 8
                c = (*c[:2], c[2] + np.minimum(other[y, x], 7))
                value = bits.signed(f"{name[0]}{'' if k < depth else 'low'}", levels[y + top, x + left], *c)
                got[y, x], size[y + 1, x + 1] = value, np.abs(value)
            out[top : top + h, left : left + w] = got
            other += np.abs(got)
    memory[name] = np.abs(out)
    return out


def search(target, phases, start, lam):
    """Vectors (h, w, 2) for 16x16 blocks, in quarter samples, from far to near: SAD + lam * size of the change."""
    mv, goal = start, blocks(target, 16)
    y, x = (a.ravel() * 16 for a in np.mgrid[: mv.shape[0], : mv.shape[1]])
    for step in (32, 16, 8, 4, 2, 1):
        f = np.pad(mv, ((1, 1), (1, 1), (0, 0)), mode="edge")
        near = [f[:-2, 1:-1], f[2:, 1:-1], f[1:-1, :-2], f[1:-1, 2:]]
        moves = [mv + np.array([dy, dx]) for dy in (-step, 0, step) for dx in (-step, 0, step)]
        options = np.array([start, mv * 0, *near, *moves]).reshape(-1, len(goal), 2)
        costs = np.array([np.abs(fetch(phases, y, x, o, 16) - goal).sum((1, 2)) for o in options])
        costs = costs + lam * np.log2(1 + np.abs(options - start.reshape(-1, 2))).sum(-1)
        mv = options[np.argmin(costs, 0), np.arange(len(goal))].reshape(mv.shape)
    return mv


def predict(bits, lay, memory, mv):
    """Code the vectors as changes since the frame before, and move the reference along them."""
    change = np.stack(
        [bits.signed(f"mv{k}", (mv - memory["mv"])[..., k].ravel(), np.zeros(mv[..., 0].size, int)) for k in (0, 1)], -1
    )
    memory["mv"] = memory["mv"] + change.reshape(mv.shape)
    moved = compensate(lay, memory["reference"], memory["mv"].repeat(2, 0).repeat(2, 1).reshape(-1, 2))
    return lay.join(moved)


def code_picture(bits, lay, prediction, target, step, memory):
    """Code what prediction leaves of target (planes); returns the decoded frame."""
    planes = []
    for name, p, t, depth in zip("YUV", prediction, target, DEPTHS):
        own = step if name == "Y" else max(1, step * CHROMA >> 4)
        levels = code_bands(
            bits, "Y" if name == "Y" else "C" + name, quantise(forward(t - p, depth), own), depth, memory
        )
        planes.append(np.clip(p + inverse(levels * own, depth), 0, 255).astype(np.int32))
    memory["reference"] = reference_of(planes)
    return lay.crop(planes)


def begin(info):
    lay = Layout(info)
    h, w = lay.grids[1]
    return lay, Bits(), {"mv": np.zeros((h, w, 2), np.int64)}


def grey(lay):
    return [np.full((8 * h, 8 * w), 128, np.int32) for h, w in lay.grids]


def encode(video, rate):
    lay, bits, memory = begin(video.info)
    for number, frame in enumerate(video):
        target, intra = lay.join(lay.split(frame)), number == 0
        step = min(max(1, round(16 * 2 ** ((rate - 3 * intra - 4) / 6))), 65535)
        bits.write()
        if intra:
            prediction = grey(lay)
        else:
            mv = search(target[0], memory["reference"][0], memory["mv"], step / 10)
            prediction = predict(bits, lay, memory, mv)
        code_picture(bits, lay, prediction, target, step, memory)
        yield bytes([intra]) + step.to_bytes(2, "little") + bits.close()


def decode(packets, info):
    lay, bits, memory = begin(info)
    for packet in packets:
        intra, step = packet[0], max(1, int.from_bytes(packet[1:3], "little"))
        bits.read(packet[3:])
        prediction = grey(lay) if intra else predict(bits, lay, memory, memory["mv"])
        yield code_picture(bits, lay, prediction, prediction, step, memory)
