"""Ops' pages of batches: all of them, one of them with its health, and the few things that ops do to a batch."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, Text
from marketplace import batches as stages
from marketplace import stuck
from marketplace.models import Batch
from marketplace.ops_queries import batch as story
from marketplace.ops_queries import batches, flow
from marketplace.ops_queries.batches import BatchRow
from marketplace.progress import Progress
from marketplace.states import BATCH
from marketplace.views import words
from task_types import registry
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

PAGE = 25
PAUSE_REASONS: dict[str, Text] = {
    "ops_quality": gettext_lazy("The quality of the answers is being looked at"),
    "ops_content": gettext_lazy("Its content is being looked at"),
    "ops_money": gettext_lazy("Its money is being looked at"),
    "ops_client_asked": gettext_lazy("The client asked for it"),
}
HAPPENED: dict[str, Text] = {
    "batch.launching": gettext_lazy("Launched"), "batch.active": gettext_lazy("Open to workers"),
    "batch.paused": gettext_lazy("Paused"), "batch.closing": gettext_lazy("Closed to new work"),
    "batch.closed": gettext_lazy("Everything judged"), "batch.settled": gettext_lazy("Settled"),
    "batch.prioritised": gettext_lazy("Another priority"),
}
WHY: dict[str, Text] = PAUSE_REASONS | {
    "complete": gettext_lazy("every task has its answers"), "pilot": gettext_lazy("the pilot is over"),
    "ops": gettext_lazy("by ops"), "chargeback": gettext_lazy("the client's bank took a payment back"),
    "budget": gettext_lazy("the project's budget is used up"),
}


@require_GET
@access.ops()
def listing(request: PersonRequest) -> HttpResponse:
    """All batches of all clients, those in motion first of all."""
    state, search, now = request.GET.get("state", ""), request.GET.get("q", ""), timezone.now()
    oldest = request.GET.get("sort") == "age"
    rows = batches.listed(state=state, words=search)
    page = paging.page(rows, order="pk" if oldest else "-pk", cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("Batch")}, {"label": _("State")}, {"label": _("Settled"), "num": True},
        {"label": _("Open"), "num": True}, {"label": _("Who may · worked this week"), "num": True, "rank": 2},
        {"label": _("Spent"), "num": True}, {"label": _("Age"), "key": "age", "num": True, "tight": True},
    ]
    return render(request, "ops/batches.html", {
        "rows": batches.shown(page.rows, now=now), "page": page, "columns": columns, "sort": "age" if oldest else "-age",
        "state": state, "q": search, "states": BATCH.states, "filtered": bool(state or search),
    })


@require_GET
@access.ops()
def page(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """One batch: how far, how fast, what it costs; its pace and its quality come by themselves."""
    batch, now = batches.find(batch_id), timezone.now()
    row = batches.shown([batch], now=now)[0]
    return render(request, "ops/batch.html", {
        "batch": batch, "row": row, "kind": registry.drawer(batch.project.task_type).name, "verbs": _verbs(request, batch),
        "crumbs": [{"label": _("Batches"), "url": reverse("market:ops_batches")}], "pause_reasons": PAUSE_REASONS,
        "pause_words": WHY.get(batch.paused_why, ""), "time_left": time_left(row, now), "terms": _terms(batch),
        "events": [_event(one) for one in story.trail(batch)],
    })


def _verbs(request: PersonRequest, batch: Batch) -> set[str]:
    """What this person may do to the batch now."""
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    if not held & {OpsRole.POOL_MANAGER, OpsRole.ADMIN}:
        return set()
    moves = {"paused": "pause", "active": "go_on", "closing": "close"}
    verbs = {moves[to] for to in BATCH.moves[batch.state] if to in moves}
    if batch.state == "launching":
        verbs.discard("go_on")
    return verbs | {"prioritise"} if batch.state in batches.IN_MOTION else set()


def time_left(row: BatchRow, now: datetime) -> dict[str, Any] | None:
    """When the open tasks are done, for the component of intervals (in hours)."""
    left = flow.time_left(
        open_slots=row.flow.open_answers, answers=row.flow.answers, since=row.batch.launched_at, now=now
    )
    return words.time_left(left) if left else None


def _terms(batch: Batch) -> list[tuple[str, str]]:
    """The frozen terms, in words; nothing for a draft."""
    terms = batch.terms
    if not terms:
        return []
    rules = {
        "none": _("accepted at submit"), "sampled": _("reviewed by risk"), "all": _("each reviewed once"),
        "client": _("the client judges"),
    }
    target = terms.get("target_accuracy_bp")
    return [
        (_("Answers a task"), f"{terms['overlap']}–{terms['max_overlap']}" if target else str(terms["overlap"])),
        (_("Asked for"), f"{target / 100:g} %" if target else _("no target")),
        (_("Judging"), rules.get(terms["review_rule"], terms["review_rule"])),
        (_("Time to judge"), _("%(hours)s h") % {"hours": terms["judge_hours"]}),
        (_("Fee"), f"{terms['fee_bp'] / 100:g} %"), (_("Priority"), str(batch.priority)),
    ]


def _event(one: story.Happened) -> dict[str, Any]:
    record = one.record
    why = str(WHY.get(record.reason, ""))
    by = _("by %(name)s") % {"name": one.actor} if one.actor else ""
    return {
        "text": HAPPENED.get(record.verb, record.verb.rpartition(".")[2].replace("_", " ")), "at": record.at,
        "note": " · ".join(part for part in (by, why) if part), "tone": "wait" if record.to_state == "paused" else "",
    }


@require_GET
@access.ops()
def pace(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What holds it up, and how fast answers come: a part that comes by itself."""
    batch, now = batches.find(batch_id), timezone.now()
    found, row = story.pace(batch, now=now), batches.shown([batch], now=now)[0]
    seen = Progress(batch.task_count, row.flow.open_answers, row.flow.leased, {}, row.settled, now)
    data = {
        "type": "bar", "labels": [date_format(hour, "D H:i") for hour in found.hours],
        "series": [
            {"label": _("Answers an hour"), "values": found.answers},
            {"label": _("People"), "values": found.people, "kind": "line"},
        ],
    }
    return render(request, "ops/batch_pace.html", {
        "reasons": _reasons(batch, seen, now),
        "pace": found, "chart": json.dumps(data), "people": max(found.people[-24:], default=0), "batch": batch,
    })


def _reasons(batch: Batch, seen: Progress, now: datetime) -> list[stuck.Reason]:
    """What holds it up, without what the page says above (the pause) and what only its client is asked for."""
    found = [one for one in stuck.reasons(batch=batch, progress=seen, ambiguous=0, now=now) if one.page != "review"]
    return found[1:] if batch.state == "paused" else found


@require_GET
@access.ops()
def quality(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """How good the answers are, and who gives them: a part that comes by itself."""
    batch = batches.find(batch_id)
    return render(request, "ops/batch_quality.html", {
        "batch": batch, "quality": story.quality(batch, now=timezone.now()),
        "target": batch.terms.get("target_accuracy_bp", None) and batch.terms["target_accuracy_bp"] / 100,
    })


# --- verbs -------------------------------------------------------------------------------------------------------------


@require_POST
@access.ops("pool_manager")
def pause(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """No new tasks are handed out."""
    why = request.POST.get("why", "")
    if why not in PAUSE_REASONS:
        raise Invalid(_("Choose why you pause this batch."), field="why")
    with transaction.atomic(durable=True):
        stages.pause(batch=batches.find(batch_id), actor_id=request.user.pk, now=timezone.now(), why=why)
    messages.success(request, _("Paused. Tasks in hand may still be handed in."))
    return redirect("market:ops_batch", batch_id=batch_id)


@require_POST
@access.ops("pool_manager")
def go_on(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Hand out tasks again."""
    with transaction.atomic(durable=True):
        stages.go_on(batch=batches.find(batch_id), actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("It goes on."))
    return redirect("market:ops_batch", batch_id=batch_id)


@require_POST
@access.ops("pool_manager")
def close(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """No new tasks ever; what people hold is honoured."""
    with transaction.atomic(durable=True):
        stages.close(batch=batches.find(batch_id), actor_id=request.user.pk, now=timezone.now(), why="ops")
    messages.success(request, _("It closes. What people hold is honoured and paid."))
    return redirect("market:ops_batch", batch_id=batch_id)


@require_POST
@access.ops("pool_manager")
def priority(request: PersonRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Another place in the order in which work is given out."""
    given = request.POST.get("priority", "")
    if not given.isascii() or not given.isdigit() or len(given) > 3:
        raise Invalid(_("Expected a priority from 0 to 100."), field="priority")
    with transaction.atomic(durable=True):
        stages.reprioritise(batch=batches.find(batch_id), priority=int(given), actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The priority is %(priority)s now.") % {"priority": int(given)})
    return redirect("market:ops_batch", batch_id=batch_id)
