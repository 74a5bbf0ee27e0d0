"""Ops' page of those who read free texts: how they read, who may, pauses, and the texts whose points are known."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import ProductError
from qualification import known_readings, readers, skills
from qualification.models import KnownReading
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole, User


@require_GET
@access.ops(OpsRole.QUALITY_LEAD)
def page(request: PersonRequest) -> HttpResponse:
    """Everybody who reads, with what is known of how they do; and the forms that give and end."""
    return _page(request)


def _page(request: PersonRequest, *, error: ProductError | None = None) -> HttpResponse:
    now = timezone.now()
    leads = User.objects.filter(ops_roles__role=OpsRole.QUALITY_LEAD).exclude(pk=request.user.pk).distinct().order_by("name")
    rows = [{"one": one, **_in_percent(one)} for one in known_readings.measured(now=now)]
    known = KnownReading.objects.filter(ended_at__isnull=True).select_related("question__item__exam", "made_by").order_by("-made_at")
    context = {
        "rows": rows, "of_all": known_readings.of_all(), "grants": readers.live(), "leads": leads, "error": error,
        "skills": skills.owned_by(None), "candidates": known_readings.candidates(), "known": known[:50],
        "pauses": readers.pauses(now=now),
    }  # fmt: skip
    return render(request, "ops/readers.html", context, status=error.status if error else 200)


def _in_percent(one: known_readings.Measured) -> dict[str, Any]:
    found = one.as_agreed
    return {
        "value": found.mean / 100 if found else None,
        "low": found.low / 100 if found else None, "high": found.high / 100 if found else None,
        "lately": None if one.lately is None else one.lately / 100, "before": None if one.before is None else one.before / 100,
    }  # fmt: skip


def _done(request: PersonRequest, said: str, work: Callable[[], Any]) -> HttpResponse:
    try:
        with transaction.atomic(durable=True):
            work()
    except ProductError as error:
        return _page(request, error=error)
    messages.success(request, said)
    return redirect("qualification:ops_readers")


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def give(request: PersonRequest) -> HttpResponse:
    """Let a colleague read."""
    skill = skills.by_slug(request.POST["skill"]) if request.POST.get("skill") else None
    user_id = _uuid(request.POST.get("user", ""))
    return _done(request, _("They are told."), lambda: readers.give(
        user_id=user_id, skill=skill, by_id=request.user.pk, now=timezone.now()
    ))  # fmt: skip


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def end(request: PersonRequest, grant_id: uuid.UUID) -> HttpResponse:
    """Take the right back."""
    return _done(request, _("They are told."), lambda: readers.end(grant_id=grant_id, by_id=request.user.pk, now=timezone.now()))


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def lift(request: PersonRequest, pause_id: uuid.UUID) -> HttpResponse:
    """End a colleague's pause."""
    return _done(request, _("They are told."), lambda: readers.lift(pause_id=pause_id, by_id=request.user.pk, now=timezone.now()))


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def make_known(request: PersonRequest, question_id: uuid.UUID) -> HttpResponse:
    """A text that two people read alike is mixed in from now on."""
    given = [int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1 for text in request.POST.getlist("points")]
    return _done(request, _("It is mixed in from now on."), lambda: known_readings.add(
        question_id=question_id, points=given, by_id=request.user.pk, now=timezone.now()
    ))  # fmt: skip


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def end_known(request: PersonRequest, known_id: uuid.UUID) -> HttpResponse:
    """Mix it in no more."""
    return _done(request, _("It is mixed in no more."), lambda: known_readings.end(
        known_id=known_id, by_id=request.user.pk, now=timezone.now()
    ))  # fmt: skip


def _uuid(text: str) -> uuid.UUID:
    """Nobody's id for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
