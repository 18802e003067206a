# PHASE: encode
# EXPECT: output_invalid
# WHY: as empty ones, and the bytes would last for an hour
def encode(video, rate):
    while True:
        yield b"x"
