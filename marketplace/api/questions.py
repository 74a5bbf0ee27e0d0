"""Questions about work in the API: asked by workers, answered by the client's team or by ops."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from kit.limits import spend
from marketplace import questions
from marketplace.api.reach import ClientView, OpsView, WorkerView
from marketplace.models import Lease, Project, Question
from workers import access
from workers.decisions import LOOKS_AFTER_PEOPLE


class WorkQuestionSerializer(serializers.Serializer[Any]):
    """A question; who asked is not told."""

    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    task = serializers.IntegerField(source="task_id", allow_null=True)
    text = serializers.CharField()
    state = serializers.CharField(help_text="open, answered or withdrawn")
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    answer = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)
    published = serializers.BooleanField(help_text="Whether everybody on the project reads it")


QUESTIONS = paged(WorkQuestionSerializer)


class AskQuestionSerializer(Body):
    project = serializers.UUIDField()
    lease = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="A lease of yours whose task it is about")
    text = serializers.CharField(max_length=questions.LONGEST)


class AnswerQuestionSerializer(Body):
    text = serializers.CharField(max_length=questions.LONGEST_ANSWER)
    publish = serializers.BooleanField(required=False, default=False)


class MyQuestions(WorkerView):
    """What one asked, and asking."""

    @extend_schema(parameters=PAGING, responses=QUESTIONS)
    def get(self, request: Request) -> HttpResponse:
        rows = Question.objects.filter(worker_id=access.user_of(request).pk)
        return listing(request, rows, order="-asked_at", show=lambda found: WorkQuestionSerializer(found, many=True).data)

    @extend_schema(request=AskQuestionSerializer, responses={201: WorkQuestionSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = AskQuestionSerializer.read(request), access.user_of(request).pk
        project = Project.objects.select_related("organisation").filter(pk=given["project"]).first()
        if project is None:
            raise NotFound(_("There is no such project."))
        spend(questions.ASKING, account=who, address=request.META.get("REMOTE_ADDR", ""))

        def work() -> HttpResponse:
            task_id = _task_of(given["lease"], who, project)
            made = questions.ask(project=project, worker_id=who, text=given["text"], task_id=task_id, now=timezone.now())
            return reply(dict(WorkQuestionSerializer(made).data), 201)

        return change(request, work)


def _task_of(lease_id: uuid.UUID | None, worker_id: uuid.UUID, project: Project) -> int | None:
    if lease_id is None:
        return None
    lease = Lease.objects.select_related("slot").filter(pk=lease_id, worker_id=worker_id, queue__project=project).first()
    if lease is None:
        raise NotFound(_("You hold no such task."))
    return int(lease.slot.task_id)


class ClientQuestions(ClientView):
    """What workers ask about the organisation's projects."""

    @extend_schema(parameters=PAGING, responses=QUESTIONS)
    def get(self, request: Request) -> HttpResponse:
        rows = questions.of_client(access.organisation_of(request).pk)
        return listing(request, rows, order="-asked_at", show=lambda found: WorkQuestionSerializer(found, many=True).data)


class AnswerQuestion(ClientView):
    """Answer, for the one who asked or for everybody on the project."""

    @extend_schema(request=AnswerQuestionSerializer, responses=WorkQuestionSerializer)
    def post(self, request: Request, question_id: uuid.UUID) -> HttpResponse:
        return _answer(request, questions.find(question_id, organisation_id=self.whose(request)))


class OpsAnswerQuestion(OpsView):
    """The same by ops, when the client's team has not."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=AnswerQuestionSerializer, responses=WorkQuestionSerializer)
    def post(self, request: Request, question_id: uuid.UUID) -> HttpResponse:
        return _answer(request, questions.find(question_id))


def _answer(request: Request, found: Question) -> HttpResponse:
    given, who = AnswerQuestionSerializer.read(request), access.user_of(request).pk

    def work() -> HttpResponse:
        questions.answer(question=found, by_id=who, text=given["text"], publish=given["publish"], now=timezone.now())
        return reply(dict(WorkQuestionSerializer(found).data))

    return change(request, work)
