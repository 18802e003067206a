# PHASE: encode
# EXPECT: ok
# WHY: each call that the filter names is refused (x86_64 numbers; elsewhere nothing is tried)
import ctypes
import errno
import platform

CALLS = {
    "io_uring_setup": (425, 8, 0), "bpf": (321, 0, 0, 0), "userfaultfd": (323, 0), "perf_event_open": (298, 0, 0, -1, -1, 0),
    "ptrace": (101, 0), "keyctl": (250, 0, -3, 0), "add_key": (248, 0, 0, 0, 0, -3), "unshare": (272, 0x10000000),
    "setns": (308, 0, 0), "mount": (165, 0, 0, 0, 0, 0), "umount2": (166, 0, 0), "pivot_root": (155, 0, 0),
    "chroot": (161, 0), "open_tree": (428, -100, 0, 1), "fsopen": (430, 0, 0), "clone3": (435, 0, 0), "mincore": (27, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0), "open_by_handle_at": (304, -1, 0, 0), "name_to_handle_at": (303, -100, 0, 0, 0, 0),
    "memfd_secret": (447, 0), "kcmp": (312, 1, 1, 0, 0, 0), "shmget": (29, 0, 4096, 0o1666), "semget": (64, 0, 1, 0o1666),
    "msgget": (68, 0, 0o1666), "inotify_init": (253,), "quotactl": (179, 0, 0, 0, 0), "init_module": (175, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0), "settimeofday": (164, 0, 0), "personality": (135, 0x40000), "vmsplice": (278, 0, 0, 0, 0),
    "pidfd_getfd": (438, 0, 0, 0), "cachestat": (451, 0, 0, 0, 0), "syslog": (103, 3, 0, 0), "modify_ldt": (154, 0, 0, 0),
    "clone new user": (56, 0x10000000 | 17, 0, 0, 0, 0), "x32 getpid": (0x40000000 | 39,),
}  # fmt: skip


def encode(video, rate):
    libc = ctypes.CDLL(None, use_errno=True)
    for name, arguments in CALLS.items() if platform.machine() == "x86_64" else ():
        if name.startswith("x32"):
            continue
        ctypes.set_errno(0)
        result = libc.syscall(*(ctypes.c_long(a) for a in arguments))
        code = errno.errorcode.get(ctypes.get_errno(), "0")
        print(name, result, code)
        if result != -1 or code not in ("EPERM", "ENOSYS"):
            print("CANARY-allowed", name)
    yield b"x"
