"""Blind tests are kept, found again by their pair, and never changed once answered."""

from __future__ import annotations

import pytest

from app.blind import BlindStore, Stimulus

ONE = Stimulus("Codec", "exp-000001/carphone/r27/preview.mp4", "exp-000001/{frame}", 27.0, 412.0, 34.0, "exp-000001")
TWO = Stimulus("x264", "clips/0/anchors/preview.mp4", "clips/0/{frame}")


@pytest.fixture
def store(tmp_path):
    return BlindStore(tmp_path / "app.db")


def begin(store, kind="abx", one=ONE, two=TWO):
    return store.begin(kind, "carphone", "0" * 64, 8, one, two)


def test_a_test_is_found_again_after_a_refresh_and_in_either_order(store, tmp_path):
    made = begin(store)
    trial = store.current(made.id)
    again = BlindStore(tmp_path / "app.db")
    assert again.running(TWO, ONE) == made
    assert begin(again, one=TWO, two=ONE) == made
    assert again.current(made.id) == trial
    assert again.open("preference", ONE, TWO) is None
    assert begin(again, "preference").id != made.id


def test_an_answer_is_kept_once_and_draws_the_next_trial(store):
    made = begin(store)
    first = store.current(made.id)
    assert store.answer(first.id, "b")
    assert not store.answer(first.id, "a")
    assert store.trial(first.id).answer == "b"
    second = store.current(made.id)
    assert (second.number, second.id != first.id) == (2, True)
    assert not store.answer(second.id, "c")
    assert not store.answer("nobody", "a")
    assert [t.answer for t in store.trials(made.id)] == ["b", None]


def test_a_closed_test_takes_no_answer_and_is_listed_with_its_experiment(store):
    made = begin(store)
    store.answer(store.current(made.id).id, "a")
    waiting = store.current(made.id)
    assert store.of_pair(ONE, TWO) == store.of_experiment("exp-000001") == []
    store.close(made.id)
    assert not store.answer(waiting.id, "a")
    assert store.running(ONE, TWO) is None
    (closed,) = store.of_experiment("exp-000001")
    assert (closed.id, closed.one, closed.two) == (made.id, ONE, TWO)
    assert store.of_pair(TWO, ONE) == [closed]
    assert store.of_experiment("exp-00000") == []
    assert begin(store).id != made.id


def test_sides_and_x_are_drawn_anew_and_evenly(store):
    made = begin(store)
    for _ in range(200):
        store.answer(store.current(made.id).id, "a")
    drawn = store.trials(made.id)[:200]
    for seen in ([t.swapped for t in drawn], [t.x_is == "a" for t in drawn], [t.point("x") for t in drawn]):
        assert 60 < sum(seen) < 140  # 5.7 standard deviations from 100
    assert all(t.point("a") != t.point("b") for t in drawn)
    assert all(t.point("x") == t.point(t.x_is) for t in drawn)
    assert len({t.id for t in drawn}) == 200
