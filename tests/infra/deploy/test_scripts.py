"""The scripts of infra/deploy as a person runs them: real files, processes of their own, AWS over HTTP.

Stood in for: pip (an environment that is there already), and what moto does not know (`door.py`). The checkout is a
copy, because `./lab` works on the environment of the checkout that it lies in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from gpu_agent.store import StoreError
from gpu_agent.store.open import open_experiments
from gpu_agent.store.settings import StoreSettings
from infra.launcher.environment import STAMP, fingerprint

from . import door
from .conftest import REGION, succeed
from .test_steps import STACKS, state_of

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = {
    "deploy_all.sh": "would call  ssm.send_command",
    "deploy_infrastructure.sh": "StackName='v3-compute'",
    "deploy_lambda.sh": "StackName='v3-lambda'",
    "deploy_worker.sh": "would read /health on the worker back",
    "deploy_orchestrator.sh": "would read /health on the orchestrator back",
    "run_first_experiment.sh": "would start the worker, queue dct_intra and motion_dct",
    "destroy.sh": "v3-network: was not there.",
}
"""By script: what its dry run prints."""
PYTHON = """\
#!/bin/sh
case "$*" in *"import sys, pip"*) echo "{version} {venv}"; exit 0 ;; esac
exec {python} "$@"
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of what a person has, with an environment in which nothing is left to install."""
    root = tmp_path_factory.mktemp("checkout") / "codec lab"  # a space, as folders of people have
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules", "secrets.toml")
    for name in ("app", "gpu_agent", "infra", "streamlit_config"):
        shutil.copytree(ROOT / name, root / name, ignore=unwanted)
    for name in ("lab", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    venv, version = root / ".venv", f"{sys.version_info.major}.{sys.version_info.minor}"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(PYTHON.format(version=version, venv=venv, python=sys.executable))
    python.chmod(0o755)
    (venv / f"lib/python{version}").mkdir(parents=True)
    (venv / f"lib/python{version}/site-packages").symlink_to(sysconfig.get_path("purelib"))
    stamp = {"python": version, "installed": {"requirements.txt": fingerprint(root / "requirements.txt")}}
    (venv / STAMP).write_text(json.dumps(stamp))
    return root


@pytest.fixture
def run(account, boxes, checkout, tmp_path, dashboard):
    """Run a script from a folder that is not the checkout; (exit status, everything that it printed)."""
    boxes.delay = 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def work() -> None:
        """As the agent on the worker: what waits is claimed and comes out well."""
        try:
            store = open_experiments(worker_settings(account, tmp_path))
            for waiting in store.waiting():
                if lease := store.claim(waiting, "worker", 60):
                    record = store.get(waiting)
                    succeed(store, record)
                    store.save(record, lease)
        except StoreError:
            return

    with door.opened(boxes, account.url, work, dashboard) as url:
        environment = os.environ | {
            "AWS_ENDPOINT_URL": url,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        environment |= {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}

        def run_(script: str, *arguments: str) -> tuple[int, str]:
            command = [checkout / "infra" / "deploy" / script, *arguments]
            done = subprocess.run(
                command, cwd=elsewhere, env=environment, text=True, timeout=300,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert list(elsewhere.iterdir()) == []
            return done.returncode, done.stdout

        yield run_


def worker_settings(account, folder: Path) -> StoreSettings:
    return StoreSettings(
        data=folder / "worker",
        store="aws",
        aws_region=REGION,
        dynamodb_table="v3-experiments",
        videos_bucket=f"v3-videos-123456789012-{REGION}",
        decoders_bucket=f"v3-decoders-123456789012-{REGION}",
        aws_endpoint_url=account.url,
    )


def test_every_script_is_here_and_can_be_run():
    folder = ROOT / "infra" / "deploy"
    assert {p.name for p in folder.glob("*.sh")} == set(SCRIPTS)
    for script in SCRIPTS:
        assert (folder / script).stat().st_mode & 0o111 == 0o111, script


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_dry_run_says_what_it_would_do_and_does_nothing(run, account, script):
    before = state_of(account)
    status, printed = run(script, "--dry-run", "--region", REGION)
    assert status == 0, printed
    assert SCRIPTS[script] in printed
    assert state_of(account) == before


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_option_that_nobody_knows_is_wrong_usage(run, account, script):
    status, printed = run(script, "--dry-ran")
    assert status == 2
    assert "unrecognized arguments: --dry-ran" in printed
    assert "usage: ./lab deploy" in printed


@pytest.mark.parametrize("script", ["deploy_worker.sh", "run_first_experiment.sh"])
def test_a_problem_is_a_sentence_and_an_exit_status(run, script):
    status, printed = run(script, "--region", REGION)
    assert status == 1
    assert printed == "lab: /v3/worker/instance is not there. Run ./lab deploy infrastructure first.\n"


def test_nothing_that_costs_is_made_without_a_word(run, account):
    status, printed = run("deploy_all.sh", "--region", REGION)
    assert status == 1
    assert "Estimate: $" in printed
    assert "add --yes" in printed
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []


def test_all_of_it_then_again_then_away(run, account, boxes):
    """The second run changes nothing; each part on its own neither."""
    arguments = ("--yes", "--region", REGION, "--email", "you@example.com")
    status, printed = run("deploy_all.sh", *arguments)
    assert status == 0, printed
    for text in ("worker: build", "orchestrator: build", "37.50 dB", "motion_dct", "shows it"):
        assert text in printed
    before, sent = state_of(account), len(boxes.commands)
    assert len(boxes.installed) == 2
    experiments = len(table_items(account))
    for script in (
        "deploy_all.sh",
        "deploy_infrastructure.sh",
        "deploy_lambda.sh",
        "deploy_worker.sh",
        "deploy_orchestrator.sh",
    ):
        status, printed = run(script, *arguments)
        assert status == 0, printed
        assert state_of(account) == before, script
    assert not [c for commands in boxes.commands[sent:] for c in commands if "codec-lab-boot" in c]
    assert len(table_items(account)) == experiments

    status, printed = run("run_first_experiment.sh", "--region", REGION)
    assert status == 0, printed
    assert len(table_items(account)) > experiments

    status, printed = run("destroy.sh", "--dry-run", "--region", REGION)
    assert (status, printed.count("would call  cloudformation.delete_stack")) == (0, 4), printed
    status, printed = run("destroy.sh", "--yes", "--region", REGION)
    assert status == 0, printed
    left = {s["StackName"] for s in account.client("cloudformation").describe_stacks()["Stacks"]}
    assert left == {"v3-storage", "v3-database"} < {f"v3-{name}" for name in STACKS}
    status, printed = run("destroy.sh", "--yes", "--with-data", "--region", REGION)
    assert status == 1, "data is not deleted by --yes alone"
    assert account.client("dynamodb").list_tables()["TableNames"] == ["v3-experiments"]


def table_items(account) -> list:
    return account.client("dynamodb").scan(TableName="v3-experiments")["Items"]
