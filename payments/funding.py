"""Clients' money: paid in through Stripe's hosted page, promised to batches at launch, returned when they are settled."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from kit import outbox, states
from kit.errors import Conflict, Invalid
from kit.money import Money
from payments import gateway, ledger, locks, mismatches, payout_accounts, receivables, sql, stripe_gateway, stripe_invoices, words
from payments.chart import Account, platform
from payments.models import BatchTally, Funding
from payments.states import FUNDING
from workers.models import User

LOW_BP = 2_000
"""A client hears `budget.low` when a launch leaves less prepaid than this share of what it took."""


DUE = timedelta(days=14)
"""How long an invoice may take to be paid."""
INVOICE = "in_"
"""How ids of Stripe's invoices begin."""
LEAST, MOST = 10_000, 9_999_999_900
"""Units that one payment may be: 1.00 to 999,999.99, which is as much as a hosted page takes."""


class InsufficientFunds(Conflict):
    """The client's prepaid money does not cover it; `missing` says by how much."""

    code = "insufficient_funds"

    def __init__(self, missing: Money) -> None:
        message = _("There is not enough prepaid money: %(missing)s is missing. Add funds and launch again.")
        super().__init__(message % {"missing": words.amount(missing)}, missing=str(missing.decimal()), currency=missing.currency)
        self.missing = missing


def prepaid(*, organisation_id: uuid.UUID, currency: str) -> Money:
    """What a client has paid in and not promised to any batch."""
    return ledger.balance(Account("client_prepaid", organisation_id, currency))


def reserve(
    *, organisation_id: uuid.UUID, batch_id: uuid.UUID, amount: Money, idem: str, actor_id: uuid.UUID | None, now: datetime
) -> None:
    """Promise prepaid money to a batch; the guarded account makes fifty launches over one balance safe.

    Once per `idem`. Raises InsufficientFunds, and nothing is promised then.
    """
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    prepaid_account = Account("client_prepaid", organisation_id, amount.currency)
    legs = ledger.move(amount, debit=prepaid_account, credit=Account("batch_reserved", batch_id, amount.currency))
    try:
        posted = ledger.post(
            ledger.Posting(
                idem=idem, kind="reserve", source_kind="batch", source_id=batch_id, legs=legs, actor_id=actor_id, now=now
            )
        )
    except ledger.Overdrawn:
        raise InsufficientFunds(amount - ledger.balance(prepaid_account)) from None
    if posted:
        _tally(organisation_id=organisation_id, batch_id=batch_id, given=amount)
        left = ledger.balance(prepaid_account)
        if left < amount.times_bp(LOW_BP):
            outbox.emit(
                "budget.low", organisation_id=str(organisation_id), batch_id=str(batch_id),
                prepaid_units=left.units, currency=left.currency,
            )  # fmt: skip


def return_reserve(
    *, organisation_id: uuid.UUID, batch_id: uuid.UUID, amount: Money, idem: str, actor_id: uuid.UUID | None, now: datetime
) -> None:
    """Give what a batch no longer needs back to prepaid, once per `idem`. Raises Conflict when less than that is left."""
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    locks.reserve_of(batch_id)
    reserve_account = Account("batch_reserved", batch_id, amount.currency)
    legs = ledger.move(amount, debit=reserve_account, credit=Account("client_prepaid", organisation_id, amount.currency))
    posting = ledger.Posting(
        idem=idem, kind="return", source_kind="batch", source_id=batch_id, legs=legs, actor_id=actor_id, now=now
    )
    if not ledger.posted(idem) and ledger.balance(reserve_account) < amount:
        raise Conflict(_("The batch has less than this left in its reserve."))
    if ledger.post(posting):
        _tally(organisation_id=organisation_id, batch_id=batch_id, given=-amount)


def reserved(*, batch_id: uuid.UUID, currency: str) -> Money:
    """What is promised to a batch and not yet earned, pending or charged as fee."""
    parts = BatchTally.objects.filter(batch_id=batch_id, currency=currency).aggregate(
        left=Sum(F("given_units") - F("pending_units") - F("paid_units") - F("fee_units"))
    )
    return Money(int(parts["left"] or 0), currency)


def _tally(*, organisation_id: uuid.UUID, batch_id: uuid.UUID, given: Money) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.GIVE,
            {"batch": batch_id, "organisation": organisation_id, "currency": given.currency, "given": given.units},
        )


# --- paying in: intent (committed), call, outcome (committed) --------------------------------------------------------


def start_checkout(
    *, organisation_id: uuid.UUID, amount: Money, actor_id: uuid.UUID, now: datetime, success_url: str, cancel_url: str
) -> Funding:
    """A hosted page on which the client pays; open `funding.url` by a link. `{funding}` in the addresses becomes its id.

    Opens its own transactions. Raises Invalid for an amount that cannot be charged, RailUnavailable when Stripe does not
    answer (the wish is kept and finished by a job).
    """
    _check(amount)
    with transaction.atomic(durable=True):
        wish = Funding(
            organisation_id=organisation_id, currency=amount.currency, amount_units=amount.units, started_by=actor_id,
            created_at=now,
        )  # fmt: skip
        wish.success_url = success_url.replace("{funding}", str(wish.pk))
        wish.cancel_url = cancel_url.replace("{funding}", str(wish.pk))
        wish.save()
    return open_checkout(funding_id=wish.pk, now=now)


def ask_invoice(*, organisation_id: uuid.UUID, amount: Money, actor_id: uuid.UUID, now: datetime) -> Funding:
    """An invoice that the client pays by bank transfer; what arrives is prepaid then. Transactions and errors as for a hosted page."""
    _check(amount)
    with transaction.atomic(durable=True):
        wish = Funding.objects.create(
            organisation_id=organisation_id, currency=amount.currency, amount_units=amount.units, started_by=actor_id,
            created_at=now, way="invoice",
        )  # fmt: skip
    return open_checkout(funding_id=wish.pk, now=now)


def _check(amount: Money) -> None:
    if amount.currency not in settings.PLATFORM_CURRENCIES:
        raise Invalid(_("Expected one of these currencies: %(all)s.") % {"all": ", ".join(settings.PLATFORM_CURRENCIES)},
                      field="currency")  # fmt: skip
    if amount.payable() != amount or not LEAST <= amount.units <= MOST:
        raise Invalid(_("Expected an amount in whole cents between 1.00 and 999,999.99."), field="amount")


def open_checkout(*, funding_id: uuid.UUID, now: datetime) -> Funding:
    """Make the hosted page or the invoice of a wish to pay, under a key of its own; a job calls it again after a crash."""
    wish = Funding.objects.select_related("organisation").get(pk=funding_id)
    try:
        page = _invoice(wish) if wish.way == "invoice" else _page(wish)
    except gateway.InDoubt as error:
        raise payout_accounts.unavailable() from error
    except gateway.Definite as error:
        with transaction.atomic(durable=True):
            wish = locks.funding(funding_id)
            if wish.state == "intended":
                states.move(wish, chart=FUNDING, to="failed", actor_id=None, now=now, reason=error.code, fault=error.code)
        raise payout_accounts.unavailable() from error
    with transaction.atomic(durable=True):
        wish = locks.funding(funding_id)
        if wish.state == "intended":
            states.move(wish, chart=FUNDING, to="open", actor_id=None, now=now, checkout_id=page.id, url=page.url)
    return wish


def _page(wish: Funding) -> gateway.Checkout:
    return stripe_gateway.open_checkout(
        key=f"funding-{wish.pk}", funding_id=wish.pk, amount=Money(wish.amount_units, wish.currency), words=_("Prepaid work"),
        success_url=wish.success_url, cancel_url=wish.cancel_url,
    )  # fmt: skip


def _invoice(wish: Funding) -> gateway.Checkout:
    """With the client as Stripe knows it from an earlier invoice, or made known now."""
    known = Funding.objects.filter(organisation=wish.organisation).exclude(customer="").order_by("created_at")
    customer = known.values_list("customer", flat=True).first() or stripe_invoices.create_customer(
        key=f"customer-{wish.pk}", organisation_id=wish.organisation_id, name=wish.organisation.name,
        email=User.objects.filter(pk=wish.started_by).values_list("email", flat=True).first() or "",
    )  # fmt: skip
    Funding.objects.filter(pk=wish.pk).update(customer=customer)
    return stripe_invoices.open_invoice(
        key=f"funding-{wish.pk}", funding_id=wish.pk, customer=customer, amount=Money(wish.amount_units, wish.currency),
        words=_("Prepaid work"), due=DUE,
    )  # fmt: skip


def give_up(*, funding_id: uuid.UUID, now: datetime) -> None:
    """A wish whose page was never made in a day is dropped; nothing was paid, as nobody ever saw the page."""
    wish = locks.funding(funding_id)
    if wish.state == "intended":
        states.move(wish, chart=FUNDING, to="failed", actor_id=None, now=now, reason="never_opened", fault="never_opened")


def read_again(*, checkout_id: str, now: datetime) -> None:
    """Ask Stripe how a hosted page or an invoice stands and keep it. Opens its own transaction; raises GatewayError."""
    by_invoice = checkout_id.startswith(INVOICE)
    page = stripe_invoices.read_invoice(checkout_id) if by_invoice else stripe_gateway.read_checkout(checkout_id)
    with transaction.atomic(durable=True):
        keep(page=page, now=now)


def withdraw(*, funding_id: uuid.UUID, now: datetime) -> None:
    """An open invoice that will not be paid is made void. Raises Conflict for anything else, RailUnavailable."""
    wish = Funding.objects.get(pk=funding_id)
    if wish.way != "invoice" or wish.state != "open" or not wish.checkout_id:
        raise Conflict(_("Only an open invoice can be withdrawn."), state=wish.state)
    try:
        page = stripe_invoices.void(wish.checkout_id)
    except gateway.Definite:
        return read_again(checkout_id=wish.checkout_id, now=now)
    except gateway.GatewayError as error:
        raise payout_accounts.unavailable() from error
    with transaction.atomic(durable=True):
        keep(page=page, now=now)
    return None


def keep(*, page: gateway.Checkout, now: datetime) -> None:
    """Keep what Stripe says of a hosted page. A page that is not ours is left alone, old news changes nothing."""
    if page.funding_id is None or not Funding.objects.filter(pk=page.funding_id).exists():
        return
    wish = locks.funding(page.funding_id)
    if wish.state == "intended":
        # The call went through, its outcome was never written: the runner died between the two.
        states.move(wish, chart=FUNDING, to="open", actor_id=None, now=now, checkout_id=page.id, url=page.url)
    target = {"paid": "settled"}.get(page.state, page.state)
    if target in (wish.state, "open") or not FUNDING.allows(wish.state, target):
        return
    if target == "settled":
        _settle(wish, page, now)
    else:
        states.move(wish, chart=FUNDING, to=target, actor_id=None, now=now, reason=page.fault[:80], fault=page.fault)
        if target == "failed":
            outbox.emit("funding.failed", funding_id=str(wish.pk), organisation_id=str(wish.organisation_id))


def _settle(wish: Funding, page: gateway.Checkout, now: datetime) -> None:
    """The money is at Stripe: stripe clearing -> client prepaid. What differs from the wish is credited to nobody."""
    amount = Money(wish.amount_units, wish.currency)
    if page.amount != amount or not page.charge_id:
        mismatches.name(
            kind="payment_differs", subject=page.id, ours=amount, theirs_units=page.amount.units, now=now
        )
        return
    states.move(
        wish, chart=FUNDING, to="settled", actor_id=None, now=now, settled_at=now, charge_id=page.charge_id, fault=""
    )
    outbox.emit("funding.settled", funding_id=str(wish.pk), organisation_id=str(wish.organisation_id))
    ledger.post(
        ledger.Posting(
            idem=f"fund:{wish.pk}", kind="fund", source_kind="funding", source_id=wish.pk, actor_id=wish.started_by, now=now,
            legs=ledger.move(
                amount, debit=platform("stripe_clearing", wish.currency),
                credit=Account("client_prepaid", wish.organisation_id, wish.currency),
            ),
        )
    )  # fmt: skip
    receivables.collect(
        organisation_id=wish.organisation_id, currency=wish.currency, source_kind="funding", source_id=wish.pk, now=now
    )
