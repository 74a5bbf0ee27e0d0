"""Workers' accounts at the rail: opened with two facts, finished on the rail's own pages, read again whenever it says so."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from kit import outbox, states
from kit.errors import Conflict, Invalid, ProductError
from payments import gateway, locks, rails, stripe_gateway
from payments.models import PayoutAccount
from payments.states import PAYOUT_ACCOUNT
from workers.models import User

STATE_OF_CAPABILITY = {"active": "active", "rejected": "rejected", "unsupported": "rejected"}


class RailUnavailable(ProductError):
    """The rail did not answer in a way that can be used; nothing is lost by trying again."""

    code = "rail_unavailable"
    status = 503


def serves(country: str) -> bool:
    """Whether Stripe reaches a country."""
    return "stripe" in rails.serving(country.upper())


def open_account(*, user: User, country: str, now: dt.datetime) -> PayoutAccount:
    """The worker's payout account, made at the rail when there is none yet; calling it again goes on where it stopped.

    Opens its own transactions. Raises Invalid for a country the rail does not serve, RailUnavailable.
    """
    country = country.upper()
    if not serves(country):
        raise Invalid(_("Payouts do not reach this country yet."), field="country")
    with transaction.atomic(durable=True):
        account = PayoutAccount.objects.filter(user=user, rail="stripe").exclude(state="closed").first()
        if account is None:
            account = _started(user, country, now)
    if account.rail_account is None:
        account = _make_at_rail(account, user)
    return account


def _started(user: User, country: str, now: dt.datetime) -> PayoutAccount:
    """A new row; for somebody who was paid on another rail before, that is a change of details."""
    before = rails.was_ready(user.pk)
    rails.close_others(user_id=user.pk, rail="stripe", now=now)
    if before:
        outbox.emit("payout_account.changed", user_id=str(user.pk), at=now.isoformat())
    return PayoutAccount.objects.create(
        user=user, country=country, currency=rails.STRIPE_CURRENCIES[country], created_at=now,
        details_changed_at=now if before else None, **rails.papers_of(user.pk),
    )  # fmt: skip


def _make_at_rail(account: PayoutAccount, user: User) -> PayoutAccount:
    try:
        made = stripe_gateway.create_recipient(
            key=f"account-{account.id}", user_id=user.pk, email=user.email, country=account.country
        )
    except gateway.GatewayError as error:
        raise unavailable() from error
    with transaction.atomic(durable=True):
        account = locks.payout_account(account.pk)
        if account.rail_account is None:
            account.rail_account = made
            account.save(update_fields=["rail_account"])
    return account


def unavailable() -> RailUnavailable:
    return RailUnavailable(_("Our payment provider does not answer just now. Nothing is lost; try again in a minute."))


def link(*, account: PayoutAccount, refresh_url: str, return_url: str) -> str:
    """The rail's page on which the person goes on: onboarding, or their own dashboard once that is done. Made per click."""
    if account.rail_account is None or account.rail != "stripe":
        raise Conflict(_("This payout account is not set up yet."))
    try:
        if account.state == "active":
            return stripe_gateway.dashboard_link(account=account.rail_account)
        return stripe_gateway.onboarding_link(
            account=account.rail_account, refresh_url=refresh_url, return_url=return_url
        )
    except gateway.GatewayError as error:
        raise unavailable() from error


def read_again(*, account_id: uuid.UUID, now: dt.datetime) -> PayoutAccount:
    """Ask the rail how an account stands and keep it. Opens its own transaction; raises GatewayError."""
    account = PayoutAccount.objects.get(pk=account_id)
    if account.rail_account is None or account.rail != "stripe":
        return account
    seen = stripe_gateway.read_account(account.rail_account)
    with transaction.atomic(durable=True):
        return _keep(locks.payout_account(account_id), seen, now)


def _keep(account: PayoutAccount, seen: gateway.Account, now: dt.datetime) -> PayoutAccount:
    account.read_at, account.wanted, account.bank_ready = now, list(seen.wanted), seen.payouts == "active"
    account.save(update_fields=["read_at", "wanted", "bank_ready"])
    state = _state(account, seen)
    if state == account.state:
        return account
    first_ready = account.ready_at or (now if state == "active" else None)
    states.move(account, chart=PAYOUT_ACCOUNT, to=state, actor_id=None, now=now, ready_at=first_ready)
    if state == "active":
        outbox.emit("payout_account.ready", user_id=str(account.user_id))
    elif account.ready_at is not None:
        outbox.emit("payout_account.stopped", user_id=str(account.user_id), state=state)
    return account


def _state(account: PayoutAccount, seen: gateway.Account) -> str:
    """The chart's word for what the rail shows; an account that never was ready is still being started."""
    if account.state == "closed" or seen.closed:
        return "closed"
    if state := STATE_OF_CAPABILITY.get(seen.transfers):
        return state
    return "started" if account.state == "started" else "restricted"


def note_change_of_details(*, rail_account: str, happened_at: dt.datetime) -> bool:
    """Bank details were changed at the rail: payouts wait 72 hours, unless that was part of getting ready. True if so."""
    account = PayoutAccount.objects.filter(rail_account=rail_account).first()
    if account is None or account.ready_at is None or happened_at <= account.ready_at:
        return False
    PayoutAccount.objects.filter(pk=account.pk).update(details_changed_at=happened_at)
    outbox.emit("payout_account.changed", user_id=str(account.user_id), at=happened_at.isoformat())
    return True
