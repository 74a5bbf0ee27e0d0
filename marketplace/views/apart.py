"""A worker's page of people whom they are not paired with: why there are such, and asking for one."""

from __future__ import annotations

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

from kit.errors import ProductError
from marketplace import apart
from marketplace.forms import Styled
from marketplace.models.apart import Why
from marketplace.views.client.frame import put_error
from workers import access
from workers.access import WorkerRequest


class Wish(Styled):
    """Somebody whom I should not be paired with."""

    named = django_forms.CharField(
        label=gettext_lazy("Who"), max_length=apart.NAMED_MOST, help_text=gettext_lazy("Name or e-mail address")
    )
    why = django_forms.ChoiceField(
        label=gettext_lazy("Why"), choices=[choice for choice in Why.choices if choice[0] != Why.COPYING]
    )


@require_http_methods(["GET", "POST"])
@access.worker
def page(request: WorkerRequest) -> HttpResponse:
    """What I asked for and what became of it; the person is found by ops, and never told."""
    form, worker_id = Wish(request.POST or None), request.user.pk
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                apart.ask(worker_id=worker_id, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Asked. Somebody looks at it and tells you what became of it."))
            return redirect("market:apart")
        except ProductError as error:
            put_error(form, error)
    return render(request, "worker/apart.html", {
        "form": form, "wishes": apart.wishes_of(worker_id), "people": len(apart.of(worker_id)),
        "crumbs": [{"label": _("My quality"), "url": reverse("market:quality")}],
    }, status=422 if form.errors else 200)  # fmt: skip
