"""Before a launch: what it will cost and how long it will take, with intervals, and what they rest on."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import transaction

from kit.money import Money
from marketplace import estimates, gold, projects
from marketplace.models import Batch, Project, ProjectTry, Result, Submission
from tests import market, people
from tests.market import NOW

pytestmark = pytest.mark.django_db

RIGHT = {"label": "sunny"}


def draft(texts: int = 100, **options: Any) -> Batch:
    mira, organisation = people.client()
    return market.batch(market.project(mira, organisation, **options), mira, texts=texts)


def of(batch: Batch) -> estimates.Estimate:
    return estimates.before_launch(batch, now=NOW)


def ordered(span: estimates.Span[Any]) -> bool:
    return bool(span.low <= span.expected <= span.high)


def tried(project: Project, *seconds: int) -> None:
    for spent in seconds:
        ProjectTry.objects.create(project=project, person_id=project.created_by_id, seconds=spent, made_at=NOW)


def worked(seconds: list[float], *, every: int = 60, **options: Any) -> tuple[Batch, Batch]:
    """A launched batch whose answers took so long and came in so far apart, and a new draft of the same project."""
    mira, organisation = people.client()
    people.pay_in(organisation, people.usd("1000"))
    made = market.project(mira, organisation, **options)
    done = market.launch(market.batch(made, mira, texts=len(seconds)), mira)
    ana = people.worker()
    for at, spent in enumerate(seconds):
        submitted = market.work(ana)
        assert submitted is not None
        Submission.objects.filter(pk=submitted.submission_id).update(
            active_ms=round(spent * 1000), submitted_at=NOW + dt.timedelta(seconds=every * at)
        )
    return done, market.batch(made, mira, texts=100)


def test_without_anything_known_it_is_a_guess_and_says_so() -> None:
    people.worker()
    estimate = of(draft(100))
    assert (estimate.source, estimate.based_on) == ("a guess", 0)
    assert estimate.seconds == estimates.Span(10.0, pytest.approx(5.0), pytest.approx(20.0))
    assert estimate.answers == estimates.Span(100, 100, 100)
    assert estimate.pay == estimates.Span(people.usd("10"), people.usd("10"), people.usd("11"))
    assert estimate.fee == estimates.Span(people.usd("1.5"), people.usd("1.5"), people.usd("1.65"))
    assert estimate.total == estimates.Span(people.usd("11.5"), people.usd("11.5"), people.usd("12.65"))
    assert estimate.per_hour == estimates.Span(people.usd("36"), people.usd("18"), people.usd("72"))


def test_the_clients_own_tries_count_before_the_guess() -> None:
    batch = draft()
    tried(batch.project, 40)
    estimate = of(batch)
    assert (estimate.source, estimate.based_on) == ("your own tries", 1)
    assert estimate.seconds.expected == pytest.approx(40)
    one = estimate.seconds.high / estimate.seconds.low
    tried(batch.project, 38, 42, 40, 41, 39, 40)
    assert of(batch).seconds.high / of(batch).seconds.low < one, "more tries are a narrower interval"
    tried(batch.project, 10, 160, 12, 150)
    assert of(batch).seconds.high / of(batch).seconds.low > one, "and tries that differ a wider one"


def test_the_last_batches_count_before_everything() -> None:
    _done, batch = worked([10.0] * 10 + [20.0] * 20 + [40.0] * 10, every=60)
    tried(batch.project, 500)
    estimate = of(batch)
    assert (estimate.source, estimate.based_on) == ("your last batches", 40)
    assert estimate.seconds == estimates.Span(20.0, 17.5, 25.0)
    assert estimate.per_hour.expected == people.usd("18")
    assert estimate.finish is not None
    assert estimate.finish.expected == dt.timedelta(minutes=100), "a hundred answers at the pace of one a minute"
    assert (estimate.finish.low, estimate.finish.high) == (dt.timedelta(minutes=50), dt.timedelta(minutes=200))


def test_a_handful_of_answers_is_not_history() -> None:
    _done, batch = worked([10.0] * (estimates.ANSWERS_LEAST - 1))
    assert of(batch).source == "a guess"


def test_a_target_accuracy_makes_the_number_of_answers_uncertain() -> None:
    batch = draft(100, overlap=2, max_overlap=6, target_accuracy_bp=9_500)
    assert of(batch).answers == estimates.Span(400, 200, 600)
    done, later = worked([10.0] * 20, overlap=1, max_overlap=3, target_accuracy_bp=9_500)
    Result.objects.filter(batch=done).delete()
    for at, task in enumerate(done.tasks.order_by("line")):
        Result.objects.create(task=task, batch=done, state="settled", answers=1 if at % 2 else 2, settled_at=NOW)
    assert of(later).answers == estimates.Span(150, 100, 300)


def test_gold_is_paid_like_any_other_answer() -> None:
    batch = draft(100, gold_least_bp=500, gold_most_bp=2_000)
    with transaction.atomic():
        gold.add(
            project=batch.project, rows=[({"text": "known"}, RIGHT)], actor_id=batch.created_by_id, now=NOW,
            rng=random.Random(1),
        )
    estimate = of(batch)
    assert estimate.gold == estimates.Span(14, 5, 25)
    assert estimate.pay.expected == people.usd("11.4")


@pytest.mark.parametrize(
    ("rule", "reviews"),
    [("none", (0, 0, 0)), ("client", (0, 0, 0)), ("all", (100, 100, 100)), ("sampled", (28, 10, 100))],
)
def test_reviews_follow_the_rule(rule: str, reviews: tuple[int, int, int]) -> None:
    estimate = of(draft(100, review_rule=rule, sampled_share_bp=1_000))
    assert (estimate.reviews.expected, estimate.reviews.low, estimate.reviews.high) == reviews
    assert estimate.review_pay.expected == people.usd("0.10") * reviews[0]
    assert estimate.total.expected == estimate.pay.expected + estimate.review_pay.expected + estimate.fee.expected


def test_the_reserve_covers_the_high_end() -> None:
    estimate = of(draft(100, review_rule="sampled", overlap=2, max_overlap=5, target_accuracy_bp=9_000))
    assert estimate.total.high <= estimate.reserve
    for span in (estimate.answers, estimate.reviews, estimate.pay, estimate.fee, estimate.total, estimate.per_hour, estimate.seconds):
        assert ordered(span)


def test_the_more_workers_fit_the_sooner_it_is_done_and_nobody_is_never() -> None:
    batch = draft(1_000)
    assert of(batch).workers == 0
    assert of(batch).finish is None
    people.worker("Ana")
    one = of(batch).finish
    for turn in range(9):
        people.worker(f"Wen{turn}")
    ten = of(batch).finish
    assert one is not None
    assert ten is not None
    assert ordered(one)
    assert ordered(ten)
    assert ten.expected < one.expected
    assert (of(batch).workers, ten.low) == (10, dt.timedelta(minutes=9)), "5,000 seconds shared by ten"


def test_without_a_rate_there_is_nothing_to_estimate() -> None:
    mira, organisation = people.client()
    with transaction.atomic():
        made = projects.create(
            organisation_id=organisation.id, name="Bare", task_type="choice", settings={"labels": ["a", "b"]}, currency="USD",
            actor_id=mira.id, now=NOW,
        )
    with pytest.raises(projects.NotSetUp):
        of(market.batch(made, mira))


def test_an_empty_batch_costs_nothing() -> None:
    estimate = of(draft(0))
    assert (estimate.tasks, estimate.total.high) == (0, Money.zero("USD"))


def test_the_statements_do_not_grow_with_the_history(django_assert_max_num_queries: Any) -> None:
    _done, batch = worked([10.0] * 25)
    with django_assert_max_num_queries(20):
        of(batch)
