"""A worker's wait-list: where I stand, what may be expected, what would open sooner; joining, pausing, leaving."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import ProductError
from marketplace import demand, eligibility, outlook, waitlist
from marketplace.forms import Styled
from marketplace.models import WaitPlace
from marketplace.views import words
from marketplace.views.client.frame import put_error
from qualification.models import Skill
from workers import access
from workers.access import WorkerRequest
from workers.languages import LANGUAGES
from workers.models import WorkerProfile

CLOSED_SHOWN = 3


class Wish(Styled):
    """What I wait for."""

    skill = django_forms.ModelChoiceField(
        label=gettext_lazy("Skill"), queryset=Skill.objects.none(), required=False, empty_label=gettext_lazy("Any work")
    )
    language = django_forms.ChoiceField(label=gettext_lazy("Language"), required=False)

    def __init__(self, *args: object, worker: WorkerProfile, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skill"].queryset = Skill.objects.filter(organisation=None).order_by("name")  # type: ignore[attr-defined]
        self.fields["skill"].label_from_instance = lambda skill: skill.name  # type: ignore[attr-defined]
        spoken = [row["code"] for row in worker.languages if row["code"] in LANGUAGES]
        self.fields["language"].choices = [("", _("Any language")), *((code, LANGUAGES[code]) for code in spoken)]  # type: ignore[attr-defined]
        self.dress()


@require_http_methods(["GET", "POST"])
@access.worker
def page(request: WorkerRequest) -> HttpResponse:
    """My places with their numbers as counted now, and joining another list."""
    now, worker = timezone.now(), request.worker
    form = Wish(request.POST or None, worker=worker)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                outlook.refresh(worker.pk, now)
                waitlist.join(worker_id=worker.pk, skill=form.cleaned_data["skill"], language=form.cleaned_data["language"], now=now)
            messages.success(request, _("You stand on the list. Nothing else changes: tests, courses and work that fits stay open to you."))
            return redirect("market:waiting")
        except ProductError as error:
            put_error(form, error)
    return render(request, "worker/waiting.html", _shown(worker, now) | {"form": form}, status=422 if form.errors else 200)


def _shown(worker: WorkerProfile, now: datetime) -> dict[str, object]:
    open_now = demand.now_open(now=now)
    places = [waitlist.standing(place=place, now=now, open_now=open_now) for place in waitlist.mine(worker.pk)]
    closed = [one for one in eligibility.why_not(worker_id=worker.pk, now=now, limit=CLOSED_SHOWN) if not one.own_organisation]
    return {
        "places": [{"it": one, "name": waitlist.name_of(one.place), "wait": wait(one), "slots": sum(d.slots for d in one.demand)}
                   for one in places],
        "closed": words.named(closed), "crumbs": [{"label": _("My desk"), "url": reverse("market:work_home")}],
    }  # fmt: skip


def wait(one: waitlist.Standing) -> list[str] | None:
    """The forecast in words: half of the cases within, low end, high end; None for too little data."""
    turn = one.forecast
    if turn.median is None or turn.low is None or turn.high is None:
        return None
    return [words.span(turn.median), words.span(turn.low), words.span(turn.high)]


@require_POST
@access.worker
def change(request: WorkerRequest, place_id: uuid.UUID, what: str) -> HttpResponse:
    """Pause a place, go on with it, or leave it."""
    steps: dict[str, tuple[Callable[[WaitPlace, datetime], None], str]] = {
        "pause": (
            lambda place, now: waitlist.pause(place=place, now=now),
            _("Paused. You are not told until you go on; the time of joining stays."),
        ),
        "go-on": (lambda place, now: waitlist.go_on(place=place, now=now), _("You stand on the list again, by the time you joined.")),
        "leave": (lambda place, now: waitlist.leave(place=place, now=now), _("You left the list.")),
    }  # fmt: skip
    with transaction.atomic(durable=True):
        place = waitlist.find(worker_id=request.user.pk, place_id=place_id)
        if what not in steps:
            return redirect("market:waiting")
        steps[what][0](place, timezone.now())
    messages.success(request, steps[what][1])
    return redirect("market:waiting")
