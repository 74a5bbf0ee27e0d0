"""A person with a sign-in, the worker that some of them are, the ops roles of a few, and accounts of one same person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from workers.states import STANDING

LONGEST_PAUSE = timedelta(days=30)
"""A pause that nobody renews is over after this long; the database refuses a longer one."""


class Email(models.EmailField):  # type: ignore[type-arg]
    """An e-mail address that is kept and looked up in lower case."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared


class UserManager(BaseUserManager["User"]):
    """Makes people; an address is lower-cased before it is stored or compared."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can sign in; without a password only by a link or a passkey."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """Everyone who signs in: workers, people of client organisations, ops.

    It lives in `workers` because every room above needs it and the floors allow no other place; a client or an ops person is
    a User without a WorkerProfile. There is no username, and no `is_staff`: rights come from profile, memberships and ops roles.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = Email(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    locale = models.CharField(max_length=10, default="en", db_default="en")
    is_active = models.BooleanField(default=True, db_default=True)
    consented_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    erased_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="one_account_per_email"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case"),
        ]
        # Beginnings of names and addresses are found by two more indexes, which the migration makes.
        indexes = [models.Index(fields=["created_at", "id"], name="people_by_age")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name


class WorkerProfile(models.Model):
    """A person who does tasks: what eligibility may ask about them, and their standing.

    `languages` is a list of {"code": ISO 639-1, "level": A1..C2 or native}. `facts_version` rises with every change of a fact
    that eligibility uses (see `workers.facts`); dispatch reads it and `standing` by plain SQL.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="worker")
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    languages = models.JSONField(default=list, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC")
    standing = states.field(STANDING, db_default=STANDING.initial)
    standing_reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    standing_since = models.DateTimeField(db_default=Now())
    standing_until = models.DateTimeField(null=True)
    decision = models.ForeignKey("workers.StandingDecision", on_delete=models.PROTECT, null=True, related_name="+")
    facts_version = models.BigIntegerField(default=1, db_default=1)
    payout_ready_at = models.DateTimeField(null=True)
    onboarded_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            states.constraint(STANDING, column="standing"),
            models.CheckConstraint(
                condition=~models.Q(standing="ending") | models.Q(decision__isnull=False),
                name="ending_rests_on_a_decision",
            ),
            models.CheckConstraint(
                condition=~models.Q(standing="paused")
                | models.Q(
                    ~models.Q(standing_reason=""),
                    standing_until__gt=models.F("standing_since"),
                    standing_until__isnull=False,
                    standing_until__lte=models.F("standing_since") + LONGEST_PAUSE,
                ),
                name="pause_has_a_reason_and_an_end",
            ),
        ]
        indexes = [
            models.Index(
                fields=["standing_until"],
                name="pauses_by_end",
                condition=models.Q(standing="paused", standing_until__isnull=False),
            ),
            models.Index(fields=["standing"], name="workers_ending", condition=models.Q(standing="ending")),
        ]


class OpsRole(models.Model):
    """What an ops person may do; somebody with any of these does no paid work."""

    POOL_MANAGER, QUALITY_LEAD, FINANCE, ADMIN = "pool_manager", "quality_lead", "finance", "admin"
    ROLES = [
        (POOL_MANAGER, _("Pool manager")),
        (QUALITY_LEAD, _("Quality lead")),
        (FINANCE, _("Finance")),
        (ADMIN, _("Admin")),
    ]

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="ops_roles")
    role = models.CharField(max_length=20, choices=ROLES)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_row_per_ops_role"),
            models.CheckConstraint(
                condition=models.Q(role__in=["pool_manager", "quality_lead", "finance", "admin"]), name="ops_role_known"
            ),
        ]


class Link(models.Model):
    """Two accounts known to be of one person; whoever is linked is no second person. Kept once, smaller id first."""

    a = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    b = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="one_link_per_pair"),
            models.CheckConstraint(condition=models.Q(a__lt=models.F("b")), name="link_smaller_id_first"),
        ]
