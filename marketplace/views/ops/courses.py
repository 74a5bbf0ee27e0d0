"""Ops' page of a project's course: the same as its client's, for projects that ops set up for a client."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import NotFound
from marketplace import courses
from marketplace.models import Project
from marketplace.views import course_desk
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

MAKERS = (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD)


@require_http_methods(["GET", "HEAD", "POST"])
@access.ops(*MAKERS)
def page(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """What the course shows, its practice, and how people fare."""
    project = _project(project_id)
    form = course_desk.CourseForm(request.POST or None, project=project)
    if course_desk.saved(request, project, form):
        return redirect("market:ops_course", project_id=project.pk)
    return _page(request, project, form=form)


@require_POST
@access.ops(*MAKERS)
def add(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """A known answer becomes practice."""
    project = _project(project_id)
    form = course_desk.PracticeForm(request.POST, project=project)
    if course_desk.added(request, project, form):
        return redirect("market:ops_course", project_id=project.pk)
    return _page(request, project, practice=form)


@require_POST
@access.ops(*MAKERS)
def leave_out(request: PersonRequest, project_id: uuid.UUID, task_id: int) -> HttpResponse:
    """A practice task leaves the course."""
    project = _project(project_id)
    with transaction.atomic(durable=True):
        courses.leave_out(project=project, task_id=task_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Taken out, for who begins from now on."))
    return redirect("market:ops_course", project_id=project.pk)


def _project(project_id: uuid.UUID) -> Project:
    found = Project.objects.select_related("organisation").filter(pk=project_id).first()
    if found is None:
        raise NotFound(_("There is no such project."))
    return found


def _page(
    request: PersonRequest, project: Project, *, form: course_desk.CourseForm | None = None,
    practice: course_desk.PracticeForm | None = None,
) -> HttpResponse:
    urls = {
        "save": reverse("market:ops_course", args=[project.pk]), "add": reverse("market:ops_course_practice", args=[project.pk]),
        "leave_out": reverse("market:ops_course_leave_out", args=[project.pk, 0]),
    }  # fmt: skip
    form = form or course_desk.CourseForm(project=project)
    practice = practice or course_desk.PracticeForm(project=project)
    way = [{"label": project.name, "url": reverse("market:ops_project", args=[project.pk])}]
    return render(request, "ops/course.html", {
        "project": project, "crumbs": way, **course_desk.context(project, urls, form=form, practice=practice),
    }, status=422 if form.errors or practice.errors else 200)  # fmt: skip
