"""The API of money, for programs of workers, clients and finance."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from kit.ids import uuid7
from payments import sending
from payments.models import Funding, Payout, PayoutRun
from tests.payments.cast import client, earn, finance, launch, usd, worker
from tests.payments.conftest import ready
from tests.stripe_double.running import Running
from workers import tokens
from workers.models import Membership

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]


def program(user: Any, *scopes: str, organisation: Any = None) -> APIClient:
    """A program with a token of this person."""
    owner = organisation.pk if organisation else None
    made = tokens.make(user_id=user.pk, name="test", scopes=list(scopes), now=timezone.now(), organisation_id=owner)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {made.key}")
    return api


def test_a_worker_reads_balances_lines_and_payouts(rail: Running) -> None:
    ana, olu = worker(), finance()
    _mira, acme = client()
    ready(ana, rail)
    batch = launch(acme, usd("100"))
    earn(ana, acme, batch, "2.5044", confirmed=True)
    earn(ana, acme, batch, "1")
    api = program(ana, "payments")
    held = api.get("/api/v1/me/money/").json()["balances"][0]
    assert held["available"] == {"amount": "2.5044", "currency": "USD"}
    assert held["in_review"]["amount"] == "1.0000"
    lines = api.get("/api/v1/me/earnings/?limit=1").json()
    assert lines["next"] is not None
    assert lines["results"][0]["lines"][0]["rule"] == "piece_rate/1"
    api_olu = program(olu, "payments")
    run = api_olu.post("/api/v1/ops/payout-runs/", {"currency": "USD", "minimum": "0"}, format="json").json()
    assert (run["payouts"], run["total"]["amount"], run["state"]) == (1, "2.5000", "draft")
    assert api_olu.post(f"/api/v1/ops/payout-runs/{run['id']}/approve/").json()["state"] == "approved"
    sending.send_round(clock=timezone.now, limit=10)
    far = api_olu.get(f"/api/v1/ops/payout-runs/{run['id']}/").json()
    assert [(each["state"], each["payouts"]) for each in far["progress"]] == [("sent", 1)]
    tried = api_olu.get(f"/api/v1/ops/payout-runs/{run['id']}/payouts/").json()["results"][0]["attempts"]
    assert [(each["state"], each["transfer"][:3]) for each in tried] == [("known", "tr_")]
    payout = api.get("/api/v1/me/payouts/").json()["results"][0]
    assert (payout["amount"]["amount"], payout["carry_out"]["amount"], payout["state"]) == ("2.5000", "0.0044", "sent")


def test_a_worker_opens_a_payout_account_and_gets_a_link(rail: Running) -> None:
    ana = worker()
    api = program(ana, "payments")
    assert api.get("/api/v1/me/payout-account/").status_code == 404
    assert api.post("/api/v1/me/payout-account/", {"country": "Germany"}, format="json").status_code == 422
    made = api.post("/api/v1/me/payout-account/", {"country": "DE"}, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "started")
    assert api.post("/api/v1/me/payout-account/link/").json()["url"].startswith(rail.url)


def test_a_client_starts_a_payment_once_per_key(rail: Running) -> None:
    mira, acme = client()
    api = program(mira, "client:read", "client:write", organisation=acme)
    order = {"amount": {"amount": "25.00", "currency": "USD"}}
    first = api.post("/api/v1/billing/fundings/", order, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    again = api.post("/api/v1/billing/fundings/", order, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, first.json()) == (201, again.json())
    assert Funding.objects.count() == 1
    assert first.json()["url"].startswith(rail.url)
    assert api.get("/api/v1/billing/").json()["balances"][0]["prepaid"]["amount"] == "0.0000"
    assert api.get(f"/api/v1/billing/fundings/{first.json()['id']}/").json()["state"] == "open"
    assert len(api.get("/api/v1/billing/fundings/").json()["results"]) == 1


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "1.00", "currency": "XXX"}, {"amount": "1.005", "currency": "USD"}, {"amount": "-1", "currency": "USD"},
        {"amount": 1, "currency": "USD"}, {"amount": "1e99", "currency": "USD"}, "1.00", None,
    ],
)  # fmt: skip
def test_a_wrong_amount_is_told_and_nothing_is_kept(amount: Any) -> None:
    mira, acme = client()
    api = program(mira, "client:write", organisation=acme)
    said = api.post("/api/v1/billing/fundings/", {"amount": amount}, format="json")
    assert said.status_code == 422
    assert not Funding.objects.exists()


def test_others_are_refused_and_nothing_moves() -> None:
    ana, (eve, _other), (mira, acme), olu = worker(), client("Eve"), client(), finance()
    for api in (program(ana, "payments"), program(eve, "payments"), program(mira, "payments"), APIClient()):
        assert api.post("/api/v1/ops/payout-runs/", {"currency": "USD"}, format="json").status_code in (401, 403)
        assert api.get("/api/v1/ops/ledger/").status_code in (401, 403)
    assert program(olu, "ops").post("/api/v1/ops/payout-runs/", {"currency": "USD"}, format="json").status_code == 403
    assert program(ana, "work").get("/api/v1/me/money/").status_code == 403
    viewer = program(mira, "client:write", organisation=acme)
    Membership.objects.filter(user=mira).update(role="viewer")
    said = viewer.post(
        "/api/v1/billing/fundings/", {"amount": {"amount": "5.00", "currency": "USD"}}, format="json"
    )
    assert said.status_code == 403
    assert not PayoutRun.objects.exists()
    assert not Funding.objects.exists()


def test_runs_are_cancelled_resumed_and_missed_by_name() -> None:
    api = program(finance(), "payments")
    run = api.post("/api/v1/ops/payout-runs/", {"currency": "EUR"}, format="json").json()
    assert api.post(f"/api/v1/ops/payout-runs/{run['id']}/approve/").json()["code"] == "nothing_to_pay"
    assert api.post(f"/api/v1/ops/payout-runs/{run['id']}/resume/").status_code == 409
    assert PayoutRun.objects.get().state == "draft"
    assert api.post(f"/api/v1/ops/payout-runs/{run['id']}/cancel/").json()["state"] == "cancelled"
    for verb in ("approve", "cancel", "resume"):
        assert api.post(f"/api/v1/ops/payout-runs/{uuid7()}/{verb}/").status_code == 404
    assert api.post("/api/v1/ops/payout-runs/", {"currency": "USD", "minimum": "-1"}, format="json").status_code == 422
    assert api.get("/api/v1/ops/mismatches/?cursor=rubbish").status_code == 422
    assert api.get("/api/v1/ops/ledger/").json()["open_mismatches"] == 0
    assert not Payout.objects.exists()
