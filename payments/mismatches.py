"""Differences between our books and a rail's: named once, seen again each night, closed by a person with a note."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _

from kit import audit, outbox
from kit.errors import Conflict, Invalid
from kit.money import Money
from payments.models import Mismatch


def name(
    *, kind: str, subject: str, now: dt.datetime, ours: Money | None = None, theirs_units: int | None = None, currency: str = ""
) -> Mismatch:
    """Write a difference down, or mark the open one as still there. Nothing is corrected; finance hears of a new one."""
    mismatch, made = Mismatch.objects.get_or_create(
        kind=kind, subject=subject, closed_at__isnull=True,
        defaults={
            "found_at": now, "seen_at": now, "currency": ours.currency if ours else currency,
            "ours_units": ours.units if ours else None, "theirs_units": theirs_units,
        },
    )  # fmt: skip
    if made:
        outbox.emit("money.mismatch", mismatch_id=str(mismatch.pk), kind=kind)
    else:
        Mismatch.objects.filter(pk=mismatch.pk).update(seen_at=now)
    return mismatch


def settle(*, kind: str, subject: str, note: str, actor_id: uuid.UUID, now: dt.datetime) -> None:
    """The open difference of this kind and subject, if there is one, was explained by something that a person entered."""
    found = Mismatch.objects.filter(kind=kind, subject=subject, closed_at__isnull=True).first()
    if found is not None:
        close(mismatch_id=found.pk, note=note, actor_id=actor_id, now=now)


def close(*, mismatch_id: uuid.UUID, note: str, actor_id: uuid.UUID, now: dt.datetime) -> None:
    """A person has found out what it was. Raises Invalid without a note, Conflict when it is closed already."""
    if len(note.strip()) < 10:
        raise Invalid(_("Say in a sentence what it was and what was done."), field="note")
    changed = Mismatch.objects.filter(pk=mismatch_id, closed_at__isnull=True).update(
        closed_at=now, closed_by=actor_id, note=note.strip()
    )
    if not changed:
        raise Conflict(_("This difference is closed already."))
    audit.record(subject=Mismatch(pk=mismatch_id), verb="mismatch.closed", actor_id=actor_id, now=now)
