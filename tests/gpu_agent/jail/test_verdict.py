import pytest

from gpu_agent.jail import Outcome, Verdict
from gpu_agent.jail.policy import Policy
from gpu_agent.jail.status import Status
from gpu_agent.jail.verdict import Seen, judge
from gpu_agent.models import ErrorCategory, Limits


def seen(said: bytes = b"PRD", **changes) -> Seen:
    status = Status()
    status.add(said)
    facts = {
        "mode": "encode", "policy": Policy.of(Limits()), "killed": None, "out_of_memory": False, "held": True, "gone": True,
        "code": 0, "status": status, "fault": None, "sent": 1, "log": "", "as_root": True,
    }  # fmt: skip
    return Seen(**facts | changes)


def test_only_full_agreement_is_success():
    assert judge(seen()) == (Verdict.OK, "")


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"code": 1}, Verdict.CRASH),
        ({"code": 139}, Verdict.CRASH),
        ({"said": b"PR"}, Verdict.BAD_STATUS),
        ({"said": b"PRDx"}, Verdict.BAD_STATUS),
        ({"said": b"P"}, Verdict.CRASH_START),
        ({"said": b""}, Verdict.SANDBOX_ERROR),
        ({"held": False}, Verdict.SANDBOX_ERROR),
        ({"gone": False}, Verdict.SANDBOX_ERROR),
        ({"fault": "it is torn"}, Verdict.OUTPUT_INVALID),
        ({"fault": "2 are missing", "mode": "decode"}, Verdict.OUTPUT_SHORT),
        ({"sent": 0}, Verdict.OUTPUT_EMPTY),
        ({"out_of_memory": True}, Verdict.MEMORY),
        ({"killed": ("timeout", "It took long.")}, Verdict.TIMEOUT),
        ({"said": b"PEXboom", "code": 3}, Verdict.EXCEPTION_START),
        ({"said": b"PREXboom", "code": 3}, Verdict.EXCEPTION),
        ({"said": b"PREXboom", "code": 0}, Verdict.EXCEPTION),
        ({"said": b"PREMboom", "code": 3}, Verdict.MEMORY),
        ({"said": b"PREOboom", "code": 3}, Verdict.OUTPUT_INVALID),
    ],
)
def test_any_witness_against_it_fails_it(facts, verdict):
    got, message = judge(seen(**facts))
    assert got is verdict
    assert message


def test_messages_say_what_and_where():
    assert judge(seen(code=139))[1] == "The process was killed by SIGSEGV (signal 11) during encode."
    assert judge(seen(killed=("timeout", "It took longer than 2 s.")))[1] == "encode took longer than 2 s."
    assert "1,024 MB" in judge(seen(killed=("output_too_large", "")))[1]


@pytest.mark.parametrize(
    ("mode", "verdict", "category"),
    [
        ("encode", Verdict.EXCEPTION, ErrorCategory.ENCODE_ERROR),
        ("decode", Verdict.CRASH, ErrorCategory.DECODE_ERROR),
        ("encode", Verdict.EXCEPTION_START, ErrorCategory.INVALID_CODE),
        ("decode", Verdict.CPU_TIMEOUT, ErrorCategory.TIMEOUT),
        ("decode", Verdict.MEMORY, ErrorCategory.MEMORY),
        ("decode", Verdict.OUTPUT_SHORT, ErrorCategory.OUTPUT_INVALID),
        ("encode", Verdict.LOG_FLOOD, ErrorCategory.ENCODE_ERROR),
        ("encode", Verdict.SANDBOX_ERROR, ErrorCategory.SANDBOX),
        ("read", Verdict.CRASH, ErrorCategory.LOST),
    ],
)
def test_categories_of_the_record(mode, verdict, category):
    failure = Outcome(mode, verdict, "why").failure
    assert (failure.category, failure.message) == (category, "why")


def test_no_failure_for_success_and_for_what_was_cancelled():
    assert Outcome("encode", Verdict.OK).failure is None
    assert Outcome("encode", Verdict.CANCELLED).failure is None
