"""Corrections of the books: a movement that one person of finance drafts, sees tried out, and another one posts.

A wrong posting stays; its correction is one more posting that says why. Trying it out posts it, looks at the accounts and at the
invariants that concern them, and takes it back: what would break one that holds is refused, so a correction never leaves earnings,
payouts or holds behind. Most accounts of platform and clients concern none, so that nothing is scanned while they are locked.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kit import audit, outbox, states
from kit.errors import Conflict, Invalid
from kit.money import Money
from payments import invariants, ledger, locks, mismatches
from payments.chart import BY_NAME, PLATFORM, Account
from payments.models import Correction, LedgerAccount, Mismatch
from payments.states import CORRECTION
from workers import people
from workers.models import Organisation, User

OWNERLESS = ("platform", "stripe", "bank")
REASON = (10, 500)
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BreaksBooks(Conflict):
    """An invariant that holds now would not hold any more; `breaks` names it."""

    code = "breaks_books"


@dataclass(frozen=True, slots=True)
class Side:
    """One account of a correction: what it holds, and what it would hold."""

    account: Account
    debit: bool
    before: Money
    after: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a correction would do: both accounts, the invariants that it would break, those that it would mend."""

    sides: list[Side]
    breaks: list[str]
    mends: list[str]


def draft(
    *, debit_kind: str, debit_owner: str, credit_kind: str, credit_owner: str, amount: Money, reason: str, actor_id: uuid.UUID,
    now: datetime, mismatch_id: uuid.UUID | None = None,
) -> Correction:
    """Write a correction down and try it out; no money moves. Owners are ids, a client's short name, a worker's address, or
    nothing for accounts of the platform. Raises Invalid, Overdrawn, BreaksBooks."""
    reason = reason.strip()
    if not REASON[0] <= len(reason) <= REASON[1] or "\x00" in reason:
        raise Invalid(_("Say in a sentence what was wrong and why this makes it good."), field="reason")
    if amount.units <= 0 or amount.currency not in settings.PLATFORM_CURRENCIES:
        raise Invalid(_("Expected an amount above zero in one of the platform's currencies."), field="amount")
    if mismatch_id is not None and not Mismatch.objects.filter(pk=mismatch_id, closed_at__isnull=True).exists():
        raise Invalid(_("There is no such open difference."), field="mismatch")
    made = Correction(
        debit_kind=debit_kind, debit_owner=_owner(debit_kind, debit_owner, "debit"), credit_kind=credit_kind,
        credit_owner=_owner(credit_kind, credit_owner, "credit"), currency=amount.currency, amount_units=amount.units,
        reason=reason, mismatch_id=mismatch_id, drafted_by=actor_id, drafted_at=now,
    )  # fmt: skip
    if made.debit == made.credit:
        raise Invalid(_("Expected two different accounts."), field="credit_kind")
    _refuse_breaking(try_out(made, now=now))
    made.save(force_insert=True)
    audit.record(subject=made, verb="correction.drafted", actor_id=actor_id, now=now)
    outbox.emit("correction.drafted", correction_id=str(made.pk))
    return made


def _owner(kind: str, owner: str, field: str) -> uuid.UUID:
    """Whose account is meant. Raises Invalid for kinds that there are not, and owners who never had such money."""
    if kind not in BY_NAME:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(BY_NAME)}, field=f"{field}_kind")
    whose, owner = BY_NAME[kind].owner, owner.strip()
    if whose in OWNERLESS:
        return PLATFORM
    found = _by_name(whose, owner)
    if found is None or not LedgerAccount.objects.filter(owner_id=found, kind__startswith=whose).exists():
        raise Invalid(_("Nobody of this name has ever had money here: expected a client's short name, a worker's address, or an id."),
                      field=f"{field}_owner")  # fmt: skip
    return found


def _by_name(whose: str, owner: str) -> uuid.UUID | None:
    if UUID.fullmatch(owner):
        return uuid.UUID(owner)
    if "\x00" in owner:
        return None
    if whose == "client":
        return Organisation.objects.filter(slug=owner).values_list("pk", flat=True).first()
    return User.objects.filter(email__iexact=owner).values_list("pk", flat=True).first() if whose == "worker" else None


def try_out(correction: Correction, *, now: datetime) -> Trial:
    """Post it, look, and take it back. Raises Overdrawn."""
    accounts = [correction.debit, correction.credit]
    kinds = {each.kind for each in accounts}
    with transaction.atomic():
        before, broken = [ledger.balance(each) for each in accounts], _broken(kinds)
        ledger.post(_posting(correction, actor_id=correction.drafted_by, now=now))
        after, breaks = [ledger.balance(each) for each in accounts], _broken(kinds)
        transaction.set_rollback(True)
    return Trial(
        sides=[
            Side(account, at == 0, held, then)
            for at, (account, held, then) in enumerate(zip(accounts, before, after, strict=True))
        ],
        breaks=sorted(breaks - broken), mends=sorted(broken - breaks),
    )  # fmt: skip


def _broken(kinds: set[str]) -> set[str]:
    return {each.name for each in invariants.look(kinds=kinds) if not each.ok}


def _refuse_breaking(trial: Trial) -> None:
    if trial.breaks:
        names = ", ".join(trial.breaks)
        raise BreaksBooks(_("This would break the books: %(invariants)s.") % {"invariants": names}, breaks=trial.breaks)


def _posting(correction: Correction, *, actor_id: uuid.UUID, now: datetime) -> ledger.Posting:
    amount = Money(correction.amount_units, correction.currency)
    return ledger.Posting(
        idem=f"correction:{correction.pk}", kind="correction", source_kind="correction", source_id=correction.pk,
        legs=ledger.move(amount, debit=correction.debit, credit=correction.credit), actor_id=actor_id, now=now,
    )  # fmt: skip


def post(*, correction_id: uuid.UUID, actor_id: uuid.UUID, now: datetime) -> Correction:
    """A second person lets it happen, tried out once more; the difference that it explains is closed with its reason.

    Raises NotFound, people.NotIndependent, NoSuchMove, Overdrawn, BreaksBooks.
    """
    found = locks.correction(correction_id)
    people.require_independent(actor_id, found.drafted_by)
    states.move(
        found, chart=CORRECTION, to="posted", actor_id=actor_id, now=now, decided_by=actor_id, decided_at=now
    )
    _refuse_breaking(try_out(found, now=now))
    if found.mismatch_id is not None and found.mismatch is not None and found.mismatch.closed_at is None:
        mismatches.close(mismatch_id=found.mismatch_id, note=found.reason, actor_id=actor_id, now=now)
    ledger.post(_posting(found, actor_id=actor_id, now=now))
    return found


def drop(*, correction_id: uuid.UUID, actor_id: uuid.UUID, now: datetime) -> Correction:
    """It was wrong, or is not needed any more; whoever drafted it may drop it too. Raises NotFound, NoSuchMove."""
    found = locks.correction(correction_id)
    states.move(found, chart=CORRECTION, to="dropped", actor_id=actor_id, now=now, decided_by=actor_id, decided_at=now)
    return found
