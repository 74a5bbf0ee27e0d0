"""What can be learnt and proven in the demo: a course with practice, one worker half way through it, an adaptive exam, a test
whose guideline has moved on, and one whose free texts a person reads."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from config.demo.people import Cast
from config.demo.work import SAFETY, SAFETY_GUIDELINE
from marketplace import courses, gold, learning, projects
from marketplace.models import Course, GoldAnswer, Project
from qualification import attempts, exams, guidelines, items, outcomes, readers, readings, skills
from qualification.models import Exam

PRACTICE = (
    ("The lock opened, but the front light stays dark and it is getting late.", "fault", "2. The desks",
     "Something does not work as it should: that is the fault desk, also where the ride could go on."),
    ("I was charged twice, and by the way the saddle is loose on the bike I am standing beside.", "fault", "1. One desk only",
     "Two things in one message: the loose saddle cannot wait, the charge can."),
    ("Is there a discount for groups of ten?", "question", "2. The desks",
     "Nothing has gone wrong and nobody wants to book yet: it is a question."),
)  # fmt: skip
"""A message, its desk, the section it follows, and why."""

ABOUT = "Ten minutes on which desk a message belongs to, with three messages to try it on."

FLEETS = (16, 17, 18, 19, 22, 24, 25, 26, 28, 34)


def make(cast: Cast, project: Project, now: datetime) -> None:
    """A course of the first project; Ana has begun it, Wen has passed."""
    with transaction.atomic():
        rows = [({"text": text}, {"label": desk}) for text, desk, _section, _why in PRACTICE]
        gold.add(project=project, rows=rows, actor_id=cast.mira.pk, now=now, rng=random.Random(5))
        by_text = {one.task.payload["text"]: one for one in GoldAnswer.objects.filter(project=project).select_related("task")}
        for text, _desk, section, why in PRACTICE:
            courses.practise_with(
                project=project, task_id=by_text[text].pk, reason=why, section=section, actor_id=cast.mira.pk, now=now
            )
        course = courses.change(project=project, about=ABOUT, open=True, actor_id=cast.mira.pk, now=now)
        ana, wen = cast.workers[:2]
        _take(ana.pk, course, now, most=2)
        _take(wen.pk, course, now - timedelta(hours=1), most=99)


def _take(worker_id: uuid.UUID, course: Course, now: datetime, *, most: int) -> None:
    """So many steps, each right."""
    progress = learning.begin(worker_id=worker_id, course=course, now=now)
    for step in learning.shown(progress)[:most]:
        if step.practice is None:
            learning.read(progress=progress, n=step.n, now=now)
        else:
            learning.practise(progress=progress, n=step.n, answer=step.practice.gold.answer, now=now)


def adaptive(cast: Cast, now: datetime) -> None:
    """A bank of sums whose difficulty is stated, and the exam that asks only as many of them as it needs."""
    with transaction.atomic():
        skill = skills.create(
            name="Sums at hand", kind="subject", by_id=cast.olu.pk, now=now,
            description="Counts, adds and shares out without a slip, as tallies and invoices need it.",
        )
        exam = exams.create(
            skill=skill, title="Sums at hand", by_id=cast.olu.pk, now=now, form="adaptive", tier=2, cuts=[-0.5, 0.5], draws=10,
            time_limit_seconds=900, about="Small sums about hiring out bikes. The next one depends on how you did; paper is fine.",
        )
        items.add(exam=exam, items=[items.check(question) for question in _bank()])
        exams.publish(exam=exam, by_id=cast.olu.pk, now=now)


SECTIONS = ("1. Take it off the street", "1. Take it off the street", "3. Ready", "4. When in doubt", "1. Take it off the street",
            "2. Repair within a week")  # fmt: skip
"""Of the safety guideline, for each question of its test."""
WAS = "Choose the more careful of the two. Nobody is hurt by a bike that stays in the shop."
IS = "Choose the more careful of the two, and say why in a word. Nobody is hurt by a bike that stays in the shop."


def behind(cast: Cast, project: Project, now: datetime) -> None:
    """The test of bike safety names the project's guideline, Wen passes it for version 1, and then the guideline gets version 2."""
    with transaction.atomic():
        exam = Exam.objects.select_related("skill").get(skill__slug=SAFETY)
        guidelines.tie(exam=exam, project=project.pk, recheck=True, by_id=cast.olu.pk, now=now)
        placed = dict(zip(exam.items.order_by("n").values_list("pk", flat=True), SECTIONS, strict=True))
        guidelines.place(exam=exam, sections=placed, by_id=cast.olu.pk, now=now)
        wen = cast.workers[1].pk
        attempt = attempts.start(exam=exam, worker_id=wen, now=now)
        for row in attempt.items.select_related("item"):
            attempts.save_answer(attempt_id=attempt.pk, worker_id=wen, n=row.n, answer=row.item.key["right"], now=now)
        attempts.submit(attempt_id=attempt.pk, worker_id=wen, now=now)
        changed = SAFETY_GUIDELINE.replace(WAS, IS)
        projects.publish_guideline(
            project=project, markdown=changed, what_changed="Doubts are explained.", actor_id=cast.mira.pk, now=now
        )


RAIN_CHECK = {
    "kind": "prose", "text": "A message fits two desks. Which one gets it, and how do you decide?",
    "rubric": [
        {"name": "Names the desk that must act first", "points": 4, "about": "What cannot wait comes before what can."},
        {"name": "Says why, by the guideline", "points": 4}, {"name": "Clear to somebody new", "points": 2},
    ],
    "model": "The desk for what cannot wait. The guideline sends a message to one desk only, and a loose saddle cannot wait.",
}  # fmt: skip
WRITTEN = (
    "The one where something is broken, since that cannot wait. Section 1 says one desk only.",
    "I would send it to both, so that nobody overlooks it.",
    "To the desk of what happens first in the message.",
)


def read(cast: Cast, now: datetime) -> None:
    """A test with a free text: three have handed in, Olu may read, has read the first, and two wait."""
    with transaction.atomic():
        readers.give(user_id=cast.olu.pk, skill=None, by_id=cast.rahel.pk, now=now)
        skill = skills.create(
            name="Plain words", kind="subject", by_id=cast.olu.pk, now=now, description="Explains a decision so that others can follow it."
        )
        exam = exams.create(
            skill=skill, title="A decision in plain words", by_id=cast.olu.pk, now=now, draws=1, pass_bp=6_000, time_limit_seconds=900,
            about="One question, answered in two or three sentences. A person reads it by a rubric, without your name.",
        )
        items.add(exam=exam, items=[items.check(RAIN_CHECK)])
        exams.publish(exam=exam, by_id=cast.olu.pk, now=now)
        for at, (worker, text) in enumerate(zip(cast.workers[1:], WRITTEN, strict=False)):
            then = now + timedelta(minutes=at)
            attempt = attempts.start(exam=exam, worker_id=worker.pk, now=then)
            attempts.save_answer(attempt_id=attempt.pk, worker_id=worker.pk, n=1, answer=text, now=then)
            attempts.submit(attempt_id=attempt.pk, worker_id=worker.pk, now=then)
        first = readings.waiting_for(cast.olu.pk, now=now).first()
        if first is not None:
            readings.claim(reading=first, by_id=cast.olu.pk, now=now + timedelta(minutes=5))
            outcomes.read(
                reading=readings.find(first.pk), points=[4, 3, 2], note="Quote the clause next time.", by_id=cast.olu.pk,
                now=now + timedelta(minutes=9),
            )  # fmt: skip


def _bank() -> list[dict[str, object]]:
    """Thirty sums from easy to hard; the parameters are stated, as those of a new bank are."""
    found: list[dict[str, object]] = []
    for at, bikes in enumerate(FLEETS):
        price, days = 7 + at, 2 + at % 4
        asked = (
            (f"A station has {bikes} bikes and {at + 2} are out. How many are there?", bikes - at - 2, -1.6),
            (f"{bikes} bikes cost {price} a day each. What do they cost for {days} days?", bikes * price * days, 0.0),
            (f"A group pays {bikes * price * days} for {bikes} bikes and {days} days. What is one bike a day?", price, 1.1),
        )
        found += [
            {"kind": "number", "text": text, "value": str(value), "topic": "sums", "a": 1.2 + 0.05 * at, "b": round(b + 0.1 * at, 2)}
            for text, value, b in asked
        ]
    return found
