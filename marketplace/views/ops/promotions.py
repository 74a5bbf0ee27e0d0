"""Ops' page of workers who are ready for more: the evidence, and one click that gives the next tier."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from marketplace import promotions
from marketplace.views.ops.pools import tabs
from workers import access
from workers.access import PersonRequest

WHO = ("pool_manager", "quality_lead")


@require_GET
@access.ops()
def page(request: PersonRequest) -> HttpResponse:
    """Efficient experts that the figures found; nobody is promoted by the clock."""
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    columns = [
        {"label": _("Worker")}, {"label": _("Skill")}, {"label": _("Right")}, {"label": _("Right answers an hour"), "num": True},
        {"label": _("Usual there"), "num": True, "rank": 2}, {"label": _("Give"), "hidden": True},
    ]  # fmt: skip
    return render(request, "ops/promotions.html", {
        "rows": promotions.offers(now=timezone.now())[:100], "columns": columns, "tabs": tabs("promotions"),
        "may": bool(held & {*WHO, "admin"}),
    })


@require_POST
@access.ops(*WHO)
def give(request: PersonRequest, worker_id: uuid.UUID, skill_id: uuid.UUID) -> HttpResponse:
    """The next tier for a year, on the evidence of the moment."""
    with transaction.atomic(durable=True):
        made = promotions.accept(worker_id=worker_id, skill_id=skill_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Given: %(skill)s, tier %(tier)s.") % {"skill": made.skill.name, "tier": made.tier})
    return redirect("market:ops_promotions")
