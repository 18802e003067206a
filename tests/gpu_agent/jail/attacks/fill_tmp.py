# PHASE: encode
# EXPECT: ok memory
# WHY: space is bounded wherever a codec can write
def encode(video, rate):
    for folder in ("/tmp", "/dev/shm", "/dev", "/codec", "/lab", "/source", "/", "/proc", "/etc", "/usr/lib"):
        written = 0
        try:
            for number in range(40):
                with open(f"{folder}/f{number}", "wb", buffering=0) as f:
                    written += f.write(bytes(1 << 20))
            print("CANARY-unbounded", folder)
        except OSError as e:
            print(folder, written, e.errno)
    yield b"x"
