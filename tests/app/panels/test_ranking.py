"""What stands beside a run that is not ranked, and how a person lets a held one be."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from gpu_agent.models import UNSAFE, Audit, Badge, Status, now
from gpu_agent.store.local import LocalExperiments
from tests.gpu_agent.factory import experiment, row


@pytest.fixture
def services(tmp_path):
    return SimpleNamespace(store=LocalExperiments(tmp_path / "lab.db"))


def shown(services, e) -> AppTest:
    services.store.create(e)

    def script(services, experiment_id):
        from app.panels.ranking import ranking_notice

        ranking_notice(services, services.store.get(experiment_id))

    page = AppTest.from_function(script, default_timeout=60, kwargs={"services": services, "experiment_id": e.id})
    page.run()
    assert not page.exception
    return page


def run(**changes):
    audit = Audit(at=now(), held=True, badges=[Badge(name="too_good", verdict="bad", text="Held: 60 % <b>fewer</b>.")])
    return experiment(results=[row()], status=Status.SUCCEEDED, sandbox="watchdog", audit=audit).model_copy(
        update=changes
    )


def test_a_ranked_run_has_no_notice(services):
    page = shown(services, run(audit=None))
    assert not page.markdown
    assert not page.error


def test_a_run_without_a_jail_is_shouted(services):
    assert shown(services, run(audit=None, sandbox=UNSAFE)).error[0].value.startswith("UNSAFE MODE")


def test_a_held_run_is_released_with_a_reason_alone_and_held_again(services):
    e = run()
    page = shown(services, e)
    assert "Not ranked" in page.markdown[0].value
    release = next(b for b in page.button if b.label == "Let it be ranked")
    release.click().run()
    assert services.store.get(e.id).released == ""
    assert "Say why" in page.warning[0].value
    page.text_area[0].input("I decoded it by hand.")
    next(b for b in page.button if b.label == "Let it be ranked").click().run()
    assert services.store.get(e.id).unranked is None
    assert "I decoded it by hand." in page.caption[0].value
    next(b for b in page.button if b.label == "Hold it again").click().run()
    assert services.store.get(e.id).unranked is not None
