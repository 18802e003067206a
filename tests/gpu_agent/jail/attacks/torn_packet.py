# PHASE: encode
# EXPECT: output_invalid
# WHY: a packet that ends in its middle is no packet
import os


def encode(video, rate):
    yield b"whole"
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    os.write(pipes[1], b"\x10\x00\x00\x00only")
