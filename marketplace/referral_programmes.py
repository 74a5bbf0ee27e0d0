"""Programmes that pay who brings people: opened, funded and ended by finance, with a budget that every promise is covered by."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from kit.money import Money
from marketplace.models import Referral, ReferralProgramme
from payments import programmes
from payments import words as pay


class NotCovered(Conflict):
    """The budget does not hold what was promised already, or what is asked for."""

    code = "budget_not_covered"


def running() -> QuerySet[ReferralProgramme]:
    return ReferralProgramme.objects.filter(ended_at__isnull=True).order_by("opened_at")


def find(programme_id: uuid.UUID) -> ReferralProgramme:
    """Raises NotFound."""
    found = ReferralProgramme.objects.filter(pk=programme_id).first()
    if found is None:
        raise NotFound(_("There is no such programme."))
    return found


def open_programme(
    *, name: str, referrer: Money, newcomer: Money, answers: int, days: int, most: int, budget: Money, by_id: uuid.UUID, now: datetime
) -> ReferralProgramme:
    """Start paying for people who are brought, out of a budget that is set aside at once. Raises Invalid, Conflict where one of this
    currency runs already. Needs a transaction."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 80 or "\x00" in name:
        raise Invalid(_("Expected a name of 2 to 80 characters."), field="name")
    if not referrer.currency == newcomer.currency == budget.currency:
        raise Invalid(_("Expected one currency."), field="budget")
    if not 0 < referrer.units <= 1_000 * 10_000 or not 0 <= newcomer.units <= 1_000 * 10_000:
        raise Invalid(_("Expected a fee above 0 and of at most 1,000."), field="referrer")
    for field, value, high in (("answers", answers, 10_000), ("days", days, 365), ("most", most, 1_000)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": 1, "high": high}, field=field)
    if budget.units < referrer.units + newcomer.units:
        raise Invalid(_("The budget has to cover the fees for at least one person."), field="budget")
    try:
        with transaction.atomic():
            made = ReferralProgramme.objects.create(
                name=name, currency=referrer.currency, referrer_units=referrer.units, newcomer_units=newcomer.units, answers=answers,
                days=days, most=most, opened_by_id=by_id, opened_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(_("A programme in this currency runs already. End it first."), field="referrer") from None
    programmes.fund(programme_id=made.pk, amount=budget, by_id=by_id, now=now)
    audit.record(subject=made, verb="referrals.opened", actor_id=by_id, now=now)
    return made


def fund(*, programme: ReferralProgramme, amount: Money, by_id: uuid.UUID, now: datetime) -> None:
    """Set more aside, or, below zero, take back what is promised to nobody. Raises Invalid, NotCovered. Needs a transaction."""
    locked = ReferralProgramme.objects.select_for_update().get(pk=programme.pk)
    if amount.currency != locked.currency:
        raise Invalid(_("Expected an amount in %(currency)s.") % {"currency": locked.currency}, field="amount")
    if amount.units > 0 and locked.ended_at is not None:
        raise Conflict(_("This programme has ended."))
    if -amount.units > free(locked).units:
        said = _("Only what is promised to nobody can be taken back: %(free)s.") % {"free": pay.amount(free(locked))}
        raise NotCovered(said, field="amount")
    programmes.fund(programme_id=locked.pk, amount=amount, by_id=by_id, now=now)
    audit.record(subject=locked, verb="referrals.funded", actor_id=by_id, now=now)


def end(*, programme: ReferralProgramme, by_id: uuid.UUID, now: datetime) -> None:
    """No new promises; those that were made stand, and what nobody was promised comes back. A second time changes nothing."""
    locked = ReferralProgramme.objects.select_for_update().get(pk=programme.pk)
    if locked.ended_at is not None:
        return
    ReferralProgramme.objects.filter(pk=locked.pk).update(ended_at=now)
    audit.record(subject=locked, verb="referrals.ended", actor_id=by_id, now=now)
    if rest := free(locked):
        programmes.fund(programme_id=locked.pk, amount=-rest, by_id=by_id, now=now)


def promised(programme: ReferralProgramme) -> Money:
    """What is promised and not yet paid, to both people of each."""
    rows = Referral.objects.filter(programme=programme, state__in=["promised", "held"])
    return Money(sum(cost_of(row.terms) for row in rows.only("terms")), programme.currency)


def free(programme: ReferralProgramme) -> Money:
    """What of the budget is promised to nobody."""
    return programmes.left(programme_id=programme.pk, currency=programme.currency) - promised(programme)


def cost_of(terms: dict[str, Any]) -> int:
    return int(terms["referrer_units"]) + int(terms["newcomer_units"])


def paid_of(programme: ReferralProgramme) -> Money:
    """What was paid of a programme so far: all that was set aside less what is left."""
    given = programmes.rows(programme.pk).aggregate(sum=Sum("units"))["sum"] or 0
    return Money(int(given), programme.currency) - programmes.left(programme_id=programme.pk, currency=programme.currency)
