"""Exchange: finance's dated rates, and what a payout is worth in the currency of its worker's account.

The platform holds several currencies. A worker who earned in one of them and whose account at the rail is kept in another is
sent the other, at the rate in force when the payout was drafted; the dry run, the payout's page and the API show both amounts
and the rate. The books exchange when the rail has paid: in transit -> platform fx in the one currency, platform fx -> clearing in
the other. Without a rate that is fresh, the amount goes out as it was earned and the rail converts it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid
from kit.money import PAYABLE_STEP, Money
from payments.models import ExchangeRate, Payout, PayoutAccount, PayoutRun

FRESH = timedelta(days=7)
"""An older rate is not used."""
STRIDE = Decimal("1.2")
"""A rate this many times the last one, or less of it, has to be confirmed: more often a slip than a crash."""
MOST = Decimal(1_000_000)


class UnusualRate(Conflict):
    """The rate is far from the last one; `sure` lets it in."""

    code = "unusual_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two of the platform's currencies: the rate in force, if it is fresh, and the newest one, if there is any."""

    base: str
    quote: str
    in_force: ExchangeRate | None
    newest: ExchangeRate | None


def put(
    *, base: str, quote: str, rate: str | Decimal, actor_id: uuid.UUID, now: datetime, sure: bool = False
) -> ExchangeRate:
    """A rate from now on; payouts that are drafted keep theirs. Raises Invalid, UnusualRate."""
    for field, code in (("base", base), ("quote", quote)):
        if code not in settings.PLATFORM_CURRENCIES:
            raise Invalid(_("Expected one of the platform's currencies."), field=field)
    if base == quote:
        raise Invalid(_("Expected two different currencies."), field="quote")
    value = _parsed(rate)
    newest = newest_of(base, quote, now=now)
    if newest and not sure and not newest.rate / STRIDE <= value <= newest.rate * STRIDE:
        raise UnusualRate(_("The last rate was %(rate)s. Confirm that the new one is right.") % {"rate": newest.figure})
    made = ExchangeRate.objects.create(base=base, quote=quote, rate=value, valid_from=now, made_by=actor_id)
    audit.record(subject=made, verb="exchange_rate.set", actor_id=actor_id, now=now)
    return made


def _parsed(rate: str | Decimal) -> Decimal:
    try:
        value = Decimal(rate)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and 0 < value <= MOST) or round(value, 9) != value:
        raise Invalid(_("Expected a rate above zero with at most nine decimals, such as 1.0834."), field="rate")
    return value


def newest_of(base: str, quote: str, *, now: datetime) -> ExchangeRate | None:
    """The newest rate of a pair, however old."""
    return ExchangeRate.objects.filter(base=base, quote=quote, valid_from__lte=now).order_by("-valid_from", "-id").first()


def in_force(base: str, quote: str, *, now: datetime) -> ExchangeRate | None:
    """The newest rate of a pair, unless it is older than a week."""
    return _fresh(newest_of(base, quote, now=now), now)


def _fresh(rate: ExchangeRate | None, now: datetime) -> ExchangeRate | None:
    return rate if rate and now - rate.valid_from <= FRESH else None


def pairs(*, now: datetime) -> list[Pair]:
    """Every pair of the platform's currencies; one statement."""
    held = settings.PLATFORM_CURRENCIES
    rows = ExchangeRate.objects.filter(valid_from__lte=now).order_by("base", "quote", "-valid_from", "-id").distinct("base", "quote")
    newest = {(row.base, row.quote): row for row in rows}
    return [
        Pair(base=base, quote=quote, in_force=_fresh(found, now), newest=found)
        for base in held for quote in held if base != quote for found in [newest.get((base, quote))]
    ]  # fmt: skip


def exchanged(amount: Money, rate: ExchangeRate) -> Money:
    """What an amount is worth: rounded half-even to what can be paid, so that nobody gains by it in the long run."""
    step = PAYABLE_STEP.get(rate.quote, 100)
    steps = (amount.units * rate.rate / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return Money(int(steps) * step, rate.quote)


def into(account: PayoutAccount, currency: str, *, now: datetime) -> ExchangeRate | None:
    """The rate at which earnings in a currency are sent to an account; None where they go out as they are."""
    if account.rail != "stripe" or account.currency == currency or account.currency not in settings.PLATFORM_CURRENCIES:
        return None
    return in_force(currency, account.currency, now=now)


def worth(amount: Money, account: PayoutAccount, *, now: datetime) -> Money | None:
    """What an amount would be sent as today; None where it goes out as it is, or nothing is left of it."""
    rate = into(account, amount.currency, now=now) if amount else None
    found = exchanged(amount, rate) if rate else None
    return found if found else None


def sent_abroad(run: PayoutRun) -> list[Money]:
    """What a run sends in other currencies than its own, by currency: what has to be there at the rail."""
    rows = run.payouts.exclude(exchanged_into="").order_by("exchanged_into").values_list("exchanged_into")
    return [Money(int(units or 0), currency) for currency, units in rows.annotate(units=Sum("exchanged_units"))]


def fix(*, run: PayoutRun, now: datetime) -> None:
    """Give the payouts of a draft the rate at which they will be sent."""
    abroad = run.payouts.select_related("account").exclude(account__currency=run.currency)
    rates: dict[str, ExchangeRate | None] = {}
    changed = []
    for payout in abroad:
        kept_in = payout.account.currency
        if kept_in not in rates:
            rates[kept_in] = into(payout.account, run.currency, now=now)
        if (rate := rates[kept_in]) and (worth := exchanged(payout.amount, rate)).units:
            payout.rate, payout.exchanged_units, payout.exchanged_into = rate, worth.units, worth.currency
            changed.append(payout)
    Payout.objects.bulk_update(changed, ["rate", "exchanged_units", "exchanged_into"], batch_size=500)
