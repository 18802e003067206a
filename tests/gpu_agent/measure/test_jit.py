import subprocess
import sys
from pathlib import Path

import gpu_agent

KERNEL = """
from gpu_agent.measure.jit import kernel

@kernel
def double(x):
    return 2 * x

assert double(21) == 42
"""


def run(folder: Path, **environment: str) -> None:
    root = Path(gpu_agent.__file__).parents[1]
    (folder / "some_kernel.py").write_text(KERNEL)
    command = [sys.executable, "-c", "import some_kernel"]
    path = f"{folder}:{root}"
    subprocess.run(command, check=True, env={"PYTHONPATH": path, **environment}, cwd=folder)


def test_kernels_work_where_no_cache_can_be_written(tmp_path):
    """A file where the cache folders would be stops even root from making them."""
    (tmp_path / "__pycache__").touch()
    (tmp_path / "home").touch()
    run(tmp_path, HOME=str(tmp_path / "home"), XDG_CACHE_HOME=str(tmp_path / "home"))
    assert (tmp_path / "__pycache__").is_file()


def test_the_cache_goes_where_the_environment_says(tmp_path):
    run(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert list((tmp_path / "cache").rglob("*.nbi"))
