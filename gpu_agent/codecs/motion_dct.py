"""Motion-compensated DCT: what a picture shares with the one before is moved there, the rest is transformed.

Every step that the decoder repeats is integer arithmetic (held in float64 where numpy multiplies matrices faster,
exact below 2**53), so that encoder and decoder stay together on any machine. Blocks are 8x8, units of motion 16x16.
"""

import constriction
import numpy as np
from codec_kit import Frame

RATES = (22, 27, 32, 37)  # quantiser parameter: +6 doubles the step

PAD = 40  # samples around a reference picture that motion may point to
LUMA_TAPS = np.array([[0, 0, 0, 64, 0, 0, 0, 0], [-1, 4, -10, 58, 17, -5, 1, 0], [-1, 4, -11, 40, 40, -11, 4, -1],
                      [0, 1, -5, 17, 58, -10, 4, -1]], np.int16)  # fmt: skip  # HEVC's quarter-sample filters, sum 64
DCT = np.array(
    [[(1 if k else 0.5**0.5) * np.cos((2 * i + 1) * k * np.pi / 16) / 2 for i in range(8)] for k in range(8)]
)
BASIS = np.round(DCT * 8192)
ORDER = sorted(range(64), key=lambda i: (i // 8 + i % 8, i))  # by diagonals, low frequencies first
GROUPS = (0, 1, 3, 6, 10, 15, 28, 43, 64)  # coefficients coded together; contexts come from earlier groups


class Bits:
    """Adaptive binary range coding of arrays: a bit's probability is a logistic mix of what several contexts saw.

    Integers throughout; statistics are updated after each array, in encoder and decoder alike."""

    SIZE = 2048
    STRETCH = np.round(256 * np.log((np.arange(4096) + 0.5) / (4095.5 - np.arange(4096)))).astype(np.int64)
    SQUASH = np.clip(np.round(65536 / (1 + np.exp(-np.arange(-2560, 2561) / 256))), 16, 65520).astype(np.int64)
    BERNOULLI = constriction.stream.model.Bernoulli(perfect=False)

    def __init__(self):
        self.seen, self.weights = {}, {}

    def open(self, packet=None):
        """Start a packet to write, or the given one to read."""
        if packet is None:
            self.coder = constriction.stream.queue.RangeEncoder()
        else:
            self.coder = constriction.stream.queue.RangeDecoder(np.frombuffer(packet, "<u4").astype(np.uint32))
        self.reading = packet is not None

    def close(self):
        return self.coder.get_compressed().astype("<u4").tobytes()

    def raw(self, bits, count):
        p = np.full(count, 0.5)
        if self.reading:
            return self.coder.decode(self.BERNOULLI, p)
        self.coder.encode(bits.astype(np.int32), self.BERNOULLI, p)
        return bits

    def code(self, name, bits, *contexts):
        """Code one bit per element of the context arrays; returns the bits. `bits` is not looked at in reading."""
        if not len(contexts[0]):
            return np.zeros(0, np.int32)
        seen = self.seen.setdefault(name, np.ones((len(contexts), 2, self.SIZE), np.int64))
        weights = self.weights.setdefault(name, np.full(len(contexts), 65536 * 5 // (4 * len(contexts)), np.int64))
        stretched = []
        for (zeros, ones), c in zip(seen, contexts):
            zeros, ones = zeros[c], ones[c]
            stretched.append(self.STRETCH[(ones << 12) // (zeros + ones)])
        stretched = np.array(stretched)
        p = self.SQUASH[np.clip((weights @ stretched) >> 16, -2560, 2560) + 2560]
        if self.reading:
            bits = self.coder.decode(self.BERNOULLI, p / 65536)
        else:
            bits = bits.astype(np.int32)
            self.coder.encode(bits, self.BERNOULLI, p / 65536)
        weights += (stretched @ ((bits << 16) - p) // (len(bits) + 50)) >> 10
        for table, c in zip(seen, contexts):
            table[0] += 2 * np.bincount(c[bits == 0], minlength=self.SIZE)
            table[1] += 2 * np.bincount(c[bits == 1], minlength=self.SIZE)
            full = table.sum(0) > 500
            table[:, full] = (table[:, full] + 1) >> 1
        return bits

    def unary(self, name, values, top, *contexts):
        """Code values 0..top, one bit 'larger?' after the other."""
        n = len(contexts[0])
        out, alive = np.zeros(n, np.int64), np.arange(n)
        for k in range(top):
            more = self.code(f"{name}{k}", None if self.reading else values[alive] > k, *(c[alive] for c in contexts))
            alive = alive[more == 1]
            out[alive] = k + 1
            if not len(alive):
                break
        return out

    def magnitude(self, name, values, *contexts):
        """Code values of any size: the number of binary digits in unary, then the digits below the first."""
        digits = None if self.reading else np.frexp(values)[1].astype(np.int64)
        digits = self.unary(name, digits, 15, *contexts)
        out = (digits > 0).astype(np.int64)
        for k in range(1, int(digits.max(initial=0))):
            alive = np.flatnonzero(digits > k)
            low = None if self.reading else values[alive] >> (digits[alive] - 1 - k) & 1
            out[alive] = out[alive] * 2 + self.raw(low, len(alive))
        return out

    def signed(self, name, values, *contexts):
        out = self.magnitude(name, None if self.reading else np.abs(values), *contexts)
        some = np.flatnonzero(out)
        out[some] *= 1 - 2 * self.raw(None if self.reading else values[some] < 0, len(some)).astype(np.int64)
        return out


def blocks(plane, size=8):
    """(H, W) to (H/size * W/size, size, size)."""
    h, w = plane.shape
    return plane.reshape(h // size, size, w // size, size).swapaxes(1, 2).reshape(-1, size, size)


def unblocks(b, shape):
    h, w = shape
    n = b.shape[1]
    return b.reshape(h // n, w // n, n, n).swapaxes(1, 2).reshape(shape)


def dequantise(levels, step):
    """(n, 64) levels in coding order to (n, 8, 8) residuals; `step` is in 1/16."""
    c = np.zeros(levels.shape)
    c[:, ORDER] = levels * step
    c = c.reshape(-1, 8, 8)
    return np.floor((BASIS.T @ c @ BASIS + 2.0**29) / 2.0**30).astype(np.int32)


def quantise(residual, step, lam, intra):
    """(n, 8, 8) residuals to (n, 64) levels, each block cut after the group where distortion + lambda * bits is least."""
    c = (DCT @ residual @ DCT.T).reshape(-1, 64)[:, ORDER] * (16 / step)
    size = np.abs(c)
    levels = np.floor(size + (0.33 if intra else 0.25))
    gain = size**2 - (size - levels) ** 2  # in steps squared
    bits = np.where(levels > 0, 4.5 + 2 * np.log2(levels + 1e-9), 0.3)
    saved = np.add.reduceat(gain - lam * bits, GROUPS[:-1], 1).cumsum(1)
    end = np.where(saved.max(1) > lam, saved.argmax(1) + 1, 0)
    levels[np.arange(64) >= np.array(GROUPS)[end][:, None]] = 0
    cost = ((size**2).sum(1) - np.maximum(saved.max(1) - lam, 0)) * (step / 16) ** 2
    return (np.sign(c) * levels).astype(np.int64), cost


def code_levels(bits, levels, shapes, active, memory, intra):
    """Code the (n, 64) levels of all three planes' blocks. `active`: which may be other than zero."""
    n = len(active)
    ends = np.zeros(n, np.int64)
    if not bits.reading:
        ends = (np.add.reduceat(levels != 0, GROUPS[:-1], 1) * np.arange(1, 9)[:]).astype(bool)
        ends = (ends * np.arange(1, 9)).max(1)
    plane = np.repeat(np.arange(3), [h * w for h, w in shapes])
    known = np.zeros(n, np.int64)
    start, luma = 0, None
    for p, (h, w) in enumerate(shapes):
        field = np.zeros((h + 2, w + 2), np.int64)
        here = np.arange(start, start + h * w).reshape(h, w)
        checker = np.add.outer(np.arange(h), np.arange(w)) % 2
        beside = (
            np.zeros((h, w), np.int64)
            if not p
            else (
                known[: h * w * 4].reshape(h, 2, w, 2).max((1, 3))
                if p == 1
                else known[start - h * w : start].reshape(h, w)
            )
        )
        for phase in 0, 1:
            around = field[:-2, 1:-1] + field[2:, 1:-1] + field[1:-1, :-2] + field[1:-1, 2:]
            diag = memory["ends"][here]
            pick = (checker == phase) & active[here]
            i = here[pick]
            kind = (p > 0) * 2 + phase
            got = bits.unary(
                "end",
                ends[i],
                8,
                kind * 40 + around[pick],
                (kind * 9 + diag[pick]) * 9 + beside[pick],
                (around[pick] + 1) // 3 * 81 + diag[pick] * 9 + beside[pick],
            )
            known[i] = got
            field[1:-1, 1:-1][pick] = got
        start += h * w
    memory["ends"] = known
    out = np.zeros((n, 64), np.int64)
    size = np.zeros((n, 8, 8), np.int64)
    chroma = (plane > 0).astype(np.int64) + 2 * intra
    before = memory["size"]
    for g in range(8):
        who = np.flatnonzero(known > g)
        pos = np.arange(GROUPS[g], GROUPS[g + 1])
        flat = np.array(ORDER)[pos]
        v, u = flat // 8, flat % 8
        s = size[who]
        pad = np.pad(s, ((0, 0), (2, 0), (2, 0)))
        near = (
            2 * (pad[:, v + 1, u + 2] + pad[:, v + 2, u + 1])
            + pad[:, v + 1, u + 1]
            + pad[:, v, u + 2]
            + pad[:, v + 2, u]
        )
        total = np.minimum(s.sum((1, 2)), 15)[:, None]
        left = np.minimum(known[who] - g - 1, 3)[:, None]
        near = np.minimum(near, 11)
        old = np.minimum(before[who][:, pos], 2)
        kind = chroma[who][:, None]
        c1 = ((left * 4 + kind) * 8 + g) * 12 + near
        c2 = (kind * 64 + pos) * 4 + left
        c3 = ((total * 4 + left) * 3 + old) * 8 + g
        ctx = [np.broadcast_to(c, near.shape).ravel() for c in (c1, c2, c3)]
        wanted = None if bits.reading else np.abs(levels[who][:, pos]).ravel()
        got = bits.unary(f"level{min(g, 3)}-", wanted, 14, *ctx)
        big = np.flatnonzero(got == 14)
        if len(big):
            got[big] += bits.magnitude("long", None if bits.reading else wanted[big] - 14, big * 0)
        signed = np.flatnonzero(got)
        sign = bits.raw(None if bits.reading else (levels[who][:, pos].ravel()[signed] < 0), len(signed))
        size[who[:, None], v, u] = got.reshape(near.shape)
        got[signed] *= 1 - 2 * sign.astype(np.int64)
        out[who[:, None], pos] = got.reshape(near.shape)
    memory["size"] = np.abs(out)
    return out


def interpolate(plane):
    """The padded luma plane at all 16 quarter-sample phases, (16, H + 2 PAD, W + 2 PAD); phase = 4 * dy + dx."""
    p = np.pad(plane.astype(np.int16), PAD, mode="edge")

    def filtered(a, taps):
        b = sum(int(t) * np.roll(a, 3 - i, 1) for i, t in enumerate(taps) if t)
        return np.clip((b + 32) >> 6, 0, 255)

    rows = [p, *(filtered(p, t) for t in LUMA_TAPS[1:])]
    return np.array([a for f in range(4) for a in ([r if not f else filtered(r.T, LUMA_TAPS[f]).T for r in rows])])


def fetch(phases, y, x, mv, size):
    """Blocks (n, size, size) of the interpolated reference at y, x moved by mv (n, 2), in quarter samples."""
    _, h, w = phases.shape
    top = np.clip(y + (mv[:, 0] >> 2) + PAD, 4, h - size - 4)
    left = np.clip(x + (mv[:, 1] >> 2) + PAD, 4, w - size - 4)
    first = (((mv[:, 0] & 3) * 4 + (mv[:, 1] & 3)) * h + top) * w + left
    return np.take(phases, first[:, None, None] + (np.arange(size)[:, None] * w + np.arange(size)))


def fetch_chroma(plane, y, x, mv):
    """4x4 blocks of a padded chroma plane, bilinear at eighths of a sample."""
    h, w = plane.shape
    top = np.clip(y + (mv[:, 0] >> 3) + PAD, 0, h - 6)
    left = np.clip(x + (mv[:, 1] >> 3) + PAD, 0, w - 6)
    b = np.take(plane, (top * w + left)[:, None, None] + (np.arange(5)[:, None] * w + np.arange(5))).astype(np.int32)
    dy, dx = (mv[:, :, None, None] & 7).swapaxes(0, 1)
    b = b[:, :, :-1] * (8 - dx) + b[:, :, 1:] * dx
    return (b[:, :-1] * (8 - dy) + b[:, 1:] * dy + 32) >> 6


class Geometry:
    """Where the 8x8 blocks of a padded picture are; blocks of a plane in raster order."""

    def __init__(self, info):
        self.info = info
        self.units = -(-info.height // 16), -(-info.width // 16)
        h, w = self.units
        self.luma, self.chroma = (16 * h, 16 * w), (8 * h, 8 * w)
        self.grids = [(2 * h, 2 * w), (h, w), (h, w)]
        self.y, self.x = (a.ravel() * 8 for a in np.mgrid[: 2 * h, : 2 * w])
        self.unit = (self.y // 16) * w + self.x // 16

    def pad(self, frame):
        return [
            np.pad(p, ((0, s[0] - p.shape[0]), (0, s[1] - p.shape[1])), mode="edge").astype(np.int32)
            for p, s in zip(frame, (self.luma, self.chroma, self.chroma))
        ]

    def crop(self, planes):
        h, w = self.info.luma_shape
        return Frame(*(p[: h // k, : w // k].astype(np.uint8) for p, k in zip(planes, (1, 2, 2))))

    def predict(self, reference, mv):
        """Motion-compensated blocks of all planes, (n, 8, 8), for one vector per 8x8 luma block."""
        y = fetch(reference[0], self.y, self.x, mv, 8)
        out = [y]
        for plane in reference[1:]:
            quarter = fetch_chroma(plane, self.y // 2, self.x // 2, mv)
            out.append(blocks(unblocks(quarter, self.chroma)))
        return np.concatenate(out).astype(np.int32)

    def join(self, b):
        n = len(self.y)
        u = self.units[0] * self.units[1]
        return [unblocks(b[:n], self.luma), unblocks(b[n : n + u], self.chroma), unblocks(b[n + u :], self.chroma)]


def vector_bits(d):
    return (2 * np.log2(1 + np.abs(d)) + 1).sum(-1)


def search(geo, target, phases, start, lam):
    """Vectors (n, 2) per 8x8 block, alike in all four of a unit unless splitting pays. Cost: SAD + lam * bits."""
    h, w = geo.units

    def descend(mv, cost, shape, steps):
        best = cost(mv, mv)

        def attempt(mv, best, candidate, centre):
            c = cost(candidate, centre)
            better = c < best
            return np.where(better[:, None], candidate, mv), np.where(better, c, best)

        for step in steps:
            field = np.pad(mv.reshape(*shape, 2), ((1, 1), (1, 1), (0, 0)), mode="edge")
            around = [field[:-2, 1:-1], field[2:, 1:-1], field[1:-1, :-2], field[1:-1, 2:]]
            around = [a.reshape(-1, 2) for a in around]
            centre = np.sort(np.array([*around, mv]), 0)[2]
            best = cost(mv, centre)
            for a in [*around, mv * 0, start if len(start) == len(mv) else mv * 0]:
                mv, best = attempt(mv, best, a, centre)
            middle = mv
            for dy in (-step, 0, step):
                for dx in (-step, 0, step):
                    if dy or dx:
                        mv, best = attempt(mv, best, middle + (dy, dx), centre)
        return mv, best

    def sad(mv):
        return np.abs(fetch(phases, geo.y, geo.x, mv, 8) - target).sum((1, 2), dtype=np.int64)

    def cost16(mv, centre):
        return np.bincount(geo.unit, sad(mv[geo.unit])) + lam * vector_bits(mv - centre)

    mv, best = descend(start, cost16, geo.units, (64, 32, 16, 8, 4, 4, 2, 1))
    coarse = mv

    def cost8(mv, centre):
        return sad(mv) + lam * vector_bits(mv - coarse[geo.unit])

    fine, small = descend(mv[geo.unit], cost8, geo.grids[0], (4, 2, 1))
    split = np.bincount(geo.unit, small) + lam * 4 < best
    return np.where(split[geo.unit][:, None], fine, mv[geo.unit]), split


def passes(h, w):
    """The units of a field from coarse to fine: (indices, neighbours known by then as (4, n) indices, -1 if outside)."""
    yy, xx = np.mgrid[:h, :w]
    yield np.flatnonzero((yy % 8 == 0) & (xx % 8 == 0)), None
    for s in 4, 2, 1:
        for which, near in (
            ((yy % (2 * s) == s) & (xx % (2 * s) == s), ((-s, -s), (-s, s), (s, -s), (s, s))),
            (
                ((yy % (2 * s) == s) ^ (xx % (2 * s) == s)) & (yy % s == 0) & (xx % s == 0),
                ((-s, 0), (0, -s), (0, s), (s, 0)),
            ),
        ):
            y, x = np.nonzero(which)
            yield (
                y * w + x,
                np.array(
                    [
                        np.where((y + a >= 0) & (y + a < h) & (x + b >= 0) & (x + b < w), (y + a) * w + x + b, -1)
                        for a, b in near
                    ]
                ),
            )


def code_motion(bits, geo, memory, mv, split, skip_pays):
    """Code modes and vectors; returns (mv per 8x8 block, skipped per unit)."""
    h, w = geo.units
    n = h * w
    four = np.flatnonzero(np.ones(4 * n))
    order = np.argsort(geo.unit, kind="stable").reshape(n, 4)  # blocks of each unit
    field = np.zeros((n + 1, 2), np.int64)
    skipped = np.zeros(n + 1, np.int64)
    splits = np.zeros(n + 1, np.int64)
    out = np.zeros((4 * n, 2), np.int64)
    old = memory["mv"]
    for who, near in passes(h, w):
        if not len(who):
            continue
        guess = old[who]
        kind = np.zeros(len(who), np.int64)
        if near is not None:
            values = np.where((near >= 0)[..., None], field[near], guess)
            guess = np.sort(np.concatenate([values, guess[None]]), 0)[2]
            kind = 1 + skipped[near].sum(0)
        rough = np.zeros(len(who), np.int64)
        if near is not None:
            spread = np.abs(values - guess).sum((0, 2))
            rough = np.minimum(np.frexp(spread)[1], 5)
        was = memory["skip"][who]
        wanted = None if bits.reading else skip_pays(who, guess, mv[order[who, 0]])
        skip = bits.code("skip", wanted, kind * 2 + was, rough * 2 + was)
        skipped[who] = skip
        go = skip == 0
        me = who[go]
        field[who] = guess
        for axis in 0, 1:
            d = None if bits.reading else mv[order[me, 0], axis] - guess[go, axis]
            field[me, axis] += bits.signed(f"mv{axis}", d, rough[go], kind[go])
        out[order[who]] = field[who][:, None]
        divided = bits.code("split", None if bits.reading else split[me], kind[go], rough[go])
        me = me[divided == 1]
        for k in 1, 2, 3:
            for axis in 0, 1:
                d = None if bits.reading else mv[order[me, k], axis] - field[me, axis]
                out[order[me, k], axis] += bits.signed("sub", d, me * 0)
    memory["mv"], memory["skip"] = field[:n], skipped[:n]
    return out, skipped[:n]


def deblock(planes, geo, ends, mv, step):
    return planes


def reference_of(planes):
    return [interpolate(planes[0]), *(np.pad(p, PAD, mode="edge") for p in planes[1:])]


def lam_of(step):
    return 0.15


def fresh(geo):
    n = sum(h * w for h, w in geo.grids)
    u = geo.units[0] * geo.units[1]
    return {
        "ends": np.zeros(n, np.int64),
        "size": np.zeros((n, 64), np.int64),
        "mv": np.zeros((u, 2), np.int64),
        "skip": np.zeros(u, np.int64),
    }


def step_of(qp):
    return max(1, round(16 * 2 ** ((qp - 4) / 6)))


def encode(video, rate):
    geo = Geometry(video.info)
    bits, memory, reference = Bits(), fresh(geo), None
    n = len(geo.y)
    for number, frame in enumerate(video):
        planes = geo.pad(frame)
        target = np.concatenate([blocks(p) for p in planes])
        bits.open()
        intra = reference is None
        step = step_of(rate - 3 * intra)
        lam = 0.15
        if not intra:
            slope = lam * (step / 16) ** 2
            mv, split = search(geo, target[:n], reference[0], memory["mv"], slope**0.5)
            prediction = geo.predict(reference, mv)
        else:
            prediction = np.full(target.shape, 128)
        levels, cost = quantise(target - prediction, step, lam, intra)
        active = np.ones(len(target), bool)
        unit = np.concatenate([geo.unit, np.arange(len(cost) - n) % (n // 4)])
        if not intra:
            total = np.bincount(unit, cost)

            def skip_pays(who, guess, mv):
                every = np.zeros((n // 4, 2), np.int64)
                every[who] = guess
                p = geo.predict(reference, every[geo.unit])
                d = np.bincount(unit, ((p - target) ** 2).sum((1, 2)))[who]
                return d < total[who] + slope * (2 + vector_bits(mv - guess))

            mv, skipped = code_motion(bits, geo, memory, mv, split, skip_pays)
            active = skipped[unit] == 0
            levels[~active] = 0
            prediction = geo.predict(reference, mv)
        levels = code_levels(bits, levels, geo.grids, active, memory, intra)
        yield bytes([intra]) + np.array([step], "<u2").tobytes() + bits.close()
        planes = geo.join(np.clip(prediction + dequantise(levels, step), 0, 255))
        reference = reference_of(planes)


def decode(packets, info):
    geo = Geometry(info)
    bits, memory, reference = Bits(), fresh(geo), None
    n = len(geo.y)
    for packet in packets:
        intra, step = packet[0], int.from_bytes(packet[1:3], "little")
        bits.open(packet[3:])
        unit = np.concatenate([geo.unit, np.arange(n // 2) % (n // 4)])
        if intra:
            prediction, active = np.full((n + n // 2, 8, 8), 128), np.ones(n + n // 2, bool)
        else:
            mv, skipped = code_motion(bits, geo, memory, None, None, None)
            active = skipped[unit] == 0
            prediction = geo.predict(reference, mv)
        levels = code_levels(bits, None, geo.grids, active, memory, intra)
        planes = geo.join(np.clip(prediction + dequantise(levels, step), 0, 255))
        reference = reference_of(planes)
        yield geo.crop(planes)
