"""A worker's overview: what is open, what is closed and why, what I hold, what I handed in and what it pays."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, MoneyField, change, listing, paged, reply
from kit.errors import Invalid, NotFound
from marketplace import dispatch, disputes, doors, eligibility, pay_preview, queries
from marketplace.api import reach
from marketplace.api.leases import LeaseSerializer, PayLineSerializer, shown_lines
from marketplace.api.leases import shown as shown_lease
from marketplace.api.reach import WorkerView
from marketplace.api.submissions import SubmissionVerdictSerializer
from marketplace.models import Course, Dispute, Lease, Project, Submission, Verdict
from marketplace.states import SUBMISSION
from payments import queries as money
from payments.queries import EarningView
from task_types import registry
from workers import access


class ClientFiguresSerializer(serializers.Serializer[Any]):
    """How the client treated the people who worked for it in the last 90 days; null is too few to say."""

    wait_seconds = serializers.IntegerField(allow_null=True, help_text="Median from handing in to the verdict, or to silence")
    waited = serializers.IntegerField(help_text="Pieces of work that this was measured on")
    rejected_bp = serializers.IntegerField(allow_null=True, help_text="Share of answers rejected at first")
    answers = serializers.IntegerField()
    lost_bp = serializers.IntegerField(allow_null=True, help_text="Share of disputes of verdicts that the worker won")
    disputes = serializers.IntegerField()


class OpenProjectSerializer(serializers.Serializer[Any]):
    """A project that you may take tasks from right now."""

    project = serializers.UUIDField()
    name = serializers.CharField()
    organisation = serializers.CharField()
    kind = serializers.CharField()
    tier = serializers.IntegerField(help_text="Above 0: work for experts, whose skill the project names")
    task_type = serializers.CharField()
    price = MoneyField(help_text="What one task pays you now, your quality band included")
    hourly = MoneyField(allow_null=True, help_text="What that comes to in an hour at the median active time")
    median_seconds = serializers.FloatField()
    measured = serializers.BooleanField(help_text="False where nobody has worked yet and the time is a guess")
    open_tasks = serializers.IntegerField(help_text="Counted up to 1,000")
    review_rule = serializers.CharField()
    ai_use = serializers.CharField()
    shows = serializers.ListField(child=serializers.CharField(), help_text="What somebody may not want to see, in words")
    score_bp = serializers.IntegerField(allow_null=True)
    score_low_bp = serializers.IntegerField(allow_null=True)
    score_high_bp = serializers.IntegerField(allow_null=True)
    client = ClientFiguresSerializer()


class HeldLeaseSerializer(serializers.Serializer[Any]):
    lease = serializers.UUIDField()
    kind = serializers.CharField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SentBackSerializer(serializers.Serializer[Any]):
    """Work that came back; take it up at /work/submissions/{id}/take-up/."""

    submission = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    round = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True)


class LapsedSerializer(serializers.Serializer[Any]):
    """A task whose time ran out, with a draft kept; go on at /work/lapsed/{id}/resume/ while nobody else has it."""

    assignment = serializers.UUIDField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    saved_at = serializers.DateTimeField()


class MyWorkSerializer(serializers.Serializer[Any]):
    """What can I do now, and what is mine already."""

    projects = OpenProjectSerializer(many=True)
    held = HeldLeaseSerializer(many=True)
    sent_back = SentBackSerializer(many=True)
    lapsed = LapsedSerializer(many=True)


class RuleMissSerializer(serializers.Serializer[Any]):
    """One condition that keeps you out: what is asked, what you have, by how much that is short, and what would open it."""

    fact = serializers.CharField()
    wants = serializers.CharField()
    has = serializers.CharField()
    skill = serializers.CharField(allow_null=True)
    gap = serializers.CharField(allow_blank=True)
    course = serializers.UUIDField(allow_null=True, help_text="The project whose course opens it: /work/projects/{id}/course/")
    opens = serializers.CharField(allow_blank=True)


class ClosedProjectSerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="Which work is closed: answer or adjudication")
    tier = serializers.IntegerField(help_text="Above 0: work for experts; ordinary work of the project may be open to you")
    own_organisation = serializers.BooleanField(help_text="Nobody works for an organisation that they belong to")
    slots = serializers.IntegerField(allow_null=True, help_text="Open slots behind the door, up to 1,000; null where not counted")
    misses = RuleMissSerializer(many=True)


class ProjectForWorkSerializer(serializers.Serializer[Any]):
    """A project as the people see it who work for it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    organisation = serializers.CharField()
    task_type = serializers.CharField()
    settings = serializers.JSONField()
    form = serializers.JSONField(help_text="The SurveyJS form of its tasks")
    guideline = serializers.IntegerField(allow_null=True)
    markdown = serializers.CharField()
    course = serializers.BooleanField(help_text="Whether it has a course: /work/projects/{id}/course/")


class BandSerializer(serializers.Serializer[Any]):
    from_bp = serializers.IntegerField(help_text="From this lower end of a score on")
    multiplier_bp = serializers.IntegerField()
    pay = MoneyField()
    mine = serializers.BooleanField()


class MissionSeenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text="count or streak")
    count = serializers.IntegerField()
    per_day = serializers.IntegerField()
    done = serializers.IntegerField()
    amount = MoneyField()
    rewards_left = serializers.IntegerField(help_text="So many the budget still pays, first come, first served")
    ends_at = serializers.DateTimeField()


class OfferSerializer(serializers.Serializer[Any]):
    """What one kind of slot pays; amounts are for one unit."""

    kind = serializers.CharField()
    tier = serializers.IntegerField()
    unit = serializers.CharField()
    most_units = serializers.IntegerField()
    pay = MoneyField(help_text="Yours now, band and country included")
    lines = PayLineSerializer(many=True)
    bands = BandSerializer(many=True)
    score_low_bp = serializers.IntegerField(allow_null=True)
    country = serializers.CharField()
    countries = serializers.DictField(child=serializers.IntegerField())
    kill_least = MoneyField(help_text="Paid at least for a task that is taken away")
    kill_most = MoneyField()
    round_extra = MoneyField(help_text="On top for each return beyond the first")
    floor_per_hour = MoneyField()
    quality_bonus = MoneyField()
    quality_bonus_least_bp = serializers.IntegerField()
    review_rule = serializers.CharField()
    judge_hours = serializers.IntegerField()
    missions = MissionSeenSerializer(many=True)


class ProjectPaySerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField()
    name = serializers.CharField()
    offers = OfferSerializer(many=True)


class SubmissionPaySerializer(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="pending, confirmed or released")
    amount = MoneyField()
    lines = PayLineSerializer(many=True)


class MySubmissionSerializer(serializers.Serializer[Any]):
    """What you handed in: its state, its clock, its pay."""

    id = serializers.UUIDField()
    lease = serializers.UUIDField()
    kind = serializers.CharField()
    project = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(SUBMISSION.states))
    round = serializers.IntegerField()
    answer = serializers.JSONField()
    active_seconds = serializers.FloatField()
    submitted_at = serializers.DateTimeField()
    judge_by = serializers.DateTimeField(allow_null=True)
    pay = SubmissionPaySerializer(allow_null=True)
    verdicts = SubmissionVerdictSerializer(many=True)
    dispute = serializers.UUIDField(allow_null=True, help_text="Its newest dispute, at /work/disputes/{id}/")
    disputable_until = serializers.DateTimeField(allow_null=True, help_text="Until when you may dispute it; null for what cannot be")


class Work(WorkerView):
    """What can I do now, and what is mine already."""

    @extend_schema(responses=MyWorkSerializer)
    def get(self, request: Request) -> HttpResponse:
        worker_id = access.user_of(request).pk
        with transaction.atomic(durable=True):
            eligibility.make_ready(worker_id=worker_id, now=timezone.now())
        desk = queries.on_my_desk(worker_id=worker_id)
        return reply({
            "projects": [_open(project) for project in queries.open_projects(worker_id=worker_id)],
            "held": [_held(lease) for lease in desk.live],
            "sent_back": [
                {
                    "submission": row.pk, "project": row.batch.project_id, "name": row.batch.project.name, "round": row.round,
                    "until": row.judge_by,
                }
                for row in desk.sent_back
            ],
            "lapsed": [
                {
                    "assignment": row.pk, "project": row.task.project_id, "name": row.task.project.name,
                    "saved_at": row.draft.saved_at,
                }
                for row in desk.lapsed
            ],
        })  # fmt: skip


def _open(project: queries.OpenProject) -> dict[str, Any]:
    return {
        "project": project.project_id, "name": project.name, "organisation": project.organisation, "kind": project.kind,
        "tier": project.tier, "task_type": project.task_type, "price": project.price, "hourly": project.hourly,
        "median_seconds": project.median_seconds, "measured": project.measured, "open_tasks": project.open_tasks,
        "review_rule": project.review_rule, "ai_use": project.ai_use, "shows": project.shows, "score_bp": project.score_bp,
        "score_low_bp": project.score_low_bp, "score_high_bp": project.score_high_bp,
        "client": ClientFiguresSerializer(project.client).data,
    }  # fmt: skip


def _held(lease: Lease) -> dict[str, Any]:
    project = lease.queue.project
    return {
        "lease": lease.pk, "kind": lease.kind, "project": project.pk, "name": project.name, "state": lease.state,
        "expires_at": lease.expires_at,
    }


class Closed(WorkerView):
    """Projects with open work that do not let you in, those nearest to opening first, and what keeps the door shut."""

    @extend_schema(responses=ClosedProjectSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        found = eligibility.why_not(worker_id=access.user_of(request).pk, now=timezone.now())
        return reply([shown_closed(closed) for closed in found])


def shown_closed(closed: eligibility.Closed) -> dict[str, Any]:
    return {
        "project": closed.project_id, "name": closed.name, "kind": closed.kind, "tier": closed.tier,
        "own_organisation": closed.own_organisation, "slots": closed.slots,
        "misses": RuleMissSerializer(closed.misses, many=True).data,
    }  # fmt: skip


class ProjectForWork(WorkerView):
    """A project that you may work for or have worked for: its form and a version of its guideline."""

    @extend_schema(
        parameters=[OpenApiParameter("guideline", int, description="A version; the one in force when not given")],
        responses=ProjectForWorkSerializer,
    )
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        project = Project.objects.select_related("organisation").filter(pk=project_id).first()
        if project is None or not pay_preview.may_look(worker_id=access.user_of(request).pk, project=project):
            raise NotFound(_("There is no such project."))
        versions = project.guidelines.order_by("-number")
        if number := request.query_params.get("guideline"):
            if not number.isascii() or not number.isdigit() or len(number) > 9:
                raise Invalid(_("Expected a number."), field="guideline")
            versions = versions.filter(number=int(number))
        version = versions.first()
        if version is None and number:
            raise NotFound(_("There is no such version."))
        return reply({
            "id": project.pk, "name": project.name, "organisation": project.organisation.name,
            "task_type": project.task_type, "settings": project.settings,
            "form": registry.drawer(project.task_type).form(project.settings),
            "guideline": version.number if version else None, "markdown": version.markdown if version else "",
            "course": Course.objects.filter(project=project, open=True).exists(),
        })  # fmt: skip


class ProjectPay(WorkerView):
    """What would I get: all that the project's open work pays you, by the terms that a task taken now would freeze."""

    @extend_schema(responses=ProjectPaySerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        worker_id, now = access.user_of(request).pk, timezone.now()
        project = Project.objects.filter(pk=project_id).first()
        if project is None or not pay_preview.may_look(worker_id=worker_id, project=project):
            raise NotFound(_("There is no such project."))
        found = pay_preview.offers(worker_id=worker_id, project=project, now=now)
        return reply({"project": project.pk, "name": project.name, "offers": [_offer(one) for one in found]})


def _offer(offer: pay_preview.Offer) -> dict[str, Any]:
    plain = ("kind", "tier", "unit", "most_units", "score_low_bp", "country", "quality_bonus_least_bp", "review_rule", "judge_hours")
    amounts = ("pay", "kill_least", "kill_most", "round_extra", "floor_per_hour", "quality_bonus")
    return {
        **{name: getattr(offer, name) for name in (*plain, *amounts)}, "countries": dict(offer.countries),
        "lines": shown_lines(offer.lines, offer.pay.currency),
        "bands": [asdict(band) | {"pay": band.pay} for band in offer.bands],
        "missions": [asdict(mission) | {"amount": mission.amount} for mission in offer.missions],
    }  # fmt: skip


class MySubmissions(WorkerView):
    """All that you handed in, newest first."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("state", str, enum=SUBMISSION.states)],
        responses=paged(MySubmissionSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        rows = Submission.objects.filter(worker_id=access.user_of(request).pk).select_related("batch__project")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=reach.one_of(state, SUBMISSION.states, field="state"))
        return listing(request, rows, order="-submitted_at", show=shown)


def shown(rows: Sequence[Submission]) -> list[dict[str, Any]]:
    """A fixed number of statements for any number of rows; gold shows like everything else."""
    ids = [row.pk for row in rows]
    earned = money.earnings_of(source_kind="submission", source_ids=ids)
    verdicts: dict[uuid.UUID, list[Verdict]] = {pk: [] for pk in ids}
    for verdict in Verdict.objects.filter(submission__in=ids).order_by("round"):
        verdicts[verdict.submission_id].append(verdict)
    known = disputes.of_submissions(ids)
    return [_shown(row, earned.get(row.pk), verdicts[row.pk], known.get(row.pk)) for row in rows]


def _shown(row: Submission, earning: EarningView | None, verdicts: list[Verdict], dispute: Dispute | None) -> dict[str, Any]:
    project = row.batch.project
    pay = None
    if earning is not None:
        lines = shown_lines(earning.lines, earning.amount.currency)
        pay = {"state": earning.state, "amount": earning.amount, "lines": lines}
    return {
        "id": row.pk, "lease": row.lease_id, "kind": row.kind, "project": project.pk, "name": project.name,
        "state": row.state, "round": row.round, "answer": row.answer, "active_seconds": row.active_ms / 1000,
        "submitted_at": row.submitted_at, "judge_by": row.judge_by, "pay": pay,
        "verdicts": SubmissionVerdictSerializer(verdicts, many=True).data, "dispute": dispute.pk if dispute else None,
        "disputable_until": disputes.still_open(row, verdicts[-1] if verdicts else None, dispute),
    }  # fmt: skip


class MySubmission(WorkerView):
    """One thing that you handed in."""

    @extend_schema(responses=MySubmissionSerializer)
    def get(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        rows = Submission.objects.filter(worker_id=access.user_of(request).pk, pk=submission_id).select_related("batch__project")
        if not (found := list(rows)):
            raise NotFound(_("There is no such submission."))
        return reply(shown(found)[0])


class TakeUp(WorkerView):
    """Improve work that was sent back: a lease for the next round."""

    @extend_schema(request=None, responses={201: LeaseSerializer})
    def post(self, request: Request, submission_id: uuid.UUID) -> HttpResponse:
        return change(request, lambda: reply(shown_lease(dispatch.take_up_sent_back(
            worker_id=access.user_of(request).pk, submission_id=submission_id, now=timezone.now()
        )), 201))


class ResumeLapsed(WorkerView):
    """Go on with a task whose time ran out, while one of its slots is open."""

    @extend_schema(request=None, responses={201: LeaseSerializer})
    def post(self, request: Request, assignment_id: uuid.UUID) -> HttpResponse:
        return change(request, lambda: reply(shown_lease(dispatch.resume_lapsed(
            worker_id=access.user_of(request).pk, assignment_id=assignment_id, now=timezone.now(), rng=doors.CHANCE
        )), 201))
