"""One run, step by step: each call moves it as far as it goes without waiting.

Whatever is about to happen outside is in the ledger first: a request to Claude as begun, with its worst case; an
experiment by its id. So a process that is killed at any instant finds its experiments again, and knows which requests
it can say nothing about.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.agent_client import AgentClient, AgentError
from app.claude.prompt import system_prompt
from app.claude.reply import Problem, read_codec
from app.claude.state import TurnState, TurnStatus
from app.dispatch import cancel, dispatch
from app.evidence import Evidence
from app.results.format import percent, short
from gpu_agent.check import check_code
from gpu_agent.models import ErrorCategory, Experiment, Status, new_id, now
from gpu_agent.road.freeze import title_of
from gpu_agent.store import ExperimentStore

from . import cascade, champion
from .asking import Asking, settle
from .budget import Budget, Standing, budget_of, no_room, standing_of
from .cells import cell
from .duplicates import same_as, tree_sha256
from .ledger import Ledger
from .lineage import MOST_REPEATS, parent_experiment, repeats_in_a_row, wants_repair, wants_repeat
from .models import Attempt, Run, Stage, Verdict
from .money import affordable, most_input_tokens, worst_case
from .prompting import Question, question
from .scoring import CurveOf, decode_ms, score
from .strategies import STRATEGIES

PATIENCE = 900.0
"""Seconds to wait for the anchor's curve or for the audit of a would-be champion."""

QUEUE_WAITS = 5
"""A full queue of the agent is asked again after so many first waits."""
MOST_TRIES = 6
LONGEST_WAIT = 60.0
LONGEST_TICK = 5.0
log = logging.getLogger(__name__)


@dataclass
class Surroundings:
    """What a run works with. `evidence`: of an experiment, on these clips alone, with pictures or without."""

    ledger: Ledger
    store: ExperimentStore
    agent: AgentClient
    asking: Asking
    curve_of: CurveOf
    evidence: Callable[[Experiment, Sequence[str], bool], Evidence]
    patience: float = PATIENCE
    first_wait: float = 2.0


class Loop:
    """Owns one run for the life of the process; `attempts` is the ledger's list, which nobody else writes."""

    def __init__(self, around: Surroundings, run: Run):
        self.around, self.run = around, run
        self.ledger, self.store = around.ledger, around.store
        self.attempts = self.ledger.attempts(run.id)
        self._tick: float | None = None
        self._since: dict[str, float] = {}
        self._not_before = 0.0
        self._judged = (-1, 0.0)
        self._closing: str | None = None

    # What the service calls -----------------------------------------------------------------------------------------

    def advance(self, run: Run, held: str | None) -> None:
        """`run`: as it is in the ledger now, with the newest wish. `held`: why nothing new may begin."""
        self.run.wish = run.wish
        self._count_time()
        if self.run.wish == "stop":
            return self._stop()
        may = self.run.wish == "run" and held is None
        current = next((a for a in self.attempts if not a.ended), None)
        if may and self.run.state != "running":
            self.run.state, self.run.reason = "running", None
            self.run.started_at = self.run.started_at or now()
            self._save_run()
        if current is not None:
            self._move(current, may)
        elif may:
            self._next()
        if not may and self.run.state != "paused" and not self._busy():
            self.run.state, self.run.reason = "paused", held or self.run.reason or "Paused by a person."
            self._save_run()
        return None

    def fail(self) -> None:
        """The autopilot itself has a fault: the run is held, so that the others go on."""
        self._hold("The autopilot itself failed; its log says where. Resume tries the same step again.")

    def interrupt(self) -> None:
        """The service ends in order: what had arrived of a reply is kept, and asked for anew at the next start."""
        for attempt in self.attempts:
            turn = self.around.asking.turn(attempt)
            if turn is not None and attempt.phase == "asking":
                settle(attempt, turn.snapshot())
                self.around.asking.forget(attempt)
                if attempt.whole:
                    self._put(attempt, phase="reply")
                else:
                    self._end(
                        attempt, "lost", "The service was stopped in the middle of this reply; it is asked again."
                    )
        self._count_time()
        self._save_run()

    # Time, state ----------------------------------------------------------------------------------------------------

    def _count_time(self) -> None:
        """Active seconds; a machine that slept meanwhile is not charged for it."""
        at = time.monotonic()
        if self._tick is not None and self.run.state == "running":
            passed = min(at - self._tick, LONGEST_TICK)
            self.run.seconds += passed
            if self.run.seconds // LONGEST_TICK != (self.run.seconds - passed) // LONGEST_TICK:
                self._save_run()
        self._tick = at

    def _busy(self) -> bool:
        """Something is on its way outside, whose end will be taken up."""
        a = next((a for a in self.attempts if not a.ended), None)
        if a is None:
            return False
        if a.phase == "asking":
            return self.around.asking.turn(a) is not None
        return a.phase == "rating" or (a.phase == "running" and self._record(a) is not None)

    def standing(self) -> Standing:
        return standing_of(self.attempts, self.run.seconds)

    def _save_run(self) -> None:
        self.ledger.save(self.run)

    def _put(self, attempt: Attempt, **changes: object) -> None:
        for name, value in changes.items():
            setattr(attempt, name, value)
        self.ledger.put(attempt)

    def _end(self, attempt: Attempt, verdict: Verdict, said: str | None = None) -> None:
        log.info("run %s: attempt %d: %s", self.run.id, attempt.number, verdict)
        self._put(attempt, phase="ended", verdict=verdict, said=said, ended_at=now())

    def _hold(self, why: str) -> None:
        """Something that a person has to see to; a resume goes on where it was."""
        log.warning("run %s: held: %s", self.run.id, why)
        self.run.reason = why
        self._save_run()
        self.ledger.wish(self.run.id, "pause")

    def _finish(self, reason: str) -> None:
        log.info("run %s: ended: %s", self.run.id, reason)
        self.run.state, self.run.reason, self.run.ended_at = "ended", reason, now()
        self._save_run()

    def _stop(self) -> None:
        for attempt in (a for a in self.attempts if not a.ended):
            turn = self.around.asking.turn(attempt)
            if turn is not None:
                turn.cancel()
                if not turn.wait(2):
                    return  # its last words are taken at the next look
                settle(attempt, turn.snapshot())
                self.around.asking.forget(attempt)
            elif attempt.request == "begun":
                self._lost(attempt)
                continue
            running = self._record(attempt)
            if running is not None and not running.status.terminal:
                cancel(self.around.agent, self.store, running.id)
            if attempt.stage == "validation" and attempt.verdict:
                self._put(attempt, phase="ended")
            else:
                self._end(attempt, "stopped", "The run was stopped.")
        self._judge()
        self._finish("Stopped by a person.")

    # The next attempt -----------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if self._due(len(self.attempts)):
            self._judge()
        best = champion.pick(self.attempts)
        if best is not None and self._may_validate(best):
            return self._dispatch(best, "validation")
        reason = self._closing or self._budget().reached(self.standing())
        if reason:
            return self._close(reason)
        return self._begin()

    def _due(self, count: int) -> bool:
        """Every record is read again for a new attempt; while the run waits to close, now and then."""
        seen, at = self._judged
        due = seen != count or time.monotonic() - at >= LONGEST_TICK
        if due:
            self._judged = count, time.monotonic()
        return due

    def _budget(self) -> Budget:
        return budget_of(self.run.settings.budget, self._kept())

    def _kept(self) -> int:
        """Experiments that are kept for the champion's validation."""
        most = self.run.settings.budget.experiments
        return 1 if self.run.settings.validation_clips and most is not None and most > 1 else 0

    def _room(self) -> int | None:
        """Experiments left for the search; None: no bound."""
        most = self.run.settings.budget.experiments
        return None if most is None else most - self._kept() - self.standing().experiments

    def _may_validate(self, best: Attempt) -> bool:
        room = self._room()
        wanted = bool(self.run.settings.validation_clips) and "validation" not in best.experiments
        return wanted and (room is None or room + self._kept() > 0)

    def _close(self, reason: str) -> None:
        """The run ends, once the audit has had its say about the champion."""
        self._closing = reason
        best = champion.pick(self.attempts)
        record = self.store.get(best.experiments["full"]) if best else None
        if record is not None and not champion.audited(record.audit) and self._waiting(f"close-{record.id}"):
            return
        self._finish(reason)

    def _waiting(self, what: str) -> bool:
        """True for as long as patience lasts, from the first time that it is asked."""
        return time.monotonic() - self._since.setdefault(what, time.monotonic()) < self.around.patience

    def _begin(self) -> None:
        settings, number = self.run.settings, len(self.attempts) + 1
        attempt = Attempt(run_id=self.run.id, number=number, kind="fresh", reason="", created_at=now())
        starts = sum(a.kind == "start" for a in self.attempts)
        if starts < len(settings.starts):
            start = settings.starts[starts]
            attempt.kind, attempt.reason = "start", f"A starting codec, {start.name}: measured to compare with."
            attempt.code, attempt.whole, attempt.phase = start.code, True, "reply"
            self.attempts.append(attempt)
            return self._put(attempt)
        if starts and starts == len(self.attempts) and not self._any_start() and "starts" not in self._since:
            self._since["starts"] = 0.0
            why = self.attempts[-1].said or ""
            return self._hold(
                f"No starting codec could be measured: {short(why, 300)} Resume begins from the goal alone."
            )
        again = wants_repeat(self.attempts)
        if again is not None:
            if repeats_in_a_row(self.attempts) >= MOST_REPEATS and self._since.pop("answered", None) is None:
                self._since["answered"] = 0.0
                return self._hold(f"{MOST_REPEATS} requests in a row brought no answer. {again.said or ''}".strip())
            attempt.kind, attempt.parents, attempt.repeats = again.kind, again.parents, again.number
            attempt.reason = f"Attempt {again.number} asked again: its answer did not come."
        elif wants_repair(self.attempts, settings.repairs):
            failed = self.attempts[-1]
            attempt.kind, attempt.parents = "repair", [failed.number]
            attempt.reason = "It failed in a way that Claude may mend."
        else:
            strategy = STRATEGIES[settings.strategy]
            choice = strategy.choose(self.attempts, random.Random(f"{settings.seed}/{number}"))
            attempt.kind, attempt.parents, attempt.reason = choice.kind, choice.parents, choice.reason
        attempt.model, attempt.effort = settings.model, settings.effort
        return self._ask(attempt)

    def _any_start(self) -> bool:
        return any(a.kind == "start" and a.verdict == "measured" for a in self.attempts)

    # Claude ---------------------------------------------------------------------------------------------------------

    def _ask(self, attempt: Attempt) -> None:
        """Reserve the worst case, write the request down as begun, send it."""
        asked = self._question(attempt)
        price = self.around.asking.connection.prices.get(attempt.model or "")
        tokens_in = most_input_tokens([system_prompt(), *asked.texts], asked.pictures)
        attempt.max_tokens, most = self.run.settings.max_tokens, self.run.settings.budget.dollars
        if most is not None:
            if price is None:
                return self._hold(
                    f"The price of {attempt.model} is unknown, so that a budget in dollars cannot be kept."
                )
            left = most - self.standing().at_most
            attempt.max_tokens = affordable(price, tokens_in, self.run.settings.max_tokens, left)
            if attempt.max_tokens is None:
                if attempt in self.attempts:
                    self._end(attempt, "unanswered", "It was not asked again: the budget has no room for it.")
                return self._close(no_room(most, self.standing()))
        attempt.reserved = worst_case(price, tokens_in, attempt.max_tokens) if price else None
        attempt.at_most = attempt.reserved
        attempt.prompt, attempt.pictures = asked.text, asked.pictures
        if attempt not in self.attempts:
            self.attempts.append(attempt)
        self._put(attempt, phase="asking", request="begun")
        return self.around.asking.send(attempt, asked.messages)

    def _question(self, attempt: Attempt) -> Question:
        before = [a for a in self.attempts if a.number < attempt.number]
        words = [w for w in self.ledger.words(self.run.id) if w.kind == "steer"]
        heard = {number for a in before for number in a.steers}
        attempt.steers = [w.id for w in words if w.id not in heard]
        strategy = STRATEGIES[self.run.settings.strategy]
        if not strategy.remembers and attempt.kind != "repair":
            before = [a for a in before if a.number in attempt.parents]
        return question(self.run, attempt, before, [w.text for w in words], self._evidence)

    def _evidence(self, attempt: Attempt) -> Evidence:
        known = attempt.experiments.get("full") or attempt.experiments.get("probe")
        record = self.store.get(known) if known else None
        if record is None:
            return Evidence("", [])
        return self.around.evidence(record, self.run.settings.search_clips, self.run.settings.pictures)

    def _take_reply(self, attempt: Attempt, may: bool) -> None:
        turn = self.around.asking.turn(attempt)
        if turn is None:
            if attempt.request == "begun":
                return self._lost(attempt)
            if may and time.monotonic() >= self._not_before:
                return self._ask(attempt)
            return None
        if not turn.finished:
            return None
        state = turn.snapshot()
        settle(attempt, state)
        self.around.asking.forget(attempt)
        if state.status is TurnStatus.FAILED and state.unbilled:
            return self._refused(attempt, state)
        if state.status in (TurnStatus.FAILED, TurnStatus.REFUSED, TurnStatus.STOPPED):
            return self._end(attempt, "unanswered", state.error)
        return self._put(attempt, phase="reply")

    def _lost(self, attempt: Attempt) -> None:
        bound = "its price is unknown" if attempt.reserved is None else f"at most ${attempt.reserved:.4f}"
        self._put(attempt, request="lost", at_most=attempt.reserved, dollars=None)
        said = f"The service ended in the middle of this request, and its answer is lost. What it cost is unknown, {bound}."
        self._end(attempt, "lost", said)

    def _refused(self, attempt: Attempt, state: TurnState) -> None:
        """Nothing was billed: the same request is made again a little later, or a person has to see to it."""
        self._put(attempt, request="none", reserved=None, at_most=None, dollars=None, said=state.error)
        if not state.retryable or attempt.tries >= MOST_TRIES:
            self._put(attempt, tries=1)
            return self._hold(state.error or "Claude refused the request.")
        wait = min(LONGEST_WAIT, self.around.first_wait * 2 ** (attempt.tries - 1))
        self._not_before = time.monotonic() + wait
        return self._put(attempt, tries=attempt.tries + 1)

    # From the reply to a record -------------------------------------------------------------------------------------

    def _move(self, attempt: Attempt, may: bool) -> None:
        match attempt.phase:
            case "asking":
                self._take_reply(attempt, may)
            case "reply":
                self._check(attempt, may)
            case "approval":
                self._approval(attempt, may)
            case "running":
                self._watch(attempt, may)
            case "rating":
                self._rate(attempt)

    def _check(self, attempt: Attempt, may: bool) -> None:
        """The contract, then whether the same was run before."""
        if not attempt.code:
            found = read_codec(attempt.reply, attempt.whole)
            attempt.stage = "contract"
            if isinstance(found, Problem):
                attempt.code = found.code or ""
                return self._end(attempt, "broken_reply", found.sentence)
            attempt.code, attempt.title, attempt.expected = found.code, found.title, found.expected
        checked = check_code(attempt.code)
        attempt.stage = "contract"
        attempt.title = attempt.title or title_of(attempt.code)
        if not checked.ok:
            return self._end(attempt, "failed", checked.message)
        attempt.tree_sha256 = tree_sha256(attempt.code)
        same = same_as(attempt.tree_sha256, (a for a in self.attempts if a is not attempt))
        if same is not None:
            return self._end(attempt, "duplicate", f"The same code as attempt {same.number}; it is not run again.")
        if self.run.settings.gate and attempt.kind != "start":
            return self._put(attempt, phase="approval")
        return self._first_stage(attempt) if may else None

    def _approval(self, attempt: Attempt, may: bool) -> None:
        words = [w for w in self.ledger.words(self.run.id) if w.attempt == attempt.number]
        if any(w.kind == "reject" for w in words):
            why = next((w.text.strip() for w in words if w.kind == "reject" and w.text.strip()), "")
            self._end(attempt, "rejected", f"Rejected by a person{': ' + why if why else ''}.".replace("..", "."))
        elif any(w.kind == "approve" for w in words) and may:
            self._first_stage(attempt)

    def _first_stage(self, attempt: Attempt) -> None:
        rivals = sum(a.verdict == "measured" for a in self.attempts)
        probe = cascade.needs_probe(self.run, attempt, rivals, self._room())
        self._dispatch(attempt, "probe" if probe else "full")

    def _dispatch(self, attempt: Attempt, stage: Stage) -> None:
        """The id is chosen and written down first; dispatching it twice is dispatching it once."""
        room = self._room()
        if stage not in attempt.experiments:
            if stage != "validation" and room is not None and room <= 0:
                return self._end(attempt, "stopped", "Not run: the budget of experiments is used up.")
            attempt.experiments = attempt.experiments | {stage: new_id()}
        self._put(attempt, stage=stage, phase="running")
        return self._send(attempt, stage)

    def _send(self, attempt: Attempt, stage: Stage) -> None:
        parent = attempt.experiments.get("full") if stage == "validation" else None
        parent = parent or parent_experiment(self.run, attempt, self.attempts)
        if parent is not None and self.store.get(parent) is None:
            parent = None
        wanted = cascade.request(self.run, attempt, stage, parent)
        try:
            dispatch(self.around.agent, self.store, wanted, self.run.settings.search_clips[0])
        except AgentError as error:
            self._not_before = time.monotonic() + QUEUE_WAITS * self.around.first_wait
            if error.code != "queue_full":
                self._hold(f"The agent refuses the experiment: {error}")

    def _record(self, attempt: Attempt) -> Experiment | None:
        known = attempt.experiments.get(attempt.stage)  # type: ignore[call-overload]
        return self.store.get(known) if known else None

    def _watch(self, attempt: Attempt, may: bool) -> None:
        record = self._record(attempt)
        if record is None:
            if may and time.monotonic() >= self._not_before:
                self._send(attempt, attempt.stage)  # type: ignore[arg-type]
            return
        if not record.status.terminal:
            return
        if attempt.stage == "validation":
            self._validated(attempt, record)
        elif record.status is Status.SUCCEEDED:
            self._succeeded(attempt, record, may)
        else:
            attempt.agent_seconds += record.summary.seconds or 0.0
            self._failed(attempt, record)

    def _failed(self, attempt: Attempt, record: Experiment) -> None:
        if record.status is Status.CANCELLED:
            return self._end(attempt, "cancelled", "Its experiment was cancelled.")
        error = record.error
        attempt.category = error.category.value if error else None
        self._end(attempt, "failed", error.message if error else "It failed, and no reason was recorded.")
        if error and error.category is ErrorCategory.LOST:  # the next one would fare no better, and costs money
            self._hold(f"The agent lost the experiment of attempt {attempt.number}: {error.message}")
        return None

    def _succeeded(self, attempt: Attempt, record: Experiment, may: bool) -> None:
        if attempt.stage == "full":
            attempt.agent_seconds += record.summary.seconds or 0.0
            attempt.code_sha256 = record.code_sha256
            attempt.decode_ms, attempt.cell = decode_ms(record.results), cell(attempt.code, record.results)
            return self._put(attempt, phase="rating")
        why = cascade.dominated(record.results[0], self._rivals()) if record.results else None
        if why:
            attempt.agent_seconds += record.summary.seconds or 0.0
            attempt.code_sha256 = record.code_sha256
            return self._end(attempt, "dominated", why)
        if may:
            attempt.agent_seconds += record.summary.seconds or 0.0
            return self._dispatch(attempt, "full")
        return None

    def _rivals(self) -> list[cascade.Rival]:
        found = [(a.number, self.store.get(a.experiments["full"])) for a in self.attempts if a.verdict == "measured"]
        return [cascade.Rival(number, record.results) for number, record in found if record is not None]

    def _rate(self, attempt: Attempt) -> None:
        """Wait for the anchor, and where it would be champion, for the audit."""
        record = self.store.get(attempt.experiments["full"])
        if record is None:
            return self._end(attempt, "failed", "Its record is gone from the store.")
        waits = self._judge_one(attempt, record)
        best = champion.pick([*(a for a in self.attempts if a.verdict == "measured"), attempt])
        crowned = best is attempt
        pending = waits or (crowned and not champion.audited(record.audit))
        if pending and self._waiting(record.id):
            return None
        attempt.crowned = crowned
        self._end(attempt, "measured", self._in_words(attempt))
        return self._judge()

    def _in_words(self, attempt: Attempt) -> str:
        figure = (
            f"{percent(attempt.score)} bits against x264 medium" if attempt.score is not None else attempt.score_reason
        )
        return short(f"Measured: {figure or 'no BD-rate'}." + (f" {attempt.barred}" if attempt.barred else ""), 400)

    def _validated(self, attempt: Attempt, record: Experiment) -> None:
        if record.status is Status.SUCCEEDED:
            found = score(record, self.around.curve_of)
            if found.waiting and self._waiting(record.id):
                return
            attempt.validation_score = found.percent
            attempt.validation_said = (
                f"No figure on validation clips: {found.reason}." if found.percent is None else None
            )
        elif record.status is Status.FAILED:
            why = record.error.message if record.error else "no reason was recorded"
            attempt.validation_said = f"{champion.FAILED}: {short(why, 300)}"
        else:
            attempt.validation_said = "Its run on validation clips was cancelled."
        attempt.agent_seconds += record.summary.seconds or 0.0
        self._put(attempt, phase="ended")

    # What is known now ----------------------------------------------------------------------------------------------

    def _judge_one(self, attempt: Attempt, record: Experiment) -> bool:
        """Score and bar from the record as it is now; True while the anchor is still being measured."""
        found = score(record, self.around.curve_of)
        attempt.score, attempt.score_reason = found.percent, found.reason
        attempt.barred = champion.barred(record)
        return found.waiting

    def _judge(self) -> None:
        """Anchors and audits come after the runs: bring every measured attempt up to date, and the champion with them."""
        for attempt in (a for a in self.attempts if a.verdict == "measured"):
            record = self.store.get(attempt.experiments["full"])
            before = (attempt.score, attempt.score_reason, attempt.barred)
            if record is not None:
                self._judge_one(attempt, record)
                if before != (attempt.score, attempt.score_reason, attempt.barred):
                    self._put(attempt, said=self._in_words(attempt))
        best = champion.pick(self.attempts)
        number = best.number if best else None
        if number != self.run.champion:
            self.run.champion = number
            self._save_run()
