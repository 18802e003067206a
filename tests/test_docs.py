"""The README stays true to the code."""

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

from app.settings import AppSettings
from gpu_agent.settings import AgentSettings

ROOT = Path(__file__).parents[1]
MADE_BY_PEOPLE = {"secrets.toml", "streamlit_config/secrets.toml", "codec.py"}
README = (ROOT / "README.md").read_text()


def variables(settings) -> set[str]:
    names = set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        names.add(alias.choices[-1] if isinstance(alias, AliasChoices) else f"CODEC_LAB_{name.upper()}")
    return names


def test_the_table_of_settings_names_every_variable_and_no_other():
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    documented = set(re.findall(r"^\| `(\w+)`", table, re.M))
    assert documented == variables(AgentSettings) | variables(AppSettings)


@pytest.mark.parametrize(
    "readme",
    sorted(
        p.relative_to(ROOT).as_posix()
        for p in ROOT.glob("*/**/README.md")
        if not p.relative_to(ROOT).parts[0].startswith(".venv") and "node_modules" not in p.parts
    ),
)
def test_files_that_a_readme_names_are_there(readme):
    text = (ROOT / readme).read_text()
    folder = (ROOT / readme).parent
    named = set(re.findall(r"`([\w./-]+\.(?:py|js|toml|md|txt|json))`", text)) - MADE_BY_PEOPLE
    here = {n for n in named if (folder / n).exists() or (ROOT / n).exists() or list(folder.rglob(Path(n).name))}
    assert named == here
