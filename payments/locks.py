"""Every lock that money takes apart from the ledger's own, in one place; postings come last in a transaction."""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from kit.errors import NotFound
from payments.models import (
    AgencyDay,
    AgencyTakeBack,
    Attempt,
    Correction,
    Earning,
    Funding,
    Hold,
    Payout,
    PayoutAccount,
    PayoutRun,
    Refund,
)


def reserve_of(batch_id: uuid.UUID) -> None:
    """Whoever decides by what is left of a batch's reserve does so alone; submissions are not kept waiting.

    The 64 random low bits of the batch's id name the lock, which ends with the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(batch_id.bytes[8:], "big", signed=True)])


def account_of(organisation_id: uuid.UUID) -> None:
    """Whoever moves money between a client's own accounts by what they hold does so alone; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(organisation_id.bytes[8:], "big", signed=True)])


def earning(earning_id: uuid.UUID) -> Earning:
    """Raises NotFound."""
    found = Earning.objects.select_for_update().filter(pk=earning_id).first()
    if found is None:
        raise NotFound(_("There is no such earning."))
    return found


def correction(correction_id: uuid.UUID) -> Correction:
    """Raises NotFound."""
    found = Correction.objects.select_for_update().filter(pk=correction_id).first()
    if found is None:
        raise NotFound(_("There is no such correction."))
    return found


def hold(hold_id: uuid.UUID) -> Hold:
    """Raises NotFound."""
    found = Hold.objects.select_for_update().filter(pk=hold_id).first()
    if found is None:
        raise NotFound(_("There is no such hold."))
    return found


def funding(funding_id: uuid.UUID) -> Funding:
    """Raises NotFound."""
    found = Funding.objects.select_for_update().filter(pk=funding_id).first()
    if found is None:
        raise NotFound(_("There is no such payment."))
    return found


def refund(refund_id: uuid.UUID) -> Refund:
    return Refund.objects.select_for_update().get(pk=refund_id)


def run(run_id: uuid.UUID) -> PayoutRun:
    """Raises NotFound."""
    found = PayoutRun.objects.select_for_update().filter(pk=run_id).first()
    if found is None:
        raise NotFound(_("There is no such payout run."))
    return found


def payout(payout_id: uuid.UUID) -> Payout:
    """The payout with its run and account; the row alone is locked."""
    return Payout.objects.select_for_update(of=("self",)).select_related("run", "account").get(pk=payout_id)


def attempt(attempt_id: uuid.UUID) -> Attempt:
    """One try; always after its payout."""
    return Attempt.objects.select_for_update().get(pk=attempt_id)


def payout_account(account_id: uuid.UUID) -> PayoutAccount:
    return PayoutAccount.objects.select_for_update().get(pk=account_id)


def agency_day(day_id: uuid.UUID) -> AgencyDay:
    """A noted day of an agency, which whoever posts it has alone."""
    return AgencyDay.objects.select_for_update().get(pk=day_id)


def take_backs(agency_id: uuid.UUID, currency: str) -> list[AgencyTakeBack]:
    """What is left to take back from an agency in a currency, the oldest first."""
    rows = AgencyTakeBack.objects.select_for_update().filter(agency_id=agency_id, currency=currency, taken_units__lt=F("units"))
    return list(rows.order_by("at", "id"))
