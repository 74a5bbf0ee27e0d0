"""A client's page of tests by a project's guideline: who would be shut out by a newer version, announcing it, taking that back."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kit.errors import ProductError
from marketplace import courses, exam_rules, rules
from marketplace.forms import Styled
from marketplace.models import Project
from marketplace.views.client.frame import GET_OR_POST, project_of, project_page, put_error
from workers import access
from workers.access import ClientRequest


class AnnounceForm(Styled):
    """Which test, for which version, how long before."""

    exam = forms.ChoiceField(label=gettext_lazy("Test and version"))
    days = forms.IntegerField(
        label=gettext_lazy("Begins after (days)"), min_value=exam_rules.GRACE_DAYS[0], max_value=exam_rules.GRACE_DAYS[1],
        initial=exam_rules.USUAL_GRACE, help_text=gettext_lazy("From 3 to 60: so long they have to pass it."),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = rules.exams_of(project.eligibility)
        self.fields["exam"].choices = [  # type: ignore[attr-defined]
            (f"{one.series}@{n}", _("Version %(n)d or later: %(title)s") % {"title": one.title, "n": n})
            for one in exam_rules.exams_of(project)
            for n in range(one.guideline or 0, max(asked.get(str(one.series), 0), (one.guideline or 0) - 20), -1)
        ]
        self.dress()

    def wanted(self) -> dict[str, Any]:
        """As `exam_rules.look` takes them."""
        series, _at, version = self.cleaned_data["exam"].partition("@")
        return {"series": uuid.UUID(series), "version": int(version)}


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Tests by this guideline, what is announced, and the form that looks first and announces then."""
    project, now = project_of(request, project_id), timezone.now()
    form = AnnounceForm(request.POST or None, project=project)
    outlook = None
    if request.method == "POST" and form.is_valid():
        try:
            if "announce" in request.POST:
                with transaction.atomic(durable=True):
                    made = exam_rules.announce(
                        project=project, days=form.cleaned_data["days"], actor_id=request.user.pk, now=now, **form.wanted()
                    )
                messages.success(request, _("Announced; %(n)d people were told.") % {"n": made.told})
                return redirect("market:project_exams", org=org, project_id=project.pk)
            outlook = exam_rules.look(project=project, now=now, **form.wanted())
        except ProductError as error:
            put_error(form, error)
    asked = rules.exams_of(project.eligibility)
    found = exam_rules.exams_of(project)
    titles = {one.series: one.title for one in found}
    return project_page(request, "client/project_exams.html", project, "workers", {
        "form": form, "outlook": outlook, "tests": [{"exam": one, "asked": asked.get(str(one.series))} for one in found],
        "waiting": [{"rule": one, "title": titles.get(one.exam_series, "")} for one in exam_rules.waiting(project)],
        "newest": courses.version_of(project),
    }, status=422 if form.errors else 200)  # fmt: skip


@require_POST
@access.client("manager")
def withdraw(request: ClientRequest, org: str, project_id: uuid.UUID, rule_id: uuid.UUID) -> HttpResponse:
    """It does not begin after all."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        exam_rules.withdraw(project=project, rule_id=rule_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Withdrawn; whoever was told hears of it."))
    return redirect("market:project_exams", org=org, project_id=project.pk)
