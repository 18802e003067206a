# PHASE: encode
# EXPECT: output_too_large
# WHY: empty packets cost their lengths, so that they end too
def encode(video, rate):
    while True:
        yield b"x" * 999
        yield b""
