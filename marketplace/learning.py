"""Taking a course: begun, left and gone on with anywhere, practised with the answer shown at once, passed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict, NotFound
from kit.limits import Limit
from marketplace import courses, eligibility, lessons, rules, seats
from marketplace.models import Course, CourseProgress, GuidelineVersion, PracticeTask, PracticeTry, Project, Task
from task_types import registry
from workers import facts, my_data

RIGHT_FROM = 0.8
"""In practice an answer counts as right from here on: it is there to learn, and boxes or transcripts are never word for word."""
PRACTISING = Limit("practice", times=300, seconds=3_600)

Step = Mapping[str, Any]


class NotOpen(Conflict):
    """The course cannot be begun now."""

    code = "course_not_open"


def may_take(*, worker_id: uuid.UUID, project: Project, now: datetime) -> bool:
    """Whether nothing but the course itself keeps this person from the project's work; what one has begun stays open."""
    if CourseProgress.objects.filter(worker_id=worker_id, course=project.pk).exists():
        return True
    who = eligibility.person(worker_id=worker_id, now=now)
    if who is None or not who.may_work or project.organisation_id in who.organisations:
        return False
    asked = (eligibility.rule_for(project, kind=kind) for kind in ("answer", "review"))
    return any(rules.holds(rules.without_course(rule, str(project.pk)), who.facts) for rule in asked)


def find(*, worker_id: uuid.UUID, project_id: uuid.UUID, now: datetime) -> Course:
    """The course of a project for this person. Raises NotFound where there is none, or not for them."""
    course = Course.objects.select_related("project__organisation").filter(project_id=project_id).first()
    seen = course is not None and (course.open or CourseProgress.objects.filter(worker_id=worker_id, course=course).exists())
    if course is None or not seen or not may_take(worker_id=worker_id, project=course.project, now=now):
        raise NotFound(_("There is no such course."))
    return course


def progress_of(*, worker_id: uuid.UUID, course: Course) -> CourseProgress | None:
    """On the newest version that this person has begun."""
    rows = CourseProgress.objects.filter(worker_id=worker_id, course=course).select_related("course__project")
    return rows.order_by("-version").first()


# --- beginning ---------------------------------------------------------------------------------------------------------


def begin(*, worker_id: uuid.UUID, course: Course, now: datetime, unpaid: bool = False) -> CourseProgress:
    """Begin the version in force, or go on with it. Raises NotOpen, seats.SeatsTaken.

    A paid seat is taken with the beginning; where all are taken one may begin `unpaid`. Who passed an older version is asked only
    what has changed since; what was done of one that was left stays done where it is still the same.
    """
    version = courses.version_of(course.project)
    found = CourseProgress.objects.filter(worker_id=worker_id, course=course, version=version).first()
    if found is not None:
        if found.passed_at is None and course.open:
            seats.take(worker_id=worker_id, kind="course", project=course.project, now=now, unpaid=True)
        _pass_when_done(found, now)
        return found
    if not course.open or course.project.archived_at is not None:
        raise NotOpen(_("This course is closed right now."))
    seats.take(worker_id=worker_id, kind="course", project=course.project, now=now, unpaid=unpaid)
    before = CourseProgress.objects.filter(worker_id=worker_id, course=course)
    passed = before.filter(passed_at__isnull=False).order_by("-version").first()
    steps = _steps(course, passed)
    left = before.filter(passed_at__isnull=True).order_by("-version").first()
    progress, _made = CourseProgress.objects.get_or_create(
        worker_id=worker_id, course=course, version=version,
        defaults={
            "since": passed.version if passed else None, "steps": steps, "done": _carried(course, left, steps, version),
            "begun_at": now, "seen_at": now,
        },
    )  # fmt: skip
    _pass_when_done(progress, now)
    return progress


def _steps(course: Course, passed: CourseProgress | None) -> list[dict[str, Any]]:
    """Sections in order, each followed by its practice; with an older version passed, only what is new or changed."""
    sections, practice = courses.shown_sections(course), courses.live_practice(course)
    if passed is not None:
        changed = lessons.changes(_sections(course, passed.version), courses.sections_of(course.project))
        sections = [section for section in sections if section.at in changed]
        known = {step["task"] for step in passed.steps if step["kind"] == "practice"} | _practised(passed)
        titles = {section.title for section in sections}
        practice = [one for one in practice if one.pk not in known or one.section in titles]
    steps: list[dict[str, Any]] = []
    placed = set[int]()
    for section in sections:
        steps.append({"kind": "section", "at": section.at})
        here = [one.pk for one in practice if one.section == section.title and section.title and one.pk not in placed]
        steps += [{"kind": "practice", "task": task} for task in here]
        placed.update(here)
    return steps + [{"kind": "practice", "task": one.pk} for one in practice if one.pk not in placed]


def _practised(passed: CourseProgress) -> set[int]:
    """Every task of this course that the person was right on before, in any version."""
    rows = PracticeTry.objects.filter(progress__worker_id=passed.worker_id, progress__course_id=passed.course_id, right=True)
    return set(rows.values_list("practice_id", flat=True))


def _sections(course: Course, version: int) -> list[lessons.Section]:
    found = GuidelineVersion.objects.filter(project_id=course.pk, number=version).first()
    return lessons.sections(found.markdown) if found else []


def _carried(course: Course, left: CourseProgress | None, steps: list[dict[str, Any]], version: int) -> list[int]:
    """Places that are done already in a version that was left: read and unchanged, or practised and right."""
    if left is None:
        return []
    done = [left.steps[at] for at in left.done]
    old = {section.at: section.markdown for section in _sections(course, left.version)}
    new = {section.at: section.markdown for section in _sections(course, version)}
    read = {old.get(step["at"]) for step in done if step["kind"] == "section"}
    right = {step["task"] for step in done if step["kind"] == "practice"}
    return [
        at for at, step in enumerate(steps)
        if (step["kind"] == "section" and new[step["at"]] in read) or step.get("task") in right
    ]


# --- the steps ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as a person meets it: a section with the lines that changed since they passed, or a task to practise."""

    n: int
    kind: str
    title: str
    done: bool
    seconds: int
    section: lessons.Section | None = None
    changes: tuple[tuple[str, str], ...] = ()
    practice: PracticeTask | None = None


def shown(progress: CourseProgress) -> list[Shown]:
    """The steps in order, numbered from 1; practice tasks whose known answer was wrong count as done."""
    course = progress.course
    sections = {section.at: section for section in _sections(course, progress.version)}
    changed = lessons.changes(_sections(course, progress.since), list(sections.values())) if progress.since else {}
    wanted = [step["task"] for step in progress.steps if step["kind"] == "practice"]
    rows = PracticeTask.objects.filter(pk__in=wanted).select_related("gold__task__project") if wanted else []
    practice = {one.pk: one for one in rows}
    found, number = list[Shown](), 0
    for at, step in enumerate(progress.steps):
        done = at in progress.done
        if step["kind"] == "section":
            section = sections[step["at"]]
            found.append(Shown(
                at + 1, "section", section.title, done, section.seconds, section=section,
                changes=tuple(changed.get(section.at, ())),
            ))  # fmt: skip
            continue
        number, one = number + 1, practice[step["task"]]
        found.append(Shown(
            at + 1, "practice", str(_("Practice %(n)s") % {"n": number}), done or one.gold.voided_at is not None,
            course.project.expected_seconds, practice=one,
        ))  # fmt: skip
    return found


def next_step(progress: CourseProgress, steps: list[Shown]) -> Shown | None:
    """Where to go on: the first step that is not done; practice that went wrong comes again after the rest."""
    waiting = [step for step in steps if not step.done]
    tried = set(progress.tries.values_list("practice_id", flat=True))
    fresh = [step for step in waiting if step.practice is None or step.practice.pk not in tried]
    return next(iter(fresh or waiting), None)


def step_of(progress: CourseProgress, n: int) -> Shown:
    """Raises NotFound."""
    found = next((step for step in shown(progress) if step.n == n), None)
    if found is None:
        raise NotFound(_("The course has no such step."))
    return found


def read(*, progress: CourseProgress, n: int, now: datetime) -> None:
    """A section was read. Reading it again changes nothing. Raises NotFound for a step that is no section."""
    progress = _locked(progress)
    if step_of(progress, n).section is None:
        raise NotFound(_("The course has no such section."))
    _note_done(progress, n, now)


def practise(*, progress: CourseProgress, n: int, answer: Any, now: datetime) -> PracticeTry:
    """Answer a practice task: kept with whether it was right, never paid, never part of a score. Raises NotFound, and Invalid
    as the real task would."""
    progress = _locked(progress)
    practice = step_of(progress, n).practice
    if practice is None:
        raise NotFound(_("The course has no such practice task."))
    task = practice.gold.task
    drawer, settings = registry.drawer(task.project.task_type), task.project.settings
    given = drawer.check_answer(answer, payload=task.payload, settings=settings)
    right = drawer.grade(given, practice.gold.answer, settings=settings) >= RIGHT_FROM
    made = PracticeTry.objects.create(
        progress=progress, practice=practice, n=progress.tries.filter(practice=practice).count() + 1, answer=given, right=right,
        tried_at=now,
    )  # fmt: skip
    if right:
        _note_done(progress, n, now)
    else:
        CourseProgress.objects.filter(pk=progress.pk).update(seen_at=now)
        _pass_when_done(progress, now)
    return made


def _locked(progress: CourseProgress) -> CourseProgress:
    return CourseProgress.objects.select_for_update(of=("self",)).select_related("course__project").get(pk=progress.pk)


def _note_done(progress: CourseProgress, n: int, now: datetime) -> None:
    progress.done = sorted({*progress.done, n - 1})
    progress.seen_at = now
    progress.save(update_fields=["done", "seen_at"])
    _pass_when_done(progress, now)


def _pass_when_done(progress: CourseProgress, now: datetime) -> None:
    """Passed once every section was read and every practice task was right once; what rules ask of this person changes with it."""
    if progress.passed_at is not None or not all(step.done for step in shown(progress)):
        return
    progress.passed_at = now
    progress.save(update_fields=["passed_at"])
    facts.touch(progress.worker_id)
    # Who began before seats were paid reads what passing pays as well, so they get one if there is any left.
    seats.take(worker_id=progress.worker_id, kind="course", project=progress.course.project, now=now, unpaid=True)
    seats.passed(worker_id=progress.worker_id, kind="course", project=progress.course.project, now=now)


def practice_task(*, worker_id: uuid.UUID, project_id: uuid.UUID, task_id: int) -> Task | None:
    """A task that this worker practises with, now or before; None for any other."""
    rows = CourseProgress.objects.filter(worker_id=worker_id, course=project_id).values_list("steps", flat=True)
    if not any(step.get("task") == task_id for steps in rows for step in steps):
        return None
    return Task.objects.filter(pk=task_id, project_id=project_id).first()


def _mine(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Courses that a person took, for that person."""
    rows = CourseProgress.objects.filter(worker_id=worker_id).order_by("begun_at")
    return [dict(row) for row in rows.values("course__project__name", "version", "since", "begun_at", "passed_at")]


my_data.declare("courses", _mine)
