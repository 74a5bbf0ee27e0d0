"""Any order of pauses, decisions, appeals, clocks and raw SQL: nobody is removed without a human, and no money is lost."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any, ClassVar

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from config.reactions import REACTIONS
from kit import outbox
from kit.errors import ProductError
from payments import earnings
from tests import people
from tests.payments import cast
from workers import appeals, decisions, standing
from workers.models import Appeal, Farewell, StandingDecision, WorkerProfile

pytestmark = pytest.mark.django_db(transaction=True)

STORIES = settings(
    max_examples=14, stateful_step_count=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), print_blob=False, phases=[Phase.generate],
)  # fmt: skip
WEIGHTS = {
    "time_passes": 5, "software_pauses": 5, "ops_ends_the_pause": 1, "an_ending_is_decided": 6, "ana_appeals": 5,
    "ops_answers_and_decides": 6, "ana_leaves": 0.3, "somebody_writes_sql": 4, "an_answer_is_accepted": 1,
}  # fmt: skip
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"""The database reads its own clock; in a story that began long ago, its appeals can be over."""
RAW = (
    "UPDATE workers_workerprofile SET standing = 'ended' WHERE user_id = %s",
    "UPDATE workers_workerprofile SET standing = 'ending' WHERE user_id = %s",
    "UPDATE workers_workerprofile SET standing = 'ended', standing_reason = 'own_wish' WHERE user_id = %s",
    "UPDATE workers_workerprofile SET standing = 'paused', standing_reason = '', standing_until = NULL WHERE user_id = %s",
    "UPDATE workers_workerprofile SET standing = 'paused', standing_reason = 'x', standing_since = now(),"
    " standing_until = now() + interval '31 days' WHERE user_id = %s",
    "DELETE FROM workers_workerprofile WHERE user_id = %s",
)


class Standing(RuleBasedStateMachine):
    """One worker with money of three kinds, two people of ops, and software that tries everything."""

    played: ClassVar[dict[str, int]] = {}

    @rule(seed=st.integers(0, 2**32 - 1))
    def something_happens(self, seed: int) -> None:
        """One step, by weight: a story has to come far enough to be worth telling."""
        self.luck = random.Random(seed)
        getattr(self, self.luck.choices(list(WEIGHTS), list(WEIGHTS.values()))[0])()

    @initialize()
    def ana_has_worked(self) -> None:
        self.now = LONG_AGO
        self.ana, self.olu, self.sam = people.worker("Ana"), people.ops("Olu"), people.ops("Sam")
        _mira, acme = people.client()
        batch = cast.launch(acme, people.usd("20"))
        cast.earn(self.ana, acme, batch, "1.00", confirmed=True)
        self.pending = [cast.earn(self.ana, acme, batch, "0.50").source_id for _at in range(3)]
        self.owed = self.money()

    def time_passes(self) -> None:
        self.now += dt.timedelta(hours=self.luck.choice([2, 5, 24, 50, 144, 750, 1_080]))
        with transaction.atomic():
            standing.resume_due(now=self.now)
            appeals.decide_overdue(now=self.now)
        self.deliver()
        with transaction.atomic():
            standing.end_due(now=self.now)

    def software_pauses(self) -> None:
        reason, until = self.luck.choice(sorted(standing.PAUSE_REASONS)), self.now + dt.timedelta(days=self.luck.randint(1, 30))
        self.tries("software pauses", lambda: standing.pause(
            worker_id=self.ana.pk, reason=reason, until=until, by_id=None, now=self.now
        ))

    def ops_ends_the_pause(self) -> None:
        self.tries("ops resumes", lambda: standing.resume(worker_id=self.ana.pk, by_id=self.olu.pk, now=self.now))

    def an_ending_is_decided(self) -> None:
        """By a person of ops, or by an account that is none."""
        human = self.luck.random() < 0.7
        by = self.olu if human else self.ana
        self.tries(f"decided by {'ops' if human else 'nobody'}", lambda: standing.decide_ending(
            worker_id=self.ana.pk, by_id=by.pk, reason="fraud", clause="4.2", evidence=[{"kind": "note", "note": "seen"}],
            reauthenticated_at=self.now, now=self.now,
        ))

    def ana_appeals(self) -> None:
        decision = StandingDecision.objects.filter(person=self.ana).order_by("-at").first()
        if decision is not None:
            self.tries("appeal", lambda: decisions.appeal(
                decision_id=decision.pk, person_id=self.ana.pk, text="It was not me.", now=self.now
            ))

    def ops_answers_and_decides(self) -> None:
        appeal = Appeal.objects.filter(person=self.ana).order_by("-opened_at").first()
        if appeal is None:
            return
        by, overturn = self.luck.choice([self.sam, self.olu]), self.luck.random() < 0.3
        self.tries("answer", lambda: appeals.answer(appeal=appeal, by_id=self.olu.pk, text="So it was.", now=self.now))
        self.tries("decide", lambda: appeals.decide(
            appeal=appeals.find(appeal.pk), by_id=by.pk, overturn=overturn, grounds="Looked at it.", now=self.now
        ))
        self.deliver()

    def ana_leaves(self) -> None:
        if not Farewell.objects.filter(user=self.ana).exists():
            self.tries("leave", lambda: standing.leave(worker_id=self.ana.pk, now=self.now))

    def somebody_writes_sql(self) -> None:
        """But not into a running appeal: the database reads the real clock, by which this story's are over (test_standing)."""
        statement = self.luck.choice(RAW)
        worker = WorkerProfile.objects.select_related("decision").get(pk=self.ana.pk)
        before = worker.standing
        if before == "ending" and worker.decision is not None and worker.decision.appeal_until > self.now:
            return
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [self.ana.pk])
            self.count("sql done")
        except DatabaseError:
            self.count("sql refused")
        after = WorkerProfile.objects.values_list("standing", flat=True).get(pk=self.ana.pk)
        assert before == after or self.may_end(), f"{statement} moved {before} to {after}"

    def an_answer_is_accepted(self) -> None:
        if self.pending:
            with transaction.atomic():
                earnings.confirm(source_kind="submission", source_ids=[self.pending.pop()], now=self.now, actor_id=None)

    @invariant()
    def nobody_is_removed_without_a_human(self) -> None:
        worker = WorkerProfile.objects.get(pk=self.ana.pk)
        if worker.standing in ("ending", "ended"):
            assert self.may_end(), f"{worker.standing} because of {worker.standing_reason}"
        if worker.standing == "paused":
            assert worker.standing_reason in standing.PAUSE_REASONS and worker.standing_until is not None
        assert standing.paused_by_software(self.ana.pk, now=self.now) <= standing.LONGEST_PAUSE + dt.timedelta(days=40)

    @invariant()
    def no_money_is_lost(self) -> None:
        assert self.money() == self.owed

    def deliver(self) -> None:
        while outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC)):
            continue

    def may_end(self) -> bool:
        """A farewell of the person's own, or a decision of a human of ops that was not overturned."""
        if Farewell.objects.filter(user=self.ana).exists():
            return True
        lost = Appeal.objects.filter(outcome__in=("overturned", "by_silence")).values("subject_id")
        return StandingDecision.objects.filter(person=self.ana, decided_by=self.olu).exclude(pk__in=lost).exists()

    def money(self) -> Any:
        kinds = [people.of_worker(kind, self.ana) for kind in ("pending", "available", "in_transit", "held")]
        return sum(kinds[1:], kinds[0])

    def tries(self, name: str, act: Any) -> None:
        try:
            with transaction.atomic():
                act()
            self.count(name)
        except ProductError as refusal:
            self.count(f"{name}: {refusal.code}")

    def count(self, name: str) -> None:
        self.played[name] = self.played.get(name, 0) + 1


def test_no_order_of_events_removes_anybody_without_a_human_or_loses_money() -> None:
    Standing.played = {}
    run_state_machine_as_test(Standing, settings=STORIES)  # type: ignore[no-untyped-call]
    needed = {"software pauses", "software pauses: no_such_move", "decided by ops", "decided by nobody: not_a_decider", "appeal",
              "sql refused", "answer", "leave"}  # fmt: skip
    assert needed <= set(Standing.played), Standing.played

