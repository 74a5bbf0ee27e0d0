"""How good a project's work is, for its client: by batch, by what is mistaken for what, by who did it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from marketplace import client_queries, insight, strengths
from marketplace.models import Project
from marketplace.views.client.frame import project_of, project_page
from workers import access
from workers.access import ClientRequest

SHADES = 5
"""Steps of a table of shares: 0 is nothing, SHADES everything."""


@require_GET
@access.client("viewer")
def page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """The figures, each with its interval and with what it rests on."""
    project = project_of(request, project_id)
    found = insight.of(project=project, batches=client_queries.launched_batches(project))
    return project_page(request, "client/project_quality.html", project, "quality", {
        "found": found, "ranked": [_axis(one) for one in found.strengths], "tables": [_table(one, project) for one in found.confusions],
        "target": project.target_accuracy_bp / 100 if project.target_accuracy_bp else None,
    })  # fmt: skip


def _axis(one: strengths.Ranked) -> dict[str, Any]:
    """A ranking with the common axis of its intervals."""
    low, high = min(row.low for row in one.rows), max(row.high for row in one.rows)
    return {"subject": one.subject, "rows": one.rows, "start": round(low - 10), "span": max(round(high - low + 20), 1)}


def _table(one: insight.Confusion, project: Project) -> dict[str, Any]:
    """A table of mistakes for the page: names of categories, shares with their shade."""
    names = _names(project)
    rows = [
        {
            "name": names.get(truth, truth),
            "cells": [
                {"n": n, "share": share, "shade": -(-round(share) * SHADES // 100), "right": said == truth}
                for said, (n, share) in zip(one.classes, one.row(truth), strict=True)
            ],
        }
        for truth in one.classes
    ]  # fmt: skip
    return {"confusion": one, "rows": rows, "names": [names.get(said, said) for said in one.classes], "title": _title(one, names)}


def _names(project: Project) -> dict[str, str]:
    """What a client called its labels, by their values."""
    labels = project.settings.get("labels", [])
    return {row["value"]: row.get("label") or row["value"] for row in labels if isinstance(row, dict) and "value" in row}


def _title(one: insight.Confusion, names: dict[str, str]) -> str:
    """The question's own name, where it is a label's; nothing where there is one question alone."""
    return names.get(one.question, "" if one.question in ("label", "preference") else one.question.replace("_", " ")) or _("The answer")
