"""Known answers week by week: how a project's crowd fares, and an alarm when it has become worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace import health
from marketplace.gold import RIGHT_FROM
from marketplace.models import Project, Submission
from marketplace.quality import drift
from task_types import registry
from workers import notices
from workers.models import OpsRole

WEEK = timedelta(days=7)
WEEKS = 8
NEWEST = 4_000
"""Answers to known tasks of one project that are looked at."""

notices.declare(
    "quality.drift", _("Answers to known tasks of %(project)s have become worse."), url_name="market:ops_project",
    url_params=("project_id",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Week:
    """One week of known answers, and the share of right ones with its interval where there were any."""

    start: datetime
    count: drift.Count

    @property
    def share(self) -> health.Interval | None:
        return health.interval(right=self.count.right, answers=self.count.seen)


@dataclass(frozen=True, slots=True)
class Course:
    """The last weeks, oldest first; the last seven days against those before."""

    weeks: list[Week]
    before: drift.Count
    lately: drift.Count
    alarms: bool

    @property
    def seen(self) -> int:
        return self.before.seen + self.lately.seen

    @property
    def fall(self) -> float:
        """In points of a hundred."""
        return 100 * (self.before.share - self.lately.share)


def course(*, project: Project, now: datetime) -> Course:
    """The weeks of a project; one statement, each answer graded again."""
    counts = [drift.Count()] * WEEKS
    drawer = registry.drawer(project.task_type)
    rows = Submission.objects.filter(
        batch__project=project, gold=True, kind="answer", submitted_at__gt=now - WEEKS * WEEK, submitted_at__lte=now,
        task__gold__voided_at__isnull=True,
    ).order_by("-submitted_at")
    for answer, truth, at in rows.values_list("answer", "task__gold__answer", "submitted_at")[:NEWEST]:
        right = drawer.grade(answer, truth, settings=project.settings) >= RIGHT_FROM
        place = WEEKS - 1 - int((now - at) / WEEK)
        counts[place] += drift.Count(1, int(right))
    before = sum(counts[:-1], drift.Count())
    weeks = [Week(now - (WEEKS - at) * WEEK, count) for at, count in enumerate(counts)]
    return Course(weeks, before, counts[-1], drift.alarms(before=before, lately=counts[-1]))


def watch(*, now: datetime) -> int:
    """Look at every project whose known answers were met this week: sound or end its alarm; returns how many are in alarm."""
    met = Submission.objects.filter(gold=True, submitted_at__gt=now - WEEK).values("batch__project")
    for project in Project.objects.filter(pk__in=met):
        _set(project, alarms=course(project=project, now=now).alarms, now=now)
    Project.objects.filter(drifting_since__lte=now - WEEKS * WEEK).update(drifting_since=None)
    return drifting().count()


def _set(project: Project, *, alarms: bool, now: datetime) -> None:
    """Quality leads are told once, when it begins."""
    if alarms and Project.objects.filter(pk=project.pk, drifting_since__isnull=True).update(drifting_since=now):
        for person_id in OpsRole.objects.filter(role=OpsRole.QUALITY_LEAD).values_list("user_id", flat=True):
            notices.tell(person_id, "quality.drift", project=project.name, project_id=str(project.pk))
    if not alarms:
        Project.objects.filter(pk=project.pk, drifting_since__isnull=False).update(drifting_since=None)


def drifting() -> QuerySet[Project]:
    """Projects in alarm, the longest first."""
    rows = Project.objects.filter(drifting_since__isnull=False, archived_at__isnull=True)
    return rows.select_related("organisation").order_by("drifting_since", "pk")


def picture(weeks: Sequence[Week]) -> list[dict[str, object]]:
    """The weeks for a drawing 800 wide and 100 high, 100 percent at the top: where each stands and how far its interval goes."""
    step = 800 / max(len(weeks), 1)
    drawn: list[dict[str, object]] = []
    for at, week in enumerate(weeks):
        share = week.share
        middle = step * (at + 0.5)
        drawn.append({
            "week": week, "share": share, "x": round(middle, 1), "left": round(middle - step / 5, 1), "right": round(middle + step / 5, 1),
            "y": round(100 - share.value, 1) if share else None, "top": round(100 - share.high, 1) if share else None,
            "height": round(share.high - share.low, 1) if share else None,
        })  # fmt: skip
    return drawn
