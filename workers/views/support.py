"""Help: one's own requests and a new one, for everybody with an account; and the page on which ops answer."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kit.limits import spend
from workers import access, support
from workers.access import PersonRequest
from workers.forms import carry_out
from workers.models import Claim, SupportRequest


class SupportForm(forms.Form):
    """What somebody needs help with."""

    topic = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=SupportRequest.TOPICS)
    text = forms.CharField(
        label=gettext_lazy("What happened, and what would help?"), max_length=support.LONGEST, widget=forms.Textarea(attrs={"rows": 6})
    )


class SupportAnswerForm(forms.Form):
    """The answer of a person of ops."""

    text = forms.CharField(label=gettext_lazy("Answer"), max_length=support.LONGEST, widget=forms.Textarea(attrs={"rows": 6}))


@require_http_methods(["GET", "POST"])
@access.signed_in
def mine(request: PersonRequest) -> HttpResponse:
    """Ask for help, and read what was answered."""
    form = SupportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        spend(support.ASKING, account=request.user.pk, address=request.META.get("REMOTE_ADDR", ""))
        made = carry_out(form, lambda: support.ask(user_id=request.user.pk, now=timezone.now(), **form.cleaned_data))
        if made is not None:
            messages.success(request, _("A person reads this and answers within 24 hours."))
            return redirect("workers:support")
    context = {"form": form, "rows": support.of(request.user.pk)[:30]}
    return render(request, "people/support.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@access.ops("pool_manager", "quality_lead", "finance")
def of_ops(request: PersonRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request for help, who asks, and the answer to give."""
    found, form = support.find(request_id), SupportAnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = carry_out(form, lambda: _answer(found, form.cleaned_data["text"], request))
        if done:
            messages.success(request, _("Answered. The person is told now."))
            return redirect("workers:ops_queue", queue=support.QUEUE)
    held = Claim.objects.filter(queue=support.QUEUE, item=found.pk, until__gt=timezone.now()).select_related("by").first()
    return render(request, "ops/support.html", {
        "request_": found, "form": form, "held": held if held is not None and held.by_id != request.user.pk else None,
        "crumbs": [{"label": _("Queues"), "url": reverse("workers:ops_queues")},
                   {"label": _("Requests for help"), "url": reverse("workers:ops_queue", args=[support.QUEUE])}],
    }, status=422 if form.errors else 200)  # fmt: skip


def _answer(found: SupportRequest, text: str, request: PersonRequest) -> bool:
    support.answer(request=found, by_id=request.user.pk, text=text, now=timezone.now())
    return True
