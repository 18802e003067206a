import json
import sqlite3
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from app.drafts import Draft, Drafts

ROOT = Path(__file__).parents[2]


@pytest.fixture
def drafts(tmp_path):
    return Drafts(tmp_path / "deep" / "app.db")


def test_a_draft_comes_back_whole_after_a_restart(drafts, tmp_path):
    draft = drafts.new()
    draft.text, draft.baseline, draft.form, draft.revision = "x = 'ü 🙂'\n", "x", {"rates": "1, 2"}, 3
    drafts.save(draft)
    assert asdict(Drafts(tmp_path / "deep" / "app.db").get(draft.id)) == asdict(draft)
    assert drafts.get("no-such-draft") is None


def test_the_latest_is_the_one_last_written(drafts):
    assert drafts.latest() is None
    first, second = drafts.new(), drafts.new()
    assert drafts.latest().id == second.id
    drafts.update(first.id, text="again")
    assert (drafts.latest().id, drafts.latest().text) == (first.id, "again")


def test_an_update_leaves_what_others_wrote(drafts):
    draft = drafts.new()
    drafts.update(draft.id, text="mine")
    drafts.update(draft.id, form={"frames": 5})
    drafts.update(draft.id, experiment_id="e-1", conversation_id="c-1")
    kept = drafts.get(draft.id)
    assert (kept.text, kept.form, kept.experiment_id, kept.conversation_id) == ("mine", {"frames": 5}, "e-1", "c-1")
    assert kept.updated_at > draft.updated_at


def test_an_update_of_a_draft_that_is_gone_makes_none(drafts):
    drafts.update("no-such-draft", text="x")
    assert drafts.latest() is None


def test_an_update_that_cannot_be_kept_changes_nothing_and_locks_nothing(drafts):
    draft = drafts.new()
    with pytest.raises(TypeError):
        drafts.update(draft.id, form={"no": object()})
    drafts.update(draft.id, text="after")
    assert drafts.get(draft.id).text == "after"


def test_many_threads_update_one_draft_and_lose_nothing(drafts, tmp_path):
    draft, names = drafts.new(), ["text", "baseline", "baseline_name", "parent_id", "conversation_id", "experiment_id"]
    start = threading.Barrier(len(names))

    def write(name: str) -> None:
        mine = Drafts(tmp_path / "deep" / "app.db")  # as another session of the server would
        start.wait()
        for n in range(20):
            mine.update(draft.id, **{name: f"{name} {n}"})

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    kept = drafts.get(draft.id)
    assert [getattr(kept, name) for name in names] == [f"{name} 19" for name in names]


OPEN_AND_WRITE = "import sys, pathlib, app.drafts as d; print(d.Drafts(pathlib.Path(sys.argv[1])).new().id)"


def test_two_processes_may_make_the_file_at_once(tmp_path):
    command = [sys.executable, "-c", OPEN_AND_WRITE, str(tmp_path / "app.db")]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    made = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * 6
    drafts = Drafts(tmp_path / "app.db")
    assert all(drafts.get(name) for name in made)


def test_fields_of_another_version_are_left_alone(drafts, tmp_path):
    draft = drafts.new()
    with sqlite3.connect(tmp_path / "deep" / "app.db") as db:
        db.execute("UPDATE drafts SET body = json_set(body, '$.of_tomorrow', 1)")
    assert isinstance(drafts.get(draft.id), Draft)
    assert drafts.latest().id == draft.id
    drafts.update(draft.id, text="x")
    with sqlite3.connect(tmp_path / "deep" / "app.db") as db:
        assert json.loads(db.execute("SELECT body FROM drafts").fetchone()[0])["of_tomorrow"] == 1
