# PHASE: encode
# EXPECT: output_invalid
# LIMITS: bitstream_mb=1024
# WHY: a million lengths of nothing a write: cutting them was taken for the sink's time, so that the wall limit never came
import os


def encode(video, rate):
    pipes = [fd for fd in range(3, 64) if os.path.lexists(f"/proc/self/fd/{fd}")]
    pipes = [fd for fd in pipes if os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")]
    while True:
        os.write(pipes[1], bytes(1 << 20))
    yield b""
