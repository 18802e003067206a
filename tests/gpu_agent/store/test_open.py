"""Which home is configuration alone, and boto3 is loaded only where it is used."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import AppSettings
from gpu_agent.settings import AgentSettings
from gpu_agent.store.folder import FolderArtifacts
from gpu_agent.store.local import LocalExperiments
from gpu_agent.store.open import artifact_origins, open_artifacts, open_experiments
from gpu_agent.store.settings import StoreSettings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("program", [AgentSettings, AppSettings])
def test_without_a_word_everything_is_local(program, tmp_path):
    settings = program(data=tmp_path)
    assert isinstance(open_experiments(settings), LocalExperiments)
    assert isinstance(open_artifacts(settings), FolderArtifacts)
    assert artifact_origins(settings) == []


def test_both_programs_read_the_same_variables(monkeypatch):
    chosen = {"store": "aws", "aws_region": "eu-north-1", "dynamodb_table": "t", "videos_bucket": "v"}
    chosen |= {"decoders_bucket": "d", "aws_endpoint_url": "http://127.0.0.1:1", "disk_budget_gb": 3.5}
    for name, value in chosen.items():
        monkeypatch.setenv(f"CODEC_LAB_{name.upper()}", str(value))
    for program in (AgentSettings, AppSettings):
        settings = program()
        assert {name: getattr(settings, name) for name in chosen} == chosen


def test_another_home_is_refused():
    with pytest.raises(ValidationError, match="store"):
        StoreSettings(store="azure")


def test_the_local_home_does_not_load_boto3(tmp_path):
    script = """
import sys
from pathlib import Path
import gpu_agent.server.app
from gpu_agent.settings import AgentSettings
from gpu_agent.store.open import artifact_origins, open_artifacts, open_experiments
settings = AgentSettings(data=Path(sys.argv[1]))
open_experiments(settings), open_artifacts(settings)
print(sorted(name for name in sys.modules if name in ("boto3", "botocore")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
