"""Dispatch under any order of events: a state machine over the real functions on the real database.

The small form is part of the suite; `DRILL=full` plays the same machine for many more and longer stories.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from config.reactions import REACTIONS
from kit import outbox
from kit.errors import ProductError
from marketplace import batches, dispatch, doors, eligibility, jobs, projects, review, reviewers, routing, sql
from marketplace.models import Assignment, Batch, Lease, Queue, Slot, Submission, Verdict
from payments import invariants
from qualification import grants
from qualification.models import Skill
from tests import market, people
from tests.drills.dispatch import checks
from workers import standing
from workers.models import WorkerProfile

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES, STEPS = (400, 80) if os.environ.get("DRILL") == "full" else (20, 30)
GENEROUS = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False, phases=[Phase.generate],
)  # fmt: skip
VERDICTS = ("accept", "send_back", "send_back", "reject", "accept_share")
WEIGHTS = {
    "ask": 14, "submit": 5, "skip": 4, "time_passes": 4, "submit_late": 4, "the_model_looks": 3, "go_on_with_a_lapsed_task": 2,
    "take_up_what_was_sent_back": 2, "beat": 2, "submit_again": 2, "stop_the_clock": 2, "start_the_clock": 2, "move_marks": 1,
    "silence_accepts": 1, "pause_batch": 2, "resume_batch": 2, "reprioritise": 1, "close_batch": 1, "batches_advance": 1,
    "pause_worker": 2, "resume_worker": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Who does something, to which thing, and what they say."""

    who: uuid.UUID
    which: int
    label: str
    verdict: str


PAID_IN_BY_HAND = "clearing holds what is not yet seen at Stripe"
"""Clients of tests pay in by a posting, without a checkout that Stripe would clear."""


class Broken(AssertionError):
    """A rule of dispatch does not hold."""


class Dispatch(RuleBasedStateMachine):
    """Three batches: overlap that the quality model raises as far as experts, reviewed work, and work for tier 2 alone."""

    played: ClassVar[dict[str, int]] = {}

    @initialize()
    def open_the_market(self) -> None:
        self.now, self.turn, self.mira = market.NOW, 0, people.client()
        mira, shop = self.mira
        people.pay_in(shop, people.usd("100"))
        self.workers = [people.worker(name) for name in ("Ana", "Ben", "Cleo", "Wen", "Ida")]
        self.experts = {worker.id for worker in self.workers[3:]}
        slug = f"specialist-{uuid.uuid4().hex[:8]}"
        skill = Skill.objects.create(slug=slug, name=slug, kind="subject")
        with transaction.atomic():
            for worker_id in self.experts:
                grants.grant(worker_id=worker_id, skill=skill, tier=2, source="exam", now=self.now)
        self.batches = [
            self._launch(
                texts=2, overlap=2, max_overlap=4, target_accuracy_bp=9_900, expert_skill=slug, expert_tier=2,
                adjudication_share_bp=10_000,
            ),
            self._launch(texts=1, review_rule="all", overlap=2, max_overlap=2),
            self._launch(texts=1, eligibility={"fact": "skill", "skill": slug, "tier": 2}),
        ]

    def _launch(self, *, texts: int, **options: Any) -> Batch:
        mira, shop = self.mira
        made = market.project(mira, shop, lease_seconds=300, **options)
        with transaction.atomic():
            projects.set_rate(project=made, amount=people.usd("0.50"), kind="adjudication", actor_id=mira.id, now=self.now)
        return market.launch(market.batch(made, mira, texts=texts), mira)

    @rule(number=st.binary(min_size=6, max_size=6))
    def happens(self, number: bytes) -> None:
        """One rule for all: the number and the turn choose, so that a story is never one event over and over."""
        chance = random.Random(f"{number.hex()} {self.turn}")
        what = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        who = chance.choice(self.workers)
        self.step = Step(who.id, chance.randrange(6), chance.choice(market.LABELS), chance.choice(VERDICTS))
        note(f"{self.now:%d %H:%M} {who.name}: {what} {self.step.which} {self.step.verdict}")
        getattr(self, what)()

    # --- what workers do -------------------------------------------------------------------------------------------

    def ask(self) -> None:
        kind = ("answer", "answer", "answer", "answer", "review", "adjudication")[self.step.which]
        self._try("ask", doors.ask, worker_id=self.step.who, kind=kind, project_id=None, now=self.now)

    def beat(self) -> None:
        self.now += dt.timedelta(seconds=5 + 10 * self.step.which)
        self._with_lease("beat", dispatch.beat, had_input=True)

    def stop_the_clock(self) -> None:
        self._with_lease("pause", dispatch.pause)

    def start_the_clock(self) -> None:
        self._with_lease("resume", dispatch.resume)

    def skip(self) -> None:
        self._with_lease("skip", dispatch.give_back, why="unclear")

    def submit(self) -> None:
        self._hand_in("submit", self._one(self._leases(live=True)))

    def submit_late(self) -> None:
        self._hand_in("submit late", self._one(self._leases(state="expired")))

    def submit_again(self) -> None:
        self._hand_in("submit again", self._one(self._leases(state__in=["submitted", "given_back"])))

    def go_on_with_a_lapsed_task(self) -> None:
        if lapsed := self._one(Assignment.objects.filter(worker__in=self.workers, state="lapsed")):
            self._try(
                "go on", dispatch.resume_lapsed, worker_id=lapsed.worker_id, assignment_id=lapsed.pk, now=self.now,
                rng=random.Random(1),
            )  # fmt: skip

    def take_up_what_was_sent_back(self) -> None:
        if made := self._one(Submission.objects.filter(batch__in=self.batches, state="sent_back")):
            self._try("take up", dispatch.take_up_sent_back, worker_id=made.worker_id, submission_id=made.pk, now=self.now)

    # --- what clocks do --------------------------------------------------------------------------------------------

    def time_passes(self) -> None:
        self.now += dt.timedelta(minutes=(6, 60, 1, 5, 12, 60 * 25)[self.step.which])
        with transaction.atomic():
            self._count("expire" if dispatch.expire_due(now=self.now) else "nothing expires")

    def move_marks(self) -> None:
        with transaction.atomic():
            dispatch.move_marks()

    def the_model_looks(self) -> None:
        before = self._asked()
        self._deliver()
        for what in self._asked() - before:
            self._count(what)

    def silence_accepts(self) -> None:
        with transaction.atomic():
            review.accept_overdue(now=self.now)

    # --- what the client and ops do --------------------------------------------------------------------------------

    def pause_batch(self) -> None:
        self._steer("pause batch", batches.pause)

    def resume_batch(self) -> None:
        if batch := self._one(Batch.objects.filter(pk__in=self._ids(), state="paused")):
            self._try("resume batch", batches.go_on, batch=batch, actor_id=self.mira[0].id, now=self.now)

    def reprioritise(self) -> None:
        self._steer("reprioritise", batches.reprioritise, priority=self.step.which * 20)

    def close_batch(self) -> None:
        """Not before there was some work: closing is the end of a story."""
        if self.turn > 22:
            self._steer("close", batches.close)

    def batches_advance(self) -> None:
        jobs.advance_batches()

    def pause_worker(self) -> None:
        until = self.now + dt.timedelta(days=1)
        self._try(
            "pause worker", standing.pause, worker_id=self.step.who, reason="own_wish", until=until, by_id=None, now=self.now
        )

    def resume_worker(self) -> None:
        if worker := self._one(WorkerProfile.objects.filter(pk__in=[w.id for w in self.workers], standing="paused"), "user_id"):
            self._try("resume worker", standing.resume, worker_id=worker.pk, by_id=None, now=self.now)

    # --- what must hold after each of them -------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        if found := checks.broken(self._ids()):
            raise Broken("\n".join(found))

    @invariant()
    def an_empty_queue_is_empty(self) -> None:
        """Whoever asks and gets nothing could not have had anything: no open slot is out of reach."""
        self.turn += 1
        worker = self.workers[self.turn % len(self.workers)]
        kind = ("answer", "review", "answer", "adjudication")[self.turn % 4]
        if self._could_have(worker.id, kind) and not self._gets(worker.id, kind):
            raise Broken(f"{worker.name} is given nothing, and {kind} slots lie open for them")

    @invariant()
    def experts_work_goes_to_experts(self) -> None:
        if (others := self._leases(queue__tier__gt=0).exclude(worker__in=self.experts)).exists():
            raise Broken(f"an expert's slot was given to somebody else: {others.count()}")
        words = self._slots().filter(queue__kind="adjudication").values("task").annotate(n=Count("pk")).order_by()
        if words.filter(n__gt=1).exists():
            raise Broken("a task has two last words")

    @invariant()
    def second_looks_are_somebody_elses(self) -> None:
        """Nobody looks again at their own verdict; reviews and second looks never outgrow what the reserve holds for them."""
        looks = self._slots().filter(n__gte=reviewers.SECOND_LOOK)
        for slot in looks.prefetch_related("subject__verdicts"):
            judges = {verdict.judge_id for verdict in slot.subject.verdicts.all()} if slot.subject else set()
            if Lease.objects.filter(slot=slot, worker__in=[judge for judge in judges if judge]).exists():
                raise Broken("a reviewer was given their own verdict to look at again")
        answers = Submission.objects.filter(batch=self.batches[1], kind="answer", gold=False).count()
        made = self._slots().filter(queue__batch=self.batches[1], queue__kind="review", n__gte=reviewers.SECOND_LOOK).count()
        if made > answers:
            raise Broken(f"{made} second looks for {answers} answers")
        if made:
            self.played["a second look"] = self.played.get("a second look", 0) + 1

    def teardown(self) -> None:
        """Everybody works, and no two alike, until nobody is given anything; then nothing is open that somebody could do."""
        if not hasattr(self, "batches"):
            return
        try:
            self._work_it_off()
            self.nothing_is_broken()
            self.experts_work_goes_to_experts()
            self.second_looks_are_somebody_elses()
            if wrong := [finding for finding in invariants.findings() if not finding.ok and finding.name != PAID_IN_BY_HAND]:
                raise Broken(str(wrong))
        finally:
            Queue.objects.update(open=False)
            Lease.objects.filter(live=True).update(live=False, state="withdrawn")
            Batch.objects.filter(state__in=["active", "paused", "closing"]).update(state="settled")

    def _work_it_off(self) -> None:
        for batch in Batch.objects.filter(pk__in=self._ids(), state="paused"):
            with transaction.atomic():
                batches.go_on(batch=batch, actor_id=self.mira[0].id, now=self.now)
        WorkerProfile.objects.filter(pk__in=[worker.id for worker in self.workers]).update(standing="active")
        people_and_kinds = [(worker, kind) for worker in self.workers for kind in ("answer", "review", "adjudication")]
        while sum(self._work(worker.id, kind) for worker, kind in people_and_kinds):
            self.the_model_looks()
        if left := [(worker.name, kind) for worker, kind in people_and_kinds if self._could_have(worker.id, kind)]:
            raise Broken(f"stranded: {left}")

    def _work(self, worker_id: uuid.UUID, kind: str) -> bool:
        self._forget_laps(worker_id)
        label = market.LABELS[[worker.id for worker in self.workers].index(worker_id) % len(market.LABELS)]
        self.step = Step(worker_id, 0, label, "accept")
        leased = doors.ask(worker_id=worker_id, kind=kind, project_id=None, now=self.now)
        if leased is not None:
            self._hand_in("work off", Lease.objects.get(pk=leased.lease_id))
        return leased is not None

    # --- helpers ---------------------------------------------------------------------------------------------------

    def _ids(self) -> list[uuid.UUID]:
        return [batch.pk for batch in self.batches]

    def _slots(self) -> Any:
        return Slot.objects.filter(queue__batch__in=self.batches)

    def _asked(self) -> Counter[str]:
        """Slots that the model opened in the first batch, by the name of what it asked for."""
        slots = self._slots().filter(queue__batch=self.batches[0]).values_list("queue__kind", "queue__tier")
        names = {("answer", 0): "one more slot", ("answer", 2): "an expert's slot", ("adjudication", 2): "a last word"}
        return Counter(names[kind] for kind in slots)

    def _leases(self, **which: Any) -> Any:
        return Lease.objects.filter(worker__in=self.workers, **which)

    def _one(self, things: Any, order: str = "-id") -> Any:
        """One of these, the newest more often; None when there is none."""
        found = list(things.order_by(order)[:6])
        return found[self.step.which % len(found)] if found else None

    def _with_lease(self, name: str, verb: Callable[..., Any], **options: Any) -> None:
        if lease := self._one(self._leases(live=True)):
            self._try(name, verb, worker_id=lease.worker_id, lease_id=lease.pk, now=self.now, **options)

    def _hand_in(self, name: str, lease: Lease | None) -> None:
        if lease is None:
            return
        verdict: dict[str, Any] = {"decision": self.step.verdict}
        if self.step.verdict != "accept":
            verdict |= {"reason": "wrong", "clause": "1"}
        if self.step.verdict == "accept_share":
            verdict |= {"share_bp": 5_000}
        answer = verdict if lease.kind == "review" else {"label": self.step.label}
        self._try(name, doors.hand_in, worker_id=lease.worker_id, lease_id=lease.pk, answer=answer, now=self.now)

    def _steer(self, name: str, verb: Callable[..., None], **options: Any) -> None:
        batch = Batch.objects.select_related("project").get(pk=self.batches[self.step.which % 3].pk)
        self._try(name, verb, batch=batch, actor_id=self.mira[0].id, now=self.now, **options)

    def _try(self, name: str, verb: Callable[..., Any], **options: Any) -> None:
        """Refusals are answers; whatever else is raised is a fault."""
        try:
            if verb in (doors.ask, doors.hand_in):
                made = verb(**options)
            else:
                with transaction.atomic():
                    made = verb(**options)
        except ProductError as error:
            self._count(f"{name}: {error.code}")
        else:
            self._count("ask: nothing" if made is None and name == "ask" else name)

    def _count(self, name: str) -> None:
        self.played[name] = self.played.get(name, 0) + 1

    def _deliver(self) -> None:
        while outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC)):
            continue

    def _forget_laps(self, worker_id: uuid.UUID) -> None:
        """A worker's second lap rests for ten seconds of real time, which have passed in the story."""
        queues = Queue.objects.filter(batch__in=self.batches).values_list("pk", flat=True)
        cache.delete_many([f"lap:{worker_id}:{queue_id}" for queue_id in queues])

    def _gets(self, worker_id: uuid.UUID, kind: str) -> bool:
        """Whether the worker would be given something now; asked for real and undone."""
        self._forget_laps(worker_id)
        with transaction.atomic():
            leased = dispatch.lease_next(worker_id=worker_id, kind=kind, now=self.now, rng=random.Random(self.turn))
            transaction.set_rollback(True)
        return leased is not None

    def _could_have(self, worker_id: uuid.UUID, kind: str) -> bool:
        """Whether an open slot exists that this person may take by the rules, told without any code of dispatch."""
        active = WorkerProfile.objects.filter(pk=worker_id, standing="active").exists()
        if not active or Lease.objects.filter(worker_id=worker_id, kind=kind, live=True).exists():
            return False
        slots = Slot.objects.filter(state="open", queue__batch__in=self.batches, queue__batch__state="active", queue__kind=kind)
        if worker_id not in self.experts:
            slots = slots.exclude(queue__batch=self.batches[2]).filter(queue__tier=0)
        return any(self._may(worker_id, slot) for slot in slots.select_related("queue"))

    def _may(self, worker_id: uuid.UUID, slot: Slot) -> bool:
        """Who let a task lapse may go on, but never from the judges' side to the other; no slot is judged or skipped twice."""
        mine = Assignment.objects.filter(worker_id=worker_id, task_id=slot.task_id).first()
        if mine is None:
            return True
        if slot.queue.kind == "answer":
            return mine.state == "lapsed" and not mine.judges
        seen = Lease.objects.filter(worker_id=worker_id, slot=slot).exclude(state="expired").exists()
        if slot.n >= reviewers.SECOND_LOOK and Verdict.objects.filter(submission=slot.subject_id, judge=worker_id).exists():
            return False
        return (mine.state == "lapsed" or mine.judges) and not seen


def play(machine: type[Dispatch] = Dispatch, with_settings: settings = GENEROUS) -> None:
    run_state_machine_as_test(machine, settings=with_settings)  # type: ignore[no-untyped-call]


NEEDED = {
    "ask", "ask: nothing", "ask: not_working", "submit", "submit late", "submit again: already_submitted", "skip", "expire",
    "one more slot", "an expert's slot", "a last word", "pause", "beat", "pause batch", "resume batch", "reprioritise", "pause worker", "resume worker",
    "a second look",
}  # fmt: skip
"""What the stories have to contain, or they prove nothing; the long form also the rarer things."""
RARER = {"resume", "submit late: lease_expired", "go on", "go on: lease_over", "take up", "close"} if EXAMPLES > 100 else set()


@pytest.fixture
def every_verdict_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every final verdict is looked at again, and launches set the money aside for it."""
    monkeypatch.setitem(routing.REVIEWS_HELD_BP, "all", 20_000)
    monkeypatch.setattr(routing, "second_look_share_bp", lambda **_: 10_000)


@pytest.mark.usefixtures("every_verdict_twice")
def test_no_order_of_events_breaks_dispatch() -> None:
    Dispatch.played = {}
    play()
    assert not (missed := (NEEDED | RARER) - set(Dispatch.played)), f"{missed} {Dispatch.played}"


def _without(text: str, part: str, instead: str) -> str:
    assert part in text, "the sabotage has to change something"
    return text.replace(part, instead)


NOT_LIVE = "AND NOT EXISTS (SELECT FROM marketplace_lease x WHERE x.slot_id = s.id AND x.live)"
NEW_RANK = "nextval('marketplace_slot_rank')"
SABOTAGES: dict[str, list[tuple[str, str, str]]] = {
    "a claim takes slots that are filled": [("CLAIM", "AND s.open", NOT_LIVE)],
    "a returned slot keeps its rank and nobody looks back": [
        ("EXPIRE_DUE", NEW_RANK, "s.rank"), ("RETURN_SLOT", NEW_RANK, "s.rank"), ("LAP_SLICE", "AND open", "AND false"),
    ],
    "whoever skipped a task may have it again": [
        ("CLAIM", "a.state <> 'lapsed'", "a.state NOT IN ('lapsed', 'skipped')"),
        ("CLAIM", "assignment.state = 'lapsed'", "assignment.state IN ('lapsed', 'skipped')"),
    ],
    "a reviewer may look again at their own verdict": [("CLAIM", "v.judge_id = %(worker)s", "false")],
}  # fmt: skip
"""What is taken out of which statement, and what stands in its place."""
LATE = set() if EXAMPLES > 100 else {"a returned slot keeps its rank and nobody looks back"}
"""Found only after many stories, so the long form alone waits for it."""


@pytest.mark.usefixtures("every_verdict_twice")
@pytest.mark.parametrize("sabotage", sorted(SABOTAGES.keys() - LATE))
def test_the_machine_sees_what_is_broken_on_purpose(sabotage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, part, instead in SABOTAGES[sabotage]:
        monkeypatch.setattr(sql, name, _without(getattr(sql, name), part, instead))
    with pytest.raises(Broken):
        play()


def test_the_machine_sees_when_experts_work_goes_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eligibility, "rule_of", lambda queue: queue.project.eligibility)
    with pytest.raises(Broken):
        play()
