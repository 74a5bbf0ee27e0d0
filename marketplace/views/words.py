"""What pages put into words: the lines of a price, what a judge said, what a rule asks for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from kit.money import Money
from marketplace.eligibility import Closed
from marketplace.models import Verdict
from marketplace.rules import Miss
from qualification.models import Skill
from workers.countries import COUNTRIES
from workers.languages import LANGUAGES

ABOUT_MOST = 160
COUNTRY_CODE = re.compile(r"\b[A-Z]{2}\b")


def amount(money: Money) -> str:
    """Money for a sentence, in the reader's writing: two decimals, four where they matter."""
    figure = number_format(money.decimal(), 4 if money.units % 100 else 2, use_l10n=True, force_grouping=True)
    return f"{figure} {money.currency}"


def pay_lines(lines: Iterable[Any], currency: str) -> list[dict[str, Any]]:
    """Lines of a price or an earning as the pay components show them."""
    names = {
        "base": _("Base"), "band": _("Quality band"), "round": _("Extra effort"), "kill_fee": _("Time of a lost task"),
        "share": _("Accepted in part"), "released": _("Not accepted"), "adjustment": _("Adjustment"),
    }
    return [
        {
            "name": names.get(line.kind, line.kind), "amount": Money(line.units, currency), "rule": line.rule,
            "reason": reason(line.kind, line.inputs, currency),
        }
        for line in lines
    ]


def reason(kind: str, inputs: Mapping[str, Any], currency: str) -> str:
    """What a line was computed from; empty where its name says it all."""
    match kind:
        case "base":
            price = Money(inputs["price_units"], currency)
            return _("%(price)s for each %(unit)s") % {"price": amount(price), "unit": inputs.get("unit", "task")}
        case "band":
            return _("base × %(factor)s, for the lower end of your score") % {"factor": f"{inputs['multiplier_bp'] / 10_000:.2f}"}
        case "round":
            return _("sent back more than once: a quarter of the base for each further round")
        case "kill_fee":
            return _("active time against expected time, at least a quarter of the base")
        case _:
            return ""


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
