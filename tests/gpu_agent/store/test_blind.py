"""What every home of blind tests must do, shown on both: SQLite, and DynamoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gpu_agent.blind import draw, pair_of
from gpu_agent.store.open import open_blind
from tests.gpu_agent.blindtests import blind_test, stimulus


@pytest.fixture
def blind(settings):
    return open_blind(settings)


def test_a_test_comes_back_whole_also_elsewhere(blind, another):
    made = blind_test(answers="ab", closed_at="2026-01-02T00:00:00Z", clip="Ünïcode <b>")
    assert blind.create(made)
    found = another(open_blind, elsewhere=True).get(made.id)
    assert (found.test, found.version) == (made, 1)
    assert blind.get("0" * 12) is None


def test_the_same_id_again_changes_nothing(blind):
    made = blind_test()
    assert blind.create(made)
    assert not blind.create(made)
    assert not blind.create(made.model_copy(update={"clip": "another"}))
    assert blind.get(made.id).test == made


def test_what_was_read_is_written_over_itself_alone(blind):
    made = blind_test()
    blind.create(made)
    read = blind.get(made.id)
    mine, theirs = (made.model_copy(update={"trials": (draw(made.id),)}) for _ in range(2))
    assert blind.replace(mine, read.version)
    assert not blind.replace(theirs, read.version)
    assert blind.get(made.id) == (mine, read.version + 1)
    assert not blind.replace(blind_test(), 1), "one that is not there"


def test_tests_are_found_by_their_points_and_by_each_experiment(blind):
    one, two, anchor = stimulus(), stimulus("exp-000002", 27), stimulus(None, 27)
    tests = [
        blind_test(*points, created_at=f"2026-01-0{day}T00:00:00Z")
        for day, points in enumerate(((one, two), (two, one), (one, anchor), (one, stimulus(rate=32))), 1)
    ]
    for test in tests:
        blind.create(test)
    first, turned, anchored, alone = tests
    assert blind.of_pair(pair_of(two, one)) == [turned, first]
    assert blind.of_experiment("exp-000001") == [alone, anchored, turned, first]
    assert blind.of_experiment("exp-000002") == [turned, first]
    assert blind.of_experiment("exp-00000") == blind.of_pair("") == []
    closed = first.model_copy(update={"closed_at": "2026-02-01T00:00:00Z"})
    blind.replace(closed, 1)
    assert blind.of_experiment("exp-000002") == [turned, closed]


def test_of_many_writers_at_once_each_is_told_the_truth(blind, another):
    made = blind_test()
    blind.create(made)
    homes = [another(open_blind, elsewhere=True) for _ in range(4)]
    fresh = [made.model_copy(update={"trials": (draw(made.id),)}) for _ in homes]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda home, test: home.replace(test, 1), homes, fresh))
    assert sum(done) == 1
    assert blind.get(made.id) == (fresh[done.index(True)], 2)
