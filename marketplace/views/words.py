"""What pages put into words: the lines of a price, what a judge said, what a rule asks for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.money import Money
from marketplace.eligibility import Closed
from marketplace.models import Batch, Lease, Project, Seat, Submission, Verdict
from marketplace.ops_queries.flow import TimeLeft
from marketplace.pricing import PriceLine
from marketplace.rules import Miss
from payments import words as pay
from payments.queries import LineView
from qualification.models import Exam, Skill
from task_types import registry
from workers.countries import COUNTRIES
from workers.languages import LANGUAGES

ABOUT_MOST = 160
COUNTRY_CODE = re.compile(r"\b[A-Z]{2}\b")


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
    price, unit = pay.amount(Money(inputs["price_units"], currency)), inputs.get("unit", "task")
    if unit == "task":
        return _("%(price)s for each %(unit)s") % {"price": price, "unit": _("task")}
    said = _("%(count)s × %(price)s, by %(unit)s; one at least, %(most)s at most are paid")
    return said % {"count": inputs["count"], "price": price, "unit": unit.replace("_", " "), "most": inputs.get("most", 1)}


def _country(inputs: Mapping[str, Any], _currency: str) -> str:
    country = COUNTRIES.get(inputs.get("country", ""), inputs.get("country", ""))
    return _("base × %(factor)s: the client's price in %(country)s") % {
        "factor": f"{inputs['multiplier_bp'] / 10_000:.2f}", "country": country
    }


def _band(inputs: Mapping[str, Any], currency: str) -> str:
    factor = f"{inputs['multiplier_bp'] / 10_000:.2f}"
    if not inputs.get("of_units"):
        return _("base × %(factor)s, for the lower end of your score") % {"factor": factor}
    said = _("%(base)s × %(factor)s, as the lower end of your score was at %(least)s %% or more")
    base = pay.amount(Money(inputs["of_units"], currency))
    return said % {"base": base, "factor": factor, "least": f"{inputs.get('from_bp', 0) / 100:g}"}


def _round(inputs: Mapping[str, Any], _currency: str) -> str:
    if "share_bp" not in inputs:
        return _("sent back more than once: a quarter of the base for each further round")
    return _("round %(round)s: %(share)s %% of the base for coming back more than once") % {
        "round": inputs["round"], "share": f"{inputs['share_bp'] / 100:g}"
    }


def _kill_fee(inputs: Mapping[str, Any], currency: str) -> str:
    if "active_ms" not in inputs:
        return _("active time against expected time, at least a quarter of the base")
    said = _("%(active)s active of %(expected)s expected, so %(share)s %% of %(base)s; a quarter at least, the whole at most")
    return said % {
        "active": _time(inputs["active_ms"]), "expected": _time(inputs["expected_ms"]),
        "share": f"{inputs['share_bp'] / 100:g}", "base": pay.amount(Money(inputs["price_units"], currency)),
    }


def _floor(inputs: Mapping[str, Any], currency: str) -> str:
    said = _("%(day)s: %(active)s of active time at %(floor)s an hour make %(wanted)s, you earned %(earned)s")
    text = said % {
        "day": inputs["day"], "active": _time(inputs["active_ms"]), "wanted": pay.amount(Money(inputs["wanted_units"], currency)),
        "floor": pay.amount(Money(inputs["floor_per_hour_units"], currency)),
        "earned": pay.amount(Money(inputs["earned_units"], currency)),
    }  # fmt: skip
    if inputs["measured_ms"] > inputs["active_ms"]:
        text += _("; of %(measured)s measured, what is far beyond or below the usual does not count") % {
            "measured": _time(inputs["measured_ms"])
        }  # fmt: skip
    return text


def _bonus(inputs: Mapping[str, Any], _currency: str) -> str:
    said = _("your answer agrees with a result that is at least %(least)s %% sure")
    return said % {"least": f"{inputs.get('least_bp', 0) / 100:g}"}


def _mission(inputs: Mapping[str, Any], _currency: str) -> str:
    if "days" in inputs:
        said = _("“%(name)s”: %(days)s days in a row with %(per_day)s answers or more, up to %(last)s")
    else:
        said = _("“%(name)s”: %(count)s accepted answers")
    return said % {"name": inputs.get("mission", ""), **inputs}


def _training(inputs: Mapping[str, Any], _currency: str) -> str:
    said = _("course of “%(title)s” passed") if inputs.get("kind") == "course" else _("test “%(title)s” passed")
    return said % {"title": inputs.get("title", "")} + "; " + _("a fixed fee, once")


def _time(active_ms: int) -> str:
    """A length of work: seconds, minutes with seconds, hours with minutes."""
    seconds = round(active_ms / 1000)
    if seconds < 60:
        return _("%(s)s s") % {"s": seconds}
    if seconds < 3_600:
        return _("%(m)s min %(s)s s") % {"m": seconds // 60, "s": seconds % 60}
    return _("%(h)s h %(m)s min") % {"h": seconds // 3_600, "m": seconds % 3_600 // 60}


def _projects_of_submissions(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Submission.objects.filter(pk__in=ids).values_list("pk", "batch__project__name"))


def _projects_of_leases(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Lease.objects.filter(pk__in=ids).values_list("pk", "queue__project__name"))


def _projects_of_seats(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Seat.objects.filter(pk__in=ids).values_list("pk", "offer__batch__project__name"))


def _batches(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, pay.BatchName]:
    rows = Batch.objects.filter(pk__in=ids).values_list("pk", "name", "project_id", "project__name")
    return {batch_id: pay.BatchName(batch=name, project_id=of, project=project) for batch_id, name, of, project in rows}


pay.declare_batches(_batches)
pay.declare_line("base", gettext_lazy("Base"), _base)
pay.declare_line("band", gettext_lazy("Quality band"), _band)
pay.declare_line("country", gettext_lazy("Country"), _country)
pay.declare_line("floor", gettext_lazy("Hourly floor"), _floor)
pay.declare_line("bonus", gettext_lazy("Right answer"), _bonus)
pay.declare_line("mission", gettext_lazy("Mission"), _mission)
pay.declare_line("training", gettext_lazy("Passed"), _training)
pay.declare_line("round", gettext_lazy("Extra effort"), _round)
pay.declare_line("kill_fee", gettext_lazy("Time of a lost task"), _kill_fee)
pay.declare_source("submission", gettext_lazy("Task"), _projects_of_submissions)
pay.declare_source("round", gettext_lazy("Task that came back"), _projects_of_leases)
pay.declare_source("floor", gettext_lazy("Hourly floor"))
pay.declare_source("bonus", gettext_lazy("Bonus"))
pay.declare_source("course", gettext_lazy("Course"), _projects_of_seats)
pay.declare_source("exam", gettext_lazy("Test"), _projects_of_seats)
pay.declare_source("kill_fee", gettext_lazy("Time of a lost task"), _projects_of_leases)


def about(payload: Any) -> str:
    """A task in a few words, for lists: the beginning of the first text in it; empty for a picture."""
    found = payload.get("text") if isinstance(payload, dict) else None
    if isinstance(found, str) and found.strip():
        return " ".join(found.split())[:ABOUT_MOST]
    parts = payload.values() if isinstance(payload, dict) else payload if isinstance(payload, list) else ()
    return next((text for part in parts if (text := about(part))), "")


def corrected(verdict: Verdict | None, project: Project) -> str:
    """The corrected answer of a fix in a few words; empty for any other verdict."""
    if verdict is None or verdict.corrected is None:
        return ""
    return registry.drawer(project.task_type).summarise(verdict.corrected, settings=project.settings)


def last_verdicts(submission_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Verdict]:
    """The newest verdict of each of these submissions that has one; one statement."""
    rows = Verdict.objects.filter(submission_id__in=submission_ids).order_by("round")
    return {row.submission_id: row for row in rows}


def named(closed: Sequence[Closed]) -> list[Closed]:
    """Closed doors with names instead of short codes for skills, countries and languages, and with the names of other projects
    whose course is asked for and of tests, whose `exam` becomes that of the version to sit; a statement for each where there are any."""
    slugs = {miss.skill for door in closed for miss in door.misses if miss.skill}
    skills = dict(Skill.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {}
    others = {miss.course for door in closed for miss in door.misses if miss.course not in (None, str(door.project_id))}
    projects = {str(pk): name for pk, name in Project.objects.filter(pk__in=others).values_list("pk", "name")} if others else {}
    asked = {miss.exam for door in closed for miss in door.misses if miss.exam}
    rows = Exam.objects.filter(series__in=asked, state="published").values_list("series", "pk", "title") if asked else []
    exams = {str(series): (str(pk), title) for series, pk, title in rows}
    return [replace(door, misses=[_named(miss, skills, projects, exams) for miss in door.misses]) for door in closed]


def _named(miss: Miss, skills: Mapping[str, str], projects: Mapping[str, str], exams: Mapping[str, tuple[str, str]]) -> Miss:
    """The rule's own sentence, with the codes in it written out."""
    wants, has = miss.wants, miss.has
    if miss.skill:
        wants = wants.replace(miss.skill, skills.get(miss.skill, miss.skill))
    elif miss.exam:
        exam, title = exams.get(miss.exam, (None, ""))
        return replace(miss, exam=exam, wants=_("%(wants)s: “%(project)s”") % {"wants": wants, "project": title} if title else wants)
    elif miss.course and miss.course in projects:
        wants = _("%(wants)s: “%(project)s”") % {"wants": wants, "project": projects[miss.course]}
    elif miss.fact == "country":
        wants, has = (COUNTRY_CODE.sub(lambda code: str(COUNTRIES.get(code[0], code[0])), text) for text in (wants, has))
    elif miss.fact == "language":
        wants = re.sub(r"\b[a-z]{2}\b", lambda code: str(LANGUAGES.get(code[0], code[0])), wants, count=1)
    return replace(miss, wants=wants, has=has)
