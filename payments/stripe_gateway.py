"""The one door to Stripe: a few calls in our own words, each POST under a key, each failure named for what it means.

No call is made inside a database transaction. What Stripe answers is read into small frozen values; nobody else sees
its objects. Amounts cross this door as Money and are turned into Stripe's minor units exactly or not at all.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings
from stripe.params.checkout import SessionCreateParamsLineItemPriceData

from kit.money import Money
from payments.gateway import (
    Account,
    BalanceShort,
    BankTransfer,
    Checkout,
    Definite,
    Dispute,
    Event,
    InDoubt,
    KeyRefused,
    Movement,
    Refund,
    Transfer,
)

TIMEOUT_SECONDS = (4, 20)
RETRIES = 2
"""Retries inside one call, under the same key; the client's own default is none."""
ZERO_DECIMAL = frozenset({"JPY"})


@lru_cache(maxsize=4)
def _client_for(key: str, base: str | None) -> stripe.StripeClient:
    return stripe.StripeClient(
        key, max_network_retries=RETRIES, http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": base} if base else {},
    )  # fmt: skip


def client() -> stripe.StripeClient:
    if not settings.STRIPE_API_KEY:
        raise KeyRefused("no_key", "STRIPE_API_KEY is not set")
    return _client_for(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


@contextmanager
def named_failures() -> Iterator[None]:
    """Each of Stripe's errors as what it means for money; what is not known to be a refusal is doubt."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise KeyRefused(_code(error), str(error.user_message or "")) from error
    except stripe.InvalidRequestError as error:
        if error.http_status == 409:
            raise InDoubt(_code(error), str(error)) from error
        kind = BalanceShort if error.code in {"balance_insufficient", "insufficient_funds"} else Definite
        raise kind(_code(error), str(error.user_message or "")) from error
    except (stripe.CardError, stripe.InsufficientFundsError) as error:
        raise BalanceShort(_code(error), str(error.user_message or "")) from error
    except stripe.StripeError as error:
        raise InDoubt(_code(error), str(error)) from error


def _code(error: stripe.StripeError) -> str:
    return error.code or type(error).__name__


def to_minor(amount: Money) -> int:
    """Stripe's minor units; raises ValueError rather than lose a fraction."""
    whole, rest = divmod(amount.units, 10_000 if amount.currency in ZERO_DECIMAL else 100)
    if rest:
        raise ValueError(f"{amount} is finer than the rail can pay")
    return whole


def from_minor(minor: int, currency: str) -> Money:
    currency = currency.upper()
    return Money(minor * (10_000 if currency in ZERO_DECIMAL else 100), currency)


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)


def ident(value: Any) -> str:
    """An id, whether it came expanded or not."""
    return str(value if isinstance(value, str) else getattr(value, "id", "") or "")


# --- clients pay in --------------------------------------------------------------------------------------------------


def open_checkout(*, key: str, funding_id: uuid.UUID, amount: Money, words: str, success_url: str, cancel_url: str) -> Checkout:
    """A hosted page on which a client pays `amount`, by card or from a bank."""
    price: SessionCreateParamsLineItemPriceData = {
        "currency": amount.currency.lower(), "unit_amount": to_minor(amount), "product_data": {"name": words},
    }  # fmt: skip
    with named_failures():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "payment", "line_items": [{"quantity": 1, "price_data": price}],
                "client_reference_id": str(funding_id), "metadata": {"funding_id": str(funding_id)},
                "payment_intent_data": {"transfer_group": f"funding_{funding_id}"},
                "success_url": success_url, "cancel_url": cancel_url,
            },
            {"idempotency_key": key},
        )  # fmt: skip
    return _checkout(session)


def read_checkout(checkout_id: str) -> Checkout:
    """A hosted page as it stands now, with its payment."""
    with named_failures():
        session = client().v1.checkout.sessions.retrieve(checkout_id, {"expand": ["payment_intent"]})
    return _checkout(session)


def _checkout(session: stripe.checkout.Session) -> Checkout:
    intent = session.payment_intent if isinstance(session.payment_intent, stripe.PaymentIntent) else None
    error = intent.last_payment_error if intent else None
    return Checkout(
        id=session.id, url=session.url or "", state=_payment_state(session, intent),
        amount=from_minor(session.amount_total or 0, session.currency or ""),
        funding_id=uuid_of(session.client_reference_id), charge_id=ident(intent.latest_charge) or None if intent else None,
        fault=(error.code or "") if error else "",
    )  # fmt: skip


def read_dispute(dispute_id: str) -> Dispute:
    """A disputed payment as it stands now; `warning_...` states are inquiries, with no money taken."""
    with named_failures():
        found = client().v1.disputes.retrieve(dispute_id)
    status = str(found.status)
    return Dispute(
        id=found.id, charge_id=ident(found.charge), amount=from_minor(found.amount, found.currency),
        state=status if status in ("won", "lost") else "open", reason=str(found.reason),
        money_moved=bool(found.balance_transactions),
    )


REFUND_STATES = {"succeeded": "arrived", "failed": "failed", "canceled": "failed"}


def refund(*, key: str, charge: str, amount: Money, refund_id: uuid.UUID) -> Refund:
    """Send a part of a payment back the way it came."""
    with named_failures():
        made = client().v1.refunds.create(
            {"charge": charge, "amount": to_minor(amount), "metadata": {"refund_id": str(refund_id)}}, {"idempotency_key": key}
        )
    return _refund(made)


def find_refund(*, charge: str, refund_id: uuid.UUID) -> Refund | None:
    """The refund of a payment that bears our id, if it was made."""
    with named_failures():
        found = [_refund(each) for each in client().v1.refunds.list({"charge": charge, "limit": 100}).auto_paging_iter()]
    return next((each for each in found if each.refund_id == refund_id), None)


def read_refund(stripe_id: str) -> Refund:
    with named_failures():
        return _refund(client().v1.refunds.retrieve(stripe_id))


def _refund(made: stripe.Refund) -> Refund:
    ours = getattr(made.metadata, "refund_id", None)
    return Refund(
        id=made.id, refund_id=uuid_of(ours), state=REFUND_STATES.get(str(made.status), "sent"), fault=made.failure_reason or ""
    )


def _payment_state(session: stripe.checkout.Session, intent: stripe.PaymentIntent | None) -> str:
    """One word for what Stripe says in three: a finished page may still wait for a bank, and the bank may say no."""
    if session.status != "complete":
        return session.status or "open"
    if session.payment_status == "paid":
        return "paid"
    return "failed" if intent and intent.status in {"requires_payment_method", "canceled"} else "processing"


def uuid_of(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


# --- workers' accounts -----------------------------------------------------------------------------------------------


def create_recipient(*, key: str, user_id: uuid.UUID, email: str, country: str) -> str:
    """A connected account that may receive transfers; Stripe asks the person the rest. Returns its id."""
    with named_failures():
        account = client().v2.core.accounts.create(
            {
                "contact_email": email, "dashboard": "express", "metadata": {"user_id": str(user_id)},
                "identity": {"country": country.lower(), "entity_type": "individual"},
                "configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}},
                "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
                "include": ["configuration.recipient", "requirements"],
            },
            {"idempotency_key": key},
        )  # fmt: skip
    return account.id


def onboarding_link(*, account: str, refresh_url: str, return_url: str) -> str:
    """The address of Stripe's onboarding; it works once, so one is made for each click."""
    with named_failures():
        link = client().v2.core.account_links.create(
            {
                "account": account,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {"refresh_url": refresh_url, "return_url": return_url},
                },
            },
            {"idempotency_key": f"link-{uuid.uuid4()}"},
        )
    return link.url


def dashboard_link(*, account: str) -> str:
    """The address of a worker's own page at Stripe, where bank details are changed."""
    with named_failures():
        link = client().v1.accounts.login_links.create(account, {}, {"idempotency_key": f"login-{uuid.uuid4()}"})
    return link.url


def read_account(account: str) -> Account:
    """A connected account as it stands now."""
    with named_failures():
        found = client().v2.core.accounts.retrieve(account, {"include": ["configuration.recipient", "requirements"]})
    recipient = found.configuration.recipient if found.configuration else None
    balance = recipient.capabilities.stripe_balance if recipient and recipient.capabilities else None
    entries = (found.requirements.entries or []) if found.requirements else []
    return Account(
        id=found.id, closed=bool(found.closed), wanted=tuple(entry.description for entry in entries),
        transfers=balance.stripe_transfers.status if balance and balance.stripe_transfers else "restricted",
        payouts=balance.payouts.status if balance and balance.payouts else "restricted",
    )  # fmt: skip


# --- payouts ---------------------------------------------------------------------------------------------------------


def send(*, key: str, group: str, destination: str, amount: Money, payout_id: uuid.UUID) -> Transfer:
    """Transfer money to a connected account. The key makes it happen once for a day, the group lets it be found for ever.

    One request and no more, as for `find`: `sending` asks again by itself, and no faster than the rail allows.
    """
    with named_failures():
        transfer = client().v1.transfers.create(
            {
                "amount": to_minor(amount), "currency": amount.currency.lower(), "destination": destination,
                "transfer_group": group, "metadata": {"payout_id": str(payout_id)},
            },
            {"idempotency_key": key, "max_network_retries": 0},
        )  # fmt: skip
    return _transfer(transfer)


def find(*, group: str) -> list[Transfer]:
    """All transfers ever made in a group (Stripe's list, not its search, which lags)."""
    with named_failures():
        found = client().v1.transfers.list({"transfer_group": group, "limit": 100}, {"max_network_retries": 0})
        return [_transfer(transfer) for transfer in found.auto_paging_iter()]


def transfers(*, since: dt.datetime) -> Iterator[Transfer]:
    """All transfers from a moment on, newest first."""
    with named_failures():
        found = client().v1.transfers.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        for transfer in found.auto_paging_iter():
            yield _transfer(transfer)


def _transfer(transfer: stripe.Transfer) -> Transfer:
    return Transfer(
        id=transfer.id, amount=from_minor(transfer.amount, transfer.currency), destination=ident(transfer.destination),
        group=transfer.transfer_group or "", payment=ident(transfer.destination_payment), reversed=bool(transfer.reversed),
    )  # fmt: skip


def read_bank_transfer(*, account: str, bank_transfer_id: str) -> BankTransfer:
    """A payout to the bank as it stands now."""
    with named_failures():
        return _bank_transfer(client().v1.payouts.retrieve(bank_transfer_id, {}, {"stripe_account": account}))


def bank_transfers(*, account: str) -> list[BankTransfer]:
    """The latest payouts of a connected account to its bank."""
    with named_failures():
        found = client().v1.payouts.list({"limit": 100}, {"stripe_account": account})
        return [_bank_transfer(payout) for payout in found.data]


def payments_in(*, account: str, bank_transfer_id: str) -> list[str]:
    """What a payout to the bank carried: payments (our transfers, as the account calls them) and payouts that came back."""
    with named_failures():
        found = client().v1.balance_transactions.list(
            {"payout": bank_transfer_id, "limit": 100}, {"stripe_account": account}
        )
        return [ident(entry.source) for entry in found.auto_paging_iter()]


def _bank_transfer(payout: stripe.Payout) -> BankTransfer:
    return BankTransfer(
        id=payout.id, amount=from_minor(payout.amount, payout.currency), status=payout.status,
        failure_code=payout.failure_code or "", created_at=_time(payout.created),
        arrives_at=_time(payout.arrival_date) if payout.arrival_date else None,
    )  # fmt: skip


# --- our own balance and what happened -------------------------------------------------------------------------------


def available(currency: str) -> Money:
    """What our own balance can pay out now."""
    with named_failures():
        balance = client().v1.balance.retrieve()
    return _sum_of(balance.available, currency)


def balance(currency: str) -> Money:
    """All that our own balance holds, available or still pending."""
    with named_failures():
        found = client().v1.balance.retrieve()
    return _sum_of(found.available, currency) + _sum_of(found.pending, currency)


def _sum_of(parts: Sequence[stripe.Balance.Available | stripe.Balance.Pending], currency: str) -> Money:
    return from_minor(sum(part.amount for part in parts if part.currency == currency.lower()), currency)


def movements(*, since: dt.datetime) -> Iterator[Movement]:
    """Our balance transactions from a moment on, newest first."""
    with named_failures():
        found = client().v1.balance_transactions.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        for entry in found.auto_paging_iter():
            yield Movement(
                id=entry.id, type=entry.type, amount=from_minor(entry.amount, entry.currency),
                fee=from_minor(entry.fee, entry.currency), source=ident(entry.source), created_at=_time(entry.created),
            )  # fmt: skip


def events(*, since: dt.datetime, account: str | None = None) -> Iterator[Event]:
    """Snapshot events from a moment on, of ours or of a connected account, newest first."""
    with named_failures():
        options: stripe.RequestOptions = {"stripe_account": account} if account else {}
        found = client().v1.events.list({"created": {"gte": int(since.timestamp())}, "limit": 100}, options)
        for event in found.auto_paging_iter():
            body = str(event)
            yield Event(
                id=event.id, type=event.type, account=account or "", object_id=ident(event.data.object),
                thin=False, created_at=_time(event.created), body=body,
            )  # fmt: skip


def thin_events(*, since: dt.datetime) -> Iterator[Event]:
    """Thin events from a moment on."""
    moment = since.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with named_failures():
        found = client().v2.core.events.list({"created": {"gte": moment}, "limit": 100})
        for event in found.auto_paging_iter():
            related = getattr(event, "related_object", None)
            yield Event(
                id=event.id, type=event.type, account="", object_id=related.id if related else "", thin=True,
                created_at=dt.datetime.fromisoformat(str(event.created)), body=str(event),
            )  # fmt: skip


def check_signature(*, body: str, header: str, secret: str, tolerance_seconds: int) -> None:
    """Raises Definite unless the header signs this body with this secret, not longer ago than the tolerance."""
    if not header.isascii():
        # The package compares the signature as text and stumbles over such a one instead of refusing it.
        raise Definite("bad_signature", "not ASCII")
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance_seconds)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise Definite("bad_signature", type(error).__name__) from error
