"""Onboarding: three steps in any order, each remembered, and an agreement that is kept with the version signed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Invalid, NotFound
from kit.models import OutboxEvent
from tests import people
from tests.people import NOW
from workers import agreements, onboarding, queries
from workers.models import Agreement, Signature, User, WorkerProfile
from workers.people import become_worker

pytestmark = pytest.mark.django_db

SPOKEN = [{"code": "de", "level": "native"}, {"code": "en", "level": "C1"}]


def newcomer() -> User:
    ana = people.person("Ana")
    become_worker(user_id=ana.pk)
    return ana


def published(title: str = "Terms") -> Agreement:
    return agreements.publish(kind="worker", title=title, text="# Terms\n\nPay is *yours*.", by_id=None, now=NOW)


def done(user: User) -> list[str]:
    return [step.key for step in onboarding.steps(user.pk) if step.done]


def save(user: User, **changes: object) -> WorkerProfile:
    given = {"country": "DE", "spoken": SPOKEN, "time_zone": "Europe/Berlin"} | changes
    return onboarding.save_profile(user_id=user.pk, now=NOW, **given)  # type: ignore[arg-type]


def test_the_steps_are_taken_one_by_one_and_work_may_begin_before_the_payout_account() -> None:
    ana, terms = newcomer(), published()
    assert done(ana) == []
    save(ana)
    assert done(ana) == ["profile"]
    assert not OutboxEvent.objects.filter(name="onboarding.completed").exists()
    onboarding.sign_agreement(user_id=ana.pk, agreement_id=terms.pk, ip="10.0.0.1", now=NOW)
    assert done(ana) == ["profile", "agreement"]
    assert OutboxEvent.objects.filter(name="onboarding.completed").count() == 1
    onboarding.payout_ready(user_id=str(ana.pk), rail="stripe")
    onboarding.payout_ready(user_id=str(ana.pk), rail="stripe")
    assert done(ana) == ["profile", "agreement", "payout"]
    facts = queries.worker_facts(ana.pk)
    assert facts is not None
    assert facts["onboarded"]
    assert OutboxEvent.objects.filter(name="onboarding.completed").count() == 1


def test_a_payout_account_of_somebody_who_is_no_worker_is_no_news() -> None:
    mira = people.person("Mira")
    onboarding.payout_ready(user_id=str(mira.pk))
    with pytest.raises(NotFound):
        onboarding.steps(mira.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"spoken": []}, "languages"),
        ({"spoken": "de"}, "languages"),
        ({"spoken": [{"code": "xx", "level": "B1"}]}, "languages"),
        ({"spoken": [{"code": "de", "level": "D1"}]}, "languages"),
        ({"spoken": [{"code": ["de"], "level": "B1"}]}, "languages"),
        ({"spoken": [*SPOKEN, SPOKEN[0]]}, "languages"),
        ({"spoken": [None]}, "languages"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_and_nothing_moves(changes: dict[str, object], field: str) -> None:
    ana = newcomer()
    before = WorkerProfile.objects.filter(pk=ana.pk).values().get()
    with pytest.raises(Invalid) as refusal:
        save(ana, **changes)
    assert refusal.value.field == field
    assert WorkerProfile.objects.filter(pk=ana.pk).values().get() == before


def test_a_changed_profile_is_a_changed_fact() -> None:
    ana = people.worker()
    before = WorkerProfile.objects.get(pk=ana.pk).facts_version
    save(ana)
    assert WorkerProfile.objects.get(pk=ana.pk).facts_version == before + 1
    assert OutboxEvent.objects.filter(name="facts.changed", payload__user_id=str(ana.pk)).count() == 1


def test_a_new_version_asks_again_but_does_not_undo_what_was_complete() -> None:
    ana, terms = newcomer(), published()
    save(ana)
    onboarding.sign_agreement(user_id=ana.pk, agreement_id=terms.pk, ip="", now=NOW)
    onboarding.payout_ready(user_id=str(ana.pk))
    published("Terms, better")
    assert "agreement" not in done(ana)
    facts = queries.worker_facts(ana.pk)
    assert facts is not None
    assert facts["onboarded"]


def test_only_the_version_in_force_can_be_signed() -> None:
    ana, old = newcomer(), published()
    new = published("Terms, better")
    assert (old.version, new.version) == (1, 2)
    with pytest.raises(agreements.NotTheCurrentVersion):
        agreements.sign(user_id=ana.pk, agreement_id=old.pk, ip="", now=NOW)
    assert not Signature.objects.exists()


def test_signing_twice_is_one_signature_and_the_address_cannot_be_read_back() -> None:
    ana, terms = newcomer(), published()
    first = agreements.sign(user_id=ana.pk, agreement_id=terms.pk, ip="10.0.0.1", now=NOW)
    again = agreements.sign(user_id=ana.pk, agreement_id=terms.pk, ip="10.0.0.2", now=NOW + dt.timedelta(days=1))
    assert again == first
    assert "10.0.0" not in first.ip_hash
    assert first.ip_hash == agreements.hash_ip("10.0.0.1")


def test_the_database_keeps_agreements_and_signatures_as_they_are() -> None:
    ana, terms = newcomer(), published()
    agreements.sign(user_id=ana.pk, agreement_id=terms.pk, ip="", now=NOW)
    for rows in (Agreement.objects.all(), Signature.objects.all()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(**({"text": "x"} if rows.model is Agreement else {"ip_hash": "x"}))
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows._raw_delete(rows.db)


def test_an_agreement_is_shown_without_anything_that_runs() -> None:
    html = agreements.as_html("# Hi\n\n<script>x</script> [a](javascript:x) ![i](https://x/y.png) **b**\n\n|a|b|\n|-|-|\n|1|2|")
    assert "<script" not in html
    assert "javascript:" not in html.replace("[a](javascript:x)", "")
    assert "<img" not in html
    assert "<strong>b</strong>" in html
    assert "<table>" in html


@pytest.mark.parametrize(
    ("kind", "title", "text", "field"), [("x", "T", "t", "kind"), ("worker", "", "t", "title"), ("worker", "T", " ", "text")]
)
def test_an_agreement_needs_a_kind_a_title_and_a_text(kind: str, title: str, text: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        agreements.publish(kind=kind, title=title, text=text, by_id=None, now=NOW)
    assert refusal.value.field == field
    assert not Agreement.objects.exists()
