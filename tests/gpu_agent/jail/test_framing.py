import os
import struct

import pytest

from gpu_agent.jail.framing import FrameOutput, PacketOutput, StreamOutput, TooLarge, TooMany


def read_all(output, *parts: bytes) -> None:
    """Push the parts through a real pipe, one read or more for each, then its end."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    try:
        for part in parts:
            os.write(write, part)
            try:
                while output.read(read):
                    pass
            except BlockingIOError:
                pass
        os.close(write)
        write = None
        while output.read(read):
            pass
    finally:
        os.close(read)
        if write is not None:
            os.close(write)


def framed(*packets: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(p)) + p for p in packets)


def test_packets_come_whole_whatever_the_slices():
    packets = [b"", b"a", b"bc" * 100, b""]
    data = framed(*packets)
    for size in (1, 3, 7, len(data)):
        got = []
        output = PacketOutput(1000, got.append, most=1000)
        read_all(output, *(data[i : i + size] for i in range(0, len(data), size)))
        assert got == packets
        assert output.fault() is None
        assert output.total == len(data)


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_a_torn_packet_is_a_fault(cut):
    output = PacketOutput(1000, lambda packet: None, most=1000)
    read_all(output, framed(b"whole") + framed(b"torn packet")[:cut])
    assert output.sent == 1
    assert "within packet 1" in output.fault()


def test_a_length_beyond_the_limit_ends_it_before_any_byte_of_the_packet():
    output = PacketOutput(1000, lambda packet: None, most=1000)
    with pytest.raises(TooLarge):
        read_all(output, b"\xff\xff\xff\xff")


def test_the_limit_counts_lengths_too():
    output = PacketOutput(100, lambda packet: None, most=1000)
    read_all(output, framed(*[b""] * 25))
    assert output.sent == 25
    with pytest.raises(TooLarge):
        read_all(PacketOutput(100, lambda packet: None, most=1000), framed(*[b""] * 26))


@pytest.mark.parametrize("kind", [b"", b"x"])
def test_packets_are_counted_too(kind):
    got = []
    output = PacketOutput(1000, got.append, most=3)
    read_all(output, framed(*[kind] * 3))
    assert (got, output.fault()) == ([kind] * 3, None)
    with pytest.raises(TooMany, match="more than the 3 packets"):
        read_all(PacketOutput(1000, got.append, most=3), framed(*[kind] * 4))
    assert len(got) == 6


def test_a_stream_gives_the_same_packets_one_at_a_time_in_one_buffer():
    packets = [b"", b"a", b"bc" * 100, b"", b"d" * 7]
    data = framed(*packets)
    for size in (1, 3, 7, len(data)):
        got = []

        def take(view, got=got):
            assert view.readonly
            got.append(bytes(view))

        output = StreamOutput(1000, 200, take)
        read_all(output, *(data[i : i + size] for i in range(0, len(data), size)))
        assert got == packets
        assert (output.fault(), output.sent, output.total) == (None, 5, len(data))


def test_a_stream_may_be_longer_than_any_packet_but_no_packet_larger():
    got = []
    read_all(StreamOutput(10_000, 10, lambda view: got.append(len(view))), framed(*[b"x" * 10] * 20))
    assert got == [10] * 20
    with pytest.raises(TooLarge):
        read_all(StreamOutput(10_000, 10, lambda view: None), framed(b"x" * 11)[:4])


def test_a_stream_ends_at_its_limit_lengths_counted():
    got = []
    with pytest.raises(TooLarge):
        read_all(StreamOutput(100, 10, lambda view: got.append(1)), framed(*[b"x" * 6] * 11))
    assert len(got) == 10


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_a_torn_packet_in_a_stream_is_a_fault(cut):
    output = StreamOutput(1000, 100, lambda packet: None)
    read_all(output, framed(b"whole") + framed(b"torn packet")[:cut])
    assert output.sent == 1
    assert "within packet 1" in output.fault()


def test_frames_are_cut_to_size_and_read_only():
    got = []

    def take(view):
        assert view.readonly
        got.append(bytes(view))

    output = FrameOutput(2, 6, take)
    read_all(output, b"abc", b"defgh", b"ijkl")
    assert got == [b"abcdef", b"ghijkl"]
    assert output.fault() is None


def test_one_byte_too_many_and_one_too_few():
    with pytest.raises(TooLarge):
        read_all(FrameOutput(2, 6, lambda view: None), b"x" * 13)
    output = FrameOutput(2, 6, lambda view: None)
    read_all(output, b"x" * 11)
    assert output.fault() == "2 frames were expected, 1 and 5 bytes arrived"
