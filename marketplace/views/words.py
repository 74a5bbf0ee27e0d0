"""What pages put into words: the lines of a price, what a judge said, what a rule asks for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.money import Money
from marketplace.eligibility import Closed
from marketplace.models import Batch, Lease, Submission, Verdict
from marketplace.ops_queries.flow import TimeLeft
from marketplace.pricing import PriceLine
from marketplace.rules import Miss
from payments import words as pay
from payments.queries import LineView
from qualification.models import Skill
from workers.countries import COUNTRIES
from workers.languages import LANGUAGES

ABOUT_MOST = 160
COUNTRY_CODE = re.compile(r"\b[A-Z]{2}\b")


def amount(money: Money) -> str:
    """Money for a sentence, in the reader's writing: two decimals, four where they matter."""
    figure = number_format(money.decimal(), 4 if money.units % 100 else 2, use_l10n=True, force_grouping=True)
    return f"{figure} {money.currency}"


def span(length: timedelta) -> str:
    """A length of time in round words: days, hours or minutes."""
    minutes = max(round(length.total_seconds() / 60), 1)
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if minutes < 2_880:
        return ngettext("%(n)d hour", "%(n)d hours", round(minutes / 60)) % {"n": round(minutes / 60)}
    return ngettext("%(n)d day", "%(n)d days", round(minutes / 1_440)) % {"n": round(minutes / 1_440)}


def time_left(left: TimeLeft) -> dict[str, Any]:
    """A forecast for the component of intervals: in hours on its axis, in words beside it."""
    soonest, slowest = span(left.soonest), left.slowest or left.likely * 4
    hours = [length.total_seconds() / 3_600 for length in (left.likely, left.soonest, slowest)]
    between = _("%(low)s to %(high)s") % {"low": soonest, "high": span(slowest)}
    return {
        "value": hours[0], "low": hours[1], "high": hours[2], "end": hours[2] * 1.05, "text": span(left.likely),
        "range_text": between if left.slowest else _("at least %(low)s") % {"low": soonest}, "guess": left.slowest is None,
    }


def pay_lines(lines: Iterable[PriceLine | LineView], currency: str) -> list[dict[str, Any]]:
    """Lines of a price or an earning as the pay components show them."""
    return [pay.line(LineView(line.kind, line.units, line.inputs, line.rule, currency)) for line in lines]


def _base(inputs: Mapping[str, Any], currency: str) -> str:
    if "price_units" not in inputs:
        return pay.plain(inputs, currency)
    price = amount(Money(inputs["price_units"], currency))
    return _("%(price)s for each %(unit)s") % {"price": price, "unit": inputs.get("unit", "task")}


def _band(inputs: Mapping[str, Any], _currency: str) -> str:
    return _("base × %(factor)s, for the lower end of your score") % {"factor": f"{inputs['multiplier_bp'] / 10_000:.2f}"}


def _round(_inputs: Mapping[str, Any], _currency: str) -> str:
    return _("sent back more than once: a quarter of the base for each further round")


def _kill_fee(_inputs: Mapping[str, Any], _currency: str) -> str:
    return _("active time against expected time, at least a quarter of the base")


def _projects_of_submissions(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Submission.objects.filter(pk__in=ids).values_list("pk", "batch__project__name"))


def _projects_of_leases(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Lease.objects.filter(pk__in=ids).values_list("pk", "queue__project__name"))


def _batches(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, pay.BatchName]:
    rows = Batch.objects.filter(pk__in=ids).values_list("pk", "name", "project_id", "project__name")
    return {batch_id: pay.BatchName(batch=name, project_id=of, project=project) for batch_id, name, of, project in rows}


pay.declare_batches(_batches)
pay.declare_line("base", gettext_lazy("Base"), _base)
pay.declare_line("band", gettext_lazy("Quality band"), _band)
pay.declare_line("round", gettext_lazy("Extra effort"), _round)
pay.declare_line("kill_fee", gettext_lazy("Time of a lost task"), _kill_fee)
pay.declare_source("submission", gettext_lazy("Task"), _projects_of_submissions)
pay.declare_source("round", gettext_lazy("Task that came back"), _projects_of_leases)
pay.declare_source("kill_fee", gettext_lazy("Time of a lost task"), _projects_of_leases)


def about(payload: Any) -> str:
    """A task in a few words, for lists: the beginning of the first text in it; empty for a picture."""
    found = payload.get("text") if isinstance(payload, dict) else None
    if isinstance(found, str) and found.strip():
        return " ".join(found.split())[:ABOUT_MOST]
    parts = payload.values() if isinstance(payload, dict) else payload if isinstance(payload, list) else ()
    return next((text for part in parts if (text := about(part))), "")


def last_verdicts(submission_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Verdict]:
    """The newest verdict of each of these submissions that has one; one statement."""
    rows = Verdict.objects.filter(submission_id__in=submission_ids).order_by("round")
    return {row.submission_id: row for row in rows}


def named(closed: Sequence[Closed]) -> list[Closed]:
    """Closed doors with names instead of short codes for skills, countries and languages; one statement."""
    slugs = {miss.skill for door in closed for miss in door.misses if miss.skill}
    skills = dict(Skill.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {}
    return [replace(door, misses=[_named(miss, skills) for miss in door.misses]) for door in closed]


def _named(miss: Miss, skills: Mapping[str, str]) -> Miss:
    """The rule's own sentence, with the codes in it written out."""
    wants, has = miss.wants, miss.has
    if miss.skill:
        wants = wants.replace(miss.skill, skills.get(miss.skill, miss.skill))
    elif miss.fact == "country":
        wants, has = (COUNTRY_CODE.sub(lambda code: str(COUNTRIES.get(code[0], code[0])), text) for text in (wants, has))
    elif miss.fact == "language":
        wants = re.sub(r"\b[a-z]{2}\b", lambda code: str(LANGUAGES.get(code[0], code[0])), wants, count=1)
    return replace(miss, wants=wants, has=has)
