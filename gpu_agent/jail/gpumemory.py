"""Overwrites the free memory of every NVIDIA GPU, so that encode leaves decode nothing there. Runs as a program.

Whether a driver clears memory before another process gets it is its own affair. Here all that can be had is allocated,
set to zero and given back, by a process of its own whose context ends with it. The driver's API is called by ctypes
(libcuda, CUDA Driver API: cuMemGetInfo, cuMemAlloc, cuMemsetD8), so that neither torch nor a toolkit is needed.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from typing import NamedTuple

TIMEOUT_SECONDS = 60.0
CHUNK, SMALLEST = 256 << 20, 1 << 20


class Overwritten(NamedTuple):
    """Bytes overwritten on all devices, and of how many free; `problem` where it could not be done, in words."""

    done: int = 0
    free: int = 0
    problem: str | None = None

    @property
    def sentence(self) -> str:
        if self.problem:
            return f"GPU memory was not overwritten between encode and decode: {self.problem}."
        return (
            f"{self.done >> 20:,} of {self.free >> 20:,} MiB of free GPU memory overwritten between encode and decode."
        )


def overwrite(command: tuple[str, ...] = (sys.executable, "-I", __file__)) -> Overwritten:
    """In a process of its own. Never raises: what went wrong is told."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, stdin=subprocess.DEVNULL)
        return Overwritten(**json.loads(run.stdout.strip().splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, IndexError) as e:
        return Overwritten(problem=f"the program that does it failed ({type(e).__name__})")


class DriverError(RuntimeError):
    """A call of the driver failed."""


class Driver:
    """The few calls of libcuda. `library`: the loaded library, or what stands for it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.call("cuInit", 0)

    def call(self, name: str, *arguments: object) -> None:
        status = getattr(self.library, name)(*arguments)
        if status != 0:
            raise DriverError(f"{name} gave error {status}")

    def devices(self) -> int:
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        return count.value

    def enter(self, number: int) -> None:
        """A context on this device becomes the current one; it ends with the process."""
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), number)
        self.call("cuCtxCreate_v2", ctypes.byref(context), 0, device)

    def free(self) -> int:
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def take(self, size: int) -> bool:
        """Allocate and zero so many bytes, kept until the process ends. False where there is no room."""
        address = ctypes.c_uint64()
        if self.library.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(size)) != 0:
            return False
        self.call("cuMemsetD8_v2", address, ctypes.c_ubyte(0), ctypes.c_size_t(size))
        return True


def fill(driver: Driver) -> tuple[int, int]:
    """Bytes overwritten and bytes that were free, on the current device. Chunks halve until not even 1 MiB is had."""
    free, done, size = driver.free(), 0, CHUNK
    while size >= SMALLEST:
        if driver.take(size):
            done += size
        else:
            size //= 2
    driver.call("cuCtxSynchronize")
    return done, free


def main() -> int:
    done = free = 0
    try:
        driver = Driver(ctypes.CDLL("libcuda.so.1"))
        for number in range(driver.devices()):
            driver.enter(number)
            filled, had = fill(driver)
            done, free = done + filled, free + had
    except (OSError, AttributeError, DriverError) as e:
        print(json.dumps({"problem": f"the driver refused: {e}"[:300]}))
        return 1
    print(json.dumps({"done": done, "free": free}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
