"""Overfitted network: two small convolutional networks learn this one clip and travel in its bitstream.

Motion compensation and an 8x8 DCT give a plain picture, which the next is predicted from. What is shown is what the
networks (one for luma, one for chroma) make of it and of its prediction: they mend what both lack. The encoder trains
them by gradient descent on distortion + lambda * bits with pictures 2, 4, 8, …, on the last ones seen and for as many to
come, and sends what changes of the weights. Those are integers, and every step that the decoder repeats is integer
arithmetic: the same pictures on every machine, with a GPU or without. The decoder trains nothing.

Measured: BD-rate against x264 medium (default settings; PSNR-YUV, PCHIP): carphone (first 60 frames) +81, ciscovt +57,
parkjoy +37 %. On carphone the networks bring 5 %, for 1.0 to 1.6 kB of weights.
"""

from collections import deque
from itertools import pairwise

import numpy as np
from codec_kit.bits import Bits
from codec_kit.blocks import Layout, blocks
from codec_kit.dct import dct, inverse_dct
from codec_kit.learned import Net, tensor, torch
from codec_kit.motion import compensate, fetch, reference_of
from codec_kit.network import ONE, code_layers, fresh, run

RATES = (22, 27, 32, 37)  # quantiser parameter: +6 doubles the step

CHROMA = 8  # its step, in sixteenths of luma's: a sample of chroma counts more in (6 Y + U + V) / 8
LAMBDA = 0.15  # squared steps that a bit must save
SCAN = np.array(sorted(range(64), key=lambda i: (i // 8 + i % 8, i)))  # by diagonals, low frequencies first
GROUPS = (0, 1, 3, 6, 10, 15, 28, 43, 64)  # coefficients coded in one call
NETWORKS = (2, 8, 1), (4, 6, 2)  # channels for luma and for chroma: each plane and where it differs from its prediction
KERNELS = (3, 3)
WINDOW = 4  # pictures that they learn from, the last ones
PART = 128  # rows and columns of them that a step of descent looks at
STEPS = 100  # of descent each time
PACE = (1.0, 2.0)  # of the first layer and the last, in units of the weights


def steps_of(lay, step):
    return np.where(lay.plane > 0, max(1, step * CHROMA >> 4), step)[:, None]


def quantise(residual, step):
    """(n, 8, 8) to levels (n, 64) in scan order, each block cut after the group where distortion + lambda * bits is
    least."""
    c = dct(residual).reshape(-1, 64)[:, SCAN] * (16 / step)
    size = np.abs(c)
    levels = np.floor(size + 0.33)
    bits = np.where(levels > 0, 5 + 2 * np.log2(np.maximum(levels, 1)), 0.3)
    saved = np.add.reduceat(size**2 - (size - levels) ** 2 - LAMBDA * bits, GROUPS[:-1], 1).cumsum(1)
    end = np.where(saved.max(1) > LAMBDA, saved.argmax(1) + 1, 0)
    levels[np.arange(64) >= np.array(GROUPS)[end][:, None]] = 0
    return (np.sign(c) * levels).astype(np.int64)


def code_levels(bits, lay, levels, memory):
    """Levels (n, 64) in scan order, group by group; in each the six colours of a checkerboard one after the other, in
    contexts of the blocks around, of lower frequencies, and of the frame before (`memory`, replaced)."""
    out, size = np.zeros((lay.total, 64), np.int64), np.zeros((lay.total + 1, 8), np.int64)
    for g, (a, b) in enumerate(pairwise(GROUPS)):
        for colour in range(6):
            i = np.flatnonzero(lay.colour == colour)
            lower = np.minimum(size[i, :g][:, ::-1][:, :2].sum(1), 15) if g else np.zeros(len(i), np.int64)
            total = np.minimum(size[i, :g].sum(1), 15)
            around = np.minimum(size[lay.near[i], g].sum(1) + size[lay.beside[i], g].sum(1) // 4, 15)
            before = np.minimum(memory["size"][i, g], 7)
            place = g * 3 + colour // 2
            c = around * 16 + lower, (place * 8 + before) * 16 + around, place * 16 + total
            some = bits.code(f"some{g}", levels[i, a:b].any(1), *c)
            i, c = i[some == 1], [v[some == 1] for v in c]
            c[2] = total[some == 1] * 64
            c = [np.repeat(v, b - a) for v in c]
            c[2] += np.tile(np.arange(a, b), len(i))
            got = bits.signed(f"level{min(g, 3)}", levels[i, a:b].ravel(), *c).reshape(-1, b - a)
            out[i, a:b], size[i, g] = got, np.abs(got).sum(1)
    memory["size"] = size[:-1]
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
    zero = np.zeros(mv[..., 0].size, np.int64)
    change = [bits.signed(f"mv{k}", (mv - memory["mv"])[..., k].ravel(), zero) for k in (0, 1)]
    memory["mv"] = memory["mv"] + np.stack(change, -1).reshape(mv.shape)
    return compensate(lay, memory["reference"], memory["mv"].repeat(2, 0).repeat(2, 1).reshape(-1, 2))


def groups(planes):
    """Planes as the networks take them: (1, h, w) of luma, (2, h / 2, w / 2) of chroma."""
    return np.stack(planes[:1]).astype(np.int64), np.stack(planes[1:]).astype(np.int64)


def seen(plain, prediction):
    """What a network looks at, in its own numbers: the plain picture, and where it differs from the prediction."""
    return np.concatenate([(plain - 128) * (ONE // 64), (plain - prediction) * (ONE // 32)])


def finish(lay, plain, prediction, memory):
    """The plain picture is kept as the next one's reference; shown is what the networks make of it."""
    memory["reference"] = reference_of([np.clip(p, 0, 255).astype(np.int32) for group in plain for p in group])
    shown = []
    for layers, a, b in zip(memory["networks"], plain, prediction):
        shown += [*np.clip((a * ONE + run(layers, seen(a, b)) + ONE // 2) // ONE, 0, 255)]
    return lay.crop(shown)


def train(net, pictures, known, serves):
    """Descend on distortion + LAMBDA * bits, in squared steps, over `serves` pictures like those of the window. Each
    step looks at another part of them, so that large pictures take no longer."""
    look, plain, goal, unit = (tensor(np.stack(a)) for a in zip(*pictures))
    random, (h, w) = np.random.RandomState(serves), plain.shape[2:]
    share = min(h, PART) * min(w, PART) / (h * w) * len(pictures) / serves
    layers = [{"params": [w, b], "lr": lr} for w, b, lr in zip(net.weights, net.biases, PACE)]
    descent = torch.optim.Adam(layers)
    pace = torch.optim.lr_scheduler.LinearLR(descent, 1.0, 0.05, STEPS)
    for _ in range(STEPS):
        top, left = (random.randint(max(n - PART, 0) + 1) for n in (h, w))
        a, b, c = (t[..., top : top + PART, left : left + PART] for t in (look, plain, goal))
        loss = ((b + net(a) - c) / unit).square().sum() / share + LAMBDA * net.bits(known)
        descent.zero_grad()
        loss.backward()
        descent.step()
        pace.step()


def learns(number):
    """With which pictures new weights are sent, counted from 0."""
    return number > 1 and number & (number - 1) == 0


def begin(info):
    lay = Layout(info)
    h, w = lay.grids[1]
    memory = {"mv": np.zeros((h, w, 2), np.int64), "size": np.zeros((lay.total, 8), np.int64)}
    return lay, Bits(), memory | {"networks": [fresh(channels, KERNELS) for channels in NETWORKS]}


def code_networks(bits, wanted, memory):
    known = memory["networks"]
    memory["networks"] = [code_layers(bits, f"net{n}", w, k) for n, (w, k) in enumerate(zip(wanted, known))]


def code_picture(bits, lay, prediction, levels, step, memory, intra):
    """Code the levels; gives the plain picture, in groups."""
    levels = levels.copy()
    if intra:  # means differ little from block to block
        levels[:, 0] = np.diff(levels[:, 0], prepend=0)
    levels = code_levels(bits, lay, levels, memory)
    if intra:
        levels[:, 0] = np.cumsum(levels[:, 0])
    c = np.zeros(levels.shape, np.int64)
    c[:, SCAN] = np.clip(levels * steps_of(lay, step), -(1 << 19), 1 << 19)
    return groups(lay.join(np.clip(prediction + inverse_dct(c.reshape(-1, 8, 8)), -128, 383)))


def encode(video, rate):
    lay, bits, memory = begin(video.info)
    nets = [Net(layers) for layers in memory["networks"]]
    windows = [deque(maxlen=WINDOW) for _ in nets]
    for number, frame in enumerate(video):
        target, intra = lay.split(frame), number == 0
        step = min(max(1, round(16 * 2 ** ((rate - 3 * intra - 4) / 6))), 65535)
        bits.write()
        if intra:
            prediction = np.full(target.shape, 128, np.int32)
        else:
            mv = search(lay.join(target)[0], memory["reference"][0], memory["mv"], step / 10)
            prediction = predict(bits, lay, memory, mv)
        levels = quantise(target - prediction, steps_of(lay, step))
        plain = code_picture(bits, lay, prediction, levels, step, memory, intra)
        flat, goal = groups(lay.join(prediction)), groups(lay.join(target))
        for window, *picture, unit in zip(windows, plain, flat, goal, (step / 16, max(1, step * CHROMA >> 4) / 16)):
            window.append((seen(*picture[:2]) / ONE, picture[0], picture[2], np.full((1, 1, 1), unit)))
        if learns(number):
            for net, window, known in zip(nets, windows, memory["networks"]):
                train(net, window, known, number)
            code_networks(bits, [net.layers() for net in nets], memory)
        finish(lay, plain, flat, memory)
        yield bytes([intra]) + step.to_bytes(2, "little") + bits.close()


def decode(packets, info):
    lay, bits, memory = begin(info)
    for number, packet in enumerate(packets):
        intra, step = packet[0], max(1, int.from_bytes(packet[1:3], "little"))
        bits.read(packet[3:])
        if intra:
            prediction = np.full((lay.total, 8, 8), 128, np.int32)
        else:
            prediction = predict(bits, lay, memory, memory["mv"])
        plain = code_picture(bits, lay, prediction, np.zeros((lay.total, 64), np.int64), step, memory, intra)
        if learns(number):
            code_networks(bits, memory["networks"], memory)
        yield finish(lay, plain, groups(lay.join(prediction)), memory)
