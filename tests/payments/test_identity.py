"""Identity checks: on Stripe's own page, with nothing of the document kept here, and a day until which the outcome holds."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Conflict, Invalid
from marketplace import eligibility, rules
from payments import identity, stripe_events
from payments.models import IdentityCheck, StripeEvent
from payments.payout_accounts import RailUnavailable
from tests.payments.cast import NOW, worker
from tests.stripe_double.running import Running
from tests.workers.doors import browser, program
from workers import credentials, onboarding
from workers import identity as proofs
from workers.models import Credential, Notice, User

pytestmark = pytest.mark.django_db(transaction=True)

BACK = "http://testserver/work/onboarding/identity/?back=1"
DAY = dt.timedelta(days=1)
ASKED = {"fact": "credential", "domain": "identity"}


def begun(ana: User, *, now: dt.datetime = NOW) -> str:
    """Stripe's name of the check that this person begins."""
    identity.begin(user_id=ana.pk, return_url=BACK, now=now)
    return str(IdentityCheck.objects.filter(user=ana).latest("created_at").session_id)


def say(rail: Running, session: str, word: str) -> None:
    rail.control(f"identity/{session}/{word}", {"first_name": "Ana", "last_name": "Test"})


def confirmed(ana: User, rail: Running, *, now: dt.datetime = NOW) -> None:
    session = begun(ana, now=now)
    say(rail, session, "verify")
    identity.read_again(session_id=session, now=now)


def test_a_confirmed_identity_is_a_credential_that_ends_and_nothing_of_the_document_is_kept(rail: Running) -> None:
    ana = worker("Ana")
    confirmed(ana, rail)
    held = Credential.objects.get(worker_id=ana.pk)
    assert (held.kind, held.state, held.proof_id, held.decided_by_id) == ("identity", "verified", None, None)
    assert held.expires_at is not None and held.expires_at - NOW == 730 * DAY
    assert Notice.objects.filter(user=ana, kind="credential.identity").count() == 1
    kept = [str(value) for row in (*Credential.objects.values(), *IdentityCheck.objects.values()) for value in row.values()]
    assert not any("Test" in value for value in kept), "the name on the document stays at Stripe"
    assert next(step for step in onboarding.steps(ana.pk) if step.key == "identity").done


def test_a_project_that_asks_for_it_lets_in_who_has_it_until_it_runs_out(rail: Running) -> None:
    ana, bob = worker("Ana"), worker("Bob")
    rule = rules.check(ASKED, field="eligibility")
    who = eligibility.person(worker_id=bob.pk, now=NOW)
    assert who is not None
    (miss,) = rules.misses(rule, who.facts)
    assert (miss.wants, rules.holds(rule, who.facts)) == ("a confirmed identity", False)
    now = dt.datetime.now(dt.UTC)
    confirmed(ana, rail, now=now)
    mine = eligibility.person(worker_id=ana.pk, now=now)
    assert mine is not None and rules.holds(rule, mine.facts)
    assert mine.next_expiry == now + 730 * DAY
    assert eligibility.how_many(rule) == 1
    Credential.objects.update(expires_at=now - DAY)
    mine = eligibility.person(worker_id=ana.pk, now=now)
    assert mine is not None and not rules.holds(rule, mine.facts)
    assert eligibility.how_many(rule) == 0


def test_a_failed_try_says_why_and_goes_on_at_the_same_page(rail: Running) -> None:
    ana = worker("Ana")
    session = begun(ana)
    say(rail, session, "reject")
    identity.read_again(session_id=session, now=NOW)
    check = IdentityCheck.objects.get()
    assert (check.state, check.fault) == ("started", "document_unverified_other")
    assert "could not be read" in browser(ana).get("/work/onboarding/identity/").content.decode()
    assert begun(ana) == session
    assert not Credential.objects.exists()


def test_an_event_that_comes_late_or_twice_changes_nothing(rail: Running) -> None:
    ana = worker("Ana")
    session = begun(ana)
    say(rail, session, "reject")
    say(rail, session, "verify")
    for at, kind in enumerate(("verified", "requires_input", "verified")):
        StripeEvent.objects.create(
            id=f"evt_{at}", type=f"identity.verification_session.{kind}", object_id=session, endpoint="platform", body="{}",
            happened_at=NOW, received_at=NOW, due_at=NOW,
        )  # fmt: skip
        assert stripe_events.apply(event_id=f"evt_{at}", now=NOW)
    assert IdentityCheck.objects.get().state == "verified"
    assert Credential.objects.filter(state="verified").count() == 1


def test_it_is_renewed_in_its_last_days_and_not_before(rail: Running) -> None:
    ana = worker("Ana")
    confirmed(ana, rail)
    with pytest.raises(Conflict, match="last 60 days"):
        begun(ana, now=NOW + 600 * DAY)
    confirmed(ana, rail, now=NOW + 700 * DAY)
    assert Credential.objects.filter(state="verified").count() == 1
    held = proofs.held(ana.pk, now=NOW + 731 * DAY)
    assert held is not None and held.expires_at == NOW + 1430 * DAY


def test_a_lost_event_is_made_good_and_a_silent_rail_loses_nothing(rail: Running) -> None:
    ana = worker("Ana")
    rail.faults({"kind": "500_after", "times": 5, "method": "POST", "path": "^/v1/identity"})
    with pytest.raises(RailUnavailable):
        begun(ana)
    rail.call("DELETE", "/_control/faults")
    assert not Credential.objects.exists()
    say(rail, begun(ana, now=NOW + dt.timedelta(minutes=1)), "verify")
    assert identity.read_waiting(now=NOW + dt.timedelta(minutes=5)) == 1
    assert Credential.objects.get().worker_id == ana.pk


def test_nobody_hands_in_an_identity_nor_makes_one_verified_by_hand() -> None:
    ana = worker("Ana")
    with pytest.raises(Invalid):
        credentials.submit(
            worker_id=ana.pk, kind="identity", domain="law", title="Me", issuer="Me", year=None, proof=None, now=NOW,  # type: ignore[arg-type]
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="credential_has_its_proof"), transaction.atomic():
        Credential.objects.create(
            worker_id=ana.pk, kind="degree", domain="law", title="Me", issuer="Me", state="waiting", submitted_at=NOW, due_at=NOW
        )
    assert not Credential.objects.exists()


def test_page_and_api_lead_to_stripes_own_page_and_back(rail: Running) -> None:
    ana = worker("Ana")
    tab = browser(ana)
    assert "Begin at Stripe" in tab.get("/work/onboarding/identity/").content.decode()
    sent = tab.post("/work/onboarding/identity/")
    assert sent.status_code == 302 and "/identity/vs_" in sent.url
    api = program(ana, "work")
    assert api.post("/api/v1/me/identity/").json()["url"] == sent.url, "the open check goes on"
    say(rail, str(IdentityCheck.objects.get().session_id), "verify")
    assert tab.get("/work/onboarding/identity/?back=1").status_code == 302
    assert "confirmed until" in tab.get("/work/onboarding/identity/").content.decode()
    assert api.get("/api/v1/me/identity/").json()["state"] == "verified"
