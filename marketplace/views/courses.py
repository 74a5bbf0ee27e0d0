"""A worker's pages of a course: what it holds, a section or a practice task at a time, and what became of an answer."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kit.errors import Invalid, NotFound
from kit.limits import spend
from marketplace import courses, guidelines, learning, seats
from marketplace.models import Course, CourseProgress, PracticeTry, Task
from marketplace.views import images
from task_types import registry, rich_text
from task_types.interface import island
from workers import access
from workers.access import WorkerRequest

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
@access.worker
def overview(request: WorkerRequest, project_id: uuid.UUID) -> HttpResponse:
    """What it is, how long it takes, what is done; begin or go on."""
    now = timezone.now()
    course = learning.find(worker_id=request.user.pk, project_id=project_id, now=now)
    if request.method == "POST":
        with transaction.atomic(durable=True):
            begun = learning.begin(
                worker_id=request.user.pk, course=course, now=now, unpaid=request.POST.get("unpaid") == "1"
            )
        return redirect(_onward(begun))
    progress, newest = learning.progress_of(worker_id=request.user.pk, course=course), courses.version_of(course.project)
    steps = learning.shown(progress) if progress else []
    promise = seats.promise(worker_id=request.user.pk, kind="course", project=course.project, now=now)
    return render(request, "worker/course.html", {
        "promise": promise, "promised": seats.said(promise) if promise else "",
        "course": course, "project": course.project, "progress": progress, "newest": newest, "crumbs": _crumbs(),
        "steps": [{"step": step, "url": _step_url(course, step.n)} for step in steps], "old": progress and progress.version < newest,
        "following": learning.next_step(progress, steps) if progress else None, "done": sum(step.done for step in steps),
        "minutes": -(-_seconds(course, steps) // 60), "outline": [] if progress else courses.shown_sections(course),
        "practice": 0 if progress else len(courses.live_practice(course)),
    })  # fmt: skip


def _seconds(course: Course, steps: list[learning.Shown]) -> int:
    """How long the rest takes; the whole for who has not begun."""
    if steps:
        return sum(step.seconds for step in steps if not step.done)
    practice = len(courses.live_practice(course)) * course.project.expected_seconds
    return practice + sum(section.seconds for section in courses.shown_sections(course))


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("My desk"), "url": reverse("market:work_home")}]


def _step_url(course: Course, n: int) -> str:
    return reverse("market:course_step", args=[course.pk, n])


def _onward(progress: CourseProgress) -> str:
    """The next step, or the overview when nothing is left."""
    following = learning.next_step(progress, learning.shown(progress))
    if following is None:
        return reverse("market:course", args=[progress.course_id])
    return _step_url(progress.course, following.n)


def _mine(request: WorkerRequest, project_id: uuid.UUID) -> CourseProgress:
    course = learning.find(worker_id=request.user.pk, project_id=project_id, now=timezone.now())
    progress = learning.progress_of(worker_id=request.user.pk, course=course)
    if progress is None:
        raise NotFound(_("Begin the course first."))
    return progress


@GET_OR_POST
@access.worker
def step(request: WorkerRequest, project_id: uuid.UUID, n: int) -> HttpResponse:
    """A section to read or a task to practise; handing in a task answers with where its outcome stands."""
    progress = _mine(request, project_id)
    found = learning.step_of(progress, n)
    if request.method == "POST":
        return _practised(request, progress, n) if found.practice else _read(progress, n)
    steps = learning.shown(progress)
    frame = {
        "progress": progress, "project": progress.course.project, "step": found, "total": len(steps),
        "done": sum(one.done for one in steps), "before": _step_url(progress.course, n - 1) if n > 1 else "",
    }  # fmt: skip
    if found.practice is not None:
        return render(request, "worker/course_practice.html", frame | {
            "island": _island(progress, found.practice.gold.task, answer=found.practice.gold.task.prelabel, seed=f"{progress.pk}-{n}"),
            "guideline": guidelines.show(project_id=project_id, number=progress.version), "again": _tries(progress, found) > 0,
        })  # fmt: skip
    assert found.section is not None  # noqa: S101 - a step is one or the other
    html = mark_safe(rich_text.render(found.section.markdown))  # noqa: S308 - rich_text cleans it
    return render(request, "worker/course_section.html", frame | {"html": html, "crumbs": _crumbs()})


def _tries(progress: CourseProgress, found: learning.Shown) -> int:
    return progress.tries.filter(practice=found.practice).count()


def _read(progress: CourseProgress, n: int) -> HttpResponse:
    with transaction.atomic(durable=True):
        learning.read(progress=progress, n=n, now=timezone.now())
    return redirect(_onward(CourseProgress.objects.select_related("course__project").get(pk=progress.pk)))


def _practised(request: WorkerRequest, progress: CourseProgress, n: int) -> HttpResponse:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid(_("Expected an answer."), field="answer")
    spend(learning.PRACTISING, account=request.user.pk, address=request.META.get("REMOTE_ADDR", ""))
    with transaction.atomic(durable=True):
        made = learning.practise(progress=progress, n=n, answer=body.get("answer"), now=timezone.now())
    return JsonResponse({"next": reverse("market:course_try", args=[made.pk]), "right": made.right})


@require_GET
@access.worker
def outcome(request: WorkerRequest, try_id: uuid.UUID) -> HttpResponse:
    """Right or not, the right answer and its reason, beside what one said."""
    rows = PracticeTry.objects.select_related("progress__course__project", "practice__gold__task__project")
    made = rows.filter(pk=try_id, progress__worker_id=request.user.pk).first()
    if made is None:
        raise NotFound(_("There is no such answer."))
    progress, task, known = made.progress, made.practice.gold.task, made.practice.gold.answer
    drawer, settings = registry.drawer(task.project.task_type), task.project.settings
    steps = learning.shown(progress)
    following = learning.next_step(progress, steps)
    return render(request, "worker/course_try.html", {
        "made": made, "project": progress.course.project, "progress": progress, "crumbs": _crumbs(), "reason": made.practice.reason,
        "said": drawer.summarise(made.answer, settings=settings), "known": drawer.summarise(known, settings=settings),
        "voided": made.practice.gold.voided_at is not None,
        "island": _island(progress, task, answer=known, seed=str(made.pk), read_only=True),
        "left": sum(not one.done for one in steps), "onward": _onward(progress), "finished": following is None,
    })  # fmt: skip


def _island(
    progress: CourseProgress, task: Task, *, seed: str, answer: dict[str, Any] | None = None, read_only: bool = False
) -> dict[str, Any]:
    project = task.project
    return island(
        registry.drawer(project.task_type), settings=project.settings, payload=task.payload, answer=answer, seed=seed,
        read_only=read_only, image_url=lambda name: reverse(
            "market:course_image", args=[progress.course_id, task.pk, name.removeprefix("asset:")]
        ),
    )  # fmt: skip


@require_GET
@access.worker
def image(request: HttpRequest, project_id: uuid.UUID, task_id: int, digest: str) -> HttpResponse:
    """An image of a practice task: for who takes the course alone."""
    person = access.user_of(request).pk
    task = learning.practice_task(worker_id=person, project_id=project_id, task_id=task_id)
    if task is None or f"asset:{digest}" not in task.payload.values():
        raise NotFound(_("There is no such image in the course you take."))
    return images.send(digest)
