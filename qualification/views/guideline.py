"""The page of an exam and its guideline, for its owner: which version it was written for, what changed since, and what they find of it."""

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

from kit.errors import Invalid, ProductError
from qualification import exams, guidelines
from qualification.models import Exam
from qualification.states import RETIRED, VOID
from qualification.views.makers import address, doors, may_make
from workers.access import PersonRequest
from workers.models import OpsRole, Organisation


@doors()
@require_GET
def guideline(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """What the exam names, what changed since, and the questions that belong to it."""
    return _page(request, owner, exams.find(exam_id=exam_id, organisation=owner))


def _page(request: PersonRequest, owner: Organisation | None, exam: Exam, *, error: ProductError | None = None) -> HttpResponse:
    stand = guidelines.stand(exam)
    context = {
        "exam": exam, "owner": owner, "stand": stand, "error": error, "may_make": may_make(request, owner) and exam.state != RETIRED,
        "choices": guidelines.choices(owner.pk if owner else None) if stand is None or exam.state == "draft" else [],
        "questions": exam.items.exclude(state=VOID).order_by("n") if stand else [], "checks": guidelines.checks(exam),
        "ticked": request.POST.getlist("question"), "count": len(stand.questions) if stand else 0,
    }  # fmt: skip
    return render(request, "ops/exams_guideline.html", context, status=error.status if error else 200)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def name_guideline(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Name the guideline that it is written for, or none."""
    return _done(
        request, owner, exam_id, _("Kept."),
        lambda exam: guidelines.tie(
            exam=exam, project=_uuid(request.POST.get("project", "")), recheck=request.POST.get("recheck") == "1", by_id=request.user.pk,
            now=timezone.now(),
        ),
    )  # fmt: skip


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def place_questions(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Say to which section each question belongs."""
    given = {_uuid(name.removeprefix("section_")): value for name, value in request.POST.items() if name.startswith("section_")}
    sections = {item: str(title) for item, title in given.items() if item is not None}
    return _done(
        request, owner, exam_id, _("Kept. What is asked, and how it is graded, stays."),
        lambda exam: guidelines.place(exam=exam, sections=sections, by_id=request.user.pk, now=timezone.now()),
    )  # fmt: skip


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def still_right(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """A person has looked at every question of a changed section."""
    version = request.POST.get("version", "")
    ticked = [found for text in request.POST.getlist("question") if (found := _uuid(text))]
    return _done(
        request, owner, exam_id, _("Recorded with your name. Attempts from now on are for the new version."),
        lambda exam: guidelines.still_right(
            exam=exam, version=int(version) if version.isdecimal() and len(version) < 7 else 0, questions=ticked, by_id=request.user.pk,
            now=timezone.now(), recheck=request.POST.get("recheck") == "1",
        ),
    )  # fmt: skip


def _done(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, said: str, work: Any) -> HttpResponse:
    exam = exams.find(exam_id=exam_id, organisation=owner)
    try:
        with transaction.atomic(durable=True):
            work(exam)
    except ProductError as error:
        return _page(request, owner, exams.find(exam_id=exam_id, organisation=owner), error=error)
    messages.success(request, said)
    return redirect(address(owner, "guideline", exam_id))


def _uuid(text: str) -> uuid.UUID | None:
    """None for nothing. Raises Invalid for what is no id."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise Invalid(_("Expected a project with a guideline."), field="project") from None
