"""The budget of a project: stated, read as it stands, dropped."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, MoneyField, change, reply
from kit.errors import NotFound
from marketplace import budget_watch, budgets
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Project
from workers import access


class BudgetSerializer(serializers.Serializer[Any]):
    """What a project may cost, in all or each UTC month, and how that stands."""

    period = serializers.CharField(help_text="whole or month")
    amount = MoneyField()
    charged = MoneyField(help_text="In this period, fees included")
    pending = MoneyField(help_text="Handed in and not judged")
    reserved = MoneyField(help_text="Promised to batches and not worked for; counts for the whole project, not for a month")
    left = MoneyField(help_text="Below zero where the budget was lowered, or work in hand went beyond")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="When the next month begins")


class NewBudgetSerializer(Body):
    """Launches beyond it are refused; at its end batches pause, and go on by themselves when there is room."""

    amount = MoneyField()
    period = serializers.CharField(required=False, default="whole")


def shown(project: Project) -> HttpResponse:
    found = budgets.of(project, now=timezone.now())
    if found is None:
        raise NotFound(_("This project has no budget."))
    return reply(BudgetSerializer({
        "period": found.budget.period, "amount": found.amount, "charged": found.charged, "pending": found.pending,
        "reserved": found.reserved, "left": found.left, "ends_at": found.ends_at,
    }).data)  # fmt: skip


class ProjectBudget(ClientView):
    """A project's budget."""

    @extend_schema(responses=BudgetSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        return shown(reach.project(self.whose(request), project_id))

    @extend_schema(request=NewBudgetSerializer, responses=BudgetSerializer)
    def put(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """State it, or another one."""
        given = NewBudgetSerializer.read(request)

        def work() -> HttpResponse:
            project = reach.project(self.whose(request), project_id)
            budget_watch.put(project=project, actor_id=access.user_of(request).pk, now=timezone.now(), **given)
            return shown(project)

        return change(request, work)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """No budget any more; what it paused goes on."""

        def work() -> HttpResponse:
            project = reach.project(self.whose(request), project_id)
            budget_watch.drop(project=project, actor_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class OpsProjectBudget(OpsView):
    """Anybody's budget, to read."""

    @extend_schema(responses=BudgetSerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        return shown(reach.project(self.whose(request), project_id))
