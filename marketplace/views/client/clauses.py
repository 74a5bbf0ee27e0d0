"""A client's page on which an answer becomes part of the guideline: the words, their place, and the lines that come."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kit.errors import ProductError
from marketplace import clauses, questions
from marketplace.forms import Styled
from marketplace.models import Question
from marketplace.views.client.frame import GET_OR_POST, put_error
from workers import access
from workers.access import ClientRequest


class ClauseForm(Styled):
    """What the guideline will say, and where."""

    section = forms.ChoiceField(label=gettext_lazy("At the end of"), required=False)
    text = forms.CharField(
        label=gettext_lazy("What it will say"), max_length=clauses.CLAUSE_MOST, widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy("Markdown, as in the guideline. Nobody's name is in it."),
    )  # fmt: skip
    after = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, question: Question, **kwargs: Any) -> None:
        super().__init__(*args, initial={"text": clauses.drafted(question)}, **kwargs)
        names = [("", _("A section of questions and answers")), *((title, title) for title in clauses.titles(question))]
        self.fields["section"].choices = names  # type: ignore[attr-defined]
        self.dress()


def _preview(found: Question, form: ClauseForm) -> dict[str, Any]:
    """The lines that would come, or why there are none."""
    words = {"text": form["text"].value() or "", "section": form["section"].value() or ""}
    try:
        return {"proposal": clauses.propose(question=found, **words), "fault": ""}
    except ProductError as error:
        return {"proposal": None, "fault": str(error)}


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, question: uuid.UUID) -> HttpResponse:
    """The words ready to publish, with what they change; one click publishes the next version."""
    found = questions.find(question, organisation_id=request.organisation.pk)
    form = ClauseForm(request.POST or None, question=found)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = clauses.publish(question=found, actor_id=request.user.pk, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Version %(number)s is published. Tasks in hand keep the version they came with.") % {
                "number": made.number
            })  # fmt: skip
            return redirect("market:client_question", org=org, question=found.pk)
        except ProductError as error:
            put_error(form, error)
    here = reverse("market:client_question", args=[org, found.pk])
    return render(request, "client/clause.html", {
        "question": found, "form": form, "org": org, **_preview(found, form),
        "crumbs": [
            {"label": _("Questions"), "url": reverse("market:client_questions", args=[org])}, {"label": found.project.name, "url": here}
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


@require_POST
@access.client("manager")
def preview(request: ClientRequest, org: str, question: uuid.UUID) -> HttpResponse:
    """What the words that are being typed would change."""
    found = questions.find(question, organisation_id=request.organisation.pk)
    return render(request, "client/_clause_lines.html", _preview(found, ClauseForm(request.POST, question=found)))
