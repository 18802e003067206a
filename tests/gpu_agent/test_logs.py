import io
import logging

import pytest

from gpu_agent.logs import OneLine, configure


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logger = logging.Logger("tests.logs")
    logger.addHandler(handler)
    return logger, stream


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_an_event_is_one_line_whatever_is_in_it(lines, end):
    logger, stream = lines
    logger.info("clip %s left out", f"first{end}INFO forged")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_traceback_stays_on_its_line_and_whole(lines):
    logger, stream = lines
    try:
        raise ValueError("why")
    except ValueError:
        logger.exception("it broke")
    assert len(stream.getvalue().splitlines()) == 1
    assert "ERROR it broke ⏎ Traceback" in stream.getvalue()
    assert "ValueError: why" in stream.getvalue()


def test_nothing_that_a_terminal_obeys_gets_out(lines):
    logger, stream = lines
    logger.info("\x1b]0;title\x07 \x9b31m \x00 ü 🙂")
    assert stream.getvalue() == "INFO \\x1b]0;title\\x07 \\x9b31m \\x00 ü 🙂\n"


def test_the_level_is_the_settings_and_libraries_are_quiet(capsys):
    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure("info")
        logging.getLogger("gpu_agent.x").info("told")
        logging.getLogger("gpu_agent.x").debug("not told")
        logging.getLogger("numba.core").info("not told either")
        assert [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()] == ["INFO gpu_agent.x told"]
    finally:
        logging.getLogger().handlers[:], level = before
        logging.getLogger().setLevel(level)
