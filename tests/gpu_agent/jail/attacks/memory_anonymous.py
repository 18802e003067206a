# PHASE: decode
# EXPECT: memory
# WHY: touched memory without end
def decode(packets, info):
    held = []
    while True:
        held.append(bytearray(b"x") * (1 << 22))
    yield
