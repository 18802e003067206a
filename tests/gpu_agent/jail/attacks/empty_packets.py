# PHASE: encode
# EXPECT: output_invalid
# WHY: packets that cost no bytes cost the agent's time and memory all the same
def encode(video, rate):
    while True:
        yield b""
