"""What a person at an exam sees: questions without their keys, progress, and feedback by topic once it is over."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import NotFound
from qualification import agreement, grading, readings
from qualification.models import Attempt, AttemptItem, Exam, ExamItem, Reading
from qualification.states import LIVE, READING, VOID
from task_types import interface, registry

Address = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Place:
    """One question in the map of an attempt."""

    n: int
    answered: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """How an attempt went in one topic."""

    topic: str
    questions: int
    share_bp: int


@dataclass(frozen=True, slots=True)
class Said:
    """What one reader gave a free text: (line of the rubric, points given, points possible), and their sentence."""

    lines: list[tuple[str, int, int]]
    note: str


@dataclass(frozen=True, slots=True)
class Remark:
    """How a free text was graded: by each of its readers, and the share in basis points that counts, their median."""

    text: str
    readers: list[Said]
    credit_bp: int


@dataclass(frozen=True, slots=True)
class Readers:
    """How far the reading of an attempt is: texts in all and those that wait for nobody, how many people have read, and until when the
    last one is expected; None when nothing is awaited."""

    texts: int
    done: int
    people: int
    due_at: datetime | None


def find(*, attempt_id: uuid.UUID, worker_id: uuid.UUID) -> Attempt:
    """A worker's own attempt. Raises NotFound."""
    rows = Attempt.objects.select_related("exam__skill", "grant")
    found = rows.filter(pk=attempt_id, worker_id=worker_id).first()
    if found is None:
        raise NotFound(_("There is no such attempt."))
    return found


def places(attempt: Attempt) -> list[Place]:
    """The map of an attempt: its questions in order, each answered or not."""
    rows = AttemptItem.objects.filter(attempt=attempt).order_by("n").values_list("n", "answered_at", "answer")
    return [Place(n=n, answered=at is not None and answer is not None) for n, at, answer in rows]


def next_n(attempt: Attempt) -> int | None:
    """The place of the question to be answered now in an adaptive attempt; None in others, and when it is over."""
    if attempt.exam.form != Exam.ADAPTIVE or attempt.state != LIVE:
        return None
    return AttemptItem.objects.filter(attempt=attempt, final_at__isnull=True).values_list("n", flat=True).first()


def drawn(attempt: Attempt, n: int) -> AttemptItem:
    """Raises NotFound."""
    found = AttemptItem.objects.select_related("item").filter(attempt=attempt, n=n).first()
    if found is None:
        raise NotFound(_("There is no such question."))
    return found


def question(row: AttemptItem, *, image_url: Address, read_only: bool = False) -> dict[str, Any]:
    """A question as it may leave the server: never with its key."""
    item = row.item
    shown: dict[str, Any] = {"n": row.n, "kind": item.kind, "answer": row.answer}
    if item.kind == ExamItem.GOLD:
        task = interface.island(
            registry.drawer(item.task_type), settings=item.body["settings"], payload=item.body["payload"], answer=row.answer,
            seed=str(row.pk), read_only=read_only, image_url=image_url,
        )  # fmt: skip
        return shown | {"task_type": item.task_type, "guideline": item.body.get("guideline", ""), "task": task}
    shown["text"] = item.body["text"]
    if item.kind == ExamItem.CHOICE:
        texts = {option["key"]: option["text"] for option in item.body["options"]}
        options = [{"key": key, "text": texts[key]} for key in row.order]
        return shown | {"several": item.body["several"], "options": options}
    if item.kind == ExamItem.NUMBER:
        return shown | {"unit": item.body["unit"]}
    if item.kind == ExamItem.PROSE:
        return shown | {"rubric": item.body["rubric"]}
    return shown


def questions(attempt: Attempt, *, image_url: Callable[[int], Address]) -> list[dict[str, Any]]:
    """The questions of a live attempt, in order; none once it is closed, so that a bank does not leak. Of an adaptive one only that
    which is to be answered."""
    if attempt.state != LIVE:
        return []
    rows = AttemptItem.objects.select_related("item").filter(attempt=attempt, final_at__isnull=True).order_by("n")
    return [question(row, image_url=image_url(row.n)) for row in rows]


def topics(attempt: Attempt) -> list[Topic]:
    """Feedback by topic of a closed attempt; void questions are left out."""
    if attempt.state in (LIVE, READING):
        return []
    rows = AttemptItem.objects.filter(attempt=attempt, credit_bp__isnull=False).exclude(item__state=VOID)
    credits = [(topic, credit) for topic, credit in rows.order_by("n").values_list("item__topic", "credit_bp")]
    named = [(topic or str(_("Everything else")), credit or 0) for topic, credit in credits]
    return [Topic(topic=topic, questions=n, share_bp=share) for topic, n, share in grading.by_topic(named)]


def remarks(attempt: Attempt) -> list[Remark]:
    """What those who read the free texts of a closed attempt gave and wrote, by question."""
    rows = Reading.objects.filter(question__attempt=attempt, graded_at__isnull=False, known__isnull=True).select_related("question__item")
    by_text: dict[int, list[Reading]] = {}
    for row in rows.order_by("question__n", "n"):
        by_text.setdefault(row.question.n, []).append(row)
    return [_remark(several) for several in by_text.values()]


def _remark(several: list[Reading]) -> Remark:
    question = several[0].question
    rubric = question.item.body["rubric"]
    said = [
        Said([(line["name"], given, line["points"]) for line, given in zip(rubric, row.points or [], strict=True)], row.note)
        for row in several
    ]
    return Remark(question.item.body["text"], said, agreement.median([readings.credit_of(row, question) for row in several]))


def readers_of(attempt: Attempt) -> Readers:
    """Who reads is not told, nor what a reader gave while another still reads."""
    counted = Reading.objects.filter(question__attempt=attempt, known__isnull=True)
    rows = list(counted.values_list("question", "graded_by", "graded_at", "due_at"))
    texts = {question for question, _by, _at, _due in rows}
    waits = {question for question, _by, at, _due in rows if at is None}
    people = {by for _question, by, at, _due in rows if at is not None}
    due = [due_at for _question, _by, at, due_at in rows if at is None]
    return Readers(len(texts), len(texts - waits), len(people), max(due, default=None))


def shows_image(row: AttemptItem, digest: str) -> bool:
    """Is this stored image part of the question?"""
    return row.item.kind == ExamItem.GOLD and _mentions(row.item.body["payload"], f"asset:{digest}")


def _mentions(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return any(_mentions(part, name) for part in value.values())
    if isinstance(value, list):
        return any(_mentions(part, name) for part in value)
    return bool(value == name)
