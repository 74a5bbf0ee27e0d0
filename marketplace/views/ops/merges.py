"""Ops' pages of accounts that are one person's: proposing that two become one, and a second person's word."""

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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import ProductError
from marketplace import merging
from marketplace.apart import by_address
from marketplace.forms import Styled
from marketplace.views.client.frame import put_error
from workers import access, people, queries
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import Merge

PAGE = 25


class Proposal(Styled):
    """The account that ends, the one that is kept, and what shows that they are one person's."""

    old = django_forms.EmailField(label=gettext_lazy("Ends"), help_text=gettext_lazy("E-mail address of the account that ends"))
    kept = django_forms.EmailField(label=gettext_lazy("Is kept"), help_text=gettext_lazy("Everything goes over to this one"))
    why = django_forms.CharField(
        label=gettext_lazy("What shows that they are one person"), max_length=500, widget=django_forms.Textarea(attrs={"rows": 3})
    )


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def listing(request: PersonRequest) -> HttpResponse:
    """What waits for a second person, what was decided, and a new proposal."""
    start = {name: _address(request.GET.get(name, "")) for name in ("old", "kept")}
    form = Proposal(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            made = _propose(request, form)
            messages.success(request, _("Proposed. A second person of ops decides; the person is told."))
            return redirect("market:ops_merge", merge_id=made.pk)
        except ProductError as error:
            put_error(form, error)
    rows = Merge.objects.select_related("old__user", "kept__user", "proposed_by", "decided_by")
    page = paging.page(rows, order="-proposed_at", cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("Ends")}, {"label": _("Is kept")}, {"label": _("State")}, {"label": _("Proposed"), "tight": True},
        {"label": _("Decided by")},
    ]  # fmt: skip
    return render(request, "ops/merges.html", {
        "form": form, "page": page, "rows": page.rows, "columns": columns,
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")}],
    }, status=422 if form.errors else 200)  # fmt: skip


def _address(text: str) -> str:
    """The address of somebody whose id the page was opened with."""
    try:
        return queries.person_address(uuid.UUID(text)) if text else ""
    except ValueError:
        return ""


def _propose(request: PersonRequest, form: Proposal) -> Merge:
    given = form.cleaned_data
    with transaction.atomic(durable=True):
        return merging.propose(
            old_id=by_address(given["old"], field="old"), kept_id=by_address(given["kept"], field="kept"), why=given["why"],
            by_id=request.user.pk, now=timezone.now(),
        )  # fmt: skip


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def one(request: PersonRequest, merge_id: uuid.UUID) -> HttpResponse:
    """One proposal: both accounts side by side, what would go over or went over, and what stands in the way."""
    found = merging.find(merge_id)
    waits = found.state == "proposed"
    return render(request, "ops/merge.html", {
        "merge": found, "obstacles": merging.in_the_way(found.old_id) if waits else [], "outlook": merging.outlook(found),
        "money": merging.money_of(found), "moved": merging.moved_in_words(found),
        "may_approve": waits and people.independent(request.user.pk, found.proposed_by_id),
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")},
                   {"label": _("Merges"), "url": reverse("market:ops_merges")}],
    })  # fmt: skip


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
@access.reauthenticated
def approve(request: PersonRequest, merge_id: uuid.UUID) -> HttpResponse:
    """Two become one."""
    with transaction.atomic(durable=True):
        merging.approve(merge=merging.find(merge_id), by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The two accounts are one now."))
    return redirect("market:ops_merge", merge_id=merge_id)


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def decline(request: PersonRequest, merge_id: uuid.UUID) -> HttpResponse:
    """They stay two."""
    with transaction.atomic(durable=True):
        merging.decline(merge=merging.find(merge_id), by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("They stay two accounts."))
    return redirect("market:ops_merge", merge_id=merge_id)
