# PHASE: encode
# EXPECT: ok
# WHY: credentials, other clips, the agent's own code and data are on no path of the jail
import os


def encode(video, rate):
    for path in (
        "/etc/shadow", "/etc/hostname", "/etc/machine-id", "/root/.aws/credentials", "/root/.ssh/id_rsa", "/var/lib/cloud",
        "/tmp/codec-lab-canary/secret", "/proc/1/root/tmp/codec-lab-canary/secret", "/proc/1/cwd/etc/shadow",
        "/proc/cmdline", "/proc/kcore", "/sys/class/dmi/id/product_uuid", "/dev/mem", "/dev/vda", "/dev/kmsg",
    ):  # fmt: skip
        try:
            with open(path, "rb") as f:
                print("CANARY-read", path, f.read(100))
        except OSError as e:
            print(path, e.errno)
    for folder in ("/home", "/var", "/run", "/mnt", "/srv", "/boot", "/etc/ssh"):
        if os.path.exists(folder) and os.listdir(folder):
            print("CANARY-folder", folder)
    yield b"x"
