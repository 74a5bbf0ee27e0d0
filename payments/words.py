"""Codes of money in the reader's words; rooms above add the words for what they alone know."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kit.errors import Invalid, Text
from kit.money import Money
from payments.queries import EarningView, LineView

Reason = Callable[[Mapping[str, Any], str], str]
Names = Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, str]]


@dataclass(frozen=True, slots=True)
class LineWords:
    """How a kind of line is called, and its inputs (with the currency) put into a sentence."""

    name: Text
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchName:
    """What a batch is called, and the project that it belongs to."""

    batch: str
    project_id: uuid.UUID
    project: str


Batches = Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, BatchName]]
BATCHES: list[Batches] = []
"""Who can name batches, in one statement for many; the room above that has them says so once."""


def declare_batches(names: Batches) -> None:
    """Say who can name batches."""
    BATCHES[:] = [names]


def batches(ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, BatchName]:
    """The names of these batches, of those that somebody knows."""
    return BATCHES[0](ids) if BATCHES and ids else {}


def amount(money: Money) -> str:
    """Money for a sentence or a paper, in the reader's writing: two decimals, four where they matter."""
    figure = number_format(money.decimal(), 4 if money.units % 100 else 2, use_l10n=True, force_grouping=True)
    return f"{figure} {money.currency}"


def said(text: str) -> str:
    """For notices: an amount that was kept as text (`str(Money)`), in the reader's writing."""
    figure, _space, currency = text.partition(" ")
    try:
        return amount(Money.parse(figure, currency))
    except Invalid:
        return text


def plain(inputs: Mapping[str, Any], _currency: str) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in inputs.items())


def _share(inputs: Mapping[str, Any], _currency: str) -> str:
    return _("%(share)s %% of it was accepted") % {"share": f"{inputs['share_bp'] / 100:g}"}


def _released(inputs: Mapping[str, Any], _currency: str) -> str:
    return str(inputs.get("reason", "")).replace("_", " ")


LINES: dict[str, LineWords] = {
    "base": LineWords(lazy("Base"), plain),
    "share": LineWords(lazy("Partly accepted"), _share),
    "released": LineWords(lazy("Not accepted"), _released),
}
"""Kinds of lines; `declare_line` adds to them."""

SOURCES: dict[str, Text] = {
    "submission": lazy("Task"),
    "adjustment": lazy("Adjustment"),
    "exam": lazy("Test"),
    "kill_fee": lazy("Time of a lost task"),
    "bonus": lazy("Bonus"),
}
NAMES: dict[str, Names] = {}
"""Who can say what a source was about (a project's name), by kind of source."""

MOVES: dict[str, Text] = {
    "fund": lazy("Paid in"),
    "reserve": lazy("Reserved for a batch"),
    "return": lazy("Returned from a batch"),
    "collect": lazy("Settled what was owed"),
    "refund": lazy("Sent back to you"),
    "refund_back": lazy("A refund came back"),
}
"""What moves a client's prepaid money."""

LEFT_OUT: dict[str, Text] = {
    "no_payout_account": lazy("No payout account yet"),
    "below_minimum": lazy("Below the minimum"),
    "details_changed": lazy("Payout details or e-mail changed in the last 72 hours"),
    "on_demand": lazy("Paid on demand, when they ask"),
    "weekly": lazy("Paid each Monday; choose to be paid on demand first"),
    "no_price": lazy("There are no payouts on demand in this currency"),
    "rail_off": lazy("Their way of being paid is switched off here"),
    "payout_under_way": lazy("An earlier payout is still on its way"),
}
FAULTS: dict[str, Text] = {
    "details_changed": lazy("Your payout details changed in the last 72 hours. It goes out with the next run."),
    "payout_account_not_ready": lazy("Your payout account was not ready. Finish its set-up; it goes out with the next run."),
    "insufficient_capabilities_for_transfer": lazy(
        "Our payment provider needs more from you before it may pay. Open your payout account to see what."
    ),
    "account_closed": lazy("Your bank account has been closed. Add another one to your payout account."),
    "no_account": lazy("Your bank did not find the account. Check the details in your payout account."),
    "bank_refused": lazy("Our bank could not pay it. Check your bank details, or choose another way to be paid."),
    "AC01": lazy("There is no account with this number. Check your bank details."),
    "AC03": lazy("There is no account with this number. Check your bank details."),
    "AC04": lazy("Your bank account has been closed. Enter another one."),
    "AC06": lazy("Your bank account is blocked. Speak to your bank, or enter another account."),
    "AG01": lazy("Your account does not take such payments. Enter another one."),
    "BE01": lazy("The name is not that of the account. Enter it as it stands on your bank statement."),
    "BE04": lazy("Your address is missing or wrong. Check your bank details."),
    "RC01": lazy("The bank's BIC is wrong. Check your bank details."),
    "RR04": lazy("Our bank may not make this payment. Choose another way to be paid, or write to us."),
    "could_not_process": lazy("Your bank could not take the payment. It is tried again when your details are confirmed."),
}
MISMATCHES: dict[str, Text] = {
    "transfer_differs": lazy("A transfer differs from its payout"),
    "payment_differs": lazy("A payment differs from what was asked for"),
    "amount_differs": lazy("The amount differs"),
    "currency_differs": lazy("The currency differs"),
    "missing_at_rail": lazy("Posted here, not seen at Stripe"),
    "extra_at_rail": lazy("Seen at Stripe, unknown here"),
    "movement_unexplained": lazy("A movement that nothing here explains"),
    "balance_differs": lazy("The balance differs"),
    "payout_not_covered": lazy("A payout its worker's balance did not cover"),
    "bank_file_missing": lazy("A payment waits for a bank file for days"),
    "bank_silent": lazy("Our bank has not said what became of a payment"),
    "bank_contradicts": lazy("Our bank says something else than it said before"),
    "event_needs_person": lazy("Money moved at Stripe in a way that needs a person"),
}


def declare_line(kind: str, name: Text, reason: Reason) -> None:
    """Add the words of a kind of line; done once, by the room whose rule makes it."""
    LINES[kind] = LineWords(name, reason)


def declare_source(kind: str, name: Text, names: Names | None = None) -> None:
    """Add the words of a kind of source, and who can name what each was about (in one statement for many)."""
    SOURCES[kind] = name
    if names is not None:
        NAMES[kind] = names


def line(view: LineView) -> dict[str, Any]:
    """A line as the pay components show it."""
    words = LINES.get(view.kind, LineWords(view.kind.replace("_", " ").capitalize(), plain))
    reason = words.reason(view.inputs, view.currency)
    return {"name": words.name, "amount": view.amount, "reason": reason, "rule": view.rule}


def earnings(views: Sequence[EarningView]) -> list[dict[str, Any]]:
    """Earnings as pages show them: what each was for, and its lines."""
    by_kind: dict[str, list[uuid.UUID]] = defaultdict(list)
    for view in views:
        by_kind[view.source_kind].append(view.source_id)
    names = {kind: NAMES[kind](ids) for kind, ids in by_kind.items() if kind in NAMES}
    return [
        {
            "view": view, "dom_id": view.earning_id.hex, "lines": [line(each) for each in view.lines],
            "kind": SOURCES.get(view.source_kind, view.source_kind.replace("_", " ").capitalize()),
            "about": names.get(view.source_kind, {}).get(view.source_id, ""),
        }
        for view in views
    ]  # fmt: skip


WANTED: dict[str, Text] = {
    "identity.individual.given_name": lazy("Your name"),
    "identity.individual.date_of_birth": lazy("Your date of birth"),
    "identity.individual.address": lazy("Your address"),
    "identity.individual.documents.primary_verification": lazy("A photo of your identity document"),
    "default_payout_method": lazy("A bank account"),
}


def wanted(codes: Sequence[str]) -> list[Text]:
    """What the rail still asks for; its own words, made readable, for what has none here."""
    return [WANTED.get(code, code.rpartition(".")[2].replace("_", " ").capitalize()) for code in codes]


def fault(code: str) -> Text:
    """Why a payout came back, for its worker."""
    if not code:
        return ""
    return FAULTS.get(code, lazy("Our payment provider refused it. Your money is safe and waits for the next run."))


IDENTITY_FAULTS: dict[str, Text] = {
    "consent_declined": lazy("You did not agree to the check; nothing was looked at."),
    "document_expired": lazy("The document has run out. Take one that is valid."),
    "document_type_not_supported": lazy("This kind of document is not taken. A passport, an identity card or a driving licence is."),
    "document_unverified_other": lazy("The document could not be read. Take a clear picture in good light."),
    "selfie_face_mismatch": lazy("The face and the document did not match. Try again in good light."),
    "under_supported_age": lazy("The document shows an age below the one that law asks for."),
}
"""Why a check failed, by Stripe's code (its reference of verification sessions, `last_error.code`)."""


def identity_fault(code: str) -> str:
    """Why a check failed and what would help, in the reader's words."""
    return str(IDENTITY_FAULTS.get(code, lazy("Stripe could not finish the check. Try again, or take another document.")))
