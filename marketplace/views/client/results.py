"""What comes of a batch: its tasks with their results, one task with every answer, files to take home, images."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import NotFound
from kit.money import Money
from marketplace import client_queries, exports, gold, strengths
from marketplace.models import Batch, Task
from marketplace.views import images
from marketplace.views.client.batches import exports_of
from marketplace.views.client.frame import batch_of, crumbs, excerpt, may_change, shown_task
from task_types import registry
from workers import access
from workers.access import ClientRequest

CHANCE = random.SystemRandom()
SAMPLE_TYPES = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"RI": "audio/wav"}


def task_of(request: ClientRequest, batch: Batch, task_id: int) -> Task:
    task = client_queries.task_of(organisation_id=request.organisation.pk, task_id=task_id)
    if task.batch_id != batch.pk:
        raise NotFound(_("There is no such task."))
    return task


@require_GET
@access.client("viewer")
def listing(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Tasks in the order of the file: result, confidence, answers, cost."""
    batch, asked = batch_of(request, batch_id), request.GET
    show = asked.get("show", "all") if asked.get("show") in client_queries.SHOWN else "all"
    own = asked.get("id", "").strip()[:200]
    page = client_queries.tasks_page(batch=batch, show=show, own_id=own, cursor=asked.get("cursor"))
    sums = exports.sums_of_tasks(batch, page.rows)
    columns = [
        {"label": _("Task")}, {"label": _("Result")}, {"label": _("Sure")}, {"label": _("Answers"), "num": True},
        {"label": _("Cost"), "num": True},
    ]  # fmt: skip
    return render(request, "client/results.html", {
        "batch": batch, "org": org, "columns": columns, "page": page, "show": show, "own": own,
        "rows": [_row(org, batch, task, *each) for task, each in zip(page.rows, sums, strict=True)],
        "filtered": bool(own) or show != "all", "crumbs": crumbs(org, batch.project, batch), "choices": _choices(),
        "exports": exports_of(batch),
    })  # fmt: skip


def _choices() -> list[tuple[str, str]]:
    return [("all", _("All tasks")), ("settled", _("Settled")), ("open", _("Not settled yet")), ("ambiguous", _("Ambiguous"))]


def _row(org: str, batch: Batch, task: Task, answers: int, cost: Money) -> dict[str, Any]:
    drawer, result = registry.drawer(batch.project.task_type), getattr(task, "result", None)
    said = drawer.summarise(result.answer, settings=batch.project.settings) if result and result.answer else ""
    return {
        "org": org, "batch": batch, "task": task, "excerpt": excerpt(task), "result": result, "said": said,
        "cost": cost, "answers": answers,
        "percent": result.confidence_bp / 100 if result and result.confidence_bp is not None else None,
    }  # fmt: skip


@require_GET
@access.client("viewer")
def task(request: ClientRequest, org: str, batch_id: uuid.UUID, task_id: int) -> HttpResponse:
    """One task: the result on it, how sure it is, and every answer under its pseudonym."""
    batch = batch_of(request, batch_id)
    found, drawer = task_of(request, batch, task_id), registry.drawer(batch.project.task_type)
    record, result = exports.of_tasks(batch, [found])[0], getattr(found, "result", None)
    asked = request.GET.get("answer", "")
    at = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else None
    answers = [
        given | {"said": drawer.summarise(given["answer"], settings=batch.project.settings), "number": number}
        for number, given in enumerate(record["answers"], start=1)
    ]  # fmt: skip
    chosen = next((given for given in answers if given["number"] == at), None)
    shown = chosen["answer"] if chosen else result.answer if result and result.answer else None
    return render(request, "client/task.html", {
        "batch": batch, "project": batch.project, "org": org, "task": found, "result": result, "answers": answers,
        "record": record, "chosen": chosen, "may_change": may_change(request),
        "island": shown_task(org, found, answer=shown, read_only=True),
        "shares": _shares(result, batch.project.settings), "cost": Money.parse(record["cost"]["total"], batch.currency),
        "percent": result.confidence_bp / 100 if result and result.confidence_bp is not None else None,
        "said": drawer.summarise(result.answer, settings=batch.project.settings) if result and result.answer else "",
        "crumbs": crumbs(org, batch.project, batch), "may_be_gold": _may_be_gold(found, result),
        "before": client_queries.neighbour(found, -1), "after": client_queries.neighbour(found, 1),
    })  # fmt: skip


def _may_be_gold(task: Task, result: Any) -> bool:
    drawer = registry.drawer(task.project.task_type)
    return bool(result and result.state == "settled" and result.answer and drawer.gold_is_possible)


def _shares(result: Any, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The probabilities of each category, the likeliest first, question by question, in the client's own words."""
    if result is None:
        return []
    words = {label["value"]: label["label"] for label in settings.get("labels", [])}
    found = []
    for question, shares in result.distribution.items():
        ranked = sorted(shares.items(), key=lambda pair: -pair[1])[:6]
        about = question.partition(":")[2]
        found.append({
            "question": words.get(about, about),
            "shares": [{"label": words.get(label, label), "percent": round(100 * share, 1)} for label, share in ranked],
        })  # fmt: skip
    return found


@require_POST
@access.client("manager")
def make_gold(request: ClientRequest, org: str, batch_id: uuid.UUID, task_id: int) -> HttpResponse:
    """Use a settled task's content and result as a known answer."""
    batch = batch_of(request, batch_id)
    found = task_of(request, batch, task_id)
    with transaction.atomic(durable=True):
        gold.promote(task=found, actor_id=request.user.pk, now=timezone.now(), rng=CHANCE)
    messages.success(request, _("This result is a known answer now. Workers meet a copy of the task among the others."))
    return redirect("market:batch_task", org=org, batch_id=batch.pk, task_id=found.pk)


@require_GET
@access.client("viewer")
def export(request: ClientRequest, org: str, batch_id: uuid.UUID, kind: str) -> HttpResponseBase:
    """A file to take home, streamed: CSV by task or by answer, JSONL, or a format of the kind of work."""
    batch = batch_of(request, batch_id)
    match kind:
        case "csv":
            pieces, ending, content_type = exports.as_csv(batch, bom=True), "csv", "text/csv; charset=utf-8"
        case "answers-csv":
            pieces, ending, content_type = exports.as_csv(batch, per="answer", bom=True), "answers.csv", "text/csv; charset=utf-8"
        case "strengths":
            pieces, ending, content_type = strengths.as_csv(batch, bom=True), "strengths.csv", "text/csv; charset=utf-8"
        case "jsonl":
            pieces, ending, content_type = exports.as_jsonl(batch), "jsonl", "application/x-ndjson"
        case _:
            pieces, ending, content_type = exports.extra(batch, kind), f"{kind}.json", "application/json"
    name = slugify(f"{batch.project.name} {batch.name}")[:80] or "batch"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return StreamingHttpResponse(pieces, content_type=content_type, headers=headers)


@require_GET
@access.client("viewer")
def image(request: ClientRequest, org: str, task_id: int, digest: str) -> HttpResponse:
    """An image of a task, for members of the organisation that owns it."""
    found = client_queries.task_of(organisation_id=request.organisation.pk, task_id=task_id)
    if f"asset:{digest}" not in found.payload.values():
        raise NotFound(_("There is no such image in this task."))
    return images.send(digest)


@cache
def _sample_files(slug: str) -> Mapping[str, bytes]:
    """Drawn once: a drawer makes its pictures anew each time it is asked."""
    return registry.drawer(slug).sample().files()


@require_GET
@access.client("viewer")
def sample_image(request: ClientRequest, org: str, slug: str, name: str) -> HttpResponse:
    """An image of a drawer's own sample, for the preview before the first file."""
    content = _sample_files(slug).get(name)
    if content is None:
        raise NotFound(_("There is no such image."))
    kind = SAMPLE_TYPES.get(bytes(content[:2]), "application/octet-stream")
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": "private, max-age=86400"})
