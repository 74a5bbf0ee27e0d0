"""Money that is stopped: single earnings under a dispute or a case, and whole payouts after details were changed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.utils.translation import gettext as _

from kit import states
from kit.errors import Conflict
from kit.models import AuditRecord
from kit.money import Money
from payments import ledger, locks
from payments.chart import Account
from payments.models import Earning, Hold, PayoutAccount
from payments.states import HOLD
from workers.adapter import EMAIL_CHANGED

__all__ = ["EMAIL_CHANGED", "WAIT", "lift", "stop", "wait_of", "waiting_until"]

WAIT = dt.timedelta(hours=72)
"""How long payouts wait after payout details or the e-mail address were changed."""


def stop(*, earning_id: uuid.UUID, reason: str, actor_id: uuid.UUID | None, now: dt.datetime) -> Hold:
    """Hold one confirmed earning: worker available -> held. `reason` is a code that the worker can read in words.

    Raises Conflict for an earning that is not confirmed, held already, or in a payout.
    """
    earning = locks.earning(earning_id)
    if earning.state != "confirmed" or earning.held or earning.payout_id is not None:
        raise Conflict(_("Only a confirmed earning that is in no payout can be held."))
    hold = Hold.objects.create(
        earning=earning, units=earning.confirmed_units or 0, reason=reason, opened_by=actor_id, opened_at=now
    )
    Earning.objects.filter(pk=earning.pk).update(held=True)
    _move(hold, earning, "hold", actor_id, now)
    return hold


def lift(*, hold_id: uuid.UUID, actor_id: uuid.UUID | None, now: dt.datetime) -> None:
    """Let a held earning go on to the next payout. Raises NoSuchMove when it was lifted before."""
    hold = locks.hold(hold_id)
    earning = locks.earning(hold.earning_id)
    states.move(hold, chart=HOLD, to="lifted", actor_id=actor_id, now=now, lifted_at=now)
    Earning.objects.filter(pk=earning.pk).update(held=False)
    _move(hold, earning, "lift", actor_id, now)


def _move(hold: Hold, earning: Earning, kind: str, actor_id: uuid.UUID | None, now: dt.datetime) -> None:
    available = Account("worker_available", earning.worker_id, earning.currency)
    held = Account("worker_held", earning.worker_id, earning.currency)
    debit, credit = (available, held) if kind == "hold" else (held, available)
    ledger.post(
        ledger.Posting(
            idem=f"{kind}:{hold.id}", kind=kind, source_kind="hold", source_id=hold.id, actor_id=actor_id, now=now,
            legs=ledger.move(Money(hold.units, earning.currency), debit=debit, credit=credit),
        )
    )  # fmt: skip


def waiting_until(worker_ids: Iterable[uuid.UUID], *, now: dt.datetime) -> dict[uuid.UUID, dt.datetime]:
    """Who waits for 72 hours after a change of payout details or e-mail address, and until when. Two statements."""
    ids = list(worker_ids)
    changed = PayoutAccount.objects.filter(user_id__in=ids, details_changed_at__gt=now - WAIT).exclude(state="closed")
    details = {user_id: at + WAIT for user_id, at in changed.values_list("user_id", "details_changed_at") if at}
    return _later(details, _addresses(ids, now))


def wait_of(account: PayoutAccount, *, now: dt.datetime) -> dt.datetime | None:
    """The same for the owner of an account in hand. One statement."""
    changed = account.details_changed_at
    details = {account.user_id: changed + WAIT} if changed and changed > now - WAIT else {}
    return _later(details, _addresses([account.user_id], now)).get(account.user_id)


def _addresses(ids: list[uuid.UUID], now: dt.datetime) -> dict[uuid.UUID, dt.datetime]:
    changed = AuditRecord.objects.filter(
        subject_kind="workers.user", subject_id__in=[str(each) for each in ids], verb=EMAIL_CHANGED, at__gt=now - WAIT
    )
    return {uuid.UUID(person): at + WAIT for person, at in changed.order_by("at").values_list("subject_id", "at")}


def _later(a: dict[uuid.UUID, dt.datetime], b: dict[uuid.UUID, dt.datetime]) -> dict[uuid.UUID, dt.datetime]:
    return {each: max(moments[each] for moments in (a, b) if each in moments) for each in a.keys() | b.keys()}
