"""The player of the compare page: sides and points in the URL, the nearest point said, a blind test from start to result."""

from __future__ import annotations

import json

from tests.app.pages.test_compare import CLIP, anchor, made, texts


def open_compare(open_page, services, **query):
    a, b = made(services, "Old"), made(services, "New", 0.69)
    anchor(services, 2.0)
    return a, b, open_page("compare", **{"with": f"{a.id},{b.id},anchor:x264-medium"} | query)


def shown(test) -> dict:
    """What the one player on the page was given."""
    (data,) = [
        json.loads(e.proto.json) for e in test.get("bidi_component") if e.proto.component_name == "codec_lab.player"
    ]
    return data


def trial_shown(services, test):
    """The blind test on the page, and its trial."""
    return services.blind.trial(shown(test)["a"]["url"].split("/")[2])


def side(test, label: str):
    return next(s for s in test.selectbox if s.label == label)


def press(test, label: str) -> None:
    next(b for b in test.button if b.label == label).click().run()
    assert not test.exception


def test_the_point_nearest_in_bit_rate_is_shown_and_said(open_page, services):
    a, b, test = open_compare(open_page, services)
    assert "Showing Old at rate 27 against New at 146 kbit/s (rate 22): 18 % fewer bits" in texts(test)
    data = shown(test)
    assert data["a"]["url"] == f"/artifacts/{a.id}/carphone/r27/preview.mp4"
    assert data["b"]["url"] == f"/artifacts/{b.id}/carphone/r22/preview.mp4"
    assert data["exact"][1] == f"/artifacts/{b.id}/carphone/r22/frames/{{frame}}/decoded.png"
    assert data["planes"][2] == f"/artifacts/clips/{CLIP.sha256}/frames/{{frame}}/source.planes.png"
    assert [(s["side"], s["url"]) for s in data["series"]] == [
        ("a", f"/artifacts/{a.id}/carphone/r27/frames.json"),
        ("b", f"/artifacts/{b.id}/carphone/r22/frames.json"),
    ]


def test_sides_points_and_match_live_in_the_url(open_page, services):
    a, _, test = open_compare(
        open_page, services, left="anchor:x264-medium", right="source", **{"left-rate": "32", "match": "Quality"}
    )
    data = shown(test)
    assert data["a"]["url"].startswith(f"/artifacts/clips/{CLIP.sha256}/anchors/8/x264-medium/r32/")
    assert "encodes x264 medium at 32" in data["a"]["wait"]
    assert data["b"]["url"] == f"/artifacts/clips/{CLIP.sha256}/preview.mp4"
    assert data["planes"][2] is None  # one of the two is the source
    assert "x264 medium at rate 32, 122 kbit/s, against the source" in texts(test)
    side(test, "Side B").select(a.id).run()
    assert "against Old at 61.0 kbit/s (rate 32): 2.0 times the bits" in texts(test).replace(
        "100 % more bits", "2.0 times the bits"
    )
    assert shown(test)["b"]["url"].endswith(f"{a.id}/carphone/r32/preview.mp4")


def test_both_points_can_be_chosen_by_hand(open_page, services):
    _, b, test = open_compare(open_page, services, match="By hand")
    side(test, "Point of B").select("37").run()
    assert shown(test)["b"]["url"] == f"/artifacts/{b.id}/carphone/r37/preview.mp4"
    assert "do not match" not in texts(test)


def test_what_the_url_names_and_is_not_there_falls_back(open_page, services):
    a, _, test = open_compare(open_page, services, left="anchor:h266", match="Luck", **{"left-rate": "99"})
    assert shown(test)["a"]["url"] == f"/artifacts/{a.id}/carphone/r27/preview.mp4"


def test_one_experiment_alone_is_shown_beside_its_source(open_page, services):
    a = made(services, "Alone")
    data = shown(open_page("compare", **{"with": a.id}))
    assert [data[s]["label"] for s in "ab"] == ["Source", "Alone, rate 27"]


def test_a_blind_test_hides_who_is_who_and_tells_its_result_at_the_end(open_page, services):
    a, b, test = open_compare(open_page, services)
    press(test, "Start the blind test")
    seen = set()
    for number in range(1, 11):
        _, trial = trial_shown(services, test)
        seen.add(trial.id)
        assert len(seen) == number
        assert f"Blind test, trial {number}" in texts(test)
        data = shown(test)
        assert data["blind"]
        assert [data[s]["label"] for s in "ab"] == ["A", "X"]
        assert data["a"]["url"] == f"/blind/{trial.id}/a/preview.mp4"
        assert data["exact"][1] == f"/blind/{trial.id}/x/frames/{{frame}}.png"
        assert data["series"] == []
        assert data["planes"] is None
        assert not any(name in json.dumps(data) for name in ("Old", "New", a.id, b.id))
        assert "correct" not in texts(test)
        press(test, f"X is {trial.x_is.upper()}")
    again = open_page("compare", **{"with": f"{a.id},{b.id}"})  # as after a refresh, or in another tab
    assert trial_shown(services, again)[1].id != trial_shown(services, test)[1].id
    assert "Blind test, trial 11" in texts(again)
    press(again, "Finish and show the result")
    said = "10 of 10 answers correct (100 %); the exact 95 % interval of the true share is 69 % to 100 %"
    assert said in texts(again)
    assert not shown(again)["blind"]
    for experiment in (a, b):
        assert said in texts(open_page("experiment", id=experiment.id))
    press(test, "X is A")  # the first tab still shows the test
    for _ in range(2):  # the player's own reports run the page again, and it is said all the same
        assert "finished in another tab before your answer" in texts(test)
        test.run()
    assert said in texts(test)


def test_a_preference_names_the_first_point(open_page, services):
    _, _, test = open_compare(open_page, services)
    test.radio[0].set_value("Which looks better?").run()
    press(test, "Start the blind test")
    assert [shown(test)[s]["label"] for s in "ab"] == ["A", "B"]
    for _ in range(3):
        _, trial = trial_shown(services, test)
        press(test, "B is better" if trial.swapped else "A is better")
    press(test, "Finish and show the result")
    assert "Old, rate 27 was preferred in 3 of 3 trials (100 %)" in texts(test)
