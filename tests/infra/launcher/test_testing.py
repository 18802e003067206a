"""`./lab test` over a Python that records what it is asked to run."""

from pathlib import Path

import pytest

from infra.launcher import environment, packages, testing

PYTHON = """\
#!/bin/sh
echo "$*" >> {log}
[ "$*" = "$(cat {fails})" ] && exit 1
env > {log}.env
exit 0
"""


@pytest.fixture
def tested(tmp_path, monkeypatch):
    """Run `./lab test` with arguments while one command fails; the exit status and the commands."""
    python, log, fails = tmp_path / "python", tmp_path / "log", tmp_path / "fails"
    python.write_text(PYTHON.format(log=log, fails=fails))
    python.chmod(0o755)
    wanted = []
    monkeypatch.setattr(environment.Environment, "ensure", lambda self, *names: wanted.extend(names) or python)
    monkeypatch.setattr(packages, "ensure_bubblewrap", lambda: None)
    monkeypatch.setattr(packages, "jail_problem", lambda: None)
    monkeypatch.setattr(packages, "chromium_problem", lambda: "There is no Chromium.")

    def run(*arguments, failing=""):
        log.unlink(missing_ok=True)
        fails.write_text(failing)
        status = testing.test(tmp_path, arguments)
        assert wanted[:2] == ["requirements.txt", "tests/requirements.txt"]
        return status, log.read_text().splitlines()

    return run


LINT, LAYOUT = "-m ruff check --no-cache .", "-m ruff format --no-cache --check ."


def test_lint_format_and_all_tests_run_with_the_given_arguments(tested, capsys):
    assert tested("-k", "guard") == (0, [LINT, LAYOUT, "-m pytest -p tests.plugin -k guard"])
    assert "There is no Chromium." in capsys.readouterr().err


def test_strict_becomes_the_groups_that_must_run(tested):
    assert tested("--strict")[1][-1] == "-m pytest -p tests.plugin --strict-groups browser,jail"


@pytest.mark.parametrize("failing", [LINT, LAYOUT, "-m pytest -p tests.plugin"])
def test_each_failure_fails_the_whole_and_stops_nothing(tested, failing):
    status, commands = tested(failing=failing)
    assert status == 1
    assert len(commands) == 3


def test_the_persons_settings_and_keys_do_not_reach_the_tests(tested, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "hush")
    monkeypatch.setenv("CODEC_LAB_DATA", "/home/person")
    monkeypatch.setenv("HOME", str(tmp_path))
    tested()
    seen = (tmp_path / "log.env").read_text()
    assert "hush" not in seen
    assert "CODEC_LAB_" not in seen
    assert f"HOME={tmp_path}" in seen


def test_ci_runs_exactly_this():
    ci = Path(__file__).resolve().parents[3] / ".ci" / "run"
    assert ci.read_text().splitlines()[-1] == 'exec ./lab test --strict "$@"'
    assert ci.stat().st_mode & 0o111
