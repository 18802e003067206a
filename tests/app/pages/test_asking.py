"""Asking Claude about an experiment, from its own page and in the lab: what is sent, what is proposed, what is kept."""

from __future__ import annotations

import threading

import pytest

from app.claude.connection import Connection, Retry
from app.drafts import Draft
from app.panels.draft import sha256
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import Failure, Hypothesis, Origin, Status
from tests.app.results.conftest import make_curve
from tests.gpu_agent.factory import experiment
from tests.stubs.messages_api import Reply, Stub


@pytest.fixture
def claude(services):
    with Stub() as stub:
        services.connection = Connection("test-key", stub.url, retry=Retry(first=0.01, longest=0.02))
        yield stub
        services.chat.stop_all()


@pytest.fixture
def measured(services):
    """An experiment with a curve."""

    def make(**more):
        e = experiment(status=Status.SUCCEEDED, results=make_curve(), **more)
        assert services.store.create(e)
        return e

    return make


def button(test, label: str):
    return next(b for b in test.button if b.label == label)


def field(elements, label: str):
    return next(e for e in elements if e.label == label)


def texts(test) -> str:
    kinds = (test.markdown, test.caption, test.info, test.error, test.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "").replace("\u202f", " ")


def ask(test, key: str, label: str, mode: str | None = None, wish: str = "", **state):
    """Open the popover, fill it in, press the button."""
    test.session_state[f"ask-{key}"] = True
    for name, value in state.items():
        test.session_state[f"{name.replace('_', '-')}-{key}"] = value
    if mode:
        test.session_state[f"ask-mode-{key}"] = mode
    test.run()
    if wish:
        test.text_area[0].set_value(wish).run()
    button(test, f"Ask Claude to {label}").click().run()
    assert not test.exception, test.exception
    return test


def answered(services, draft) -> None:
    """The draft's running turn has ended."""
    running = services.chat.running(draft.conversation_id)
    assert running is None or running.wait(30)


def sent(stub) -> str:
    return stub.requests[-1]["body"]["messages"][-1]["content"][0]["text"]


def test_from_an_experiments_page_a_draft_opens_with_evidence_and_comes_back_as_a_diff(
    open_page, services, claude, measured
):
    e = measured(title="Plain", rates=[22, 27, 32, 37])
    test = ask(open_page("experiment", id=e.id), f"own-{e.id}", "improve this", wish="Mind the dark parts.")
    draft = services.drafts.latest()
    assert (draft.text, draft.parent_id) == (e.code, e.id)
    answered(services, draft)
    said = sent(claude)
    assert "- rate 22: 212.0 kbit/s" in said
    assert said.index("def encode(video, rate):") < said.index("### Rate-distortion points")
    assert said.endswith("Mind the dark parts.")
    (turn,) = services.chat.conversation(draft.conversation_id).turns
    assert (turn.kind, turn.about, turn.prompt) == ("improve", e.id, "Improve “Plain”.\nMind the dark parts.")
    test = open_page("lab", draft=draft.id)
    button(test, "Review in editor").click().run()
    draft = services.drafts.get(draft.id)
    assert "dead zone" in draft.text
    assert draft.baseline == e.code  # what the person had
    assert draft.hypothesis["bd_rate"] == -3
    assert field(test.number_input, "Expected bits (%)").value == -3
    assert "a wider dead zone" in field(test.text_input, "Hypothesis").value
    button(test, "Dispatch").click().run()
    (queued,) = services.store.waiting()
    record = services.store.get(queued)
    assert (record.parent_id, record.hypothesis.bd_rate, record.hypothesis.by) == (e.id, -3, "claude")
    assert "Expected 3.0 % fewer bits than its parent; not measured yet." in texts(test)


def test_what_a_proposal_brings_stays_whatever_the_browser_still_says(open_page, services, claude, measured):
    e = measured(code=EXAMPLE.replace("RATES = (", "RATES = (1, "))
    form = {"clips": ["carphone"], "rates": "1, 16"}
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id, parent_id=e.id, form=form, baseline=e.code))
    ask(open_page("lab", draft="d1"), f"lab-{e.id}", "improve this")
    answered(services, services.drafts.get("d1"))
    test = open_page("lab", draft="d1")
    said = test._tree.get_widget_states()
    button(test, "Review in editor").click().run()
    test._run(said)  # the next click, on its way before the browser has drawn the form anew
    draft = services.drafts.get("d1")
    assert draft.hypothesis["bd_rate"] == field(test.number_input, "Expected bits (%)").value == -3
    assert draft.form["rates"] == field(test.text_input, "Rates").value == ""
    assert field(test.toggle, "Diff").value is True


def test_in_the_lab_the_turn_joins_the_conversation(open_page, services, claude, measured):
    e = measured()
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id, parent_id=e.id))
    for label, mode in (("improve this", None), ("explain this", "explain")):
        ask(open_page("lab", draft="d1"), f"lab-{e.id}", label, mode)
        draft = services.drafts.get("d1")
        answered(services, draft)
    turns = services.chat.conversation(draft.conversation_id).turns
    assert [t.kind for t in turns] == ["improve", "explain"]
    assert "Answer in words, without a codec block." in sent(claude)
    first, second = (r["body"]["messages"] for r in claude.requests)
    assert second[0] == first[0]  # append-only
    assert claude.requests[0]["body"]["system"] == claude.requests[1]["body"]["system"]


def test_the_conversation_that_it_came_from_goes_on(open_page, services, claude, measured):
    conversation = services.chat.store.create()
    assert services.chat.ask(conversation.id, "A first codec", services.connection).wait(30)
    e = measured(origin=Origin(kind="claude", conversation_id=conversation.id))
    ask(open_page("experiment", id=e.id), f"own-{e.id}", "improve this")
    draft = services.drafts.latest()
    answered(services, draft)
    assert draft.conversation_id == conversation.id
    messages = claude.requests[-1]["body"]["messages"]
    assert messages[0]["content"][0]["text"] == "A first codec"
    assert messages[1]["content"][0]["type"] == "thinking"  # append-only: nothing before was touched
    ask(open_page("experiment", id=e.id), f"own-{e.id}", "improve this", ask_go_on=False)
    answered(services, services.drafts.latest())
    assert services.drafts.latest().conversation_id != conversation.id
    gone = measured(origin=Origin(kind="claude", conversation_id="not-here"))
    ask(open_page("experiment", id=gone.id), f"own-{gone.id}", "improve this")
    assert len(services.chat.conversation(services.drafts.latest().conversation_id).turns) == 1


def test_where_that_conversation_is_busy_nothing_is_left_behind(open_page, services, claude, measured):
    conversation, arrived = services.chat.store.create(), threading.Event()
    claude.queue(Reply("ab", fault="stall", after=0))
    seen = lambda event: arrived.set() if event.text == "writing" else None
    turn = services.chat.ask(conversation.id, "go", services.connection, on_event=seen)
    assert arrived.wait(30)
    e = measured(origin=Origin(kind="claude", conversation_id=conversation.id))
    test = ask(open_page("experiment", id=e.id), f"own-{e.id}", "improve this", wish="Mind the dark parts")
    assert "still answering" in texts(test)
    assert test.text_area[0].value == "Mind the dark parts"
    assert services.drafts.latest() is None
    turn.cancel()
    assert turn.wait(30)


def test_a_failed_run_is_fixed_in_one_click_from_its_page(open_page, services, claude):
    failure = Failure(category="decode_error", message='decode raised an exception.\n\n  File "codec.py", line 3')
    e = experiment(status=Status.FAILED, error=failure, log="at frame 3")
    services.store.create(e)
    test = open_page("experiment", id=e.id)
    button(test, "Ask Claude to fix it").click().run()
    draft = services.drafts.latest()
    answered(services, draft)
    said = sent(claude)
    assert all(part in said for part in ("Category: decode_error", 'File "codec.py", line 3', "at frame 3"))
    assert services.chat.conversation(draft.conversation_id).turns[0].kind == "fix"


def test_two_experiments_are_crossed(open_page, services, claude, measured):
    a, b = measured(title="Waves"), measured(code=EXAMPLE.replace("previous", "first"), title="Blocks")
    test = ask(open_page("experiment", id=a.id), f"own-{a.id}", "cross the two", "cross")
    assert "Choose the experiment to cross this one with." in test.error[0].value
    ask(open_page("experiment", id=a.id), f"own-{a.id}", "cross the two", "cross", ask_other=b.id)
    draft = services.drafts.latest()
    answered(services, draft)
    said = sent(claude)
    assert said.index(a.code) < said.index(b.code)
    assert (said.count("### Rate-distortion points"), draft.parent_id) == (2, a.id)
    prompt = services.chat.conversation(draft.conversation_id).turns[0].prompt
    assert prompt == "Cross “Waves” with “Blocks”."


def test_starting_fresh_needs_an_idea_and_has_no_parent(open_page, services, claude, measured):
    e = measured()
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id, parent_id=e.id))
    test = ask(open_page("lab", draft="d1"), f"lab-{e.id}", "start fresh", "fresh")
    assert "needs an idea" in test.error[0].value
    assert claude.requests == []
    test.text_area[0].set_value("Wavelets").run()
    button(test, "Ask Claude to start fresh").click().run()
    answered(services, services.drafts.get("d1"))
    assert "Write a new codec from this idea:\n\nWavelets" in sent(claude)
    assert "def encode" not in sent(claude)
    button(open_page("lab", draft="d1"), "Review in editor").click().run()
    draft = services.drafts.get("d1")
    assert (draft.parent_id, draft.baseline) == (None, e.code)


def test_an_earlier_proposal_that_nobody_took_is_not_what_the_person_had(open_page, services, claude, measured):
    e = measured()
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id, parent_id=e.id))
    for _ in range(2):
        ask(open_page("lab", draft="d1"), f"lab-{e.id}", "improve this")
        answered(services, services.drafts.get("d1"))
    test = open_page("lab", draft="d1")
    for b in [b for b in test.button if b.label == "Review in editor"]:
        test.button(key=b.key).click().run()
    draft = services.drafts.get("d1")
    assert "version 2" in draft.text
    assert draft.baseline == e.code
    mine = draft.text + "# mine\n"  # edited: now it is what the person has
    services.drafts.update("d1", text=mine, source_sha256=sha256(draft.text))
    first = next(b for b in open_page("lab", draft="d1").button if b.label == "Review in editor")
    test = open_page("lab", draft="d1")
    test.button(key=first.key).click().run()
    assert services.drafts.get("d1").baseline == mine


def test_what_could_not_be_sent_is_kept(open_page, services, claude, measured):
    e = measured()
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id))
    ask(open_page("lab", draft="d1"), f"lab-{e.id}", "improve this")
    answered(services, services.drafts.get("d1"))
    claude.queue(Reply("ab", fault="stall", after=0))
    test = open_page("lab", draft="d1")
    conversation = services.drafts.get("d1").conversation_id
    arrived = threading.Event()
    seen = lambda event: arrived.set() if event.text == "writing" else None
    turn = services.chat.ask(conversation, "from another tab", services.connection, on_event=seen)
    assert arrived.wait(30)
    test.chat_input[0].set_value("My long thought").run()
    assert "Not sent: “My long thought” Claude is still answering" in texts(test)
    turn.cancel()
    assert turn.wait(30)
    button(open_page("lab", draft="d1"), "New chat")  # the page is in order
    test.run()
    button(test, "Send it now").click().run()
    answered(services, services.drafts.get("d1"))
    assert services.chat.conversation(conversation).turns[-1].prompt == "My long thought"
    assert "Not sent" not in texts(test)


def test_without_a_key_the_popover_says_so(open_page, services, measured):
    e = measured()
    test = open_page("experiment", id=e.id)
    test.session_state[f"ask-own-{e.id}"] = True
    test.run()
    assert button(test, "Ask Claude to improve this").disabled
    assert "Claude is not set up yet" in texts(test)


def test_a_person_s_hypothesis_goes_with_the_run_and_not_with_other_code(open_page, services, measured):
    parent = measured()
    services.drafts.save(Draft("d1", text=EXAMPLE, parent_id=parent.id, form={"clips": ["carphone"]}))
    test = open_page("lab", draft="d1")
    field(test.text_input, "Hypothesis").set_value("Skip blocks help").run()
    field(test.number_input, "Expected bits (%)").set_value(-12.5).run()
    button(test, "Dispatch").click().run()
    (queued,) = services.store.waiting()
    assert services.store.get(queued).hypothesis == Hypothesis(text="Skip blocks help", bd_rate=-12.5, by="person")
    assert field(test.text_input, "Hypothesis").value == "Skip blocks help"
    services.drafts.update("d1", text=EXAMPLE + "# changed\n")
    test.run()
    assert field(test.text_input, "Hypothesis").value == ""
    assert services.drafts.get("d1").hypothesis is None
    field(test.text_input, "Hypothesis").set_value("And now?").run()
    again = open_page("lab", draft="d1")
    assert field(again.text_input, "Hypothesis").value == "And now?"


def test_the_page_says_whether_it_was_borne_out(open_page, services, measured):
    parent = measured()
    hope = Hypothesis(text="Fewer *bits*", bd_rate=-10, by="claude")
    child = experiment(status=Status.SUCCEEDED, results=make_curve(factor=0.96), parent_id=parent.id, hypothesis=hope)
    services.store.create(child)
    said = texts(open_page("experiment", id=child.id))
    assert "Expected 10 % fewer bits than its parent; measured 4.0 % fewer" in said
    assert "Fewer *bits*" in said


def test_a_conversation_is_opened_again_renamed_and_branched(open_page, services, claude):
    services.drafts.save(Draft("d1", text=EXAMPLE))
    test = open_page("lab", draft="d1")
    test.chat_input[0].set_value("A first thought").run()
    first = services.drafts.get("d1").conversation_id
    answered(services, services.drafts.get("d1"))
    test = open_page("lab", draft="d1")
    button(test, "New chat").click().run()
    assert services.drafts.get("d1").conversation_id is None
    test.session_state["chats-d1"] = True
    test.run()
    test.button(key=f"open-chat-{first}").click().run()
    assert services.drafts.get("d1").conversation_id == first
    assert "A first thought" in texts(test)
    test.session_state["chats-d1-1"] = True  # another popover, so that the browser cannot open the old one again
    test.run()
    test.text_input(key=f"chat-title-{first}").set_value("Thoughts").run()
    assert services.chat.store.get(first).title == "Thoughts"
    assert any(d.label == "Export as markdown" for d in test.get("download_button"))
    button(test, "Branch").click().run()
    branch = services.drafts.get("d1").conversation_id
    assert branch != first
    assert services.chat.store.get(branch).branched_from == first
    assert "copied" in texts(test)


def test_what_claude_got_is_shown_on_request(open_page, services, claude, measured):
    e = measured()
    services.drafts.save(Draft("d1", text=e.code, experiment_id=e.id))
    ask(open_page("lab", draft="d1"), f"lab-{e.id}", "improve this")
    answered(services, services.drafts.get("d1"))
    test = open_page("lab", draft="d1")
    toggle = next(t for t in test.toggle if t.label.startswith("Show what Claude got"))
    toggle.set_value(True).run()
    assert any("### Rate-distortion points" in c.value for c in test.code)


def test_a_model_that_the_lab_does_not_know_costs_an_unknown_amount(open_page, services, claude):
    services.settings.claude_model = "claude-haiku-5-5"
    services.drafts.save(Draft("d1", text=EXAMPLE))
    open_page("lab", draft="d1").chat_input[0].set_value("hello").run()
    answered(services, services.drafts.get("d1"))
    said = texts(open_page("lab", draft="d1"))
    assert "claude-haiku-5-5" in said
    assert "cost unknown" in said
    assert "$ ?" in said
