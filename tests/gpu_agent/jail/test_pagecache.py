import ctypes
import mmap
import os

import pytest

from gpu_agent.jail import pagecache
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


@pytest.fixture
def folder(tmp_path):
    for name, size in (("read", 1 << 20), ("sub/other", 1 << 18), ("hidden/package", 1 << 18)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(size))
        with open(path, "rb") as f:
            os.fsync(f.fileno())
    if in_memory(tmp_path / "read"):
        pytest.skip("the folder for temporary files is a tmpfs, where nothing can be dropped: not tested")
    return tmp_path


def pages(folder) -> list[int]:
    return [resident(folder / name) for name in ("read", "sub/other")]


def test_where_memory_is_plenty_everything_is_in_memory_whatever_was_dropped(folder):
    with open(folder / "read", "rb") as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert pages(folder)[0] == 0
    done = normalise([str(folder)], [str(folder / "hidden")])
    assert (done.files, done.warm) == (2, True)
    assert pages(folder) == [256, 64]


def test_where_memory_is_short_nothing_is_in_memory_whatever_was_read(folder, monkeypatch):
    monkeypatch.setattr(pagecache, "available", lambda: 1 << 20)
    assert pages(folder) == [256, 64]
    done = normalise([str(folder / "read"), str(folder / "sub")])
    assert (done.files, done.warm) == (2, False)
    assert pages(folder) == [0, 0]


def test_links_are_not_followed_and_what_is_not_there_is_no_error(tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    assert normalise(["/no/such/folder", str(tmp_path)]).files == 0
