"""What exams know of guidelines: whose they are, their sections, what changed; and telling owners whose exam has fallen behind."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from marketplace import lessons
from marketplace.models import GuidelineVersion, Project
from qualification import guidelines
from qualification.guidelines import Changed, Guideline
from qualification.models import Exam
from qualification.states import DRAFT, PUBLISHED
from workers import notices, queries
from workers.models import Membership, OpsRole

MOST_CHOICES = 200

SAID = _("%(project)s has version %(version)s of its guideline. The test %(exam)s was written for an older one: see what changed.")
notices.declare("exam.behind", SAID, url_name="qualification:client_guideline", url_params=("org", "exam_id"))
notices.declare("exam.behind_ops", SAID, url_name="qualification:ops_guideline", url_params=("exam_id",))


class ProjectGuidelines:
    """Guidelines of projects, as `qualification.guidelines` asks for them."""

    def find(self, project: uuid.UUID, organisation: uuid.UUID | None) -> Guideline | None:
        rows = GuidelineVersion.objects.filter(project=project).select_related("project").order_by("-number")
        newest = (rows.filter(project__organisation=organisation) if organisation else rows).first()
        if newest is None:
            return None
        titles = tuple(one.title for one in lessons.sections(newest.markdown))
        return Guideline(newest.project_id, newest.project.name, newest.number, titles)

    def choices(self, organisation: uuid.UUID | None) -> list[tuple[uuid.UUID, str]]:
        rows = Project.objects.filter(guidelines__number=1, archived_at__isnull=True).order_by("name", "pk")
        if organisation:
            return list(rows.filter(organisation=organisation).values_list("pk", "name")[:MOST_CHOICES])
        named = rows.values_list("pk", "name", "organisation__name")[:MOST_CHOICES]
        return [(pk, f"{name} · {organisation_name}") for pk, name, organisation_name in named]

    def changed(self, project: uuid.UUID, before: int, after: int) -> list[Changed]:
        texts = dict(GuidelineVersion.objects.filter(project=project, number__in=[before, after]).values_list("number", "markdown"))
        old, new = (lessons.sections(texts.get(number, "")) for number in (before, after))
        lines = lessons.changes(old, new)
        titles = {section.title for section in new}
        gone = [section for section in old if section.title not in titles]
        return [Changed(section.title, lines[section.at]) for section in new if section.at in lines] + [
            Changed(section.title, lessons.lines_between(section.markdown, "")) for section in gone
        ]


guidelines.declare(ProjectGuidelines())


def tell_owners(*, project: Project, version: int, now: datetime) -> None:
    """A guideline has a new version: whoever looks after exams in use that were written for an older one hears of it, once each."""
    for exam in guidelines.in_use(project.pk):
        if exam.state != PUBLISHED or (exam.guideline or 0) >= version:
            continue
        owner, words = exam.skill.organisation, {"project": project.name, "version": version, "exam": exam.title, "exam_id": str(exam.pk)}
        if owner is None:
            leads = OpsRole.objects.filter(role=OpsRole.QUALITY_LEAD).values_list("user_id", flat=True)
            notices.tell_many(list(leads), "exam.behind_ops", **words)
        else:
            team = queries.members_of(owner.pk, roles=(Membership.OWNER, Membership.MANAGER))
            notices.tell_many(team, "exam.behind", org=owner.slug, **words)


def known(series: str, version: int, *, organisation_id: uuid.UUID | None) -> bool:
    """Can this exam be passed for this version of a guideline of the organisation's own projects, or of anybody's (None)?"""
    rows = Exam.objects.filter(series=series, project__isnull=False, guideline__gte=version).exclude(state=DRAFT)
    owners = Project.objects.filter(pk__in=rows.values("project"))
    return (owners.filter(organisation=organisation_id) if organisation_id else owners).exists()
