"""Texts whose points are known: made of those that two people read alike, mixed in unseen, and what they say of each reader."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import mean

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from qualification import agreement, grading, readers, readings
from qualification.models import AttemptItem, KnownReading, ReaderGrant, ReaderPause, Reading
from workers.models import User
from workers.people import NotIndependent, linked

SHARE_BP = 1_000
"""Of the texts that somebody takes, so many are known ones, while there are any that they have not met."""
LEAST_MET, LATEST_MET = 6, 10
"""A reader is judged by the newest known texts, from so many on."""
BEHIND_BP = 8_000
"""Behind is who reads as agreed less often than this, by the upper end of the 95 % interval."""
LATELY = timedelta(days=28)
AGAIN_MOST = 20
"""So many of a paused reader's latest texts that nobody else has read are read again."""


def add(*, question_id: uuid.UUID, points: list[int], by_id: uuid.UUID, now: datetime) -> KnownReading:
    """Make a text known that two people have read alike, with the points agreed on. Raises NotFound, Invalid, Conflict."""
    row = AttemptItem.objects.select_related("item__exam").filter(pk=question_id).first()
    given = _counted(row) if row else []
    if row is None or len(given) < 2:
        raise NotFound(_("There is no such text that two people have read."))
    credits = [readings.credit_of(one, row) for one in given]
    if max(credits) - min(credits) > readings.APART_BP:
        raise Conflict(_("Its readers did not agree."))
    checked = readings.check_points(points, row.item.body["rubric"])
    agreed = grading.FULL * sum(checked) // readings.most_points(row)
    if not min(credits) <= agreed <= max(credits):
        raise Invalid(_("Give points between those that its readers gave."), field="points")
    made, new = KnownReading.objects.get_or_create(question=row, defaults={"points": checked, "made_by_id": by_id, "made_at": now})
    if not new:
        raise Conflict(_("This text is known already."))
    audit.record(subject=made, verb="known_reading.made", actor_id=by_id, now=now)
    return made


def end(*, known_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> None:
    """Mix it in no more; those that wait go. Raises NotFound."""
    if not KnownReading.objects.filter(pk=known_id, ended_at__isnull=True).update(ended_at=now):
        raise NotFound(_("There is no such text."))
    Reading.objects.filter(known=known_id, graded_at__isnull=True).delete()
    audit.record(subject=KnownReading(pk=known_id), verb="known_reading.ended", actor_id=by_id, now=now)


def _counted(row: AttemptItem) -> list[Reading]:
    return list(row.readings.filter(graded_at__isnull=False, known__isnull=True).order_by("n"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that two people read alike and that is not known yet; `points` are those of the first of them."""

    question: AttemptItem
    points: list[int]
    credits: list[int]


def candidates(*, most: int = 20) -> list[Candidate]:
    """The newest such texts."""
    rows = Reading.objects.filter(n=2, known__isnull=True, graded_at__isnull=False, question__known__isnull=True)
    found = []
    for one in rows.select_related("question__item__exam").order_by("-graded_at")[: 3 * most]:
        given = _counted(one.question)
        credits = [readings.credit_of(each, one.question) for each in given]
        if len(given) > 1 and max(credits) - min(credits) <= readings.APART_BP:
            found.append(Candidate(one.question, list(given[0].points or []), credits))
    return found[:most]


def mix_in(*, reader_id: uuid.UUID, now: datetime, luck: random.Random) -> Reading | None:
    """By chance a known text for somebody who takes the next one, of those that they have not met; it looks like any other."""
    if luck.randrange(grading.FULL) >= SHARE_BP:
        return None
    if readers.pause_of(reader_id, now=now) is not None or not readings.waiting_for(reader_id, now=now).exists():
        return None  # where nothing else waits, a text that appears would tell what it is
    met = Reading.objects.filter(Q(reader=reader_id) | Q(graded_by=reader_id)).values("question")
    rows = KnownReading.objects.filter(ended_at__isnull=True).exclude(question__in=met).exclude(made_by=reader_id)
    rows = rows.exclude(question__attempt__worker__in=linked(reader_id))
    allowed = Reading.objects.filter(readers.readable(reader_id, now=now)).values("question")
    found = rows.filter(question__in=allowed).order_by("made_at", "pk").first()
    if found is None:
        return None
    return Reading.objects.create(
        question_id=found.question_id, n=0, why=Reading.KNOWN, known=found, reader_id=reader_id, due_at=now + readings.WITHIN
    )


def take(*, by_id: uuid.UUID, now: datetime, luck: random.Random) -> Reading | None:
    """Claim the most urgent text that this person may read and nobody reads, or by chance a known one; None where nothing is free."""
    if (known := mix_in(reader_id=by_id, now=now, luck=luck)) is not None:
        readings.claim(reading=readings.find(known.pk), by_id=by_id, now=now)
        return known
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now) | Q(claimed_by=by_id)
    for one in readings.waiting_for(by_id, now=now).filter(free)[:20]:
        try:
            with transaction.atomic():
                readings.claim(reading=one, by_id=by_id, now=now)
        except (readings.Taken, NotIndependent):
            continue
        return one
    return None


def judge(*, reader_id: uuid.UUID, now: datetime) -> ReaderPause | None:
    """After a known text was read: who has fallen behind is paused, and their latest lone texts are read again."""
    newest = _as_agreed(_met(reader_id)[:LATEST_MET])
    if len(newest) < LEAST_MET or readers.pause_of(reader_id, now=now) is not None:
        return None
    found = grading.score([grading.FULL if right else 0 for right in newest])
    if found is None or found.high >= BEHIND_BP:
        return None
    made = readers.pause(user_id=reader_id, met=len(newest), right=sum(newest), now=now)
    if made is not None:
        _read_again(reader_id, now)
    return made


def _met(reader_id: uuid.UUID) -> list[Reading]:
    """Known texts that somebody read since their last pause ended, the newest first."""
    last = ReaderPause.objects.filter(user_id=reader_id).order_by("-until").first()
    rows = Reading.objects.filter(known__isnull=False, graded_by_id=reader_id).select_related("known", "question__item")
    if last is not None:
        rows = rows.filter(graded_at__gt=last.ended_at or last.until)
    return list(rows.order_by("-graded_at"))


def _as_agreed(rows: Sequence[Reading]) -> list[bool]:
    return [abs(_deviation(one)) <= readings.APART_BP for one in rows]


def _deviation(one: Reading) -> int:
    """Credit given above what was agreed, below zero: harsher."""
    if one.known is None:
        raise ValueError("not a known text")
    agreed = int(grading.FULL * sum(one.known.points) // readings.most_points(one.question))
    return readings.credit_of(one, one.question) - agreed


def _read_again(reader_id: uuid.UUID, now: datetime) -> int:
    """Texts of the last four weeks that this reader alone has read get a second one."""
    mine = Reading.objects.filter(graded_by_id=reader_id, n=1, known__isnull=True, graded_at__gt=now - LATELY)
    lone = mine.exclude(question__in=Reading.objects.filter(n__gte=2).values("question")).order_by("-graded_at")
    rows = [
        Reading(question_id=one.question_id, n=2, why=Reading.AGAIN, due_at=now + readings.WITHIN) for one in lone[:AGAIN_MOST]
    ]
    return len(Reading.objects.bulk_create(rows, ignore_conflicts=True))


@dataclass(frozen=True, slots=True)
class Measured:
    """How somebody reads: texts read; known ones met and read as agreed, with interval; agreement with those who read the same texts;
    how far above (+) or below what others gave, in basis points of full credit, in the last four weeks and before."""

    reader: User
    read: int
    known: int
    as_agreed: grading.Score | None
    agreement: agreement.Agreement | None
    lately: int | None
    before: int | None
    pause: ReaderPause | None


def measured(*, now: datetime) -> list[Measured]:
    """Everybody who reads or has read, by name."""
    rows = Reading.objects.filter(graded_at__isnull=False, known__isnull=True).select_related("question__item", "graded_by")
    by_text: dict[uuid.UUID, list[Reading]] = defaultdict(list)
    for one in rows.order_by("-graded_at")[:5_000]:
        by_text[one.question_id].append(one)
    people = {one.graded_by_id: one.graded_by for several in by_text.values() for one in several if one.graded_by}
    people |= {one.user_id: one.user for one in ReaderGrant.objects.filter(ended_at__isnull=True).select_related("user")}
    return sorted((_measure(person, by_text, now) for person in people.values() if person), key=lambda one: one.reader.name)


def _measure(person: User, by_text: dict[uuid.UUID, list[Reading]], now: datetime) -> Measured:
    mine = [(one, several) for several in by_text.values() for one in several if one.graded_by_id == person.pk]
    shared = [(one, several) for one, several in mine if len(several) > 1]
    units = [[readings.credit_of(each, each.question) / grading.FULL for each in several] for _one, several in shared]
    off = [(one.graded_at, _above_others(one, several)) for one, several in shared]
    lately = [by for at, by in off if at and at > now - LATELY]
    before = [by for at, by in off if at and at <= now - LATELY]
    met = list(Reading.objects.filter(known__isnull=False, graded_by=person).select_related("known", "question__item"))
    return Measured(
        reader=person, read=len(mine), known=len(met),
        as_agreed=grading.score([grading.FULL if right else 0 for right in _as_agreed(met)]), agreement=agreement.alpha(units),
        lately=round(mean(lately)) if lately else None, before=round(mean(before)) if before else None,
        pause=readers.pause_of(person.pk, now=now),
    )  # fmt: skip


def _above_others(one: Reading, several: Sequence[Reading]) -> int:
    others = [readings.credit_of(each, each.question) for each in several if each.pk != one.pk]
    return readings.credit_of(one, one.question) - agreement.median(others)


def of_all() -> agreement.Agreement | None:
    """The agreement of all readers together, over the newest texts that two or more have read."""
    rows = Reading.objects.filter(graded_at__isnull=False, known__isnull=True).select_related("question__item").order_by("-graded_at")
    by_text: dict[uuid.UUID, list[float]] = defaultdict(list)
    for one in rows[:5_000]:
        by_text[one.question_id].append(readings.credit_of(one, one.question) / grading.FULL)
    return agreement.alpha(list(by_text.values()))
