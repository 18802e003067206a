# PHASE: both
# EXPECT: ok exception
# WHY: files, locks, keyrings, message queues, sockets, shared memory, times of files: none lasts from encode to decode
import ctypes
import fcntl
import os
import socket
import sys
from pathlib import Path

SECRET = b"0123456789abcdef"


def attempts():
    libc = ctypes.CDLL(None, use_errno=True)
    yield "tmp", lambda: Path("/tmp/side").write_bytes(SECRET), lambda: Path("/tmp/side").read_bytes()
    yield "shm", lambda: Path("/dev/shm/side").write_bytes(SECRET), lambda: Path("/dev/shm/side").read_bytes()
    yield "name", lambda: Path("/tmp/" + SECRET.decode()).touch(), lambda: os.listdir("/tmp")[0].encode()
    yield (
        "mtime",
        lambda: os.utime("/codec/codec.py", (77, 77)),
        lambda: SECRET if os.stat("/codec/codec.py").st_mtime == 77 else b"",
    )
    yield "socket", lambda: bind(), lambda: connect()
    yield "queue", lambda: libc.msgget(0x5EC2E8, 0o1666), lambda: SECRET if libc.msgget(0x5EC2E8, 0) >= 0 else b""
    yield (
        "segment",
        lambda: libc.shmget(0x5EC2E8, 4096, 0o1666),
        lambda: SECRET if libc.shmget(0x5EC2E8, 0, 0) >= 0 else b"",
    )
    yield (
        "key",
        lambda: libc.syscall(248, b"user", b"side", SECRET, 16, -4),
        lambda: SECRET if libc.syscall(249, b"user", b"side", 0, -4) > 0 else b"",
    )
    yield (
        "lock",
        lambda: fcntl.flock(held("/usr/bin/env"), fcntl.LOCK_EX),
        lambda: SECRET if locked("/usr/bin/env") else b"",
    )
    yield "module", lambda: setattr(sys, "side", SECRET), lambda: sys.side


files = []


def held(path):
    files.append(os.open(path, os.O_RDONLY))
    return files[-1]


def locked(path):
    try:
        fcntl.flock(held(path), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def bind():
    files.append(socket.socket(socket.AF_UNIX))
    files[-1].bind("\0side")
    files[-1].listen()


def connect():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\0side")
    return SECRET


def encode(video, rate):
    for name, put, _ in attempts():
        try:
            print("put", name, put())
        except Exception as e:
            print(name, e)
    if os.fork() == 0:
        import time

        os.setsid()
        time.sleep(30)
    yield SECRET


def decode(packets, info):
    seen = []
    for name, _, get in attempts():
        try:
            if SECRET in get():
                seen.append(name)
        except Exception as e:
            print(name, e)
    raise RuntimeError(f"LEAKED {seen}" if seen else "SEALED")
    yield
