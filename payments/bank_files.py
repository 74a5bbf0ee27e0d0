"""Files for our bank: what waits for one, writing it, and its bytes, which are the same at each download."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from kit import audit, states
from kit.errors import Conflict, NotFound
from kit.money import Money
from payments import bank_details, locks, pain001, rails, sealing
from payments.models import BankFile, BankPayment, PayoutRun
from payments.states import BANK_PAYMENT

MOST = 5_000
"""Payments in a file; the rest of a run makes another."""


class NothingWaits(Conflict):
    """No payment of the run waits for a file."""

    code = "nothing_waits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Payments of a run that are in no file yet."""

    run: PayoutRun
    count: int
    total: Money


def waiting() -> list[Waiting]:
    """By run, oldest first: two statements."""
    sums = BankPayment.objects.filter(state="waiting").order_by().values_list("payout__run_id").annotate(
        n=Count("key"), units=Sum("amount_units")
    )  # fmt: skip
    found = {run_id: (n, units) for run_id, n, units in sums}
    runs = PayoutRun.objects.filter(pk__in=found).order_by("drafted_at", "id")
    return [Waiting(run=run, count=found[run.pk][0], total=Money(int(found[run.pk][1]), run.currency)) for run in runs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A file, its sum, and how many of its payments are how far."""

    file: BankFile
    total: Money
    states: list[tuple[str, int]]


def progress(files: Sequence[BankFile]) -> list[Progress]:
    """One statement for all of them."""
    counted = BankPayment.objects.filter(file__in=files).order_by().values_list("file_id", "state").annotate(n=Count("key"))
    found = {(file_id, state): n for file_id, state, n in counted}
    return [
        Progress(
            file=file, total=Money(file.total_units, file.currency),
            states=[(state, found[file.pk, state]) for state in BANK_PAYMENT.states if (file.pk, state) in found],
        )
        for file in files
    ]  # fmt: skip


def write(*, run_id: uuid.UUID, actor_id: uuid.UUID, now: dt.datetime) -> BankFile:
    """Put what waits of a run into a file, for good. Only payments of approved runs wait, so whoever had to approve has.

    Raises NotFound, NothingWaits, Conflict while the rail is off or the run is paused, CannotOpen where details cannot be read.
    """
    if not rails.is_on("bank_file"):
        raise Conflict(_("Payment files need our own bank account and a key for bank details; they are not set here."))
    run = locks.run(run_id)
    if run.state == "paused":
        raise Conflict(_("This run is paused. Let it go on first."))
    payments = list(BankPayment.objects.select_for_update().filter(payout__run=run, state="waiting").order_by("key")[:MOST])
    if not payments:
        raise NothingWaits(_("Nothing of this run waits for a file."))
    for payment in payments:
        sealing.unseal(payment.sealed)
    file = BankFile.objects.create(
        run=run, currency=run.currency, payments_count=len(payments), total_units=sum(each.amount_units for each in payments),
        debtor=dict(settings.BANK_FILE_DEBTOR), execute_on=_working_day(now.date()), written_by=actor_id, written_at=now,
    )  # fmt: skip
    for payment in payments:
        states.move(payment, chart=BANK_PAYMENT, to="filed", actor_id=actor_id, now=now, file=file)
    audit.record(subject=file, verb="bank_file.written", actor_id=actor_id, now=now)
    return file


def _working_day(day: dt.date) -> dt.date:
    """The day itself, or the Monday after it."""
    return day + dt.timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0)


def find(file_id: uuid.UUID) -> BankFile:
    """Raises NotFound."""
    found = BankFile.objects.filter(pk=file_id).first()
    if found is None:
        raise NotFound(_("There is no such payment file."))
    return found


def download(*, file_id: uuid.UUID, actor_id: uuid.UUID, now: dt.datetime) -> bytes:
    """The file itself, with everybody's bank details in it; each download stands in the audit trail. Raises NotFound, CannotOpen."""
    file = find(file_id)
    lines = [
        pain001.Line(key=each.key, amount=Money(each.amount_units, each.currency), to=bank_details.opened(each.sealed))
        for each in file.payments.order_by("key")
    ]
    BankFile.objects.filter(pk=file.pk, downloaded_at__isnull=True).update(downloaded_at=now)
    audit.record(subject=file, verb="bank_file.downloaded", actor_id=actor_id, now=now)
    return pain001.write(
        message_id=file.message_id, written_at=file.written_at, execute_on=file.execute_on, debtor=pain001.Debtor(**file.debtor),
        lines=lines, about=f"Payout {file.written_at:%Y-%m-%d}",
    )  # fmt: skip

