"""A client's page of a project's course: sections, practice tasks with their reasons, who took it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketplace import courses
from marketplace.models import Project
from marketplace.views import course_desk
from marketplace.views.client.frame import GET_OR_POST, project_of, project_page
from workers import access
from workers.access import ClientRequest


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What the course shows, its practice, and how people fare."""
    project = project_of(request, project_id)
    form = course_desk.CourseForm(request.POST or None, project=project)
    if course_desk.saved(request, project, form):
        return redirect("market:project_course", org=org, project_id=project.pk)
    return _page(request, project, form=form)


@require_POST
@access.client("manager")
def add(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """A known answer becomes practice."""
    project = project_of(request, project_id)
    form = course_desk.PracticeForm(request.POST, project=project)
    if course_desk.added(request, project, form):
        return redirect("market:project_course", org=org, project_id=project.pk)
    return _page(request, project, practice=form)


@require_POST
@access.client("manager")
def leave_out(request: ClientRequest, org: str, project_id: uuid.UUID, task_id: int) -> HttpResponse:
    """A practice task leaves the course."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        courses.leave_out(project=project, task_id=task_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Taken out, for who begins from now on."))
    return redirect("market:project_course", org=org, project_id=project.pk)


def _page(
    request: ClientRequest, project: Project, *, form: course_desk.CourseForm | None = None,
    practice: course_desk.PracticeForm | None = None,
) -> HttpResponse:
    here = [request.organisation.slug, project.pk]
    urls = {
        "save": reverse("market:project_course", args=here), "add": reverse("market:course_practice", args=here),
        "leave_out": reverse("market:course_leave_out", args=[*here, 0]), "gold": reverse("market:project_gold", args=here),
        "guideline": reverse("market:project_guideline", args=here), "workers": reverse("market:project_workers", args=here),
    }  # fmt: skip
    form = form or course_desk.CourseForm(project=project)
    practice = practice or course_desk.PracticeForm(project=project)
    return project_page(
        request, "client/project_course.html", project, "course",
        course_desk.context(project, urls, form=form, practice=practice), status=422 if form.errors or practice.errors else 200,
    )  # fmt: skip
