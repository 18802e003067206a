"""The system call filter: a deny list as a classic BPF program, built in plain Python (no libseccomp).

Format: an array of `struct sock_filter` (u16 code, u8 jump-true, u8 jump-false, u32 k), as in Linux's
Documentation/userspace-api/seccomp_filter.rst. Call numbers: arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h (aarch64). Calls that only exist on one architecture are left out on the other.
"""

from __future__ import annotations

import errno
import platform
import struct
from typing import NamedTuple

from .bubblewrap import Unavailable

LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16
CLONE_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (NEWTIME is no flag of clone)."""
AF_UNIX, TIOCSTI, TIOCLINUX, FADV_DONTNEED = 1, 0x5412, 0x541C, 4
X32_BIT = 0x40000000


class Architecture(NamedTuple):
    audit: int
    numbers: dict[str, int]
    x32: bool


# New calls have the same number everywhere (from 424 on).
COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "pidfd_getfd": 438,
    "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443, "memfd_secret": 447, "cachestat": 451,
    "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461,
}  # fmt: skip
X86_64 = {
    "mincore": 27, "shmget": 29, "ioctl": 16, "socket": 41, "sendmsg": 46, "socketpair": 53, "clone": 56,
    "semget": 64, "msgget": 68, "ptrace": 101, "syslog": 103, "uselib": 134, "personality": 135, "ustat": 136,
    "sysfs": 139, "vhangup": 153, "modify_ldt": 154, "pivot_root": 155, "adjtimex": 159, "chroot": 161, "acct": 163,
    "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "quotactl": 179, "nfsservctl": 180, "lookup_dcookie": 212, "remap_file_pages": 216, "fadvise64": 221,
    "clock_settime": 227, "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "inotify_init": 253, "migrate_pages": 256, "unshare": 272, "vmsplice": 278, "move_pages": 279,
    "inotify_init1": 294, "preadv2": 327, "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "clock_adjtime": 305, "sendmmsg": 307, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
    "userfaultfd": 323,
}  # fmt: skip
AARCH64 = {
    "ioctl": 29, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "chroot": 51, "vhangup": 58,
    "quotactl": 60, "lookup_dcookie": 18, "inotify_init1": 26, "vmsplice": 75, "acct": 89, "personality": 92,
    "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112, "syslog": 116,
    "ptrace": 117, "reboot": 142, "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "adjtimex": 171,
    "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198, "socketpair": 199, "sendmsg": 211,
    "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "fadvise64": 223, "swapon": 224, "swapoff": 225,
    "mincore": 232, "remap_file_pages": 234, "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241,
    "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268,
    "sendmmsg": 269, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "finit_module": 273,
    "bpf": 280, "userfaultfd": 282, "preadv2": 286, "kexec_file_load": 294,
}  # fmt: skip
ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, X86_64 | COMMON, x32=True),
    "aarch64": Architecture(0xC00000B7, AARCH64 | COMMON, x32=False),
}

ABSENT = (
    "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter", "io_uring_register", "cachestat",
    "clone3", "memfd_secret", "shmget", "semget", "msgget", "mq_open", "inotify_init", "inotify_init1",
    "fanotify_init", "statmount", "listmount",
)  # fmt: skip
"""Answered as if the kernel had no such call, so that libraries take their other road (glibc: clone for clone3)."""
WITH_ARGUMENTS = ("clone", "socket", "socketpair", "ioctl", "fadvise64", "preadv2", "personality")


def denied(numbers: dict[str, int]) -> list[str]:
    """Names refused with EPERM: all of the table but those answered otherwise."""
    return [name for name in numbers if name not in ABSENT and name not in WITH_ARGUMENTS]


class Program:
    def __init__(self) -> None:
        self.steps: list[tuple[int, int, int, int]] = []

    def step(self, code: int, k: int, true: int = 0, false: int = 0) -> None:
        self.steps.append((code, true, false, k & 0xFFFFFFFF))

    def answer(self, number: int, action: int) -> None:
        self.step(JUMP_EQ, number, 0, 1)
        self.step(RETURN, action)

    def answer_if(self, number: int, argument: int, test: int, value: int, hit: int, miss: int) -> None:
        """For this call: test the argument's low 32 bits, then return `hit` or `miss`. Falls through otherwise."""
        self.step(JUMP_EQ, number, 0, 4)
        self.step(LOAD, ARGUMENTS_AT + 8 * argument)
        self.step(test, value, 0, 1)
        self.step(RETURN, hit)
        self.step(RETURN, miss)


def build(machine: str | None = None) -> bytes:
    """The program for `machine` (default: this one). Raises Unavailable for one without a table."""
    name = machine or platform.machine()
    if name not in ARCHITECTURES:
        raise Unavailable(f"The jail has no system call table for {name}: it runs on x86_64 and aarch64 only.")
    arch = ARCHITECTURES[name]
    numbers, program = arch.numbers, Program()
    no = lambda code: ERRNO | code
    program.step(LOAD, ARCH_AT)
    program.step(JUMP_EQ, arch.audit, 1, 0)
    program.step(RETURN, KILL)  # a 32-bit call, whose numbers mean other things
    program.step(LOAD, NUMBER_AT)
    if arch.x32:
        program.step(JUMP_GE, X32_BIT, 0, 1)
        program.step(RETURN, KILL)
    for call in denied(numbers):
        program.answer(numbers[call], no(errno.EPERM))
    for call in ABSENT:
        if call in numbers:
            program.answer(numbers[call], no(errno.ENOSYS))
    program.answer_if(numbers["clone"], 0, JUMP_SET, CLONE_NAMESPACES, no(errno.EPERM), ALLOW)
    for call in ("socket", "socketpair"):  # vsock and netlink do not heed the network namespace as IP does
        program.answer_if(numbers[call], 0, JUMP_EQ, AF_UNIX, ALLOW, no(errno.EAFNOSUPPORT))
    program.answer_if(numbers["personality"], 0, JUMP_EQ, 0xFFFFFFFF, ALLOW, no(errno.EPERM))
    # Page-cache residency: eviction pretends to work, a read that must not wait is refused.
    program.answer_if(numbers["fadvise64"], 3, JUMP_EQ, FADV_DONTNEED, no(0), ALLOW)
    program.answer_if(numbers["preadv2"], 5, JUMP_EQ, 0, ALLOW, no(errno.EOPNOTSUPP))
    program.step(JUMP_EQ, numbers["ioctl"], 0, 4)
    program.step(LOAD, ARGUMENTS_AT + 8)
    program.step(JUMP_EQ, TIOCSTI, 1, 0)
    program.step(JUMP_EQ, TIOCLINUX, 0, 1)
    program.step(RETURN, no(errno.EPERM))
    program.step(RETURN, ALLOW)
    return b"".join(struct.pack("<HBBI", *step) for step in program.steps)
