"""The platform's own money in another currency: finance records what left one balance and what came to the other.

Payouts in a worker's currency leave platform fx with what was bought on one side and sold on the other; an exchange at the rail
squares it, and what stays there is the difference. Each side goes through clearing until Stripe's balance transaction shows it:
one that finance names, or the first one with the same amount within days.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Invalid
from kit.money import Money
from payments import exchange, ledger, mismatches, movements
from payments.chart import platform
from payments.models import OwnExchange, RailMovement

WITHIN = timedelta(days=10)
"""How far from its record a balance transaction may be to be taken for a side of it."""
SHOWN = 20


def record(
    *, out: Money, into: Money, note: str, actor_id: uuid.UUID, now: datetime, out_movement: str = "", into_movement: str = "",
    sure: bool = False,
) -> OwnExchange:
    """What left and what came; a named balance transaction decides the amount of its side. Raises Invalid, UnusualRate."""
    left, came = _named(out_movement, "out_movement", leaves=True), _named(into_movement, "into_movement", leaves=False)
    out, into = _amount(out, left, "out"), _amount(into, came, "into")
    if out.currency == into.currency:
        raise Invalid(_("Expected two different currencies."), field="into")
    if len(note.strip()) < 3 or len(note) > 300 or "\x00" in note:
        raise Invalid(_("Say where and how it was exchanged."), field="note")
    _check_rate(out, into, sure, now)
    made = OwnExchange.objects.create(
        out_currency=out.currency, out_units=out.units, into_currency=into.currency, into_units=into.units, note=note.strip(),
        made_by=actor_id, made_at=now, out_movement=left, into_movement=came,
    )  # fmt: skip
    audit.record(subject=made, verb="own_exchange.recorded", actor_id=actor_id, now=now)
    _post(made)
    for movement in (left, came):
        if movement is not None:
            clear(movement, now=now)
    return made


def _named(movement_id: str, field: str, *, leaves: bool) -> RailMovement | None:
    if not movement_id:
        return None
    found = open_movements(leaves=leaves).filter(pk=movement_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Invalid(_("There is no such balance transaction that nothing explains."), field=field)
    return found


def _amount(given: Money, movement: RailMovement | None, field: str) -> Money:
    if movement is not None:
        return Money(abs(movement.amount_units), movement.currency)
    if given.units <= 0 or given.currency not in settings.PLATFORM_CURRENCIES:
        raise Invalid(_("Expected an amount above zero in one of the platform's currencies."), field=field)
    return given


def _check_rate(out: Money, into: Money, sure: bool, now: datetime) -> None:
    """Far from the rate that finance keeps it is more often a slip than a bad bargain."""
    known = exchange.newest_of(out.currency, into.currency, now=now)
    if known is None or sure:
        return
    got = Decimal(into.units) / Decimal(out.units)
    if not known.rate / exchange.STRIDE <= got <= known.rate * exchange.STRIDE:
        said = _("That is a rate of %(got)s, and the last one was %(rate)s. Confirm that it is right.")
        raise exchange.UnusualRate(said % {"got": f"{got:.6f}".rstrip("0").rstrip("."), "rate": known.figure})


def _post(made: OwnExchange) -> None:
    """Clearing -> platform fx where it left, platform fx -> clearing where it came: each currency by itself sums to zero."""
    out, into = made.out_currency, made.into_currency
    ledger.post(
        ledger.Posting(
            idem=f"own-exchange:{made.pk}", kind="own_exchange", source_kind="own_exchange", source_id=made.pk,
            actor_id=made.made_by, now=made.made_at,
            legs=[
                ledger.Leg(platform("platform_fx", out), made.out_units),
                ledger.Leg(platform("stripe_clearing", out), -made.out_units),
                ledger.Leg(platform("stripe_clearing", into), made.into_units),
                ledger.Leg(platform("platform_fx", into), -made.into_units),
            ],
        )
    )  # fmt: skip


def clear(movement: RailMovement, *, now: datetime) -> bool:
    """Whether a balance transaction is a side of a recorded exchange, named or of the same amount; then it is cleared."""
    side = "out" if movement.amount_units < 0 else "into"
    rows = OwnExchange.objects.select_for_update().filter(**{f"{side}_cleared_at__isnull": True})
    found = rows.filter(**{f"{side}_movement": movement}).first() or rows.filter(
        made_at__gte=movement.created_at - WITHIN, made_at__lte=movement.created_at + WITHIN,
        **{f"{side}_movement__isnull": True, f"{side}_currency": movement.currency, f"{side}_units": abs(movement.amount_units)},
    ).order_by("made_at").first()  # fmt: skip
    if found is None:
        return False
    OwnExchange.objects.filter(pk=found.pk).update(**{f"{side}_movement": movement, f"{side}_cleared_at": now})
    mismatches.settle(
        kind="movement_unexplained", subject=movements.subject(movement), actor_id=found.made_by, now=now,
        note=_("An exchange of our own: %(note)s") % {"note": found.note},
    )  # fmt: skip
    return movements.post_cleared(movement, source_kind="own_exchange", source_id=found.pk, now=now)


def open_movements(*, leaves: bool) -> QuerySet[RailMovement]:
    """Stripe's balance transactions that nothing explains, in one direction, the newest first."""
    rows = RailMovement.objects.filter(movements.UNEXPLAINED, cleared_at__isnull=True)
    return (rows.filter(amount_units__lt=0) if leaves else rows.filter(amount_units__gt=0)).order_by("-created_at", "-id")


def open_sides(*, since: datetime) -> list[tuple[OwnExchange, Money]]:
    """Sides that Stripe's books did not show although they were recorded before a moment."""
    rows = OwnExchange.objects.filter(made_at__lte=since)
    left = [(each, Money(each.out_units, each.out_currency)) for each in rows.filter(out_cleared_at__isnull=True)]
    return left + [(each, Money(each.into_units, each.into_currency)) for each in rows.filter(into_cleared_at__isnull=True)]
