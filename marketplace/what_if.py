"""What a change of a project's rules would have done to its last month: who had worked, what had been asked, what had come out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from kit.counts import rested
from marketplace import escalation, health, results, rules, rules_sql
from marketplace.models import Project, Result, Submission, Task, WorkerRecord
from marketplace.quality import policy

LAST = timedelta(days=28)
TASKS_PLAYED = 150
"""Newest settled tasks whose recorded answers are asked again under other terms."""
BASIS = 10_000


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """Of the answers of the last 28 days: how many the people would have given whom a rule lets in as they are today, how many
    people that is, and how often each side is right on known answers (None: too little known)."""

    answers: int
    answers_kept: int
    people: int
    people_kept: int
    right: health.Interval | None
    right_kept: health.Interval | None


@dataclass(frozen=True, slots=True)
class TermsEffect:
    """The newest settled tasks asked again under other terms, from their recorded answers in the order in which they came.

    `same` of the `decided` tasks had come to the result that they have; of `beyond` tasks more answers had been asked than
    were ever given, so what those had said nobody knows.
    """

    tasks: int
    answers: int
    answers_then: int
    decided: int
    same: int
    beyond: int


def rule(*, project: Project, changed: rules.Rule, now: datetime) -> RuleEffect:
    """What another rule of who may answer would have done. `changed` is a checked rule."""
    given = _answers_by_worker(project, now)
    kept = _let_in(changed, list(given))
    everybody = set(given)
    return RuleEffect(
        answers=sum(given.values()), answers_kept=sum(given[worker] for worker in kept), people=len(given), people_kept=len(kept),
        right=_right(project, everybody), right_kept=_right(project, kept),
    )


def _answers_by_worker(project: Project, now: datetime) -> dict[uuid.UUID, int]:
    ids = list(project.batches.values_list("pk", flat=True))
    rows = Submission.objects.filter(batch__in=ids, kind="answer", gold=False, submitted_at__gt=now - LAST).order_by()
    return rested("answers-by-worker", ids, lambda: dict(rows.values_list("worker_id").annotate(n=Count("pk")))) if ids else {}


def _let_in(changed: rules.Rule, workers: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    condition, params = rules_sql.as_sql(changed)
    statement = f"SELECT p.user_id FROM workers_workerprofile p WHERE p.user_id = ANY(%s) AND ({condition})"
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(workers), *params])
        return {row[0] for row in cursor.fetchall()}


def _right(project: Project, workers: set[uuid.UUID]) -> health.Interval | None:
    """How often these people are right on the project's known answers, each as often as they met one."""
    found = WorkerRecord.objects.filter(project=project, worker_id__in=workers).aggregate(seen=Sum("gold_seen"), right=Sum("gold_right"))
    return health.interval(right=float(found["right"] or 0), answers=float(found["seen"] or 0))


def terms(
    *, project: Project, overlap: int, max_overlap: int, target_accuracy_bp: int | None, now: datetime
) -> TermsEffect:
    """What other numbers of answers or another target would have done, by the policy that serves live work.

    Answers of experts and last words are left out on both sides.
    """
    wanted = {"overlap": overlap, "max_overlap": max_overlap, "target_accuracy_bp": target_accuracy_bp, "experts": None}
    settled = Result.objects.filter(batch__project=project, state="settled", by="model", settled_at__gt=now - LAST)
    ids = list(settled.order_by("-settled_at").values_list("task_id", flat=True)[:TASKS_PLAYED])
    tasks = Task.objects.filter(pk__in=ids).select_related("project", "batch", "result")
    given: dict[int, list[results.Given]] = {}
    rows = Submission.objects.filter(task__in=ids, kind="answer", slot__queue__tier=0).exclude(state__in=results.NOT_COUNTED)
    for task_id, worker_id, answer in rows.order_by("submitted_at", "id").values_list("task_id", "worker_id", "answer"):
        given.setdefault(task_id, []).append(results.Given(str(worker_id), answer))
    models = results.models_of(project.pk)
    return _summed([_play(task, given[task.pk], models, wanted) for task in tasks if task.pk in given])


def _play(
    task: Task, given: Sequence[results.Given], models: results.Models, wanted: dict[str, Any]
) -> TermsEffect:
    """One task under other terms: how many of its answers had been asked, and whether they had come to the same."""
    used, more = 0, True
    reading = None
    while more and used < len(given):
        used += 1
        reading = results.read(task=task, given=given[:used], models=models)
        more = used < wanted["max_overlap"] and _asks_more(wanted, reading, used)
    beyond = int(more)
    same = int(not more and reading is not None and reading.answer == task.result.answer)
    return TermsEffect(1, len(given), used + beyond, 1 - beyond, same, beyond)


def _asks_more(wanted: dict[str, Any], reading: results.Reading, used: int) -> bool:
    if wanted["target_accuracy_bp"] is None or not reading.posteriors:
        return bool(used < wanted["overlap"])
    least = min(reading.posteriors, key=lambda posterior: posterior.belief)
    return policy.decide(posterior=least, policy=escalation.policy_of(wanted)).step is policy.Step.ONE_MORE


def _summed(effects: Sequence[TermsEffect]) -> TermsEffect:
    total = TermsEffect(0, 0, 0, 0, 0, 0)
    for one in effects:
        total = replace(
            total, tasks=total.tasks + 1, answers=total.answers + one.answers, answers_then=total.answers_then + one.answers_then,
            decided=total.decided + one.decided, same=total.same + one.same, beyond=total.beyond + one.beyond,
        )  # fmt: skip
    return total
