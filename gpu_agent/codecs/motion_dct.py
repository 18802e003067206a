"""Motion-compensated DCT: what a picture shares with the one before is moved there, the rest is transformed.

Every step that the decoder repeats is integer arithmetic (held in float64 where numpy multiplies matrices faster,
exact below 2**53), so that encoder and decoder stay together on any machine.
"""

import numpy as np
from codec_kit import Frame
from codec_kit.bits import Bits

RATES = (22, 27, 32, 37)  # quantiser parameter: +6 doubles the step

PAD = 40  # samples around a reference picture that motion may point to
ALPHA, BETA, TC = 2, 4, 1
LAMBDA = 0.15  # squared steps that a bit must save
TAPS = ((64,), (-1, 4, -10, 58, 17, -5, 1, 0), (-1, 4, -11, 40, 40, -11, 4, -1), (0, 1, -5, 17, 58, -10, 4, -1))  # HEVC
DCT = np.array([[(0.5 if k else 0.5**1.5) * np.cos((2 * i + 1) * k * np.pi / 16) for i in range(8)] for k in range(8)])
BASIS = np.round(DCT * 8192)
SCAN = np.array(sorted(range(64), key=lambda i: (i // 8 + i % 8, i)))  # by diagonals, low frequencies first
GROUPS = (0, 1, 3, 6, 10, 15, 28, 43, 64)  # coefficients coded in one call; contexts come from earlier groups


def blocks(plane, size=8):
    h, w = plane.shape
    return plane.reshape(h // size, size, w // size, size).swapaxes(1, 2).reshape(-1, size, size)


def unblocks(b, shape):
    n = b.shape[1]
    return b.reshape(shape[0] // n, shape[1] // n, n, n).swapaxes(1, 2).reshape(shape)


class Layout:
    """The 8x8 blocks of a picture padded to multiples of 16: all of Y, then U, then V, in raster order."""

    def __init__(self, info):
        h, w = -(-info.height // 16) * 2, -(-info.width // 16) * 2
        self.info, self.grid, self.luma, self.chroma = info, (h, w), (8 * h, 8 * w), (4 * h, 4 * w)
        self.n, self.total = h * w, h * w * 3 // 2
        self.y, self.x = (a.ravel() * 8 for a in np.mgrid[:h, :w])
        self.plane = np.repeat([0, 1, 2], [h * w, h * w // 4, h * w // 4])
        near, colour, first = [], [], 0
        for gh, gw in (h, w), (h // 2, w // 2), (h // 2, w // 2):
            p = np.pad(np.arange(first, first + gh * gw).reshape(gh, gw), 1, constant_values=self.total)
            near.append(np.stack([p[:-2, 1:-1], p[2:, 1:-1], p[1:-1, :-2], p[1:-1, 2:]], -1).reshape(-1, 4))
            colour.append(np.add.outer(np.arange(gh), np.arange(gw)).ravel() % 2)
            first += gh * gw
        self.near, self.colour = np.concatenate(near), np.concatenate(colour) + 2 * self.plane
        over = blocks(np.arange(h * w).reshape(h, w), 2).reshape(-1, 4)  # the luma blocks above each chroma block
        u = np.repeat(np.arange(h * w, h * w * 5 // 4)[:, None], 4, 1)
        self.beside = np.concatenate([np.full((h * w, 4), self.total), over, u])

    def split(self, frame):
        shapes = self.luma, self.chroma, self.chroma
        padded = [np.pad(p, ((0, s[0] - p.shape[0]), (0, s[1] - p.shape[1])), mode="edge") for p, s in zip(frame, shapes)]
        return np.concatenate([blocks(p) for p in padded]).astype(np.int32)

    def join(self, b):
        u = self.n * 5 // 4
        return [unblocks(b[: self.n], self.luma), unblocks(b[self.n : u], self.chroma), unblocks(b[u:], self.chroma)]

    def crop(self, planes):
        h, w = self.info.luma_shape
        return Frame(*(p[: h // k, : w // k].astype(np.uint8) for p, k in zip(planes, (1, 2, 2))))


def quantise(residual, step):
    """(n, 8, 8) to levels (n, 64) in scan order, each block cut after the group where distortion + lambda * bits is
    least; also that cost, in squared samples."""
    c = (DCT @ residual @ DCT.T).reshape(-1, 64)[:, SCAN] * (16 / step)
    size = np.abs(c)
    levels = np.floor(size + 0.33)
    bits = np.where(levels > 0, 5 + 2 * np.log2(np.maximum(levels, 1)), 0.3)
    saved = np.add.reduceat(size**2 - (size - levels) ** 2 - LAMBDA * bits, GROUPS[:-1], 1).cumsum(1)
    best = saved.max(1) - LAMBDA
    end = np.where(best > 0, saved.argmax(1) + 1, 0)
    levels[np.arange(64) >= np.array(GROUPS)[end][:, None]] = 0
    return (np.sign(c) * levels).astype(np.int64), ((size**2).sum(1) - np.maximum(best, 0)) * (step / 16) ** 2


def dequantise(levels, step):
    c = np.zeros(levels.shape)
    c[:, SCAN] = levels * step
    return np.floor((BASIS.T @ c.reshape(-1, 8, 8) @ BASIS + 2.0**29) / 2.0**30).astype(np.int32)


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
        near = 2 * (size[who, v - 1, u] + size[who, v, u - 1]) + size[who, v - 1, u - 1] + size[who, v - 2, u] + size[who, v, u - 2]
        total, left, k = np.minimum(size[who[:, 0]].sum((1, 2)), 15)[:, None], np.minimum(ends[who] - g - 1, 3), kind[who]
        c = ((left * 4 + k) * 8 + g) * 12 + np.minimum(near, 11), (k * 64 + at) * 4 + left, ((total * 4 + left) * 4 + k) * 8 + g
        c = [np.broadcast_to(a, near.shape).ravel() for a in c]
        wanted = levels[who, at].ravel()
        got = bits.unary(f"level{min(g, 3)}", np.abs(wanted), 14, *c)
        big, some = np.flatnonzero(got == 14), np.flatnonzero(got)
        got[big] += bits.number("more", np.abs(wanted[big]) - 14, big * 0)
        size[who, v, u] = got.reshape(near.shape)
        got[some] *= 1 - 2 * bits.raw(wanted[some] < 0)
        out[who, at] = got.reshape(near.shape)
    return out


def code_field(bits, name, wanted, start, grid, activity, choose=None):
    """A vector (n, k) for each block of a grid, coarse to fine: coded as the difference from the median of `start` and
    four neighbours known by then, on all sides. `choose` lets an encoder settle for the median."""
    (h, w), size = grid, 8
    field, known = np.zeros((h + 16, w + 16, wanted.shape[1]), np.int64), np.zeros((h + 16, w + 16), np.int64)
    yy, xx = np.mgrid[:h, :w]
    rounds = [((yy % 8 == 0) & (xx % 8 == 0), ((0, 0),) * 4)]
    for s in 4, 2, 1:
        odd_y, odd_x = yy % (2 * s) == s, xx % (2 * s) == s
        rounds.append((odd_y & odd_x, ((-s, -s), (-s, s), (s, -s), (s, s))))
        rounds.append(((odd_y ^ odd_x) & (yy % s == 0) & (xx % s == 0), ((-s, 0), (s, 0), (0, -s), (0, s))))
    for which, offsets in rounds:
        y, x = np.nonzero(which)
        i, first = y * w + x, start[y * w + x]
        near = [np.where(known[y + a + 8, x + b + 8, None] > 0, field[y + a + 8, x + b + 8], first) for a, b in offsets]
        guess = np.sort(np.array([*near, sum(near) >> 2]), 0)[2]
        spread = np.minimum(np.frexp(np.abs(near - guess).sum((0, 2)))[1], 9)
        moved = sum(known[y + a + 8, x + b + 8] for a, b in offsets)  # 1: as guessed, 2: not
        delta = (choose(i, guess) if choose else wanted[i]) - guess
        c = spread * 10 + moved, activity[i] * 10 + moved, len(offsets) * 0 + moved + (len(i) > h * w // 5) * 10
        go = np.flatnonzero(bits.code(f"{name} moved", delta.any(1), *c))
        target, delta = delta[go], np.zeros_like(guess)
        for k in range(wanted.shape[1]):
            sizes = np.minimum(np.abs(delta[go, 0]), 9) + 10 * (target.shape[1] - k)
            delta[go, k] = bits.signed(f"{name}{k}", target[:, k], spread[go], sizes)
        field[y + 8, x + 8], known[y + 8, x + 8] = guess + delta, 1 + (delta != 0).any(1)
    return field[8:-8, 8:-8].reshape(h * w, -1)


def interpolate(plane):
    """The padded luma plane at all quarter-sample phases, (16, H + 2 PAD, W + 2 PAD); phase = 4 * dy + dx."""
    def filtered(a, taps):
        return np.clip((sum(t * np.roll(a, 3 - i, 1) for i, t in enumerate(taps) if t) + 32) >> 6, 0, 255)
    p = np.pad(plane.astype(np.int16), PAD, mode="edge")
    rows = [p, *(filtered(p, t) for t in TAPS[1:])]
    return np.array([r if not f else filtered(r.T, TAPS[f]).T for f in range(4) for r in rows])


def fetch(phases, y, x, mv, size=8):
    """Blocks (n, size, size) of the interpolated reference at y, x moved by mv (n, 2), in quarter samples."""
    _, h, w = phases.shape
    top = np.clip(y + (mv[:, 0] >> 2) + PAD, 4, h - size - 4)
    left = np.clip(x + (mv[:, 1] >> 2) + PAD, 4, w - size - 4)
    first = (((mv[:, 0] & 3) * 4 + (mv[:, 1] & 3)) * h + top) * w + left
    return np.take(phases, first[:, None, None] + (np.arange(size)[:, None] * w + np.arange(size)))


def predict(lay, reference, mv):
    """Motion-compensated blocks of all planes; chroma is bilinear at eighths of a sample."""
    out, (dy, dx) = [fetch(reference[0], lay.y, lay.x, mv)], (mv[:, :, None, None] & 7).swapaxes(0, 1)
    for plane in reference[1:]:
        b = fetch(plane[None], lay.y // 2, lay.x // 2, mv >> 3 << 2, 5).astype(np.int32)
        b = b[:, :, :-1] * (8 - dx) + b[:, :, 1:] * dx
        out.append(blocks(unblocks((b[:, :-1] * (8 - dy) + b[:, 1:] * dy + 32) >> 6, lay.chroma)))
    return np.concatenate(out).astype(np.int32)


def vector_bits(d):
    return np.where(d, 3 + 2 * np.log2(np.abs(d)), 0.5).sum(-1)


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
            moves = [mv + (dy, dx) for dy in (-step, 0, step) for dx in (-step, 0, step)]
            options = np.array([*near, mv * 0, *moves]).reshape(-1, len(goal), 2)
            costs = [np.abs(fetch(phases, y, x, o, size) - goal).sum((1, 2)) + lam * vector_bits(o - centre) for o in options]
            mv = options[np.argmin(costs, 0), np.arange(len(goal))].reshape(mv.shape)
        mv = mv.repeat(2, 0).repeat(2, 1) if size == 16 else mv
    return mv.reshape(-1, 2)


def intra_prediction(bits, lay, means, step):
    """Flat blocks, from means (n, 1) in units of step / 8."""
    cuts = (0, lay.n, (lay.grid[0] // 2, lay.grid[1] // 2))
    out, first = [], 0
    for name, (h, w) in ("Y", lay.grid), ("U", [s // 2 for s in lay.grid]), ("V", [s // 2 for s in lay.grid]):
        m = means[first : first + h * w]
        out.append(code_field(bits, "mean" + name, m, np.full(m.shape, 128 * 128 // step), (h, w), np.zeros(h * w, np.int64)))
        first += h * w
    return np.clip((np.concatenate(out)[:, :, None] * step + 64) >> 7, 0, 255)


def deblock(planes, coded, step):
    """Soften block edges in place, where a block beside was coded and the jump is small enough to be its doing."""
    for plane, near in zip(planes, coded):
        for p, on in (plane, near), (plane.T, near.T):
            a, b, c, d = p[:, 6:-8:8], p[:, 7:-8:8], p[:, 8::8], p[:, 9::8]
            edge = (on[:, :-1] | on[:, 1:]).repeat(8, 0) & (np.abs(c - b) < ALPHA * step >> 4)
            edge &= (np.abs(a - b) < BETA * step >> 7) & (np.abs(c - d) < BETA * step >> 7)
            limit = TC * step >> 7
            delta = np.clip((4 * (c - b) + a - d + 4) >> 3, -limit, limit) * edge
            b += delta
            c -= delta


def start(info):
    lay = Layout(info)
    return lay, Bits(), {"ends": np.zeros(lay.total, np.int64), "mv": np.zeros((lay.n, 2), np.int64)}


def reconstruct(lay, prediction, levels, step, memory):
    planes = lay.join(np.clip(prediction + dequantise(levels, step), 0, 255))
    np.clip(planes[0], 0, 255)
    n, (h, w) = lay.n, lay.grid
    on = memory["ends"] > 0
    deblock(planes, [on[:n].reshape(h, w), on[n : n * 5 // 4].reshape(h // 2, -1), on[n * 5 // 4 :].reshape(h // 2, -1)], step)
    planes = [np.clip(p, 0, 255) for p in planes]
    memory["reference"] = [interpolate(planes[0]), *(np.pad(p, PAD, mode="edge") for p in planes[1:])]
    return lay.crop(planes)


def encode(video, rate):
    lay, bits, memory = start(video.info)
    for number, frame in enumerate(video):
        target, luma = lay.split(frame), 0
        intra = number == 0
        step = max(1, round(16 * 2 ** ((rate - 3 * intra - 4) / 6)))
        slope = LAMBDA * (step / 16) ** 2
        bits.write()
        if not intra:
            reference = memory["reference"]
            mv = search(lay.join(target)[0], reference[0], memory["mv"], lay.grid, 0.5 * slope**0.5)
            _, cost = quantise(target[: lay.n] - fetch(reference[0], lay.y, lay.x, mv), step)

            def choose(i, guess):
                _, alike = quantise(target[i] - fetch(reference[0], lay.y[i], lay.x[i], guess), step)
                return np.where((alike < cost[i] + slope * vector_bits(mv[i] - guess))[:, None], guess, mv[i])

            memory["mv"] = code_field(bits, "mv", mv, memory["mv"], lay.grid, memory["ends"], choose)
            prediction = predict(lay, reference, memory["mv"])
        else:
            means = np.round(target.mean((1, 2)) * 128 / step).astype(np.int64)[:, None]
            prediction = intra_prediction(bits, lay, means, step)
        levels, _ = quantise(target - prediction, step)
        code_levels(bits, lay, levels, memory, intra)
        reconstruct(lay, prediction, levels, step, memory)
        yield bytes([intra]) + step.to_bytes(2, "little") + bits.close()


def decode(packets, info):
    lay, bits, memory = start(info)
    for packet in packets:
        intra, step = packet[0] & 1, int.from_bytes(packet[1:3], "little")
        bits.read(packet[3:])
        if intra:
            prediction = intra_prediction(bits, lay, np.zeros((lay.total, 1), np.int64), step)
        else:
            memory["mv"] = code_field(bits, "mv", memory["mv"], memory["mv"], lay.grid, memory["ends"])
            prediction = predict(lay, memory["reference"], memory["mv"])
        levels = code_levels(bits, lay, np.zeros((lay.total, 64), np.int64), memory, intra)
        yield reconstruct(lay, prediction, levels, step, memory)
