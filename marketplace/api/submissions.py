"""What workers handed in, for who judges it: by clock, one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import ProductError, Refused
from marketplace import review
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Submission, Verdict
from marketplace.states import SUBMISSION
from workers import access, pseudonyms

MANY = 200
ORDERS = {"waiting": "judge_by", "sent_back": "judge_by"}
"""What waits is read by its clock, everything else by when it came."""


class SubmissionVerdictSerializer(serializers.Serializer[Any]):
    """What a human said of one round."""

    round = serializers.IntegerField()
    decision = serializers.CharField(help_text="accept, accept_share, fix, send_back or reject")
    share_bp = serializers.IntegerField(allow_null=True)
    corrected = serializers.JSONField(allow_null=True, help_text="Of a fix: the corrected answer, beside the original")
    reason = serializers.CharField()
    clause = serializers.CharField()
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class SubmissionSerializer(serializers.Serializer[Any]):
    """An answer that was handed in."""

    id = serializers.UUIDField()
    project = serializers.UUIDField()
    batch = serializers.UUIDField()
    task = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    worker = serializers.CharField(help_text="The worker's pseudonym for your organisation")
    state = serializers.CharField(help_text=", ".join(SUBMISSION.states))
    round = serializers.IntegerField()
    payload = serializers.JSONField()
    answer = serializers.JSONField()
    seconds = serializers.FloatField(help_text="Active time")
    submitted_at = serializers.DateTimeField()
    judge_by = serializers.DateTimeField(allow_null=True, help_text="When silence accepts it")
    verdicts = SubmissionVerdictSerializer(many=True)


class JudgementSerializer(Body):
    """A verdict. Anything but `accept` names a reason and the clause of the guideline that it rests on."""

    decision = serializers.CharField(help_text="accept, accept_share, fix, send_back or reject")
    reason = serializers.CharField(
        required=False, default="", allow_blank=True,
        help_text="wrong, incomplete, careless, unreadable, off_topic or ai_use",
    )  # fmt: skip
    clause = serializers.CharField(required=False, default="", allow_blank=True)
    comment = serializers.CharField(required=False, default="", allow_blank=True)
    share_bp = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="With accept_share 1 to 9,999, with fix 5,000 to 9,999"
    )
    corrected = serializers.JSONField(required=False, allow_null=True, default=None, help_text="With fix: the whole answer")


class ManyJudgementsSerializer(JudgementSerializer):
    submissions = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MANY)


class NotJudgedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ManyJudgedSerializer(serializers.Serializer[Any]):
    """What became of each: one that could not be judged stops none of the others."""

    judged = serializers.ListField(child=serializers.UUIDField())
    refused = NotJudgedSerializer(many=True)


def shown(rows: Sequence[Submission]) -> list[dict[str, Any]]:
    """One statement besides the rows; they carry task, batch, project and organisation."""
    verdicts: dict[uuid.UUID, list[Verdict]] = {row.pk: [] for row in rows}
    for verdict in Verdict.objects.filter(submission__in=list(verdicts)).order_by("round"):
        verdicts[verdict.submission_id].append(verdict)
    return [_shown(row, verdicts[row.pk]) for row in rows]


def _shown(row: Submission, verdicts: list[Verdict]) -> dict[str, Any]:
    project = row.batch.project
    return {
        "id": row.pk, "project": project.pk, "batch": row.batch_id, "task": row.task_id,
        "external_id": row.task.external_id,
        "worker": pseudonyms.of(worker_id=row.worker_id, organisation=project.organisation), "state": row.state,
        "round": row.round, "payload": row.task.payload, "answer": row.answer, "seconds": row.active_ms / 1000,
        "submitted_at": row.submitted_at, "judge_by": row.judge_by if row.state == "waiting" else None,
        "verdicts": SubmissionVerdictSerializer(verdicts, many=True).data,
    }  # fmt: skip


def answers() -> QuerySet[Submission]:
    """Answers that a client may read: gold and verdicts aside."""
    return Submission.objects.filter(kind="answer", gold=False).select_related("task", "batch__project__organisation")


class Submissions(ClientView):
    """Answers that wait for a verdict, the most urgent first; or those of another state, newest first."""

    @extend_schema(
        parameters=[
            *PAGING, OpenApiParameter("state", str, enum=SUBMISSION.states), OpenApiParameter("batch", uuid.UUID),
            OpenApiParameter("project", uuid.UUID),
        ],
        responses=paged(SubmissionSerializer),
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        asked = request.query_params
        state = reach.one_of(asked.get("state", "waiting"), SUBMISSION.states, field="state")
        rows = answers().filter(state=state)
        if whose := self.whose(request):
            rows = rows.filter(batch__project__organisation_id=whose)
        if batch := asked.get("batch"):
            rows = rows.filter(batch_id=reach.as_uuid(batch, field="batch"))
        if project := asked.get("project"):
            rows = rows.filter(batch__project_id=reach.as_uuid(project, field="project"))
        return listing(request, rows, order=ORDERS.get(state, "-submitted_at"), show=shown)


class SubmissionDetail(ClientView):
    """One answer."""

    @extend_schema(responses=SubmissionSerializer)
    def get(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        found = reach.submission(self.whose(request), submission_id)
        return reply(shown([answers().get(pk=found.pk)])[0])


class Judge(ClientView):
    """Judge one answer; the first human verdict counts."""

    @extend_schema(request=JudgementSerializer, responses=SubmissionSerializer)
    def post(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        given = JudgementSerializer.read(request)

        def work() -> HttpResponse:
            _judge(self.whose(request), request, submission_id, given)
            return reply(shown([answers().get(pk=submission_id)])[0])

        return change(request, work)


class JudgeMany(ClientView):
    """Give up to 200 answers the same verdict; each is judged by itself."""

    @extend_schema(request=ManyJudgementsSerializer, responses=ManyJudgedSerializer)
    def post(self, request: Request) -> HttpResponse:
        given = ManyJudgementsSerializer.read(request)
        ids = sorted(set(given.pop("submissions")))

        def work() -> HttpResponse:
            judged: list[uuid.UUID] = []
            refused: list[dict[str, Any]] = []
            for submission_id in ids:
                try:
                    with transaction.atomic():
                        _judge(self.whose(request), request, submission_id, given)
                    judged.append(submission_id)
                except ProductError as error:
                    refused.append({"id": submission_id, "code": error.code, "detail": str(error)})
            return reply({"judged": judged, "refused": refused})

        return change(request, work)


def _judge(whose: uuid.UUID | None, request: Request, submission_id: uuid.UUID, given: dict[str, Any]) -> None:
    person_id = access.user_of(request).pk
    submission = review.find(submission_id=submission_id, organisation_id=whose)
    if not review.may_judge(person_id=person_id, submission=submission):
        raise Refused(_("Nobody judges their own work, nor that of an account linked to theirs."))
    review.judge(
        submission=submission, judgement=review.Judgement(**given), judge_id=person_id, now=timezone.now()
    )


class OpsSubmissions(OpsView, Submissions):
    """Answers of everybody's batches."""


class OpsSubmission(OpsView, SubmissionDetail):
    """One answer of anybody's batch."""


class OpsJudge(OpsView, Judge):
    """Judge an answer of anybody's batch."""

    permission_classes = [access.Ops(write=("quality_lead",))]
