"""The filter's program, run by a small interpreter of classic BPF: the same decisions on both architectures."""

import errno
import struct

import pytest

from gpu_agent.jail import seccomp
from gpu_agent.jail.bubblewrap import Unavailable
from gpu_agent.jail.seccomp import ALLOW, ARCHITECTURES, ERRNO, KILL

MACHINES = sorted(ARCHITECTURES)


def decide(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the kernel would answer to this call."""
    program = list(struct.iter_unpack("<HBBI", seccomp.build(machine)))
    audit = ARCHITECTURES[machine].audit if audit is None else audit
    data = struct.pack("<IIQ6Q", number, audit, 0, *(a & (1 << 64) - 1 for a in (*arguments, 0, 0, 0, 0, 0, 0)[:6]))
    at = value = 0
    while True:
        code, true, false, k = program[at]
        at += 1
        if code == seccomp.LOAD:
            (value,) = struct.unpack_from("<I", data, k)
        elif code == seccomp.RETURN:
            return k
        else:
            hit = {seccomp.JUMP_EQ: value == k, seccomp.JUMP_GE: value >= k, seccomp.JUMP_SET: bool(value & k)}[code]
            at += true if hit else false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_named_call_is_refused_and_others_are_not(machine):
    numbers = ARCHITECTURES[machine].numbers
    for name in seccomp.denied(numbers):
        assert decide(machine, numbers[name]) == ERRNO | errno.EPERM, name
    for name in set(seccomp.ABSENT) & set(numbers):
        assert decide(machine, numbers[name]) == ERRNO | errno.ENOSYS, name
    ordinary = {"x86_64": (0, 1, 9, 231), "aarch64": (63, 64, 222, 94)}[machine]  # read, write, mmap, exit_group
    assert {decide(machine, number) for number in ordinary} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_depend_on_arguments(machine):
    n = ARCHITECTURES[machine].numbers
    assert decide(machine, n["clone"], 0x00010F00 | 17) == ALLOW
    for namespace in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert decide(machine, n["clone"], namespace | 17) == ERRNO | errno.EPERM
    for call in ("socket", "socketpair"):
        assert decide(machine, n[call], 1) == ALLOW
        assert decide(machine, n[call], 2) == ERRNO | errno.EAFNOSUPPORT
        assert decide(machine, n[call], 40) == ERRNO | errno.EAFNOSUPPORT
    assert decide(machine, n["ioctl"], 0, 0x5412) == ERRNO | errno.EPERM
    assert decide(machine, n["ioctl"], 0, 0x541C) == ERRNO | errno.EPERM
    assert decide(machine, n["ioctl"], 0, 0x5413) == ALLOW
    assert decide(machine, n["fadvise64"], 3, 0, 0, 4) == ERRNO
    assert decide(machine, n["fadvise64"], 3, 0, 0, 1) == ALLOW
    assert decide(machine, n["preadv2"], 3, 0, 0, 0, 0, 8) == ERRNO | errno.EOPNOTSUPP
    assert decide(machine, n["preadv2"], 3) == ALLOW
    assert decide(machine, n["personality"], 0xFFFFFFFF) == ALLOW
    assert decide(machine, n["personality"], 0x0040000) == ERRNO | errno.EPERM


def test_other_abis_end_the_process():
    assert decide("x86_64", 20, audit=0x40000003) == KILL
    assert decide("x86_64", 0x40000000 | 39) == KILL
    assert decide("aarch64", 20, audit=0x40000028) == KILL


def test_an_architecture_without_a_table_is_refused():
    with pytest.raises(Unavailable, match="riscv64"):
        seccomp.build("riscv64")


@pytest.mark.parametrize("machine", MACHINES)
def test_no_number_stands_for_two_calls(machine):
    numbers = ARCHITECTURES[machine].numbers
    assert len(set(numbers.values())) == len(numbers)
