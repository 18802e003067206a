"""What the words of `./lab` mean, what they exit with, and what old Pythons are told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.launcher import cli, environment, old_python

LAB = Path(__file__).resolve().parents[3] / "lab"


def lab(*arguments, **variables):
    return subprocess.run(
        [sys.executable, LAB, *arguments], capture_output=True, text=True, env=os.environ | variables, timeout=60
    )


def test_help_names_every_command():
    answer = lab("--help")
    assert answer.returncode == 0
    assert all(
        f"\n  {word} " in answer.stdout for word in ("up", "test", "eval", "export", "import", "bench", "deploy")
    )


def test_an_unknown_command_shows_the_usage():
    answer = lab("tset")
    assert answer.returncode == 2
    assert "no command 'tset'" in answer.stderr
    assert "usage: ./lab" in answer.stderr


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "many"], ["up", "--colour", "red"]])
def test_wrong_options_exit_2_before_anything_is_made(wrong, tmp_path):
    answer = lab("--data", str(tmp_path / "data"), *wrong) if wrong[0] != "up" else lab(*wrong)
    assert answer.returncode == 2
    assert not (tmp_path / "data").exists()


def test_ports_and_folder_come_from_the_settings_variables_unless_given(monkeypatch):
    monkeypatch.setenv("CODEC_LAB_APP_PORT", "9000")
    monkeypatch.setenv("CODEC_LAB_DATA", "/somewhere")
    given = cli.parse_up(["--agent-port", "9001"])
    assert (given.port, given.agent_port, given.data) == (9000, 9001, Path("/somewhere"))


def test_deploy_without_its_folder_says_so(tmp_path, capsys):
    assert cli.main(["deploy", "now"], root=tmp_path) == 2
    assert "infra/deploy" in capsys.readouterr().err


def test_deploy_hands_its_arguments_on(tmp_path):
    program = tmp_path / "infra" / "deploy" / "deploy"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"; exit 5\n')
    program.chmod(0o755)
    code = f"from infra.launcher import cli; from pathlib import Path; cli.main(['deploy', 'a', 'b c'], Path({str(tmp_path)!r}))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=LAB.parent, capture_output=True, text=True)
    assert (answer.stdout, answer.returncode) == ("a b c\n", 5)


@pytest.mark.parametrize(
    ("word", "module"),
    [(word, ["gpu_agent", word]) for word in ("eval", "export", "import")] + [("bench", ["tests.benchmarks"])],
)
def test_commands_become_their_module_where_the_person_stands(tmp_path, word, module):
    """The exit status is the module's own, relative files are the person's, and a file named like a module is not it."""
    python = tmp_path / "python"
    python.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd()]))\nsys.exit(3)\n"
    )
    python.chmod(0o755)
    code = (
        "import sys; from pathlib import Path; from infra.launcher import cli, environment\n"
        f"environment.Environment.ensure = lambda self, *names: Path({str(python)!r})\n"
        f"sys.exit(cli.main([{word!r}, 'codec.py', '--rate', '3']))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(LAB.parent)},
    )  # fmt: skip
    assert answer.returncode == 3
    assert json.loads(answer.stdout) == [["-P", "-m", *module, "codec.py", "--rate", "3"], str(tmp_path)]


def test_libraries_of_the_shell_do_not_reach_the_environment(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    assert not {"PYTHONPATH", "PYTHONHOME"} & environment.clean_environment().keys()


def test_an_old_python_is_told_which_is_needed_and_which_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = "Codec Lab needs Python 3.11 or newer; this is Python 3.9."
    assert old_python.problem((3, 9, 2), ["./lab"]) == sentence
    (tmp_path / "python3.12").write_text("")
    (tmp_path / "python3.12").chmod(0o755)
    assert old_python.problem((3, 9, 2), ["./lab", "up"]) == f"{sentence} Run: python3.12 ./lab up"
    assert old_python.problem((3, 11, 0), ["./lab"]) is None


def test_what_old_pythons_read_is_written_for_them():
    import ast

    for file in (LAB, LAB.parent / "infra/launcher/old_python.py", LAB.parent / "infra/launcher/__init__.py"):
        ast.parse(file.read_text(), feature_version=(3, 5))
