"""A function's bundle in an empty folder answers, with the standard library and what Lambda's runtime has, alone."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.deploy import releases
from tests.infra.conftest import REGION
from tests.stubs.lambdas import FOLDER, request

from .conftest import TABLE, finished

ROOT = FOLDER.parents[1]
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
PAUSE = {"action": "pause_autopilot", "idempotency_key": "alone-in-a-folder", "actor": "tests"}
PROGRAM = """
import importlib, json, sys
from pathlib import Path
root, libraries, name = sys.argv[1:]
assert not [p for p in sys.path if "site-packages" in p]
sys.path[:0] = [root, libraries]
answer = importlib.import_module(name).handler(json.load(sys.stdin), None)
files = [Path(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None)]
own = sorted(f.relative_to(root).as_posix() for f in files if f.is_relative_to(root))
print(json.dumps({"answer": answer, "modules": own}))
"""


@pytest.fixture
def libraries(tmp_path) -> Path:
    """boto3 and what it needs, without what else is installed beside them."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    for name in RUNTIME:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        path = Path(found.origin)
        path = path.parent if path.name == "__init__.py" else path
        (folder / path.name).symlink_to(path)
    return folder


def answered(name: str, event: object, folder: Path, libraries: Path, url: str) -> dict:
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(releases.bundle(ROOT, name))) as archive:
        archive.extractall(folder)
        files = sorted(archive.namelist())
    environment = {k: v for k, v in os.environ.items() if k.startswith("AWS_") or k == "NO_PROXY"}
    environment |= {"TABLE": TABLE, "ENDPOINT": url, "WORKER_ID": "i-0123456789abcdef0", "AWS_DEFAULT_REGION": REGION}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, folder, libraries, name],
        input=json.dumps(event), env=environment, cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["modules"] == files, "what ships is what is imported"
    return found["answer"]


def test_the_dashboard_alone_shows_an_experiment(store, aws, tmp_path, libraries):
    e = finished(store, title="alone")
    event = request(f"/experiment/{e.id}")
    answer = answered("dashboard_ssr", event, tmp_path / "task", libraries, aws.url)
    assert answer["statusCode"] == 200
    assert "<h2>alone</h2>" in answer["body"]
    assert answer["body"].count("<polyline") == 2


def test_the_admin_api_alone_keeps_a_wish(store, aws, tmp_path, libraries):
    answer = answered("admin_api", PAUSE, tmp_path / "task", libraries, aws.url)
    assert answer == {"ok": True, "result": {"autopilot": "paused"}}
    assert store.table.get({"pk": "CONTROL", "sk": "AUTOPILOT"})["wish"] == "paused"
