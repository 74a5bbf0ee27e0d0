"""Ops' page of the wait-list: supply against funded demand by list, and telling the next people after a dry run."""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from kit.errors import ProductError
from marketplace import demand, waitlist
from marketplace.forms import Styled
from marketplace.ops_queries import waiting
from marketplace.views.client.frame import put_error
from marketplace.views.ops.pools import tabs
from workers import access
from workers.access import PersonRequest
from workers.languages import LANGUAGES
from workers.models import OpsRole


class Telling(Styled):
    """Whose work, and how many people to tell of it."""

    project = django_forms.ChoiceField(label=gettext_lazy("Project with funded open work"))
    people = django_forms.IntegerField(
        label=gettext_lazy("People at most"), min_value=1, max_value=waitlist.AT_ONCE, initial=10,
        widget=django_forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip


@require_GET
@access.ops()
def page(request: PersonRequest) -> HttpResponse:
    """Lists with their figures."""
    return _page(request, Telling(), demand.now_open(now=timezone.now()), None)


@require_POST
@access.ops(OpsRole.POOL_MANAGER)
def tell(request: PersonRequest) -> HttpResponse:
    """First whom it would tell and why no more, then, confirmed, done."""
    now = timezone.now()
    open_now = demand.now_open(now=now)
    form, round_ = Telling(request.POST), None
    form.fields["project"].choices = waiting.choices(open_now)  # type: ignore[attr-defined]
    if form.is_valid():
        given: dict[str, Any] = {"project_id": form.cleaned_data["project"], "people": form.cleaned_data["people"], "now": now}
        try:
            if request.POST.get("apply"):
                with transaction.atomic(durable=True):
                    done = len(waitlist.invite(by_id=request.user.pk, **given).people)
                messages.success(request, ngettext("%(n)s person was told.", "%(n)s people were told.", done) % {"n": done})
                return redirect("market:ops_waiting")
            round_ = waitlist.look(**given)
        except ProductError as error:
            put_error(form, error)
    return _page(request, form, open_now, round_)


def _page(request: PersonRequest, form: Telling, open_now: list[demand.Demand], round_: waitlist.Round | None) -> HttpResponse:
    form.fields["project"].choices = waiting.choices(open_now)  # type: ignore[attr-defined]
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    columns = [
        {"label": _("List")}, {"label": _("Waiting"), "num": True}, {"label": _("Told · paused"), "num": True, "rank": 2},
        {"label": _("Waits longest"), "num": True, "rank": 2}, {"label": _("Found work, last 4 weeks"), "num": True},
        {"label": _("Funded open work"), "num": True}, {"label": _("Carries more people"), "num": True},
        {"label": _("Holders · worked this week"), "num": True, "rank": 3},
    ]  # fmt: skip
    rows = [{"it": one, "name": one.skill.name if one.skill else _("Any work"), "language": LANGUAGES.get(one.language, "")}
            for one in waiting.lists(now=timezone.now())]  # fmt: skip
    return render(request, "ops/waiting.html", {
        "rows": rows, "columns": columns, "tabs": tabs("waiting"), "form": form, "round": round_, "open_now": open_now,
        "may_tell": bool(held & {OpsRole.POOL_MANAGER, OpsRole.ADMIN}),
    }, status=422 if form.errors else 200)  # fmt: skip
