"""What a client's pages share: things found by their owner, the way here, tabs, and errors shown at their field."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from kit.errors import Invalid, ProductError
from marketplace import client_queries
from marketplace.models import Batch, Project, Task
from task_types import registry
from task_types.interface import island
from workers.access import ClientRequest
from workers.organisations import RANK

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


def may_change(request: ClientRequest) -> bool:
    """Viewers look; managers and owners change."""
    return RANK[request.membership.role] >= RANK["manager"]


def project_of(request: ClientRequest, project_id: uuid.UUID) -> Project:
    return client_queries.project_of(organisation_id=request.organisation.pk, project_id=project_id)


def batch_of(request: ClientRequest, batch_id: uuid.UUID) -> Batch:
    return client_queries.batch_of(organisation_id=request.organisation.pk, batch_id=batch_id)


def crumbs(org: str, project: Project | None = None, batch: Batch | None = None) -> list[dict[str, str]]:
    """The way here."""
    way = [{"label": _("Projects"), "url": reverse("market:projects", args=[org])}]
    if project is not None:
        way.append({"label": project.name, "url": reverse("market:project", args=[org, project.pk])})
    if batch is not None:
        way.append({"label": batch.name, "url": reverse("market:batch", args=[org, batch.pk])})
    return way


PAGES = (
    ("overview", gettext_lazy("Overview"), "market:project"), ("quality", gettext_lazy("Quality"), "market:project_quality"),
    ("settings", gettext_lazy("Task"), "market:project_settings"),
    ("guideline", gettext_lazy("Guideline"), "market:project_guideline"),
    ("terms", gettext_lazy("Pay and judging"), "market:project_terms"),
    ("workers", gettext_lazy("Who may work"), "market:project_workers"), ("gold", gettext_lazy("Gold"), "market:project_gold"),
    ("course", gettext_lazy("Course"), "market:project_course"),
    ("invitations", gettext_lazy("Invitations"), "market:client_invitations"),
    ("budget", gettext_lazy("Budget"), "market:project_budget"),
)  # fmt: skip


def project_page(
    request: ClientRequest, template: str, project: Project, active: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of a project under its tabs; viewers see how it goes, not its rules."""
    org, changes = request.organisation.slug, may_change(request)
    tabs = [
        {"label": label, "url": reverse(name, args=[org, project.pk]), "active": key == active}
        for key, label, name in PAGES
    ]
    frame = {
        "project": project, "org": org, "may_change": changes, "crumbs": crumbs(org), "tabs": tabs if changes else tabs[:2],
        "kind": registry.drawer(project.task_type).name,
    }  # fmt: skip
    return render(request, template, frame | context, status=status)


def put_error(form: forms.Form, error: ProductError) -> None:
    """Show what a stage refused at the field that it names, with the row where the field is a list."""
    path = error.field or ""
    name = re.split(r"[.\[]", path)[0].removesuffix("_bp")
    row = re.match(r"\w+\[(\d+)\]", path)
    text = str(error)
    if row:
        text = _("Row %(row)d: %(text)s") % {"row": int(row.group(1)) + 1, "text": text}
    form.add_error(name if name in form.fields else None, text)


NOT_THERE_YET = "data:,"
"""The address of an image that a runner has not fetched yet: the task says that it could not be loaded."""


def image_url_of(org: str, task: Task) -> Callable[[str], str]:
    """Where a member loads an image of a task from."""

    def url(name: str) -> str:
        if not name.startswith("asset:"):
            return NOT_THERE_YET
        return reverse("market:task_image", args=[org, task.pk, name.removeprefix("asset:")])

    return url


def shown_task(org: str, task: Task, *, answer: dict[str, Any] | None = None, read_only: bool = False) -> dict[str, Any]:
    """A task for the browser, as a worker sees it."""
    drawer, settings = registry.drawer(task.project.task_type), task.project.settings
    return island(
        drawer, settings=settings, payload=task.payload, answer=answer, seed=str(task.pk), read_only=read_only,
        image_url=image_url_of(org, task),
    )  # fmt: skip


def example(org: str, project: Project, settings: dict[str, Any]) -> dict[str, Any]:
    """A task under these settings: the first of the newest file, or one of the drawer's samples. Raises Invalid."""
    drawer = registry.drawer(project.task_type)
    check = drawer.compile_payload_check(settings)
    task = _newest_task(project)
    if task is not None and check(task.payload)[0] is not None:
        return island(
            drawer, settings=settings, payload=task.payload, seed="example", image_url=image_url_of(org, task)
        )
    payload = next((found for row in drawer.sample().rows if (found := check(row)[0]) is not None), None)
    if payload is None:
        raise Invalid(_("With these settings there is no sample to show. Upload a file to see your own tasks."))
    return island(
        drawer, settings=settings, payload=payload, seed="example",
        image_url=lambda name: reverse("market:sample_image", args=[org, drawer.slug, name]),
    )  # fmt: skip


def _newest_task(project: Project) -> Task | None:
    newest = project.batches.filter(task_count__gt=0).order_by("-created_at").first()
    return newest.tasks.order_by("line").first() if newest else None


def as_text(data: dict[str, Any]) -> str:
    """An island as text for an element that htmx brings in: it takes scripts out of what it fetches, data islands too."""
    return json.dumps(data, ensure_ascii=False, cls=DjangoJSONEncoder)


PARTS = ("role", "id", "language", "speakers")
"""Parts of a payload that are words about its texts, not texts."""


def excerpt(task: Task, most: int = 140) -> dict[str, str]:
    """A task in a line: the first text of its payload however deep, and an image if it has one.

    What has neither, as a recording, goes by the name that the client gave its file.
    """
    image = str(task.payload.get("image") or "")
    given = () if image else (value for value in (task.extra or {}).values() if isinstance(value, str))
    text = " ".join(next(chain(texts(task.payload), given), "").split())
    kept = image.removeprefix("asset:") if image.startswith("asset:") else ""
    return {"text": text if len(text) <= most else f"{text[: most - 1]}…", "image": kept}


def texts(value: Any, name: str = "") -> Iterator[str]:
    """The texts of a payload in its order; names of images and of parts are none."""
    if name in PARTS:
        return
    if isinstance(value, str) and value and not value.startswith(("asset:", "https://")):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def gone(name: str, tasks: int) -> str:
    """That something was thrown away, and how much with it."""
    said = ngettext("“%(name)s” is gone, and %(count)d task with it.", "“%(name)s” is gone, and %(count)d tasks with it.", tasks)
    return said % {"name": name, "count": tasks}


def is_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
