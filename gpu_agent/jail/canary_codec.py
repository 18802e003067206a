"""The canary: a codec that tries to do what no codec may, and tells what came of it. Runs inside the jail only."""

import contextlib
import ctypes
import errno
import json
import os
import socket


def attempt(action):
    """Name of the error that stopped the action, or 'done'."""
    try:
        action()
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e.errno))
    return "done"


def make(path):
    with open(path, "wb") as f:
        f.write(b"x")


def fill(folder):
    """Write files until the folder takes no more; one file alone ends at the limit on its size."""
    made = []
    try:
        for number in range(4):
            made.append(f"{folder}/x{number}")
            with open(made[-1], "wb", buffering=0) as f, contextlib.suppress(OSError):
                while f.tell() < 1 << 30:
                    f.write(bytes(1 << 20))
        with open(made[-1], "wb", buffering=0) as f:
            f.write(bytes(1 << 20))
    finally:
        for path in made:
            os.unlink(path)


def change(path):
    os.close(os.open(path, os.O_WRONLY))


def call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def first_environment():
    try:
        with open("/proc/1/environ", "rb") as f:
            return len(f.read())
    except OSError:
        return 0


def interfaces():
    with open("/proc/self/net/dev") as f:
        return [line.partition(":")[0].strip() for line in f if ":" in line]


def status_of(process):
    with open(f"/proc/{process}/status") as f:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in f)}


def encode(video, rate):
    fields, first = status_of("self"), status_of("1")
    yield json.dumps(
        {
            "uids": [*os.getresuid(), *os.getresgid()],
            "capabilities": {name: fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")},
            "no_new_privileges": fields["NoNewPrivs"],
            "seccomp": fields["Seccomp"],
            "init": {name: first[name] for name in ("CapEff", "NoNewPrivs", "Seccomp")},
            "environment": sorted(os.environ),
            "first_environment": first_environment(),
            "interfaces": interfaces(),
            "internet": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", 9))),
            "vsock": attempt(lambda: socket.socket(40, socket.SOCK_STREAM)),
            "unshare": attempt(lambda: call("unshare", 0x10000000)),
            "mincore": attempt(lambda: call("mincore", None, 0, None)),
            "namespaces": {
                name: os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "net", "ipc", "uts", "mnt")
            },
            "processes": [name for name in listing("/proc") if name.isdigit()],
            "root": listing("/"),
            "etc": listing("/etc"),
            "written": [
                p for p in ("/x", "/usr/x", "/codec/x", "/lab/x", "/dev/x") if attempt(lambda p=p: make(p)) == "done"
            ],
            "source": attempt(lambda: change("/source/planes")),
            "filled": {p: attempt(lambda p=p: fill(p)) for p in ("/tmp", "/dev/shm")},
        }
    ).encode()


def decode(packets, info):
    return []
