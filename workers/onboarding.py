"""The first steps of a worker: what has to be done before the first task, what may; each can be left and taken up anywhere."""

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
from workers import agreements, country_exits, facts, identity, languages, preferences, standing
from workers.countries import COUNTRIES
from workers.models import Agreement, Credential, Setup, Signature, WorkerProfile

PAYOUT_PAGE = "payments:payout_account"
"""The page of the room above on which the last step is taken."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, why it is asked, how long it takes, whether it is done, and the page on which it is taken.

    `needed` says that no task is offered before it is done; every other step can be left out, then or for good.
    """

    key: str
    title: Text
    why: Text
    minutes: int
    done: bool
    url_name: str
    needed: bool = False
    skipped: bool = False

    @property
    def open(self) -> bool:
        """Neither done nor left out."""
        return not self.done and not self.skipped


WORDS: tuple[tuple[str, Text, Text, int, str], ...] = (
    ("profile", _("Your profile"), _("Country, languages and time zone decide which work can be offered to you."),
     3, "workers:onboarding_profile"),
    ("agreement", _("The agreement"), _("What you can count on and what we expect; you keep the version you sign."),
     5, "workers:agreement"),
    ("background", _("What you know"), _("Fields in which you know your way: invitations and tests that fit them find you."),
     3, "workers:onboarding_background"),
    ("credentials", _("Credentials"), _("A degree or licence opens work that asks for one. A person looks at it within three days;"
     " you need not wait for that."), 4, "workers:onboarding_credentials"),
    ("identity", _("Who you are"), _("Some projects ask for a confirmed identity. Stripe looks at your document; we keep nothing of it but"
     " the outcome."), 5, "payments:identity"),
    ("comfort", _("How you work best"), _("What makes work possible for you, and what you would rather not see. It costs you nothing."),
     2, "workers:onboarding_comfort"),
    ("availability", _("When you work"), _("Lets us promise clients no more than you can do, and keeps alerts quiet when you are off."),
     1, "workers:onboarding_availability"),
    ("payout", _("Where your money goes"), _("Payout account and tax form, needed before the first payout; your bank details stay with"
     " the provider."), 5, PAYOUT_PAGE),
)
"""Each step: key, title, why it is asked, minutes, page."""
NEEDED = ("profile", "agreement")
"""What stands before the first task; nothing of it waits for anybody else."""
OPTIONAL = ("background", "credentials", "identity", "comfort", "availability")
MOST_MINUTES = 30
"""All steps before the first paid task take no longer than this together."""


def steps(user_id: uuid.UUID) -> list[Step]:
    """The steps in their order, each done, left out or open. Raises NotFound for somebody who is no worker."""
    worker = standing.profile(user_id)
    agreement = agreements.current(Agreement.WORKER)
    taken = Setup.objects.filter(worker_id=user_id).values_list("steps", flat=True).first() or {}
    done = {
        "profile": profile_is_complete(worker),
        "agreement": agreement is None or agreements.signed(user_id=user_id, agreement=agreement) is not None,
        "payout": worker.payout_ready_at is not None,
    } | {key: taken.get(key) == preferences.DONE for key in OPTIONAL}
    done["identity"] = done["identity"] and Credential.objects.filter(identity.still_holding(Now()), identity.of(user_id)).exists()
    return [
        Step(
            key=key, title=title, why=why, minutes=minutes, done=done[key], url_name=url_name, needed=key in NEEDED,
            skipped=taken.get(key) == preferences.SKIPPED,
        )  # fmt: skip
        for key, title, why, minutes, url_name in WORDS
    ]


def skip(*, user_id: uuid.UUID, step: str) -> None:
    """Leave an optional step out for now. Raises Invalid for one that is needed, NotFound for somebody who is no worker."""
    if step not in OPTIONAL:
        raise Invalid(_("This step is needed."), field="step")
    if preferences.of(user_id).steps.get(step) != preferences.DONE:
        preferences.finish_step(worker_id=user_id, step=step, how=preferences.SKIPPED)


def after(user_id: uuid.UUID) -> Step | None:
    """The next open step, those first that the first task waits for."""
    left = [step for step in steps(user_id) if step.open]
    return next((step for step in left if step.needed), left[0] if left else None)


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
    if country != worker.country:
        country_exits.require_open(country)
    worker.country, worker.languages, worker.time_zone = country, checked, time_zone
    worker.save(update_fields=["country", "languages", "time_zone"])
    preferences.finish_step(worker_id=user_id, step="profile", how=preferences.DONE)
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
    if all(step.done for step in steps(user_id) if step.needed):
        WorkerProfile.objects.filter(pk=user_id, onboarded_at__isnull=True).update(onboarded_at=now)
        facts.touch(user_id)
        outbox.emit("onboarding.completed", user_id=str(user_id))


def time_zones() -> frozenset[str]:
    """Names of zones that a person may live in."""
    return frozenset(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
