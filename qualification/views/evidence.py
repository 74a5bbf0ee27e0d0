"""Ops' page of evidence at an exam: attempts that ring a signal, what a person found, and how often each signal was a false alarm."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import Invalid
from qualification import exams, looks
from qualification.evidence import ALIKE, AWAY, FAST, PASTED, Signal
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole


@require_GET
@access.ops(OpsRole.QUALITY_LEAD)
def evidence(request: PersonRequest, exam_id: uuid.UUID) -> HttpResponse:
    """What rang where; those that nobody looked at come first."""
    found = exams.find(exam_id=exam_id, organisation=None)
    rung, measured = looks.look_through(found)
    own = request.user.pk
    context: dict[str, Any] = {
        "exam": found,
        "rows": [{"rung": one, "words": [_words(signal) for signal in one.signals]} for one in rung if one.attempt.worker_id != own],
        "measured": [{"name": _name(one.name), "one": one, **_percent(one)} for one in measured],
        "waiting": sum(one.look is None for one in rung),
    }
    return render(request, "ops/evidence.html", context)


@require_POST
@access.ops(OpsRole.QUALITY_LEAD)
def decide(request: PersonRequest, exam_id: uuid.UUID, attempt_id: uuid.UUID) -> HttpResponse:
    """What a person found."""
    attempt = looks.find(exam=exams.find(exam_id=exam_id, organisation=None), attempt_id=attempt_id)
    try:
        with transaction.atomic(durable=True):
            looks.decide(
                attempt=attempt, wrong=request.POST.get("outcome") == "wrong", note=request.POST.get("note", ""),
                by_id=request.user.pk, now=timezone.now(),
            )  # fmt: skip
        messages.success(request, _("Written down. Nothing else happens by itself."))
    except Invalid as error:
        messages.error(request, str(error))
    return redirect("qualification:ops_evidence", exam_id=exam_id)


def _name(signal: str) -> str:
    return {AWAY: _("Left the page"), PASTED: _("Pasted"), FAST: _("Very fast"), ALIKE: _("Alike wrong answers")}[signal]


def _words(signal: Signal) -> str:
    """A signal with its figures, in a sentence."""
    sentence = {
        AWAY: _("Left the page at %(questions)d of %(of)d questions, %(seconds)d seconds in all."),
        PASTED: _("Pasted %(characters)d characters."),
        FAST: _("%(answers)d of %(of)d right answers came within %(seconds)d seconds each."),
        ALIKE: _("Shares %(shared)d wrong answers with one other attempt; people who err alone share %(expected).1f."),
    }[signal.name]
    return sentence % dict(signal.figures)


def _percent(one: looks.Measured) -> dict[str, float | None]:
    if one.rate is None:
        return {"value": None, "low": None, "high": None}
    return {"value": one.rate.share / 100, "low": min(one.rate.low, one.rate.share) / 100, "high": max(one.rate.high, one.rate.share) / 100}
