"""Requests for help: what somebody wrote to the people who run this place, and what they were answered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from workers.models.people import User
from workers.states import SUPPORT


class SupportRequest(models.Model):
    """One thing that somebody needs help with; answered by a person, within a day."""

    TOPICS = [
        ("account", _("My account or sign-in")),
        ("money", _("Money, payouts, invoices")),
        ("work", _("Work, tests, tasks")),
        ("client", _("Posting work")),
        ("other", _("Something else")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="support_requests")
    topic = models.CharField(max_length=10, choices=TOPICS)
    text = models.TextField(max_length=4000)
    state = states.field(SUPPORT)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = models.TextField(max_length=4000, blank=True, default="")
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            states.constraint(SUPPORT),
            models.CheckConstraint(
                condition=models.Q(answered_by__isnull=True, state="open") | models.Q(answered_by__isnull=False, state="answered"),
                name="support_answered_by_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="support_open", condition=models.Q(state="open")),
            models.Index(fields=["user", "-asked_at"], name="support_by_person"),
        ]
