"""A worker's signed record of work, and the page where anybody checks one that they were given."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from kit.errors import Invalid
from kit.limits import spend
from marketplace import work_record
from marketplace.models import SlotKind
from workers import access
from workers.access import WorkerRequest


@require_GET
@access.worker
def mine(request: WorkerRequest) -> HttpResponse:
    """What the record would say now, and how others check it."""
    made = work_record.of(worker_id=request.user.pk, now=timezone.now())
    return render(request, "worker/record.html", {"record": readable(made)})


@require_GET
@access.worker
def file(request: WorkerRequest) -> HttpResponse:
    """The record with its signature, to hand on."""
    spend(work_record.MAKING, account=request.user.pk)
    content = work_record.signed(work_record.of(worker_id=request.user.pk, now=timezone.now()))
    response = HttpResponse(json.dumps(content, indent=2, ensure_ascii=False), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="work-record.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@access.public
def check(request: HttpRequest) -> HttpResponse:
    """Whether a file is as it left us, and what it says if so. Nothing is kept."""
    if request.method == "GET":
        return render(request, "people/record.html")
    spend(work_record.CHECKING, account=None, address=request.META.get("REMOTE_ADDR", ""))
    try:
        found = work_record.check(_content(request))
    except Invalid as error:
        return render(request, "people/record.html", {"error": error}, status=422)
    # What stands in a file that somebody changed is not shown: a page of ours would lend it our name.
    record = readable(found.record) if found.genuine else None
    return render(request, "people/record.html", {"found": found, "record": record})


def readable(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record in the reader's words: names of kinds, percent, months and days."""
    names, slots = work_record.names_of_kinds(), dict(SlotKind.choices)
    work = [
        row | {
            "name": f"{names.get(row['task_type'], row['task_type'])} · {slots.get(row['kind'], row['kind'])}",
            "percent": _percent(row["accepted_share"]), "first": _day(f"{row['first']}-01"), "last": _day(f"{row['last']}-01"),
        }
        for row in record["work"]
    ]  # fmt: skip
    skills = [
        row | {f"{name}_percent": _percent(row[name]) for name in ("score", "low", "high")}
        | {"since": _day(row["since"]), "until": _day(row["until"])}
        for row in record["skills"]
    ]  # fmt: skip
    return {**record, "issued_at": dt.datetime.fromisoformat(record["issued_at"]), "work": work, "skills": skills}


def _percent(share: str | None) -> float | None:
    return None if share is None else 100 * float(share)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _content(request: HttpRequest) -> bytes:
    """A file that was chosen comes before a text that was pasted."""
    given = request.FILES.get("file")
    if given is not None:
        return bytes(given.read(work_record.MOST_BYTES + 1))
    return request.POST.get("text", "").encode("utf-8", "replace")


@require_GET
@access.public
def keys(request: HttpRequest) -> HttpResponse:
    """Our public keys, for checking without us."""
    return JsonResponse({"keys": work_record.public_keys()})
