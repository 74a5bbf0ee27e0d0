"""A person on one page, by right of the viewer: who they are, how they work, what was decided, and what ops may do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kit.errors import Invalid, Text
from kit.money import Money
from marketplace import reviewers
from marketplace.models.judging import Reason
from marketplace.ops_queries import person as story
from marketplace.ops_queries.person import Trace
from marketplace.views import words
from qualification import grants, skills
from qualification.models import Skill
from qualification.serializers import BY_HAND
from workers import access, credentials, languages, notices, standing, support, teams
from workers.access import PersonRequest
from workers.countries import COUNTRIES
from workers.forms import PauseForm
from workers.models import OpsRole, StandingDecision, User
from workers.states import ACTIVE, PAUSED

LOOKS_AFTER_PEOPLE = (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD)
DAYS_MOST = 3_660
HAPPENED: dict[str, Text] = {
    "standing.active": gettext_lazy("Active again"), "standing.paused": gettext_lazy("Paused"),
    "standing.ending": gettext_lazy("Ending begun"), "standing.ended": gettext_lazy("Ended"),
    "profile.changed": gettext_lazy("Profile changed"), "onboarding.done": gettext_lazy("Onboarding finished"),
    "ops_role.given": gettext_lazy("Ops role given"), "ops_role.taken": gettext_lazy("Ops role taken"),
    "decision.standing": gettext_lazy("Decided to end somebody's work"),
    "decision.grant": gettext_lazy("Decided to take a proof away"), "gold.voided": gettext_lazy("Known answer voided"),
    "batch.paused": gettext_lazy("Batch paused"), "batch.closing": gettext_lazy("Batch closed to new work"),
    "appeal.answered": gettext_lazy("Appeal answered"), "appeal.decided": gettext_lazy("Appeal decided"),
    "payout_run.drafted": gettext_lazy("Payout run drafted"),
}
"""Verbs of the trail in words; others are shown as they are written."""


@require_GET
@access.ops()
def page(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Who this is and where they stand; the rest of the story comes by itself."""
    person = story.find(person_id)
    worker = getattr(person, "worker", None)
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    return render(request, "ops/person.html", {
        "person": person, "worker": worker, "memberships": story.memberships(person.pk), "roles": story.roles(person.pk),
        "teams": teams.places_of(person.pk)[:5],
        "country": COUNTRIES.get(worker.country, "") if worker else "",
        "languages": languages.describe(worker.languages) if worker else [],
        "why": _why(worker.standing_reason) if worker else "",
        "grants": story.grants(person.pk) if worker else [],
        "in_hand": story.in_hand(person.pk) if worker else [],
        "verbs": _verbs(held, worker), "pause_form": PauseForm(initial={"reason": "quality_check", "days": 7}),
        "sources": BY_HAND, "skills": Skill.objects.order_by("name")[:200],
        "parts": _parts(held, worker), "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")}],
    })


def _why(code: str) -> str:
    """Why somebody stands where they stand, in words."""
    known: dict[str, Text] = {reason: sentence for reason, (sentence, _help) in standing.PAUSE_REASONS.items()}
    known |= dict(StandingDecision.REASONS) | dict(Reason.choices) | {
        standing.APPEAL_WON: _("An appeal was won."), standing.PAUSE_OVER: _("The pause was over."), "by_ops": _("Ended by ops."),
    }
    return str(known.get(code, code.replace("_", " ")))


def _verbs(held: frozenset[str], worker: Any) -> set[str]:
    """What this viewer may do to this person now."""
    if worker is None or not held & {*LOOKS_AFTER_PEOPLE, OpsRole.ADMIN}:
        return set()
    verbs = {"grant"}
    if worker.standing == ACTIVE:
        verbs |= {"pause", "standing"}
    if worker.standing == PAUSED:
        verbs |= {"resume", "standing"}
    return verbs


def _parts(held: frozenset[str], worker: Any) -> list[dict[str, Any]]:
    """The parts of the story that this viewer may read, in order."""
    return [
        {"key": key, "title": part[0]} for key, part in PARTS.items()
        if (worker is not None or not part[1]) and (not part[2] or held & {*part[2], OpsRole.ADMIN})
    ]


@require_GET
@access.ops()
def part(request: PersonRequest, person_id: uuid.UUID, key: str) -> HttpResponse:
    """One part of the story, as the page fetches it."""
    person = story.find(person_id)
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    if key not in [one["key"] for one in _parts(held, getattr(person, "worker", None))]:
        raise Http404
    title, _worker, _roles, fill = PARTS[key]
    return render(request, f"ops/person_{key}.html", {"person": person, "title": title, **fill(person)})


def _quality(person: User) -> dict[str, Any]:
    return {
        "records": story.records(person.pk), "attempts": story.attempts(person.pk), "reviews": reviewers.records_of(person.pk),
        "worker_id": person.pk,
    }


def _work(person: User) -> dict[str, Any]:
    found = story.work(person.pk, now=timezone.now())
    labels = [date_format(day, "j M") for day in found.days]
    series = [{"label": _("Tasks"), "values": found.answers}]
    return {
        "work": found, "chart": json.dumps({"type": "bar", "labels": labels, "series": series}),
        "done": [{"one": one, "about": words.about(one.submission.task.payload)} for one in story.last_done(person.pk)],
    }


def _money(person: User) -> dict[str, Any]:
    found = story.money_of(person.pk)
    payouts = [{"payout": one, "amount": Money(one.amount_units, one.currency)} for one in found.payouts]
    return {"money": found, "payouts": payouts}


def _decisions(person: User) -> dict[str, Any]:
    return {
        "appeals": story.appeals_of(person.pk), "decisions": story.decisions_of(person.pk),
        "moves": [_event(one) for one in story.standing_history(person.pk)],
    }


def _credentials(person: User) -> dict[str, Any]:
    return {"credentials": credentials.of(person.pk)[:20], "setup": story.setup(person.pk)}


def _devices(person: User) -> dict[str, Any]:
    return {"sessions": story.sessions(person.pk), "tokens": story.tokens(person.pk), "linked": story.linked(person.pk)}


def _messages(person: User) -> dict[str, Any]:
    return {
        "notices": [notices.show(row) for row in story.told(person.pk)], "support": support.of(person.pk)[:10],
        "asked": story.asked(person.pk),
    }


def _trail(person: User) -> dict[str, Any]:
    return {"events": [_event(one) for one in story.trail(person.pk)]}


def _event(trace: Trace) -> dict[str, Any]:
    """A line of the trail: what, when, by whom, why."""
    record = trace.record
    text = HAPPENED.get(record.verb) or record.verb.replace(".", ": ").replace("_", " ").capitalize()
    by = "" if trace.own else _("by %(name)s") % {"name": trace.actor} if trace.actor else _("by the clock")
    why = _why(record.reason) if record.reason else ""
    tone = {"paused": "wait", "ending": "bad", "ended": "bad", "active": "good"}.get(record.to_state, "")
    return {"text": text, "at": record.at, "note": " · ".join(bit for bit in (by, why) if bit), "tone": tone}


PARTS: dict[str, tuple[Text, bool, tuple[str, ...], Callable[[User], dict[str, Any]]]] = {
    "quality": (gettext_lazy("Quality"), True, (), _quality),
    "work": (gettext_lazy("Work"), True, (), _work),
    "money": (gettext_lazy("Money"), True, (OpsRole.FINANCE,), _money),
    "decisions": (gettext_lazy("Standing, decisions and appeals"), True, LOOKS_AFTER_PEOPLE, _decisions),
    "credentials": (gettext_lazy("What they say of themselves"), True, LOOKS_AFTER_PEOPLE, _credentials),
    "devices": (gettext_lazy("Devices and linked accounts"), False, LOOKS_AFTER_PEOPLE, _devices),
    "messages": (gettext_lazy("What they asked and were told"), False, LOOKS_AFTER_PEOPLE, _messages),
    "trail": (gettext_lazy("What happened"), False, (), _trail),
}
"""Parts by key: title, whether it is about workers alone, the ops roles that may read it (none: all), and what fills it."""


# --- verbs -------------------------------------------------------------------------------------------------------------


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def pause(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Stop new work for some days, for a reason that the person reads."""
    form, now = PauseForm(request.POST), timezone.now()
    if not form.is_valid():
        raise Invalid(_("Choose a reason and 1 to 30 days."), field=next(iter(form.errors)))
    with transaction.atomic(durable=True):
        standing.pause(
            worker_id=person_id, reason=form.cleaned_data["reason"], until=now + timedelta(days=form.cleaned_data["days"]),
            by_id=request.user.pk, now=now,
        )
    messages.success(request, _("Paused. The person reads why and until when."))
    return redirect("market:ops_person", person_id=person_id)


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def resume(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """End a pause before its day."""
    with transaction.atomic(durable=True):
        standing.resume(worker_id=person_id, by_id=request.user.pk, reason="by_ops", now=timezone.now())
    messages.success(request, _("The pause is over."))
    return redirect("market:ops_person", person_id=person_id)


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def give_grant(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Say that this person has a skill; what they hold that is worth more stays."""
    skill = skills.by_slug(request.POST.get("skill", "").replace("\x00", "")[:80])
    if skill is None:
        raise Invalid(_("There is no such skill."), field="skill")
    tier, days, now = _number(request, "tier", 0, 3), _number(request, "days", 1, DAYS_MOST), timezone.now()
    source = request.POST.get("source", "ops")
    if source not in dict(BY_HAND):
        raise Invalid(_("Expected a source from the list."), field="source", expected=list(dict(BY_HAND)))
    with transaction.atomic(durable=True):
        given = grants.give(
            worker_id=person_id, skill=skill, tier=tier, source=source, by_id=request.user.pk, now=now, valid_days=days
        )
    if given.valid_from == now:
        messages.success(request, _("Given: %(skill)s, tier %(tier)s.") % {"skill": skill.name, "tier": tier})
    else:
        messages.info(request, _("Nothing changed: what the person holds is worth as much or more."))
    return redirect("market:ops_person", person_id=person_id)


def _number(request: PersonRequest, name: str, least: int, most: int) -> int:
    text = request.POST.get(name, "")
    if not text.isascii() or not text.isdigit() or not least <= int(text[:6]) <= most:
        raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": least, "high": most}, field=name)
    return int(text)
