"""Erasure: somebody asks that their personal data go, two weeks later it does; ledger, audit and work stay under a pseudonym.

What stays, and why: amounts, papers and signatures, since law asks for them; answers, since they were sold; the audit trail, since
it holds ids alone. Each room empties its own tables and says what stands in the way.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from kit import assets, audit, due, outbox
from kit.errors import Conflict, NotFound, Text
from kit.models import Asset
from workers import locks, notices, queries
from workers.models import (
    ApiToken,
    Appeal,
    Credential,
    Erasure,
    Invitation,
    Membership,
    Notice,
    NoticePreference,
    Setup,
    Sighting,
    SupportRequest,
    TeamInvitation,
    User,
    WorkerProfile,
)
from workers.models.leaving import ERASURE_WAIT
from workers.states import ENDED, WAITING

Obstacle = Callable[[uuid.UUID], Sequence[Text]]
Eraser = Callable[[uuid.UUID, datetime], None]

OBSTACLES: list[Obstacle] = []
"""What each room has against erasing somebody now, as sentences for that person; nothing where nothing stands in the way."""
ERASERS: list[Eraser] = []
"""What each room empties, given the person and the time."""

notices.declare(
    "erasure.asked", _("Your personal data will be erased on %(day)s. Until then you can take this back."),
    url_name="workers:erasure", words={"day": notices.day}, mail=True,
)  # fmt: skip
notices.declare("erasure.taken_back", _("Nothing will be erased: you took your wish back."), url_name="workers:erasure", mail=True)


class StandsInTheWay(Conflict):
    """Something has to be settled before somebody can be erased; the sentences say what."""

    code = "not_yet_erasable"


def declare(*, obstacle: Obstacle | None = None, eraser: Eraser | None = None) -> None:
    """Add a room's part; once, when it is loaded."""
    if obstacle is not None:
        OBSTACLES.append(obstacle)
    if eraser is not None:
        ERASERS.append(eraser)


def obstacles(user_id: uuid.UUID) -> list[str]:
    """What has to be settled first, in words."""
    return [str(sentence) for room in OBSTACLES for sentence in room(user_id)]


def pending(user_id: uuid.UUID) -> Erasure | None:
    """The wish that waits, if there is one."""
    return Erasure.objects.filter(user_id=user_id, taken_back_at__isnull=True).first()


def ask(*, user_id: uuid.UUID, now: datetime) -> Erasure:
    """Ask to be erased; a second call returns the first wish. Raises StandsInTheWay with what has to be settled."""
    waiting = pending(user_id)
    if waiting is not None:
        return waiting
    if first := obstacles(user_id):
        raise StandsInTheWay(" ".join(first), expected=first)
    made = Erasure.objects.create(user_id=user_id, asked_at=now, due_at=now + ERASURE_WAIT)
    audit.record(subject=made, verb="erasure.asked", actor_id=user_id, now=now)
    notices.tell(user_id, "erasure.asked", day=made.due_at.isoformat())
    return made


def take_back(*, user_id: uuid.UUID, now: datetime) -> Erasure:
    """Change one's mind. Raises NotFound when nothing was asked for."""
    locks.person(user_id)
    waiting = pending(user_id)
    if waiting is None:
        raise NotFound(_("You have not asked for this."))
    waiting.taken_back_at = now
    waiting.save(update_fields=["taken_back_at"])
    audit.record(subject=waiting, verb="erasure.taken_back", actor_id=user_id, now=now)
    notices.tell(user_id, "erasure.taken_back")
    return waiting


def erase_due(*, now: datetime, limit: int = 50) -> int:
    """Carry out the wishes that are due; whoever came to have money here since waits until it is paid. Returns how many."""
    wishes = Erasure.objects.filter(user=OuterRef("pk"), taken_back_at__isnull=True, due_at__lte=now)
    # The person is locked and not their wish, on which runners have no right but to read it.
    ready = User.objects.filter(Exists(wishes), erased_at__isnull=True).order_by("pk")
    erased = 0
    for user in due.take(ready, limit=limit):
        wish = pending(user.pk)
        if wish is not None and not obstacles(user.pk):
            erase(wish=wish, now=now)
            erased += 1
    return erased


def erase(*, wish: Erasure, now: datetime) -> None:
    """Empty every personal field in every room. The database checks that the wish is the person's own, due and not taken back."""
    for eraser in ERASERS:
        eraser(wish.user_id, now)
    user = User.objects.get(pk=wish.user_id)
    user.name, user.email, user.locale = f"Erased {secrets.token_hex(3)}", f"{user.pk.hex}@erased.invalid", "en"
    user.set_unusable_password()
    user.is_active, user.erased_at = False, now
    user.save(update_fields=["name", "email", "locale", "password", "is_active", "erased_at"])
    audit.record(subject=user, verb="erasure.done", actor_id=None, now=now)
    outbox.emit("person.erased", user_id=str(user.pk))


def _in_the_way(user_id: uuid.UUID) -> list[Text]:
    found: list[Text] = []
    worker = WorkerProfile.objects.filter(pk=user_id).only("standing").first()
    if worker is not None and worker.standing != ENDED:
        found.append(_("Leave first, on the page of your standing: work and data end one after the other."))
    if Membership.objects.filter(user_id=user_id).exists():
        found.append(_("Leave your organisations first."))
    if queries.ops_roles(user_id):
        found.append(_("You hold a role of ops; an admin has to take it back first."))
    if Appeal.objects.filter(person_id=user_id, state__in=WAITING).exists():
        found.append(_("An appeal or dispute of yours waits for its decision."))
    return found


def _erase_here(user_id: uuid.UUID, _now: datetime) -> None:
    _erase_sign_in(user_id)
    WorkerProfile.objects.filter(pk=user_id).update(country="", languages=[], time_zone="UTC")
    Setup.objects.filter(worker_id=user_id).delete()
    _erase_proofs(user_id)
    Notice.objects.filter(user_id=user_id).delete()
    NoticePreference.objects.filter(user_id=user_id).delete()
    Sighting.objects.filter(user_id=user_id).delete()
    SupportRequest.objects.filter(user_id=user_id).update(text="–", answer="")
    Appeal.objects.filter(person_id=user_id).update(text="–", answer="", grounds="")


def _erase_sign_in(user_id: uuid.UUID) -> None:
    """Addresses, passkeys, sessions, tokens and invitations."""
    held = [*EmailAddress.objects.filter(user_id=user_id).values_list("email", flat=True)]
    held += User.objects.filter(pk=user_id).values_list("email", flat=True)
    Invitation.objects.filter(email__in=held).update(email=f"{user_id.hex}@erased.invalid")
    for asked in TeamInvitation.objects.filter(email__in=held):
        TeamInvitation.objects.filter(pk=asked.pk).update(email=f"{asked.pk.hex}@erased.invalid")
    for session in UserSession.objects.filter(user_id=user_id):
        session.end()
    Authenticator.objects.filter(user_id=user_id).delete()
    EmailAddress.objects.filter(user_id=user_id).delete()
    ApiToken.objects.filter(user_id=user_id).delete()


def _erase_proofs(user_id: uuid.UUID) -> None:
    """Credentials go with their documents, unless somebody else handed in the same file."""
    rows = Credential.objects.filter(worker_id=user_id)
    digests = set(rows.values_list("proof_id", flat=True))
    rows.delete()
    for digest in digests - set(Credential.objects.filter(proof_id__in=digests).values_list("proof_id", flat=True)):
        Asset.objects.filter(sha256=digest).delete()
        transaction.on_commit(partial(default_storage.delete, assets.path_of(digest)))


declare(obstacle=_in_the_way, eraser=_erase_here)
