"""System packages over fake executables: what is installed with which command, and what is said where that is not allowed."""

import os

import pytest

from infra.launcher import packages
from infra.launcher.terminal import Problem


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A PATH of fake programs. `add(name, script)` puts one there; their calls are in `log`."""

    class Machine:
        log = tmp_path / "log"
        folder = tmp_path / "bin"

        def add(self, name, script="exit 0"):
            path = self.folder / name
            path.write_text(f'#!/bin/sh\nPATH={self.folder}:/usr/bin:/bin\necho "{name} $*" >> {self.log}\n{script}\n')
            path.chmod(0o755)

        def calls(self):
            return self.log.read_text().splitlines() if self.log.exists() else []

    machine = Machine()
    machine.folder.mkdir()
    monkeypatch.setenv("PATH", str(machine.folder))
    machine.add("env", 'shift; exec "$@"')
    return machine


def user(monkeypatch, number):
    monkeypatch.setattr(os, "geteuid", lambda: number)


def brings(machine, name):
    return f"case \"$*\" in *install*) printf '#!/bin/sh\\n' > {machine.folder}/{name}; chmod +x {machine.folder}/{name};; esac"


def test_what_is_there_is_not_installed(machine, monkeypatch):
    user(monkeypatch, 0)
    machine.add("apt-get")
    machine.add("bwrap")
    packages.ensure_bubblewrap()
    assert machine.calls() == []


def test_root_installs_with_apt(machine, monkeypatch):
    user(monkeypatch, 0)
    machine.add("apt-get", brings(machine, "bwrap"))
    packages.ensure_bubblewrap()
    assert "apt-get install --yes --no-install-recommends bubblewrap" in machine.calls()


def test_package_lists_are_fetched_only_after_a_failure(machine, monkeypatch):
    user(monkeypatch, 0)
    fetched = machine.folder / "fetched"
    machine.add(
        "apt-get", f'[ "$1" = update ] && touch {fetched}\n[ -e {fetched} ] || exit 100\n{brings(machine, "bwrap")}'
    )
    packages.ensure_bubblewrap()
    assert [call.split()[1] for call in machine.calls() if call.startswith("apt-get")] == [
        "install",
        "update",
        "install",
    ]


def test_sudo_without_a_password_is_used(machine, monkeypatch):
    user(monkeypatch, 1000)
    machine.add("sudo", 'shift; exec "$@"')
    machine.add("true")
    machine.add("apt-get", brings(machine, "bwrap"))
    packages.ensure_bubblewrap()
    assert "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends bubblewrap" in (
        machine.calls()
    )


@pytest.mark.parametrize("sudo", [True, False])
def test_who_may_not_install_is_given_the_one_command(machine, monkeypatch, sudo):
    user(monkeypatch, 1000)
    if sudo:
        machine.add("sudo", "echo a password is required >&2; exit 1")
    machine.add("apt-get")
    with pytest.raises(Problem, match=r"Run: sudo apt-get install bubblewrap$"):
        packages.ensure_bubblewrap()
    assert not any(call.startswith("apt-get") for call in machine.calls())


def test_apts_own_failure_is_shown(machine, monkeypatch):
    user(monkeypatch, 0)
    machine.add("apt-get", "echo E: Unable to locate package; exit 100")
    with pytest.raises(Problem, match=r"(?s)Run: apt-get install bubblewrap.*Unable to locate package"):
        packages.ensure_bubblewrap()


def test_ubuntus_chromium_stub_is_told_and_not_installed(machine, monkeypatch, tmp_path):
    user(monkeypatch, 0)
    release = tmp_path / "os-release"
    release.write_text('NAME="Ubuntu"\nID=ubuntu\n')
    monkeypatch.setattr(packages, "OS_RELEASE", release)
    machine.add("apt-get")
    assert "only a stub for a snap" in packages.chromium_problem()
    assert machine.calls() == []


def test_debians_chromium_is_installed(machine, monkeypatch, tmp_path):
    user(monkeypatch, 0)
    release = tmp_path / "os-release"
    release.write_text("ID=debian\n")
    monkeypatch.setattr(packages, "OS_RELEASE", release)
    machine.add("apt-get", brings(machine, "chromium"))
    assert packages.chromium_problem() is None
    assert any(call.endswith("chromium") for call in machine.calls())


def test_a_bubblewrap_that_makes_no_jail_is_told_with_its_own_words(machine, monkeypatch, tmp_path):
    user(monkeypatch, 1000)
    machine.add("bwrap", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    assert "setting up uid map: Permission denied" in packages.jail_problem()
    restricted = tmp_path / "restricted"
    restricted.write_text("1\n")
    monkeypatch.setattr(packages, "RESTRICTED_NAMESPACES", restricted)
    assert "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0" in packages.jail_problem()


def test_a_bubblewrap_that_works_is_no_problem(machine):
    machine.add("bwrap")
    assert packages.jail_problem() is None
