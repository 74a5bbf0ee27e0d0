"""Cases of AI use for ops: what waits by clock, the evidence of one with how far it can be believed, a decision."""

from __future__ import annotations

import uuid

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kit import paging
from kit.errors import ProductError
from marketplace import cases, signs
from marketplace.forms import Styled
from marketplace.models import AICase, Submission
from marketplace.views import words
from marketplace.views.cases import SIGNS, shown
from marketplace.views.client.frame import put_error
from task_types import registry
from workers import access
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE

PAGE = 25


class Decision(Styled):
    """What a person finds, and why."""

    verdict = django_forms.ChoiceField(
        label=gettext_lazy("What you find"), widget=django_forms.RadioSelect,
        choices=[
            ("unfounded", gettext_lazy("Unfounded: nothing against the worker")),
            ("founded", gettext_lazy("Founded: AI tools were used")),
        ],
    )  # fmt: skip
    grounds = django_forms.CharField(
        label=gettext_lazy("Why"), max_length=cases.LONGEST, widget=django_forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("The worker reads this."),
    )


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def queue(request: PersonRequest) -> HttpResponse:
    """Open cases, the most urgent first; or those that are decided."""
    decided = request.GET.get("state") == "decided"
    past = AICase.objects.filter(decided_at__isnull=False).select_related("worker", "project__organisation")
    page = paging.page(
        past if decided else cases.waiting(), order="-decided_at" if decided else "decide_by", cursor=request.GET.get("cursor"),
        size=PAGE,
    )
    columns = [
        {"label": _("Worker")}, {"label": _("Project"), "rank": 2}, {"label": _("Signs")}, {"label": _("Heard")},
        {"label": _("Decided") if decided else _("Left")},
    ]  # fmt: skip
    rows = [{"case": case, "signs": [SIGNS[sign] for sign in case.signs]} for case in page.rows]
    return render(request, "ops/cases.html", {"rows": rows, "page": page, "columns": columns, "decided": decided})


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def one(request: PersonRequest, case_id: uuid.UUID) -> HttpResponse:
    """The answers, the worker's word, how often each sign was wrong so far; then what a person finds."""
    now = timezone.now()
    case = cases.find(AICase.objects.select_related("worker", "project__organisation", "decided_by"), case_id)
    form = Decision(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic(durable=True):
                cases.decide(
                    case_id=case_id, by_id=request.user.pk, founded=given["verdict"] == "founded", grounds=given["grounds"], now=now
                )
            messages.success(request, _("Decided. The worker reads what you found and why."))
            return redirect("market:ops_cases")
        except ProductError as error:
            put_error(form, error)
    return render(request, "ops/case.html", shown(case) | {
        "form": form, "appeal": cases.appeal_of(case), "texts": _texts(case), "now": now,
        "heard_until": case.opened_at + cases.ANSWER_WITHIN,
        "records": [(SIGNS[record.sign], record) for record in cases.records(case=case, now=now)],
        "crumbs": [
            {"label": _("Today"), "url": reverse("market:ops_today")}, {"label": _("AI tools"), "url": reverse("market:ops_cases")},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


def _texts(case: AICase) -> list[dict[str, object]]:
    """The answers of the evidence, each with its figures."""
    drawer, settings = registry.drawer(case.project.task_type), case.project.settings
    found = Submission.objects.select_related("task").in_bulk([uuid.UUID(one["submission"]) for one in case.evidence])
    return [
        one | {"about": words.about(found[key].task.payload), "answer": drawer.summarise(found[key].answer, settings=settings),
               "words": _written(found[key].answer)}
        for one in shown(case)["evidence"] if (key := uuid.UUID(one["submission"])) in found
    ]  # fmt: skip


def _written(answer: object) -> str:
    """The free text of an answer."""
    if isinstance(answer, dict):
        own = [value for name, value in answer.items() if name in signs.WRITTEN and isinstance(value, str)]
        return "\n".join([*own, *(text for value in answer.values() if (text := _written(value)))])
    return "\n".join(text for value in answer if (text := _written(value))) if isinstance(answer, list) else ""
