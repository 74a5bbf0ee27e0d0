"""A project on one page for ops: enough people, done in time, known answers week by week, and what is wrong."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kit.counts import rested
from kit.errors import NotFound
from marketplace import client_queries, drift, insight
from marketplace.models import Project
from marketplace.ops_queries import golds, pools
from marketplace.views import words
from workers import access
from workers.access import PersonRequest


@require_GET
@access.ops()
def page(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Supply against demand and the time that is left at once; quality by itself."""
    project, now = project_of(project_id), timezone.now()
    demand = pools.demand_of(project, now=now)
    return render(request, "ops/project.html", {
        "project": project, "demand": demand, "left": words.time_left(demand.time_left) if demand and demand.time_left else None,
        "batches": client_queries.launched_batches(project)[:10],
        "crumbs": [{"label": _("Pools"), "url": reverse("market:ops_pools")}],
    })


@require_GET
@access.ops()
def quality(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Known answers week by week, those that good workers fail, and the batches: a part that comes by itself."""
    project, now = project_of(project_id), timezone.now()
    found = rested("drift", [project.pk], lambda: drift.course(project=project, now=now))
    return render(request, "ops/project_quality.html", {
        "project": project, "course": found, "picture": drift.picture(found.weeks), "doubtful": golds.doubtful(project_id=project.pk),
        "rows": insight.by_batch(project=project, batches=client_queries.launched_batches(project)),
        "target": project.target_accuracy_bp / 100 if project.target_accuracy_bp else None,
    })


def project_of(project_id: uuid.UUID) -> Project:
    """Anybody's project. Raises NotFound."""
    found = Project.objects.select_related("organisation").filter(pk=project_id).first()
    if found is None:
        raise NotFound(_("There is no such project."))
    return found
