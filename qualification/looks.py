"""Evidence of an exam before people: which attempts ring a signal, what people found when they looked, and how often a signal was wrong."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from qualification import evidence, grading
from qualification.evidence import Answered, Signal
from qualification.models import Attempt, AttemptItem, Exam, Look
from qualification.states import LIVE

MOST_ATTEMPTS = 1_000
"""The newest attempts that are looked through."""


@dataclass(frozen=True, slots=True)
class Rung:
    """An attempt with its signals, the attempt it is most alike to, and what a person found."""

    attempt: Attempt
    signals: list[Signal]
    other: Attempt | None
    look: Look | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A signal over the newest attempts: how often it rang, how often people found something wrong, the rate of false alarms in basis
    points with its interval."""

    name: str
    rang: int
    wrong: int
    rate: grading.Score | None


def look_through(exam: Exam) -> tuple[list[Rung], list[Measured]]:
    """The newest attempts at all versions of an exam that ring a signal, those that nobody looked at first; and the signals measured."""
    rows = Attempt.objects.filter(series=exam.series).exclude(state=LIVE).select_related("worker__user", "look", "exam")
    attempts = list(rows.order_by("-started_at")[:MOST_ATTEMPTS])
    answers = _answers(attempts)
    pairs = evidence.alike({attempt.pk: answers.get(attempt.pk, []) for attempt in attempts})
    found = []
    for attempt in attempts:
        signals = evidence.of_attempt(answers.get(attempt.pk, []))
        other = None
        if attempt.pk in pairs:
            signals.append(pairs[attempt.pk])
            other = attempts[int(pairs[attempt.pk].figures["other"])]
        if signals:
            found.append(Rung(attempt, signals, other, getattr(attempt, "look", None)))
    return sorted(found, key=lambda rung: rung.look is not None), _measured(found, len(attempts))


def decide(*, attempt: Attempt, wrong: bool, note: str, by_id: uuid.UUID, now: datetime) -> Look:
    """What a person found; it is written down and nothing follows by itself. Raises Invalid, Conflict when somebody has looked, and
    NotFound for one's own attempt."""
    if attempt.worker_id == by_id or attempt.state == LIVE:
        raise NotFound(_("There is no such attempt."))
    note = " ".join(note.split())
    if not 3 <= len(note) <= 500:
        raise Invalid(_("Say what you saw, in 3 to 500 characters."), field="note")
    found, made = Look.objects.get_or_create(attempt=attempt, defaults={"wrong": wrong, "note": note, "by_id": by_id, "at": now})
    if not made:
        raise Conflict(_("Somebody has looked at this attempt already."))
    audit.record(subject=found, verb="attempt.looked_at", actor_id=by_id, now=now, reason="wrong" if wrong else "fine")
    return found


def find(*, exam: Exam, attempt_id: uuid.UUID) -> Attempt:
    """An attempt at any version of an exam. Raises NotFound."""
    found = Attempt.objects.filter(series=exam.series, pk=attempt_id).first()
    if found is None:
        raise NotFound(_("There is no such attempt."))
    return found


def _measured(found: Sequence[Rung], attempts: int) -> list[Measured]:
    measured = []
    for name in evidence.SIGNALS:
        rang = [rung for rung in found if any(signal.name == name for signal in rung.signals)]
        wrong = sum(rung.look is not None and rung.look.wrong for rung in rang)
        measured.append(Measured(name, len(rang), wrong, evidence.rate(rang=len(rang), wrong=wrong, attempts=attempts)))
    return measured


def _answers(attempts: Sequence[Attempt]) -> dict[uuid.UUID, list[Answered]]:
    """What was answered in each attempt, with the seconds since the question was shown, or since the answer before."""
    begun = {attempt.pk: attempt.started_at for attempt in attempts}
    rows = AttemptItem.objects.filter(attempt_id__in=list(begun)).exclude(answer=None).order_by("answered_at", "n")
    columns = ("attempt_id", "item__root", "credit_bp", "answer", "shown_at", "answered_at", "signals")
    found: dict[uuid.UUID, list[Answered]] = {}
    for attempt_id, root, credit, answer, shown_at, answered_at, signals in rows.values_list(*columns):
        since = shown_at or begun[attempt_id]
        seconds = (answered_at - since).total_seconds() if answered_at else None
        begun[attempt_id] = answered_at or since
        found.setdefault(attempt_id, []).append(
            Answered(root, credit == grading.FULL, json.dumps(answer, sort_keys=True), seconds, signals or {})
        )
    return found
