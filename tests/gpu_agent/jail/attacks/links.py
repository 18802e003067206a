# PHASE: encode
# EXPECT: ok
# WHY: links and fifos where an agent might look for output: it never looks into the jail
import os


def encode(video, rate):
    for name, target in (("out", "/etc/passwd"), ("bitstream", "/proc/self/mem"), ("codec.py", "/source/planes")):
        os.symlink(target, f"/tmp/{name}")
    os.mkfifo("/tmp/fifo")
    yield b"x"
