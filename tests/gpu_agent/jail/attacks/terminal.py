# PHASE: encode
# EXPECT: ok
# WHY: no terminal to push keys into
import fcntl
import os
import termios


def encode(video, rate):
    for path in ("/dev/tty", "/dev/console", "/dev/tty1", "/proc/self/fd/0", "/proc/self/fd/1"):
        try:
            fcntl.ioctl(os.open(path, os.O_RDWR | os.O_NONBLOCK), termios.TIOCSTI, b"x")
            print("CANARY-pushed", path)
        except OSError as e:
            print(path, e.errno)
    _master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSTI, b"x")
        print("CANARY-pushed")
    except OSError as e:
        print(e.errno)
    yield b"x"
