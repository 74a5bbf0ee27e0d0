"""Tasks with a known answer: added, mixed in, graded without a sound, voided in the open."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, outbox
from kit.errors import Conflict, Invalid, NotFound
from marketplace import projects, scores
from marketplace.models import Dispute, GoldAnswer, Project, Submission, Task, WorkerRecord
from task_types import registry
from task_types.contract import TaskType
from workers import accounts

RIGHT_FROM = 0.999
"""A graded answer counts as right from here on; drawers with partial marks give a share below."""


Known = tuple[Mapping[str, Any], Any] | tuple[Mapping[str, Any], Any, Any]
"""A row (fields of the task type), its known answer and, where the project's work comes pre-labelled, a pre-label."""


def add(*, project: Project, rows: Sequence[Known], actor_id: uuid.UUID, now: datetime, rng: random.Random) -> int:
    """Add gold tasks, all or none.

    Raises Invalid that names the faulty row by its number, from 1.
    """
    drawer = registry.drawer(project.task_type)
    check = drawer.compile_payload_check(project.settings)
    made = []
    for number, (row, truth, *prelabel) in enumerate(rows, start=1):
        payload, problems = check(row)
        if payload is None:
            raise Invalid(problems[0].reason, field=f"rows[{number}].{problems[0].field}")
        answer = _checked(drawer, project, payload, truth, f"rows[{number}].answer")
        begun = prelabel[0] if prelabel else None
        if begun is not None:
            begun = _checked(drawer, project, payload, begun, f"rows[{number}].prelabel")
        made.append((payload, answer, begun))
    return _keep(project, made, actor_id, now, rng)


def _checked(drawer: TaskType, project: Project, payload: dict[str, Any], given: Any, field: str) -> dict[str, Any]:
    try:
        return drawer.check_answer(given, payload=payload, settings=project.settings, partial=True)
    except Invalid as error:
        raise Invalid(error.message, field=field) from None


def _keep(
    project: Project, made: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]], actor_id: uuid.UUID,
    now: datetime, rng: random.Random,
) -> int:
    with transaction.atomic():
        tasks = Task.objects.bulk_create(
            Task(project=project, batch=None, line=at, payload=payload, prelabel=prelabel)
            for at, (payload, _answer, prelabel) in enumerate(made)
        )
        GoldAnswer.objects.bulk_create(
            GoldAnswer(task=task, project=project, n=rng.random(), answer=answer, added_by_id=actor_id)
            for task, (_payload, answer, _prelabel) in zip(tasks, made, strict=True)
        )
        audit.record(subject=project, verb="gold.added", actor_id=actor_id, now=now)
        projects.refresh_terms(project=project, now=now)
    return len(tasks)


def promote(*, task: Task, actor_id: uuid.UUID, now: datetime, rng: random.Random) -> GoldAnswer:
    """Make a settled task's content a gold task with its result as the known answer; the task itself stays what it is."""
    result = getattr(task, "result", None)
    if result is None or result.state != "settled" or result.answer is None:
        raise Conflict(_("Only a task with a settled answer can become gold."))
    if task.batch is None:
        raise Conflict(_("This task is gold already."))
    project = task.project
    add(project=project, rows=[(task.payload, result.answer, task.prelabel)], actor_id=actor_id, now=now, rng=rng)
    return GoldAnswer.objects.filter(project=project).latest("added_at")


def void(*, project: Project, task_id: int, why: str, actor_id: uuid.UUID, now: datetime) -> None:
    """A known answer was wrong: it is given out no more, and every score that it touched is counted again."""
    gold = GoldAnswer.objects.filter(project=project, task_id=task_id, voided_at__isnull=True).first()
    if gold is None:
        raise NotFound(_("There is no such gold task in use."))
    GoldAnswer.objects.filter(pk=gold.pk).update(voided_at=now, voided_why=why[:40])
    audit.record(subject=gold, verb="gold.voided", actor_id=actor_id, now=now, reason=why[:40])
    for submission in Submission.objects.filter(task_id=task_id, gold=True).exclude(pk__in=_excused(task_id)):
        _uncount(submission, gold, now)
    outbox.emit("scores.recount", project_id=str(project.pk))
    projects.refresh_terms(project=project, now=now)


def excuse(*, submission: Submission, now: datetime) -> None:
    """One worker's answer counts no more, for or against; the known answer stays in use. Done before its dispute is closed."""
    gold = GoldAnswer.objects.select_related("project").get(pk=submission.task_id)
    if gold.voided_at is None and _is_graded(submission):
        _uncount(submission, gold, now)


def _excused(task_id: int) -> QuerySet[Dispute, Any]:
    """Answers that a dispute took out of the counts already."""
    won = Dispute.objects.filter(submission__task_id=task_id, about=Dispute.About.SCORE, outcome="by_silence")
    return won.values("submission")


def excused_of(worker_id: uuid.UUID) -> QuerySet[Dispute, Any]:
    """A worker's answers that count no more, for or against."""
    won = Dispute.objects.filter(submission__worker_id=worker_id, about=Dispute.About.SCORE, outcome="by_silence")
    return won.values("submission")


def _uncount(submission: Submission, gold: GoldAnswer, now: datetime) -> None:
    if not _is_graded(submission):
        return
    project = gold.project
    right = registry.drawer(project.task_type).grade(submission.answer, gold.answer, settings=project.settings) >= RIGHT_FROM
    who = accounts.survivor(submission.worker_id)
    WorkerRecord.objects.filter(worker_id=who, project=project).update(
        gold_seen=F("gold_seen") - 1, gold_right=F("gold_right") - int(right)
    )
    scores.refresh(worker_id=who, project_id=project.pk, now=now)


def is_right(submission: Submission) -> bool:
    """Does an answer to a known task agree with what is known? Takes a submission with its task, gold and project at hand."""
    project, known = submission.task.project, submission.task.gold
    credit = registry.drawer(project.task_type).grade(submission.answer, known.answer, settings=project.settings)
    return credit >= RIGHT_FROM


def _is_graded(submission: Submission) -> bool:
    return audit.history(submission).filter(verb="gold.graded").exists()


def grade(*, submission_id: uuid.UUID, now: datetime) -> None:
    """Count a gold answer for or against its worker; the payment is not touched. Counting twice does no harm."""
    submission = Submission.objects.select_related("task__gold", "task__project").get(pk=submission_id)
    gold, project = submission.task.gold, submission.task.project
    if gold.voided_at or _is_graded(submission):
        return
    drawer = registry.drawer(project.task_type)
    right = drawer.grade(submission.answer, gold.answer, settings=project.settings) >= RIGHT_FROM
    GoldAnswer.objects.filter(pk=gold.pk).update(seen=F("seen") + 1, right=F("right") + int(right))
    who = accounts.survivor(submission.worker_id)
    WorkerRecord.objects.get_or_create(worker_id=who, project=project)
    WorkerRecord.objects.filter(worker_id=who, project=project).update(
        gold_seen=F("gold_seen") + 1, gold_right=F("gold_right") + int(right)
    )
    audit.record(subject=submission, verb="gold.graded", actor_id=None, now=now)
    scores.refresh(worker_id=who, project_id=project.pk, now=now)
