"""The guideline that an exam was written for: what has changed since, what its owner finds of it, and who passed at which version.

The texts live in a room above, which declares how they are read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from qualification.models import Attempt, Exam, ExamItem, GuidelineCheck
from qualification.states import DRAFT, LIVE, PASSED, PUBLISHED, RETIRED, VOID


@dataclass(frozen=True, slots=True)
class Guideline:
    """A project's guideline: the newest version's number and the titles of its sections."""

    project: uuid.UUID
    name: str
    newest: int
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A section that is not word for word what it was, or gone: lines that came ("+") and went ("-")."""

    title: str
    lines: list[tuple[str, str]]


class Texts(Protocol):
    """What the room that keeps guidelines answers."""

    def find(self, project: uuid.UUID, organisation: uuid.UUID | None) -> Guideline | None:
        """A project's guideline; of an organisation's own projects, or of any (None)."""
        ...

    def choices(self, organisation: uuid.UUID | None) -> list[tuple[uuid.UUID, str]]:
        """Projects with a guideline, by name."""
        ...

    def changed(self, project: uuid.UUID, before: int, after: int) -> list[Changed]:
        """What changed between two versions, in the order of the newer one."""
        ...


DECLARED: list[Texts] = []
"""Who keeps guidelines; one at most."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """A changed section and the questions that belong to it."""

    changed: Changed
    questions: list[ExamItem]


@dataclass(frozen=True, slots=True)
class Stand:
    """How an exam stands to its guideline; `changes` is empty while it is not behind. `unplaced` questions name no section of it."""

    guideline: Guideline
    version: int
    changes: list[Concerned]
    unplaced: int

    @property
    def behind(self) -> bool:
        return self.version < self.guideline.newest

    @property
    def questions(self) -> list[ExamItem]:
        """All that belong to changed sections."""
        return [item for one in self.changes for item in one.questions]


def declare(texts: Texts) -> None:
    """Done once, when the room is loaded."""
    DECLARED[:] = [texts]


def choices(organisation: uuid.UUID | None) -> list[tuple[uuid.UUID, str]]:
    """The projects whose guideline an owner's exams may name."""
    return DECLARED[0].choices(organisation) if DECLARED else []


def of(exam: Exam) -> Guideline | None:
    """The guideline that an exam names; None where it names none."""
    return DECLARED[0].find(exam.project, None) if exam.project and DECLARED else None


def stand(exam: Exam) -> Stand | None:
    """None for an exam that names no guideline."""
    found = of(exam)
    if found is None or exam.guideline is None:
        return None
    used = list(exam.items.exclude(state=VOID).order_by("n"))
    changed = DECLARED[0].changed(found.project, exam.guideline, found.newest) if exam.guideline < found.newest else []
    concerned = [Concerned(one, [item for item in used if item.section == one.title]) for one in changed]
    return Stand(found, exam.guideline, concerned, sum(item.section not in found.sections for item in used))


def behind(exams: Sequence[Exam]) -> set[uuid.UUID]:
    """Of these exams in use, those whose guideline has a newer version."""
    newest: dict[uuid.UUID, int] = {}
    for exam in exams:
        if exam.project and exam.state != RETIRED and exam.project not in newest:
            found = of(exam)
            newest[exam.project] = found.newest if found else 0
    return {exam.pk for exam in exams if exam.project and exam.state != RETIRED and (exam.guideline or 0) < newest[exam.project]}


def tie(*, exam: Exam, project: uuid.UUID | None, recheck: bool, by_id: uuid.UUID, now: datetime) -> Exam:
    """Name the guideline that an exam is written for, at its newest version, or none. With `recheck`, who passed at an older version
    sits the questions of changed sections alone.

    What people sit keeps the guideline that it names; a published exam without one may name it. Raises Invalid, Conflict.
    """
    if exam.state == RETIRED or (exam.state != DRAFT and exam.project not in (None, project)):
        raise Conflict(_("People have sat this version by its guideline. Start a new version to name another."))
    if recheck and (project is None or exam.form == Exam.ADAPTIVE):
        raise Invalid(_("A short re-check needs a guideline and the fixed form."), field="recheck")
    if project != exam.project:
        found = DECLARED[0].find(project, exam.skill.organisation_id) if project and DECLARED else None
        if project is not None and found is None:
            raise Invalid(_("Expected a project with a guideline."), field="project")
        exam.project, exam.guideline = (found.project, found.newest) if found else (None, None)
    exam.recheck = recheck
    exam.save(update_fields=["project", "guideline", "recheck"])
    audit.record(subject=exam, verb="exam.guideline_named", actor_id=by_id, now=now)
    return exam


def place(*, exam: Exam, sections: Mapping[uuid.UUID, str], by_id: uuid.UUID, now: datetime) -> int:
    """Say to which section of the guideline questions belong, or to none (""); returns how many changed. What is asked, and how it is
    graded, stays. Raises Invalid for a section that neither the guideline nor what has changed in it knows."""
    found = stand(exam)
    if found is None:
        raise Conflict(_("Name the guideline first that this test is about."))
    known = {"", *found.guideline.sections, *(one.changed.title for one in found.changes)}
    moved = []
    for item in exam.items.filter(pk__in=list(sections)):
        if sections[item.pk] not in known:
            raise Invalid(_("The guideline has no section “%(title)s”.") % {"title": sections[item.pk][:200]}, field="sections")
        if item.section != sections[item.pk]:
            item.section = sections[item.pk]
            moved.append(item)
    if len(sections) > exam.items.filter(pk__in=list(sections)).count():
        raise NotFound(_("There is no such question."))
    ExamItem.objects.bulk_update(moved, ["section"])
    if moved:
        audit.record(subject=exam, verb="exam.questions_placed", actor_id=by_id, now=now)
    return len(moved)


def still_right(
    *, exam: Exam, version: int, questions: Sequence[uuid.UUID], by_id: uuid.UUID, now: datetime, recheck: bool | None = None
) -> GuidelineCheck:
    """A person finds the exam right for the newest version of its guideline, with every question of a changed section named.

    Attempts from now on say that version; those before keep theirs. Raises Conflict where it is not behind, or where a newer version
    came meanwhile; Invalid where a question of a changed section is not among `questions`.
    """
    exam = Exam.objects.select_for_update(of=("self",)).select_related("skill").get(pk=exam.pk)
    found = stand(exam)
    if found is None or not found.behind or exam.state == RETIRED:
        raise Conflict(_("This test is not behind its guideline."))
    if version != found.guideline.newest:
        raise Conflict(_("The guideline has version %(n)d by now. Look at what changed again.") % {"n": found.guideline.newest})
    if missing := [item for item in found.questions if item.pk not in set(questions)]:
        raise Invalid(
            _("Look at each question of a changed section and tick it: %(n)s is not.") % {"n": missing[0].n}, field="questions",
            expected=[str(item.pk) for item in found.questions],
        )  # fmt: skip
    if recheck and exam.form == Exam.ADAPTIVE:
        raise Invalid(_("A short re-check needs a guideline and the fixed form."), field="recheck")
    made = GuidelineCheck.objects.create(
        exam=exam, before=found.version, after=version, questions=[item.n for item in found.questions], by_id=by_id, at=now
    )
    exam.guideline = version
    exam.recheck = exam.recheck if recheck is None else recheck
    exam.save(update_fields=["guideline", "recheck"])
    audit.record(subject=made, verb="exam.still_right", actor_id=by_id, now=now, from_state=str(made.before), to_state=str(version))
    return made


def checks(exam: Exam) -> list[GuidelineCheck]:
    """What people found of all versions of an exam, the newest first."""
    return list(GuidelineCheck.objects.filter(exam__series=exam.series).select_related("by", "exam").order_by("-at")[:20])


def to_recheck(exam: Exam, since: int) -> list[ExamItem]:
    """The questions in use of the sections that changed between a version and the exam's; none where all of it is to be sat."""
    if not exam.recheck or exam.form == Exam.ADAPTIVE or exam.project is None or exam.guideline is None or not DECLARED:
        return []
    titles = {one.title for one in DECLARED[0].changed(exam.project, since, exam.guideline)}
    return list(exam.items.filter(state=LIVE, section__in=titles).exclude(section="").order_by("n"))


def versions_passed(worker_id: uuid.UUID) -> dict[str, int]:
    """The highest version of its guideline at which this worker passed each exam, by series."""
    rows = Attempt.objects.filter(worker_id=worker_id, state=PASSED, guideline__isnull=False).values_list("series")
    return {str(series): version for series, version in rows.annotate(version=Max("guideline")).order_by()}


@dataclass(frozen=True, slots=True)
class Passed:
    """What a proof rests on: an exam, and the version of whose guideline."""

    exam: str
    project: str
    version: int


def proven_at(worker_id: uuid.UUID) -> dict[uuid.UUID, list[Passed]]:
    """By skill: the exams that this worker passed, each at the newest version of its guideline."""
    rows = Attempt.objects.filter(worker_id=worker_id, state=PASSED, guideline__isnull=False).select_related("exam")
    found: dict[uuid.UUID, dict[uuid.UUID, Passed]] = {}
    known: dict[uuid.UUID | None, Guideline | None] = {}
    for attempt in rows.order_by("guideline", "closed_at"):
        if attempt.exam.project not in known:
            known[attempt.exam.project] = of(attempt.exam)
        named = known[attempt.exam.project]
        if named is not None and attempt.guideline is not None:
            found.setdefault(attempt.exam.skill_id, {})[attempt.series] = Passed(attempt.exam.title, named.name, attempt.guideline)
    return {skill: list(by_series.values()) for skill, by_series in found.items()}


def in_use(project: uuid.UUID) -> list[Exam]:
    """The exams by this guideline that people sit or that are being written, by title."""
    rows = Exam.objects.filter(Q(state=PUBLISHED) | Q(state=DRAFT), project=project).select_related("skill__organisation")
    return list(rows.order_by("title", "-version"))
