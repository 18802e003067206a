import pytest

from app.results.badges import LABELS, badges, cell, label
from gpu_agent.models import Audit, Badge


def audit(**verdicts: str) -> Audit:
    return Audit(at="now", badges=[Badge(name=n, verdict=v, text=f"why {n}") for n, v in verdicts.items()])


def test_findings_come_first_and_carry_their_reason():
    shown = badges(audit(deterministic="good", fresh_clip="unknown", code_size="bad", library_codec="note"))
    assert [s.label for s in shown] == [
        "Data in the code",
        "Uses library codec",
        "Fresh clip: not told yet",
        "Deterministic",
    ]
    assert shown[0].reason == "why code_size"
    assert (shown[0].colour, shown[-1].colour) == ("red", "green")


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("verdict", ["good", "bad", "note", "unknown"])
def test_every_badge_has_a_label(name, verdict):
    assert label(Badge(name=name, verdict=verdict, text=""))


def test_one_cell_for_a_row(experiment, row):
    shown = lambda audit, **more: cell(experiment([row()], audit=audit, **more))
    assert shown(None) == ""
    assert shown(audit(deterministic="good", code_size="good")) == "✓"
    assert shown(audit(deterministic="good", code_size="unknown")) == "? 1 open"
    assert shown(audit(library_codec="note", too_good="bad")) == "✗ held for a look, ! uses library codec"
    assert shown(audit(deterministic="good"), status="failed") == ""
