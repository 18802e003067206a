import struct

import pytest

from gpu_agent.jail.status import TEXT_BYTES, Status


def fed(*parts: bytes) -> Status:
    status = Status()
    for part in parts:
        status.add(part)
    return status


def test_a_whole_run_in_any_slices():
    data = b"PRF" + struct.pack("<I", 7) + b"F" + struct.pack("<I", 9) + b"D"
    for status in (fed(data), fed(*(data[i : i + 1] for i in range(len(data))))):
        assert status.complete
        assert status.frames == 9


@pytest.mark.parametrize(
    "data", [b"", b"P", b"PR", b"RD", b"D", b"PD", b"PRDD", b"PRDF\1\0\0\0", b"PRx", b"PRDEX", b"PRF\1\0D"]
)
def test_nothing_else_is_complete(data):
    assert not fed(data).complete


def test_error_text_is_bounded_printable_and_keeps_its_kind():
    status = fed(b"PREO", b"\x1b[31m" + b"x" * 100_000)
    assert status.kind == "O"
    assert status.text.startswith("?[31mxxx")
    assert len(status.text) == TEXT_BYTES
    assert not status.complete


def test_unknown_kind_counts_as_an_exception():
    assert fed(b"PREZtext").kind == "X"
