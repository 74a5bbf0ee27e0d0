"""What a batch will cost and how long it will take, before its launch: with intervals, and with what they rest on."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from django.conf import settings as site
from django.db.models import Avg

from kit.money import BASIS, Money, half_even
from marketplace import batches, eligibility, escalation, pricing, projects, rates
from marketplace.models import Batch, Project, ProjectTry, Result, Submission
from task_types import registry

Source = Literal["your last batches", "your own tries", "a guess"]

LAST_BATCHES = 3
SAMPLE = 700
"""Newest answers of each batch and state that are looked at: along an index, whatever the batch holds."""
ANSWERS_LEAST = 20
"""Fewer answers than this say too little about time."""
TRIES = 50

QUARTILE = 0.6745
"""Quarter points of the normal distribution lie so many standard deviations beside its middle."""
SPREAD_LEAST = 0.4
"""Least standard deviation of log times that a few tries by one person are believed to show."""
SPREAD_OF_A_GUESS = math.log(2) / QUARTILE
"""A guess may be wrong by a factor of two either way."""

NEW_WORKER_REVIEWED = 20

ESCALATED_GUESS = 0.1
"""Share of tasks on which a crowd is not sure, before any batch with experts has shown it."""

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Span(Generic[N]):
    """An expected value between its low and its high end."""

    expected: N
    low: N
    high: N


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Counts, money and time of a batch that is not launched yet.

    `seconds` are active seconds of one answer; `per_hour` is what a worker really earns in an hour at that pace; `finish` is
    None when nobody fits. `pay` holds answers and gold; of the answers, `expert_answers` are asked of experts, and
    `expert_pay` is what they and the adjudications cost in place of an ordinary answer. `fee` is the platform's fee on pay,
    reviews and experts. `based_on` counts the answers or tries behind `source`. `reserve` is what a launch sets aside, the
    most that the batch can come to. `experts` are the people who may be asked; None where the project asks none.
    """

    tasks: int
    answers: Span[int]
    gold: Span[int]
    reviews: Span[int]
    expert_answers: Span[int]
    adjudications: Span[int]
    seconds: Span[float]
    pay: Span[Money]
    review_pay: Span[Money]
    expert_pay: Span[Money]
    fee: Span[Money]
    total: Span[Money]
    per_hour: Span[Money]
    finish: Span[timedelta] | None
    reserve: Money
    workers: int
    experts: int | None
    source: Source
    based_on: int


@dataclass(frozen=True, slots=True)
class Past:
    """What the newest answers of the project's last batches show."""

    seconds: Sequence[float]
    gold_share: float
    multiplier_bp: float
    units: Sequence[dict[str, int]]
    per_hour: Sequence[float]
    answers_per_task: float | None
    adjudicated: float | None


def before_launch(batch: Batch, *, now: datetime) -> Estimate:
    """Estimate a draft. Raises NotSetUp without rates.

    Intervals. Time of an answer: the quartiles of the last batches' answers; from n tries, median x exp(+-0.6745 s
    sqrt(1 + 1/n)), s the standard deviation of the log times (at least 0.4); from the type's default, half and twice of it.
    Answers: from the least overlap to the most where a target accuracy decides, else fixed. Gold: from the least to the most
    share. Reviews: from the sampled share to all. Experts: from none to every task, adjudications to the share that the
    project allows; expected as often as in the last batches, else at one task in ten. Money: every one of these at its low
    end at once, and at its high end with the highest band, so it is wider than chance alone would make it. Time to finish:
    at the slowest and the quickest pace of the last batches; without them, if everybody who fits works at once (low), one in
    five for two hours a day (expected), one in twenty for one hour a day (high).
    """
    project = batch.project
    reserve = batches.reserve_for(batch, now=now)
    past = _past(project)
    workers = eligibility.how_many(eligibility.rule_for(project))
    seconds, source, based_on = _seconds(project, past)
    answers = _answers(batch.task_count, project, past)
    gold = _gold(answers, project, past)
    done = Span(answers.expected + gold.expected, answers.low + gold.low, answers.high + gold.high)
    reviews = _reviews(done, project, workers)
    card = rates.card(project, now=now)
    price, usual_bp = _price(card, "answer", past), past.multiplier_bp if past else BASIS
    expert_answers, adjudications = _escalated(project, batch.task_count, past)
    beyond, last_word = _expert_prices(project, card, price, past)
    works = [
        Work(done, price, usual_bp), Work(reviews, _price(card, "review"), BASIS),
        Work(expert_answers, beyond, usual_bp), Work(adjudications, last_word, usual_bp),
    ]
    pay, review_pay, blind_pay, last_pay = (_money(work, batch.currency) for work in works)
    expert_pay, fee = _sum(blind_pay, last_pay), _fees(works, batch.currency)
    return Estimate(
        tasks=batch.task_count, answers=answers, gold=gold, reviews=reviews, expert_answers=expert_answers,
        adjudications=adjudications, seconds=seconds, pay=pay, review_pay=review_pay, expert_pay=expert_pay,
        fee=fee, total=_sum(pay, review_pay, expert_pay, fee), per_hour=_per_hour(price.pay.expected, seconds, batch.currency),
        finish=_finish(done, seconds, workers, past), reserve=Money(reserve.total, batch.currency), workers=workers,
        experts=_experts(project), source=source, based_on=based_on,
    )  # fmt: skip


# What is known


def _past(project: Project) -> Past | None:
    """The newest answers of the last launched batches; None while there are too few."""
    last = list(Batch.objects.filter(project=project, launched_at__isnull=False).order_by("-launched_at")[:LAST_BATCHES])
    samples = {one.pk: _newest(one) for one in last}
    answers = [answer for sample in samples.values() for answer in sample if answer["active_ms"] > 0]
    if len(answers) < ANSWERS_LEAST:
        return None
    settled = Result.objects.filter(batch__in=samples, state="settled")
    per_task = settled.aggregate(mean=Avg("answers"))["mean"]
    asked = settled.filter(batch__terms__experts__tier__isnull=False).values_list("by", flat=True)
    multipliers = [answer["lease__terms__multiplier_bp"] or BASIS for answer in answers]
    return Past(
        seconds=[answer["active_ms"] / 1000 for answer in answers],
        gold_share=sum(answer["gold"] for answer in answers) / len(answers),
        multiplier_bp=sum(multipliers) / len(multipliers),
        units=[registry.drawer(project.task_type).units(answer["answer"]) for answer in answers],
        per_hour=[pace for sample in samples.values() if (pace := _pace(sample)) is not None],
        answers_per_task=per_task,
        adjudicated=_share(list(asked)) if project.expert_tier else None,
    )


def _share(decided_by: Sequence[str]) -> float | None:
    """Share of results that an adjudication decided; None while there are too few."""
    return decided_by.count("adjudication") / len(decided_by) if len(decided_by) >= ANSWERS_LEAST else None


def _newest(batch: Batch) -> list[dict[str, Any]]:
    rows = Submission.objects.filter(batch=batch, kind="answer").order_by("-submitted_at")
    columns = ("active_ms", "answer", "gold", "submitted_at", "lease__terms__multiplier_bp")
    return [row for state in ("accepted", "waiting") for row in rows.filter(state=state).values(*columns)[:SAMPLE]]


def _pace(sample: Sequence[dict[str, Any]]) -> float | None:
    """Answers an hour over the time in which these came in."""
    if len(sample) < ANSWERS_LEAST:
        return None
    times = [answer["submitted_at"] for answer in sample]
    hours = (max(times) - min(times)).total_seconds() / 3600
    return (len(sample) - 1) / hours if hours > 0 else None


def _seconds(project: Project, past: Past | None) -> tuple[Span[float], Source, int]:
    """Active time of one answer: from the last batches, else the client's own tries, else the type's default."""
    if past is not None:
        low, middle, high = statistics.quantiles(past.seconds, n=4, method="inclusive")
        return Span(middle, low, high), "your last batches", len(past.seconds)
    tries = list(ProjectTry.objects.filter(project=project).order_by("-made_at").values_list("seconds", flat=True)[:TRIES])
    if tries:
        logs = [math.log(max(seconds, 1)) for seconds in tries]
        spread = max(statistics.stdev(logs) if len(logs) > 1 else 0.0, SPREAD_LEAST)
        width = QUARTILE * spread * math.sqrt(1 + 1 / len(logs))
        return _around(math.exp(statistics.median(logs)), width), "your own tries", len(tries)
    default = float(registry.drawer(project.task_type).default_seconds)
    return _around(default, QUARTILE * SPREAD_OF_A_GUESS), "a guess", 0


def _around(middle: float, width: float) -> Span[float]:
    return Span(middle, middle * math.exp(-width), middle * math.exp(width))


# How many


def _answers(tasks: int, project: Project, past: Past | None) -> Span[int]:
    """Answers that the results take: the overlap, or up to the most where a target accuracy may ask for more."""
    least, most = project.overlap, max(project.overlap, project.max_overlap)
    if project.target_accuracy_bp is None:
        return Span(tasks * least, tasks * least, tasks * least)
    usual = past.answers_per_task if past and past.answers_per_task else (least + most) / 2
    return Span(round(tasks * min(max(usual, least), most)), tasks * least, tasks * most)


def _gold(answers: Span[int], project: Project, past: Past | None) -> Span[int]:
    """Gold among the leases: a share g of all makes g / (1 - g) of the answers."""
    if not projects.gold_count(project):
        return Span(0, 0, 0)
    least, most = project.gold_least_bp / BASIS, project.gold_most_bp / BASIS
    usual = min(max(past.gold_share, least), most) if past else (least + most) / 2
    return Span(
        _beside(answers.expected, usual), _beside(answers.low, least), _beside(answers.high, most)
    )


def _beside(answers: int, share: float) -> int:
    return round(answers * share / (1 - share))


def _reviews(done: Span[int], project: Project, workers: int) -> Span[int]:
    """All, none, or the sampled share; the first 20 answers of every new worker are reviewed on top of it."""
    if project.review_rule == "all":
        return done
    if project.review_rule != "sampled":
        return Span(0, 0, 0)
    share = project.sampled_share_bp / BASIS
    new = min(NEW_WORKER_REVIEWED * max(workers // 5, 1) / max(done.expected, 1), 1.0)
    return Span(round(done.expected * (share + (1 - share) * new)), round(done.low * share), done.high)


def _escalated(project: Project, tasks: int, past: Past | None) -> tuple[Span[int], Span[int]]:
    """Answers of experts among the answers, and adjudications."""
    experts = escalation.of_project(project)
    if experts is None:
        return Span(0, 0, 0), Span(0, 0, 0)
    usual = past.adjudicated if past and past.adjudicated is not None else ESCALATED_GUESS
    most = experts.slots_of("adjudication", tasks=tasks)
    blind = tasks if project.max_overlap > project.overlap else 0
    return Span(min(round(tasks * max(usual, ESCALATED_GUESS)), blind), 0, blind), Span(min(round(tasks * usual), most), 0, most)


def _experts(project: Project) -> int | None:
    experts = escalation.of_project(project)
    if experts is None:
        return None
    return eligibility.how_many(eligibility.for_experts(eligibility.rule_for(project), skill=experts.skill, tier=experts.tier))


# Money and time


@dataclass(frozen=True, slots=True)
class Price:
    """What one slot pays before its band, in units, and what it is billed at; `bill` is None where pay + fee is charged."""

    pay: Span[int]
    bill: Span[int] | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """So many slots at a price; `usual_bp` is the band that they are paid at as a rule."""

    count: Span[int]
    price: Price
    usual_bp: float


def _price(card: rates.Card, kind: str, past: Past | None = None, *, tier: int = 0) -> Price:
    """By the task, or from one unit to the most that the rate pays for, as many as in the last batches expected."""
    if (terms := card.terms(kind, tier)) is None:
        return Price(Span(0, 0, 0))
    most, usual = pricing.most(terms), _usual_units(terms, past)
    bill = terms.get("bill_units")
    return Price(
        Span(terms["price_units"] * usual, most.least, most.base), Span(bill * usual, bill, most.bill) if bill else None
    )


def _usual_units(terms: dict[str, Any], past: Past | None) -> int:
    """Paid units of an answer: the mean of the last batches, else half of the most, which is a guess."""
    if terms["unit"] == pricing.PER_TASK:
        return 1
    if past is None:
        return -(-int(terms["most_units"]) // 2)
    return max(round(statistics.fmean(pricing.counted(terms, units) for units in past.units)), 1)


def _expert_prices(project: Project, card: rates.Card, ordinary: Price, past: Past | None) -> tuple[Price, Price]:
    """What an expert's answer costs beyond an ordinary one, which the answers hold already, and a last word."""
    tier = project.expert_tier or 0
    answer, last_word = (_price(card, kind, past, tier=tier) for kind in ("answer", "adjudication"))
    bill = _beyond(answer.bill, ordinary.bill) if answer.bill and ordinary.bill else None
    return Price(_beyond(answer.pay, ordinary.pay), bill), last_word


def _beyond(dear: Span[int], cheap: Span[int]) -> Span[int]:
    return Span(max(dear.expected - cheap.expected, 0), max(dear.low - cheap.low, 0), max(dear.high - cheap.high, 0))


def _money(work: Work, currency: str) -> Span[Money]:
    """So many at a price: the least of it, at the usual band, all of it at the highest."""
    count, pay = work.count, work.price.pay
    usual = half_even(pay.expected * round(work.usual_bp), BASIS)
    units = (count.expected * usual, count.low * pay.low, count.high * pricing.most_pay(pay.high))
    return Span(*(Money(amount, currency) for amount in units))


def _fees(works: Sequence[Work], currency: str) -> Span[Money]:
    """Basis points of what is charged as pay + fee, and what bill prices leave beside the pay."""
    nothing, fee_bp = Money.zero(currency), site.PLATFORM_FEE_BP
    none = Span(nothing, nothing, nothing)
    plain = _sum(none, *(_money(work, currency) for work in works if work.price.bill is None))
    fees = Span(plain.expected.times_bp(fee_bp), plain.low.times_bp(fee_bp), plain.high.times_bp(fee_bp))
    return _sum(fees, *(_left(work, work.price.bill, currency) for work in works if work.price.bill is not None))


def _left(work: Work, bill: Span[int], currency: str) -> Span[Money]:
    """Of a bill price, what the pay leaves."""
    pay, count = _money(work, currency), work.count

    def less(billed: int, paid: Money) -> Money:
        return Money(max(billed - paid.units, 0), currency)

    return Span(
        less(count.expected * bill.expected, pay.expected), less(count.low * bill.low, pay.low),
        less(count.high * bill.high, pay.high),
    )  # fmt: skip


def _sum(first: Span[Money], *others: Span[Money]) -> Span[Money]:
    for other in others:
        first = Span(first.expected + other.expected, first.low + other.low, first.high + other.high)
    return first


def _per_hour(price: int, seconds: Span[float], currency: str) -> Span[Money]:
    """The base price at the usual, the slow and the quick pace."""

    def at(pace: float) -> Money:
        return Money(half_even(price * 3_600_000, max(round(pace * 1000), 100)), currency)

    return Span(at(seconds.expected), at(seconds.high), at(seconds.low))


def _finish(done: Span[int], seconds: Span[float], workers: int, past: Past | None) -> Span[timedelta] | None:
    """From launch to the last answer."""
    if workers == 0:
        return None
    if past is not None and past.per_hour:
        paces = sorted(past.per_hour)
        slow, usual, quick = paces[0], statistics.median(paces), paces[-1]
        if len(paces) == 1:
            slow, quick = usual / 2, usual * 2
        return Span(_hours(done.expected / usual), _hours(done.low / quick), _hours(done.high / slow))
    return Span(
        _hours(done.expected * seconds.expected / 3600 / (max(workers // 5, 1) * 2) * 24),
        _hours(done.low * seconds.low / 3600 / workers),
        _hours(done.high * seconds.high / 3600 / max(workers // 20, 1) * 24),
    )


def _hours(hours: float) -> timedelta:
    """Whole minutes, at most a hundred years."""
    return timedelta(minutes=max(math.ceil(min(hours, 876_000) * 60), 1))
