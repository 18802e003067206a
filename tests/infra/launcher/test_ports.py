"""One lab a data folder: who holds it is told."""

import os
import re

import pytest

from infra.launcher.ports import Claim
from infra.launcher.terminal import Problem


def test_a_second_launch_on_the_same_folder_is_told_what_the_first_is_doing(tmp_path):
    first = Claim(tmp_path / "data")
    with pytest.raises(
        Problem, match=rf"Another \./lab \(process {os.getpid()}\) is starting on {re.escape(str(tmp_path))}"
    ):
        Claim(tmp_path / "data")
    first.describe("http://127.0.0.1:8501")
    with pytest.raises(Problem, match=r"The lab already runs at http://127\.0\.0\.1:8501 "):
        Claim(tmp_path / "data")


def test_a_claim_ends_with_its_process_whatever_the_file_says(tmp_path):
    first = Claim(tmp_path)
    first.describe("http://127.0.0.1:8501")
    os.close(first.handle)
    Claim(tmp_path)
    assert "8501" not in first.path.read_text()


def test_the_data_folder_is_the_persons_alone(tmp_path):
    Claim(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
