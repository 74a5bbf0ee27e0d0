"""Courses in the API: made by clients and ops, taken by workers step by step."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, MoneyField, change, reply
from kit.errors import NotFound
from kit.limits import spend
from marketplace import courses, learning, seats
from marketplace.api import reach
from marketplace.api.leases import PayLineSerializer, shown_lines
from marketplace.api.reach import ClientView, OpsView, WorkerView
from marketplace.api.tries import send
from marketplace.models import Course, CourseProgress, Project
from task_types import registry
from workers import access
from workers.models import OpsRole


class CourseSectionSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    shown = serializers.BooleanField()


class PracticeTaskSerializer(serializers.Serializer[Any]):
    task = serializers.IntegerField()
    section = serializers.CharField(help_text="Title of the section that it follows; empty: at the end")
    reason = serializers.CharField()
    tried = serializers.IntegerField(help_text="People who tried it")
    right_at_first = serializers.IntegerField()


class CourseTakenSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    begun = serializers.IntegerField()
    passed = serializers.IntegerField()


class CourseSerializer(serializers.Serializer[Any]):
    """What a project teaches: sections of its guideline, practice with reasons, and how many passed which version."""

    version = serializers.IntegerField(help_text="Of the guideline in force; 0 without one")
    open = serializers.BooleanField()
    about = serializers.CharField()
    sections = CourseSectionSerializer(many=True)
    practice = PracticeTaskSerializer(many=True)
    taken = CourseTakenSerializer(many=True)


class ChangeCourseSerializer(Body):
    """Any of these; what is not named stays as it is."""

    open = serializers.BooleanField(required=False)
    about = serializers.CharField(required=False, allow_blank=True, max_length=600)
    left_out = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=200), required=False, max_length=200,
        help_text="Titles of the sections that the course does not show",
    )


class NewPracticeSerializer(Body):
    task = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="A gold task in use")
    reason = serializers.CharField(max_length=courses.REASON_MOST)
    section = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


def _shown(project: Project) -> dict[str, Any]:
    course = courses.of_project(project)
    if course is None:
        raise NotFound(_("This project has no course yet."))
    tried = courses.first_tries(course)
    return {
        "version": courses.version_of(project), "open": course.open, "about": course.about,
        "sections": [
            {"title": section.title, "shown": section.title not in course.left_out} for section in courses.sections_of(project)
        ],
        "practice": [
            {"task": one.pk, "section": one.section, "reason": one.reason, "tried": tried.get(one.pk, (0, 0))[0],
             "right_at_first": tried.get(one.pk, (0, 0))[1]}
            for one in courses.live_practice(course)
        ],
        "taken": [{"version": row.version, "begun": row.begun, "passed": row.passed} for row in courses.taken(course)],
    }  # fmt: skip


class ProjectCourse(ClientView):
    """The course of a project."""

    @extend_schema(responses=CourseSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        return reply(_shown(reach.project(self.whose(request), project_id)))

    @extend_schema(request=ChangeCourseSerializer, responses=CourseSerializer)
    def patch(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Make it or change it; it holds for who begins from then on."""
        given, project = ChangeCourseSerializer.read(request), reach.project(self.whose(request), project_id)

        def work() -> HttpResponse:
            courses.change(project=project, actor_id=access.user_of(request).pk, now=timezone.now(), **given)
            return reply(_shown(project))

        return change(request, work)


class CoursePractice(ClientView):
    """Known answers for practice."""

    @extend_schema(request=NewPracticeSerializer, responses={201: CourseSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Mark one, or change its reason; it is mixed in among real tasks no more."""
        given, project = NewPracticeSerializer.read(request), reach.project(self.whose(request), project_id)

        def work() -> HttpResponse:
            courses.practise_with(
                project=project, task_id=given["task"], reason=given["reason"], section=given["section"],
                actor_id=access.user_of(request).pk, now=timezone.now(),
            )  # fmt: skip
            return reply(_shown(project), 201)

        return change(request, work)


class LeaveOutPractice(ClientView):
    """Take a practice task out, for who begins from now on; it never becomes hidden gold again."""

    @extend_schema(request=None, responses=CourseSerializer)
    def post(self, request: Request, project_id: uuid.UUID, task_id: int) -> HttpResponse:
        project = reach.project(self.whose(request), project_id)

        def work() -> HttpResponse:
            courses.leave_out(project=project, task_id=task_id, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(_shown(project))

        return change(request, work)


MAKERS = access.Ops(write=(OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD))


class OpsProjectCourse(OpsView, ProjectCourse):
    """The course of anybody's project."""

    permission_classes = [MAKERS]


class OpsCoursePractice(OpsView, CoursePractice):
    """Practice in anybody's project."""

    permission_classes = [MAKERS]


class OpsLeaveOutPractice(OpsView, LeaveOutPractice):
    """Take practice out of anybody's course."""

    permission_classes = [MAKERS]


# --- workers -----------------------------------------------------------------------------------------------------------


class CourseStepSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    kind = serializers.CharField(help_text="section or practice")
    title = serializers.CharField()
    done = serializers.BooleanField()
    changed = serializers.BooleanField(help_text="A section that differs from the version that you passed")


class CoursePromiseSerializer(serializers.Serializer[Any]):
    """What passing pays, once: open to take by beginning, held until a time, passed (and paid), or full."""

    state = serializers.CharField()
    amount = MoneyField()
    lines = PayLineSerializer(many=True)
    held_until = serializers.DateTimeField(allow_null=True)


class MyCourseSerializer(serializers.Serializer[Any]):
    """A course as its taker stands in it; `begun` is null before the beginning."""

    project = serializers.UUIDField()
    name = serializers.CharField()
    about = serializers.CharField()
    newest = serializers.IntegerField(help_text="The version that one begins now")
    begun = serializers.IntegerField(allow_null=True, help_text="The version that you are on")
    since = serializers.IntegerField(allow_null=True, help_text="You passed this version before: the steps are what has changed")
    passed_at = serializers.DateTimeField(allow_null=True)
    next = serializers.IntegerField(allow_null=True, help_text="The step to go on with")
    steps = CourseStepSerializer(many=True)
    promise = CoursePromiseSerializer(allow_null=True)


class StepContentSerializer(CourseStepSerializer):
    """A section has `markdown` and the lines that came (+) and went (-); a practice task has what a lease would show."""

    markdown = serializers.CharField(allow_blank=True)
    changes = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    payload = serializers.JSONField(allow_null=True)
    prelabel = serializers.JSONField(allow_null=True)
    form = serializers.JSONField(allow_null=True, help_text="The SurveyJS form of the project's tasks")
    task = serializers.IntegerField(allow_null=True, help_text="For images: /work/projects/{id}/course/images/{task}/{name}/")


class StepAnswerSerializer(Body):
    answer = serializers.JSONField(required=False, default=None, help_text="Of a practice task; nothing for a section that was read")


class StepOutcomeSerializer(serializers.Serializer[Any]):
    """What became of a step. For practice: whether it was right, the known answer and why it is right; nothing of it counts."""

    done = serializers.BooleanField()
    right = serializers.BooleanField(allow_null=True)
    known = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    passed = serializers.BooleanField(help_text="Whether the whole course is passed")
    next = serializers.IntegerField(allow_null=True)


def _course(request: Request, project_id: uuid.UUID) -> Course:
    return learning.find(worker_id=access.user_of(request).pk, project_id=project_id, now=timezone.now())


def _progress(request: Request, project_id: uuid.UUID) -> CourseProgress:
    found = learning.progress_of(worker_id=access.user_of(request).pk, course=_course(request, project_id))
    if found is None:
        raise NotFound(_("Begin the course first."))
    return found


def _promise(request: Request, course: Course) -> dict[str, Any] | None:
    found = seats.promise(worker_id=access.user_of(request).pk, kind="course", project=course.project, now=timezone.now())
    if found is None:
        return None
    return {
        "state": found.state, "amount": found.amount, "lines": shown_lines(found.lines, found.amount.currency),
        "held_until": found.held_until,
    }  # fmt: skip


def _mine(request: Request, course: Course, progress: CourseProgress | None) -> dict[str, Any]:
    steps = learning.shown(progress) if progress else []
    following = learning.next_step(progress, steps) if progress else None
    return {
        "project": course.pk, "name": course.project.name, "about": course.about, "newest": courses.version_of(course.project),
        "begun": progress.version if progress else None, "since": progress.since if progress else None,
        "passed_at": progress.passed_at if progress else None, "next": following.n if following else None,
        "steps": [_step(step) for step in steps], "promise": _promise(request, course),
    }  # fmt: skip


def _step(step: learning.Shown) -> dict[str, Any]:
    return {"n": step.n, "kind": step.kind, "title": step.title, "done": step.done, "changed": bool(step.changes)}


class MyCourse(WorkerView):
    """The course of a project, for who may take it."""

    @extend_schema(responses=MyCourseSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        course = _course(request, project_id)
        return reply(_mine(request, course, learning.progress_of(worker_id=access.user_of(request).pk, course=course)))

    @extend_schema(
        request=None, responses={201: MyCourseSerializer},
        parameters=[OpenApiParameter("unpaid", bool, description="Begin also where every paid seat is taken")],
    )
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Begin the version in force, or go on with it; a paid seat is taken with the beginning."""
        course, unpaid = _course(request, project_id), request.query_params.get("unpaid", "").lower() in ("true", "1")

        def work() -> HttpResponse:
            progress = learning.begin(worker_id=access.user_of(request).pk, course=course, now=timezone.now(), unpaid=unpaid)
            return reply(_mine(request, course, progress), 201)

        return change(request, work)


class CourseStep(WorkerView):
    """One step: a section to read or a task to practise."""

    @extend_schema(responses=StepContentSerializer)
    def get(self, request: Request, project_id: uuid.UUID, n: int) -> HttpResponse:
        progress = _progress(request, project_id)
        step = learning.step_of(progress, n)
        task = step.practice.gold.task if step.practice else None
        project = progress.course.project
        return reply(_step(step) | {
            "markdown": step.section.markdown if step.section else "", "changes": [list(line) for line in step.changes],
            "payload": task.payload if task else None, "prelabel": task.prelabel if task else None,
            "form": registry.drawer(project.task_type).form(project.settings) if task else None, "task": task.pk if task else None,
        })  # fmt: skip

    @extend_schema(request=StepAnswerSerializer, responses=StepOutcomeSerializer)
    def post(self, request: Request, project_id: uuid.UUID, n: int) -> HttpResponse:
        """Say that a section was read, or answer a practice task."""
        given, progress = StepAnswerSerializer.read(request), _progress(request, project_id)
        spend(learning.PRACTISING, account=access.user_of(request).pk, address=request.META.get("REMOTE_ADDR", ""))
        return change(request, lambda: reply(_done(progress, n, given["answer"])))


def _done(progress: CourseProgress, n: int, answer: Any) -> dict[str, Any]:
    now, made = timezone.now(), None
    if learning.step_of(progress, n).practice is None:
        learning.read(progress=progress, n=n, now=now)
    else:
        made = learning.practise(progress=progress, n=n, answer=answer, now=now)
    fresh = CourseProgress.objects.select_related("course__project").get(pk=progress.pk)
    steps = learning.shown(fresh)
    following = learning.next_step(fresh, steps)
    return {
        "done": steps[n - 1].done, "right": made.right if made else None, "known": made.practice.gold.answer if made else None,
        "reason": made.practice.reason if made else "", "passed": fresh.passed_at is not None, "next": following.n if following else None,
    }  # fmt: skip


class CourseImage(WorkerView):
    """An image of a practice task, for who takes the course."""

    @extend_schema(responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, project_id: uuid.UUID, task_id: int, digest: str) -> HttpResponse:
        task = learning.practice_task(worker_id=access.user_of(request).pk, project_id=project_id, task_id=min(task_id, 2**63 - 1))
        if task is None or f"asset:{digest}" not in task.payload.values():
            raise NotFound(_("There is no such image in the course you take."))
        return send(digest)
