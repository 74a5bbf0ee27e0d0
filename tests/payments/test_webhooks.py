"""What Stripe says is believed only when it is signed, fresh and meant for the door; then it is kept once and applied in any order."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from django.db import transaction
from django.test import Client
from django.utils import timezone

from kit.models import OutboxEvent
from payments import jobs, ledger, payout_accounts, payout_runs, queries, sending, stripe_events
from payments.chart import Account
from payments.models import BankPayout, Mismatch, Payout, PayoutAccount, StripeEvent
from tests.payments.cast import NOW, client, earn, launch, usd, worker
from tests.payments.conftest import ready
from tests.stripe_double.running import Running

pytestmark = pytest.mark.filterwarnings("ignore:No directory at")

SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "thin": "whsec_thin"}


@pytest.fixture(autouse=True)
def _doors(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET_PLATFORM = SECRETS["platform"]
    settings.STRIPE_WEBHOOK_SECRET_CONNECT = SECRETS["connect"]
    settings.STRIPE_WEBHOOK_SECRET_THIN = SECRETS["thin"]
    settings.STRIPE_LIVEMODE = False


def snapshot(**changes: Any) -> dict[str, Any]:
    body = {
        "id": "evt_1", "object": "event", "type": "invoice.created", "created": 1_790_000_000, "livemode": False,
        "data": {"object": {"id": "in_1"}},
    }  # fmt: skip
    return body | changes


def thin(**changes: Any) -> dict[str, Any]:
    body = {
        "id": "evt_test_2", "object": "v2.core.event", "type": "v2.core.account.closed", "livemode": False,
        "created": "2026-11-16T09:00:00.000Z", "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/"},
    }  # fmt: skip
    return body | changes


def knock(body: Any, *, door: str = "platform", secret: str | None = None, age: int = 0, header: str | None = None) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = int(time.time()) - age
    if header is None:
        text = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
        text = raw.decode("latin-1") if "\udc80" <= max(text, default="") <= "\udcff" else text
        header = stripe.WebhookSignature.generate_signature_header(text, secret or SECRETS[door], moment)
    answer = Client(raise_request_exception=False).post(
        f"/webhooks/stripe/{door}/", raw, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return answer.status_code


@pytest.mark.django_db
def test_a_good_event_is_kept_once_however_often_it_comes() -> None:
    assert [knock(snapshot()) for _twice in range(2)] == [200, 200]
    assert knock(snapshot(account="acct_1", id="evt_3"), door="connect") == 200
    assert knock(thin(), door="thin") == 200
    kept = {event.pk: (event.endpoint, event.object_id, event.account) for event in StripeEvent.objects.all()}
    assert kept == {
        "evt_1": ("platform", "in_1", ""), "evt_3": ("connect", "in_1", "acct_1"), "evt_test_2": ("thin", "acct_1", ""),
    }  # fmt: skip


@pytest.mark.drill
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "how"),
    [
        (snapshot(), {"secret": "whsec_wrong"}),
        (snapshot(), {"secret": SECRETS["connect"]}),
        (snapshot(), {"age": 301}),
        (snapshot(), {"age": -86_400}),
        (snapshot(), {"header": ""}),
        (snapshot(), {"header": "v1=junk"}),
        (snapshot(), {"header": "t=1,v1=\udcff"}),
        (json.dumps(snapshot()).encode("utf-16"), {}),
        (b"\xff\xfe{}", {}),
        (b"", {}),
        (b"not json", {}),
        (b"[" * 50_000, {}),
        (b"[]", {}),
        (b"null", {}),
        (snapshot(livemode=True), {}),
        (snapshot(livemode=None), {}),
        (thin(), {}),
        (snapshot(), {"door": "thin"}),
        (snapshot(), {"door": "connect"}),
        (snapshot(account="acct_1"), {}),
        (snapshot(account=["acct_1"]), {"door": "connect"}),
        (snapshot(id="evt_'; drop"), {}),
        (snapshot(id=None), {}),
        (snapshot(type="x\u0000y"), {}),
        (snapshot(data=None), {"door": "thin"}),
        (snapshot(data={"object": "in_1"}), {}),
        (snapshot(created="yesterday"), {}),
        (snapshot(created=10**30), {}),
        (snapshot(pad="x" * 300_000), {}),
        (snapshot(pad="x" * 10_500_000), {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_forged_event_is_refused_and_nothing_is_kept(body: Any, how: dict[str, Any]) -> None:
    assert knock(body, **how) == 400
    assert not StripeEvent.objects.exists()


@pytest.mark.django_db
def test_a_door_without_its_secret_opens_for_nobody(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET_PLATFORM = ""
    assert knock(snapshot(), secret="") == 400
    assert knock(snapshot()) == 400


@pytest.mark.django_db
def test_only_posts_are_heard() -> None:
    assert Client().get("/webhooks/stripe/platform/").status_code == 405


@pytest.fixture
def told(tmp_path: Path, settings: Any, live_server: Any) -> Iterator[Running]:
    """A double that knows our doors and tells them everything, twice now and then and in any order."""
    options = ["--webhook-url", f"{live_server.url}/webhooks/stripe", "--webhook-secret", SECRETS["platform"]]
    options += ["--connect-webhook-secret", SECRETS["connect"], "--thin-webhook-secret", SECRETS["thin"]]
    running = Running(tmp_path / "told.sqlite3", *options, "--payout-delay", "360000", "--bank-delay", "360000")
    settings.STRIPE_API_BASE = running.url
    yield running
    running.stop()


def eventually(question: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not question():
        assert time.monotonic() < end, "waited in vain"
        jobs.apply_stripe_events()
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_events_of_a_real_rail_arrive_and_change_what_they_are_about(told: Running) -> None:
    told.control("faults", {"webhooks": {"doubled_rate": 0.5, "shuffle_seconds": 0.2, "seed": 3}})
    ana = worker()
    account = payout_accounts.open_account(user=ana, country="DE", now=timezone.now())
    told.control(f"accounts/{account.rail_account}/onboard", {})
    eventually(lambda: PayoutAccount.objects.get(pk=account.pk).state == "active")
    assert OutboxEvent.objects.filter(name="payout_account.ready").get().payload["user_id"] == str(ana.id)


def sent_payout(rail: Running, text: str = "5") -> tuple[Payout, PayoutAccount]:
    ana = worker()
    account = ready(ana, rail)
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("100")), text, confirmed=True)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=None, now=NOW, worker_ids=[ana.id])
        payout_runs.approve(run_id=run.pk, actor_id=None, now=NOW)
    sending.send_round(clock=lambda: NOW, limit=10)
    return Payout.objects.get(worker=ana), account


def bank_event(rail: Running, account: PayoutAccount, bank_payout: str, ident: str, kind: str = "payout.updated") -> StripeEvent:
    return StripeEvent.objects.create(
        id=ident, endpoint="connect", type=kind, account=account.rail_account or "", object_id=bank_payout, body="",
        happened_at=NOW, received_at=NOW, due_at=NOW,
    )  # fmt: skip


def bank_payouts_of(rail: Running, account: PayoutAccount) -> list[Any]:
    return list(rail.client.v1.payouts.list({}, {"stripe_account": account.rail_account}).data)


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_paid_is_not_the_end_a_bank_may_send_it_back_and_pay_after_all(rail: Running) -> None:
    payout, account = sent_payout(rail)
    assert queries.worker_balances(worker_id=payout.worker_id, currency="USD").on_its_way == usd("5")
    rail.control(f"accounts/{account.rail_account}/pay_out", {})
    first = bank_payouts_of(rail, account)[0].id
    rail.control(f"payouts/{first}/finish", {"outcome": "paid"})
    stripe_events.apply(event_id=bank_event(rail, account, first, "evt_a").pk, now=NOW)
    payout.refresh_from_db()
    assert payout.state == "paid"
    assert queries.worker_balances(worker_id=payout.worker_id, currency="USD").on_its_way == usd("0")
    rail.control(f"payouts/{first}/finish", {"outcome": "failed", "failure_code": "no_account"})
    stripe_events.apply(event_id=bank_event(rail, account, first, "evt_b").pk, now=NOW)
    payout.refresh_from_db()
    assert (payout.state, payout.fault) == ("failed", "no_account")
    # The bank details are new, Stripe pays again: the same money in another payout to the bank.
    rail.advance(5)
    rail.control(f"accounts/{account.rail_account}/onboard", {})
    rail.control(f"accounts/{account.rail_account}/pay_out", {})
    second = next(each.id for each in bank_payouts_of(rail, account) if each.id != first)
    rail.control(f"payouts/{second}/finish", {"outcome": "paid"})
    stripe_events.apply(event_id=bank_event(rail, account, second, "evt_c").pk, now=NOW)
    stripe_events.apply(event_id=bank_event(rail, account, first, "evt_d").pk, now=NOW)
    payout.refresh_from_db()
    assert payout.state == "paid"
    names = OutboxEvent.objects.filter(name__startswith="payout.", payload__payout_id=str(payout.pk)).order_by("id")
    assert list(names.values_list("name", flat=True)) == ["payout.sent", "payout.paid", "payout.failed", "payout.paid"]
    assert ledger.balance(Account("worker_available", payout.worker_id, "USD")) == usd("0")


@pytest.mark.django_db(transaction=True)
def test_old_news_of_a_bank_payout_changes_nothing(rail: Running) -> None:
    payout, account = sent_payout(rail)
    rail.control(f"accounts/{account.rail_account}/pay_out", {})
    bank = bank_payouts_of(rail, account)[0].id
    BankPayout.objects.create(
        id=bank, account=account, amount_units=1, currency="USD", status="failed", created_at=NOW
    )
    stripe_events.apply(event_id=bank_event(rail, account, bank, "evt_old").pk, now=NOW)
    payout.refresh_from_db()
    assert (payout.state, BankPayout.objects.get(pk=bank).status) == ("sent", "failed")


@pytest.mark.django_db(transaction=True)
def test_lost_news_is_found_by_asking(rail: Running) -> None:
    payout, account = sent_payout(rail)
    Payout.objects.filter(pk=payout.pk).update(sent_at=timezone.now() - dt.timedelta(hours=2))
    rail.control(f"accounts/{account.rail_account}/pay_out", {})
    rail.control(f"payouts/{bank_payouts_of(rail, account)[0].id}/finish", {"outcome": "paid"})
    jobs.read_bank_payouts()
    payout.refresh_from_db()
    assert payout.state == "paid"
    assert stripe_events.backfill(now=timezone.now()) > 0
    assert stripe_events.backfill(now=timezone.now()) == 0
    assert StripeEvent.objects.filter(type="transfer.created", endpoint="platform").exists()
    assert StripeEvent.objects.filter(endpoint="thin", object_id=account.rail_account).exists()


@pytest.mark.django_db(transaction=True)
def test_new_bank_details_hold_payouts_only_after_the_account_was_ready(rail: Running) -> None:
    _payout, account = sent_payout(rail)
    for ident, moment in (("evt_before", NOW), ("evt_after", NOW + dt.timedelta(hours=1))):
        event = bank_event(rail, account, "ba_1", ident, "account.external_account.updated")
        StripeEvent.objects.filter(pk=ident).update(happened_at=moment)
        stripe_events.apply(event_id=event.pk, now=NOW)
        account.refresh_from_db()
        assert (account.details_changed_at is not None) is (ident == "evt_after")


@pytest.mark.django_db(transaction=True)
def test_money_moved_in_a_way_that_no_software_handles_is_named_for_a_person() -> None:
    event = StripeEvent.objects.create(
        id="evt_x", endpoint="platform", type="transfer.reversed", object_id="tr_1", body="", happened_at=NOW,
        received_at=NOW, due_at=NOW,
    )  # fmt: skip
    assert stripe_events.apply(event_id=event.pk, now=NOW)
    assert Mismatch.objects.get().subject == "transfer.reversed tr_1"


@pytest.mark.django_db(transaction=True)
def test_an_event_waits_while_the_rail_is_silent(settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_API_KEY = ""
    event = StripeEvent.objects.create(
        id="evt_y", endpoint="platform", type="checkout.session.completed", object_id="cs_1", body="", happened_at=NOW,
        received_at=NOW, due_at=NOW,
    )  # fmt: skip
    assert stripe_events.take_due(now=NOW, limit=5) == ["evt_y"]
    assert stripe_events.apply(event_id=event.pk, now=NOW) is False
    assert stripe_events.take_due(now=NOW + dt.timedelta(seconds=1), limit=5) == []
    assert stripe_events.take_due(now=NOW + dt.timedelta(seconds=3), limit=5) == ["evt_y"]
