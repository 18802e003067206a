# PHASE: decode
# EXPECT: log_flood
# WHY: printing without end fails the run, and the agent keeps only the start and the end
import os


def decode(packets, info):
    while True:
        os.write(2, b"\x1b[31mspam\x00" * 1000)
    yield
