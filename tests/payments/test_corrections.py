"""A correction is tried out before it is made, needs a second person, explains itself, and never breaks what holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from config.reactions import REACTIONS
from kit import audit, outbox
from kit.errors import Invalid
from kit.money import Money
from kit.states import NoSuchMove
from payments import corrections, invariants, ledger, mismatches
from payments.chart import Account, platform
from payments.models import Correction, LedgerTx, Mismatch
from tests import people
from tests.marketplace.api import callers
from tests.payments.cast import NOW, client, earn, finance, launch, pay_in, usd, worker
from tests.payments.test_pages import reauthenticate, signed_in, text
from workers.models import Notice, Organisation, User
from workers.people import NotIndependent, link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]
CLEARING = "clearing holds what is not yet seen at Stripe"
WHY = "A top-up of ours was booked twice."


def payer() -> tuple[User, Organisation]:
    mira, acme = client()
    pay_in(acme, usd("20"))
    return mira, acme


def draft(acme: Organisation, by: User, **options: Any) -> Correction:
    """Three dollars that the client was short of, at the platform's cost."""
    stated = {
        "amount": usd("3"), "debit_kind": "platform_losses", "debit_owner": "", "credit_kind": "client_prepaid",
        "credit_owner": acme.slug, "reason": WHY,
    }  # fmt: skip
    with transaction.atomic():
        return corrections.draft(actor_id=by.id, now=NOW, **stated | options)


def post(found: Correction, by: User) -> Correction:
    with transaction.atomic():
        return corrections.post(correction_id=found.pk, actor_id=by.id, now=NOW)


def prepaid(acme: Organisation) -> Money:
    return ledger.balance(Account("client_prepaid", acme.id, "USD"))


def test_a_draft_shows_both_accounts_before_and_after_and_moves_nothing() -> None:
    _mira, acme = payer()
    before = LedgerTx.objects.count()
    found = draft(acme, finance())
    trial = corrections.try_out(found, now=NOW)
    assert [(side.account.kind, side.before, side.after) for side in trial.sides] == [
        ("platform_losses", usd("0"), usd("3")), ("client_prepaid", usd("20"), usd("23")),
    ]  # fmt: skip
    assert (trial.breaks, trial.mends) == ([], [])
    assert LedgerTx.objects.count() == before and prepaid(acme) == usd("20")


def test_a_second_person_posts_it_once_and_the_difference_it_explains_is_closed_with_its_reason() -> None:
    _mira, acme = payer()
    with transaction.atomic():
        named = mismatches.name(kind="movement_unexplained", subject="topup txn_1", now=NOW)
    olu, fay = finance(), finance("Fay")
    found = draft(acme, olu, mismatch_id=named.pk)
    outbox.deliver_due(reactions=REACTIONS, now=timezone.now())
    assert list(Notice.objects.filter(kind="correction.waits").values_list("user_id", flat=True)) == [fay.id]
    post(found, fay)
    assert prepaid(acme) == usd("23") and ledger.balance(platform("platform_losses", "USD")) == usd("3")
    named.refresh_from_db()
    assert (named.note, named.closed_by) == (WHY, fay.id)
    assert [(row.verb, row.actor_id) for row in audit.history(found)] == [
        ("correction.drafted", olu.id), ("correction.posted", fay.id),
    ]  # fmt: skip
    with pytest.raises(NoSuchMove):
        post(found, fay)
    assert prepaid(acme) == usd("23")
    assert [each.name for each in invariants.findings() if not each.ok and each.name != "guard"] == []


def test_whoever_drafted_it_their_other_account_and_a_late_change_of_the_books_cannot_post_it() -> None:
    _mira, acme = payer()
    olu, twin = finance(), finance("Twin")
    link(a=olu.id, b=twin.id, reason="device", by_id=None, now=NOW)
    found = draft(acme, olu, debit_kind="client_prepaid", debit_owner=acme.slug, credit_kind="platform_revenue", credit_owner="")
    for somebody in (olu, twin):
        with pytest.raises(NotIndependent):
            post(found, somebody)
    launch(acme, usd("1"))
    with transaction.atomic():
        ledger.post(ledger.Posting(
            idem="spent", kind="test", source_kind="test", source_id=acme.pk, actor_id=None, now=NOW,
            legs=ledger.move(prepaid(acme), debit=Account("client_prepaid", acme.id, "USD"), credit=platform("platform_revenue", "USD")),
        ))
    before = LedgerTx.objects.count()
    with pytest.raises(ledger.Overdrawn):
        post(found, finance("Fay"))
    found.refresh_from_db()
    assert (found.state, LedgerTx.objects.count()) == ("draft", before)
    with transaction.atomic():
        corrections.drop(correction_id=found.pk, actor_id=olu.id, now=NOW)
    with pytest.raises(NoSuchMove):
        post(found, finance("Gil"))


def test_what_workers_earned_cannot_be_corrected_away() -> None:
    _mira, acme = client()
    ana = worker()
    batch = launch(acme, usd("10"))
    earn(ana, acme, batch, "2", confirmed=True)
    before = LedgerTx.objects.count()
    for kind in ("worker_available", "stripe_clearing", "batch_reserved"):
        owner = {"worker_available": ana.email, "batch_reserved": str(batch)}.get(kind, "")
        with pytest.raises(corrections.BreaksBooks):
            draft(acme, finance(), amount=usd("1"), debit_kind=kind, debit_owner=owner, credit_kind="platform_revenue", credit_owner="")
    assert (LedgerTx.objects.count(), Correction.objects.count()) == (before, 0)


def test_what_is_broken_can_be_made_good_and_the_dry_run_says_so() -> None:
    _mira, acme = client()
    people.pay_in(acme, usd("7"))
    assert [each.name for each in invariants.findings() if not each.ok and each.name != "guard"] == [CLEARING]
    found = draft(acme, finance(), amount=usd("7"), credit_kind="stripe_clearing", credit_owner="")
    assert corrections.try_out(found, now=NOW).mends == [CLEARING]
    post(found, finance("Fay"))
    assert [each.name for each in invariants.findings() if not each.ok and each.name != "guard"] == []
    with pytest.raises(corrections.BreaksBooks):
        draft(acme, finance(), amount=usd("7"), credit_kind="stripe_clearing", credit_owner="")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "short"}, "reason"), ({"amount": usd("0")}, "amount"), ({"amount": Money(100, "PLN")}, "amount"),
        ({"debit_kind": "gold"}, "debit_kind"), ({"credit_owner": "nobody"}, "credit_owner"), ({"credit_owner": "x\x00"}, "credit_owner"),
        ({"credit_owner": "00000000-0000-7000-8000-000000000001"}, "credit_owner"),
        ({"credit_kind": "platform_losses", "credit_owner": ""}, "credit_kind"), ({"mismatch_id": Mismatch().pk}, "mismatch"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_by_its_field(wrong: dict[str, Any], field: str) -> None:
    _mira, acme = payer()
    with pytest.raises(Invalid) as refused:
        draft(acme, finance(), **wrong)
    assert refused.value.field == field and not Correction.objects.exists()


def test_the_pages_show_the_dry_run_and_let_the_second_person_post() -> None:
    _mira, acme = payer()
    with transaction.atomic():
        named = mismatches.name(kind="movement_unexplained", subject="topup txn_1", now=NOW)
    olu, fay = signed_in(finance()), signed_in(finance("Fay"))
    assert f"?mismatch={named.pk}" in text(olu.get("/ops/ledger/"))
    form = {
        "debit_kind": "platform_losses", "credit_kind": "client_prepaid", "credit_owner": acme.slug, "amount": "3", "currency": "USD",
        "reason": WHY, "mismatch": str(named.pk),
    }  # fmt: skip
    assert "topup txn_1" in text(olu.get(f"/ops/ledger/corrections/?mismatch={named.pk}"))
    refused = olu.post("/ops/ledger/corrections/", form | {"credit_owner": "nobody"})
    assert refused.status_code == 422 and b"Nobody of this name" in refused.content
    page = olu.post("/ops/ledger/corrections/", form, follow=True)
    found = Correction.objects.get()
    assert all(said in text(page) for said in ("Dry run", "Client prepaid, Mira Ltd", "Somebody else of finance posts it"))
    assert b"A correction waits for a second person" in fay.get("/ops/today/money/").content
    address = f"/ops/ledger/corrections/{found.pk}/"
    assert "Post it" in text(fay.get(address))
    assert olu.post(f"{address}post/").status_code in (302, 403)
    reauthenticate(olu)
    assert olu.post(f"{address}post/").status_code == 403 and prepaid(acme) == usd("20")
    reauthenticate(fay)
    assert fay.post(f"{address}post/").status_code == 302
    assert prepaid(acme) == usd("23") and "Posted by Fay" in text(olu.get(address))
    assert "Posted" in text(olu.get("/ops/ledger/corrections/"))
    for eve in (worker("Eve"), client("Eve")[0]):
        assert Client.get(signed_in(eve), address).status_code == 403


def test_programs_draft_post_and_drop_and_eve_does_not() -> None:
    _mira, acme = payer()
    olu, fay = (callers.Caller(finance(name), ["ops", "payments"]) for name in ("Olu", "Fay"))
    body = {
        "debit_kind": "platform_losses", "credit_kind": "client_prepaid", "credit_owner": acme.slug,
        "amount": {"amount": "3", "currency": "USD"}, "reason": WHY,
    }  # fmt: skip
    status, made = olu.post("ops/corrections/", body, key="once")
    assert status == 201 and made["sides"][1]["after"]["amount"] == "23.0000" and made["breaks"] == []
    assert olu.post("ops/corrections/", body, key="once") == (201, made)
    assert olu.post("ops/corrections/", body | {"debit_kind": "worker_available", "debit_owner": "x"})[0] == 422
    assert olu.post(f"ops/corrections/{made['id']}/post/")[0] == 403
    eve = callers.Caller(worker("Eve"), ["payments"])
    assert eve.post(f"ops/corrections/{made['id']}/post/")[0] == eve.post("ops/corrections/", body)[0] == 403
    assert (Correction.objects.count(), prepaid(acme)) == (1, usd("20"))
    assert fay.post(f"ops/corrections/{made['id']}/post/")[1]["state"] == "posted"
    assert fay.post(f"ops/corrections/{made['id']}/drop/")[0] == 409
    assert fay.get(f"ops/corrections/{made['id']}/")[1]["sides"] == []
    assert [one["state"] for one in fay.get("ops/corrections/")[1]["results"]] == ["posted"]
    assert fay.get("ops/corrections/00000000-0000-7000-8000-000000000001/")[0] == 404
