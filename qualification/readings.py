"""Free texts that wait for a person: the queue by clock, claiming, grading by the rubric. Who wrote them does not show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from qualification import grading
from qualification.models import AttemptItem, Reading
from workers import work_queues
from workers.models import OpsRole

WITHIN = timedelta(hours=48)
"""When a person who handed in is told to expect the outcome."""
QUEUE = "readings"
CLAIM = timedelta(minutes=30)
"""How long a claim keeps others away."""


class Taken(Conflict):
    """Somebody else reads this at the moment, or has graded it."""

    code = "reading_taken"


@dataclass(frozen=True, slots=True)
class Waits:
    """How many free texts of an exam wait, and when the first of them is due."""

    exam: str
    count: int
    first_due: datetime


def queue(rows: Sequence[AttemptItem], *, now: datetime) -> None:
    """Put free texts into the queue; those that wait already stay where they are."""
    Reading.objects.bulk_create((Reading(question=row, due_at=now + WITHIN) for row in rows), ignore_conflicts=True)


def waiting() -> QuerySet[Reading]:
    """What no person has graded yet, the most urgent first."""
    rows = Reading.objects.filter(graded_at__isnull=True).select_related("question__item__exam__skill", "claimed_by")
    return rows.order_by("due_at", "id")


def by_exam() -> list[Waits]:
    """What waits, counted by exam, the most urgent first."""
    rows = Reading.objects.filter(graded_at__isnull=True).values("question__item__exam__title")
    found = rows.annotate(count=Count("pk"), first=Min("due_at")).order_by("first")
    return [Waits(row["question__item__exam__title"], row["count"], row["first"]) for row in found[:50]]


def find(reading_id: uuid.UUID) -> Reading:
    """Raises NotFound."""
    found = Reading.objects.select_related("question__item__exam__skill").filter(pk=reading_id).first()
    if found is None:
        raise NotFound(_("There is no such text."))
    return found


def claim(*, reading: Reading, by_id: uuid.UUID, now: datetime) -> None:
    """Have a text to oneself for half an hour; claiming again goes on. Raises Taken, and NotFound for one's own text."""
    if reading.question.attempt.worker_id == by_id:
        raise NotFound(_("There is no such text."))
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now) | Q(claimed_by_id=by_id)
    if work_queues.is_held(queue=QUEUE, item=reading.pk, by_id=by_id, now=now):
        free = Q()  # it was handed over to this person
    mine = Reading.objects.filter(free, pk=reading.pk, graded_at__isnull=True)
    if not mine.update(claimed_by_id=by_id, claimed_until=now + CLAIM):
        raise Taken(_("Somebody else reads this at the moment, or has graded it."))
    work_queues.require(queue=QUEUE, item=reading.pk, by_id=by_id, now=now, until=now + CLAIM)
    reading.claimed_by_id, reading.claimed_until = by_id, now + CLAIM


def give_back(*, reading: Reading, by_id: uuid.UUID) -> None:
    """Leave a claimed text to others. Raises Taken when it is not one's own claim."""
    mine = Reading.objects.filter(pk=reading.pk, claimed_by_id=by_id, graded_at__isnull=True)
    if not mine.update(claimed_by=None, claimed_until=None):
        raise Taken(_("This is not yours to give back."))
    work_queues.release(queue=QUEUE, item=reading.pk, by_id=by_id)


def is_mine(*, reading: Reading, by_id: uuid.UUID, now: datetime) -> bool:
    """Claimed here, or taken from the work queue, or handed over there."""
    held = reading.claimed_by_id == by_id and reading.claimed_until is not None and reading.claimed_until > now
    return held or work_queues.is_held(queue=QUEUE, item=reading.pk, by_id=by_id, now=now)


def grade(*, reading: Reading, points: Any, note: str, by_id: uuid.UUID, now: datetime) -> bool:
    """Points for each line of the rubric, in its order, and a sentence that the writer will read. True when this was the last text
    that its attempt waited for. Raises Taken without a claim of one's own, Invalid with the field."""
    rubric = reading.question.item.body["rubric"]
    checked = _check_points(points, rubric)
    if len(note) > 1000:
        raise Invalid(_("At most 1,000 characters."), field="note")
    if sum(checked) < sum(line["points"] for line in rubric) and len(note.strip()) < 3:
        raise Invalid(_("Say what is missing: whoever wrote it will read it."), field="note")
    if work_queues.is_held(queue=QUEUE, item=reading.pk, by_id=by_id, now=now):
        claim(reading=reading, by_id=by_id, now=now)
    mine = Reading.objects.filter(pk=reading.pk, claimed_by_id=by_id, claimed_until__gt=now, graded_at__isnull=True)
    if not mine.update(points=checked, note=note.strip(), graded_by_id=by_id, graded_at=now):
        raise Taken(_("Your claim is over, or somebody has graded this. Claim it again."))
    work_queues.done(queue=QUEUE, item=reading.pk)
    audit.record(subject=reading, verb="reading.graded", actor_id=by_id, now=now)
    return not Reading.objects.filter(question__attempt_id=reading.question.attempt_id, graded_at__isnull=True).exists()


def credit(row: AttemptItem) -> int | None:
    """What a person gave a free text, as credit; None while it waits."""
    found: list[int] | None = Reading.objects.filter(question=row, points__isnull=False).values_list("points", flat=True).first()
    if found is None:
        return None
    most: int = sum(line["points"] for line in row.item.body["rubric"])
    return grading.FULL * sum(found) // most


def _check_points(points: Any, rubric: list[dict[str, Any]]) -> list[int]:
    if not isinstance(points, list) or len(points) != len(rubric):
        raise Invalid(_("Expected points for each line of the rubric."), field="points")
    for at, (given, line) in enumerate(zip(points, rubric, strict=True)):
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= line["points"]:
            raise Invalid(_("Expected a whole number from 0 to %(most)d.") % {"most": line["points"]}, field=f"points[{at}]")
    return points


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        exam = one.question.item.exam
        yield work_queues.Item(
            id=one.pk, title=one.question.item.body["text"][:120], note=f"{exam.title} · {exam.skill.name}",
            url=reverse("qualification:ops_reading", args=[one.pk]), until=one.due_at,
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key=QUEUE, title=gettext_lazy("Free texts of tests"),
    about=gettext_lazy("Points by the rubric, within 48 hours; who wrote a text does not show."),
    none=gettext_lazy("Nothing waits to be read."), roles=(OpsRole.QUALITY_LEAD,), waiting=_items,
    count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
