"""Motion-compensated DCT: what a picture shares with the one before is moved there, the rest is transformed.

Every step that the decoder repeats is integer arithmetic (held in float64 where numpy multiplies matrices faster,
exact below 2**53), so that encoder and decoder stay together on any machine.

Measured: +37 % BD-rate against x264 medium (default settings; PSNR-YUV, PCHIP): carphone +52, ciscovt +41, parkjoy +30,
seeking (first 17 frames) +28.
"""

import numpy as np
from codec_kit.bits import Bits
from codec_kit.blocks import Layout, blocks
from codec_kit.dct import dct, inverse_dct
from codec_kit.deblock import deblock
from codec_kit.motion import compensate, fetch, reference_of

RATES = (22, 27, 32, 37)  # quantiser parameter: +6 doubles the step

CHROMA = 8  # its step, in sixteenths of luma's: a sample of chroma counts more in (6 Y + U + V) / 8
LAMBDA = 0.15  # squared steps that a bit must save
SCAN = np.array(sorted(range(64), key=lambda i: (i // 8 + i % 8, i)))  # by diagonals, low frequencies first
GROUPS = (0, 1, 3, 6, 10, 15, 28, 43, 64)  # coefficients coded in one call; contexts come from earlier groups


def quantise(residual, step):
    """(n, 8, 8) to levels (n, 64) in scan order, each block cut after the group where distortion + lambda * bits is
    least; also that cost, in squared samples."""
    c = dct(residual).reshape(-1, 64)[:, SCAN] * (16 / step)
    size = np.abs(c)
    levels = np.floor(size + 0.33)
    bits = np.where(levels > 0, 5 + 2 * np.log2(np.maximum(levels, 1)), 0.3)
    saved = np.add.reduceat(size**2 - (size - levels) ** 2 - LAMBDA * bits, GROUPS[:-1], 1).cumsum(1)
    best = saved.max(1) - LAMBDA
    end = np.where(best > 0, saved.argmax(1) + 1, 0)
    levels[np.arange(64) >= np.array(GROUPS)[end][:, None]] = 0
    return (np.sign(c) * levels).astype(np.int64), ((size**2).sum(1) - np.maximum(best, 0)) * (np.ravel(step) / 16) ** 2


def steps_of(lay, step):
    return np.where(lay.plane > 0, (step * CHROMA + 8) >> 4, step)[:, None]


def code_levels(bits, lay, levels, memory, intra):
    """Levels (n, 64): how many groups each block has (checkerboard, so that half see all their neighbours), then the
    groups, in contexts of what lies around in frequency. `memory`: group counts of the frame before, replaced."""
    ends = ((np.add.reduceat(np.abs(levels), GROUPS[:-1], 1) > 0) * np.arange(1, 9)).max(1)
    known = np.zeros(lay.total + 1, np.int64)
    for colour in range(6):
        i = np.flatnonzero(lay.colour == colour)
        around, beside, before = known[lay.near[i]].sum(1), known[lay.beside[i]].sum(1) // 4, memory["ends"][i]
        c = around * 6 + colour, (beside * 9 + before) * 6 + colour, ((around + 2) // 4 * 9 + before) * 9 + beside
        known[i] = bits.unary("end", ends[i], 8, *c)
    ends = memory["ends"] = known[:-1]
    out, size = np.zeros((lay.total, 64), np.int64), np.zeros((lay.total, 10, 10), np.int64)  # a margin of two
    kind = (lay.plane > 0) + 2 * intra
    for g in range(8):
        who, at = np.flatnonzero(ends > g)[:, None], np.arange(GROUPS[g], GROUPS[g + 1])
        v, u = SCAN[at] // 8 + 2, SCAN[at] % 8 + 2
        near = 2 * (size[who, v - 1, u] + size[who, v, u - 1]) + size[who, v - 2, u] + size[who, v, u - 2]
        near = np.minimum(near + size[who, v - 1, u - 1], 11)
        total, left = np.minimum(size[who[:, 0]].sum((1, 2)), 15)[:, None], np.minimum(ends[who] - g - 1, 3)
        place = kind[who] * 8 + g
        c = (left * 32 + place) * 12 + near, (kind[who] * 64 + at) * 4 + left, (total * 4 + left) * 32 + place
        c = [np.broadcast_to(a, near.shape).ravel() for a in c]
        wanted = levels[who, at].ravel()
        got = bits.unary(f"level{min(g, 3)}", np.abs(wanted), 14, *c)
        big, some = np.flatnonzero(got == 14), np.flatnonzero(got)
        got[big] += bits.number("more", np.abs(wanted[big]) - 14, big * 0)
        size[who, v, u] = got.reshape(near.shape)
        got[some] *= 1 - 2 * bits.raw(wanted[some] < 0)
        out[who, at] = got.reshape(near.shape)
    return out


def code_field(bits, name, wanted, grid, activity, start, choose=None):
    """A vector (n, k) for each block of a grid, coarse to fine, as the difference from the median of what is known on
    all sides (`start` where nothing is). `choose` lets an encoder settle for the median."""
    h, w = grid
    field, known = np.zeros((h + 16, w + 16, wanted.shape[1]), np.int64), np.zeros((h + 16, w + 16), np.int64)
    for s, cross in (8, None), (4, 0), (4, 1), (2, 0), (2, 1), (1, 0), (1, 1):
        y, x = (a.ravel() for a in np.mgrid[:h:s, :w:s])
        turn = (y // s % 2) + (x // s % 2)
        y, x = (y, x) if cross is None else (y[turn == 2 - cross], x[turn == 2 - cross])
        i, y, x = y * w + x, y + 8, x + 8
        shift = ((-s, 0), (s, 0), (0, -s), (0, s)) if cross else ((-s, -s), (-s, s), (s, -s), (s, s))
        around = [(y + a, x + b) for a, b in shift]
        near = [np.where(known[at][:, None] > 0, field[at], start[i]) for at in around]
        guess = np.sort([*near, sum(near) >> 2], 0)[2]
        spread = np.minimum(np.frexp(np.abs(near - guess).sum((0, 2)))[1], 9)
        moved = sum(known[at] for at in around)  # of each 1: as guessed, 2: not
        delta = (choose(i, guess) if choose else wanted[i]) - guess
        c = spread * 10 + moved, activity[i] * 10 + moved, moved + 10 * (s == 1)
        go = np.flatnonzero(bits.code(f"{name} moved", delta.any(1), *c))
        goal, delta = delta[go], np.zeros_like(guess)
        for k in range(goal.shape[1]):
            c = spread[go], np.minimum(np.abs(delta[go, 0]), 9) + 10 * k
            delta[go, k] = bits.signed(f"{name}{k}", goal[:, k], *c)
        field[y, x], known[y, x] = guess + delta, 1 + delta.any(1)
    return field[8:-8, 8:-8].reshape(h * w, -1)


def vector_bits(d):
    return np.where(d, 3 + 2 * np.log2(np.maximum(np.abs(d), 1)), 0.5).sum(-1)


def search(target, phases, start, grid, lam):
    """Vectors (n, 2) in quarter samples: 16x16 blocks from far to near, then their 8x8 quarters."""
    mv = start.reshape(*grid, 2)[::2, ::2]
    for size, steps in (16, (64, 32, 16, 8, 4, 2, 1, 2, 1)), (8, (4, 2, 1)):
        goal = blocks(target, size)
        y, x = (a.ravel() * size for a in np.mgrid[: mv.shape[0], : mv.shape[1]])
        for step in steps:
            f = np.pad(mv, ((1, 1), (1, 1), (0, 0)), mode="edge")
            near = [f[:-2, 1:-1], f[2:, 1:-1], f[1:-1, :-2], f[1:-1, 2:]]
            centre = np.sort([*near, mv], 0)[2].reshape(-1, 2)
            moves = [mv + np.array([dy, dx]) for dy in (-step, 0, step) for dx in (-step, 0, step)]
            options = np.array([*near, mv * 0, *moves]).reshape(-1, len(goal), 2)
            costs = [np.abs(fetch(phases, y, x, o, size) - goal).sum((1, 2)) for o in options]
            costs += lam * vector_bits(options - centre)
            mv = options[np.argmin(costs, 0), np.arange(len(goal))].reshape(mv.shape)
        mv = mv.repeat(2, 0).repeat(2, 1) if size == 16 else mv
    return mv.reshape(-1, 2)


def predict_flat(bits, lay, means, step):
    """Intra: blocks of their mean; `means` (n, 1) in units of step / 8."""
    out = []
    for name, m, grid in zip("YUV", np.split(means, lay.cuts), lay.grids):
        out.append(code_field(bits, f"mean {name}", m, grid, m[:, 0] * 0, np.full(m.shape, 128 * 128 // step)))
    return np.clip((np.concatenate(out)[:, :, None] * step + 64) >> 7, 0, 255)


def start(info):
    lay = Layout(info)
    return lay, Bits(), {"ends": np.zeros(lay.total, np.int64), "mv": np.zeros((lay.n, 2), np.int64)}


def reconstruct(lay, prediction, levels, step, memory):
    c = np.zeros(levels.shape)
    c[:, SCAN] = levels * steps_of(lay, step)
    planes = lay.join(prediction + inverse_dct(c.reshape(-1, 8, 8)))
    deblock(planes, [e.reshape(grid) > 0 for e, grid in zip(np.split(memory["ends"], lay.cuts), lay.grids)], step)
    planes = [np.clip(p, 0, 255) for p in planes]
    memory["reference"] = reference_of(planes)
    return lay.crop(planes)


def code_motion(bits, lay, target, mv, memory, step):
    """Code each vector that a search found, or the guess for it where that costs less."""
    phases, slope = memory["reference"][0], LAMBDA * (step / 16) ** 2
    _, cost = quantise(target[: lay.n] - fetch(phases, lay.y, lay.x, mv), step)

    def choose(i, guess):
        _, other = quantise(target[i] - fetch(phases, lay.y[i], lay.x[i], guess), step)
        return np.where((other < cost[i] + slope * vector_bits(mv[i] - guess))[:, None], guess, mv[i])

    return code_field(bits, "mv", mv, lay.grids[0], memory["ends"], memory["mv"], choose)


def is_cut(lay, target, mv, reference):
    """Whether motion leaves more than the means of the blocks would: a new scene, to be coded on its own."""
    luma = target[: lay.n]
    left = np.abs(luma - fetch(reference[0], lay.y, lay.x, mv)).sum()
    return bool(left > np.abs(luma - luma.mean((1, 2), keepdims=True)).sum() + 8 * lay.n)


def encode(video, rate):
    lay, bits, memory = start(video.info)
    for frame in video:
        target, intra = lay.split(frame), "reference" not in memory
        step = min(max(1, round(16 * 2 ** ((rate - 4) / 6))), 65535)
        if not intra:
            mv = search(lay.join(target)[0], memory["reference"][0], memory["mv"], lay.grids[0], 0.01 * step)
            intra = is_cut(lay, target, mv, memory["reference"])
        bits.write()
        if intra:
            step = max(1, step * 7 // 10)  # -3 in rate: what follows builds on it
            means = np.round(target.mean((1, 2)) * 128 / step).astype(np.int64)[:, None]
            prediction = predict_flat(bits, lay, means, step)
        else:
            memory["mv"] = code_motion(bits, lay, target, mv, memory, step)
            prediction = compensate(lay, memory["reference"], memory["mv"])
        levels, _ = quantise(target - prediction, steps_of(lay, step))
        code_levels(bits, lay, levels, memory, intra)
        reconstruct(lay, prediction, levels, step, memory)
        yield bytes([intra]) + step.to_bytes(2, "little") + bits.close()


def decode(packets, info):
    lay, bits, memory = start(info)
    for packet in packets:
        intra, step = packet[0] & 1, max(1, int.from_bytes(packet[1:3], "little"))
        bits.read(packet[3:])
        if intra:
            prediction = predict_flat(bits, lay, np.zeros((lay.total, 1), np.int64), step)
        else:
            memory["mv"] = code_field(bits, "mv", memory["mv"], lay.grids[0], memory["ends"], memory["mv"])
            prediction = compensate(lay, memory["reference"], memory["mv"])
        levels = code_levels(bits, lay, np.zeros((lay.total, 64), np.int64), memory, intra)
        yield reconstruct(lay, prediction, levels, step, memory)
