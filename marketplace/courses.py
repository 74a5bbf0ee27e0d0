"""Making a project's course: which sections of the guideline it shows, which known answers are practice, whether it is open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from marketplace import lessons, projects
from marketplace.models import Course, CourseProgress, GoldAnswer, PracticeTask, PracticeTry, Project

PRACTICE_MOST = 60
REASON_MOST = 2_000


class NotReady(Conflict):
    """The course cannot be opened yet; the sentence says what is missing."""

    code = "course_not_ready"


def of_project(project: Project) -> Course | None:
    return Course.objects.filter(project=project).select_related("project__organisation").first()


def version_of(project: Project) -> int:
    """The version of a course is the number of the guideline in force; 0 before there is one."""
    newest = projects.guideline_in_force(project)
    return newest.number if newest else 0


def change(
    *, project: Project, actor_id: uuid.UUID, now: datetime, about: str | None = None, left_out: list[str] | None = None,
    open: bool | None = None,  # noqa: A002 - the word of the field
) -> Course:
    """Make the course or change it: for who begins from now on. Raises Invalid, NotReady where it cannot open."""
    course, made = Course.objects.select_for_update().get_or_create(project=project, defaults={"made_by_id": actor_id, "made_at": now})
    if about is not None:
        course.about = _text(about, 600, "about")
    if left_out is not None:
        course.left_out = _titles(project, left_out)
    if open is not None:
        course.open = open
    if course.open:
        _can_open(course)
    course.save()
    audit.record(subject=course, verb="course.made" if made else "course.changed", actor_id=actor_id, now=now)
    return course


def _text(text: str, most: int, field: str) -> str:
    text = text.strip()
    if "\x00" in text or len(text) > most:
        raise Invalid(_("Expected at most %(most)s characters.") % {"most": f"{most:,}"}, field=field)
    return text


def _titles(project: Project, given: list[str]) -> list[str]:
    known = {section.title for section in sections_of(project)}
    if unknown := sorted(set(given) - known):
        raise Invalid(_("The guideline has no section “%(title)s”.") % {"title": unknown[0]}, field="left_out")
    return sorted(set(given))


def _can_open(course: Course) -> None:
    if course.project.archived_at is not None:
        raise NotReady(_("This project is archived."))
    if not version_of(course.project):
        raise NotReady(_("Publish the guideline first: the course teaches it."))
    if not shown_sections(course) and not live_practice(course):
        raise NotReady(_("Leave at least one section in, or add a practice task."))


def sections_of(project: Project) -> list[lessons.Section]:
    """The sections of the guideline in force."""
    newest = projects.guideline_in_force(project)
    return lessons.sections(newest.markdown) if newest else []


def shown_sections(course: Course) -> list[lessons.Section]:
    return [section for section in sections_of(course.project) if section.title not in course.left_out]


def live_practice(course: Course) -> list[PracticeTask]:
    """The practice tasks of the course in the order in which they were added; wrong known answers are not among them."""
    rows = course.practice.filter(removed_at__isnull=True, gold__voided_at__isnull=True)
    return list(rows.select_related("gold__task__project").order_by("added_at", "pk"))


def practise_with(
    *, project: Project, task_id: int, reason: str, section: str = "", actor_id: uuid.UUID, now: datetime
) -> PracticeTask:
    """Mark a known answer for practice, with the reason that people read; it is mixed in among real tasks no more.

    Once more for the same task changes reason and section. Raises NotFound, Invalid, Conflict where there are 60.
    """
    gold = GoldAnswer.objects.filter(project=project, task_id=min(task_id, 2**63 - 1), voided_at__isnull=True).first()
    if gold is None:
        raise NotFound(_("There is no such gold task in use."), field="task")
    said = _text(reason, REASON_MOST, "reason")
    if len(said) < 3:
        raise Invalid(_("Say why this answer is the right one: people read it as soon as they have answered."), field="reason")
    if section and section not in {one.title for one in sections_of(project)}:
        raise Invalid(_("The guideline has no section “%(title)s”.") % {"title": section}, field="section")
    course = of_project(project) or change(project=project, actor_id=actor_id, now=now)
    others = course.practice.filter(removed_at__isnull=True).exclude(pk=gold.pk).count()
    if others >= PRACTICE_MOST:
        raise Conflict(_("A course has at most %(most)s practice tasks.") % {"most": PRACTICE_MOST})
    made, _new = PracticeTask.objects.update_or_create(
        gold=gold, defaults={"course": course, "reason": said, "section": section, "removed_at": None},
        create_defaults={"course": course, "reason": said, "section": section, "added_by_id": actor_id, "added_at": now},
    )
    GoldAnswer.objects.filter(pk=gold.pk).update(taught=True)
    projects.refresh_terms(project=project, now=now)
    audit.record(subject=made, verb="course.practice_added", actor_id=actor_id, now=now)
    return made


def leave_out(*, project: Project, task_id: int, actor_id: uuid.UUID, now: datetime) -> None:
    """Take a practice task out, for who begins from now on. Its answer is known to people: it never becomes gold again."""
    found = PracticeTask.objects.filter(course__project=project, pk=min(task_id, 2**63 - 1), removed_at__isnull=True)
    if not found.update(removed_at=now):
        raise NotFound(_("There is no such practice task."))
    audit.record(subject=PracticeTask(pk=task_id), verb="course.practice_removed", actor_id=actor_id, now=now)
    course = Course.objects.select_related("project").get(project=project)
    if course.open and not shown_sections(course) and not live_practice(course):
        Course.objects.filter(pk=course.pk).update(open=False)


def could_practise(project: Project, *, most: int = 50) -> list[GoldAnswer]:
    """Known answers that are not practice yet, the newest first."""
    rows = project.gold_answers.filter(taught=False, voided_at__isnull=True).select_related("task__project")
    return list(rows.order_by("-added_at", "-pk")[:most])


@dataclass(frozen=True, slots=True)
class Taken:
    """How many began a version of the course and how many of them passed."""

    version: int
    begun: int
    passed: int


def taken(course: Course) -> list[Taken]:
    """By version, the newest first."""
    rows = CourseProgress.objects.filter(course=course).values_list("version")
    counted = rows.annotate(begun=Count("pk"), passed=Count("pk", filter=Q(passed_at__isnull=False))).order_by("-version")
    return [Taken(version, begun, passed) for version, begun, passed in counted[:20]]


def first_tries(course: Course) -> dict[int, tuple[int, int]]:
    """By practice task: how many people tried it, and how many were right at the first try."""
    rows = PracticeTry.objects.filter(practice__course=course, n=1).values_list("practice_id")
    counted = rows.annotate(tried=Count("pk"), right=Count("pk", filter=Q(right=True))).order_by()
    return {task: (tried, right) for task, tried, right in counted}
