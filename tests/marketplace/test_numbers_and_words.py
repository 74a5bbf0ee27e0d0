"""Ratings and transcripts on their way from several people to one result: what no vote over labels could decide."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import transaction

from marketplace import exports, gold, health, projects, results, submissions
from marketplace.models import Batch, Project, Result, Slot, Task, WorkerRecord
from qualification.models import Skill
from task_types import registry
from tests import market, people

pytestmark = pytest.mark.django_db(transaction=True)


def launched(kind: str, payload: dict[str, Any], *, terms: dict[str, Any] | None = None, **settings: Any) -> Batch:
    """One task of this kind that three people answer."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    made = market.project(mira, shop, **({"overlap": 3, "max_overlap": 3, "review_rule": "none"} | (terms or {})))
    Project.objects.filter(pk=made.pk).update(task_type=kind, settings=registry.drawer(kind).check_settings(settings))
    made.refresh_from_db()
    draft = market.batch(made, mira, texts=1)
    Task.objects.filter(batch=draft).update(payload=payload)
    return market.launch(draft, mira)


def answered(batch: Batch, *answers: dict[str, Any]) -> Result:
    """What the answers of three people come to."""
    for name, given in zip(("Ana", "Ben", "Cleo"), answers, strict=False):
        worker = people.worker(name)
        lease = market.take(worker)
        assert lease is not None
        with transaction.atomic():
            submissions.submit(
                worker_id=worker.id, lease_id=lease.lease_id, answer=given, now=market.NOW + dt.timedelta(seconds=10)
            )
    with transaction.atomic():
        results.consider(task_id=Task.objects.get(batch=batch).pk, now=market.NOW + dt.timedelta(minutes=1))
    return Result.objects.get(batch=batch)


def answered_by(batch: Batch, name: str, given: dict[str, Any]) -> Result:
    """One more person answers, and the model looks."""
    worker = people.worker(name)
    lease = market.take(worker)
    assert lease is not None
    with transaction.atomic():
        submissions.submit(worker_id=worker.id, lease_id=lease.lease_id, answer=given, now=market.NOW + dt.timedelta(seconds=10))
    with transaction.atomic():
        results.consider(task_id=Task.objects.get(batch=batch).pk, now=market.NOW + dt.timedelta(minutes=1))
    return Result.objects.get(batch=batch)


def spoken(text: str) -> dict[str, Any]:
    return {"segments": [{"start": 0, "end": 2, "text": text}]}


def truth_of(task: Task) -> int:
    return 2 + task.line % 5


def rated(lenient: dict[str, int], *, wild: str = "") -> Batch:
    """Twelve texts that people rate, each so much too high, and one who throws dice; written as the hot path would."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    names = [*lenient, *([wild] if wild else [])]
    made = market.project(mira, shop, overlap=len(names), max_overlap=len(names))
    settings = registry.drawer("rating").check_settings({"highest": 10, "tolerance": 1})
    Project.objects.filter(pk=made.pk).update(task_type="rating", settings=settings)
    made.refresh_from_db()
    batch = market.launch(market.batch(made, mira, texts=12), mira)
    dice = random.Random(3)
    for name in names:
        worker = people.worker(name)
        while lease := market.take(worker):
            told = truth_of(Task.objects.get(pk=lease.task_id)) + lenient.get(name, 0)
            value = dice.randint(1, 10) if name == wild else min(told, 10)
            with transaction.atomic():
                submissions.submit(
                    worker_id=worker.id, lease_id=lease.lease_id, answer={"value": value}, now=market.NOW + dt.timedelta(seconds=10)
                )
    return batch


def test_three_ratings_settle_at_their_robust_mean() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"}, highest=10)
    result = answered(batch, {"value": 8}, {"value": 9}, {"value": 2})
    assert result.state == "settled"
    assert result.answer is not None
    assert 7.5 < result.answer["value"] < 8.5
    assert str(result.answer["value"]).encode() in b"".join(exports.as_csv(batch))


def test_three_transcripts_settle_at_the_one_in_the_middle() -> None:
    batch = launched("transcription", {"audio": "asset:" + "a" * 64})
    said = [{"segments": [{"start": 0, "end": 2, "text": text}]} for text in ("it rains to day", "It rains, today.", "it reigns today")]
    result = answered(batch, *said)
    assert (result.state, result.answer) == ("settled", said[1])
    assert b"WEBVTT" in b"".join(exports.as_csv(batch))


def test_what_is_no_probability_is_not_shown_as_accuracy() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"})
    answered(batch, {"value": 4}, {"value": 4}, {"value": 4})
    assert health.model_accuracy(batch.project, health.results_of([batch.pk], now=market.NOW)) is None


UNTIL_SURE = {"overlap": 2, "max_overlap": 4, "target_accuracy_bp": 9_000}


def open_slots(batch: Batch) -> int:
    return Slot.objects.filter(task__batch=batch, open=True).count()


def test_ratings_that_lie_close_settle_and_others_get_one_more() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"}, terms=UNTIL_SURE, highest=10, tolerance=2)
    result = answered(batch, {"value": 7}, {"value": 7})
    assert (result.state, open_slots(batch)) == ("settled", 0)
    assert result.low is not None and result.high is not None and result.low < 7 < result.high

    batch = launched("rating", {"text": "The pool opens at nine"}, terms=UNTIL_SURE, highest=10, tolerance=2)
    result = answered(batch, {"value": 2}, {"value": 9})
    assert (result.state, open_slots(batch)) == ("open", 1), "two ratings so far apart say nothing yet"


def test_more_ratings_are_asked_for_only_up_to_the_most() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"}, terms=UNTIL_SURE | {"max_overlap": 3}, highest=10)
    assert answered(batch, {"value": 2}, {"value": 9}).state == "open"
    result = answered_by(batch, "Cleo", {"value": 5})
    assert (result.state, result.answers, open_slots(batch)) == ("settled", 3, 0)


def test_transcripts_that_agree_settle_though_a_third_is_nonsense() -> None:
    batch = launched("transcription", {"audio": "asset:" + "a" * 64}, terms=UNTIL_SURE)
    result = answered(batch, spoken("it rains today"), spoken("pardon"))
    assert (result.state, open_slots(batch)) == ("open", 1)
    result = answered_by(batch, "Cleo", spoken("It rains, today."))
    assert (result.state, open_slots(batch)) == ("settled", 0)
    assert result.answer in (spoken("it rains today"), spoken("It rains, today."))


def test_a_fit_scores_raters_and_their_leniency_leaves_the_results() -> None:
    batch = rated({"Ana": 0, "Ben": 0, "Cleo": 0, "Eve": 3}, wild="Dan")
    results.refit(project=batch.project, now=market.NOW)
    scores = {record.worker.name: record for record in WorkerRecord.objects.select_related("worker")}
    assert (scores["Ana"].score_low_bp or 0) > (scores["Dan"].score_high_bp or 0), "who throws dice is told from who rates"
    assert all(one.score_low_bp is not None and one.score_low_bp <= (one.score_bp or 0) for one in scores.values())
    results.finish(batch_id=batch.pk, now=market.NOW)
    off = [result.answer["value"] - truth_of(result.task) for result in Result.objects.select_related("task") if result.answer]
    assert max(off) - min(off) < 0.5, "the dice move no result; that a whole crowd is lenient shows in known answers alone"


@pytest.mark.parametrize(("value", "right"), [(6, 1), (8, 0)])
def test_a_known_rating_is_graded_within_the_tolerance_without_a_sound(value: int, right: int) -> None:
    batch = launched("rating", {"text": "The pool opens at nine"}, terms={"gold_least_bp": 5_000, "gold_most_bp": 5_000}, highest=10,
        tolerance=1,
    )
    with transaction.atomic():
        gold.add(
            project=batch.project, rows=[({"text": "known"}, {"value": 5})], actor_id=batch.created_by_id, now=market.NOW,
            rng=random.Random(0),
        )  # fmt: skip
    ana = people.worker("Ana")
    lease = market.take(ana, seed=1)
    assert lease is not None and lease.payload == {"text": "known"}
    with transaction.atomic():
        made = submissions.submit(worker_id=ana.id, lease_id=lease.lease_id, answer={"value": value}, now=market.NOW)
    gold.grade(submission_id=made.submission_id, now=market.NOW)
    record = WorkerRecord.objects.get(worker=ana)
    assert (record.gold_seen, record.gold_right, made.state) == (1, right, "accepted")
    assert record.score_low_bp is not None


def test_experts_can_be_named_where_answers_are_numbers_now() -> None:
    mira, shop = people.client()
    made = market.project(mira, shop)
    Project.objects.filter(pk=made.pk).update(task_type="rating", settings=registry.drawer("rating").check_settings({}))
    made.refresh_from_db()
    Skill.objects.create(slug="swimming", name="Swimming", kind="subject")
    with transaction.atomic():
        projects.change(
            project=made, actor_id=mira.id, now=market.NOW, overlap=2, max_overlap=4, target_accuracy_bp=9_000,
            expert_skill="swimming", expert_tier=2,
        )  # fmt: skip
    assert made.expert_skill == "swimming"
