"""The badges as a page draws them."""

from streamlit.testing.v1 import AppTest

from gpu_agent.models import Audit, Badge, Status
from tests.gpu_agent.factory import experiment, row


def drawn(**changes) -> AppTest:
    def page(record: str) -> None:
        from app.panels.badges import audit_badges
        from gpu_agent.models import Experiment

        audit_badges(Experiment.model_validate_json(record))

    e = experiment(results=[row()], **({"status": Status.SUCCEEDED} | changes))
    at = AppTest.from_function(page, args=(e.model_dump_json(),), default_timeout=60).run()
    assert not at.exception
    return at


def test_a_badge_carries_its_reason_and_markdown_of_a_codec_stays_text():
    found = Badge(name="library_codec", verdict="note", text="Uses library codec: **x** (line 1).")
    (shown,) = drawn(audit=Audit(at="now", badges=[found])).markdown
    assert "Uses library codec" in shown.value
    assert shown.help == "Uses library codec: \\*\\*x\\*\\* \\(line 1\\)."


def test_before_the_audit_a_word_and_for_a_failed_run_nothing():
    assert "audit begins" in drawn().caption[0].value
    failed = drawn(status=Status.FAILED)
    assert len(failed.caption) + len(failed.markdown) == 0
