"""Blind tests are kept, found again by their pair, never changed once answered, and no vote of two tabs is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.blind import BlindTests
from app.blind import tests as module
from gpu_agent.blind import draw
from gpu_agent.store.open import open_blind
from tests.gpu_agent.blindtests import blind_test, stimulus

ONE, TWO = stimulus(), stimulus(None, 27, label="x264")


def begin(tests, kind="abx", one=ONE, two=TWO):
    return tests.begin(kind, "carphone", "0" * 64, 8, one, two)


def answer(tests, made, letter, seat="tab"):
    trial = tests.current(tests.test(made.id), seat)
    assert tests.answer(trial.id, letter)
    return trial


def test_a_test_is_found_again_in_either_order(tests, settings):
    made = begin(tests)
    trial = tests.current(made, "tab")
    again = BlindTests(open_blind(settings))
    assert again.running(TWO, ONE).id == made.id
    assert begin(again, one=TWO, two=ONE).id == made.id
    assert again.current(again.test(made.id), "tab") == trial
    assert again.open("preference", ONE, TWO) is None
    assert begin(again, "preference").id != made.id


def test_an_answer_is_kept_once_and_the_next_trial_is_another(tests):
    made = begin(tests)
    first = answer(tests, made, "b")
    assert not tests.answer(first.id, "a")
    assert tests.trial(first.id)[1].answer == "b"
    second = tests.current(tests.test(made.id), "tab")
    assert second.id != first.id
    assert not tests.answer(second.id, "c")
    assert not tests.answer("nobody", "a")
    assert not tests.answer(f"{made.id}-nobody", "a")
    assert [t.answer for t in tests.test(made.id).trials] == ["b", None]


def test_two_tabs_have_trials_of_their_own_and_both_votes_count(tests):
    made = begin(tests)
    mine, theirs = (tests.current(tests.test(made.id), seat) for seat in ("mine", "theirs"))
    assert mine.id != theirs.id
    assert tests.answer(theirs.id, "a")
    assert tests.answer(mine.id, "b")
    assert [(t.id, t.answer) for t in tests.test(made.id).answered] == [(mine.id, "b"), (theirs.id, "a")]


@pytest.mark.parametrize("tabs", [6])
def test_votes_at_the_same_moment_are_all_kept(tests, settings, tabs):
    made = begin(tests)
    labs = [BlindTests(open_blind(settings)) for _ in range(tabs)]

    def vote(n):
        return [answer(labs[n], made, "ab"[n % 2], f"tab {n}").id for _ in range(5)]

    with ThreadPoolExecutor(tabs) as pool:
        given = {name: "ab"[n % 2] for n, names in enumerate(pool.map(vote, range(tabs))) for name in names}
    assert {t.id: t.answer for t in tests.test(made.id).trials} == given
    assert len(given) == 5 * tabs


def test_a_closed_test_takes_no_answer_and_is_listed_with_both_experiments(tests):
    other = stimulus("exp-000002", 27)
    made = begin(tests, two=other)
    answer(tests, made, "a")
    left = tests.current(tests.test(made.id), "tab")
    assert tests.of_pair(ONE, other) == tests.of_experiment("exp-000001") == []
    tests.close(made.id)
    assert not tests.answer(left.id, "a")
    assert tests.running(ONE, other) is None
    (closed,) = tests.of_experiment("exp-000001")
    assert (closed.id, closed.points) == (made.id, (ONE, other))
    assert [(t.answer, t.seat) for t in closed.told.trials] == [("a", "")]
    assert tests.trial(left.id), "another tab may still be looking at it"
    assert tests.current(closed, "tab") is None
    assert tests.of_pair(other, ONE) == tests.of_experiment("exp-000002") == [closed]
    assert tests.of_experiment("exp-00000") == []
    assert begin(tests, two=other).id != made.id


def test_trials_that_nobody_answered_do_not_pile_up(tests, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 3)
    made = begin(tests)
    kept = answer(tests, made, "a")
    for n in range(9):
        tests.current(tests.test(made.id), f"tab {n}")
    found = tests.test(made.id).trials
    assert found[0].id == kept.id
    assert [t.seat for t in found[1:]] == ["tab 6", "tab 7", "tab 8"]


def test_sides_and_x_are_drawn_anew_and_evenly():
    drawn = [draw("0" * 12) for _ in range(200)]
    for seen in ([t.swapped for t in drawn], [t.x_is == "a" for t in drawn], [t.point("x") for t in drawn]):
        assert 60 < sum(seen) < 140  # 5.7 standard deviations from 100
    assert all(t.point("a") != t.point("b") for t in drawn)
    assert all(t.point("x") == t.point(t.x_is) for t in drawn)
    assert len({t.id for t in drawn}) == 200


def test_a_trial_of_another_test_is_none_of_it():
    with pytest.raises(ValueError, match="another test"):
        blind_test(trials=(draw("0" * 12),))
