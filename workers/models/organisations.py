"""Organisations, who belongs to them in which role, and who has been asked to join."""

from __future__ import annotations

import os

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7
from kit.money import PAYABLE_STEP
from workers.models.people import Email, User


def new_salt() -> bytes:
    """The secret from which an organisation's pseudonyms are made."""
    return os.urandom(32)


class Organisation(models.Model):
    """Who pays (a client) or who brings workers (an agency)."""

    CLIENT, AGENCY = "client", "agency"
    KINDS = [(CLIENT, _("Client")), (AGENCY, _("Agency"))]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, validators=[MinLengthValidator(2)])
    slug = models.SlugField(max_length=40, db_index=False)
    kind = models.CharField(max_length=10, choices=KINDS, default=CLIENT)
    billing_currency = models.CharField(max_length=3, default="USD")
    pseudonym_salt = models.BinaryField(default=new_salt, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="one_organisation_per_slug"),
            models.CheckConstraint(condition=models.Q(kind__in=["client", "agency"]), name="organisation_kind_known"),
            models.CheckConstraint(
                condition=models.Q(billing_currency__in=sorted(PAYABLE_STEP)), name="organisation_currency_known"
            ),
        ]
        indexes = [models.Index(fields=["name"], name="organisations_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def home(self) -> str:
        """The address of its first page."""
        return f"/{self.kind}/{self.slug}/"


class Membership(models.Model):
    """A person's place in an organisation; each role may do what the ones after it may."""

    OWNER, MANAGER, VIEWER = "owner", "manager", "viewer"
    ROLES = [(OWNER, _("Owner")), (MANAGER, _("Manager")), (VIEWER, _("Viewer"))]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=ROLES)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation"], name="one_membership_per_organisation"),
            models.CheckConstraint(condition=models.Q(role__in=["owner", "manager", "viewer"]), name="member_role_known"),
        ]


class Invitation(models.Model):
    """Somebody was asked by e-mail: to join an organisation, or to work (`role` worker) on what `about` names, for a client or, without
    an organisation, for the platform. The secret in the link is kept as a hash only.
    """

    WORKER = "worker"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="invitations")
    email = Email(max_length=254)
    role = models.CharField(max_length=10, choices=[*Membership.ROLES, (WORKER, _("Worker"))])
    about = models.UUIDField(null=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    declined = models.BooleanField(default=False, db_default=False)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                name="one_open_invitation_per_email",
                condition=models.Q(about__isnull=True, accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["about", "email"],
                name="one_open_invitation_to_work",
                condition=models.Q(about__isnull=False, accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(about__isnull=False, role="worker")
                | models.Q(~models.Q(role="worker"), about__isnull=True, organisation__isnull=False),
                name="invitation_to_join_or_to_work",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="invitation_accepted_or_withdrawn",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="invitations_to_mail",
                condition=models.Q(about__isnull=False, accepted_at__isnull=True, mailed_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]  # fmt: skip
