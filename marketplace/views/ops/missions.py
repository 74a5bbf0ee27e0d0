"""Missions that ops state for a batch out of its bonus pool, and those that its client stated; any of them can be ended."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import NotFound, ProductError
from marketplace import bonuses
from marketplace.mission_form import NewMission
from marketplace.models import Mission
from marketplace.ops_queries import batches
from marketplace.views.client.frame import put_error
from marketplace.views.client.missions import listed
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole


@require_GET
@access.ops()
def page(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """The missions of a batch with what their budgets still pay; for pool managers, the form of the next one."""
    return _show(request, batch_id, NewMission())


@require_POST
@access.ops("pool_manager")
def open_one(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """State a mission out of the batch's bonus pool."""
    batch, form = batches.find(batch_id), NewMission(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic(durable=True):
                bonuses.open_mission(
                    batch=batch, actor_id=request.user.pk, now=timezone.now(), top_up=False, **form.options(batch.currency)
                )
            messages.success(request, _("The mission is open; workers see it before they start."))
            return redirect("market:ops_missions", batch_id=batch_id)
        except ProductError as error:
            put_error(form, error)
    return _show(request, batch_id, form)


@require_POST
@access.ops("pool_manager")
def end(request: PersonRequest, batch_id: uuid.UUID, mission_id: uuid.UUID) -> HttpResponse:
    """No more rewards; the rest of the budget goes back to the batch."""
    mission = Mission.objects.select_related("batch").filter(pk=mission_id, batch=batch_id).first()
    if mission is None:
        raise NotFound(_("There is no such mission."))
    with transaction.atomic(durable=True):
        bonuses.end(mission=mission, why="stopped", actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The mission has ended; what is left of its budget went back to the batch."))
    return redirect("market:ops_missions", batch_id=batch_id)


def _show(request: PersonRequest, batch_id: uuid.UUID, form: NewMission) -> HttpResponse:
    batch = batches.find(batch_id)
    form.fields["budget"].help_text = _("With our fee. Set aside at once, out of the bonus pool; when it is used up, the mission ends.")
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    may = bool(held & {OpsRole.POOL_MANAGER, OpsRole.ADMIN})
    end_url = (lambda one: reverse("market:ops_end_mission", args=[batch_id, one.pk])) if may else (lambda _one: "")
    return render(request, "ops/missions.html", {
        "batch": batch, "form": form, "may_open": may, "open_url": reverse("market:ops_open_mission", args=[batch_id]),
        **listed(batch, end_url),
        "crumbs": [
            {"label": _("Batches"), "url": reverse("market:ops_batches")},
            {"label": batch.name, "url": reverse("market:ops_batch", args=[batch_id])},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip
