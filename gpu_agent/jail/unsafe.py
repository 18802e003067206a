"""No jail at all, for developing the lab where bubblewrap cannot run: built-in codecs alone, and nothing of it is ranked.

It has to be asked for (CODEC_LAB_UNSAFE), listens on this machine alone, and is shouted in every page and record. The
protocol and the clocks are the jail's; its walls and its bounds on memory and files are not there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from pathlib import Path

from ..bare import bare
from ..models import UNSAFE
from . import mounts
from .bubblewrap import Bubblewrap, Unavailable
from .canary import Check, JailStatus
from .jail import Jail
from .outcome import Outcome, Verdict
from .process import JailProcess
from .run import Setup, Task, run

CODECS = Path(__file__).parent.parent / "codecs"
SHOUT = (
    "UNSAFE MODE: there is no jail. Only the lab's built-in codecs run, with the rights of this agent, and nothing is "
    "ranked. Unset CODEC_LAB_UNSAFE for real work."
)
REFUSED = (
    "Without a jail only the lab's built-in codecs run, unchanged; this code is none of them. Unset CODEC_LAB_UNSAFE."
)
NO_READING = "This agent runs in unsafe mode: use the lab's own clips, or unset CODEC_LAB_UNSAFE."
ENDLESS = 1 << 60


def built_in() -> frozenset[str]:
    """Hashes of the codecs that come with the lab, as they run."""
    return frozenset(hashlib.sha256(bare(path.read_text("utf-8")).encode()).hexdigest() for path in CODECS.glob("*.py"))


class UnsafeJail(Jail):
    """Stands where a Jail does. Raises nothing for a codec that is refused: that is an outcome as any other."""

    def _check(self) -> JailStatus:
        try:
            python = mounts.Python.of(self._python_path)
        except Unavailable as e:
            return JailStatus(False, None, str(e), (Check("python", False, str(e)),))
        self._setup = Setup(Bubblewrap("", "none", False), python, b"", self._gpu, None)
        return JailStatus(True, UNSAFE, SHOUT, (Check("unsafe", True, SHOUT),))

    def why_no_reading(self) -> str | None:
        return NO_READING

    def _run(self, task: Task) -> Outcome:
        if task.mode == "read":
            return Outcome(task.mode, Verdict.SANDBOX_ERROR, NO_READING, level=UNSAFE)
        if hashlib.sha256(task.code.encode("utf-8", "surrogatepass")).hexdigest() not in built_in():
            return Outcome(task.mode, Verdict.SANDBOX_ERROR, REFUSED, level=UNSAFE)
        bounds = dataclasses.replace(task.policy, memory_bytes=ENDLESS, tmp_files=ENDLESS)
        with tempfile.TemporaryDirectory(prefix="codec-lab-unsafe-") as folder:
            start = lambda process, group, setup, uid, task: spawn(process, setup, task, Path(folder))
            outcome = run(self._setup, None, dataclasses.replace(task, policy=bounds), start)
        return dataclasses.replace(outcome, level=UNSAFE, peak_memory_bytes=None)  # it cannot be told from the host's


def spawn(process: JailProcess, setup: Setup, task: Task, folder: Path) -> None:
    """The child's Python itself, in the folder that stands for the jail's. Raises OSError."""
    code = folder / "codec.py"
    code.write_text(task.code, encoding="utf-8", errors="surrogatepass")
    for name, real in (("child.py", mounts.PACKAGE / "child.py"), ("codec_kit", mounts.PACKAGE.parent / "codec_kit")):
        (folder / name).symlink_to(real)
    input_fd, output_fd, status_fd, _ = process.open_pipes()
    rlimits = {name: value for name, value in task.policy.rlimits.items() if name != "RLIMIT_NPROC"}
    job = task.job | {
        "mode": task.mode,
        "source": str(task.source),
        "fds": [input_fd, output_fd, status_fd],
        "code": str(code),
        "rlimits": rlimits,
    }
    variables = mounts.environment(task.policy, setup.gpu) | {"TMPDIR": str(folder), "HOME": str(folder)}
    words = [f"{name}={value}" for name, value in variables.items()]
    child = [setup.python.executable, "-s", "-P", "-B", str(folder / "child.py"), json.dumps(job)]
    process.spawn(["/usr/bin/env", "-i", *words, *child], [])
    process.hold_outer()
