from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_agent.bitstream import HEADER, BitstreamError, BitstreamWriter, read_bitstream
from gpu_agent.codec_kit import VideoInfo
from gpu_agent.contract import CONTRACT, PACKETS_BESIDE, PACKETS_PER_FRAME, most_packets

INFO = VideoInfo(176, 144, 3, Fraction(30000, 1001))


def write(path: Path, packets: list[bytes]) -> bytes:
    with path.open("wb") as file:
        writer = BitstreamWriter(file, INFO)
        for packet in packets:
            writer.write(packet)
    return path.read_bytes()


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_packets_come_back_as_they_went_in(packets):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "b"
        write(path, packets)
        info, back = read_bitstream(path)
        assert info == INFO
        assert list(back) == packets


def test_framing_costs_one_byte_for_small_packets_and_two_from_128(tmp_path):
    assert len(write(tmp_path / "a", [b"x" * 127])) == HEADER.size + 1 + 127
    assert len(write(tmp_path / "b", [b"x" * 128])) == HEADER.size + 2 + 128


@given(st.binary(max_size=60))
def test_any_bytes_give_packets_or_a_bitstream_error(junk):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "b"
        path.write_bytes(write(path, [])[: HEADER.size] + junk)
        try:
            _, packets = read_bitstream(path)
            total = sum(len(p) for p in packets)
        except BitstreamError:
            return
        assert total <= len(junk)


@pytest.mark.parametrize("keep", [0, 4, HEADER.size - 1])
def test_a_cut_header_is_an_error(tmp_path, keep):
    path = tmp_path / "b"
    path.write_bytes(write(path, [b"abc"])[:keep])
    with pytest.raises(BitstreamError, match="CLB1"):
        read_bitstream(path)


def test_a_cut_packet_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "b"
    path.write_bytes(write(path, [b"abc", b"defg"])[:-1])
    with pytest.raises(BitstreamError, match="packet 1 is cut: 3 of 4"):
        list(read_bitstream(path)[1])


def test_packets_beyond_what_the_frames_may_have_are_not_read(tmp_path):
    path = tmp_path / "b"
    most = most_packets(INFO.frames)
    write(path, [b""] * most)
    assert len(list(read_bitstream(path)[1])) == most
    with path.open("ab") as file:
        file.write(bytes(1 << 20))
    with pytest.raises(BitstreamError, match=f"more than the {most:,} packets"):
        list(read_bitstream(path)[1])


def test_the_contract_says_how_many_packets_there_may_be():
    assert f"At most {PACKETS_PER_FRAME} packets a frame and {PACKETS_BESIDE} beside" in CONTRACT
