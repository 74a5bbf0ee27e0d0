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
from marketplace import clauses, questions
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
    became_version = serializers.IntegerField(allow_null=True, help_text="The guideline version that it became part of")


QUESTIONS = paged(WorkQuestionSerializer)


class AskQuestionSerializer(Body):
    project = serializers.UUIDField()
    lease = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="A lease of yours whose task it is about")
    text = serializers.CharField(max_length=questions.LONGEST)


class AnswerQuestionSerializer(Body):
    text = serializers.CharField(max_length=questions.LONGEST_ANSWER)
    publish = serializers.BooleanField(required=False, default=False)


class ClauseSerializer(Body):
    text = serializers.CharField(
        required=False, max_length=clauses.CLAUSE_MOST, help_text="Markdown; question and answer when not given"
    )
    section = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=200,
        help_text="Title of the section at whose end it stands; a section of questions and answers when not given",
    )
    after = serializers.IntegerField(required=False, help_text="Only while this is the version in force")
    dry_run = serializers.BooleanField(required=False, default=False)


class ClauseMadeSerializer(serializers.Serializer[Any]):
    """The next version of the guideline, or what it would be."""

    number = serializers.IntegerField()
    published = serializers.BooleanField()
    lines = serializers.ListField(child=serializers.ListField(child=serializers.CharField()), help_text="(+ or -, line) in order")


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


class QuestionIntoGuideline(ClientView):
    """An answer becomes part of the guideline: the next version, or with `dry_run` only what it would change."""

    @extend_schema(request=ClauseSerializer, responses={200: ClauseMadeSerializer, 201: ClauseMadeSerializer})
    def post(self, request: Request, question_id: uuid.UUID) -> HttpResponse:
        given, found = ClauseSerializer.read(request), questions.find(question_id, organisation_id=self.whose(request))
        words = {"text": given.get("text") or clauses.drafted(found), "section": given["section"]}
        if given["dry_run"]:
            proposal = clauses.propose(question=found, **words)
            return reply({"number": proposal.after + 1, "published": False, "lines": [list(line) for line in proposal.lines]})

        def work() -> HttpResponse:
            lines = [list(line) for line in clauses.propose(question=found, **words).lines]
            made = clauses.publish(
                question=found, after=given.get("after"), actor_id=access.user_of(request).pk, now=timezone.now(), **words
            )
            return reply({"number": made.number, "published": True, "lines": lines}, 201)

        return change(request, work)


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
