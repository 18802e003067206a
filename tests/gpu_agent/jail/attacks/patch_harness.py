# PHASE: decode
# EXPECT: output_short output_invalid exception crash bad_status
# WHY: whatever is patched inside, the agent counts outside
import builtins
import os
import sys


def decode(packets, info):
    os.write = lambda fd, data: len(data)
    builtins.len = lambda x: 0
    frame = sys._getframe()
    while frame:
        frame.f_globals["write_all"] = lambda *a: None
        frame.f_globals["checked_planes"] = lambda *a: ()
        frame = frame.f_back
    for _ in range(info.frames):
        yield ()
