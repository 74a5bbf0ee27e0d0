"""An agency's team: inviting by e-mail, joining by one's own yes, leaving at any time; nobody is moved, and nothing is lost."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Refused
from workers import agencies, facts, my_data, notices, organisations, queries
from workers.models import Membership, Organisation, TeamInvitation, TeamPlace, User, WorkerProfile
from workers.states import ENDED

INVITATION_DAYS = 14
MOST_OPEN = 200
"""Invitations of one agency that may wait at once."""
A_DAY = 2
"""Invitations that one agency sends to one address within a day."""
SEES = (
    gettext_lazy("Your name and whether your account is active, paused or ended, without the reason."),
    gettext_lazy("The skills that you have proven on this platform, with their tiers; no client's own skills."),
    gettext_lazy("Which projects you work on while you are in the team, how many answers you hand in and have accepted, and your hours."),
)
NEVER_SEES = (
    gettext_lazy("What you earn, your payout account, your tax forms and your bank."),
    gettext_lazy("Documents, credentials, who you are, your address and your other e-mail addresses."),
    gettext_lazy("Your answers, scores, appeals, what you write in disputes, questions or to ops, and any case about you."),
    gettext_lazy("What you asked not to see, what helps you work, and the hours at which you would like to work."),
)

notices.declare(
    "agency.asked", gettext_lazy("%(agency)s asks you to join its team. Nothing happens before you say yes."), url_name="market:my_agency"
)
notices.declare(
    "agency.joined", gettext_lazy("%(name)s joined the team of %(agency)s."), url_name="market:agency_team", url_params=("org",)
)
notices.declare(
    "agency.left", gettext_lazy("%(name)s left the team of %(agency)s."), url_name="market:agency_team", url_params=("org",)
)
notices.declare(
    "agency.let_go",
    gettext_lazy("You are no longer in the team of %(agency)s. Your account, work, skills and money are as they were."),
    url_name="market:my_agency", mail=True,
)  # fmt: skip


class InAnotherTeam(Conflict):
    """One agency at a time."""

    code = "in_another_team"


def invite(*, agency: Organisation, email: str, by: Membership, now: datetime) -> tuple[TeamInvitation, str]:
    """Ask somebody to join; returns the invitation and the secret of its link, which is kept nowhere.

    A new one to the same address takes the place of the open one. Raises Invalid, Conflict, agencies.Paused.
    """
    agencies.require_active(agency.pk)
    email = email.strip().lower()
    organisations.check_address(email)
    if TeamPlace.objects.filter(agency=agency, until__isnull=True, worker__user__email=email).exists():
        raise Conflict(_("This person is in the team already."), field="email")
    if open_invitations(agency, now=now).exclude(email=email).count() >= MOST_OPEN:
        raise Invalid(_("200 invitations are open. Withdraw some first."), field="email")
    if TeamInvitation.objects.filter(agency=agency, email=email, created_at__gt=now - timedelta(days=1)).count() >= A_DAY:
        raise Conflict(_("This address was asked twice within a day. Give them time."), field="email")
    _open().filter(agency=agency, email=email).update(closed_at=now)
    token = secrets.token_urlsafe(32)
    made = TeamInvitation.objects.create(
        agency=agency, email=email, token_hash=organisations.hashed(token), invited_by_id=by.user_id, created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )  # fmt: skip
    audit.record(subject=made, verb="team_invitation.made", actor_id=by.user_id, now=now)
    for user_id in WorkerProfile.objects.filter(user__email=email, user__is_active=True).values_list("pk", flat=True):
        notices.tell(user_id, "agency.asked", agency=agency.name)
    return made, token


def mail_invitation(*, invitation: TeamInvitation, token: str) -> None:
    """Send the link; to be called after the transaction, since it talks to a mail server."""
    link = settings.PUBLIC_URL + reverse("market:team_invitation", kwargs={"token": token})
    words = {"agency": invitation.agency.name, "link": link, "days": INVITATION_DAYS, "product": settings.PRODUCT_NAME}
    send_mail(
        _("%(agency)s invites you to its team at %(product)s") % words,
        _(
            "%(agency)s brings people to paid work at %(product)s and would like you in its team. You are paid directly and in full; "
            "what the agency gets comes out of our fee.\n\nWhat it would see of you and what never, and how to say no, stands here "
            "for %(days)s days:\n%(link)s\n"
        ) % words,
        None, [invitation.email],
    )  # fmt: skip


def open_invitations(agency: Organisation, *, now: datetime) -> QuerySet[TeamInvitation]:
    """Those that somebody may still say yes to, the newest first."""
    return _open().filter(agency=agency, expires_at__gt=now).order_by("-created_at")


def invitations_for(addresses: Collection[str], *, now: datetime) -> QuerySet[TeamInvitation]:
    """The open invitations to these confirmed addresses."""
    rows = _open().filter(email__in=addresses, expires_at__gt=now).select_related("agency", "invited_by")
    return rows.order_by("-created_at")


def by_link(*, token: str, now: datetime) -> TeamInvitation:
    """The open invitation behind a link. Raises NotFound."""
    rows = _open().filter(token_hash=organisations.hashed(token), expires_at__gt=now).select_related("agency", "invited_by")
    if (found := rows.first()) is None:
        raise _gone()
    return found


def for_person(*, invitation_id: uuid.UUID, addresses: Collection[str], now: datetime) -> TeamInvitation:
    """An open invitation to one of these confirmed addresses. Raises NotFound."""
    found = invitations_for(addresses, now=now).filter(pk=invitation_id).first()
    if found is None:
        raise _gone()
    return found


def accept(*, invitation: TeamInvitation, worker_id: uuid.UUID, addresses: Collection[str], now: datetime) -> TeamPlace:
    """Say yes. Raises NotFound, Refused for another's invitation or people of ops, InAnotherTeam, agencies.Paused."""
    if invitation.email not in addresses:
        raise Refused(_("This invitation was sent to another address. Sign in with the account of that address."))
    if queries.ops_roles(worker_id):
        raise Refused(_("People of ops do no paid work."))
    agencies.require_active(invitation.agency_id)
    if WorkerProfile.objects.filter(pk=worker_id, standing=ENDED).exists():
        raise Conflict(_("Your work here has ended."))
    try:
        with transaction.atomic():
            place = TeamPlace.objects.create(agency_id=invitation.agency_id, worker_id=worker_id, since=now)
    except IntegrityError:
        raise InAnotherTeam(_("You are in the team of an agency. Leave it first; nothing is lost by that.")) from None
    if not _open().filter(pk=invitation.pk, expires_at__gt=now).update(accepted_at=now, place=place):
        raise _gone()
    audit.record(subject=place, verb="team.joined", actor_id=worker_id, now=now)
    facts.touch(worker_id)
    _tell_agency("agency.joined", place)
    return place


def decline(*, invitation: TeamInvitation, by_id: uuid.UUID, now: datetime) -> None:
    """Say no, or take an invitation back; the agency hears no more than that it is closed. A second time changes nothing."""
    if _open().filter(pk=invitation.pk).update(closed_at=now):
        audit.record(subject=invitation, verb="team_invitation.closed", actor_id=by_id, now=now)


def place_of(worker_id: uuid.UUID) -> TeamPlace | None:
    """The team that somebody is in now."""
    return TeamPlace.objects.select_related("agency").filter(worker_id=worker_id, until__isnull=True).first()


def places_of(worker_id: uuid.UUID) -> QuerySet[TeamPlace]:
    """All teams that somebody was ever in, the newest first."""
    return TeamPlace.objects.select_related("agency").filter(worker_id=worker_id).order_by("-since")


def members(agency_id: uuid.UUID) -> QuerySet[TeamPlace]:
    """Who is in a team now, the longest there first."""
    rows = TeamPlace.objects.filter(agency_id=agency_id, until__isnull=True).select_related("worker__user")
    return rows.order_by("since", "pk")


def member(agency_id: uuid.UUID, worker_id: uuid.UUID) -> TeamPlace:
    """Somebody's place in a team now. Raises NotFound."""
    found = members(agency_id).filter(worker_id=worker_id).first()
    if found is None:
        raise NotFound(_("There is no such person in the team."))
    return found


def leave(*, worker_id: uuid.UUID, now: datetime) -> None:
    """Leave at once, by one's own wish; leases, skills, answers and money are not touched. Raises NotFound."""
    place = place_of(worker_id)
    if place is None:
        raise NotFound(_("You are in no team."))
    _end(place, by_id=worker_id, now=now)
    _tell_agency("agency.left", place)


def let_go(*, place: TeamPlace, by_id: uuid.UUID, now: datetime) -> None:
    """The agency takes somebody out of its team: they lose nothing by it. A second time changes nothing."""
    if _end(place, by_id=by_id, now=now):
        notices.tell(place.worker_id, "agency.let_go", agency=place.agency.name)


def end_for(*, worker_id: uuid.UUID, by_id: uuid.UUID | None, now: datetime) -> None:
    """Somebody's account ended or became part of another one: so does their place, if they have one."""
    if (place := place_of(worker_id)) is not None:
        _end(place, by_id=by_id, now=now)


def _end(place: TeamPlace, *, by_id: uuid.UUID | None, now: datetime) -> bool:
    ended = TeamPlace.objects.filter(pk=place.pk, until__isnull=True).update(until=max(now, place.since), ended_by_id=by_id)
    if ended:
        audit.record(subject=place, verb="team.left", actor_id=by_id, now=now)
        facts.touch(place.worker_id)
    return bool(ended)


def _tell_agency(kind: str, place: TeamPlace) -> None:
    name = User.objects.values_list("name", flat=True).get(pk=place.worker_id)
    listeners = queries.members_of(place.agency_id, roles=(Membership.OWNER, Membership.MANAGER))
    notices.tell_many(listeners, kind, name=name, agency=place.agency.name, org=place.agency.slug)


def _open() -> QuerySet[TeamInvitation]:
    return TeamInvitation.objects.filter(accepted_at__isnull=True, closed_at__isnull=True)


def _gone() -> NotFound:
    return NotFound(_("This invitation was used, withdrawn or has expired. Ask for a new one."))


my_data.declare("agencies", lambda user_id: [
    {"agency": place.agency.name, "since": place.since, "until": place.until} for place in places_of(user_id)
])
