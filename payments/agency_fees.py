"""Agencies' fees: a share of our own fee on the accepted answers of their people, noted each night and paid with the payouts.

Neither worker nor client pays for it: it is posted from platform_revenue to whom the agency named, one earning a day.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid
from kit.ids import uuid7
from kit.money import BASIS, Money, half_even
from payments import earnings, holds, locks, sheets, words
from payments.models import AgencyDay, AgencyPayee, AgencyShare, AgencyTakeBack, Funding, PayoutAccount
from payments.models.agencies import MOST_BP
from workers import notices, queries
from workers.models import Agency, Membership, Organisation

SOURCE, LINE, RULE = "agency", "agency_fee", "agency_fee/1"
LOOKS_BACK = dt.timedelta(days=35)
"""How far back a night looks for days that were not noted, should nights have been missed."""
NEWS = "agency.terms"
PAYABLE = (Membership.OWNER, Membership.MANAGER)
"""The roles in an agency to which its fees may go."""

words.declare_source(SOURCE, gettext_lazy("Agency's fee"))
notices.declare(
    NEWS, gettext_lazy("From %(day)s on, %(agency)s gets %(share)s %% of our fee on its people's accepted answers."),
    url_name="payments:agency_fees", url_params=("org",), mail=True,
)  # fmt: skip
notices.declare(
    "agency.payee", gettext_lazy("The fees of %(agency)s go to %(name)s from now on. They wait 72 hours first."),
    url_name="payments:agency_fees", url_params=("org",), mail=True,
)  # fmt: skip

ACCEPTED = """
SELECT place.agency_id, (e.settled_at AT TIME ZONE 'UTC')::date AS day, e.currency, count(*), sum(e.confirmed_fee_units)::bigint
FROM workers_teamplace place
JOIN payments_earning e ON e.worker_id = place.worker_id AND e.created_at >= place.since
    AND (place.until IS NULL OR e.created_at < place.until)
WHERE e.state = 'confirmed' AND e.source_kind = 'submission' AND NOT e.from_losses
  AND e.settled_at >= %(start)s AND e.settled_at < %(end)s
  AND (%(client)s::uuid IS NULL OR e.organisation_id = %(client)s)
GROUP BY 1, 2, 3 ORDER BY 2, 1, 3
"""
"""Our fee on what people handed in while they were in a team and what was accepted for good in a time, by agency, day and currency."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agency's fees stand: what the days came to in all, what is paid, what waits, and why it does."""

    currency: str
    noted: Money
    posted: Money
    waiting: Money
    to_take: Money


def _line(inputs: dict[str, object], currency: str) -> str:
    return _("%(share)s %% of our fee of %(fee)s on %(answers)s accepted answers of %(agency)s, %(day)s") % {
        "share": f"{int(str(inputs['share_bp'])) / 100:g}", "fee": words.amount(Money(int(str(inputs["our_fee_units"])), currency)),
        "answers": inputs["answers"], "agency": inputs["agency"], "day": inputs["day"],
    }  # fmt: skip


words.declare_line(LINE, gettext_lazy("Agency's fee"), _line)  # type: ignore[arg-type]


# --- terms -------------------------------------------------------------------------------------------------------------


def agree(
    *, agency: Organisation, share_bp: int, from_day: dt.date, note: str = "", by_id: uuid.UUID, now: dt.datetime
) -> AgencyShare:
    """Agree on another share of our fee from a day on, today at the earliest. Raises Invalid, Conflict for a day that has its row."""
    if isinstance(share_bp, bool) or not 0 <= share_bp <= MOST_BP:
        raise Invalid(_("An agency gets 0 to 50 %% of our fee.") % (), field="share_bp")
    if not now.astimezone(dt.UTC).date() <= from_day <= now.date() + dt.timedelta(days=731):
        raise Invalid(_("Terms begin today or later: what was earned is never counted anew."), field="from_day")
    try:
        with transaction.atomic():
            made = AgencyShare.objects.create(
                agency=agency, share_bp=share_bp, from_day=from_day, note=note.strip()[:300], agreed_by_id=by_id, agreed_at=now
            )
    except IntegrityError:
        raise Conflict(_("Something was agreed for this day already. Choose another one."), field="from_day") from None
    audit.record(subject=made, verb="agency.share", actor_id=by_id, now=now)
    words_of = {"day": from_day.isoformat(), "agency": agency.name, "share": f"{share_bp / 100:g}", "org": agency.slug}
    notices.tell_many(queries.members_of(agency.pk), NEWS, **words_of)
    return made


def shares(agency_id: uuid.UUID) -> QuerySet[AgencyShare]:
    """Everything that was agreed, the latest day first."""
    return AgencyShare.objects.filter(agency_id=agency_id).select_related("agreed_by").order_by("-from_day")


def share_on(agency_id: uuid.UUID, day: dt.date) -> int:
    """The share in basis points that holds on a day; nothing where nothing was agreed."""
    row = AgencyShare.objects.filter(agency_id=agency_id, from_day__lte=day).order_by("-from_day").first()
    return row.share_bp if row else 0


def payee_of(agency_id: uuid.UUID) -> AgencyPayee | None:
    """To whom an agency's fees go."""
    return AgencyPayee.objects.select_related("user", "set_by").filter(pk=agency_id).first()


def possible_payees(agency_id: uuid.UUID) -> list[Membership]:
    """The owners and managers of an agency whose own payout account is ready."""
    ready = PayoutAccount.objects.filter(user=OuterRef("user"), state="active")
    rows = Membership.objects.filter(Exists(ready), organisation_id=agency_id, role__in=PAYABLE)
    return list(rows.select_related("user").order_by("user__name"))


def name_payee(*, agency: Organisation, user_id: uuid.UUID, by_id: uuid.UUID, now: dt.datetime) -> AgencyPayee:
    """Say to whose payout account the fees go; they wait 72 hours then. The same person again changes nothing. Raises Invalid."""
    if user_id not in {each.user_id for each in possible_payees(agency.pk)}:
        raise Invalid(_("Expected an owner or manager of the agency whose payout account is ready."), field="user")
    held = payee_of(agency.pk)
    if held is not None and held.user_id == user_id:
        return held
    made, _new = AgencyPayee.objects.update_or_create(
        agency=agency, defaults={"user_id": user_id, "set_by_id": by_id, "set_at": now}
    )
    audit.record(subject=made, verb="agency.payee", actor_id=by_id, now=now)
    notices.tell_many(
        queries.members_of(agency.pk, roles=PAYABLE), "agency.payee", agency=agency.name, name=made.user.name, org=agency.slug
    )
    return made


# --- every night -------------------------------------------------------------------------------------------------------


def note_days(*, now: dt.datetime) -> int:
    """Note the days that are over and are not noted yet, each in a transaction of its own; returns how many. Safe to repeat."""
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    noted = set(AgencyDay.objects.filter(day__gte=(today - LOOKS_BACK).date()).values_list("agency_id", "day", "currency"))
    made = 0
    for agency_id, day, currency, answers, fee in _accepted(today - LOOKS_BACK, today):
        if (agency_id, day, currency) in noted:
            continue
        with transaction.atomic():
            made += _note(agency_id, day, Money(fee, currency), answers, now)
    return made


def _accepted(
    start: dt.datetime, end: dt.datetime, client: uuid.UUID | None = None
) -> Iterator[tuple[uuid.UUID, dt.date, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED, {"start": start, "end": end, "client": client})
        yield from cursor.fetchall()


def _note(agency_id: uuid.UUID, day: dt.date, ours: Money, answers: int, now: dt.datetime) -> bool:
    """One day: our fee x share, less what has to be taken back, never below zero. Nothing is noted where nothing was agreed."""
    share_bp = share_on(agency_id, day)
    fee = ours.times_bp(share_bp)
    if not fee:
        return False
    row, new = AgencyDay.objects.get_or_create(
        agency_id=agency_id, day=day, currency=ours.currency,
        defaults={
            "answers": answers, "our_fee_units": ours.units, "share_bp": share_bp, "fee_units": fee.units, "noted_at": now,
        },
    )  # fmt: skip
    if new:
        row.taken_units = _take(agency_id, fee)
        row.save(update_fields=["taken_units"])
    return new


def _take(agency_id: uuid.UUID, most: Money) -> int:
    """Take what is left to take back, the oldest first, off a day's sum; returns how much."""
    taken = 0
    for debt in locks.take_backs(agency_id, most.currency):
        part = min(debt.units - debt.taken_units, most.units - taken)
        if part:
            AgencyTakeBack.objects.filter(pk=debt.pk).update(taken_units=debt.taken_units + part)
            taken += part
    return taken


def post_due(*, now: dt.datetime) -> int:
    """Post the noted days of agencies that are not paused and named a payee 72 hours ago or earlier; returns how many."""
    posted = 0
    payees = AgencyPayee.objects.filter(_belongs(), set_at__lte=now - holds.WAIT, agency__agency__paused_at__isnull=True)
    for payee in payees.select_related("agency"):
        ids = AgencyDay.objects.filter(agency_id=payee.pk, earning=None).order_by("day", "currency").values_list("pk", flat=True)
        for day_id in ids:
            with transaction.atomic():
                posted += _post(locks.agency_day(day_id), payee, now)
    return posted


def _belongs() -> Exists:
    """Whether a payee still is an owner or manager of the agency: who left it is paid nothing more for it."""
    own = Membership.objects.filter(organisation=OuterRef("agency"), user=OuterRef("user"), role__in=PAYABLE)
    return Exists(own)


def _post(row: AgencyDay, payee: AgencyPayee, now: dt.datetime) -> bool:
    units = row.fee_units - row.taken_units
    if row.earning_id is not None or not units:
        return False
    inputs = {
        "agency": payee.agency.name, "day": row.day.isoformat(), "answers": row.answers, "our_fee_units": row.our_fee_units,
        "share_bp": row.share_bp, "taken_units": row.taken_units,
    }  # fmt: skip
    accrual = earnings.Accrual(
        earning_id=uuid7(), worker_id=payee.user_id, organisation_id=row.agency_id, batch_id=row.agency_id, source_kind=SOURCE,
        source_id=row.pk, currency=row.currency, lines=[earnings.Line(LINE, units, inputs, RULE)], fee_units=0, confirmed=True,
        now=now, from_revenue=True,
    )  # fmt: skip
    if made := earnings.add(accrual):
        AgencyDay.objects.filter(pk=row.pk).update(earning_id=accrual.earning_id)
    return made


# --- what falls away afterwards ----------------------------------------------------------------------------------------


def take_back(
    *, agency: Organisation, amount: Money, source_kind: str, source_id: uuid.UUID, why: str, by_id: uuid.UUID | None, now: dt.datetime
) -> AgencyTakeBack | None:
    """Take a fee off the next days' sums, never below zero; once per source (None the second time). Raises Invalid."""
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    if by_id is not None and not 4 <= len(why.strip()) <= 300:
        raise Invalid(_("Write in 4 to 300 characters what happened: the agency reads it."), field="why")
    made, new = AgencyTakeBack.objects.get_or_create(
        agency=agency, source_kind=source_kind, source_id=source_id,
        defaults={"currency": amount.currency, "units": amount.units, "why": why.strip(), "by_id": by_id, "at": now},
    )  # fmt: skip
    if new:
        audit.record(subject=made, verb="agency.taken_back", actor_id=by_id, now=now)
    return made if new else None


def on_chargeback_lost(*, organisation_id: str, units: int, currency: str, key: str = "", at: str = "", **_rest: object) -> None:
    """Reaction to `chargeback.lost`: of the fees on that client's work, agencies lose the share that its bank took of all it paid in."""
    if not key:
        return
    client, now = uuid.UUID(organisation_id), dt.datetime.fromisoformat(at)
    paid_in = Funding.objects.filter(organisation_id=client, currency=currency, state="settled").aggregate(sum=Sum("amount_units"))["sum"]
    if not paid_in:
        return
    weighed: dict[uuid.UUID, int] = {}
    noted = dict(_noted_shares(currency))
    for agency_id, day, of, _answers, fee in _accepted(dt.datetime(sheets.FIRST_YEAR, 1, 1, tzinfo=dt.UTC), now, client):
        if of == currency:
            weighed[agency_id] = weighed.get(agency_id, 0) + fee * noted.get((agency_id, day), 0)
    for agency_id, weight in weighed.items():
        amount = Money(half_even(weight * min(units, paid_in), BASIS * paid_in), currency)
        if amount.units > 0:
            take_back(
                agency=queries.organisation(agency_id), amount=amount, source_kind="chargeback", source_id=uuid.UUID(key), why="",
                by_id=None, now=now,
            )  # fmt: skip


def _noted_shares(currency: str) -> Iterator[tuple[tuple[uuid.UUID, dt.date], int]]:
    for agency_id, day, share_bp in AgencyDay.objects.filter(currency=currency).values_list("agency_id", "day", "share_bp"):
        yield (agency_id, day), share_bp


# --- what pages show ---------------------------------------------------------------------------------------------------


def days(agency_id: uuid.UUID, *, start: dt.datetime) -> list[AgencyDay]:
    """A month's days, by day and currency."""
    rows = AgencyDay.objects.filter(agency_id=agency_id, day__gte=start.date(), day__lt=sheets.after(start).date())
    return list(rows.select_related("earning__payout").order_by("day", "currency"))


def standings(agency_id: uuid.UUID) -> list[Standing]:
    """How the fees stand, by currency."""
    rows = AgencyDay.objects.filter(agency_id=agency_id).order_by().values_list("currency")
    sums = rows.annotate(
        fee=Sum("fee_units"), taken=Sum("taken_units"), paid=Sum("earning__confirmed_units", filter=Q(earning__isnull=False))
    )
    owed = _to_take(agency_id)
    found = {currency: (int(fee - taken), int(paid or 0)) for currency, fee, taken, paid in sums}
    return [
        Standing(
            currency=currency, noted=Money(net, currency), posted=Money(paid, currency), waiting=Money(net - paid, currency),
            to_take=Money(owed.get(currency, 0), currency),
        )
        for currency, (net, paid) in sorted((found | {each: (0, 0) for each in owed if each not in found}).items())
    ]  # fmt: skip


def _to_take(agency_id: uuid.UUID) -> dict[str, int]:
    rows = AgencyTakeBack.objects.filter(agency_id=agency_id).order_by().values_list("currency")
    sums = rows.annotate(all=Sum("units"), taken=Sum("taken_units"))
    return {currency: int(every - taken) for currency, every, taken in sums if every > taken}


def why_waiting(agency_id: uuid.UUID, *, now: dt.datetime) -> str:
    """Why noted days are not paid out yet, in words; nothing where the next night posts them."""
    payee = payee_of(agency_id)
    if payee is None:
        return _("Nobody is named yet to whom the fees go. They are kept until somebody is.")
    if not AgencyPayee.objects.filter(_belongs(), pk=agency_id).exists():
        return _("Whoever was named to get the fees has left the agency. They are kept until somebody else is named.")
    if Agency.objects.filter(pk=agency_id, paused_at__isnull=False).exists():
        return _("Ops paused this agency. Its fees are noted and paid when it goes on.")
    if payee.set_at > now - holds.WAIT:
        return _("The payee changed less than 72 hours ago.")
    return ""


def take_backs(agency_id: uuid.UUID) -> QuerySet[AgencyTakeBack]:
    """What fell away afterwards, the newest first."""
    return AgencyTakeBack.objects.filter(agency_id=agency_id).order_by("-at")
