"""What a project pays and is billed, by kind, tier and time: dated rows, of which the newest that has begun is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import pricing
from marketplace.models import BillRate, Project, Rate, SlotKind
from task_types import registry

DEAREST = 1_000 * 10_000
"""Units that one task may pay at most."""
MOST_UNITS = 10_000




class NotSetUp(Conflict):
    """The project lacks something that work needs."""

    code = "project_not_set_up"


def check_unit(project: Project, kind: str, unit: str, most_units: int, amount: Money) -> None:
    """A unit that the answers of this work are counted in; reviews and whole tasks have no other count than one."""
    known = [one.name for one in registry.drawer(project.task_type).unit_kinds]
    if unit not in known:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(known)}, field="unit")
    if kind == "review" and unit != pricing.PER_TASK:
        raise Invalid(_("A review is paid by the task: a verdict has no units."), field="unit")
    most = 1 if unit == pricing.PER_TASK else MOST_UNITS
    if not isinstance(most_units, int) or not 1 <= most_units <= most:
        raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": 1, "high": most}, field="most_units")
    if amount.units * most_units > DEAREST:
        raise Invalid(_("One task may pay 1,000 at most: lower the price or the most units."), field="most_units")


def bills_cover_pay(project: Project, now: datetime) -> None:
    """At every moment from now on, what is billed for a slot covers the most that it pays."""
    if not (bills := list(BillRate.objects.filter(project=project))):
        return
    rates = list(Rate.objects.filter(project=project))
    begins = [row.valid_from for row in rates] + [row.valid_from for row in bills]
    moments = {now, *(at for at in begins if at > now)}
    dearest = max([pricing.BASIS, *project.country_bp.values()])
    for moment, kind, tier in product(moments, SlotKind.values, range(4)):
        rate, bill = _newest(rates, kind, tier, moment), _newest(bills, kind, tier, moment)
        if rate is None or bill is None:
            continue
        least = Money(pricing.most_pay(pricing.half_even(rate.amount_units * dearest, pricing.BASIS)), project.currency)
        if bill.amount_units < least.units:
            raise Invalid(
                _("The bill price must cover the highest band: at least %(least)s.") % {"least": least}, field="amount"
            )


def _newest(rows: Sequence[Rate] | Sequence[BillRate], kind: str, tier: int, moment: datetime) -> Rate | BillRate | None:
    """As `in_force`, among rows that are read already."""
    begun = [row for row in rows if row.kind == kind and row.tier <= tier and row.valid_from <= moment]
    return max(begun, key=lambda row: (row.tier, row.valid_from, row.pk), default=None)


def in_force(*, project: Project, kind: str, tier: int, now: datetime) -> Rate | None:
    """The newest price that has started, of this tier or the next lower one that has any."""
    return (
        Rate.objects.filter(project=project, kind=kind, tier__lte=tier, valid_from__lte=now)
        .order_by("-tier", "-valid_from", "-id")
        .first()
    )


def bill_in_force(*, project: Project, kind: str, tier: int, now: datetime) -> BillRate | None:
    """The bill price by the same rule; None where pay + fee is charged."""
    begun = BillRate.objects.filter(project=project, kind=kind, tier__lte=tier, valid_from__lte=now)
    return begun.order_by("-tier", "-valid_from", "-id").first()


PRICE_KEYS = frozenset({"unit", "most_units", "rate", "price_units", "bill_units", "countries"})


def price_terms(*, project: Project, kind: str, tier: int, now: datetime) -> dict[str, Any]:
    """What decides the price of a slot of this kind and tier now; raises NotSetUp without a rate."""
    rate = in_force(project=project, kind=kind, tier=tier, now=now)
    if rate is None:
        raise NotSetUp(_("The project has no rate for %(kind)s slots yet.") % {"kind": kind}, field="rates")
    bill = bill_in_force(project=project, kind=kind, tier=tier, now=now)
    found = {"unit": rate.unit, "most_units": rate.most_units, "rate": rate.pk, "price_units": rate.amount_units}
    found |= {"bill_units": bill.amount_units} if bill else {}
    return found | ({"countries": project.country_bp} if project.country_bp else {})
