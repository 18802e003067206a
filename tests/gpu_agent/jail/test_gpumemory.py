"""The overwriting of GPU memory, over a stand-in for the driver's library; on a GPU see tests/gpu."""

import ctypes
import sys

import pytest

from gpu_agent.jail import Jail
from gpu_agent.jail.gpumemory import CHUNK, Driver, DriverError, Overwritten, fill, overwrite

MIB = 1 << 20


class Library:
    """A device with `room` bytes: hands out what fits and notes what was set."""

    def __init__(self, room: int, failing: str = "") -> None:
        self.room, self.failing, self.given, self.zeroed = room, failing, {}, 0

    def __getattr__(self, name):
        return lambda *arguments: 999 if name == self.failing else 0

    def cuMemGetInfo_v2(self, free, total):
        free._obj.value = self.room
        return 0

    def cuMemAlloc_v2(self, address, size):
        if size.value > self.room:
            return 2
        self.room -= size.value
        address._obj.value = 4096 + len(self.given)
        self.given[address._obj.value] = size.value
        return 0

    def cuMemsetD8_v2(self, address, value, size):
        assert self.given[address.value] == size.value
        assert value.value == 0
        self.zeroed += size.value
        return 0


def test_all_that_can_be_had_is_overwritten_down_to_the_last_mib():
    library = Library(3 * CHUNK + 77 * MIB + 12345)
    done, free = fill(Driver(library))
    assert free == 3 * CHUNK + 77 * MIB + 12345
    assert done == library.zeroed == 3 * CHUNK + 77 * MIB
    assert library.room == 12345


def test_a_call_that_fails_is_named():
    with pytest.raises(DriverError, match="cuInit gave error 999"):
        Driver(Library(MIB, failing="cuInit"))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            "print('noise'); print('{\"done\": 2097152, \"free\": 3145728}')",
            "2 of 3 MiB of free GPU memory overwritten",
        ),
        (
            'print(\'{"problem": "the driver refused: cuInit gave error 3"}\'); raise SystemExit(1)',
            "cuInit gave error 3",
        ),
        ("raise SystemExit(1)", "not overwritten between encode and decode: the program that does it failed"),
        ("print('[]')", "not overwritten"),
    ],
)
def test_what_the_program_says_becomes_a_sentence(program, words):
    assert words in overwrite((sys.executable, "-c", program)).sentence


def test_where_there_is_no_driver_it_says_so():
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        found = overwrite()
        assert found.done == 0
        assert "the driver refused" in found.problem
    else:
        pytest.skip("this machine has NVIDIA's driver")


def test_without_a_gpu_nothing_is_done():
    assert Jail().overwrite_gpu_memory() is None
    assert Overwritten(done=MIB, free=MIB).problem is None
