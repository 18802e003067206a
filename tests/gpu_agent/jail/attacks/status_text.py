# PHASE: encode
# EXPECT: exception
# WHY: a forged error text is bounded and made printable
import os


def encode(video, rate):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    os.write(max(pipes), b"EX" + b"\x1b]0;title\x07\x00\xff" * 4000)
    os._exit(0)
    yield b"x"
