"""Pages of a bank, for ops and for organisations with their own: the health of its questions, estimating them anew, files in and out."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import NotFound
from qualification import attempts, bank, bank_files, exams
from qualification.forms import VoidForm
from qualification.models import Attempt, BankFile, Exam
from qualification.states import LIVE, RESTING, VOID
from qualification.views.makers import address, doors, may_make
from workers.access import PersonRequest
from workers.models import OpsRole, Organisation

CSV, JSON = "csv", "json"


@doors()
@require_GET
def health(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """What the answers say about each question: doubtful keys and worn questions first."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    rows = bank.look(found)
    usable = [row for row in rows if row.item.state != VOID]
    context: dict[str, Any] = {
        "exam": found,
        "owner": owner,
        "rows": [{"row": row, "words": _words(row), "item": row.item} for row in rows],
        "doubtful": sum(row.alarm for row in usable),
        "worn": sum(row.worn for row in usable),
        "calibrated": sum(row.item.a is not None for row in usable),
        "usable": len(usable),
        "sat": Attempt.objects.filter(series=found.series).exclude(state=LIVE).count(),
        "least": bank.LEAST_PEOPLE,
        "may_make": may_make(request, owner),
        "void_form": VoidForm(),
        "enough": bank.LEAST_PEOPLE,
    }
    return render(request, "ops/bank.html", context)


def _words(row: bank.Row) -> str:
    """The alarm of a question in a sentence; nothing without one."""
    if row.health.doubt == "other":
        return _("Of those who do best elsewhere, %(percent)d %% agree on another answer: %(other)s.") % {
            "percent": round(100 * row.health.other_share), "other": row.other,
        }  # fmt: skip
    if row.health.doubt == "against":
        return _("The better somebody does elsewhere, the less they get this right.")
    return ""


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def calibrate(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Estimate discrimination and difficulty from everybody's answers."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    try:
        with transaction.atomic(durable=True):
            count = bank.calibrate(exam=found, by_id=request.user.pk, now=timezone.now())
        words = _("%(count)d questions were estimated from answers. It holds for attempts from now on.")
        messages.success(request, words % {"count": count})
    except bank.TooFew as error:
        messages.error(request, str(error))
    return redirect(address(owner, "bank", exam_id))


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def rest_question(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, item_id: uuid.UUID) -> HttpResponse:
    """Stop drawing a question for now, or draw it again."""
    item = exams.find_item(exams.find(exam_id=exam_id, organisation=owner), item_id)
    with transaction.atomic(durable=True):
        attempts.rest_item(item=item, rest=item.state != RESTING, by_id=request.user.pk, now=timezone.now())
    return redirect(address(owner, "bank", exam_id))


@doors(OpsRole.QUALITY_LEAD)
@require_GET
def export(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, form: str) -> HttpResponse:
    """All questions with their keys, as a file that the same page reads again."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    return download(found, form)


def download(found: Exam, form: str) -> HttpResponse:
    """Raises NotFound for a form that there is not."""
    if form not in (CSV, JSON):
        raise NotFound(_("There is no such file."))
    name = f"{slugify(found.title) or 'bank'}-v{found.version}.{form}"
    if form == JSON:
        return attachment(bank_files.as_json(found), "application/json", name)
    return attachment(bank_files.as_csv(found), "text/csv; charset=utf-8", name)


@doors(OpsRole.QUALITY_LEAD)
@require_GET
def bad_rows(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """The rows of a file that could not become questions, with line and reason, to be put right."""
    found = BankFile.objects.filter(pk=file_id, exam=exams.find(exam_id=exam_id, organisation=owner)).first()
    if found is None:
        raise NotFound(_("There is no such file."))
    return attachment(bank_files.bad_as_csv(found), "text/csv; charset=utf-8", "bad-rows.csv")


def attachment(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
