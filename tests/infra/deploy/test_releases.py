"""Archives named by their content: the same checkout gives the same name, and what a box gets is what it needs."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.deploy import costs, releases, steps, wheels
from infra.deploy.__main__ import COMMANDS, main
from infra.deploy.aws import shown
from infra.deploy.steps import ROOT
from tests.infra.cloudformation.templates import resources, template
from tests.stubs import lambdas

DEPLOY = ROOT / "infra" / "deploy"


def names(release: releases.Release) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(release.archive)) as tar:
        return set(tar.getnames())


@pytest.mark.parametrize("role", ["worker", "orchestrator"])
def test_the_same_checkout_is_the_same_release(role):
    first, second = (releases.pack(ROOT, role, "w" * 64) for _ in range(2))
    assert first.name == second.name
    assert first.name != releases.pack(ROOT, role, "v" * 64).name


def test_the_worker_gets_the_agent_and_nothing_of_the_lab():
    found = names(releases.pack(ROOT, "worker", "w"))
    assert {"gpu_agent/__main__.py", "infra/boxes/install.sh", "BUILD", "WHEELS", "PYTHON", "PORT"} <= found
    assert not [n for n in found if n.startswith(("app/", "tests/", "streamlit_config/"))]


def test_secrets_never_travel(tmp_path):
    for folder in ("app", "gpu_agent", "streamlit_config", "infra/boxes"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "streamlit_config" / "secrets.toml").write_text("key")
    (tmp_path / "streamlit_config" / "config.toml").write_text("")
    (tmp_path / "requirements.txt").write_text("numpy==1\n")
    assert "streamlit_config/secrets.toml" not in names(releases.pack(tmp_path, "orchestrator", "w"))


def test_scripts_stay_executable():
    release = releases.pack(ROOT, "worker", "w")
    with tarfile.open(fileobj=io.BytesIO(release.archive)) as tar:
        assert tar.getmember("infra/boxes/install.sh").mode == 0o755
        assert tar.getmember("gpu_agent/__init__.py").mode == 0o644


@pytest.fixture
def functions(tmp_path) -> Path:
    """A checkout that has the functions alone."""
    shutil.copytree(ROOT / "infra" / "lambda", tmp_path / "infra" / "lambda")
    return tmp_path


@pytest.mark.parametrize("name", releases.FUNCTIONS)
def test_a_function_has_its_own_files_and_what_is_shared(name):
    bundle = releases.bundle(ROOT, name)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        entries = archive.infolist()
    found = [e.filename for e in entries]
    assert found == sorted(found)
    package = releases.FUNCTIONS[name]
    assert {n for n in found if "/" not in n} == {f"{name}.py", "aws.py"}
    assert {n.split("/")[0] for n in found if "/" in n} == {package}
    assert {e.external_attr >> 16 for e in entries} == {0o644}, (
        "Lambda runs as somebody else, who must be able to read it"
    )


@pytest.mark.parametrize("name", releases.FUNCTIONS)
def test_the_same_files_are_the_same_bundle_wherever_and_whenever(functions, name):
    lambdas = functions / "infra" / "lambda"
    for path in lambdas.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    cache = lambdas / releases.FUNCTIONS[name] / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "x.cpython-313.pyc").write_bytes(b"compiled")
    (lambdas / releases.FUNCTIONS[name] / "words.py~").write_text("of an editor")
    assert releases.bundle(functions, name) == releases.bundle(ROOT, name)


@pytest.mark.parametrize(
    ("file", "changed"),
    [("dashboard/chart.py", {"dashboard_ssr"}), ("admin/audit.py", {"admin_api"}), ("aws.py", set(releases.FUNCTIONS))],
)
def test_only_what_has_the_changed_file_is_another_bundle(functions, file, changed):
    path = functions / "infra" / "lambda" / file
    path.write_text(path.read_text() + "\n")
    assert {n for n in releases.FUNCTIONS if releases.bundle(functions, n) != releases.bundle(ROOT, n)} == changed


def test_the_templates_handlers_are_in_the_bundles(monkeypatch):
    """Whose code a function gets is a parameter: the deployment gives it the key of the bundle that has its handler."""
    given = {}
    monkeypatch.setattr(releases, "function", lambda aws, root, name: name)
    monkeypatch.setattr(steps, "stack", lambda aws, name, parameters, wishes: given.update({name: parameters}))
    monkeypatch.setattr(steps, "concurrency", lambda aws: None)
    deployed = SimpleNamespace(needed=lambda *names: "")
    steps.functions(deployed, steps.Wishes())
    for _, _, function in resources("AWS::Lambda::Function"):
        properties = function["Properties"]
        name, handler = properties["Handler"].split(".")
        assert given["lambda"][properties["Code"]["S3Key"]["Ref"]] == name
        assert callable(getattr(lambdas.load(name), handler))
    assert len(list(resources("AWS::Lambda::Function"))) == len(releases.FUNCTIONS)


def test_the_worker_gets_pytorch_and_no_streamlit():
    pins = wheels.requirements(ROOT, "worker")
    assert "torch==" in pins
    assert "streamlit==" not in pins
    assert "authlib" not in pins.lower()
    assert "Authlib==" in wheels.requirements(ROOT, "orchestrator")
    assert "boto3==" in pins
    assert "streamlit==" in wheels.requirements(ROOT, "orchestrator")


def test_a_wheelhouse_is_named_by_what_it_holds(tmp_path):
    house = tmp_path / "house"
    house.mkdir()
    (house / "a-1-py3-none-any.whl").write_bytes(b"a")
    first, archive = wheels.pack(house, tmp_path / "1.tar")
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["a-1-py3-none-any.whl", "SHA256SUMS"]
        tar.extractall(tmp_path / "out", filter="data")
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out")
    assert checked.returncode == 0
    (house / "a-1-py3-none-any.whl").write_bytes(b"b")
    assert wheels.pack(house, tmp_path / "2.tar")[0] != first


def test_a_call_is_shown_without_what_may_be_secret():
    line = shown("ssm", "put_parameter", {"Name": "/v3/agent/token", "Value": "hunter2"})
    assert "hunter2" not in line
    assert "/v3/agent/token" in line


def test_every_script_is_a_word_of_the_deployment():
    scripts = {p.name for p in DEPLOY.glob("*.sh")}
    wanted = {f"deploy_{what}.sh" for what in ("infrastructure", "orchestrator", "worker", "lambda", "all")}
    assert scripts == wanted | {"run_first_experiment.sh", "destroy.sh"}
    for script in scripts:
        text = (DEPLOY / script).read_text()
        assert text.split('/lab" deploy ')[1].split()[0] in COMMANDS
        assert (DEPLOY / script).stat().st_mode & 0o100


def test_the_readmes_table_is_the_estimate():
    readme = (Path(ROOT) / "infra" / "README.md").read_text()
    assert costs.table(costs.parts()) in readme
    assert f"{costs.REGION}, {costs.DAY}" in readme


def test_the_estimate_counts_what_the_templates_make():
    compute = template("compute")["Parameters"]
    assert set(costs.HOUR) == {compute["WorkerType"]["Default"], compute["OrchestratorType"]["Default"]}
    disks = costs.parts(
        worker_disk=compute["WorkerDisk"]["Default"], orchestrator_disk=compute["OrchestratorDisk"]["Default"]
    )
    assert disks == costs.parts()
    assert len(list(resources("AWS::CloudWatch::Alarm"))) == costs.ALARMS
    endpoints = [e["Properties"] for _, _, e in resources("AWS::EC2::VPCEndpoint")]
    paid = [len(e["SubnetIds"]) for e in endpoints if e["VpcEndpointType"] == "Interface"]
    assert sum(paid) == costs.ENDPOINTS, "an endpoint is paid for by the zone"


def test_nobody_there_to_agree_means_nothing_is_made(aws, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["destroy", "--region", "us-east-1"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert main(["rollback", "--yes"]) == 1
