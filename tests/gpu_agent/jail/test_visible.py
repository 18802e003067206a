import sys
from pathlib import Path

import pytest

from gpu_agent.contract import LIBRARIES
from gpu_agent.jail.visible import package_entries, python_files, required, system_folders

PACKAGES = next(Path(p) for p in sys.path if p.endswith("site-packages"))


def test_the_contracts_libraries_are_visible_with_what_they_need():
    entries = package_entries(PACKAGES)
    expected = {name for name in LIBRARIES if (PACKAGES / name).exists()} | {"llvmlite", "numpy.libs", "scipy.libs"}
    assert expected <= entries


@pytest.mark.parametrize(
    "name", ["streamlit", "anthropic", "plotly", "pydantic", "av", "imageio_ffmpeg", "boto3", "pip"]
)
def test_nothing_else_of_the_virtual_environment_is(name):
    assert name not in package_entries(PACKAGES)


def test_a_reader_of_files_has_its_own_libraries_and_no_others():
    assert {"av", "av.libs", "numpy"} <= package_entries(PACKAGES, ("av", "numpy"))
    assert package_entries(PACKAGES, ("av", "numpy")).isdisjoint({"cv2", "scipy", "numba", "torch", "pydantic"})


def test_every_file_exists_and_has_an_absolute_place():
    files = list(python_files(sys.executable, sys.prefix, sys.base_prefix))
    assert files[0][1] == sys.executable
    assert all(Path(real).exists() and Path(named).is_absolute() for real, named in files)


def test_system_folders_hold_libraries_and_no_programs():
    folders = system_folders()
    assert folders
    assert all(folder.startswith("/usr/lib") for folder in folders)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("numpy", "numpy"),
        ("NumPy>=2; python_version>'3'", "numpy"),
        ("typing_extensions (>=4)", "typing-extensions"),
        ("a.b[x]~=1", "a-b"),
    ],
)
def test_requirements_name_distributions(line, name):
    assert required(line) == name
