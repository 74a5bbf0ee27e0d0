"""Skills and exams for tests: a small bank about weather, published by Olu."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from qualification import attempts, exams, items, skills
from qualification.models import Attempt, AttemptItem, Exam, ReaderGrant, Skill
from tests import people
from tests.people import NOW
from workers.models import Organisation, User

DAY = dt.timedelta(days=1)


def reader(name: str = "Olu") -> User:
    """A quality lead whom an admin lets read every test's free texts; the same person for the same name."""
    found = ReaderGrant.objects.filter(user__name=name).select_related("user").first()
    if found is None:
        lead = people.ops(name, "quality_lead")
        found = ReaderGrant.objects.create(user=lead, given_by=people.ops("Oda", "admin"), given_at=NOW)
    return found.user


def skill(name: str = "Weather", *, organisation: Organisation | None = None) -> Skill:
    return skills.create(name=name, kind="subject", by_id=people.ops("Olu").pk, now=NOW, organisation=organisation)


def choice(text: str, *, right: list[int] | None = None, topic: str = "") -> items.Checked:
    options = [f"{text} {letter}" for letter in "ABCD"]
    return items.check({"text": text, "options": options, "right": right or [1], "topic": topic})


def gold(text: str, truth: str = "sunny") -> items.Checked:
    settings = {"labels": [{"value": label, "label": label.title()} for label in ("sunny", "rainy")]}
    return items.check(
        {"kind": "gold", "task_type": "choice", "settings": settings, "row": {"text": text}, "truth": truth, "topic": "gold"}
    )


def draft(*, questions: int = 4, bank: list[items.Checked] | None = None, of: Skill | None = None, **numbers: Any) -> Exam:
    """A draft with a bank; all questions are drawn unless `draws` says otherwise."""
    bank = bank if bank is not None else [choice(f"Q{at}") for at in range(1, questions + 1)]
    made = exams.create(
        skill=of or skill(),
        title="Weather words",
        by_id=people.ops("Olu").pk,
        now=NOW,
        **({"draws": max(len(bank), 1)} | numbers),
    )
    items.add(exam=made, items=bank)
    return made


def exam(**options: Any) -> Exam:
    made = draft(**options)
    exams.publish(exam=made, by_id=made.created_by_id, now=NOW)
    return made


def right_answer(row: AttemptItem) -> Any:
    return row.item.key["truth"] if row.item.kind == "gold" else row.item.key["right"]


def wrong_answer(row: AttemptItem) -> Any:
    if row.item.kind == "gold":
        return {
            "label": next(
                one["value"] for one in row.item.body["settings"]["labels"] if one["value"] != row.item.key["truth"]["label"]
            )
        }
    return [next(option["key"] for option in row.item.body["options"] if option["key"] not in row.item.key["right"])]


def sit(ana: User, made: Exam, *, right: int, now: dt.datetime = NOW) -> Attempt:
    """Start, answer the first `right` questions rightly and the others wrongly, hand in."""
    with transaction.atomic():
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=now)
        for row in attempt.items.select_related("item").order_by("n"):
            answer = right_answer(row) if row.n <= right else wrong_answer(row)
            attempts.save_answer(attempt_id=attempt.pk, worker_id=ana.pk, n=row.n, answer=answer, now=now)
        return attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=now)
