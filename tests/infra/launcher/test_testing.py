"""`./lab test` over a Python that records what it is asked to run."""

import contextlib
from pathlib import Path

import pytest

from infra.launcher import environment, packages, scanner, testing
from tests.infra.launcher.programs import alive

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
    monkeypatch.setattr(testing, "scanner_beside", lambda root: contextlib.nullcontext())
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
    assert tested("-k", "guard") == (0, [LINT, LAYOUT, "-m pytest -p tests.plugin -n logical -k guard"])
    assert "There is no Chromium." in capsys.readouterr().err


def test_strict_becomes_the_groups_that_must_run(tested):
    assert tested("--strict")[1][-1] == "-m pytest -p tests.plugin -n logical --strict-groups browser,jail,scanner"


@pytest.mark.parametrize("failing", [LINT, LAYOUT, "-m pytest -p tests.plugin -n logical"])
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


PROGRAM = """\
import sys
from pathlib import Path
{body}
"""


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """`scanner_beside` over a program with this body in the scanner's place."""
    folder = tmp_path / "infra" / "launcher"
    folder.mkdir(parents=True)

    def run(body, main=lambda: None):
        (folder / "scanner.py").write_text(PROGRAM.format(body=body))
        with testing.scanner_beside(tmp_path):
            main()

    return run


def test_the_scanner_is_installed_beside_and_there_at_the_end(beside, tmp_path, capsys):
    """Each waits for the other: one after the other would never end."""
    first, second = tmp_path / "first", tmp_path / "second"

    def main():
        first.touch()
        while not (tmp_path / "begun").exists():
            pass

    beside("Path('begun').touch()\nwhile not Path('first').exists(): pass\nPath('second').touch()", main)
    assert second.exists()
    assert capsys.readouterr().err == ""


def test_a_scanner_that_cannot_be_installed_is_said(beside, capsys):
    beside("sys.exit('no such host')")
    assert capsys.readouterr().err == "no such host\n"


def test_what_is_installed_beside_ends_with_the_lab(beside, tmp_path):
    def interrupted():
        while not (tmp_path / "pid").exists():
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        beside(
            "import os\nPath('new').write_text(str(os.getpid())); Path('new').rename('pid')\nwhile True: pass",
            interrupted,
        )
    assert not alive(int((tmp_path / "pid").read_text()))


def test_checkov_is_found_in_its_own_environment(tmp_path):
    assert scanner.command(tmp_path) is None
    program = tmp_path / scanner.FOLDER / "bin" / "checkov"
    program.parent.mkdir(parents=True)
    program.touch()
    assert scanner.command(tmp_path) == [str(program.with_name("python")), str(program)]
    root = Path(__file__).resolve().parents[3]
    assert f"{scanner.FOLDER}/" in (root / ".gitignore").read_text().splitlines()
    assert "checkov" in dict(environment.pins(root / scanner.REQUIREMENTS))


def test_ci_runs_exactly_this():
    ci = Path(__file__).resolve().parents[3] / ".ci" / "run"
    assert ci.read_text().splitlines()[-1] == 'exec ./lab test --strict "$@"'
    assert ci.stat().st_mode & 0o111
