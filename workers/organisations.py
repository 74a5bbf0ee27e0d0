"""Organisations and their people: opening one, inviting, joining, changing roles, leaving; never without an owner."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Refused
from kit.money import PAYABLE_STEP
from workers import facts, locks, notices
from workers.models import Invitation, Membership, Organisation, User

RANK = {Membership.VIEWER: 0, Membership.MANAGER: 1, Membership.OWNER: 2}
INVITATION_DAYS = 14
MOST_OPEN_INVITATIONS = 100
SLUGS_OF_PAGES = frozenset({"new", "api", "static", "work", "ops", "client", "account"})
"""Words that an address of ours uses itself."""

notices.declare(
    "organisation.joined",
    gettext_lazy("%(name)s joined %(organisation)s."),
    url_name="workers:members",
    url_params=("org",),
)


class LastOwner(Conflict):
    """An organisation always has an owner."""

    code = "last_owner"


class AlreadyMember(Conflict):
    """This person belongs to the organisation already."""

    code = "already_member"


class InvitationGone(NotFound):
    """No such invitation, or it was used, withdrawn or has expired."""

    code = "invitation_gone"


class WrongAddress(Refused):
    """The invitation was sent to another address than those this person has confirmed."""

    code = "invitation_for_another_address"


def open_organisation(
    *, name: str, owner_id: uuid.UUID, now: datetime, kind: str = Organisation.CLIENT, currency: str = "USD"
) -> Organisation:
    """A new organisation with its first owner. Raises Invalid (name, kind, currency)."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid(_("Expected a name of 2 to 120 characters."), field="name")
    if kind not in dict(Organisation.KINDS):
        raise Invalid(_("Expected client or agency."), field="kind")
    if currency not in PAYABLE_STEP:
        raise Invalid(_("Expected a currency that is billed here."), field="currency", expected=sorted(PAYABLE_STEP))
    organisation = _create(name=name, kind=kind, currency=currency)
    Membership.objects.create(organisation=organisation, user_id=owner_id, role=Membership.OWNER, since=now)
    audit.record(subject=organisation, verb="organisation.opened", actor_id=owner_id, now=now)
    facts.touch(owner_id)
    return organisation


def _create(*, name: str, kind: str, currency: str) -> Organisation:
    """Insert under the first free slug; the unique constraint is the judge, so two at once both find one."""
    base = slugify(name)[:32].strip("-") or "organisation"
    for attempt in range(20):
        slug = base if attempt == 0 and base not in SLUGS_OF_PAGES else f"{base}-{secrets.token_hex(2)}"
        try:
            with transaction.atomic():
                return Organisation.objects.create(name=name, slug=slug, kind=kind, billing_currency=currency)
        except IntegrityError:
            continue
    raise Conflict(_("Every address for this name is taken. Choose another name."), field="name")


def rename(*, organisation: Organisation, name: str, by_id: uuid.UUID, now: datetime) -> Organisation:
    """A new name; the address stays. Raises Invalid."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid(_("Expected a name of 2 to 120 characters."), field="name")
    organisation.name = name
    organisation.save(update_fields=["name"])
    audit.record(subject=organisation, verb="organisation.renamed", actor_id=by_id, now=now)
    return organisation


def invite(*, organisation: Organisation, email: str, role: str, by: Membership, now: datetime) -> tuple[Invitation, str]:
    """Ask somebody to join; returns the invitation and the secret of its link, which is kept nowhere.

    A new invitation to the same address takes the place of the open one. Raises Invalid, AlreadyMember, Refused.
    """
    email = email.strip().lower()
    check_address(email)
    _check_may_give(by, role)
    if Membership.objects.filter(organisation=organisation, user__email=email).exists():
        raise AlreadyMember(_("This person belongs to the organisation already."), field="email")
    if open_invitations(organisation, now=now).exclude(email=email).count() >= MOST_OPEN_INVITATIONS:
        raise Invalid(_("100 invitations are open. Withdraw some first."), field="email")
    rows = Invitation.objects.filter(organisation=organisation, about=None, accepted_at=None, withdrawn_at=None)
    rows.filter(email=email).update(withdrawn_at=now)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        organisation=organisation,
        email=email,
        role=role,
        token_hash=hashed(token),
        invited_by_id=by.user_id,
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    audit.record(subject=invitation, verb="invitation.made", actor_id=by.user_id, now=now, reason=role)
    return invitation, token


def mail_invitation(*, invitation: Invitation, token: str) -> None:
    """Send the link; to be called after the transaction, since it talks to a mail server."""
    link = settings.PUBLIC_URL + reverse("workers:invitation", kwargs={"token": token})
    words = {
        "name": invitation.invited_by.name,
        "organisation": invitation.organisation.name if invitation.organisation else settings.PRODUCT_NAME,
        "link": link,
        "days": INVITATION_DAYS,
    }
    send_mail(
        _("%(name)s invites you to %(organisation)s") % words,
        _("%(name)s invites you to join %(organisation)s.\n\nOpen this link within %(days)s days:\n%(link)s\n") % words,
        None,
        [invitation.email],
    )


def find_invitation(*, token: str, now: datetime) -> Invitation:
    """The open invitation behind a link. Raises InvitationGone."""
    found = (
        Invitation.objects.select_related("organisation", "invited_by")
        .filter(token_hash=hashed(token), accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if found is None:
        raise InvitationGone(_("This invitation was used, withdrawn or has expired. Ask for a new one."))
    return found


def accept_invitation(*, token: str, user: User, addresses: set[str], now: datetime) -> Membership:
    """Join. `addresses` are the e-mail addresses that this person has confirmed, in lower case.

    Raises InvitationGone, WrongAddress, AlreadyMember.
    """
    invitation = take(token=token, user=user, addresses=addresses, now=now)
    if invitation.organisation is None or invitation.about is not None:
        raise InvitationGone(_("This invitation is to work, not to join an organisation. Open its link."))
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                organisation=invitation.organisation, user=user, role=invitation.role, since=now
            )
    except IntegrityError:
        raise AlreadyMember(_("You belong to this organisation already.")) from None
    audit.record(subject=membership, verb="membership.begun", actor_id=user.pk, now=now, reason=invitation.role)
    facts.touch(user.pk)
    organisation: Organisation = invitation.organisation
    notices.tell(
        invitation.invited_by_id,
        "organisation.joined",
        name=user.name,
        organisation=organisation.name,
        org=organisation.slug,
    )
    return membership


def take(*, token: str, user: User, addresses: set[str], now: datetime) -> Invitation:
    """Use up an invitation, once. Raises InvitationGone, WrongAddress."""
    invitation = find_invitation(token=token, now=now)
    if invitation.email not in addresses:
        raise WrongAddress(_("This invitation was sent to another address. Sign in with the account of that address."))
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, withdrawn_at__isnull=True)
    if taken.update(accepted_at=now, accepted_by=user) != 1:
        raise InvitationGone(_("This invitation was used, withdrawn or has expired. Ask for a new one."))
    return invitation


def open_invitations(organisation: Organisation, *, now: datetime) -> QuerySet[Invitation]:
    """Those that can still be accepted, the newest first."""
    rows = Invitation.objects.filter(organisation=organisation, about=None, accepted_at__isnull=True, withdrawn_at__isnull=True)
    return rows.filter(expires_at__gt=now).order_by("-created_at")


def find_member(organisation: Organisation, member_id: uuid.UUID) -> Membership:
    """A member of this organisation. Raises NotFound."""
    found = Membership.objects.select_related("user").filter(organisation=organisation, pk=member_id).first()
    if found is None:
        raise NotFound(_("There is no such member."))
    return found


def confirmed_addresses(user_id: uuid.UUID) -> set[str]:
    """The e-mail addresses that a person has shown to be theirs, in lower case."""
    return set(EmailAddress.objects.filter(user_id=user_id, verified=True).values_list("email", flat=True))


def withdraw_invitation(*, invitation: Invitation, by_id: uuid.UUID | None, now: datetime) -> None:
    """Make the link useless; nothing happens to one that was used or withdrawn before."""
    open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True, withdrawn_at__isnull=True)
    if open_one.update(withdrawn_at=now):
        audit.record(subject=invitation, verb="invitation.withdrawn", actor_id=by_id, now=now)


def change_role(*, membership: Membership, role: str, by: Membership, now: datetime) -> None:
    """Give a member another role. Raises Invalid, Refused, LastOwner."""
    _check_may_give(by, role)
    _check_may_give(by, membership.role)
    if membership.role == Membership.OWNER and role != Membership.OWNER:
        _keep_an_owner(membership)
    before = membership.role
    Membership.objects.filter(pk=membership.pk).update(role=role)
    membership.role = role
    audit.record(subject=membership, verb="membership.role", actor_id=by.user_id, now=now, from_state=before, to_state=role)


def remove_member(*, membership: Membership, by: Membership, now: datetime) -> None:
    """Take somebody out, or leave; what they made stays. Raises Refused, LastOwner."""
    if membership.pk != by.pk:
        _check_may_give(by, membership.role)
    if membership.role == Membership.OWNER:
        _keep_an_owner(membership)
    audit.record(subject=membership, verb="membership.ended", actor_id=by.user_id, now=now, from_state=membership.role)
    Membership.objects.filter(pk=membership.pk).delete()
    facts.touch(membership.user_id)


def _keep_an_owner(membership: Membership) -> None:
    if locks.owners(membership.organisation_id) <= {membership.user_id}:
        raise LastOwner(_("This is the last owner. Make somebody else an owner first."))


def _check_may_give(by: Membership, role: str) -> None:
    """Managers look after viewers and managers; only owners make or move owners."""
    if role not in RANK:
        raise Invalid(_("Expected owner, manager or viewer."), field="role")
    if RANK[by.role] < max(RANK[role], RANK[Membership.MANAGER]):
        raise Refused(_("Your role does not allow this."), field="role")


def check_address(email: str) -> None:
    """Raises Invalid."""
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(_("Expected an e-mail address."), field="email") from None


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
