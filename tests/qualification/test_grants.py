"""Grants: one live per skill, never lowered, expiring by themselves, taken away by a person's decision alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from kit import outbox, states
from kit.errors import Conflict, Invalid
from qualification import grading, grants
from qualification.models import Grant, Skill
from tests import people
from tests.people import NOW
from tests.qualification import cast
from workers import appeals, decisions
from workers.models import Notice, StandingDecision, User, WorkerProfile

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
EVIDENCE = [{"kind": "submission", "ref": "s-1", "note": ""}]


def give(ana: User, skill: Skill, *, tier: int = 1, days: int | None = 100, now: dt.datetime = NOW, **more: object) -> Grant:
    return grants.grant(worker_id=ana.pk, skill=skill, tier=tier, source="ops", valid_days=days, now=now, **more)  # type: ignore[arg-type]


def take(held: Grant, **changes: object) -> StandingDecision:
    given = {"reason": "fraud", "clause": "4", "evidence": EVIDENCE, "reauthenticated_at": NOW, "now": NOW} | changes
    by_id = given.pop("by_id", None) or people.ops().pk
    return grants.take_away(held=held, by_id=by_id, **given)  # type: ignore[arg-type]


def live(ana: User) -> list[tuple[str, int]]:
    return [(held.slug, held.tier) for held in grants.held_by(worker_id=ana.pk, now=NOW)]


def test_a_grant_is_a_fact_and_every_change_of_it_is_told() -> None:
    ana, skill = people.worker(), cast.skill()

    def version() -> int:
        return WorkerProfile.objects.get(pk=ana.pk).facts_version

    seen = [version()]
    held = give(ana, skill)
    seen.append(version())
    assert held.expires_at is not None
    grants.renew(held=held, until=held.expires_at + DAY, by_id=None, now=NOW)
    seen.append(version())
    take(held)
    seen.append(version())
    assert seen == sorted(set(seen))


def test_a_higher_tier_replaces_and_a_lower_one_changes_nothing() -> None:
    ana, skill = people.worker(), cast.skill()
    first = give(ana, skill, tier=1)
    second = give(ana, skill, tier=2)
    assert give(ana, skill, tier=1) == second
    assert Grant.objects.get(pk=first.pk).state == "replaced"
    assert live(ana) == [("weather", 2)]
    connection.check_constraints()


def test_the_same_tier_again_lasts_longer_never_shorter() -> None:
    ana, skill = people.worker(), cast.skill()
    long = give(ana, skill, days=200)
    assert give(ana, skill, days=100) == long
    newer = give(ana, skill, days=100, now=NOW + 150 * DAY)
    assert newer != long
    assert newer.expires_at == NOW + 250 * DAY
    for_ever = give(ana, skill, days=None)
    assert give(ana, skill, days=3000) == for_ever
    assert Grant.objects.filter(state="live").count() == 1


def test_a_worse_score_of_the_tier_that_is_held_is_kept_with_the_grant() -> None:
    ana, skill = people.worker(), cast.skill()
    held = give(ana, skill, days=None, score=grading.score([10_000] * 10))
    score = grading.score([10_000, 0])
    assert score is not None
    assert give(ana, skill, days=10, score=score) == held
    assert Grant.objects.get(pk=held.pk).score_bp == score.mean


def test_a_grant_expires_on_its_day_and_does_not_count_from_then_on() -> None:
    ana, skill = people.worker(), cast.skill()
    give(ana, skill, days=10)
    assert grants.expire_due(now=NOW + 10 * DAY - dt.timedelta(seconds=1)) == 0
    assert len(grants.held_by(worker_id=ana.pk, now=NOW + 10 * DAY - dt.timedelta(seconds=1))) == 1
    assert grants.held_by(worker_id=ana.pk, now=NOW + 10 * DAY) == []
    assert grants.expire_due(now=NOW + 10 * DAY) == 1
    assert grants.expire_due(now=NOW + 10 * DAY) == 0
    assert Notice.objects.filter(user=ana, kind="grant.expired").count() == 1


def test_after_expiry_the_skill_can_be_given_again_before_the_clock_has_run() -> None:
    ana, skill = people.worker(), cast.skill()
    old = give(ana, skill, tier=3, days=10)
    new = give(ana, skill, tier=1, now=NOW + 11 * DAY)
    assert Grant.objects.get(pk=old.pk).state == "expired"
    assert (new.state, new.tier) == ("live", 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"tier": 4}, "tier"), ({"tier": -1}, "tier"), ({"days": 0}, "valid_days"), ({"days": 4000}, "valid_days")],
)
def test_a_grant_that_cannot_be_is_refused(change: dict[str, int], field: str) -> None:
    ana, skill = people.worker(), cast.skill()
    with pytest.raises(Invalid) as refusal:
        give(ana, skill, **change)
    assert refusal.value.field == field
    assert not Grant.objects.exists()


def test_only_a_worker_is_granted_a_skill() -> None:
    with pytest.raises(Invalid) as refusal:
        give(people.person("Mira"), cast.skill())
    assert refusal.value.field == "worker"


def test_a_renewal_is_never_a_shortening_and_only_of_what_is_live() -> None:
    ana, skill = people.worker(), cast.skill()
    held = give(ana, skill, days=10)
    with pytest.raises(Invalid):
        grants.renew(held=held, until=NOW + 9 * DAY, by_id=None, now=NOW)
    Grant.objects.filter(pk=held.pk).update(state="expired", ended_at=NOW + 10 * DAY)
    with pytest.raises(Conflict):
        grants.renew(held=held, until=NOW + 20 * DAY, by_id=None, now=NOW)
    assert Grant.objects.get(pk=held.pk).expires_at == NOW + 10 * DAY


def test_taking_away_needs_a_decision_and_can_be_appealed() -> None:
    ana, skill = people.worker(), cast.skill()
    held = give(ana, skill)
    decision = take(held)
    assert live(ana) == []
    assert (decision.subject_kind, decision.subject_id, decision.person_id) == ("grant", held.pk, ana.pk)
    decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="I earned it.", now=NOW)
    appeals.decide_overdue(now=NOW + 2 * DAY)
    table = {"appeal.decided": ["qualification.grants.appeal_decided", "workers.standing.appeal_decided"]}
    outbox.deliver_due(reactions=table, now=dt.datetime.now(dt.UTC) + DAY)
    assert live(ana) == [("weather", 1)]
    assert WorkerProfile.objects.get(pk=ana.pk).standing == "active"
    grants.appeal_decided(subject_kind="decision", subject_id=str(decision.pk), outcome="by_silence")
    assert Notice.objects.filter(user=ana, kind="grant.restored").count() == 1


def test_what_was_earned_anew_meanwhile_stays_the_live_one() -> None:
    ana, skill = people.worker(), cast.skill()
    decision = take(give(ana, skill, tier=1))
    anew = give(ana, skill, tier=2)
    decisions.appeal(decision_id=decision.pk, person_id=ana.pk, text="I earned it.", now=NOW)
    appeals.decide_overdue(now=NOW + 2 * DAY)
    grants.appeal_decided(subject_kind="decision", subject_id=str(decision.pk), outcome="by_silence")
    assert [grant.pk for grant in Grant.objects.filter(state="live")] == [anew.pk]


def test_without_evidence_nothing_is_taken() -> None:
    ana, skill = people.worker(), cast.skill()
    held = give(ana, skill)
    with pytest.raises(Invalid):
        take(held, evidence=[])
    assert live(ana) == [("weather", 1)]
    assert not StandingDecision.objects.exists()


def test_what_is_not_live_is_not_taken() -> None:
    ana, skill = people.worker(), cast.skill()
    held = give(ana, skill)
    take(held)
    with pytest.raises(states.NoSuchMove), transaction.atomic():
        take(Grant.objects.get(pk=held.pk))
    assert StandingDecision.objects.count() == 1


class TestTheDatabaseItself:
    """What holds even for code that forgets everything above."""

    def refuses(self, statement: object, why: str) -> None:
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            statement()  # type: ignore[operator]

    def test_refuses_to_take_away_without_a_decision_about_this_grant(self) -> None:
        ana, wen, skill = people.worker(), people.worker("Wen"), cast.skill()
        held, other = give(ana, skill), give(wen, skill)
        decision = take(other)
        rows = Grant.objects.filter(pk=held.pk)
        self.refuses(lambda: rows.update(state="taken", ended_at=NOW), "without a decision")
        self.refuses(lambda: rows.update(state="taken", ended_at=NOW, decision=decision), "without a decision")
        assert live(ana) == [("weather", 1)]

    def test_refuses_to_lower_to_shorten_or_to_delete(self) -> None:
        ana, skill = people.worker(), cast.skill()
        held = give(ana, skill, tier=2)
        rows = Grant.objects.filter(pk=held.pk)
        self.refuses(lambda: rows.update(tier=1), "never lowered")
        self.refuses(lambda: rows.update(expires_at=NOW + DAY), "never lowered or shortened")
        self.refuses(lambda: rows._raw_delete(rows.db), "grants are kept")

    def test_refuses_to_expire_early_and_two_live_grants_of_one_skill(self) -> None:
        ana, skill = people.worker(), cast.skill()
        held = give(ana, skill)
        rows = Grant.objects.filter(pk=held.pk)
        self.refuses(lambda: rows.update(state="expired", ended_at=NOW), "grant_expires_on_its_day")
        self.refuses(
            lambda: Grant.objects.create(worker_id=ana.pk, skill=skill, tier=1, source="ops", valid_from=NOW), "one_live_grant"
        )

    def test_refuses_to_replace_by_nothing(self) -> None:
        ana, skill = people.worker(), cast.skill()
        held = give(ana, skill)

        def replace() -> None:
            Grant.objects.filter(pk=held.pk).update(state="replaced", ended_at=NOW)
            connection.check_constraints()

        self.refuses(replace, "worth as much")
        assert live(ana) == [("weather", 1)]
