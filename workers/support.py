"""Help: anybody with an account writes, a person of ops answers within a day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.errors import Invalid, NotFound
from kit.limits import Limit
from workers import notices, work_queues
from workers.models import OpsRole, SupportRequest
from workers.states import SUPPORT

ANSWER_WITHIN = timedelta(hours=24)
LONGEST = 4_000
QUEUE = "support"
ASKING = Limit("support", times=10, seconds=3_600)

notices.declare("support.answered", _("Your request for help was answered."), url_name="workers:support", mail=True)


def ask(*, user_id: uuid.UUID, topic: str, text: str, now: datetime) -> SupportRequest:
    """Start the clock. Raises Invalid."""
    if topic not in dict(SupportRequest.TOPICS):
        raise Invalid(_("Choose what it is about."), field="topic", expected=sorted(dict(SupportRequest.TOPICS)))
    return SupportRequest.objects.create(
        user_id=user_id, topic=topic, text=_checked(text), asked_at=now, due_at=now + ANSWER_WITHIN
    )


def answer(*, request: SupportRequest, by_id: uuid.UUID, text: str, now: datetime) -> None:
    """A person answers. Raises Invalid, work_queues.Taken while a colleague is at it, NoSuchMove once answered."""
    said = _checked(text)
    work_queues.require(queue=QUEUE, item=request.pk, by_id=by_id, now=now)
    states.move(
        request, chart=SUPPORT, to="answered", actor_id=by_id, now=now, answer=said, answered_by_id=by_id, answered_at=now
    )
    work_queues.done(queue=QUEUE, item=request.pk)
    notices.tell(request.user_id, "support.answered")


def of(user_id: uuid.UUID) -> QuerySet[SupportRequest]:
    """One's own requests, the latest first."""
    return SupportRequest.objects.filter(user_id=user_id).select_related("answered_by").order_by("-asked_at", "-id")


def find(request_id: uuid.UUID) -> SupportRequest:
    """Raises NotFound."""
    found = SupportRequest.objects.select_related("user", "answered_by").filter(pk=request_id).first()
    if found is None:
        raise NotFound(_("There is no such request."))
    return found


def waiting() -> QuerySet[SupportRequest]:
    """The most urgent first."""
    return SupportRequest.objects.filter(state="open").select_related("user").order_by("due_at", "id")


def _checked(text: str) -> str:
    text = text.strip()
    if not 3 <= len(text) <= LONGEST or "\x00" in text:
        raise Invalid(_("Write 3 to 4,000 characters."), field="text")
    return text


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        yield work_queues.Item(
            id=one.pk, title=f"{one.user.name}: {one.get_topic_display()}", note=one.text[:140],
            url=reverse("workers:ops_support", args=[one.pk]), until=one.due_at,
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key=QUEUE, title=_("Requests for help"), about=_("Answered by a person within 24 hours."), none=_("Nobody waits for help."),
    roles=(OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD, OpsRole.FINANCE), waiting=_items,
    count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
