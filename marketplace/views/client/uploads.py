"""Files of a draft: received, mapped, watched while they are read, their bad rows, taken back; and trying a task of them."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from marketplace import client_queries, guidelines, intake, projects
from marketplace.models import BadRow, Batch, Task, Upload
from marketplace.views.client import batches as batch_page
from marketplace.views.client.drafts import ColumnChoices, card
from marketplace.views.client.frame import GET_OR_POST, batch_of, crumbs, gone, is_fragment, may_change, shown_task
from task_types import registry
from workers import access
from workers.access import ClientRequest

PIECE = 1024 * 1024
TRIES_SHOWN = 20


def upload_of(request: ClientRequest, upload_id: uuid.UUID) -> Upload:
    return client_queries.upload_of(organisation_id=request.organisation.pk, upload_id=upload_id)


def _to(request: ClientRequest, url: str) -> HttpResponse:
    """On to an address, also from a form that htmx sent.

    There without the place on the page: a browser that is on that page already would only scroll, and show it as it was.
    """
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": url.partition("#")[0]})
    return redirect(url)


@require_POST
@access.client("manager")
def upload(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Take a file in; what cannot be understood is kept with the reason."""
    batch, given = batch_of(request, batch_id), request.FILES.get("file")
    if not isinstance(given, UploadedFile) or not given.size:
        raise Invalid(_("Choose a file that is not empty."), field="file")
    made = intake.receive(
        batch=batch, name=given.name or "file", chunks=_pieces(given), actor_id=request.user.pk, now=timezone.now()
    )
    return _to(request, f"{reverse('market:batch', args=[org, batch.pk])}#file-{made.pk}")


def _pieces(given: UploadedFile[bytes]) -> Iterator[bytes]:
    for piece in given.chunks(PIECE):
        yield piece if isinstance(piece, bytes) else piece.encode()


@require_POST
@access.client("manager")
def start(request: ClientRequest, org: str, upload_id: uuid.UUID) -> HttpResponse:
    """The columns are mapped: let a runner read the file."""
    found = upload_of(request, upload_id)
    fields = registry.drawer(found.batch.project.task_type).fields
    form = ColumnChoices(request.POST, upload=found, fields=fields)
    if form.is_valid():
        try:
            with transaction.atomic(durable=True):
                intake.start(upload=found, mapping=form.mapping(), now=timezone.now())
            return redirect(f"{reverse('market:batch', args=[org, found.batch_id])}#file-{found.pk}")
        except Invalid as error:
            named = error.field if error.field in form.names else None
            form.refuse(named, str(error) if named or not error.field else f"{error.field}: {error}")
    return batch_page.show(request, batch_of(request, found.batch_id), mappings={found.pk: form})


@require_GET
@access.client("viewer")
def progress(request: ClientRequest, org: str, upload_id: uuid.UUID) -> HttpResponse:
    """The card of a file while it is read; the whole page anew when it is done."""
    found = upload_of(request, upload_id)
    if not is_fragment(request):
        return redirect("market:batch", org=org, batch_id=found.batch_id)
    shown = card(found)
    if not shown.running:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "client/_upload.html", {"card": shown, "org": org, "may_change": may_change(request)})


@require_POST
@access.client("manager")
def discard(request: ClientRequest, org: str, upload_id: uuid.UUID) -> HttpResponse:
    """Take a file and its tasks out of the draft."""
    found = upload_of(request, upload_id)
    with transaction.atomic(durable=True):
        removed = intake.discard(upload=found)
    messages.success(request, gone(found.name, removed))
    return redirect("market:batch", org=org, batch_id=found.batch_id)


@require_GET
@access.client("viewer")
def bad_rows(request: ClientRequest, org: str, upload_id: uuid.UUID) -> HttpResponse:
    """The rows that could not become tasks: line, column, reason and what stood there."""
    found = upload_of(request, upload_id)
    page = paging.page(BadRow.objects.filter(upload=found), order="line", cursor=request.GET.get("cursor"), size=50)
    columns = [
        {"label": _("Line"), "num": True, "tight": True}, {"label": _("Column")}, {"label": _("Reason")}, {"label": _("Row")},
    ]  # fmt: skip
    return render(request, "client/bad_rows.html", {
        "upload": found, "rows": page.rows, "page": page, "columns": columns, "org": org,
        "crumbs": crumbs(org, found.batch.project, found.batch),
    })  # fmt: skip


@require_GET
@access.client("viewer")
def bad_rows_file(request: ClientRequest, org: str, upload_id: uuid.UUID) -> HttpResponseBase:
    """The same as a file to mend and upload again."""
    found = upload_of(request, upload_id)
    name = slugify(found.name.rpartition(".")[0]) or "file"
    headers = {"Content-Disposition": f'attachment; filename="{name}-bad-rows.csv"'}
    return StreamingHttpResponse(intake.bad_rows_csv(found), content_type="text/csv; charset=utf-8", headers=headers)


# --- trying a task -----------------------------------------------------------------------------------------------------


@GET_OR_POST
@access.client("manager")
def try_task(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """A task of the batch as a worker gets it, with a clock; each try tells the estimate how long a task takes."""
    batch = batch_of(request, batch_id)
    if request.method == "POST":
        return _note_try(request, org, batch)
    number = request.GET.get("n", "0")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
    task = Task.objects.filter(batch=batch).select_related("project").order_by("line")[at : at + 1].first()
    if task is None:
        if at:
            return redirect("market:batch_try", org=org, batch_id=batch.pk)
        raise NotFound(_("The batch has no tasks yet."))
    newest = projects.guideline_in_force(batch.project)
    tries = list(batch.project.tries.order_by("-made_at").values_list("seconds", flat=True)[:TRIES_SHOWN])
    return render(request, "client/try.html", {
        "batch": batch, "project": batch.project, "org": org, "number": at + 1, "tries": len(tries),
        "median": statistics.median(tries) if tries else None,
        "island": shown_task(org, task, answer=task.prelabel),
        "begun": signing.dumps([task.pk, at, timezone.now().timestamp()], salt=SALT),
        "guideline": guidelines.show(project_id=batch.project_id, number=newest.number) if newest else None,
    })  # fmt: skip


SALT = "client-try"


def _note_try(request: ClientRequest, org: str, batch: Batch) -> HttpResponse:
    """Check the answer as a worker's would be, and keep the time that the page counted, at most what has passed here."""
    try:
        given, now = json.loads(request.body or b"{}"), timezone.now()
        task_id, at, begun = signing.loads(str(given["begun"]), salt=SALT)
        seconds = min(float(given["seconds"]), now.timestamp() - begun)
    except (ValueError, KeyError, TypeError, signing.BadSignature):
        raise Invalid(_("This try cannot be read. Load the page again.")) from None
    task = Task.objects.select_related("project").get(pk=task_id, batch=batch)
    drawer = registry.drawer(task.project.task_type)
    answer = drawer.check_answer(given.get("answer"), payload=task.payload, settings=task.project.settings)
    with transaction.atomic(durable=True):
        projects.note_try(project=batch.project, person_id=request.user.pk, seconds=round(seconds), now=now)
    said = drawer.summarise(answer, settings=task.project.settings)
    messages.success(request, _("Your answer: %(answer)s") % {"answer": said})
    return JsonResponse({"next": f"{reverse('market:batch_try', args=[org, batch.pk])}?n={at + 1}"})
