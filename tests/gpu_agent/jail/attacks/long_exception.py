# PHASE: decode
# EXPECT: exception
# WHY: a text of megabytes under a thousand frames of recursion
def down(depth):
    if depth == 0:
        raise ValueError("\x1b[2J<script>\x00" + "A" * (8 << 20))
    return down(depth - 1)


def decode(packets, info):
    return down(900)
