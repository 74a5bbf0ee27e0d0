"""Ops' queue of free texts: what waits by clock, claiming, points by the rubric. Who wrote a text does not show, nor how long they had."""

from __future__ import annotations

import random
import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import NotFound, ProductError
from qualification import known_readings, outcomes, readers
from qualification import readings as queue
from qualification.models import Reading
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

MOST_SHOWN = 100


@require_GET
@access.ops(OpsRole.QUALITY_LEAD)
def readings(request: PersonRequest) -> HttpResponse:
    """What waits for this person, the most urgent first; what waits for others is counted."""
    now, me = timezone.now(), request.user.pk
    waiting = list(queue.waiting_for(me, now=now))
    shown = [{"reading": one, "busy": _busy(one, me, now)} for one in waiting[:MOST_SHOWN]]
    context = {
        "rows": shown, "total": len(waiting), "free": sum(not one["busy"] for one in shown), "now": now,
        "others": max(queue.waiting().count() - len(waiting), 0), "pause": readers.pause_of(me, now=now),
    }  # fmt: skip
    return render(request, "ops/readings.html", context)


def _busy(one: Reading, person_id: uuid.UUID, now: Any) -> bool:
    """Does somebody else read it at the moment?"""
    return one.claimed_until is not None and one.claimed_until > now and one.claimed_by_id != person_id


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def take(request: PersonRequest) -> HttpResponse:
    """Claim the next text."""
    with transaction.atomic(durable=True):
        found = known_readings.take(by_id=request.user.pk, now=timezone.now(), luck=random.SystemRandom())
    if found is not None:
        return redirect("qualification:ops_reading", reading_id=found.pk)
    messages.info(request, _("Nothing is free to read."))
    return redirect("qualification:ops_readings")


@require_http_methods(["GET", "POST"])
@access.ops(OpsRole.QUALITY_LEAD)
def reading(request: PersonRequest, reading_id: uuid.UUID) -> HttpResponse:
    """One text with its rubric: points and a sentence for whoever wrote it."""
    found = queue.find(reading_id)
    error: ProductError | None = None
    if request.method == "POST":
        try:
            with transaction.atomic(durable=True):
                outcomes.read(
                    reading=found, points=_points(request, found), note=request.POST.get("note", ""), by_id=request.user.pk,
                    now=timezone.now(),
                )  # fmt: skip
            messages.success(request, _("Kept. The next one follows."))
            return take(request)
        except NotFound:
            raise
        except ProductError as problem:
            error = problem
    body, now = found.question.item.body, timezone.now()
    refused = _refused(found, request.user.pk, now)
    mine = refused is None and queue.is_mine(reading=found, by_id=request.user.pk, now=now)
    if mine and (found.claimed_until is None or found.claimed_by_id != request.user.pk):
        found.claimed_until = now + queue.CLAIM
    lines = [
        line | {"name_of_field": f"points_{at}", "choices": range(line["points"] + 1), "given": request.POST.get(f"points_{at}", "")}
        for at, line in enumerate(body["rubric"])
    ]
    context = {
        "reading": found, "item": found.question.item, "exam": found.question.item.exam, "answer": found.question.answer,
        "lines": lines, "mine": mine, "error": error or refused, "refused": refused,
        "said": request.POST.get("note", ""), "model": found.question.item.key["model"],
    }  # fmt: skip
    return render(request, "ops/reading.html", context, status=422 if error else 200)


def _refused(found: Reading, person_id: uuid.UUID, now: datetime) -> ProductError | None:
    """Why this person does not read it; None for who may, and for what is read."""
    try:
        if found.graded_at is None:
            readers.require(reading=found, by_id=person_id, now=now)
    except NotFound:
        raise
    except ProductError as refused:
        return refused
    return None


def _points(request: PersonRequest, found: Reading) -> list[int | None]:
    """A number for each line; None, which is refused, where none was picked."""
    given = [request.POST.get(f"points_{at}", "") for at in range(len(found.question.item.body["rubric"]))]
    return [int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None for text in given]


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def claim(request: PersonRequest, reading_id: uuid.UUID) -> HttpResponse:
    """Have this text to oneself for half an hour."""
    with transaction.atomic(durable=True):
        queue.claim(reading=queue.find(reading_id), by_id=request.user.pk, now=timezone.now())
    return redirect("qualification:ops_reading", reading_id=reading_id)


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def give_back(request: PersonRequest, reading_id: uuid.UUID) -> HttpResponse:
    """Leave it to others."""
    with transaction.atomic(durable=True):
        queue.give_back(reading=queue.find(reading_id), by_id=request.user.pk)
    return redirect("qualification:ops_readings")
