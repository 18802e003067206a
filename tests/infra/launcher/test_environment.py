"""The virtual environment: installed once, remade when it is broken. pip is a script that records how it was called."""

import json
import subprocess
import sys

import pytest

from infra.launcher.environment import STAMP, Environment, pins
from infra.launcher.terminal import Problem

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

PYTHON = """\
#!/bin/sh
case "$*" in
*"import sys, pip"*) [ -e "{root}/pip-missing" ] && exit 1; echo "$(cat {root}/version) {root}/.venv"; exit 0 ;;
esac
echo "$*" >> {root}/calls
cp {root}/.venv/codec-lab.json {root}/stamp-during
echo "Collecting numpy==1.0"
[ -e {root}/offline ] && {{ echo "ERROR: no such host"; exit 1; }}
for name in $(cat {root}/brings); do mkdir -p {root}/.venv/lib/python3.11/site-packages/$name.dist-info; done
exit 0
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """An Environment whose `python -m venv` makes the recording script; counts how often it was made."""
    (tmp_path / "requirements.txt").write_text("numpy==1.0  # planes\nOpen.CV-thing==2.5.0.1\n")
    (tmp_path / "more.txt").write_text("pytest==9.0\n")
    (tmp_path / "brings").write_text("numpy-1.0 open_cv_thing-2.5.0.1 pytest-9.0")
    (tmp_path / "version").write_text(VERSION)
    real = subprocess.run

    def run(command, **options):
        if "venv" not in command:
            return real(command, **options)
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(root=tmp_path))
        python.chmod(0o755)
        with (tmp_path / "makes").open("a") as out:
            out.write("made\n")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return Environment(tmp_path)


def count(environment, name):
    path = environment.root / name
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_the_second_start_installs_nothing(made):
    assert made.ensure("requirements.txt") == made.folder / "bin" / "python"
    made.ensure("requirements.txt")
    assert (count(made, "makes"), count(made, "calls")) == (1, 1)


def test_a_changed_requirement_is_installed_into_the_same_environment(made):
    made.ensure("requirements.txt")
    (made.root / "requirements.txt").write_text("numpy==1.1\n")
    (made.root / "brings").write_text("numpy-1.1")
    made.ensure("requirements.txt")
    made.ensure("requirements.txt")
    assert (count(made, "makes"), count(made, "calls")) == (1, 2)


def test_further_requirements_are_installed_together_with_the_first(made):
    made.ensure("requirements.txt")
    made.ensure("requirements.txt", "more.txt")
    made.ensure("requirements.txt")
    made.ensure("requirements.txt", "more.txt")
    assert count(made, "calls") == 2
    assert (made.root / "calls").read_text().splitlines()[1].endswith("-r requirements.txt -r more.txt")


def test_a_distribution_that_was_removed_is_installed_again(made):
    made.ensure("requirements.txt")
    (made.folder / "lib/python3.11/site-packages/numpy-1.0.dist-info").rmdir()
    made.ensure("requirements.txt")
    assert (count(made, "makes"), count(made, "calls")) == (1, 2)


def test_pip_runs_under_a_stamp_that_says_so(made):
    made.ensure("requirements.txt")
    assert json.loads((made.root / "stamp-during").read_text())["installing"] == ["requirements.txt"]
    assert "installing" not in json.loads((made.folder / STAMP).read_text())


def unfinished(environment):
    stamp = environment.folder / STAMP
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"installing": ["requirements.txt"]}))


BREAKAGES = {
    "its installation was not finished": unfinished,
    "its installation was not finished ": lambda e: (e.folder / STAMP).unlink(),
    "its installation was not finished  ": lambda e: (e.folder / STAMP).write_text("{"),
    "its Python is missing": lambda e: (e.folder / "bin" / "python").unlink(),
    "its Python does not work": lambda e: (e.root / "pip-missing").write_text(""),
    f"it was made for Python {VERSION}, and its Python is now 3.99": lambda e: (e.root / "version").write_text("3.99"),
}


@pytest.mark.parametrize("reason", BREAKAGES)
def test_a_broken_environment_is_told_in_one_sentence_and_remade(made, reason, capsys):
    made.ensure("requirements.txt")
    BREAKAGES[reason](made)
    capsys.readouterr()
    made.ensure("requirements.txt")
    assert f"The environment in .venv is remade: {reason.strip()}." in capsys.readouterr().out.splitlines()
    assert (count(made, "makes"), count(made, "calls")) == (2, 2)


def test_an_environment_of_another_folder_is_remade(made, tmp_path):
    made.ensure("requirements.txt")
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / ".venv").rename(moved / ".venv")
    assert Environment(moved).broken() == "it was made in another folder"


def test_pips_failure_shows_its_last_lines_and_is_tried_afresh(made):
    (made.root / "offline").write_text("")
    with pytest.raises(Problem, match="ERROR: no such host"):
        made.ensure("requirements.txt")
    (made.root / "offline").unlink()
    made.ensure("requirements.txt")
    assert made.broken() is None
    assert count(made, "calls") == 2


def test_a_real_environment_is_made_and_found_whole(tmp_path):
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    environment = Environment(tmp_path)
    python = environment.ensure("requirements.txt")
    assert environment.broken() is None
    answer = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert answer.stdout.strip() == str(tmp_path / ".venv")
    (tmp_path / ".venv" / "bin" / "python").unlink()
    assert environment.broken() == "its Python is missing"


def test_pins_are_the_exact_versions_with_normalised_names(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(
        "# a==1\nnumpy==2.4.6   # planes\nscikit-image==0.26.0\nPyYAML==6.0; python_version > '3'\nloose>=1\n"
    )
    assert pins(path) == [("numpy", "2.4.6"), ("scikit_image", "0.26.0"), ("pyyaml", "6.0")]
