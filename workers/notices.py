"""Notices: what a person should know, told in the transaction that made it true, put into words when it is read."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kit import due
from kit.errors import Invalid, Text
from workers.models import Notice, NoticePreference, User

logger = logging.getLogger(__name__)

Words = Callable[[str], Text]

KINDS: dict[str, Kind] = {}
"""Every kind of notice by its name; rooms above declare theirs when they are loaded."""


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of notices that a person may switch together: its words, and the beginnings of its kinds' names."""

    title: Text
    about: Text
    kinds: tuple[str, ...]


GROUPS: dict[str, Group] = {
    "work": Group(lazy("New work"), lazy("When there is a task for you, if you asked to be told."), ("work.",)),
    "skills": Group(
        lazy("Tests, skills and credentials"), lazy("Results of tests, proofs that end, credentials that were looked at."),
        ("exam.", "grant.expired", "grant.restored", "credential."),
    ),
    "questions": Group(lazy("Questions"), lazy("Answers to what you asked, and questions about your projects."), ("question.", "support.")),
    "announcements": Group(lazy("Announcements"), lazy("News from the people who run this place."), ("announcement.",)),
    "organisation": Group(
        lazy("Organisations and agencies"), lazy("Who joins or leaves yours, and what an agency puts first for you."),
        ("organisation.", "agency."),
    ),
    "queue": Group(lazy("Work queues"), lazy("What a colleague hands over to you."), ("queue.",)),
}  # fmt: skip
"""What can be switched. Everything else - money, standing, decisions, appeals, disputes - is always told, as law and money need."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice: its sentence (`%(name)s` for parameters), where it leads, and whether it is also mailed.

    `url_name` is reversed with those parameters whose names stand in `url_params`; `words` puts a parameter into the
    reader's words.
    """

    name: str
    sentence: Text
    url_name: str = ""
    url_params: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)
    mail: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as a page or the API shows it."""

    id: uuid.UUID
    kind: str
    sentence: str
    url: str
    at: datetime
    read: bool


def declare(
    name: str,
    sentence: Text,
    *,
    url_name: str = "",
    url_params: tuple[str, ...] = (),
    words: Mapping[str, Words] | None = None,
    mail: bool = False,
) -> None:
    """Make a kind of notice known; done once, beside the code that tells it."""
    KINDS[name] = Kind(name=name, sentence=sentence, url_name=url_name, url_params=url_params, words=words or {}, mail=mail)


def day(moment: str) -> str:
    """For `words`: a moment in ISO form as a day in the reader's zone and language."""
    return date_format(timezone.localtime(datetime.fromisoformat(moment)), "DATE_FORMAT")


def within(text: str) -> str:
    """For `words`: what somebody wrote, to stand inside a sentence of ours: without a full stop of its own."""
    return text.rstrip().rstrip(".")


def tell(user_id: uuid.UUID, kind: str, **params: Any) -> Notice:
    """Tell a person something; `params` are plain values (ids, names, amounts as text). Raises KeyError for an unknown kind."""
    shown, mail = _wanted([user_id], kind)[user_id]
    return Notice.objects.create(user_id=user_id, kind=kind, params=params, shown=shown, mail=mail)


def tell_many(user_ids: Sequence[uuid.UUID], kind: str, **params: Any) -> int:
    """Tell many people the same, each as they want it; returns how many want it at all."""
    return tell_each(dict.fromkeys(user_ids, params), kind)


def tell_each(params: Mapping[uuid.UUID, Mapping[str, Any]], kind: str) -> int:
    """Tell each of many people their own, as they want it; returns how many want it at all. Two statements."""
    wanted = _wanted(list(params), kind)
    rows = [
        Notice(user_id=user_id, kind=kind, params=params[user_id], shown=shown, mail=mail)
        for user_id, (shown, mail) in wanted.items() if shown or mail
    ]  # fmt: skip
    Notice.objects.bulk_create(rows)
    return len(rows)


def group_of(kind: str) -> str | None:
    """The group that a kind can be switched with, or None for what is always told."""
    return next((key for key, group in GROUPS.items() if kind.startswith(group.kinds)), None)


def _wanted(user_ids: Sequence[uuid.UUID], kind: str) -> dict[uuid.UUID, tuple[bool, bool]]:
    """For each person whether this kind is shown and whether it is mailed; asks nothing where nobody can have a say."""
    usual, group = (True, KINDS[kind].mail), group_of(kind)
    if group is None:
        return dict.fromkeys(user_ids, usual)
    rows = NoticePreference.objects.filter(user_id__in=user_ids, group=group).values_list("user_id", "in_app", "mail")
    own = {user_id: (in_app, mail) for user_id, in_app, mail in rows}
    return {user_id: own.get(user_id, usual) for user_id in user_ids}


def preferences(user_id: uuid.UUID) -> dict[str, tuple[bool, bool]]:
    """For each group whether it is shown and mailed; a group without a row is mailed where any of its kinds is."""
    own = {row.group: (row.in_app, row.mail) for row in NoticePreference.objects.filter(user_id=user_id)}
    usual = {key: any(kind.mail for name, kind in KINDS.items() if group_of(name) == key) for key in GROUPS}
    return {key: own.get(key, (True, usual[key])) for key in GROUPS}


def prefer(*, user_id: uuid.UUID, group: str, in_app: bool, mail: bool) -> None:
    """Keep how a person wants to hear of a group. Raises Invalid for one that cannot be switched."""
    if group not in GROUPS:
        raise Invalid(lazy("This cannot be switched: law or money need it."), field="group", expected=sorted(GROUPS))
    NoticePreference.objects.update_or_create(user_id=user_id, group=group, defaults={"in_app": in_app, "mail": mail})


def unread_count(user_id: uuid.UUID) -> int:
    return Notice.objects.filter(user_id=user_id, read_at__isnull=True, shown=True).count()


def mark_read(*, user_id: uuid.UUID, now: datetime, ids: list[uuid.UUID] | None = None) -> int:
    """Mark a person's notices as read, all or the named ones; returns how many were unread."""
    unread = Notice.objects.filter(user_id=user_id, read_at__isnull=True)
    return (unread if ids is None else unread.filter(id__in=ids)).update(read_at=now)


def show(notice: Notice) -> Shown:
    """The notice in the language of the moment."""
    return Shown(
        id=notice.id,
        kind=notice.kind,
        sentence=_sentence(notice),
        url=_address(notice),
        at=notice.created_at,
        read=notice.read_at is not None,
    )


def _sentence(notice: Notice) -> str:
    kind = KINDS.get(notice.kind)
    if kind is None:
        return _("A notice of a kind that no longer exists.")
    said = {name: str(kind.words[name](value)) if name in kind.words else value for name, value in notice.params.items()}
    return str(kind.sentence) % _Params(said)


def _address(notice: Notice) -> str:
    """Where the notice leads, or nothing when that page is gone: an old notice stays readable."""
    kind = KINDS.get(notice.kind)
    if kind is None or not kind.url_name:
        return ""
    try:
        return reverse(kind.url_name, kwargs={name: notice.params[name] for name in kind.url_params})
    except (NoReverseMatch, KeyError):
        return ""


class _Params(dict[str, Any]):
    """Parameters of an old notice may lack what a newer sentence names; a dash stands in."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)

    def __missing__(self, key: str) -> str:
        return "–"


def mail_due(*, now: datetime, limit: int = 100) -> int:
    """Mail notices that wait for it; each is claimed first, so that none is sent twice. Returns how many were sent."""
    with transaction.atomic(durable=True):
        waiting = Notice.objects.filter(mail=True, mailed_at__isnull=True).select_related("user").order_by("created_at")
        taken = due.take(waiting, limit=limit)
        Notice.objects.filter(id__in=[notice.id for notice in taken]).update(mailed_at=now)
    return sum(_mail(notice) for notice in taken)


def _mail(notice: Notice) -> bool:
    """Send one notice; a mail server that refuses gets it again with the next round."""
    person: User = notice.user
    with translation.override(person.locale):
        sentence, address = _sentence(notice), _address(notice)
        link = f"{settings.PUBLIC_URL}{address}" if address else settings.PUBLIC_URL
        greeting = _("Hello %(name)s,") % {"name": person.name}
        body = f"{greeting}\n\n{sentence}\n\n{link}\n"
        if group_of(notice.kind):
            settings_page = f"{settings.PUBLIC_URL}{reverse('workers:notice_settings')}"
            body += "\n" + _("Which notices come by mail: %(address)s") % {"address": settings_page} + "\n"
        subject = _("%(product)s: news for you") % {"product": settings.PRODUCT_NAME}
    try:
        send_mail(subject, body, None, [person.email])
    except OSError:
        logger.exception("a notice could not be mailed", extra={"notice": str(notice.id)})
        Notice.objects.filter(id=notice.id).update(mailed_at=None)
        return False
    return True
