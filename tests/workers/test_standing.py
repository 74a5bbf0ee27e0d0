"""Nobody's work is ended by a machine: standing, decisions, and what the database itself refuses."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from kit import outbox, states
from kit.errors import Invalid
from kit.models import AuditRecord, OutboxEvent
from tests import people
from tests.people import NOW
from workers import appeals, decisions, standing
from workers.models import Appeal, Farewell, Notice, StandingDecision, User, WorkerProfile
from workers.people import NotIndependent, link

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
EVIDENCE = [{"kind": "submission", "ref": "s-1", "note": "two people, one keyboard"}]


def reload(user: User) -> WorkerProfile:
    return WorkerProfile.objects.get(pk=user.pk)


def paused(name: str = "Ana", *, now: dt.datetime = NOW) -> User:
    ana = people.worker(name)
    standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
    return ana


def ending(*, now: dt.datetime = NOW) -> tuple[User, User, StandingDecision]:
    ana, olu = paused(now=now), people.ops("Olu")
    return ana, olu, decide(ana, olu, now=now)


def decide(ana: User, olu: User, *, now: dt.datetime = NOW, **changes: object) -> StandingDecision:
    given = {"reason": "fraud", "clause": "4.2", "evidence": EVIDENCE, "reauthenticated_at": now} | changes
    return standing.decide_ending(worker_id=ana.pk, by_id=olu.pk, now=now, **given)  # type: ignore[arg-type]


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def run_reactions() -> None:
    table = {"appeal.decided": ["workers.standing.appeal_decided"]}
    while outbox.deliver_due(reactions=table, now=dt.datetime.now(dt.UTC) + DAY):
        pass


def test_software_may_pause_and_the_worker_reads_why_and_until_when() -> None:
    ana = people.worker()
    before = reload(ana).facts_version
    standing.pause(worker_id=ana.pk, reason="case_open", until=NOW + DAY, by_id=None, now=NOW)
    profile = reload(ana)
    assert (profile.standing, profile.standing_reason, profile.standing_until) == ("paused", "case_open", NOW + DAY)
    assert profile.facts_version > before
    notice = Notice.objects.get(user=ana)
    assert notice.kind == "standing.paused"
    assert notice.mail
    assert AuditRecord.objects.filter(verb="standing.paused", actor_id=None, subject_id=str(ana.pk)).count() == 1
    assert OutboxEvent.objects.filter(name="standing.changed", payload__standing="paused").count() == 1


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + 31 * DAY])
def test_a_pause_ends_within_thirty_days(until: dt.datetime) -> None:
    ana = people.worker()
    with pytest.raises(Invalid) as refusal:
        standing.pause(worker_id=ana.pk, reason="case_open", until=until, by_id=None, now=NOW)
    assert refusal.value.field == "until"
    assert reload(ana).standing == "active"
    assert not Notice.objects.filter(user=ana).exists()


def test_software_pauses_nobody_for_ever_a_person_has_to_look_first() -> None:
    ana = people.worker()
    now = NOW
    for _month in range(2):
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + 15 * DAY, by_id=None, now=now)
        now += 15 * DAY
        assert standing.resume_due(now=now) == 1
    assert standing.paused_by_software(ana.pk, now=now) == 30 * DAY
    with pytest.raises(standing.PausedEnough):
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
    assert reload(ana).standing == "active"
    standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=people.ops().pk, now=now)
    assert reload(ana).standing == "paused"
    standing.resume(worker_id=ana.pk, by_id=None, now=now)
    standing.pause(worker_id=ana.pk, reason="case_open", until=now + 61 * DAY, by_id=None, now=now + 60 * DAY)
    assert reload(ana).standing == "paused"


def test_a_pause_ends_by_itself_on_its_day_and_not_before() -> None:
    ana = paused()
    assert standing.resume_due(now=NOW + DAY - dt.timedelta(seconds=1)) == 0
    assert reload(ana).standing == "paused"
    assert standing.resume_due(now=NOW + DAY) == 1
    assert reload(ana).standing == "active"
    assert standing.resume_due(now=NOW + DAY) == 0


def test_an_active_person_cannot_be_ended_in_one_step() -> None:
    ana, olu = people.worker(), people.ops()
    with pytest.raises(states.NoSuchMove), transaction.atomic():
        decide(ana, olu)
    assert reload(ana).standing == "active"
    assert not StandingDecision.objects.exists()


def test_an_ending_begins_with_a_named_persons_decision_and_leaves_thirty_days_to_appeal() -> None:
    ana, olu, decision = ending()
    profile = reload(ana)
    assert (profile.standing, profile.decision_id) == ("ending", decision.pk)
    assert decision.decided_by_id == olu.pk
    assert decision.appeal_until == NOW + 30 * DAY
    assert Notice.objects.filter(user=ana, kind="standing.ending").count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "because"}, "reason"),
        ({"clause": " "}, "clause"),
        ({"evidence": []}, "evidence"),
        ({"evidence": [{"kind": "", "ref": ""}]}, "evidence"),
        ({"evidence": "much"}, "evidence"),
    ],
)
def test_a_decision_without_reason_clause_or_evidence_is_refused(changes: dict[str, object], field: str) -> None:
    ana, olu = paused(), people.ops()
    with pytest.raises(Invalid) as refusal:
        decide(ana, olu, **changes)
    assert refusal.value.field == field
    assert reload(ana).standing == "paused"
    assert not StandingDecision.objects.exists()


@pytest.mark.parametrize("age", [-1, 901])
def test_a_decision_needs_fresh_re_authentication(age: int) -> None:
    ana, olu = paused(), people.ops()
    with pytest.raises(decisions.ReauthenticationTooOld):
        decide(ana, olu, reauthenticated_at=NOW - dt.timedelta(seconds=age))
    assert reload(ana).standing == "paused"


def test_finance_or_a_stranger_or_a_linked_account_may_not_decide() -> None:
    ana, eve, twin = paused(), people.person("Eve"), people.ops("Twin")
    link(a=ana.pk, b=twin.pk, reason="same_device", by_id=None, now=NOW)
    for somebody, refusal in (
        (people.ops("Fin", "finance"), decisions.NotADecider),
        (eve, decisions.NotADecider),
        (twin, NotIndependent),
    ):
        with pytest.raises(refusal):
            decide(ana, somebody)
    assert reload(ana).standing == "paused"
    assert not StandingDecision.objects.exists()


def test_an_ending_completes_when_the_appeal_clock_is_over() -> None:
    ana, _olu, _decision = ending(now=LONG_AGO)
    assert standing.end_due(now=LONG_AGO + 30 * DAY - dt.timedelta(seconds=1)) == 0
    assert reload(ana).standing == "ending"
    assert standing.end_due(now=LONG_AGO + 30 * DAY) == 1
    assert reload(ana).standing == "ended"
    assert Notice.objects.filter(user=ana, kind="standing.ended").count() == 1


def test_an_ending_waits_for_an_undecided_appeal_even_past_its_clock() -> None:
    ana, _olu, decision = ending(now=LONG_AGO)
    decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="It was not me.", now=LONG_AGO + 29 * DAY)
    assert standing.end_due(now=LONG_AGO + 31 * DAY) == 0
    with pytest.raises(standing.AppealStillPossible):
        standing.end(worker=standing.profile(ana.pk), now=LONG_AGO + 31 * DAY)
    assert reload(ana).standing == "ending"


def test_a_person_whose_appeal_nobody_answers_is_active_again() -> None:
    ana, _olu, decision = ending(now=LONG_AGO)
    decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="It was not me.", now=LONG_AGO)
    assert appeals.decide_overdue(now=LONG_AGO + dt.timedelta(hours=48)) == 1
    run_reactions()
    profile = reload(ana)
    assert (profile.standing, profile.standing_reason) == ("active", "appeal_won")
    assert Appeal.objects.get().outcome == "by_silence"
    run_reactions()
    standing.appeal_decided(subject_kind="decision", subject_id=str(decision.pk), outcome="by_silence")
    assert AuditRecord.objects.filter(verb="standing.active", subject_id=str(ana.pk)).count() == 1


def test_an_upheld_appeal_lets_the_ending_complete() -> None:
    ana, olu, decision = ending(now=LONG_AGO)
    appeal = decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="It was not me.", now=LONG_AGO)
    appeals.answer(appeal=appeal, by_id=olu.pk, text="It was.", now=LONG_AGO)
    appeals.decide(appeal=appeal, by_id=people.ops("Sam").pk, overturn=False, grounds="It was.", now=LONG_AGO)
    run_reactions()
    assert reload(ana).standing == "ending"
    assert standing.end_due(now=LONG_AGO + 30 * DAY) == 1


def test_leaving_by_own_wish_needs_no_decision() -> None:
    ana = people.worker()
    standing.leave(worker_id=ana.pk, now=NOW)
    profile = reload(ana)
    assert (profile.standing, profile.standing_reason) == ("ended", "own_wish")


class TestTheDatabaseItself:
    """What holds even for code that forgets everything above."""

    def refuses(self, statement: object, why: str) -> None:
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            statement()  # type: ignore[operator]

    def test_refuses_an_ending_without_a_decision(self) -> None:
        ana = paused()
        rows = WorkerProfile.objects.filter(pk=ana.pk)
        self.refuses(lambda: rows.update(standing="ending"), "without a decision")
        self.refuses(lambda: rows.update(standing="ended"), "without a decision")
        self.refuses(lambda: rows.update(standing="ended", standing_reason="own_wish"), "without a decision")
        assert reload(ana).standing == "paused"

    @pytest.mark.parametrize(
        ("assignments", "why"),
        [
            ("standing = 'ended'", "without a decision"),
            ("standing = 'ending'", "without a decision"),
            ("standing = 'ended', standing_reason = 'own_wish'", "without a decision"),
            ("standing = 'ended', standing_reason = 'fraud', standing_since = now() - interval '90 days'", "without a decision"),
            ("standing = 'paused', standing_reason = 'case_open', standing_until = NULL", "pause_has_a_reason_and_an_end"),
            ("standing = 'paused', standing_reason = '', standing_since = now(), standing_until = now() + interval '1 day'",
             "pause_has_a_reason_and_an_end"),
            ("standing = 'paused', standing_reason = 'case_open', standing_since = now(), standing_until = now() + interval '31 days'",
             "pause_has_a_reason_and_an_end"),
        ],
    )  # fmt: skip
    def test_refuses_raw_sql_that_removes_an_active_person(self, assignments: str, why: str) -> None:
        ana = people.worker()
        self.refuses(lambda: sql(f"UPDATE workers_workerprofile SET {assignments} WHERE user_id = %s", ana.pk), why)
        self.refuses(lambda: sql("DELETE FROM workers_workerprofile WHERE user_id = %s", ana.pk), "never deleted")
        assert reload(ana).standing == "active"

    def test_refuses_to_rewrite_or_forget_a_farewell(self) -> None:
        ana = people.worker()
        standing.leave(worker_id=ana.pk, now=NOW)
        self.refuses(lambda: sql("DELETE FROM workers_farewell WHERE user_id = %s", ana.pk), "append-only")
        self.refuses(lambda: sql("UPDATE workers_farewell SET at = now() WHERE user_id = %s", ana.pk), "append-only")
        assert Farewell.objects.get().at == NOW

    def test_refuses_an_ending_on_somebody_elses_decision(self) -> None:
        _ana, _olu, decision = ending()
        wen = paused("Wen")
        rows = WorkerProfile.objects.filter(pk=wen.pk)
        self.refuses(lambda: rows.update(standing="ending", decision=decision), "without a decision that stands")
        assert reload(wen).standing == "paused"

    def test_refuses_to_complete_an_ending_before_the_appeal_clock_is_over(self) -> None:
        ana, _olu, _decision = ending(now=dt.datetime.now(dt.UTC))
        rows = WorkerProfile.objects.filter(pk=ana.pk)
        self.refuses(lambda: rows.update(standing="ended"), "before its appeal")
        assert reload(ana).standing == "ending"

    def test_refuses_to_complete_an_ending_while_an_appeal_waits(self) -> None:
        ana, _olu, decision = ending(now=LONG_AGO)
        decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="It was not me.", now=LONG_AGO)
        rows = WorkerProfile.objects.filter(pk=ana.pk)
        self.refuses(lambda: rows.update(standing="ended"), "before its appeal")

    def test_refuses_to_end_on_a_decision_that_was_overturned(self) -> None:
        ana, _olu, decision = ending(now=LONG_AGO)
        decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="It was not me.", now=LONG_AGO)
        appeals.decide_overdue(now=LONG_AGO + 3 * DAY)
        rows = WorkerProfile.objects.filter(pk=ana.pk)
        self.refuses(lambda: rows.update(standing="ended"), "without a decision that stands")

    def test_refuses_a_decision_by_nobody_of_ops_or_without_evidence_or_stale(self) -> None:
        ana, olu = paused(), people.ops()
        good = {
            "person": ana, "subject_kind": "standing", "subject_id": ana.pk, "decided_by": olu, "reason": "fraud", "clause": "4",
            "evidence": EVIDENCE, "reauthenticated_at": NOW, "at": NOW, "appeal_until": NOW + 30 * DAY,
        }  # fmt: skip
        for change, why in (
            ({"decided_by": people.person("Eve")}, "named person of ops"),
            ({"evidence": []}, "needs evidence"),
            ({"evidence": {}}, "needs evidence"),
            ({"reauthenticated_at": NOW - dt.timedelta(hours=1)}, "decision_freshly_authenticated"),
            ({"appeal_until": NOW + 29 * DAY}, "decision_leaves_an_appeal"),
            ({"clause": ""}, "decision_gives_reason_and_clause"),
        ):
            self.refuses(lambda change=change: StandingDecision.objects.create(**(good | change)), why)
        assert not StandingDecision.objects.exists()
        StandingDecision.objects.create(**good)

    def test_refuses_to_edit_or_delete_a_decision(self) -> None:
        _ana, _olu, decision = ending()
        rows = StandingDecision.objects.filter(pk=decision.pk)
        self.refuses(lambda: rows.update(clause="other"), "append-only")
        self.refuses(lambda: rows._raw_delete(rows.db), "append-only")

    def test_refuses_a_worker_who_begins_ended_and_one_who_comes_back(self) -> None:
        eve = people.person("Eve")
        self.refuses(lambda: WorkerProfile.objects.create(user=eve, standing="ended"), "begins active")
        ana = people.worker()
        standing.leave(worker_id=ana.pk, now=NOW)
        rows = WorkerProfile.objects.filter(pk=ana.pk)
        self.refuses(lambda: rows.update(standing="active"), "stays over")
