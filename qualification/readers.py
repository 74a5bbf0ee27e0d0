"""Who reads free texts: rights given by a person, a tier of the skill, what keeps somebody from a single text, and pauses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Refused
from qualification.models import Exam, Grant, ReaderGrant, ReaderPause, Reading, Skill
from qualification.states import LIVE
from workers import notices, people
from workers.models import OpsRole, User

READS_FROM_TIER = 2
"""A live proof of the exam's skill at this tier, or at the exam's own where that is higher, lets a person of ops read."""
PAUSE = timedelta(days=14)
WITHIN, MOST = timedelta(days=60), timedelta(days=30)
"""Software keeps somebody from reading for at most so long within so long; then people hear of it instead (decision 11)."""

notices.declare("reader.given", gettext_lazy("You may read free texts of tests now: %(what)s."), url_name="qualification:ops_readings")
notices.declare(
    "reader.ended", gettext_lazy("Your right to read free texts of tests was ended: %(what)s."), url_name="qualification:ops_readings"
)
notices.declare(
    "reader.paused",
    gettext_lazy(
        "Of the last %(met)s texts whose points are known you read %(right)s as agreed. You do not read until %(until)s; look at the"
        " rubrics again meanwhile. A quality lead can end this sooner."
    ),
    url_name="qualification:ops_readings", words={"until": notices.day}, mail=True,
)  # fmt: skip
notices.declare("reader.lifted", gettext_lazy("You may read free texts again."), url_name="qualification:ops_readings")
notices.declare(
    "reader.needs_person",
    gettext_lazy("%(name)s reads free texts otherwise than agreed, and software has paused them enough: please look."),
    url_name="qualification:ops_readers",
)  # fmt: skip


class NotAReader(Refused):
    """This person may not read texts of this skill."""

    code = "not_a_reader"


class ReaderPaused(Refused):
    """Not until a day; `until` says which."""

    code = "reader_paused"


def give(*, user_id: uuid.UUID, skill: Skill | None, by_id: uuid.UUID, now: datetime) -> ReaderGrant:
    """Let a quality lead read the texts of one skill's tests, or of all. Raises people.NotIndependent for oneself, Invalid for who is no
    quality lead, Conflict where they may already."""
    people.require_independent(by_id, user_id)
    if not OpsRole.objects.filter(user_id=user_id, role=OpsRole.QUALITY_LEAD).exists():
        raise Invalid(_("Expected a quality lead: free texts are read in their work queue."), field="user")
    try:
        with transaction.atomic():
            made = ReaderGrant.objects.create(user_id=user_id, skill=skill, given_by_id=by_id, given_at=now)
    except IntegrityError:
        raise Conflict(_("They may read these already.")) from None
    audit.record(subject=made, verb="reader.given", actor_id=by_id, now=now)
    notices.tell(user_id, "reader.given", what=_what(skill))
    return made


def end(*, grant_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> None:
    """Take the right back; what they read stays read. Raises NotFound."""
    found = ReaderGrant.objects.select_related("skill").filter(pk=grant_id, ended_at__isnull=True).first()
    if found is None:
        raise NotFound(_("There is no such right."))
    ReaderGrant.objects.filter(pk=found.pk).update(ended_at=now)
    audit.record(subject=found, verb="reader.ended", actor_id=by_id, now=now)
    notices.tell(found.user_id, "reader.ended", what=_what(found.skill))


def _what(skill: Skill | None) -> str:
    return skill.name if skill else _("all tests")


def live() -> QuerySet[ReaderGrant]:
    return ReaderGrant.objects.filter(ended_at__isnull=True).select_related("user", "skill").order_by("user__name", "given_at")


def readable(user_id: uuid.UUID, *, now: datetime) -> Q:
    """The texts that somebody is qualified for, as a condition on readings."""
    rights = set(ReaderGrant.objects.filter(user_id=user_id, ended_at__isnull=True).values_list("skill_id", flat=True))
    if None in rights:
        return Q()
    counts = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    proven = Grant.objects.filter(counts, worker_id=user_id, state=LIVE, tier__gte=READS_FROM_TIER)
    found = Q(question__item__exam__skill__in=[skill for skill in rights if skill])
    for skill_id, tier in proven.values_list("skill_id", "tier"):
        found |= Q(question__item__exam__skill=skill_id, question__item__exam__tier__lte=tier)
    return found


def of_exam(exam: Exam, *, now: datetime) -> set[uuid.UUID]:
    """Quality leads who may read this exam's texts and are not paused."""
    leads = set(OpsRole.objects.filter(role=OpsRole.QUALITY_LEAD).values_list("user_id", flat=True))
    rights = ReaderGrant.objects.filter(Q(skill=exam.skill_id) | Q(skill__isnull=True), user__in=leads, ended_at__isnull=True)
    least = max(READS_FROM_TIER, exam.tier)
    proven = Grant.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), skill=exam.skill_id, worker__in=leads, state=LIVE)
    found = set(rights.values_list("user_id", flat=True)) | set(proven.filter(tier__gte=least).values_list("worker_id", flat=True))
    paused = ReaderPause.objects.filter(user__in=found, ended_at__isnull=True, until__gt=now).values_list("user_id", flat=True)
    return found - set(paused)


def require(*, reading: Reading, by_id: uuid.UUID, now: datetime) -> None:
    """Raises NotAReader, ReaderPaused, and for a single text NotFound to its writer and people.NotIndependent to who is one person with
    its writer or with somebody who read it, and to who made the test while others could read it."""
    exam, attempt = reading.question.item.exam, reading.question.attempt
    if attempt.worker_id == by_id:
        raise NotFound(_("There is no such text."))
    if paused := pause_of(by_id, now=now):
        raise ReaderPaused(_("You do not read until then: your points differed from those that are known."), until=paused.until.isoformat())
    if not Reading.objects.filter(readable(by_id, now=now), pk=reading.pk).exists():
        raise NotAReader(_("You may not read texts of this skill. A quality lead or an admin can give you the right."))
    mine = people.linked(by_id)
    others = Reading.objects.filter(question=reading.question_id).exclude(pk=reading.pk)
    read = set(others.filter(graded_by__isnull=False, known__isnull=True).values_list("graded_by_id", flat=True))
    if attempt.worker_id in mine or read & mine:
        raise people.NotIndependent(_("Somebody else reads this: you, or an account of yours, wrote it or read it before."))
    if exam.created_by_id in mine and of_exam(exam, now=now) - mine - read - people.linked(attempt.worker_id):
        raise people.NotIndependent(_("You made this test: somebody else reads it."))


def keeps_away(user_id: uuid.UUID) -> Q:
    """Texts that are not for this person whatever their right, as a condition to exclude: their own or of accounts linked to them, those
    they have read, and known ones that are meant for others."""
    mine = people.linked(user_id)
    read = Reading.objects.filter(graded_by__in=mine, known__isnull=True).values("question")
    return Q(question__attempt__worker__in=mine) | Q(question__in=read, known__isnull=True) | Q(known__isnull=False) & ~Q(reader=user_id)


def pause_of(user_id: uuid.UUID, *, now: datetime) -> ReaderPause | None:
    """The pause that is in force."""
    return ReaderPause.objects.filter(user_id=user_id, ended_at__isnull=True, until__gt=now).order_by("-until").first()


def pauses(*, now: datetime) -> QuerySet[ReaderPause]:
    rows = ReaderPause.objects.filter(ended_at__isnull=True, until__gt=now).select_related("user")
    return rows.order_by("until")


def pause(*, user_id: uuid.UUID, met: int, right: int, now: datetime) -> ReaderPause | None:
    """By software, with a reason and an end; None, and people are told instead, where that would be more than 30 of 60 days."""
    spent = sum(((one.ended_at or one.until) - one.since for one in _lately(user_id, now)), timedelta())
    if spent + PAUSE > MOST:
        name = User.objects.values_list("name", flat=True).get(pk=user_id)
        leads = OpsRole.objects.filter(role=OpsRole.QUALITY_LEAD).exclude(user=user_id).values_list("user_id", flat=True)
        notices.tell_many(list(leads), "reader.needs_person", name=name)
        return None
    made = ReaderPause.objects.create(user_id=user_id, met=met, right=right, since=now, until=now + PAUSE)
    audit.record(subject=made, verb="reader.paused", actor_id=None, now=now)
    notices.tell(user_id, "reader.paused", met=met, right=right, until=made.until.isoformat())
    return made


def _lately(user_id: uuid.UUID, now: datetime) -> Iterable[ReaderPause]:
    return ReaderPause.objects.filter(user_id=user_id, until__gt=now - WITHIN)


def lift(*, pause_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> None:
    """A second person ends a pause. Raises NotFound, people.NotIndependent."""
    found = ReaderPause.objects.filter(pk=pause_id, ended_at__isnull=True, until__gt=now).first()
    if found is None:
        raise NotFound(_("There is no such pause."))
    people.require_independent(by_id, found.user_id)
    ReaderPause.objects.filter(pk=found.pk).update(ended_at=now, ended_by=by_id)
    audit.record(subject=found, verb="reader.lifted", actor_id=by_id, now=now)
    notices.tell(found.user_id, "reader.lifted")
