"""A worker's page of a case: what was seen, what it can mean, and their own word on it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kit.errors import ProductError, Text
from marketplace import cases, signs
from marketplace.forms import Styled
from marketplace.models import AICase
from marketplace.views.client.frame import put_error
from workers import access, appeals
from workers.access import WorkerRequest

SIGNS: dict[str, Text] = {
    signs.PASTED: gettext_lazy("pasted"),
    signs.NOT_TYPED: gettext_lazy("neither typed nor pasted"),
    signs.TOO_FAST: gettext_lazy("faster than anybody types"),
}
WHAT_IT_IS: dict[str, Text] = {
    signs.PASTED: gettext_lazy("At least 60 % of the text of an answer was pasted."),
    signs.NOT_TYPED: gettext_lazy("Keys and pasting account for less than half of the text."),
    signs.TOO_FAST: gettext_lazy("More than 15 characters for each second of active time."),
}


class Word(Styled):
    """What the worker says to it."""

    text = django_forms.CharField(
        label=gettext_lazy("What was it?"), max_length=cases.LONGEST, widget=django_forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy("A text editor of your own, dictation, a spelling aid: say how you worked. Whoever decides reads it."),
    )  # fmt: skip


class Again(Styled):
    """Why a decision should be looked at by somebody else."""

    text = django_forms.CharField(
        label=gettext_lazy("What should be looked at again?"), max_length=appeals.LONGEST_TEXT,
        widget=django_forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy(
            "A person answers within 48 hours; somebody else, who had no part in it, decides within 5 days. If either misses the"
            " time, you win."
        ),
    )  # fmt: skip


def shown(case: AICase) -> dict[str, Any]:
    """What both sides see of a case: the signs in words, and the answers that show them."""
    return {
        "case": case, "kinds": [(SIGNS[sign], WHAT_IT_IS[sign]) for sign in case.signs],
        "evidence": [
            one | {"seconds": one["active_ms"] / 1_000, "away": one["away_ms"] / 1_000, "said": [SIGNS[sign] for sign in one["signs"]]}
            for one in case.evidence
        ],
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
@access.worker
def one(request: WorkerRequest, case: uuid.UUID) -> HttpResponse:
    """Everything that whoever decides sees, and a place to answer; once decided, to appeal."""
    found, now = cases.find(cases.of_worker(request.user.pk), case), timezone.now()
    until, appeal = cases.appeal_until(found), cases.appeal_of(found) if found.decided_at else None
    form = Again(request.POST or None) if found.decided_at else Word(request.POST or None, initial={"text": found.said})
    if request.method == "POST" and form.is_valid():
        say = cases.appeal if found.decided_at else cases.answer
        try:
            with transaction.atomic(durable=True):
                say(case_id=case, worker_id=request.user.pk, text=form.cleaned_data["text"], now=now)
            messages.success(request, _("Sent. Both clocks run now.") if found.decided_at else
                             _("Sent. Whoever decides reads it; you may change it until then."))
            return redirect("market:case", case=case)
        except ProductError as error:
            put_error(form, error)
    return render(request, "worker/case.html", shown(found) | {
        "waiting": cases.named_waiting(found).count() if found.decided_at is None else 0,
        "form": form, "answer_until": found.opened_at + cases.ANSWER_WITHIN,
        "appeal": appeal, "due_at": appeals.due_at(appeal) if appeal else None,
        "appeal_until": until if until and now < until and appeal is None else None,
        "crumbs": [{"label": _("My quality"), "url": reverse("market:quality")}],
    }, status=422 if form.errors else 200)  # fmt: skip
