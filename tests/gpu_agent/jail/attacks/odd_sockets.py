# PHASE: encode
# EXPECT: ok
# WHY: vsock, netlink, packet and the like do not heed the network namespace, or widen the kernel's surface
import socket


def encode(video, rate):
    for family in range(2, 46):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                socket.socket(family, kind).close()
                print("CANARY-opened", family, kind)
            except OSError:
                pass
    yield b"x"
