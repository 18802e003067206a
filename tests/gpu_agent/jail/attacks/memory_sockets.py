# PHASE: encode
# EXPECT: ok exception memory
# WHY: kernel buffers of pipes and sockets, and files hidden in flight between sockets
import os
import socket


def encode(video, rate):
    held = []
    try:
        while True:
            pair = socket.socketpair()
            held.append(pair)
            pair[0].setblocking(False)
            try:
                fd = os.memfd_create("hidden")
                socket.send_fds(pair[0], [b"x"], [fd])
                print("CANARY-in flight")
            except OSError:
                pass
            finally:
                os.close(fd)
            try:
                while True:
                    pair[0].send(bytes(65536))
            except BlockingIOError:
                pass
    except OSError as e:
        print(len(held), e.errno)
    yield b"x"
