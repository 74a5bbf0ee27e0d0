"""Who is told when money moves: workers of their payouts, clients of their payments, finance of what needs a person."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit.errors import Text
from kit.money import Money
from payments import words
from payments.models import Correction, Funding, Payout, PayoutRun
from workers import notices, queries
from workers.models import OpsRole

Leads = tuple[str, tuple[str, ...]]

FINANCE = (OpsRole.FINANCE, OpsRole.ADMIN)
PAYOUT: Leads = ("payments:payout", ("payout_id",))
ACCOUNT: Leads = ("payments:payout_account", ())
BILLING: Leads = ("payments:billing", ("org",))
RUN: Leads = ("payments:payout_run", ("run_id",))
BANK_FILES: Leads = ("payments:bank_files", ())
LEDGER: Leads = ("payments:ledger_health", ())
CORRECTION: Leads = ("payments:correction", ("correction_id",))

KINDS: tuple[tuple[str, Text, Leads, bool], ...] = (
    ("payout.sent", _("%(amount)s is on its way to your bank."), PAYOUT, False),
    ("payout.paid", _("%(amount)s arrived at your bank."), PAYOUT, True),
    ("payout.failed", _("Your bank sent %(amount)s back. %(fault)s"), PAYOUT, True),
    ("payout.returned", _("A payout of %(amount)s could not go out. %(fault)s"), PAYOUT, True),
    ("payout_account.ready", _("Your payout account is ready."), ACCOUNT, False),
    ("payout_account.stopped", _("Your payout account needs your attention before it can be paid again."), ACCOUNT, True),
    (
        "payout_account.changed",
        _("Your bank details changed. Payouts wait 72 hours; if it was not you, change your password and write to us."),
        ACCOUNT,
        True,
    ),
    ("funding.settled", _("%(amount)s was paid in for %(organisation)s."), BILLING, False),
    ("funding.failed", _("A payment of %(amount)s for %(organisation)s did not go through."), BILLING, True),
    ("budget.low", _("Prepaid money of %(organisation)s is running low: %(amount)s is left."), BILLING, True),
    (
        "chargeback.opened",
        _("A bank took back a payment of %(amount)s by %(organisation)s. New work waits until that is settled."), BILLING, True,
    ),
    ("chargeback.won", _("%(amount)s that a bank had taken back from %(organisation)s is there again."), BILLING, True),
    ("chargeback.lost", _("%(organisation)s lost a payment of %(amount)s to its bank, and owes it."), BILLING, True),
    (
        "client.owes", _("%(organisation)s owes %(amount)s that was paid for it after its money was gone; the next payment settles it."),
        BILLING, True,
    ),
    ("refund.arrived", _("%(amount)s of prepaid money was sent back to %(organisation)s."), BILLING, True),
    ("refund.failed", _("A refund of %(amount)s to %(organisation)s did not go through; the money is prepaid again."), BILLING, True),
    ("payout_run.waits", _("A payout run of %(amount)s waits for approval."), RUN, True),
    ("bank_file.waits", _("Payouts wait for a bank file to be written."), BANK_FILES, True),
    ("payout_run.paused", _("A payout run is paused: %(reason)s."), RUN, True),
    ("payout.needs_person", _("A transfer cannot be found at Stripe and needs a person's decision."), RUN, True),
    ("money.mismatch", _("Our books and Stripe's differ: %(what)s."), LEDGER, True),
    ("ledger.broken", _("An invariant of the ledger does not hold: %(invariants)s."), LEDGER, True),
    ("correction.waits", _("A correction of %(amount)s waits for a second person."), CORRECTION, True),
    ("reserve.dry", _("A batch's reserve ran dry: %(amount)s was paid from platform losses."), LEDGER, True),
)
"""Notices: name, sentence, the page they lead to, whether they are mailed as well."""

for _name, _sentence, (_url, _params), _mail in KINDS:
    notices.declare(_name, _sentence, url_name=_url, url_params=_params, words={"fault": words.fault, "amount": words.said}, mail=_mail)


def on_payout(name: str, payout_id: str, **params: Any) -> None:
    payout = Payout.objects.get(pk=payout_id)
    notices.tell(payout.worker_id, name, payout_id=payout_id, amount=str(payout.sends), **params)


def on_payout_sent(*, payout_id: str, **_rest: Any) -> None:
    on_payout("payout.sent", payout_id)


def on_payout_paid(*, payout_id: str, **_rest: Any) -> None:
    on_payout("payout.paid", payout_id)


def on_payout_failed(*, payout_id: str, **_rest: Any) -> None:
    on_payout("payout.failed", payout_id, fault=Payout.objects.values_list("fault", flat=True).get(pk=payout_id))


def on_payout_returned(*, payout_id: str, reason: str, **_rest: Any) -> None:
    on_payout("payout.returned", payout_id, fault=reason)


def on_account_ready(*, user_id: str, **_rest: Any) -> None:
    notices.tell(uuid.UUID(user_id), "payout_account.ready")


def on_account_stopped(*, user_id: str, **_rest: Any) -> None:
    notices.tell(uuid.UUID(user_id), "payout_account.stopped")


def on_account_changed(*, user_id: str, **_rest: Any) -> None:
    notices.tell(uuid.UUID(user_id), "payout_account.changed")


def on_funding_settled(*, funding_id: str, **_rest: Any) -> None:
    _tell_payers("funding.settled", funding_id)


def on_funding_failed(*, funding_id: str, **_rest: Any) -> None:
    _tell_payers("funding.failed", funding_id)


def on_budget_low(*, organisation_id: str, prepaid_units: int, currency: str, **_rest: Any) -> None:
    _tell_client("budget.low", uuid.UUID(organisation_id), Money(prepaid_units, currency))


def on_chargeback_opened(**told: Any) -> None:
    _on_chargeback("chargeback.opened", **told)


def on_chargeback_won(**told: Any) -> None:
    _on_chargeback("chargeback.won", **told)


def on_chargeback_lost(**told: Any) -> None:
    _on_chargeback("chargeback.lost", **told)


def _on_chargeback(name: str, *, organisation_id: str, units: int, currency: str, **_rest: Any) -> None:
    """The client and finance."""
    organisation, amount = queries.organisation(uuid.UUID(organisation_id)), Money(units, currency)
    _tell_client(name, organisation.pk, amount)
    _tell_finance(name, amount=str(amount), organisation=organisation.name, org=organisation.slug)


def on_client_owes(*, organisation_id: str, units: int, currency: str, **_rest: Any) -> None:
    _tell_client("client.owes", uuid.UUID(organisation_id), Money(units, currency))


def on_refund_arrived(*, organisation_id: str, units: int, currency: str, **_rest: Any) -> None:
    _tell_client("refund.arrived", uuid.UUID(organisation_id), Money(units, currency))


def on_refund_failed(*, organisation_id: str, units: int, currency: str, **_rest: Any) -> None:
    _tell_client("refund.failed", uuid.UUID(organisation_id), Money(units, currency))


def on_run_waits(*, run_id: str, **_rest: Any) -> None:
    run = PayoutRun.objects.get(pk=run_id)
    if run.state == "draft":
        _tell_finance("payout_run.waits", run_id=run_id, amount=str(Money(run.total_units, run.currency)))


def on_bank_file_waits(**_rest: Any) -> None:
    _tell_finance("bank_file.waits")


def on_run_paused(*, run_id: str, reason: str, **_rest: Any) -> None:
    _tell_finance("payout_run.paused", run_id=run_id, reason=reason.replace("_", " "))


def on_needs_person(*, payout_id: str, **_rest: Any) -> None:
    run_id = Payout.objects.values_list("run_id", flat=True).get(pk=payout_id)
    _tell_finance("payout.needs_person", run_id=str(run_id))


def on_mismatch(*, kind: str, **_rest: Any) -> None:
    _tell_finance("money.mismatch", what=kind.replace("_", " "))


def on_ledger_broken(*, invariants: list[str], **_rest: Any) -> None:
    _tell_finance("ledger.broken", invariants=", ".join(invariants))


def on_correction_drafted(*, correction_id: str, **_rest: Any) -> None:
    found = Correction.objects.get(pk=correction_id)
    if found.state == "draft":
        amount = Money(found.amount_units, found.currency)
        _tell_finance("correction.waits", but=found.drafted_by, correction_id=correction_id, amount=str(amount))


def on_reserve_dry(*, units: int, currency: str, **_rest: Any) -> None:
    _tell_finance("reserve.dry", amount=str(Money(units, currency)))


def _tell_payers(name: str, funding_id: str) -> None:
    wish = Funding.objects.get(pk=funding_id)
    _tell_client(name, wish.organisation_id, Money(wish.amount_units, wish.currency))


def _tell_client(name: str, organisation_id: uuid.UUID, amount: Money) -> None:
    """Owners and managers of an organisation."""
    organisation = queries.organisation(organisation_id)
    for user_id in queries.members_of(organisation_id, roles=("owner", "manager")):
        notices.tell(user_id, name, amount=str(amount), organisation=organisation.name, org=organisation.slug)


def _tell_finance(name: str, *, but: uuid.UUID | None = None, **params: Any) -> None:
    found = set(OpsRole.objects.filter(role__in=FINANCE).values_list("user_id", flat=True))
    for user_id in sorted(found - {but}):
        notices.tell(user_id, name, **params)
