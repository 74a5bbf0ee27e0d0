"""Asking people by e-mail to come and work on something: made beside the invitations to organisations, with the same link and page.

What the work is, what it pays and what follows from coming is known in the rooms above, which declare it here.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from kit import audit, due
from kit.errors import Conflict, Refused, Text
from kit.ids import uuid7
from kit.money import Money
from workers import organisations, people
from workers.models import Invitation, Membership, OpsRole, Organisation, User

logger = logging.getLogger(__name__)

DAYS = 14
NOT_AGAIN = timedelta(days=7)
"""One address is asked about the same work no more often than this; who declined is never asked again about it."""

KEPT_FOR = timedelta(days=90)
FORGOTTEN = "@forgotten.invalid"


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation is for, as it stands at this moment; without open work it says so."""

    title: str
    organisation: str
    slots: int = 0
    hours: float = 0.0
    price: Money | None = None
    hourly: Money | None = None
    measured: bool = False
    wants: list[Text] = field(default_factory=list)
    """What its rule asks of a person, in words."""


Look = Callable[[uuid.UUID, datetime], Offer | None]
Came = Callable[[Invitation, User, datetime], None]

DECLARED: list[tuple[Look, Came]] = []


class AskedAlready(Conflict):
    """This address was asked about this work within the week, or said no."""

    code = "asked_already"


def declare(look: Look, came: Came) -> None:
    """Done once, when the room above is loaded: what an `about` stands for now, and what follows when somebody comes."""
    DECLARED.append((look, came))


def offer(invitation: Invitation, *, now: datetime) -> Offer | None:
    """None where nothing is known of it any more."""
    if invitation.about is None:
        return None
    return next((found for look, _came in DECLARED if (found := look(invitation.about, now)) is not None), None)


def ask(
    *, about: uuid.UUID, organisation: Organisation | None, email: str, by_id: uuid.UUID, now: datetime
) -> Invitation:
    """Ask one address; a runner mails it. Nothing here depends on whether somebody has an account. Raises Invalid, AskedAlready."""
    email = email.strip().lower()
    organisations.check_address(email)
    if why := why_not(about=about, email=email, now=now):
        raise AskedAlready(why)
    Invitation.objects.filter(about=about, email=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
    new = uuid7()
    made = Invitation.objects.create(
        id=new, organisation=organisation, email=email, role=Invitation.WORKER, about=about, invited_by_id=by_id, created_at=now,
        token_hash=organisations.hashed(_token(new)), expires_at=now + timedelta(days=DAYS),
    )  # fmt: skip
    audit.record(subject=made, verb="invitation.made", actor_id=by_id, now=now, reason=Invitation.WORKER)
    return made


def why_not(*, about: uuid.UUID, email: str, now: datetime) -> Text | None:
    """Why an address is not asked about this work again, if it is not."""
    before = Invitation.objects.filter(about=about, email=email)
    if before.filter(declined=True).exists():
        return _("said no to this work")
    if before.filter(Q(accepted_at__isnull=False) | Q(created_at__gt=now - NOT_AGAIN, withdrawn_at__isnull=True)).exists():
        return _("asked about this work already")
    return None


def _token(invitation_id: uuid.UUID) -> str:
    """The link's secret: signed with the installation's key, so that a runner can mail it and no table holds it."""
    return str(salted_hmac("invitation to work", str(invitation_id), algorithm="sha256").hexdigest())


def link_of(invitation: Invitation) -> str:
    return f"{settings.PUBLIC_URL}{reverse('workers:invitation', kwargs={'token': _token(invitation.pk)})}"


def accept(*, token: str, user: User, addresses: set[str], now: datetime) -> Invitation:
    """Come to work. Raises InvitationGone, WrongAddress, Refused for ops and for members of the client that it is for."""
    if OpsRole.objects.filter(user=user).exists():
        raise Refused(_("People of ops do no paid work."))
    found = organisations.take(token=token, user=user, addresses=addresses, now=now)
    if found.organisation and Membership.objects.filter(user=user, organisation=found.organisation).exists():
        raise Refused(_("It belongs to an organisation that you are part of: nobody works for their own."))
    people.become_worker(user_id=user.pk)
    for _look, came in DECLARED:
        came(found, user, now)
    audit.record(subject=found, verb="invitation.accepted", actor_id=user.pk, now=now)
    return found


def decline(*, token: str, now: datetime) -> None:
    """The address says no, and is not asked about this work again. Raises InvitationGone."""
    found = organisations.find_invitation(token=token, now=now)
    Invitation.objects.filter(pk=found.pk, accepted_at__isnull=True).update(withdrawn_at=now, declined=True)
    audit.record(subject=found, verb="invitation.declined", actor_id=None, now=now)


def state_of(invitation: Invitation, *, now: datetime) -> str:
    """waiting (to be mailed), sent, accepted, declined, withdrawn or expired."""
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "declined" if invitation.declined else "withdrawn"
    if invitation.expires_at <= now:
        return "expired"
    return "sent" if invitation.mailed_at else "waiting"


def open_about(about: uuid.UUID, *, now: datetime) -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return Invitation.objects.filter(about=about, accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now)


def mail_due(*, now: datetime, limit: int = 50) -> int:
    """Mail what waits, each with pay and amount of work as they are now; where the work has gone the invitation is withdrawn instead.
    Opens its own transactions, since it talks to a mail server. Returns how many were sent."""
    with transaction.atomic(durable=True):
        waiting = Invitation.objects.filter(
            about__isnull=False, mailed_at__isnull=True, accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now
        ).select_related("invited_by").order_by("created_at")
        taken = due.take(waiting, limit=limit)
        Invitation.objects.filter(pk__in=[one.pk for one in taken]).update(mailed_at=now)
    return sum(_mail(one, now) for one in taken)


def forget(*, now: datetime, limit: int = 1_000) -> int:
    """Empty the addresses of people who never came, 90 days after their link ended; who said no stays known, so as not to be asked
    again. Returns how many. Needs a transaction."""
    over = Invitation.objects.filter(
        about__isnull=False, accepted_at__isnull=True, declined=False, expires_at__lt=now - KEPT_FOR
    ).exclude(email__endswith=FORGOTTEN)  # fmt: skip
    ids = list(over.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for pk in ids:
        Invitation.objects.filter(pk=pk).update(email=f"{pk.hex}{FORGOTTEN}")
    return len(ids)


def _mail(invitation: Invitation, now: datetime) -> bool:
    found = offer(invitation, now=now)
    if found is None or not found.slots:
        with transaction.atomic(durable=True):
            organisations.withdraw_invitation(invitation=invitation, by_id=None, now=now)
        return False
    try:
        send_mail(_("%(organisation)s has work for you: %(title)s") % _words(found), _body(invitation, found), None, [invitation.email])
    except OSError:
        logger.exception("an invitation could not be mailed", extra={"invitation": str(invitation.pk)})
        Invitation.objects.filter(pk=invitation.pk).update(mailed_at=None)
        return False
    return True


def _words(found: Offer) -> dict[str, str]:
    hours = f"{found.hours:.1f}" if found.hours < 10 else f"{found.hours:.0f}"
    return {
        "title": found.title, "organisation": found.organisation, "slots": str(found.slots), "hours": hours,
        "price": _figure(found.price), "hourly": _figure(found.hourly),
    }  # fmt: skip


def _figure(amount: Money | None) -> str:
    """With as many places as it needs, two at least."""
    if amount is None:
        return ""
    return f"{number_format(amount.decimal(), 4 if amount.units % 100 else 2, use_l10n=True)} {amount.currency}"


def _body(invitation: Invitation, found: Offer) -> str:
    words = _words(found) | {
        "name": invitation.invited_by.name, "product": settings.PRODUCT_NAME, "link": link_of(invitation), "days": str(DAYS),
    }  # fmt: skip
    lines = [_("%(name)s asks you to work on “%(title)s” for %(organisation)s, here at %(product)s.") % words, ""]
    lines += [_("As of now: %(slots)s funded tasks are open, about %(hours)s hours for everybody together; each pays %(price)s.") % words]
    if found.hourly:
        guess = "" if found.measured else _("That is a guess so far.")
        lines += [" ".join([_("That makes about %(hourly)s an hour.") % words, guess]).strip()]
    if found.wants:
        lines += [_("It asks for: %(wants)s.") % {"wants": "; ".join(map(str, found.wants))}]
    lines += [
        "", _("The work is not reserved for you: the page behind the link shows what is left of it."), words["link"], "",
        _("The link holds for %(days)s days. There you can also say no; then you are not asked about this again.") % words, "",
    ]  # fmt: skip
    return "\n".join(lines)
