# PHASE: encode
# EXPECT: output_too_large
# WHY: few enough packets, without end of their bytes
def encode(video, rate):
    while True:
        yield b"x" * 99_999
        yield b""
