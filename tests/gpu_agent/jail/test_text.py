from gpu_agent.jail.text import MESSAGE_BYTES, BoundedLog, bounded, printable


def test_control_sequences_do_not_survive():
    assert printable(b"\x1b[2Ja\x00b\r\n\tc\xff\xe2\x80\xae") == "?[2Ja?b\n\tc\ufffd?"


def test_bounded_keeps_both_ends_and_whole_characters():
    text = bounded("start " + "é" * 20_000 + " end")
    assert len(text.encode()) <= MESSAGE_BYTES
    assert text.startswith("start ")
    assert text.endswith(" end")
    assert "\ufffd" not in text


def test_bounded_takes_lone_surrogates():
    assert bounded("a\ud800b") == "a?b"


def test_log_keeps_head_and_tail_and_counts_all():
    log = BoundedLog(head=10, tail=5)
    for _ in range(100):
        log.add(b"0123456789abc")
    log.add(b"last!")
    assert log.total == 1305
    assert log.text.startswith("0123456789")
    assert log.text.endswith("last!")
    assert "1,290 bytes left out" in log.text
    assert len(log._head) + len(log._tail) == 15


def test_short_log_is_whole():
    log = BoundedLog(head=4, tail=4)
    log.add(b"abcdef")
    assert log.text == "abcdef"
