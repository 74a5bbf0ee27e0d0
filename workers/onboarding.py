"""The first steps of a worker: profile, agreement, payout account; each can be left and taken up again anywhere."""

from __future__ import annotations

import uuid
import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit import audit, outbox
from kit.errors import Invalid, Text
from workers import agreements, facts, languages, standing
from workers.countries import COUNTRIES
from workers.models import Agreement, Signature, WorkerProfile

PAYOUT_PAGE = "payments:payout_account"
"""The page of the room above on which the last step is taken."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, why it is asked, whether it is done, and the page on which it is taken."""

    key: str
    title: Text
    why: Text
    minutes: int
    done: bool
    url_name: str


def steps(user_id: uuid.UUID) -> list[Step]:
    """The steps in their order, each done or not. Raises NotFound for somebody who is no worker."""
    worker = standing.profile(user_id)
    agreement = agreements.current(Agreement.WORKER)
    has_signed = agreement is None or agreements.signed(user_id=user_id, agreement=agreement) is not None
    return [
        Step(
            "profile", _("Your profile"), _("Country, languages and time zone decide which work can be offered to you."),
            3, profile_is_complete(worker), "workers:onboarding_profile",
        ),
        Step(
            "agreement", _("The agreement"), _("What you can count on and what we expect; you keep the version you sign."),
            5, has_signed, "workers:agreement",
        ),
        Step(
            "payout", _("Where your money goes"), _("Needed before the first payout; your bank details stay with the provider."),
            5, worker.payout_ready_at is not None, PAYOUT_PAGE,
        ),
    ]  # fmt: skip


def profile_is_complete(worker: WorkerProfile) -> bool:
    return bool(worker.country and worker.languages and worker.time_zone)


def save_profile(*, user_id: uuid.UUID, country: str, spoken: Any, time_zone: str, now: datetime) -> WorkerProfile:
    """Keep what a worker says of themselves. `spoken` is a list of {"code", "level"}. Raises Invalid with the field."""
    if country not in COUNTRIES:
        raise Invalid(_("Expected a country by its ISO code, such as DE."), field="country")
    checked = languages.check(spoken)
    if not checked:
        raise Invalid(_("Name at least one language."), field="languages")
    if time_zone not in time_zones():
        raise Invalid(_("Expected a time zone such as Europe/Berlin."), field="time_zone")
    worker = standing.profile(user_id)
    worker.country, worker.languages, worker.time_zone = country, checked, time_zone
    worker.save(update_fields=["country", "languages", "time_zone"])
    audit.record(subject=worker, verb="profile.changed", actor_id=user_id, now=now)
    facts.touch(user_id)
    note_progress(user_id=user_id, now=now)
    return worker


def sign_agreement(*, user_id: uuid.UUID, agreement_id: uuid.UUID, ip: str, now: datetime) -> Signature:
    """Sign, and take the step. Raises what agreements.sign raises."""
    signature = agreements.sign(user_id=user_id, agreement_id=agreement_id, ip=ip, now=now)
    note_progress(user_id=user_id, now=now)
    return signature


def payout_ready(*, user_id: str, **_rest: Any) -> None:
    """Reaction to `payout_account.ready`: the payout step is done. Repeating it changes nothing."""
    person = uuid.UUID(str(user_id))
    if WorkerProfile.objects.filter(pk=person, payout_ready_at__isnull=True).update(payout_ready_at=Now()):
        facts.touch(person)
        moment = WorkerProfile.objects.get(pk=person).payout_ready_at
        assert moment is not None
        note_progress(user_id=person, now=moment)


def note_progress(*, user_id: uuid.UUID, now: datetime) -> None:
    """Mark onboarding as complete the first time that every step before work is done; later versions do not undo it.

    Where the money goes is needed before the first payout, not before the first task.
    """
    if not WorkerProfile.objects.filter(pk=user_id, onboarded_at__isnull=True).exists():
        return
    if all(step.done for step in steps(user_id) if step.key != "payout"):
        WorkerProfile.objects.filter(pk=user_id, onboarded_at__isnull=True).update(onboarded_at=now)
        facts.touch(user_id)
        outbox.emit("onboarding.completed", user_id=str(user_id))


def time_zones() -> frozenset[str]:
    """Names of zones that a person may live in."""
    return frozenset(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
