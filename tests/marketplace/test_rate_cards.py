"""Rate cards: dated prices by the task or by a counted unit, by country, by bill; frozen at the lease, covered by the reserve."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import Invalid
from marketplace import batches, estimates, pricing, projects, raises, review, settlement
from marketplace.models import Batch, Lease, Queue, Rate, Submission
from payments import funding, queries
from payments.models import Earning
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.api import callers

pytestmark = pytest.mark.django_db(transaction=True)
NOW = pay.NOW

PRICES = st.integers(1, 50_000)


@given(
    price=PRICES, most=st.integers(1, 200), found=st.integers(0, 1_000), there=st.integers(2_500, 20_000),
    low=st.one_of(st.none(), st.integers(0, 10_000)), fee=st.integers(0, 3_000), over=st.integers(0, 5_000), billed=st.booleans(),
)  # fmt: skip
def test_no_answer_ever_costs_more_than_its_slot_holds(
    price: int, most: int, found: int, there: int, low: int | None, fee: int, over: int, billed: bool
) -> None:
    queue: dict[str, Any] = {"price_units": price, "unit": "boxes", "most_units": most, "countries": {"IN": there}, "fee_bp": fee}
    if billed:
        queue["bill_units"] = pricing.most_pay(pricing.half_even(price * max(there, 10_000), 10_000)) + over
    lease = queue | {"country_bp": there, "country": "IN", "multiplier_bp": pricing.band_of(low)}
    lines = pricing.quote(lease, count=pricing.counted(lease, {"boxes": found}))
    paid, charged = pricing.total(lines), pricing.fee_of(lines, lease)
    assert paid == sum(line.units for line in lines) > -1 and charged >= 0
    assert paid + charged <= pricing.most_cost(queue)
    assert all(line.rule and line.inputs for line in lines)
    if billed:
        assert paid + charged in (queue["bill_units"] * lines[0].inputs["count"], paid)


def test_boxes_are_paid_by_the_box_one_at_least_and_no_more_than_the_most() -> None:
    batch = pay.launched_boxes(pay.payer(), pictures=3)
    ana = people.worker()
    made = [pay.draw(ana, count) for count in (3, 0, 9)]
    assert [one.units for one in made] == [600, 200, 1_000]
    (line,) = made[2].lines
    assert (line.rule, line.inputs) == ("units-1", {"price_units": 200, "count": 5, "unit": "boxes", "most": 5})
    assert funding.reserved(batch_id=batch.pk, currency="USD").units >= 0
    pay.books_hold()


def test_the_reserve_and_the_estimate_hold_the_most_boxes() -> None:
    client = pay.payer()
    made = pay.boxes(client)
    draft = market.batch(made, client[0], texts=10)
    reserve = batches.reserve_for(draft, now=NOW)
    assert reserve.answers == 10 * pricing.most_pay(1_000)
    estimate = estimates.before_launch(draft, now=NOW)
    assert (estimate.pay.low, estimate.pay.expected, estimate.pay.high) == tuple(
        people.usd(text) for text in ("0.20", "0.60", "1.10")
    )
    assert estimate.total.high <= estimate.reserve


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"unit": "cats"}, "unit"), ({"unit": "boxes", "kind": "review"}, "unit"), ({"unit": "boxes", "most_units": 0}, "most_units"),
        ({"most_units": 2}, "most_units"), ({"unit": "boxes", "most_units": 10_000}, "most_units"),
    ],
)
def test_a_price_by_a_unit_that_nobody_counts_is_refused(wrong: dict[str, Any], field: str) -> None:
    client = pay.payer()
    made = pay.boxes(client)
    with pytest.raises(Invalid) as refused, transaction.atomic():
        projects.set_rate(project=made, amount=people.usd("0.20"), actor_id=client[0].id, now=NOW, **wrong)
    assert refused.value.field == field and Rate.objects.count() == 2


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(prices=st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_a_lower_price_never_reaches_a_lease_that_exists(prices: list[int]) -> None:
    mira, shop = pay.payer()
    batch = market.launched(mira, shop, texts=len(prices), price="0.20")
    held = []
    for at, cents in enumerate(prices):
        worker, promised = people.worker(f"W{at}"), batch.queues.get(kind="answer").terms["price_units"]
        held.append((worker, market.take(worker), promised))
        pay.reprice(batch.project, mira, f"0.{cents:02d}")
        assert batch.queues.get(kind="answer").terms["price_units"] == cents * 100
    for worker, lease, promised in held:
        assert lease is not None and market.answer(worker, lease).units == promised
    pay.books_hold()
    assert funding.reserved(batch_id=batch.pk, currency="USD").units >= 0


def test_a_higher_price_waits_for_new_leases_until_the_reserve_covers_it() -> None:
    mira, shop = pay.payer("1")
    batch = market.launched(mira, shop, fund="0.01", texts=2, price="0.10")
    with pytest.raises(funding.InsufficientFunds):
        pay.reprice(batch.project, mira, "5.00")
    assert not Rate.objects.filter(amount_units=50_000).exists()
    with transaction.atomic():
        projects.set_rate(project=batch.project, amount=people.usd("5.00"), actor_id=mira.id, now=NOW)
    queue = Queue.objects.get(batch=batch, kind="answer")
    assert queue.terms["price_units"] == 1_000, "uncovered: the old price stays"
    people.pay_in(shop, people.usd("20"))
    assert raises.begin_due(now=NOW) == 1 == raises.begin_due(now=NOW)
    queue.refresh_from_db()
    batch.refresh_from_db()
    assert queue.terms["price_units"] == 50_000
    assert funding.reserved(batch_id=batch.pk, currency="USD").units == batch.reserved_units
    ana = people.worker()
    assert [market.work(ana).units for _ in range(2)] == [50_000, 50_000]  # type: ignore[union-attr]
    pay.books_hold()


def test_a_dated_price_begins_by_itself() -> None:
    mira, shop = pay.payer()
    batch = market.launched(mira, shop, price="0.10")
    later = NOW + dt.timedelta(days=2)
    with transaction.atomic():
        projects.set_rate(project=batch.project, amount=people.usd("0.07"), actor_id=mira.id, now=NOW, valid_from=later)
    raises.begin_due(now=later - dt.timedelta(minutes=1))
    assert batch.queues.get(kind="answer").terms["price_units"] == 1_000
    raises.begin_due(now=later)
    assert batch.queues.get(kind="answer").terms["price_units"] == 700


def test_boxes_that_a_second_round_adds_are_paid_when_it_is_accepted_and_none_are_taken_away() -> None:
    mira, shop = client = pay.payer()
    pay.launched_boxes(client, review_rule="client")
    ana = people.worker()
    first, second = pay.draw(ana, 2), pay.draw(ana, 4)
    for made, then in ((first, 4), (second, 1)):
        submission = Submission.objects.get(pk=made.submission_id)
        with transaction.atomic():
            review.judge(
                submission=submission, judgement=review.Judgement("send_back", "incomplete", "1"), judge_id=mira.id, now=NOW
            )
            lease = market.dispatch.take_up_sent_back(worker_id=ana.id, submission_id=submission.pk, now=NOW)
            market.submissions.submit(worker_id=ana.id, lease_id=lease.lease_id, answer=pay.drawn(then), now=NOW)
    assert pay.earned(ana, "adjustment") == [], "nothing more before somebody accepted it"
    for made in (first, second):
        with transaction.atomic():
            review.judge(
                submission=Submission.objects.get(pk=made.submission_id), judgement=review.Judgement("accept"),
                judge_id=mira.id, now=NOW,
            )
            settlement.pay_grown([made.submission_id], now=NOW)
    views = queries.earnings_of(source_kind="submission", source_ids=[first.submission_id, second.submission_id])
    assert [views[one.submission_id].amount for one in (first, second)] == [people.usd("0.08"), people.usd("0.08")]
    pay.books_hold()


def test_a_country_multiplier_is_open_frozen_and_nobody_elses() -> None:
    mira, shop = pay.payer()
    batch = market.launched(mira, shop, price="0.10", country_bp={"IN": 8_000, "CH": 15_000, "DE": 10_000})
    assert batch.project.country_bp == {"CH": 15_000, "IN": 8_000}
    paid = {code: market.work(people.worker(f"W{code}", country=code)) for code in ("IN", "CH", "DE")}
    assert {code: one.units for code, one in paid.items() if one} == {"IN": 800, "CH": 1_500, "DE": 1_000}
    assert [line.kind for line in paid["IN"].lines] == ["base", "country"]  # type: ignore[union-attr]
    assert batch.reserved_units >= 3 * pricing.most_pay(1_500)
    for wrong in ({"XX": 9_000}, {"IN": 100}, {"IN": "cheap"}):
        with pytest.raises(Invalid), transaction.atomic():
            projects.change(project=batch.project, actor_id=mira.id, now=NOW, country_bp=wrong)
    pay.books_hold()


def test_a_bill_price_is_all_that_the_client_pays_and_bands_cost_the_platform() -> None:
    mira, shop = pay.payer()
    made = market.project(mira, shop, price="0.10", review_rule="client")
    finance = people.ops("Olu", "finance")
    with pytest.raises(Invalid), transaction.atomic():
        projects.set_bill_rate(project=made, amount=people.usd("0.10"), actor_id=finance.id, now=NOW)
    with transaction.atomic():
        projects.set_bill_rate(project=made, amount=people.usd("0.20"), actor_id=finance.id, now=NOW)
    with pytest.raises(Invalid), transaction.atomic():
        projects.set_rate(project=made, amount=people.usd("0.19"), actor_id=mira.id, now=NOW)
    batch = market.launch(market.batch(made, mira), mira)
    assert batch.reserved_units == 3 * 2_000
    ana = people.worker()
    for decision in (review.Judgement("accept"), review.Judgement("accept_share", "wrong", "1", share_bp=5_000)):
        lease = market.take(ana)
        assert lease is not None
        lease.terms["multiplier_bp"] = 11_000
        Lease.objects.filter(pk=lease.lease_id).update(terms=lease.terms)
        handed_in = market.answer(ana, lease)
        with transaction.atomic():
            review.judge(
                submission=Submission.objects.get(pk=handed_in.submission_id), judgement=decision, judge_id=mira.id, now=NOW
            )
    whole, half = Earning.objects.order_by("created_at", "id")
    assert (whole.confirmed_units, whole.confirmed_fee_units) == (1_100, 900)
    assert (half.confirmed_units, half.confirmed_fee_units) == (550, 450)
    pay.books_hold()


def test_rates_and_bill_prices_by_the_api() -> None:
    client = pay.payer()
    made, mira = pay.boxes(client), callers.Caller(client[0], callers.CLIENT, client[1])
    status, rate = mira.post(
        f"projects/{made.pk}/rates/", {"amount": {"amount": "0.03", "currency": "USD"}, "unit": "boxes", "most_units": 8}
    )
    assert (status, rate["unit"], rate["most_units"]) == (201, "boxes", 8)
    status, _refused = mira.patch(f"projects/{made.pk}/", {"floor_per_hour": {"amount": "9.00", "currency": "EUR"}})
    assert status == 422
    status, changed = mira.patch(
        f"projects/{made.pk}/", {"floor_per_hour": {"amount": "9.00", "currency": "USD"}, "country_bp": {"IN": 8_000}}
    )
    assert (status, changed["floor_per_hour"]["amount"], changed["country_bp"]) == (200, "9.0000", {"IN": 8_000})
    bill = {"amount": {"amount": "0.30", "currency": "USD"}}
    assert mira.post(f"projects/{made.pk}/bill-rates/", bill)[0] in (403, 405)
    assert callers.ops("Olu", "pool_manager").post(f"ops/projects/{made.pk}/bill-rates/", bill)[0] == 403
    assert not made.bill_rates.exists()
    assert callers.ops("Fin", "finance").post(f"ops/projects/{made.pk}/bill-rates/", bill)[0] == 201
    status, bills = mira.get(f"projects/{made.pk}/bill-rates/")
    assert [one["amount"]["amount"] for one in bills["results"]] == ["0.3000"]
    assert Batch.objects.count() == 0
