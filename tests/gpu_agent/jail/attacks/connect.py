# PHASE: encode
# EXPECT: ok
# WHY: no route to the agent, the metadata service, a name server, or a socket of the host
import socket


def encode(video, rate):
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", AGENT_PORT)),  # noqa: F821 - filled in by the test
        (socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("1.1.1.1", 53)),
        (socket.AF_INET6, socket.SOCK_STREAM, ("::1", AGENT_PORT)),  # noqa: F821
        (socket.AF_UNIX, socket.SOCK_STREAM, "/run/docker.sock"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "/run/dbus/system_bus_socket"),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\0/tmp/.X11-unix/X0"),
    ):
        try:
            with socket.socket(family, kind) as s:
                s.settimeout(0.2)
                s.connect(address)
                s.sendall(b"hello")
                print("CANARY-connected", address, s.recv(100))
        except OSError as e:
            print(address, e)
    try:
        print("CANARY-name", socket.getaddrinfo("example.com", 80))
    except OSError as e:
        print(e)
    yield b"x"
