"""Runs inside the jail: imports the codec (or the lab's reader of files), feeds it, writes its output to the pipes it
was given.

From the moment the codec is imported nothing here can be trusted; the agent only believes exit code, end of file,
its own counts and its own clock. Standard library, numpy and codec_kit only. Protocol: see `status` and `framing`.
"""

import importlib.util
import json
import mmap
import operator
import os
import resource
import struct
import sys
import time
from fractions import Fraction

TEXT = 3000
KEEP_MAPPED = 64 << 20
MARK_SECONDS = 0.2


class NotTheContract(Exception):
    """What the codec gave is not what the contract wants; the text is the whole message."""


def lower_limits(limits):
    for name, value in limits.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    try:
        with open("/proc/self/oom_score_adj", "w") as f:
            f.write("1000")
    except OSError:
        pass


def write_all(fd, data, write=os.write):
    view = memoryview(data).cast("B")
    while len(view):
        view = view[write(fd, view) :]


class Video:
    """The clip as the contract shows it: len, index, slice, iterate again; planes are read-only views of the file."""

    def __init__(self, info, source, mark, planes_of):
        self.info = info
        self._mark, self._planes_of = mark, planes_of
        fd = os.open(source, os.O_RDONLY)
        self._map = mmap.mmap(fd, info.frames * info.frame_bytes, prot=mmap.PROT_READ)
        os.close(fd)
        self._touched = 0

    def __len__(self):
        return self.info.frames

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = operator.index(index)
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"frame {index} of a video of {len(self)} frames")
        size = self.info.frame_bytes
        self._touched += size
        if self._touched > KEEP_MAPPED:  # pages come back when touched again; so a long clip takes no memory
            self._map.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
        self._mark(at + 1)
        return self._planes_of(memoryview(self._map)[at * size : (at + 1) * size], self.info)

    def __iter__(self):
        for i in range(len(self)):
            yield self[i]


def marker(fd):
    """Tells the agent the highest frame touched, a few times a second at most."""
    state = {"high": 0, "sent": 0, "at": 0.0}

    def mark(frames):
        state["high"] = max(state["high"], frames)
        now = time.monotonic()
        if now - state["at"] >= MARK_SECONDS and state["high"] > state["sent"]:
            state["at"], state["sent"] = now, state["high"]
            os.write(fd, b"F" + struct.pack("<I", state["high"]))

    return mark


def read_packets(fd):
    def exactly(size):
        parts = []
        while size:
            part = os.read(fd, min(size, 1 << 20))
            if not part:
                raise EOFError("the agent stopped sending")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    while True:
        head = os.read(fd, 1)
        if not head:
            return
        (size,) = struct.unpack("<I", head + exactly(3))
        yield exactly(size)


def encode(codec, video, rate, fd):
    result = codec.encode(video, rate)
    if result is None:
        raise NotTheContract("encode returned None; it must yield packets (bytes) or return a list of them.")
    if isinstance(result, (bytes, bytearray, memoryview)):
        result = (result,)
    try:
        packets = iter(result)
    except TypeError:
        raise NotTheContract(f"encode returned {type(result).__name__}; it must yield packets (bytes).") from None
    send(packets, fd)


def send(packets, fd):
    for number, packet in enumerate(packets):
        try:
            if isinstance(packet, str):
                raise TypeError
            view = memoryview(packet)
            if isinstance(packet, (bytes, bytearray, memoryview)) or view.format == "B":
                view = view.cast("B")
            else:
                raise TypeError
        except (TypeError, ValueError):
            kind = f"{type(packet).__name__}"
            dtype = getattr(packet, "dtype", None)
            kind += f" of dtype {dtype}, shape {packet.shape}" if dtype is not None else ""
            raise NotTheContract(
                f"packet {number} is {kind}; a packet must be bytes, bytearray, or a contiguous array of uint8."
            ) from None
        if len(view) >> 32:
            raise NotTheContract(f"packet {number} has {len(view):,} bytes; a packet must be smaller than 4 GiB.")
        write_all(fd, struct.pack("<I", len(view)))
        write_all(fd, view)


def checked_planes(frame, number, info, np):
    try:
        planes = tuple(frame)
    except TypeError:
        planes = (frame,)
    if isinstance(frame, np.ndarray) or len(planes) != 3:
        got = f"an array of shape {frame.shape}" if isinstance(frame, np.ndarray) else f"{type(frame).__name__}"
        got += "" if isinstance(frame, np.ndarray) else f" of {len(planes)} planes"
        raise NotTheContract(f"frame {number} is {got}; a frame must be three planes, Frame(y, u, v).")
    for name, plane, shape in zip("yuv", planes, (info.luma_shape, info.chroma_shape, info.chroma_shape), strict=True):
        array = np.asarray(plane)
        if array.dtype != np.uint8 or array.shape != shape:
            raise NotTheContract(
                f"frame {number}, plane {name}: expected uint8 of shape {shape}, got {array.dtype} of shape {array.shape}."
            )
        yield np.ascontiguousarray(array)


def decode(codec, packets, info, fd, np):
    result = codec.decode(packets, info)
    if result is None:
        raise NotTheContract(f"decode returned None; it must yield {info.frames} frames.")
    try:
        frames = iter(result)
    except TypeError:
        raise NotTheContract(f"decode returned {type(result).__name__}; it must yield frames.") from None
    number, wrong, first = 0, 0, None
    for frame in frames:
        if number == info.frames and first is None:
            raise NotTheContract(f"decode yielded more than the {info.frames} frames it must: at least {number + 1}.")
        if number == info.frames:  # it may never end
            raise NotTheContract(f"{first} In all {wrong} of the first {number} frames that decode yielded are wrong.")
        try:
            planes = tuple(checked_planes(frame, number, info, np))
        except NotTheContract as e:  # nothing more is sent; the rest is only counted, so that all can be told at once
            first, wrong = first or e, wrong + 1
        else:
            for plane in planes if first is None else ():
                write_all(fd, plane.reshape(-1))
        number += 1
    if first is not None:
        raise NotTheContract(f"{first} In all {wrong} of the {number} frames that decode yielded are wrong.")
    if number != info.frames:
        raise NotTheContract(f"decode yielded {number} frames; {info.frames} were expected.")


def describe(error, path):
    """The traceback cut to the codec's own frames, under the name codec.py, ending with the error's own line."""
    import linecache

    lines, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == path:
            lines.append(f'  File "codec.py", line {trace.tb_lineno}, in {code.co_name[:100]}\n')
            text = linecache.getline(path, trace.tb_lineno).strip()
            if text and not text.startswith("raise"):  # a raise only says again what the last line says
                lines.append(f"    {text[:300]}\n")
        trace = trace.tb_next
    if len(lines) > 24:
        lines[12:-12] = ["  [...]\n"]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines.append(f'  File "codec.py", line {error.lineno}\n    {(error.text or "").strip()[:300]}\n')
    said = str(error.msg if isinstance(error, SyntaxError) else error)[:TEXT]
    head = "Traceback (most recent call last):\n" if lines else ""
    return "".join((head, *lines, type(error).__name__[:100], ": " if said else "", said))


def imported(job):
    spec = importlib.util.spec_from_file_location("codec", job["code"])
    codec = importlib.util.module_from_spec(spec)
    sys.modules["codec"] = codec
    spec.loader.exec_module(codec)
    if not callable(getattr(codec, job["mode"], None)):
        raise NotTheContract(f"the module defines no function {job['mode']}.")
    return codec


def run(job, fd_in, fd_out, fd_status):
    os.write(fd_status, b"P")
    if os.read(fd_in, 1) != b"G":  # nothing untrusted may run before the agent holds the jail
        os._exit(9)
    if job["mode"] == "read":
        reader = imported(job)
        os.write(fd_status, b"R")
        send(reader.read(job["source"], **job["options"]), fd_out)
        return
    import numpy as np
    from codec_kit.frames import VideoInfo, planes_of

    info = VideoInfo(job["width"], job["height"], job["frames"], Fraction(job["fps"]))
    codec = imported(job)
    if job["mode"] == "encode":
        os.write(fd_status, b"R")
        if os.read(fd_in, 1) != b"S":  # the clip is there from now on, and the clock runs
            os._exit(9)
        video = Video(info, job["source"], marker(fd_status), planes_of)
        encode(codec, video, job["rate"], fd_out)
    else:
        os.write(fd_status, b"R")
        decode(codec, read_packets(fd_in), info, fd_out, np)


def main():
    job = json.loads(sys.argv[1])
    fd_in, fd_out, fd_status = job["fds"]
    lower_limits(job["rlimits"])
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    code = 3
    try:
        run(job, fd_in, fd_out, fd_status)
        os.close(fd_out)
        word, code = b"D", 0
    except NotTheContract as e:
        word = b"EO" + str(e).encode("utf-8", "replace")
    except MemoryError as e:
        word = b"EM" + describe(e, job["code"]).encode("utf-8", "replace")
    except BaseException as e:  # whatever the codec raised, SystemExit and its own kinds included
        try:
            word = b"EX" + describe(e, job["code"]).encode("utf-8", "replace")
        except BaseException as e2:
            word = b"EX" + f"{type(e).__name__} (its text cannot be shown: {type(e2).__name__})".encode()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        pass
    try:
        write_all(fd_status, word)
    except BaseException:
        code = 4
    os._exit(code)  # no exit hooks, no waiting for the codec's threads


if __name__ == "__main__":
    main()
