"""Disputes of work in the API: opened by workers, answered by clients or ops, decided by a second person of ops."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from marketplace import disputes
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView, WorkerView
from marketplace.api.submissions import SubmissionVerdictSerializer
from marketplace.models import Dispute
from workers import access, pseudonyms
from workers.appeals import LONGEST_TEXT
from workers.states import APPEAL


class DisputeSerializer(serializers.Serializer[Any]):
    """A worker's dispute of one submission: what was said, the clocks, the outcome."""

    id = serializers.UUIDField()
    submission = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField(help_text="The project's")
    about = serializers.CharField(help_text="verdict (a rejection or a share), or score (how the answer counted)")
    verdict = SubmissionVerdictSerializer(allow_null=True)
    state = serializers.CharField(help_text=", ".join(APPEAL.states))
    outcome = serializers.CharField(help_text="Once decided: upheld; for the worker: overturned, by_silence, conceded (the client agrees)")
    text = serializers.CharField()
    answer = serializers.CharField()
    grounds = serializers.CharField(help_text="Why it was decided so")
    opened_at = serializers.DateTimeField()
    answer_due_at = serializers.DateTimeField(help_text="Without an answer by then the worker wins")
    decide_due_at = serializers.DateTimeField(help_text="Without a decision by then the worker wins")
    due_at = serializers.DateTimeField(allow_null=True, help_text="When the clock that runs now ends")
    decided_at = serializers.DateTimeField(allow_null=True)
    carried_out_at = serializers.DateTimeField(allow_null=True, help_text="When state, pay and scores followed")


class TheirDisputeSerializer(DisputeSerializer):
    """The same with the worker's pseudonym for the client."""

    worker = serializers.CharField()


class NewDisputeSerializer(Body):
    """Why the verdict, or how the answer counted, is wrong."""

    text = serializers.CharField(max_length=LONGEST_TEXT)


class DisputeAnswerSerializer(Body):
    """What the verdict rests on."""

    text = serializers.CharField(max_length=LONGEST_TEXT)


class ConcessionSerializer(Body):
    """A word to the worker, if you like."""

    text = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True, default="")


class DisputeDecisionSerializer(Body):
    """Whether the worker is right, and why."""

    overturn = serializers.BooleanField()
    grounds = serializers.CharField(max_length=LONGEST_TEXT)


def shown(rows: Sequence[Dispute]) -> list[dict[str, Any]]:
    """Disputes as their worker sees them; no statement."""
    return [_shown(row) for row in rows]


def _shown(row: Dispute) -> dict[str, Any]:
    appeal, project = row.appeal, row.batch.project
    return {
        "id": row.pk, "submission": row.submission_id, "project": project.pk, "name": project.name, "about": row.about,
        "verdict": SubmissionVerdictSerializer(row.verdict).data if row.verdict else None, "state": appeal.state,
        "outcome": appeal.outcome, "text": appeal.text, "answer": appeal.answer, "grounds": appeal.grounds,
        "opened_at": appeal.opened_at, "answer_due_at": appeal.answer_due_at, "decide_due_at": appeal.decide_due_at,
        "due_at": disputes.due_at(row), "decided_at": appeal.decided_at, "carried_out_at": row.closed_at,
    }  # fmt: skip


def theirs(rows: Sequence[Dispute]) -> list[dict[str, Any]]:
    """Disputes as the other side sees them."""
    return [
        _shown(row) | {
            "worker": pseudonyms.of(worker_id=row.appeal.person_id, organisation=row.batch.project.organisation)
        }
        for row in rows
    ]  # fmt: skip


class DisputeSubmission(WorkerView):
    """Dispute a rejection, a share, or how an accepted answer counted: within 30 days, once."""

    @extend_schema(request=NewDisputeSerializer, responses={201: DisputeSerializer})
    def post(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        given, worker_id = NewDisputeSerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            made = disputes.open_dispute(
                worker_id=worker_id, submission_id=submission_id, text=given["text"], now=timezone.now()
            )
            return reply(_shown(disputes.find(disputes.of_worker(worker_id), made.pk)), 201)

        return change(request, work)


class MyDisputes(WorkerView):
    """Everything that you disputed, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(DisputeSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, disputes.of_worker(access.user_of(request).pk), order="-opened_at", show=shown)


class MyDispute(WorkerView):
    """One thing that you disputed."""

    @extend_schema(responses=DisputeSerializer)
    def get(self, request: Request, dispute_id: uuid.UUID) -> HttpResponse:
        return reply(_shown(disputes.find(disputes.of_worker(access.user_of(request).pk), dispute_id)))


def _reached(whose: uuid.UUID | None) -> QuerySet[Dispute]:
    return disputes.of_client(whose) if whose else disputes.listed()


class Disputes(ClientView):
    """Disputes in your projects, newest first."""

    @extend_schema(parameters=[*PAGING, OpenApiParameter("state", str, enum=APPEAL.states)], responses=paged(TheirDisputeSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = _reached(self.whose(request))
        if state := request.query_params.get("state"):
            rows = rows.filter(appeal__state=reach.one_of(state, APPEAL.states, field="state"))
        return listing(request, rows, order="-opened_at", show=theirs)


class DisputeDetail(ClientView):
    """One dispute."""

    @extend_schema(responses=TheirDisputeSerializer)
    def get(self, request: Request, dispute_id: uuid.UUID) -> HttpResponse:
        return reply(theirs([disputes.find(_reached(self.whose(request)), dispute_id)])[0])


class AnswerDispute(ClientView):
    """Give the first human answer: what the verdict rests on."""

    @extend_schema(request=DisputeAnswerSerializer, responses=TheirDisputeSerializer)
    def post(self, request: Request, dispute_id: uuid.UUID) -> HttpResponse:
        given = DisputeAnswerSerializer.read(request)

        def work() -> HttpResponse:
            found = disputes.find(_reached(self.whose(request)), dispute_id)
            disputes.answer(dispute=found, by_id=access.user_of(request).pk, text=given["text"], now=timezone.now())
            return reply(theirs([found])[0])

        return change(request, work)


class ConcedeDispute(ClientView):
    """Agree with the worker before it is decided: what was kept from their pay goes to them, scores and results follow."""

    @extend_schema(request=ConcessionSerializer, responses=TheirDisputeSerializer)
    def post(self, request: Request, dispute_id: uuid.UUID) -> HttpResponse:
        given = ConcessionSerializer.read(request)

        def work() -> HttpResponse:
            found = disputes.find(_reached(self.whose(request)), dispute_id)
            disputes.concede(dispute=found, by_id=access.user_of(request).pk, text=given["text"], now=timezone.now())
            return reply(theirs([found])[0])

        return change(request, work)


class OpsDisputes(OpsView, Disputes):
    """Disputes of everybody's work."""

    permission_classes = [access.Ops("quality_lead")]


class OpsDispute(OpsView, DisputeDetail):
    """One dispute of anybody's work."""

    permission_classes = [access.Ops("quality_lead")]


class OpsAnswerDispute(OpsView, AnswerDispute):
    """Give the first human answer in the client's place."""

    permission_classes = [access.Ops("quality_lead")]


class OpsDecideDispute(OpsView):
    """Decide a dispute as a second person: no judge of the work, not who answered, nobody of the client."""

    permission_classes = [access.Ops("quality_lead")]

    @extend_schema(request=DisputeDecisionSerializer, responses=TheirDisputeSerializer)
    def post(self, request: Request, dispute_id: uuid.UUID) -> HttpResponse:
        given = DisputeDecisionSerializer.read(request)

        def work() -> HttpResponse:
            found = disputes.find(disputes.listed(), dispute_id)
            disputes.decide(
                dispute=found, by_id=access.user_of(request).pk, overturn=given["overturn"], grounds=given["grounds"],
                now=timezone.now(),
            )
            return reply(theirs([found])[0])

        return change(request, work)
