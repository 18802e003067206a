"""What the bucket of releases holds in the tests of a box: a small release, and wheels that it needs to answer."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from infra import boxes
from infra.deploy import releases, wheels

REPOSITORY = Path(boxes.__file__).parents[2]
MODULES = {"worker": ("gpu_agent",), "orchestrator": ("app", "app/autopilot")}
PROGRAM = """\
import answering, pathlib
answering.serve(pathlib.Path("BUILD").read_text(), int(pathlib.Path("PORT").read_text()))
"""
ANSWERING = """\
import http.server, json, os
def serve(build, port):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"build": build, "pid": os.getpid()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *arguments):
            pass
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
WAITS = "import time\nwhile True: time.sleep(60)\n"
CONTROL = "Package: bubblewrap\nVersion: 1\nArchitecture: all\nMaintainer: tests\nDescription: empty\n"


def wheel(name: str, files: dict[str, bytes]) -> bytes:
    """A wheel of pure Python."""
    info = f"{name}-1.dist-info"
    head = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for path, data in [*files.items(), *((f"{info}/{n}", t.encode()) for n, t in head.items())]:
            archive.writestr(path, data)
        record = "".join(f"{path},,\n" for path in [*archive.namelist(), f"{info}/RECORD"])
        archive.writestr(f"{info}/RECORD", record)
    return raw.getvalue()


@cache
def pip_wheel() -> bytes:
    """The pip of this environment, as a wheel again."""
    files = [f for f in metadata.files("pip") or [] if f.parts[0] == "pip" and f.suffix != ".pyc"]
    return wheel("pip", {f.as_posix(): f.locate().read_bytes() for f in files})


def bubblewrap(house: Path, build: Path) -> None:
    """An empty package of that name, whose program goes where a machine of the tests may write."""
    program = build / "usr/local/sbin/bwrap"
    for folder in (program.parent, build / "DEBIAN"):
        folder.mkdir(parents=True)
    (build / "DEBIAN/control").write_text(CONTROL)
    program.write_text("#!/bin/bash\n")
    program.chmod(0o755)
    command = ["dpkg-deb", "--build", "--nocheck", build, house / "bubblewrap_1_all.deb"]
    subprocess.run(command, check=True, capture_output=True)


def wheelhouse(bucket: Path, role: str, mark: str) -> str:
    """Its name, in the bucket: pip, what the program answers with, on the worker bubblewrap. Another mark is another one."""
    with TemporaryDirectory() as folder:
        house = Path(folder) / "house"
        house.mkdir()
        (house / "pip-1-py3-none-any.whl").write_bytes(pip_wheel())
        module = f"{ANSWERING}# {mark}\n".encode()
        (house / "answering-1-py3-none-any.whl").write_bytes(wheel("answering", {"answering.py": module}))
        if role == "worker":
            bubblewrap(house, Path(folder) / "package")
        name, archive = wheels.pack(house, Path(folder) / "wheels.tar")
        (bucket / "wheels" / role / f"{name}.tar").write_bytes(archive.read_bytes())
    return name


def release(
    bucket: Path, role: str, build: str, wheels: str, answers: bool = True, changes: dict[str, str] | None = None
) -> str:
    """Its name, in the bucket. The files of infra/boxes are this checkout's; the program is a stub with that build."""
    paths = releases.files(REPOSITORY, ("infra/boxes",))
    files = {path.relative_to(REPOSITORY).as_posix(): path.read_text() for path in paths}
    for index, module in enumerate(MODULES[role]):
        files[f"{module}/__init__.py"] = ""
        files[f"{module}/__main__.py"] = PROGRAM if answers and index == 0 else WAITS
    files |= {"BUILD": build, "PORT": str(releases.PORTS[role]), "PYTHON": "python3", "WHEELS": wheels}
    files |= {"requirements.txt": "answering==1\n"} | (changes or {})
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for path, text in files.items():
            releases.add(tar, path, text.encode(), 0o755 if text.startswith("#!") else 0o644)
    name = hashlib.sha256(raw.getvalue()).hexdigest()
    (bucket / role / f"{name}.tar.gz").write_bytes(raw.getvalue())
    return name
