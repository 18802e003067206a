import ctypes
import mmap
import os

import pytest

from gpu_agent.jail.pagecache import normalise


def resident(path) -> int:
    """Pages of the file that are in memory (mincore, which the jail refuses)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "r+b") as f, mmap.mmap(f.fileno(), 0) as view:
        pages = -(-len(view) // mmap.PAGESIZE)
        state = (ctypes.c_ubyte * pages)()
        buffer = ctypes.c_char.from_buffer(view)
        assert libc.mincore(ctypes.c_void_p(ctypes.addressof(buffer)), ctypes.c_size_t(len(view)), state) == 0
        del buffer
        return sum(s & 1 for s in state)


def in_memory(path) -> bool:
    device = os.stat(path).st_dev
    number = f" {os.major(device)}:{os.minor(device)} "
    with open("/proc/self/mountinfo") as f:
        return any(number in line and " - tmpfs " in line for line in f)


def test_what_was_read_is_forgotten(tmp_path):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(os.urandom(1 << 20))
    with open(path, "rb") as f:
        os.fsync(f.fileno())
    if in_memory(path):
        pytest.skip("the folder for temporary files is a tmpfs, where nothing can be dropped: not tested")
    assert resident(path) > 0
    done = normalise([str(tmp_path)])
    assert resident(path) == 0
    assert done.files == 1


def test_a_folder_that_is_not_there_is_no_error():
    assert normalise(["/no/such/folder"]).files == 0
