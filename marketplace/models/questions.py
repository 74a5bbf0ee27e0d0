"""What workers ask about a project or a task, and what they were answered."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit import states
from kit.ids import uuid7
from marketplace.states import QUESTION


class Question(models.Model):
    """A worker's question to the client's team and ops; an answer may be published to everybody on the project."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey("marketplace.Project", on_delete=models.PROTECT, related_name="questions")
    task = models.ForeignKey("marketplace.Task", on_delete=models.SET_NULL, null=True, related_name="+")
    worker = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    state = states.field(QUESTION)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = models.TextField(max_length=4000, blank=True, default="")
    answered_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    published = models.BooleanField(default=False)
    became_version = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            states.constraint(QUESTION),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, answered_by__isnull=True, published=False, state__in=["open", "withdrawn"])
                | models.Q(answered_at__isnull=False, answered_by__isnull=False, state="answered"),
                name="question_answered_by_a_person",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="questions_open", condition=models.Q(state="open")),
            models.Index(fields=["project", "-asked_at"], name="questions_by_project"),
            models.Index(fields=["worker", "-asked_at"], name="questions_by_worker"),
            models.Index(fields=["task"], name="questions_by_task"),
        ]
