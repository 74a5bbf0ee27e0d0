"""The hourly floor: what a day fell short of it is paid the night after, once, and nobody's hour can be made up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from kit.models import OutboxEvent
from marketplace import batches, floors, pace, pricing, review
from marketplace.models import Batch, Submission
from marketplace.views import words
from payments import pools, queries
from payments.models import Earning
from tests import market, people
from tests.marketplace import pay

pytestmark = pytest.mark.django_db(transaction=True)
NOW = pay.NOW
NIGHT = NOW + dt.timedelta(days=1)
USUAL = pace.Pace(1_000, 60_000)

PIECES = st.lists(
    st.builds(
        pricing.Piece, active_ms=st.integers(0, 10**7), earned_units=st.integers(0, 10**5),
        floor_per_hour_units=st.integers(0, 10**6), pace=st.just(USUAL),
    ),
    max_size=30,
)  # fmt: skip


@pytest.mark.django_db(transaction=False)
@given(pieces=PIECES)
def test_a_top_up_brings_the_counted_time_to_the_floor_and_never_takes(pieces: list[pricing.Piece]) -> None:
    kept = [piece for piece in pieces if piece.active_ms >= 1_000]
    wanted = sum(min(piece.active_ms, 60_000) * piece.floor_per_hour_units for piece in kept)
    lines = pricing.top_up(pieces, day="2026-11-16")
    paid = sum(piece.earned_units for piece in kept) + pricing.total(lines)
    assert all(line.units > 0 for line in lines) and len(lines) <= 1
    assert paid * 3_600_000 >= wanted - 1_800_000
    if lines:
        assert abs(paid * 3_600_000 - wanted) <= 1_800_000, "to the floor and no further"


def test_made_up_times_of_a_few_do_not_move_what_is_usual() -> None:
    honest = [20_000 + 400 * at for at in range(60)]
    before, after = pace.usual(honest, expected_ms=30_000), pace.usual([*honest, *[3_600_000] * 15], expected_ms=30_000)
    assert before.low_ms < 20_000 and 44_000 < before.high_ms < 120_000
    assert after.high_ms < 3 * before.high_ms < 3_600_000
    assert pace.usual([5] * 19, expected_ms=30_000) == pace.Pace(0, 90_000), "too few times say nothing"


def worked(batch: Batch, name: str, *seconds: int, at: dt.datetime = NOW) -> Any:
    """A worker who spent so much active time on each of their answers."""
    worker = people.worker(name)
    for length in seconds:
        made = market.work(worker, now=at)
        assert made is not None
        Submission.objects.filter(pk=made.submission_id).update(active_ms=1_000 * length)
    return worker


def launched(**options: Any) -> Batch:
    mira, shop = people.client()
    terms = {"floor_per_hour_units": 120_000, "floor_pool_bp": 10_000, "expected_seconds": 30, "price": "0.10"}
    return market.launched(mira, shop, **(terms | options))


def test_a_day_below_the_floor_is_topped_up_the_night_after_and_once() -> None:
    batch = launched(texts=6)
    ana, wen = worked(batch, "Ana", 60, 90), worked(batch, "Wen", 20)
    assert floors.pay_night(now=NOW) == 0, "the day is not over"
    assert floors.pay_night(now=NIGHT) == 1 and floors.pay_night(now=NIGHT) == 0
    assert pay.earned(ana, "floor") == [150 * 120_000 // 3_600 - 2_000], "150 s at 12 an hour less two answers at 0.10"
    assert pay.earned(wen, "floor") == [], "20 s at 12 an hour are less than 0.10"
    (view,) = queries.single_views(Earning.objects.filter(source_kind="floor"))
    assert view.lines[0].rule == "floor-1" and view.lines[0].inputs["active_ms"] == 150_000
    assert view.fee.units == pricing.fee_on(view.amount.units, batch.terms["fee_bp"]) > 0
    left = pools.of(batch_id=batch.pk, name="floor")
    assert left.spent == view.amount.units + view.fee.units
    pay.books_hold()


def test_time_beyond_the_usual_counts_no_more_and_the_quick_are_left_out() -> None:
    batch = launched(texts=30)
    worked(batch, "Ben", *[30] * 12)
    worked(batch, "Cleo", *[32] * 12)
    speeder, sleeper = worked(batch, "Sam", 1), worked(batch, "Zoe", 3_000)
    floors.pay_night(now=NIGHT)
    assert pay.earned(speeder, "floor") == []
    (topped,) = pay.earned(sleeper, "floor")
    assert topped < 120_000 * 80 // 3_600 - 1_000, "not the 50 minutes that were measured"


def test_rejected_work_is_no_hour_and_what_is_rejected_later_keeps_its_top_up() -> None:
    mira, shop = people.client()
    batch = market.launched(
        mira, shop, texts=4, price="0.10", review_rule="client", floor_per_hour_units=120_000, floor_pool_bp=10_000,
        expected_seconds=60,
    )
    ana, wen = worked(batch, "Ana", 80), worked(batch, "Wen", 80)

    def reject(worker: Any) -> None:
        with transaction.atomic():
            row = Submission.objects.get(worker_id=worker.id)
            review.judge(submission=row, judgement=review.Judgement("reject", "wrong", "1"), judge_id=mira.id, now=NIGHT)

    reject(ana)
    floors.pay_night(now=NIGHT)
    before = pay.earned(wen, "floor")
    reject(wen)
    floors.pay_night(now=NIGHT)
    assert pay.earned(ana, "floor") == [] and pay.earned(wen, "floor") == before != []
    pay.books_hold()


def test_a_dry_pool_pays_all_the_same_from_losses_and_finance_hears_of_it() -> None:
    batch = launched(texts=2, floor_pool_bp=1)
    pools.Pool.objects.filter(batch_id=batch.pk).update(given_units=0)
    ana = worked(batch, "Ana", 90)
    assert floors.pay_night(now=NIGHT) == 1
    earning = Earning.objects.get(worker_id=ana.id, source_kind="floor")
    assert earning.from_losses and earning.fee_units == 0 and earning.confirmed_units == earning.amount_units
    assert OutboxEvent.objects.filter(name="reserve.dry").exists()
    pay.books_hold()


def test_the_reserve_holds_what_answers_at_the_expected_time_lack() -> None:
    mira, shop = people.client()
    made = market.project(mira, shop, price="0.10", floor_per_hour_units=240_000, expected_seconds=60, floor_pool_bp=0)
    reserve = batches.reserve_for(market.batch(made, mira, texts=10), now=NOW)
    assert reserve.floor_pool >= 10 * (4_000 - 1_000)


def test_a_batch_keeps_its_pool_for_the_night_after_its_end_and_then_gives_it_back() -> None:
    batch = launched(texts=1)
    ana = worked(batch, "Ana", 45)
    pay.deliver()
    with transaction.atomic():
        batches.close(batch=batch, actor_id=None, now=NOW)
    for now, state in ((NOW, "closed"), (NIGHT, "closed"), (NOW + dt.timedelta(days=3), "settled")):
        if now == NIGHT:
            assert floors.pay_night(now=now) == 1
        with transaction.atomic():
            row = Batch.objects.select_related("project").get(pk=batch.pk)
            assert batches.advance(batch=row, now=now) == state
    assert not Earning.objects.filter(from_losses=True).exists() and pay.earned(ana, "floor")
    assert people.prepaid(batch.project.organisation).units == 1_000_000 - sum(
        row.amount_units + row.fee_units for row in Earning.objects.all()
    )
    pay.books_hold()


def test_a_top_up_tells_in_words_what_it_was_computed_from() -> None:
    piece = pricing.Piece(active_ms=150_000, earned_units=2_000, floor_per_hour_units=120_000, pace=pace.Pace(1_000, 120_000))
    (shown,) = words.pay_lines(pricing.top_up([piece], day="2026-11-16"), "USD")
    assert shown["reason"] == (
        "2026-11-16: 2 min 0 s of active time at 12.00 USD an hour make 0.40 USD, you earned 0.20 USD; of 2 min 30 s measured, "
        "what is far beyond or below the usual does not count"
    )
    terms = {"price_units": 200, "unit": "boxes", "most_units": 5, "country_bp": 8_000, "country": "IN", "multiplier_bp": 11_000}
    told = [line["reason"] for line in words.pay_lines(pricing.quote(terms, count=3, round=3), "USD")]
    assert told == [
        "3 × 0.02 USD, by boxes; one at least, 5 at most are paid", "base × 0.80: the client's price in India",
        "0.0480 USD × 1.10, as the lower end of your score was at 95 % or more",
        "round 3: 25 % of the base for coming back more than once",
    ]
