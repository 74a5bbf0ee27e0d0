"""Pools of people - named ones and those that a rule selects - what was sent to them, and what was done to many at once."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7


class Pool(models.Model):
    """People under a name: listed one by one (`rule` is null), or whoever fulfils a rule at the moment that is asked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    about = models.CharField(max_length=300, blank=True, default="")
    rule = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="one_people_pool_per_name", condition=models.Q(archived_at__isnull=True)),
        ]

    @property
    def listed(self) -> bool:
        """Named one by one, rather than selected by a rule."""
        return self.rule is None


class PoolMember(models.Model):
    """Somebody in a listed pool."""

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="members")
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="pools")
    added_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pool", "worker"], name="once_in_a_pool")]


class BulkAction(models.Model):
    """What was done to many people at once, with who was really changed, so that it can be taken back.

    `changed` lists their ids; for a pool those that were not (or were) in it before.
    """

    ADD, REMOVE, PAUSE, GRANT = "add", "remove", "pause", "grant"
    KINDS = [
        (ADD, _("Added to a pool")), (REMOVE, _("Taken out of a pool")), (PAUSE, _("Paused")), (GRANT, _("Given a skill")),
    ]  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=KINDS)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="actions")
    params = models.JSONField(default=dict)
    changed = models.JSONField(default=list)
    by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    @property
    def may_be_undone(self) -> bool:
        """Not a proof: taking one away is a decision about each person."""
        return self.undone_at is None and bool(self.changed) and self.kind != self.GRANT


class MessageTemplate(models.Model):
    """Words that ops write more than once, under a name; what they say is in the newest version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    created_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="one_template_per_name", condition=models.Q(archived_at__isnull=True)),
        ]


class MessageVersion(models.Model):
    """Title and text by language, `language` for whoever speaks none of them; added and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    template = models.ForeignKey(MessageTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    language = models.CharField(max_length=3)
    texts = models.JSONField()
    by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="one_template_version_per_number")]


class Announcement(models.Model):
    """Words to the people of a pool, or to all who work: in the product, and by mail where they take it.

    With a `version` of a template each reader gets their own language and name; title and text are then its own, unfilled.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="announcements")
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=4000)
    version = models.ForeignKey(MessageVersion, on_delete=models.PROTECT, null=True, related_name="announcements")
    by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    told = models.PositiveIntegerField(default=0)
    spared = models.PositiveIntegerField(default=0)
    cursor = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="announcements_going_out", condition=models.Q(done_at__isnull=True))]


class HealthBounds(models.Model):
    """Where the bands of a crowd's health begin and end, from a moment on; rows are added and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    from_at = models.DateTimeField(unique=True)
    most_hours_each = models.FloatField()
    least_hours_each = models.FloatField()
    most_days = models.FloatField()
    least_accepted = models.FloatField()
    set_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(least_accepted__gte=0, least_accepted__lte=100, least_hours_each__gte=0, most_days__gt=0)
                & models.Q(most_hours_each__gt=models.F("least_hours_each")),
                name="health_bounds_in_order",
            )
        ]


class PoolHealth(models.Model):
    """The band that a project's crowd is in, since when and why; and what ops were told last."""

    project = models.OneToOneField("marketplace.Project", on_delete=models.CASCADE, primary_key=True, related_name="health")
    band = models.CharField(max_length=10)
    since = models.DateTimeField()
    why = models.CharField(max_length=20)
    figure = models.FloatField(default=0)
    bound = models.FloatField(default=0)
    read_at = models.DateTimeField()
    told_band = models.CharField(max_length=10)
    told_at = models.DateTimeField(null=True)
