"""Missions of a batch: stated, watched, ended."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kit.errors import NotFound, ProductError
from kit.money import Money
from marketplace import bonuses
from marketplace.mission_form import NewMission
from marketplace.models import Batch, Mission
from marketplace.settlement import BONUS_POOL
from marketplace.views.client.frame import GET_OR_POST, batch_of, crumbs, put_error
from payments import pools
from workers import access
from workers.access import ClientRequest


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """The missions of a batch with what their budgets still pay, and the next one."""
    batch, now = batch_of(request, batch_id), timezone.now()
    form = NewMission(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                bonuses.open_mission(batch=batch, actor_id=request.user.pk, now=now, **form.options(batch.currency))
            messages.success(request, _("The mission is open; workers see it before they start."))
            return redirect("market:batch_missions", org=org, batch_id=batch.pk)
        except ProductError as error:
            put_error(form, error)
    return render(request, "client/missions.html", {
        "batch": batch, "project": batch.project, "org": org, "form": form, "crumbs": crumbs(org, batch.project, batch),
        "may_open": True, "open_url": "", **listed(batch, lambda one: reverse("market:end_mission", args=[org, batch.pk, one.pk])),
    }, status=422 if form.errors else 200)  # fmt: skip


def listed(batch: Batch, end_url: Callable[[Mission], str]) -> dict[str, object]:
    """The newest missions of a batch with what their budgets still pay, and what its bonus pool has left."""
    pool = pools.of(batch_id=batch.pk, name=BONUS_POOL)
    rows = batch.missions.select_related("batch").order_by("-starts_at")[:50]
    return {
        "missions": [_shown(one, end_url(one)) for one in rows], "pool": Money(pool.left, batch.currency),
        "moving": batch.state in bonuses.IN_MOTION,
    }


def _shown(mission: Mission, end_url: str) -> dict[str, object]:
    pool, currency = pools.of(batch_id=mission.batch_id, name=bonuses.pool_of(mission)), mission.batch.currency
    return {
        "mission": mission, "amount": Money(mission.amount_units, currency), "budget": Money(pool.given, currency),
        "spent": Money(pool.spent, currency), "left": pool.left // bonuses.cost_of(mission),
        "end_url": end_url, "paid": pool.spent // bonuses.cost_of(mission), "all": pool.given // bonuses.cost_of(mission),
    }


@require_POST
@access.client("manager")
def end(request: ClientRequest, org: str, batch_id: uuid.UUID, mission_id: uuid.UUID) -> HttpResponse:
    """No more rewards; the rest of the budget goes back to the batch."""
    batch: Batch = batch_of(request, batch_id)
    mission = batch.missions.select_related("batch").filter(pk=mission_id).first()
    if mission is None:
        raise NotFound(_("There is no such mission."))
    with transaction.atomic(durable=True):
        bonuses.end(mission=mission, why="stopped", actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The mission has ended; what is left of its budget went back to the batch."))
    return redirect("market:batch_missions", org=org, batch_id=batch.pk)
