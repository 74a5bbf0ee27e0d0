"""Free texts that wait for a person: the queue by clock, claiming, grading by the rubric, and whom else a text needs.

Who wrote them does not show, nor what another reader gave."""

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

from kit import audit, due
from kit.errors import Conflict, Invalid, NotFound
from qualification import agreement, grading, readers
from qualification.models import AttemptItem, Reading
from workers import people, work_queues
from workers.models import OpsRole

WITHIN = timedelta(hours=48)
"""When a person who handed in is told to expect the outcome."""
QUEUE = "readings"
CLAIM = timedelta(minutes=30)
"""How long a claim keeps others away."""
SECOND_SHARE_BP = 2_000
"""Of all texts, so many have a second reader by chance."""
NEAR_BP = 1_000
"""A text whose credit lies so near to the pass mark of its exam has a second reader."""
APART_BP = 2_500
"""Two readers whose credits differ by more call for a third; then the middle one counts."""
SECOND_WITHIN = timedelta(hours=24)
"""What a later reader has at least; who does not come by then is waited for no longer."""


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
    """What no person has graded yet, the most urgent first; known texts are not among it."""
    rows = Reading.objects.filter(graded_at__isnull=True, known__isnull=True).select_related("question__item__exam__skill", "claimed_by")
    return rows.order_by("due_at", "id")


def waiting_for(user_id: uuid.UUID, *, now: datetime) -> QuerySet[Reading]:
    """What waits and this person may read; nothing while they are paused."""
    rows = Reading.objects.filter(graded_at__isnull=True).select_related("question__item__exam__skill", "question__attempt", "claimed_by")
    if readers.pause_of(user_id, now=now) is not None:
        return rows.none()
    return rows.filter(readers.readable(user_id, now=now)).exclude(readers.keeps_away(user_id)).order_by("due_at", "id")


def by_exam() -> list[Waits]:
    """What waits, counted by exam, the most urgent first."""
    rows = Reading.objects.filter(graded_at__isnull=True, known__isnull=True).values("question__item__exam__title")
    found = rows.annotate(count=Count("pk"), first=Min("due_at")).order_by("first")
    return [Waits(row["question__item__exam__title"], row["count"], row["first"]) for row in found[:50]]


def find(reading_id: uuid.UUID) -> Reading:
    """Raises NotFound."""
    found = Reading.objects.select_related("question__item__exam__skill", "question__attempt").filter(pk=reading_id).first()
    if found is None:
        raise NotFound(_("There is no such text."))
    return found


def claim(*, reading: Reading, by_id: uuid.UUID, now: datetime) -> None:
    """Have a text to oneself for half an hour; claiming again goes on. Raises Taken, and what `readers.require` raises: NotFound for
    one's own text, NotAReader, ReaderPaused, people.NotIndependent."""
    readers.require(reading=reading, by_id=by_id, now=now)
    if reading.known_id and reading.reader_id != by_id:
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


def grade(*, reading: Reading, points: Any, note: str, by_id: uuid.UUID, now: datetime) -> None:
    """Points for each line of the rubric, in its order, and a sentence that the writer will read; where the text needs another reader,
    it waits for them. Raises Taken without a claim of one's own, Invalid with the field, and what `readers.require` raises."""
    readers.require(reading=reading, by_id=by_id, now=now)
    rubric = reading.question.item.body["rubric"]
    checked = check_points(points, rubric)
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
    reading.refresh_from_db(fields=["points", "note", "graded_by_id", "graded_at"])
    if reading.known_id is None and (why := _needs_another(reading, now)):
        due_at = max(reading.due_at, now + SECOND_WITHIN)
        Reading.objects.get_or_create(question=reading.question, n=reading.n + 1, known=None, defaults={"why": why, "due_at": due_at})


def _needs_another(reading: Reading, now: datetime) -> str | None:
    """Why somebody else reads this text too: by chance, near the pass mark, or since two are far apart. Nobody waits for a reader whom
    there is not."""
    row, exam = reading.question, reading.question.item.exam
    given = [credit_of(one, row) for one in row.readings.filter(graded_at__isnull=False, known__isnull=True)]
    why = None
    if len(given) == 1:
        near = abs(given[0] - exam.pass_bp) <= NEAR_BP
        why = Reading.NEAR if near else Reading.SHARE if reading.pk.int % grading.FULL < SECOND_SHARE_BP else None
    elif len(given) == 2 and abs(given[0] - given[1]) > APART_BP:
        why = Reading.APART
    return why if why and _somebody_left(row, now) else None


def _somebody_left(row: AttemptItem, now: datetime) -> bool:
    read = row.readings.filter(graded_by__isnull=False, known__isnull=True).values_list("graded_by_id", flat=True)
    away = set().union(*(people.linked(one) for one in [*read, row.attempt.worker_id] if one))
    return bool(readers.of_exam(row.item.exam, now=now) - away)


def outstanding(attempt_id: uuid.UUID) -> bool:
    """Does an attempt wait for a reader?"""
    return Reading.objects.filter(question__attempt_id=attempt_id, graded_at__isnull=True, known__isnull=True).exists()


def give_up_due(*, now: datetime, limit: int = 200) -> list[uuid.UUID]:
    """Later readers who did not come in time are waited for no longer: what was given before them counts. Returns the attempts that may
    come to their end. A first reader is waited for, since without one there is nothing to count."""
    late = Reading.objects.filter(n__gte=2, graded_at__isnull=True, due_at__lte=now).exclude(claimed_until__gt=now)
    taken = due.take(late.select_related("question").order_by("due_at"), limit=limit)
    for one in taken:
        audit.record(subject=one, verb="reading.given_up", actor_id=None, now=now)
        work_queues.done(queue=QUEUE, item=one.pk)
    Reading.objects.filter(pk__in=[one.pk for one in taken]).delete()
    return list(dict.fromkeys(one.question.attempt_id for one in taken))


def credit(row: AttemptItem) -> int | None:
    """What people gave a free text, as credit: the median of its readers; None before the first."""
    given = row.readings.filter(points__isnull=False, known__isnull=True).values_list("points", flat=True)
    found = [grading.FULL * sum(points or []) // most_points(row) for points in given]
    return agreement.median(found) if found else None


def credit_of(reading: Reading, row: AttemptItem) -> int:
    """What one reader gave, as credit."""
    return int(grading.FULL * sum(reading.points or []) // most_points(row))


def most_points(row: AttemptItem) -> int:
    """What the rubric allows in all."""
    return int(sum(line["points"] for line in row.item.body["rubric"]))


def check_points(points: Any, rubric: list[dict[str, Any]]) -> list[int]:
    """Raises Invalid with the line."""
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
