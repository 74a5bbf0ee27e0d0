"""What a client's pages ask of the market: lists with a bounded number of statements, and one thing found by its owner."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kit import paging
from kit.counts import rested
from kit.errors import NotFound
from kit.money import Money
from marketplace.models import Batch, Project, Result, Submission, Task, Upload
from payments import queries as money
from payments.queries import BatchSpend
from workers import pseudonyms

IN_MOTION = ("launching", "active", "paused", "closing")
PAGE = 30


# --- one thing, for members of its organisation; for everybody else there is no such thing -----------------------------


def project_of(*, organisation_id: uuid.UUID, project_id: uuid.UUID) -> Project:
    """Raises NotFound."""
    found = Project.objects.select_related("organisation").filter(pk=project_id, organisation_id=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such project."))
    return found


def batch_of(*, organisation_id: uuid.UUID, batch_id: uuid.UUID) -> Batch:
    """Raises NotFound."""
    rows = Batch.objects.select_related("project__organisation", "created_by")
    found = rows.filter(pk=batch_id, project__organisation_id=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such batch."))
    return found


def upload_of(*, organisation_id: uuid.UUID, upload_id: uuid.UUID) -> Upload:
    """Raises NotFound."""
    rows = Upload.objects.select_related("batch__project__organisation")
    found = rows.filter(pk=upload_id, batch__project__organisation_id=organisation_id).first()
    if found is None:
        raise NotFound(_("There is no such upload."))
    return found


def task_of(*, organisation_id: uuid.UUID, task_id: int) -> Task:
    """A task of a batch, or a gold task of a project; raises NotFound."""
    rows = Task.objects.select_related("project", "batch__project__organisation")
    found = rows.filter(pk=task_id, project__organisation_id=organisation_id).first() if task_id < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such task."))
    return found


# --- projects and batches ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project with what is in motion in it."""

    project: Project
    drafts: int
    batches: int
    moving: int
    tasks: int
    settled: int
    waiting: int

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.tasks if self.tasks else 0


@dataclass(frozen=True, slots=True)
class ProjectsPage:
    rows: list[ProjectRow]
    page: paging.Page[Any]


def projects_page(*, organisation_id: uuid.UUID, cursor: str | None, name: str = "", archived: bool = False) -> ProjectsPage:
    """A page of projects, the newest first: four statements."""
    found = Project.objects.filter(organisation_id=organisation_id, archived_at__isnull=not archived)
    if name:
        found = found.filter(name__icontains=name)
    counted = found.annotate(all=Count("batches"), drafts=Count("batches", filter=Q(batches__state="draft")))
    page = paging.page(counted, order="-created_at", cursor=cursor, size=PAGE)
    moving = list(Batch.objects.filter(project__in=[row.pk for row in page.rows], state__in=IN_MOTION))
    settled, waiting = settled_counts([one.pk for one in moving]), waiting_counts(moving)
    rows = [_project_row(row, [one for one in moving if one.project_id == row.pk], settled, waiting) for row in page.rows]
    return ProjectsPage(rows, page)


def _project_row(
    project: Any, moving: Sequence[Batch], settled: dict[uuid.UUID, int], waiting: dict[uuid.UUID, int]
) -> ProjectRow:
    return ProjectRow(
        project=project, drafts=project.drafts, batches=project.all, moving=len(moving),
        tasks=sum(one.task_count for one in moving), settled=sum(settled[one.pk] for one in moving),
        waiting=sum(waiting[one.pk] for one in moving),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with how far it is and what it cost."""

    batch: Batch
    settled: int
    waiting: int
    spend: BatchSpend

    @property
    def spent(self) -> Money:
        return self.spend.paid + self.spend.fees

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.batch.task_count if self.batch.task_count else 0


@dataclass(frozen=True, slots=True)
class BatchesPage:
    rows: list[BatchRow]
    page: paging.Page[Batch]


def batches_page(*, project: Project, cursor: str | None) -> BatchesPage:
    """A page of a project's batches, the newest first: four statements."""
    page = paging.page(Batch.objects.filter(project=project), order="-created_at", cursor=cursor, size=PAGE)
    ids = [row.pk for row in page.rows]
    settled, waiting, spend = settled_counts(ids), waiting_counts(page.rows), spend_of(page.rows)
    rows = [BatchRow(row, settled[row.pk], waiting[row.pk], spend[row.pk]) for row in page.rows]
    return BatchesPage(rows, page)


def settled_counts(batch_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Settled results by batch."""
    if not batch_ids:
        return {}
    rows = Result.objects.filter(batch__in=batch_ids, state="settled").values_list("batch").annotate(n=Count("pk"))
    counted = rested("settled", batch_ids, lambda: dict(rows.order_by()))
    return dict.fromkeys(batch_ids, 0) | counted


def waiting_counts(found: Sequence[Batch]) -> dict[uuid.UUID, int]:
    """Answers that wait for the client's own word, by batch."""
    counts: Counter[uuid.UUID] = Counter({one.pk: 0 for one in found})
    judged = [one.pk for one in found if judged_by_client(one)]
    if judged:
        rows = _waiting(judged).values_list("batch").annotate(n=Count("pk")).order_by()
        counts.update(dict(rows))
    return dict(counts)


def judged_by_client(batch: Batch) -> bool:
    return batch.state in IN_MOTION and batch.terms.get("review_rule") == "client"


def spend_of(found: Sequence[Batch]) -> dict[uuid.UUID, BatchSpend]:
    """Where the money of these batches is, in their own currency, one statement; zeros for those never funded."""
    spends = money.batches_spend([one.pk for one in found])
    return {one.pk: _in_currency(spends[one.pk], one.currency) for one in found}


def _in_currency(spend: BatchSpend, currency: str) -> BatchSpend:
    if spend.paid.currency == currency:
        return spend
    zero = Money.zero(currency)
    return BatchSpend(paid=zero, fees=zero, pending=zero, reserved=zero)


def launched_batches(project: Project) -> list[Batch]:
    """The project's batches that were ever launched, newest first, as many as figures of a project look at."""
    return list(project.batches.exclude(state="draft").order_by("-launched_at")[:200])


def tasks_in(project: Project) -> int:
    """Tasks of the project's batches, launched or not."""
    return int(project.batches.aggregate(n=Sum("task_count"))["n"] or 0)


# --- results -----------------------------------------------------------------------------------------------------------

SHOWN = ("all", "settled", "open", "ambiguous")


def tasks_page(*, batch: Batch, show: str, own_id: str, cursor: str | None) -> paging.Page[Task]:
    """Tasks in the order of the file, with their results: all, settled, not settled yet, or settled as ambiguous."""
    rows: QuerySet[Task] = Task.objects.filter(batch=batch).select_related("result")
    match show:
        case "settled":
            rows = rows.filter(result__batch=batch, result__state="settled")
        case "ambiguous":
            rows = rows.filter(result__batch=batch, result__state="settled", result__ambiguous=True)
        case "open":
            rows = rows.filter(~Exists(Result.objects.filter(batch=batch, state="settled", task=OuterRef("pk"))))
    if own_id:
        rows = rows.filter(external_id=own_id.replace("\x00", "\ufffd"))
    return paging.page(rows, order="line", cursor=cursor, size=PAGE)


def neighbour(task: Task, step: int) -> Task | None:
    """The task before (-1) or after (1) this one in its batch."""
    rows = Task.objects.filter(batch=task.batch_id)
    if step < 0:
        return rows.filter(line__lt=task.line).order_by("-line").first()
    return rows.filter(line__gt=task.line).order_by("line").first()


TRIED = 20


def task_to_answer(*, project: Project, rng: random.Random) -> Task | None:
    """A task from a random place of the newest batch that has any, one whose content is not gold yet if that is soon found."""
    newest = project.batches.filter(task_count__gt=0).order_by("-created_at").first()
    if newest is None:
        return None
    ends = newest.tasks.aggregate(first=Min("line"), last=Max("line"))
    known = list(project.gold_answers.values_list("task__payload", flat=True)[:1_000])
    found = None
    for _turn in range(TRIED):
        line = rng.randint(ends["first"], ends["last"])
        found = newest.tasks.filter(line__gte=line).select_related("project").order_by("line").first()
        if found is not None and found.payload not in known:
            return found
    return found


def latest_answers(*, batch: Batch, most: int) -> list[Submission]:
    """The newest answers that are accepted or wait for a judge: one step down the index for each state."""
    rows = Submission.objects.filter(batch=batch, kind="answer", gold=False).select_related("task__result")
    found = [one for state in ("accepted", "waiting") for one in rows.filter(state=state).order_by("-submitted_at")[:most]]
    return sorted(found, key=lambda one: one.submitted_at, reverse=True)[:most]


# --- what waits for the client's word ----------------------------------------------------------------------------------


def _waiting(found: Sequence[uuid.UUID] | QuerySet[Batch]) -> QuerySet[Submission]:
    return Submission.objects.filter(batch__in=found, state="waiting", kind="answer", gold=False)


def waiting_for_client(*, organisation_id: uuid.UUID, project_id: uuid.UUID | None = None) -> QuerySet[Submission]:
    """Answers of batches that the client judges, not judged yet; gold is never among them."""
    found = Batch.objects.filter(
        project__organisation_id=organisation_id, state__in=IN_MOTION, terms__review_rule="client"
    )
    if project_id is not None:
        found = found.filter(project_id=project_id)
    rows = _waiting(found)
    return rows.select_related("task", "lease", "batch__project__organisation")


HOW_MANY_WAIT = """
SELECT coalesce(sum(waiting.n), 0)::bigint
FROM marketplace_batch batch
JOIN marketplace_project project ON project.id = batch.project_id
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM marketplace_submission s
    WHERE s.batch_id = batch.id AND s.state = 'waiting' AND s.kind = 'answer' AND NOT s.gold
) AS waiting
WHERE project.organisation_id = %(organisation)s AND (%(project)s::uuid IS NULL OR project.id = %(project)s)
  AND batch.state = ANY(%(states)s) AND batch.terms->>'review_rule' = 'client'
"""


def how_many_wait(*, organisation_id: uuid.UUID, project_id: uuid.UUID | None = None) -> int:
    """How many `waiting_for_client` holds, batch by batch over what waits there alone."""
    with connection.cursor() as cursor:
        cursor.execute(HOW_MANY_WAIT, {"organisation": organisation_id, "project": project_id, "states": list(IN_MOTION)})
        return int(cursor.fetchone()[0])


def next_waiting(*, organisation_id: uuid.UUID, project_id: uuid.UUID | None, after: Submission | None) -> Submission | None:
    """The answer whose clock runs out next, after one that was looked at; from the top when that was the last."""
    rows = waiting_for_client(organisation_id=organisation_id, project_id=project_id).order_by("judge_by", "pk")
    if after is None:
        return rows.first()
    others = rows.exclude(pk=after.pk)
    if after.judge_by is not None:
        behind = others.filter(Q(judge_by__gt=after.judge_by) | Q(judge_by=after.judge_by, pk__gt=after.pk))
        return behind.first() or others.first()
    return others.first()


def pseudonyms_of(*, organisation_id: uuid.UUID, worker_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return pseudonyms.many(worker_ids=set(worker_ids), organisation_id=organisation_id) if worker_ids else {}
