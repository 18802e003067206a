# PHASE: encode
# EXPECT: output_invalid
# WHY: a packet is bytes; text is not encoded for the codec
def encode(video, rate):
    yield b"fine"
    yield "text"
