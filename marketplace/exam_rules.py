"""Asking for a test at a newer version of the guideline: looked at first, announced to those whom it would shut out, begun on its day."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, due
from kit.errors import Conflict, Invalid, NotFound
from marketplace import eligibility, pools, projects, rules, what_if
from marketplace.models import ExamRule, Project
from qualification import guidelines
from qualification.models import Exam
from qualification.states import PUBLISHED
from workers import notices
from workers.models import WorkerProfile

GRACE_DAYS = (3, 60)
"""How long before it begins a rule is announced, at least and at most."""
USUAL_GRACE = 14

notices.declare(
    "rule.announced",
    _("From %(from)s on, %(project)s asks for the test %(exam)s at version %(version)s of its guideline. Until then nothing changes, and"
      " your proof stays as it is."),
    url_name="qualification:exam", url_params=("exam_id",), words={"from": notices.day}, mail=True,
)  # fmt: skip
notices.declare(
    "rule.withdrawn", _("%(project)s does not ask for the newer version of the test %(exam)s after all."),
    url_name="qualification:exam", url_params=("exam_id",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a rule would do: active people whom the project's rule lets in now, those whom it still would, and of the others how many
    have passed the test at an older version; and the last 28 days under it."""

    people: int
    kept: int
    passed_before: int
    effect: what_if.RuleEffect

    @property
    def shut_out(self) -> int:
        return self.people - self.kept


def exams_of(project: Project) -> list[Exam]:
    """The tests in use by this project's guideline that its rule may ask for, by title."""
    return [one for one in guidelines.in_use(project.pk) if one.state == PUBLISHED]


def waiting(project: Project) -> QuerySet[ExamRule]:
    """What is announced and has not begun."""
    return ExamRule.objects.filter(project=project, applied_at__isnull=True, withdrawn_at__isnull=True).order_by("starts_at")


def look(*, project: Project, series: uuid.UUID, version: int, now: datetime) -> Outlook:
    """A dry run: nothing is changed and nobody told. Raises Invalid."""
    exam = _exam(project, series, version)
    people, shut_out = pools.count(eligibility.rule_for(project)), pools.count(_shut_out(project, exam, version))
    older = {"fact": "exam", "exam": str(series), "version": 1}
    effect = what_if.rule(project=project, changed=_tightened(project, exam, version), now=now)
    return Outlook(people, people - shut_out, pools.count({"all": [_shut_out(project, exam, version), older]}), effect)


def announce(
    *, project: Project, series: uuid.UUID, version: int, days: int, actor_id: uuid.UUID, now: datetime
) -> ExamRule:
    """Tell everybody whom the rule will shut out as they are now, and begin it after so many days.

    Raises Invalid, and Conflict while one is announced for this test or where the rule asks for as much already.
    """
    exam = _exam(project, series, version)
    if not GRACE_DAYS[0] <= days <= GRACE_DAYS[1]:
        raise Invalid(_("Announce it 3 to 60 days before."), field="days")
    if rules.exams_of(project.eligibility).get(str(series), 0) >= version:
        raise Conflict(_("The rule asks for this already."))
    shut_out = _people(_shut_out(project, exam, version))
    try:
        with transaction.atomic():
            made = ExamRule.objects.create(
                project=project, exam_series=series, version=version, announced_by_id=actor_id, announced_at=now,
                starts_at=now + timedelta(days=days), told=len(shut_out),
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("A newer version of this test is announced already. Withdraw that first.")) from None
    notices.tell_many(
        shut_out, "rule.announced", project=project.name, exam=exam.title, exam_id=str(exam.pk), version=version,
        **{"from": made.starts_at.isoformat()},
    )  # fmt: skip
    audit.record(subject=made, verb="exam_rule.announced", actor_id=actor_id, now=now)
    return made


def withdraw(*, project: Project, rule_id: uuid.UUID, actor_id: uuid.UUID, now: datetime) -> None:
    """It does not begin; who was told is told. Raises NotFound."""
    found = waiting(project).filter(pk=rule_id).select_for_update().first()
    if found is None:
        raise NotFound(_("There is no such announcement."))
    exam = Exam.objects.filter(series=found.exam_series).order_by("-version").first()
    ExamRule.objects.filter(pk=found.pk).update(withdrawn_at=now)
    if exam is not None:
        told = _people(_shut_out(project, exam, found.version))
        notices.tell_many(told, "rule.withdrawn", project=project.name, exam=exam.title, exam_id=str(exam.pk))
    audit.record(subject=found, verb="exam_rule.withdrawn", actor_id=actor_id, now=now)


def begin_due(*, now: datetime, limit: int = 50) -> int:
    """Announced rules whose day has come, in the way every change of a rule takes: live leases go on. Needs a transaction."""
    rows = ExamRule.objects.filter(starts_at__lte=now, applied_at__isnull=True, withdrawn_at__isnull=True)
    taken = due.take(rows.select_related("project").order_by("starts_at"), limit=limit)
    for one in taken:
        project = Project.objects.get(pk=one.project_id)
        wanted = rules.with_exam(project.eligibility, str(one.exam_series), one.version)
        projects.carry_out(project=project, actor_id=one.announced_by_id, now=now, options={"eligibility": wanted})
        ExamRule.objects.filter(pk=one.pk).update(applied_at=now)
    return len(taken)


def _exam(project: Project, series: uuid.UUID, version: int) -> Exam:
    found = next((one for one in exams_of(project) if one.series == series), None)
    if found is None:
        raise Invalid(_("Expected a test in use that names this project's guideline."), field="exam")
    if not 1 <= version <= (found.guideline or 0):
        said = _("Nobody can pass it for that version yet: the test stands at version %(n)d.")
        raise Invalid(said % {"n": found.guideline}, field="version")
    return found


def _tightened(project: Project, exam: Exam, version: int) -> rules.Rule:
    return rules.with_exam(project.eligibility, str(exam.series), version)


def _shut_out(project: Project, exam: Exam, version: int) -> rules.Rule:
    """Whom the project lets in as it is, and would not then."""
    return {"all": [eligibility.rule_for(project), {"not": _tightened(project, exam, version)}]}


def _people(rule: rules.Rule) -> list[uuid.UUID]:
    return list(WorkerProfile.objects.filter(pk__in=pools.selected(rule)).order_by("pk").values_list("pk", flat=True))
