"""The one mechanism for a second look: two clocks, a second person, and silence that decides for whoever asked.

Used for decisions about a person here and for disputes of work in the rooms above, which hear of the outcome by the event
`appeal.decided`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kit import due, outbox, states
from kit.errors import Conflict, Invalid, NotFound
from workers import notices, people, work_queues
from workers.models import Appeal, OpsRole
from workers.states import ANSWERED, APPEAL, DECIDED, OPEN, WAITING

ANSWER_WITHIN = timedelta(hours=48)
"""Until the first human answer."""

DECIDE_WITHIN = timedelta(days=5)
"""Until the decision, counted from the opening as well."""

LONGEST_TEXT = 5000

PAGES: dict[str, str] = {}
"""URL names of the pages on which ops sees what an appeal is about, by kind of subject; the URL takes the subject's id."""

FAMILIES: dict[str, str] = {}
"""Kinds of subject that rooms above look after themselves, and the first word of the notices that they declare for them."""


for _event, _sentence, _mail in (
    ("appeal.answered", _("Your appeal has been answered; a second person decides next."), False),
    ("appeal.upheld", _("Your appeal was decided: the decision stands."), True),
    ("appeal.overturned", _("You won your appeal."), True),
    ("appeal.by_silence", _("Nobody answered your appeal in time, so you won it."), True),
    ("appeal.conceded", _("The other side agrees with you, so you won your appeal."), True),
):
    notices.declare(_event, _sentence, url_name="workers:standing", mail=_mail)


def look_after(subject_kind: str, *, family: str) -> None:
    """A room above takes the appeals of this kind into its own pages; done once, when it is loaded."""
    FAMILIES[subject_kind] = family


def show_at(subject_kind: str, url_name: str) -> None:
    """A room above has a page for subjects of this kind; done once, when it is loaded."""
    PAGES[subject_kind] = url_name


def page_of(appeal: Appeal) -> str:
    """Where ops sees what an appeal is about; empty where the appeal's own page shows it."""
    name = PAGES.get(appeal.subject_kind)
    return reverse(name, args=[appeal.subject_id]) if name else ""


class AlreadyAppealed(Conflict):
    """One appeal for one subject."""

    code = "already_appealed"


class NoSuchAppeal(NotFound):
    """There is none, or it is somebody else's."""


class ClockIsOver(Conflict):
    """The time to answer or decide has passed; the person wins."""

    code = "appeal_clock_over"


def open_appeal(
    *,
    subject_kind: str,
    subject_id: uuid.UUID,
    person_id: uuid.UUID,
    against_id: uuid.UUID | None,
    text: str,
    now: datetime,
) -> Appeal:
    """Start both clocks. `against_id` is who made the word that is appealed, None for a clock or a client's program.

    Raises Invalid for an empty or endless text, AlreadyAppealed when the subject has its appeal.
    """
    text = _check_text(text, field="text")
    try:
        with transaction.atomic():
            appeal = Appeal.objects.create(
                subject_kind=subject_kind,
                subject_id=subject_id,
                person_id=person_id,
                against_id=against_id,
                text=text,
                opened_at=now,
                answer_due_at=now + ANSWER_WITHIN,
                decide_due_at=now + DECIDE_WITHIN,
            )
    except IntegrityError:
        raise AlreadyAppealed(_("This has been appealed already.")) from None
    _emit("appeal.opened", appeal)
    return appeal


def answer(*, appeal: Appeal, by_id: uuid.UUID, text: str, now: datetime) -> None:
    """The first human answer: what the decision rests on. Raises ClockIsOver, Invalid, people.NotIndependent."""
    text = _check_text(text, field="text")
    people.require_independent(by_id, appeal.person_id)
    if now >= appeal.answer_due_at:
        raise ClockIsOver(_("The time to answer is over; the person wins this appeal."))
    states.move(appeal, chart=APPEAL, to=ANSWERED, actor_id=by_id, now=now, answered_by_id=by_id, answered_at=now, answer=text)
    _tell(appeal, "answered")
    _emit("appeal.answered", appeal)


def decide(*, appeal: Appeal, by_id: uuid.UUID, overturn: bool, grounds: str, now: datetime) -> None:
    """A second person decides. Second means independent of the appellant and of the first decider, or, where no human
    was first, of whoever answered. Raises states.NoSuchMove before an answer, ClockIsOver, Invalid, people.NotIndependent.
    """
    grounds = _check_text(grounds, field="grounds")
    people.require_independent(by_id, appeal.person_id)
    if first := appeal.against_id or appeal.answered_by_id:
        people.require_independent(by_id, first)
    if appeal.state == OPEN:
        raise states.NoSuchMove(_("Answer the appeal first; then a second person decides."), state=appeal.state)
    if now >= appeal.decide_due_at:
        raise ClockIsOver(_("The time to decide is over; the person wins this appeal."))
    outcome = Appeal.OVERTURNED if overturn else Appeal.UPHELD
    _close(appeal, outcome=outcome, by_id=by_id, grounds=grounds, now=now)


def concede(*, appeal: Appeal, by_id: uuid.UUID, words: str, now: datetime) -> None:
    """The side that is appealed against agrees, before or after its answer; `words` may be empty. The caller knows who speaks
    for that side. Raises ClockIsOver, Invalid, people.NotIndependent, states.NoSuchMove once decided.
    """
    words = words.strip()
    if len(words) > LONGEST_TEXT:
        raise Invalid(_("Write at most 5,000 characters."), field="text")
    people.require_independent(by_id, appeal.person_id)
    if (until := due_at(appeal)) is not None and now >= until:
        raise ClockIsOver(_("The time is over; the person wins this appeal."))
    _close(appeal, outcome=Appeal.CONCEDED, by_id=by_id, grounds=words, now=now)


def decide_overdue(*, now: datetime, limit: int = 200) -> int:
    """Silence decides for the person: no answer in 48 hours, or no decision in 5 days. Returns how many were decided."""
    late = Appeal.objects.filter(Q(state=OPEN, answer_due_at__lte=now) | Q(state__in=WAITING, decide_due_at__lte=now)).order_by(
        "decide_due_at"
    )
    taken = due.take(late, limit=limit)
    for appeal in taken:
        _close(appeal, outcome=Appeal.BY_SILENCE, by_id=None, grounds="", now=now)
    return len(taken)


def find(appeal_id: uuid.UUID) -> Appeal:
    """Raises NoSuchAppeal."""
    found = of_people().select_related("person").filter(pk=appeal_id).first()
    if found is None:
        raise NoSuchAppeal(_("There is no such appeal."))
    return found


def waiting() -> QuerySet[Appeal]:
    """Appeals of decisions about people that wait for somebody, the most urgent first."""
    return of_people().filter(state__in=WAITING).select_related("person", "against").order_by("decide_due_at", "id")


def of_people() -> QuerySet[Appeal]:
    """Appeals that no room above looks after."""
    return Appeal.objects.exclude(subject_kind__in=list(FAMILIES))


def due_at(appeal: Appeal) -> datetime | None:
    """When the clock that runs now ends; None once decided."""
    if appeal.state == DECIDED:
        return None
    return appeal.answer_due_at if appeal.state == OPEN else appeal.decide_due_at


def _close(appeal: Appeal, *, outcome: str, by_id: uuid.UUID | None, grounds: str, now: datetime) -> None:
    states.move(
        appeal,
        chart=APPEAL,
        to=DECIDED,
        actor_id=by_id,
        now=now,
        reason=outcome,
        outcome=outcome,
        decided_by_id=by_id,
        decided_at=now,
        grounds=grounds,
    )
    _tell(appeal, outcome)
    _emit("appeal.decided", appeal, outcome=outcome)


def _tell(appeal: Appeal, what: str) -> None:
    family = FAMILIES.get(appeal.subject_kind, "appeal")
    notices.tell(appeal.person_id, f"{family}.{what}", appeal=str(appeal.id), subject=str(appeal.subject_id))


def _emit(event: str, appeal: Appeal, **more: str) -> None:
    outbox.emit(
        event,
        appeal_id=str(appeal.id),
        subject_kind=appeal.subject_kind,
        subject_id=str(appeal.subject_id),
        person_id=str(appeal.person_id),
        **more,
    )


def _check_text(text: str, *, field: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise Invalid(_("Write 1 to 5,000 characters."), field=field)
    return text


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        step = _now("nobody has answered yet") if one.state == OPEN else _now("answered; a second person decides")
        yield work_queues.Item(
            id=one.pk, title=_now("Appeal of %(name)s") % {"name": one.person.name}, note=step,
            url=reverse("workers:ops_appeal", args=[one.pk]), until=due_at(one),
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key="appeals", title=_("Appeals"), about=_("Answered within 48 hours, decided by a second person within 5 days."),
    none=_("No appeal waits."), roles=(OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), waiting=_items,
    count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
