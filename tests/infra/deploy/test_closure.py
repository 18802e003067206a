"""The wheels of a box are those that the box needs, whatever machine collects them. Made-up wheels; no network."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.markers import default_environment

from infra.deploy import closure, wheels
from infra.deploy.steps import ROOT
from infra.launcher.terminal import Problem

MAC = {
    "sys_platform": "darwin",
    "platform_system": "Darwin",
    "platform_machine": "arm64",
    "python_version": "3.13",
    "python_full_version": "3.13.1",
}
AS_A_MAC = f"""
from pip._vendor.packaging import markers
real = markers.default_environment
markers.default_environment = lambda: {{**real(), **{MAC}}}
"""
"""pip evaluates markers as it would on a Mac. (Which files it takes is told by --platform, here as there.)"""
CUDA = "cp312-cp312-manylinux_2_28_x86_64"


def wheel(folder: Path, name: str, version: str, *requires: str, tag: str = "py3-none-any", extras: str = "") -> None:
    told = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    told += f"Provides-Extra: {extras}\n" if extras else ""
    told += "".join(f"Requires-Dist: {line}\n" for line in requires)
    with ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", told)
        archive.writestr(f"{name}-{version}.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{name}-{version}.dist-info/RECORD", "")


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """All that pip finds."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    wheel(folder, "pip", metadata.version("pip"))
    wheel(
        folder, "torch", "2.9.1", 'setuptools; python_version >= "3.12"', "shared>=1", "speed[turbo]",
        'cuda-runtime==12.8; platform_system == "Linux" and platform_machine == "x86_64"',
        'appnope; sys_platform == "darwin"', 'pytest; extra == "tests"',
    )  # fmt: skip
    wheel(folder, "cuda_runtime", "12.8", "shared<2")
    wheel(folder, "setuptools", "80.0")
    wheel(folder, "shared", "1.5")
    wheel(folder, "shared", "2.0", "what-is-nowhere")
    wheel(folder, "speed", "1.0", 'engine; extra == "turbo"', 'brakes; extra == "slow"', extras="turbo")
    wheel(folder, "engine", "1.0", tag=CUDA)
    wheel(folder, "engine", "1.0", tag="cp311-cp311-manylinux2014_x86_64")
    return folder


@pytest.fixture(params=["Linux", "a Mac"])
def machine(request, tmp_path, monkeypatch) -> None:
    """The machine that collects: this one, or one that says of itself that it is a Mac."""
    if request.param == "a Mac":
        place = tmp_path / "mac"
        place.mkdir()
        (place / "sitecustomize.py").write_text(AS_A_MAC)
        monkeypatch.setenv("PYTHONPATH", f"{place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        monkeypatch.setattr("packaging.markers.default_environment", lambda: {**default_environment(), **MAC})


def house_of(tmp_path: Path, pins: str, python: str) -> set[str]:
    house = tmp_path / "house"
    house.mkdir()
    wheels.download(pins, python, house)
    return {path.name.split("-py3")[0].split("-cp3")[0] for path in house.iterdir()} - {
        f"pip-{metadata.version('pip')}"
    }


@pytest.mark.parametrize("python", ["3.12", "3.11"])
def test_the_house_is_what_the_box_needs_whatever_machine_collects_it(shelf, machine, tmp_path, python):
    found = house_of(tmp_path, "torch==2.9.1  # a reason\n# a line\n", python)
    always = {"torch-2.9.1", "cuda_runtime-12.8", "shared-1.5", "speed-1.0", "engine-1.0"}
    assert found == always | ({"setuptools-80.0"} if python == "3.12" else set())


def test_a_pin_with_a_marker_counts_where_the_box_fits_it(shelf, machine, tmp_path):
    pins = 'setuptools==80.0; sys_platform == "linux"\nappnope==1; sys_platform == "darwin"\n'
    assert house_of(tmp_path, pins, "3.11") == {"setuptools-80.0"}


def test_a_wheel_that_is_nowhere_is_said_with_who_asks_for_it(shelf, tmp_path):
    (shelf / "setuptools-80.0-py3-none-any.whl").unlink()
    with pytest.raises(Problem, match=r"setuptools, for torch \(any\)"):
        house_of(tmp_path, "torch==2.9.1\n", "3.12")


def test_requirements_that_no_version_meets_are_said_together(shelf, tmp_path):
    wheel(shelf, "shared", "3.0")
    with pytest.raises(Problem, match=r"shared, for cuda-runtime \(<2\), the pins \(==3.0\), torch \(>=1\)"):
        house_of(tmp_path, "torch==2.9.1\nshared==3.0\n", "3.12")


@pytest.mark.parametrize(("hidden", "told"), [("setuptools-80.0", "setuptools, for"), ("engine-1.0", "engine, for")])
def test_the_check_before_the_upload_misses_nothing_and_asks_nobody(shelf, tmp_path, monkeypatch, hidden, told):
    house_of(tmp_path, "torch==2.9.1\n", "3.12")
    closure.check("torch==2.9.1\n", "3.12", tmp_path / "house")
    monkeypatch.setattr(closure.subprocess, "run", None)
    next((tmp_path / "house").glob(f"{hidden}-*")).unlink()
    with pytest.raises(Problem, match=f"{told}.*it is not there"):
        closure.check("torch==2.9.1\n", "3.12", tmp_path / "house")


def test_no_variable_of_a_marker_is_left_to_the_machine_that_runs():
    assert set(closure.markers("3.12")) == set(default_environment())


@pytest.mark.parametrize("role", ["worker", "orchestrator"])
def test_the_pins_of_the_boxes_can_be_read(role):
    names = {r.name for r in closure.parsed(wheels.requirements(ROOT, role))}
    assert "numpy" in names
    assert ("torch" in names) == (role == "worker")
