"""From answers to one answer with its confidence: after each answer at once, by refit now and then, at the end for good."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction

from kit import outbox, states
from marketplace import escalation, measured, scores
from marketplace.models import Batch, Dispute, Project, QualityModel, Result, Submission, Task, Verdict
from marketplace.quality import categorical, online, policy
from marketplace.states import RESULT
from task_types import registry
from task_types.contract import TaskType
from workers import accounts

BASIS = 10_000
AMBIGUOUS_BELOW_BP = escalation.WEAK_BELOW_BP
"""A settled answer less likely than this is given out as ambiguous, with its distribution."""
REFIT_GROWTH = 1.1
"""A project is fitted again when it has a tenth more answers than at the last fit."""
REFIT_AFTER = timedelta(days=7)
"""Without new answers too: what workers did grows old, and their intervals widen."""
DAY = 86_400
NOT_COUNTED = ("rejected", "sent_back")
BY_DISPUTE = "dispute"
"""Results that a person decided in a dispute: known answers for every later fit."""
EXCUSED = {"about": Dispute.About.SCORE, "outcome": "by_silence"}
"""Disputes that silence won: their answers count for nobody and against nobody."""


class Given(NamedTuple):
    """A worker's id and their answer; of an expert also how often they are right."""

    worker: str
    answer: dict[str, Any]
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the answers of one task say."""

    answer: dict[str, Any]
    confidence: float
    distribution: dict[str, Any]
    posteriors: tuple[online.Posterior, ...]
    interval: tuple[float, float] | None = None


Models = Mapping[str, online.Model | measured.Known]
"""What is known of a project's crowd, by question."""


def consider(*, task_id: int, now: datetime) -> None:
    """After a new answer: settle the task, or ask for more, of the crowd or of experts. Safe to call again at any time."""
    task = Task.objects.select_related("project", "batch").get(pk=task_id)
    if task.batch is None:
        return
    given = _given(task, now)
    if not given:
        return
    Result.objects.get_or_create(task=task, defaults={"batch": task.batch})
    result = Result.objects.select_for_update().get(pk=task.pk)
    if result.state == "settled":
        return
    models = models_of(task.project_id)
    if word := _last_word(task, given, models, now):
        _settle(result, word, len(given), now, by="adjudication")
        return
    reading = read(task=task, given=given, models=models)
    step = _next(task, reading, given)
    if step is policy.Step.SETTLED or not escalation.ask(task=task, step=step):
        _settle(result, reading, len(given), now)
    else:
        _write(result, reading, len(given))


def counted(task_id: int) -> Any:
    """The answers of a task that count, oldest first."""
    rows = Submission.objects.filter(task_id=task_id, kind="answer", gold=False).exclude(state__in=NOT_COUNTED)
    return rows.order_by("submitted_at", "id")


def _given(task: Task, now: datetime) -> list[Given]:
    """The answers that count, oldest first; a corrected one stands in the place of the original, in the name of who
    corrected it, while its author is measured by what they handed in."""
    rows = counted(task.pk).values_list("pk", "worker_id", "answer", "slot__queue__tier")
    fixes = Verdict.objects.filter(submission__task=task, decision="fix").values_list("submission_id", "judge_id", "corrected")
    fixed = {pk: Given(f"judge {judge_id}", answer) for pk, judge_id, answer in fixes if answer}
    return [
        fixed.get(pk) or Given(str(worker_id), answer, _weight(task, worker_id, now) if tier else None)
        for _task, worker_id, pk, answer, tier in _by_person([(task.pk, row[1], row[0], *row[2:]) for row in rows])
    ]


def _by_person(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of (task, account, ...), the oldest first, in the name of the account that stands for the person now: two answers of one
    person to one task, from accounts that became one, are one opinion, and the first counts."""
    kept = accounts.survivors({row[1] for row in rows})
    if not kept:
        return list(rows)
    named = [(row[0], kept.get(row[1], row[1]), *row[2:]) for row in rows]
    first = {(row[0], row[1]): at for at, row in reversed(list(enumerate(named)))}
    return [row for at, row in enumerate(named) if first[row[0], row[1]] == at]


def _weight(task: Task, worker_id: uuid.UUID, now: datetime) -> float:
    experts = escalation.of_terms(task.batch.terms) if task.batch else None
    return escalation.accuracy(
        worker_id=worker_id, project_id=task.project_id, skill=experts.skill if experts else "", now=now
    )


def _last_word(task: Task, given: Sequence[Given], models: Models, now: datetime) -> Reading | None:
    """The adjudicator's answer is the result; how sure it is follows from all answers and how often they are right."""
    if task.batch is None or escalation.of_terms(task.batch.terms) is None:
        return None
    last = Submission.objects.filter(task=task, kind="adjudication").order_by("-submitted_at").first()
    if last is None:
        return None
    weight = _weight(task, last.worker_id, now)
    reading = read(task=task, given=[*given, Given(str(last.worker_id), last.answer, weight)], models=models)
    return _as_last_word(task, last.answer, reading, weight)


def _as_last_word(task: Task, answer: dict[str, Any], reading: Reading, weight: float) -> Reading:
    """This answer as the result, as sure as all answers together make it."""
    said = registry.drawer(task.project.task_type).votes(answer, payload=task.payload, settings=task.project.settings)
    shares = [reading.distribution[question].get(vote, 0.0) for question, vote in said.items()]
    return replace(reading, answer=answer, confidence=min(shares, default=weight), interval=None)


def models_of(project_id: uuid.UUID) -> Models:
    """The fitted models of a project by question; none before the first fit."""
    rows = QualityModel.objects.filter(project_id=project_id).values_list("question", "model")
    return {
        question: measured.from_json(model) if question == measured.QUESTION else online.Model.from_json(model)
        for question, model in rows
    }


def read(*, task: Task, given: Sequence[Given], models: Models) -> Reading:
    """What the answers say, question by question; where nothing is asked in categories, as numbers, texts or boxes."""
    drawer, settings = registry.drawer(task.project.task_type), task.project.settings
    posteriors = {
        question: _posterior(drawer, task, question, classes, given, models.get(question))
        for question, classes in drawer.questions(payload=task.payload, settings=settings).items()
    }
    if not posteriors:
        return _read_measured(task, given, models)
    combined = drawer.combine(
        [(one.answer, 1.0) for one in given], settings=settings,
        decided={question: posterior.label for question, posterior in posteriors.items()},
    )
    confidence = min((posterior.confidence for posterior in posteriors.values()), default=combined.confidence)
    distribution = {question: _shares(posterior.distribution) for question, posterior in posteriors.items()}
    return Reading(combined.answer, confidence, distribution, tuple(posteriors.values()))


def _read_measured(task: Task, given: Sequence[Given], models: Models) -> Reading:
    known, least = models.get(measured.QUESTION), int(task.batch.terms["overlap"]) if task.batch else 1
    said = measured.read(
        task=task, given=[(one.worker, one.answer) for one in given],
        experts=frozenset(one.worker for one in given if one.accuracy is not None),
        known=None if isinstance(known, online.Model) else known, least=least,
    )
    return Reading(said.answer, said.confidence, {}, (said.posterior,), said.interval)


def _posterior(
    drawer: TaskType, task: Task, question: str, classes: Sequence[str], given: Sequence[Given],
    model: online.Model | measured.Known | None,
) -> online.Posterior:
    crowd = model if isinstance(model, online.Model) and set(classes) <= set(model.classes) else online.first_model(classes)
    running = crowd.begin()
    for one in given:
        vote = drawer.votes(one.answer, payload=task.payload, settings=task.project.settings).get(question)
        if vote is not None:
            # An expert is weighed as one, not as the crowd's member whom the model may know too.
            known_as = one.worker if one.accuracy is None else f"expert {one.worker}"
            running = crowd.observe(running, worker=known_as, answer=vote, accuracy=one.accuracy)
    return crowd.posterior(running)


def _shares(distribution: Mapping[str, float]) -> dict[str, float]:
    return {label: round(share, 4) for label, share in distribution.items() if share >= 0.0001}


def _next(task: Task, reading: Reading, given: Sequence[Given]) -> policy.Step:
    """What the batch's policy asks for: fixed overlap, or a target on the least sure question."""
    terms = task.batch.terms if task.batch else {}
    if terms["target_accuracy_bp"] is None:
        return policy.Step.SETTLED if len(given) >= int(terms["overlap"]) else policy.Step.ONE_MORE
    least = min(reading.posteriors, key=lambda posterior: posterior.belief)
    asked = sum(one.accuracy is not None for one in given)
    return policy.decide(posterior=least, policy=escalation.policy_of(terms), escalated=asked).step


def _write(result: Result, reading: Reading, answers: int) -> None:
    """What is known so far, whatever the state."""
    result.answer, result.answers, result.distribution = reading.answer, answers, reading.distribution
    result.confidence_bp = round(reading.confidence * BASIS)
    result.ambiguous = result.confidence_bp < AMBIGUOUS_BELOW_BP
    result.low, result.high = reading.interval or (None, None)
    result.save(update_fields=["answer", "answers", "distribution", "confidence_bp", "ambiguous", "low", "high"])


def _settle(result: Result, reading: Reading, answers: int, now: datetime, *, by: str = "model") -> None:
    _write(result, reading, answers)
    states.move(result, chart=RESULT, to="settled", actor_id=None, now=now, settled_at=now, by=by)
    outbox.emit("result.settled", task_id=result.task_id, batch_id=str(result.batch_id))


def reopen(*, task_id: int, actor_id: uuid.UUID | None, now: datetime, why: str) -> None:
    """An answer that the result rests on changed its meaning: look again. What a person decided in a dispute stays."""
    result = Result.objects.select_for_update().filter(task_id=task_id).first()
    if result is not None and result.by == BY_DISPUTE:
        return
    if result is not None and result.state == "settled":
        states.move(result, chart=RESULT, to="reopened", actor_id=actor_id, now=now, reason=why)
    _settle_again(task_id, now)


def _settle_again(task_id: int, now: datetime) -> None:
    """A batch in motion may ask for more answers; one that is through settles on those that there are."""
    task = Task.objects.select_related("project", "batch").get(pk=task_id)
    if task.batch is not None and task.batch.state in ("closed", "settled"):
        _finish_one(task, models_of(task.project_id), now)
    else:
        consider(task_id=task_id, now=now)


def look_again(*, task_id: int, now: datetime, why: str) -> None:
    """Consider a task afresh, whether its result is settled or not."""
    if Result.objects.filter(task_id=task_id, state="settled").exists():
        reopen(task_id=task_id, actor_id=None, now=now, why=why)
    else:
        consider(task_id=task_id, now=now)


def overrule(*, task_id: int, answer: dict[str, Any], actor_id: uuid.UUID, now: datetime) -> None:
    """A person decided in a dispute what is right: their word weighs as an expert's last word, and the result is theirs."""
    task = Task.objects.select_related("project", "batch").get(pk=task_id)
    if task.batch is None:
        return
    given = [*_given(task, now), Given(str(actor_id), answer, escalation.EXPERT_GUESS)]
    reading = _as_last_word(task, answer, read(task=task, given=given, models=models_of(task.project_id)), escalation.EXPERT_GUESS)
    Result.objects.get_or_create(task=task, defaults={"batch": task.batch})
    result = Result.objects.select_for_update().get(pk=task.pk)
    if result.state == "settled":
        states.move(result, chart=RESULT, to="reopened", actor_id=actor_id, now=now, reason=BY_DISPUTE)
    _settle(result, reading, len(given) - 1, now, by=BY_DISPUTE)


def refit_stale(*, now: datetime) -> int:
    """Fit every project in motion that has a tenth more answers than at its last fit, or whose fit is a week old; returns how
    many were fitted."""
    moving = Project.objects.filter(batches__state__in=["launching", "active", "paused", "closing"]).distinct()
    fitted = 0
    for project in moving:
        answers = Submission.objects.filter(task__project=project, kind="answer").count()
        before = QualityModel.objects.filter(project=project).order_by("-answers").values_list("answers", "fitted_at").first()
        if answers >= 20 and (before is None or answers >= before[0] * REFIT_GROWTH or before[1] <= now - REFIT_AFTER):
            refit(project=project, now=now)
            fitted += 1
    return fitted


def refit(*, project: Project, now: datetime) -> None:
    """Fit the project's model on all its answers and known truths; keep it, and every worker's score."""
    excused = Dispute.objects.filter(batch__project=project, **EXCUSED).values("submission")
    rows = _by_person(list(
        Submission.objects.filter(task__project=project, kind="answer").exclude(state__in=NOT_COUNTED).exclude(pk__in=excused)
        .order_by("submitted_at", "id").values_list("task_id", "worker_id", "answer", "task__payload", "task__gold__answer",
                                                    "task__gold__voided_at", "submitted_at")
    ))  # fmt: skip
    if not rows:
        return
    by_question = _votes(project, rows)
    ages = {(str(row[0]), str(row[1])): (now - row[-1]).total_seconds() / DAY for row in rows}
    fits = {
        question: categorical.fit(votes, gold=truth, classes=classes, ages=ages)
        for question, (votes, truth, classes) in by_question.items()
    }
    kept: dict[str, dict[str, Any]] = {question: fit.model.to_json() for question, fit in fits.items()}
    found = _least(fits.values())
    if not fits and (fitted := measured.fit(project, [_known_row(*row[:-1]) for row in rows], ages=ages)) is not None:
        kept = {measured.QUESTION: fitted[0].to_json()}
        found = {uuid.UUID(worker): score for worker, score in fitted[1].items()}
    with transaction.atomic():
        for question, model in kept.items():
            QualityModel.objects.update_or_create(
                project=project, question=question, defaults={"model": model, "answers": len(rows), "fitted_at": now}
            )
        if kept:
            scores.keep(project_id=project.pk, found=found, now=now)


def _known_row(task_id: int, worker_id: uuid.UUID, answer: Any, _payload: Any, truth: Any, voided: datetime | None) -> measured.Row:
    return str(task_id), str(worker_id), answer, truth if voided is None else None


Votes = tuple[list[tuple[str, str, str]], dict[str, str], list[str]]
"""Of one question: (task, worker, category) rows, the known categories by task, and all classes."""


def _votes(project: Project, rows: Iterable[tuple[Any, ...]]) -> dict[str, Votes]:
    """What every question of the project was answered, and what is known."""
    drawer, found = registry.drawer(project.task_type), dict[str, Votes]()
    decided = dict(Result.objects.filter(batch__project=project, by=BY_DISPUTE).values_list("task_id", "answer"))
    for task_id, worker_id, answer, payload, truth, voided, _at in rows:
        votes = drawer.votes(answer, payload=payload, settings=project.settings)
        for question, classes in drawer.questions(payload=payload, settings=project.settings).items():
            given, known, names = found.setdefault(question, ([], {}, []))
            names.extend(name for name in classes if name not in names)
            if question in votes:
                given.append((str(task_id), str(worker_id), votes[question]))
            known_answer = decided.get(task_id) if truth is None or voided is not None else truth
            if known_answer is not None:
                right = drawer.votes(known_answer, payload=payload, settings=project.settings).get(question)
                known.update({str(task_id): right} if right is not None else {})
    return found


def _least(fits: Iterable[categorical.Fit]) -> dict[uuid.UUID, Any]:
    """A worker's score over several questions is the one of the question that they find hardest."""
    worst: dict[uuid.UUID, Any] = {}
    for fit in fits:
        for worker, score in fit.workers.items():
            key = uuid.UUID(worker)
            if key not in worst or score.low < worst[key].low:
                worst[key] = score
    return worst


def finish(*, batch_id: uuid.UUID, now: datetime) -> None:
    """A batch is closing: fit once more, settle every task that has answers, and bring settled ones up to date."""
    batch = Batch.objects.select_related("project").get(pk=batch_id)
    refit(project=batch.project, now=now)
    models = models_of(batch.project_id)
    answered = Task.objects.filter(batch=batch, submissions__kind="answer").distinct().order_by("pk")
    for task in answered.select_related("project", "batch").iterator(chunk_size=500):
        with transaction.atomic():
            _finish_one(task, models, now)


def _finish_one(task: Task, models: Models, now: datetime) -> None:
    given = _given(task, now)
    if not given or task.batch is None:
        return
    Result.objects.get_or_create(task=task, defaults={"batch": task.batch})
    result = Result.objects.select_for_update().get(pk=task.pk)
    word = _last_word(task, given, models, now)
    reading = word or read(task=task, given=given, models=models)
    by = "adjudication" if word else "model"
    if result.state != "settled":
        _settle(result, reading, len(given), now, by=by)
    elif result.by == by:
        _write(result, reading, len(given))
