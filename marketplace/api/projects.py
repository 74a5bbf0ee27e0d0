"""A client's projects: made, read, changed, archived; their dated rates."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, MoneyField, change, listing, paged, reply
from kit.errors import Invalid
from kit.money import Money
from marketplace import projects, raises
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import BillRate, GuidelineVersion, Project, Rate, SlotKind
from workers import access
from workers.preferences import CONTENT


class ProjectSerializer(serializers.Serializer[Any]):
    """A standing definition of work. Shares are in basis points: 10,000 is the whole."""

    id = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation.slug")
    name = serializers.CharField()
    task_type = serializers.CharField()
    settings = serializers.JSONField()
    currency = serializers.CharField()
    guideline = serializers.IntegerField(allow_null=True, help_text="Number of the version in force")
    eligibility = serializers.JSONField(help_text="Who may answer: a tree of all, any, not over facts")
    review_eligibility = serializers.JSONField(help_text="Who may review")
    review_rule = serializers.CharField(help_text="none, sampled, all or client")
    sampled_share_bp = serializers.IntegerField()
    overlap = serializers.IntegerField(help_text="Answers per task, at least")
    max_overlap = serializers.IntegerField(help_text="Answers per task, at most")
    target_accuracy_bp = serializers.IntegerField(
        allow_null=True, help_text="With it, a task gets answers until it is this sure, between overlap and max_overlap"
    )
    expert_skill = serializers.CharField(
        allow_null=True, help_text="Skill of the experts who are asked where the target is not reached"
    )
    expert_tier = serializers.IntegerField(allow_null=True, help_text="From which tier (1 to 3) somebody is an expert")
    adjudication_share_bp = serializers.IntegerField(help_text="Share of the tasks that may come to an expert's last word")
    judge_hours = serializers.IntegerField()
    expected_seconds = serializers.IntegerField()
    lease_seconds = serializers.IntegerField()
    daily_cap = serializers.IntegerField(allow_null=True, help_text="Answers of one worker on one UTC day, at most")
    gold_least_bp = serializers.IntegerField()
    gold_most_bp = serializers.IntegerField()
    bonus_pool_bp = serializers.IntegerField()
    floor_pool_bp = serializers.IntegerField()
    floor_per_hour = serializers.SerializerMethodField()
    quality_bonus = serializers.SerializerMethodField()
    quality_bonus_least_bp = serializers.IntegerField(help_text="How sure a result must be for its bonuses")
    country_bp = serializers.DictField(
        child=serializers.IntegerField(), help_text="Multipliers of the price by country of the worker, who is shown them"
    )
    ai_use = serializers.CharField(help_text="forbidden, assisted or allowed")
    content_warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What the work shows that somebody may not want to see"
    )
    limited_to_pool = serializers.SerializerMethodField(help_text="Whether only people of a pool may work on it")
    fair_shares = serializers.BooleanField(help_text="Scarce work is shared out among those who ask; off: first come, first served")
    best_first_minutes = serializers.IntegerField(help_text="So long after a launch only good workers take ordinary answers")
    best_first_low_bp = serializers.IntegerField(help_text="Lower end of the score from which on somebody is one of them")
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_limited_to_pool(self, project: Project) -> bool:
        return project.pool_id is not None

    @extend_schema_field(MoneyField)
    def get_floor_per_hour(self, project: Project) -> Money:
        """What an hour of active time comes to at least; nothing where the project promises none."""
        return Money(project.floor_per_hour_units, project.currency)

    @extend_schema_field(MoneyField)
    def get_quality_bonus(self, project: Project) -> Money:
        """What each answer that agrees with its result gets on top; nothing where the project promises none."""
        return Money(project.quality_bonus_units, project.currency)


class ProjectChangeSerializer(Body):
    """What may change later; it touches new leases and new launches only."""

    name = serializers.CharField(required=False, max_length=200)
    settings = serializers.JSONField(required=False, help_text="Only before the first launch")
    eligibility = serializers.JSONField(required=False)
    review_eligibility = serializers.JSONField(required=False)
    review_rule = serializers.CharField(required=False)
    sampled_share_bp = serializers.IntegerField(required=False)
    overlap = serializers.IntegerField(required=False)
    max_overlap = serializers.IntegerField(required=False)
    target_accuracy_bp = serializers.IntegerField(required=False, allow_null=True)
    expert_skill = serializers.CharField(required=False, allow_null=True, max_length=80)
    expert_tier = serializers.IntegerField(required=False, allow_null=True)
    adjudication_share_bp = serializers.IntegerField(required=False)
    judge_hours = serializers.IntegerField(required=False)
    expected_seconds = serializers.IntegerField(required=False)
    lease_seconds = serializers.IntegerField(required=False)
    daily_cap = serializers.IntegerField(required=False, allow_null=True)
    gold_least_bp = serializers.IntegerField(required=False)
    gold_most_bp = serializers.IntegerField(required=False)
    bonus_pool_bp = serializers.IntegerField(required=False)
    floor_pool_bp = serializers.IntegerField(required=False)
    floor_per_hour = MoneyField(required=False)
    quality_bonus = MoneyField(required=False)
    quality_bonus_least_bp = serializers.IntegerField(required=False)
    country_bp = serializers.DictField(child=serializers.IntegerField(), required=False)
    ai_use = serializers.CharField(required=False)
    content_warnings = serializers.ListField(child=serializers.ChoiceField(list(CONTENT)), required=False)
    fair_shares = serializers.BooleanField(required=False)
    best_first_minutes = serializers.IntegerField(required=False)
    best_first_low_bp = serializers.IntegerField(required=False)


class NewProjectSerializer(ProjectChangeSerializer):
    """A new project; what is not given has the default of its task type or of the site."""

    name = serializers.CharField(max_length=200)
    task_type = serializers.CharField(max_length=40)
    settings = serializers.JSONField()
    currency = serializers.CharField(required=False, default="USD", max_length=3)


def in_units(given: dict[str, Any], currency: str) -> dict[str, Any]:
    """The amounts of a request as the options of a project; raises Invalid for another currency."""
    found = dict(given)
    for name in ("floor_per_hour", "quality_bonus"):
        if name in found:
            amount: Money = found.pop(name)
            if amount.currency != currency:
                raise Invalid(_("This project pays in %(currency)s.") % {"currency": currency}, field=name)
            found[f"{name}_units"] = amount.units
    return found


class RateSerializer(serializers.Serializer[Any]):
    """What one slot of a kind and tier pays from a time on."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="answer, review or adjudication")
    tier = serializers.IntegerField()
    unit = serializers.CharField(help_text="task, or one of the task type's units")
    most_units = serializers.IntegerField(help_text="So many units of one task are paid at most, and at least one")
    amount = serializers.SerializerMethodField()
    valid_from = serializers.DateTimeField()

    @extend_schema_field(MoneyField)
    def get_amount(self, rate: Rate) -> Money:
        return Money(rate.amount_units, rate.project.currency)


class NewBillRateSerializer(Body):
    """A new dated bill price, never below the most that the slot pays."""

    amount = MoneyField()
    kind = serializers.CharField(required=False, default="answer")
    tier = serializers.IntegerField(required=False, default=0, min_value=0, max_value=3)
    valid_from = serializers.DateTimeField(required=False, allow_null=True, default=None)


class BillRateSerializer(serializers.Serializer[Any]):
    """What the client is charged for an accepted slot from a time on, by the unit of the rate in force, instead of pay + fee."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="answer, review or adjudication")
    tier = serializers.IntegerField()
    amount = serializers.SerializerMethodField()
    valid_from = serializers.DateTimeField()

    @extend_schema_field(MoneyField)
    def get_amount(self, rate: BillRate) -> Money:
        return Money(rate.amount_units, rate.project.currency)


class NewRateSerializer(Body):
    """A new dated price; leases that exist keep theirs. A higher one asks for more reserve where a batch is in motion."""

    amount = MoneyField()
    unit = serializers.CharField(required=False, default="task", max_length=20)
    most_units = serializers.IntegerField(required=False, default=1, min_value=1)
    kind = serializers.CharField(required=False, default="answer")
    tier = serializers.IntegerField(required=False, default=0, min_value=0, max_value=3)
    valid_from = serializers.DateTimeField(required=False, allow_null=True, default=None)


def with_guideline(rows: QuerySet[Project]) -> QuerySet[Project]:
    newest = GuidelineVersion.objects.filter(project=OuterRef("pk")).order_by("-number").values("number")[:1]
    return rows.select_related("organisation").annotate(guideline=Subquery(newest))


def shown(project_id: uuid.UUID) -> Any:
    return ProjectSerializer(with_guideline(Project.objects.filter(pk=project_id)).get()).data


class Projects(ClientView):
    """A client's projects."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("archived", bool, description="Only archived ones, or only the others")],
        responses=paged(ProjectSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        rows = with_guideline(Project.objects.all())
        if whose := self.whose(request):
            rows = rows.filter(organisation_id=whose)
        if (archived := request.query_params.get("archived")) is not None:
            rows = rows.filter(archived_at__isnull=archived.lower() not in ("true", "1"))
        return listing(
            request, rows, order="-created_at", show=lambda page: ProjectSerializer(page, many=True).data
        )

    @extend_schema(request=NewProjectSerializer, responses={201: ProjectSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Make a project."""
        given = NewProjectSerializer.read(request)

        def work() -> HttpResponse:
            made = projects.create(
                organisation_id=access.organisation_of(request).pk, actor_id=access.user_of(request).pk,
                now=timezone.now(), **in_units(given, given["currency"]),
            )
            return reply(shown(made.pk), 201)

        return change(request, work)


class ProjectDetail(ClientView):
    """One project."""

    @extend_schema(responses=ProjectSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        return reply(shown(reach.project(self.whose(request), project_id).pk))

    @extend_schema(request=ProjectChangeSerializer, responses=ProjectSerializer)
    def patch(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        given = ProjectChangeSerializer.read(request)

        def work() -> HttpResponse:
            project, actor_id, now = reach.project(self.whose(request), project_id), access.user_of(request).pk, timezone.now()
            changes = in_units(given, project.currency)
            if "settings" in changes:
                projects.change_settings(project=project, settings=changes.pop("settings"), actor_id=actor_id, now=now)
            if changes:
                projects.change(project=project, actor_id=actor_id, now=now, **changes)
            return reply(shown(project_id))

        return change(request, work)


class ArchiveProject(ClientView):
    """Put a project away; nothing is deleted."""

    @extend_schema(request=None, responses=ProjectSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            project = reach.project(self.whose(request), project_id)
            projects.archive(project=project, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(shown(project_id))

        return change(request, work)


class Rates(ClientView):
    """A project's dated prices, newest first; those in force are the newest that have begun, by kind and tier."""

    @extend_schema(parameters=PAGING, responses=paged(RateSerializer))
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows = reach.project(self.whose(request), project_id).rates.select_related("project")
        return listing(request, rows, order="-valid_from", show=lambda page: RateSerializer(page, many=True).data)

    @extend_schema(request=NewRateSerializer, responses={201: RateSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Set a price."""
        given = _of_a_kind(NewRateSerializer.read(request))

        def work() -> HttpResponse:
            project, actor_id, now = reach.project(self.whose(request), project_id), access.user_of(request).pk, timezone.now()
            rate = projects.set_rate(project=project, actor_id=actor_id, now=now, **given)
            raises.cover(project=project, now=now, actor_id=actor_id)
            return reply(RateSerializer(rate).data, 201)

        return change(request, work)


def _of_a_kind(given: dict[str, Any]) -> dict[str, Any]:
    if given["kind"] not in SlotKind.values:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(SlotKind.values)}, field="kind")
    return given


class BillRates(ClientView):
    """What the client is charged by a bill price instead of pay + fee, newest first; agreed with the platform."""

    http_method_names = ["get", "head", "options"]

    @extend_schema(parameters=PAGING, responses=paged(BillRateSerializer))
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows = reach.project(self.whose(request), project_id).bill_rates.select_related("project")
        return listing(request, rows, order="-valid_from", show=lambda page: BillRateSerializer(page, many=True).data)


class OpsProjects(OpsView, Projects):
    """Everybody's projects."""

    http_method_names = ["get", "head", "options"]


class OpsProject(OpsView, ProjectDetail):
    """Anybody's project."""

    http_method_names = ["get", "head", "options"]


class OpsBillRates(OpsView, BillRates):
    """The bill prices of anybody's project; finance sets them."""

    permission_classes = [access.Ops(write=("finance",))]
    http_method_names = ["get", "post", "head", "options"]

    @extend_schema(request=NewBillRateSerializer, responses={201: BillRateSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Set a bill price."""
        given = _of_a_kind(NewBillRateSerializer.read(request))

        def work() -> HttpResponse:
            project, actor_id, now = reach.project(self.whose(request), project_id), access.user_of(request).pk, timezone.now()
            made = raises.billed_from(project=project, actor_id=actor_id, now=now, **given)
            return reply(BillRateSerializer(made).data, 201)

        return change(request, work)


class OpsRates(OpsView, Rates):
    """The prices of anybody's project."""

    http_method_names = ["get", "head", "options"]
