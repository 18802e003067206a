# PHASE: encode
# EXPECT: exception
# WHY: an error whose text raises, and one full of control characters
class Evil(Exception):
    def __str__(self):
        raise KeyboardInterrupt("\x1b[2J" * 10_000)


def encode(video, rate):
    raise Evil
