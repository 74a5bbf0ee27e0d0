"""Making exams: drafts, publishing, new versions, retiring, and questions that turn out to be wrong."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kit import audit, states
from kit.errors import Conflict, Invalid, NotFound
from qualification import guidelines
from qualification.models import HIGHEST_TIER, Exam, ExamItem, Skill
from qualification.states import DRAFT, EXAM, LIVE, PUBLISHED, RETIRED, VOID
from workers.models import Organisation

BOUNDS: dict[str, tuple[int, int]] = {
    "tier": (0, HIGHEST_TIER),
    "pass_bp": (1, 10_000),
    "time_limit_seconds": (60, 6 * 3600),
    "draws": (1, 100),
    "cooldown_hours": (0, 24 * 365),
    "max_attempts": (1, 20),
    "valid_days": (1, 3660),
    "confidence_bp": (5_000, 9_990),
    "second_chance_days": (0, 3660),
}
"""What each number of an exam may be."""
FURTHEST_CUT = 3.0
"""Abilities beyond three standard deviations are those of one person in a thousand."""
LEAST_ADAPTIVE = 3
"""An adaptive bank holds so many times the questions that an attempt may ask, so that people do not all meet the same."""

KEPT = (
    "root", "kind", "task_type", "topic", "section", "body", "key", "state", "a", "b", "calibration", "calibrated_from", "calibrated_at",
)  # fmt: skip
"""What a question takes along into the next version."""


class NotADraft(Conflict):
    """What was published is not changed; a new version is made instead."""

    code = "not_a_draft"


class NotReady(Conflict):
    """The exam lacks something that people who sit it need."""

    code = "exam_not_ready"


def create(
    *,
    skill: Skill,
    title: str,
    by_id: uuid.UUID,
    now: datetime,
    about: str = "",
    form: str = Exam.FIXED,
    cuts: Sequence[float] = (),
    **numbers: int,
) -> Exam:
    """A draft. `numbers` are those of BOUNDS; what is not given has the model's default. `cuts` are the abilities from which an
    adaptive exam gives tier 1, 2, ... Raises Invalid with the field."""
    exam = Exam(
        skill=skill,
        title=_check_title(title),
        about=_check_about(about),
        created_by_id=by_id,
        created_at=now,
        form=form,
        cuts=list(cuts),
        **_check_numbers(numbers),
    )
    _check_form(exam)
    exam.save(force_insert=True)
    audit.record(subject=exam, verb="exam.made", actor_id=by_id, now=now)
    return exam


def change(
    *,
    exam: Exam,
    title: str | None = None,
    about: str | None = None,
    form: str | None = None,
    cuts: Sequence[float] | None = None,
    **numbers: int,
) -> Exam:
    """Change a draft. Raises NotADraft, Invalid with the field."""
    _require_draft(exam)
    changes: dict[str, Any] = dict(_check_numbers(numbers))
    if form is not None:
        changes["form"] = form
    if cuts is not None:
        changes["cuts"] = list(cuts)
    if title is not None:
        changes["title"] = _check_title(title)
    if about is not None:
        changes["about"] = _check_about(about)
    for name, value in changes.items():
        setattr(exam, name, value)
    _check_form(exam)
    exam.save(update_fields=list(changes))
    return exam


def publish(*, exam: Exam, by_id: uuid.UUID, now: datetime) -> None:
    """Open a draft to people; the version before it closes, and whoever sits that one finishes it.

    Raises NotReady when the bank holds fewer questions than an attempt draws, or cannot serve an adaptive exam, NoSuchMove when it
    is no draft.
    """
    if why := why_not_ready(exam):
        raise NotReady(why, field="draws")
    EXAM.check(exam.state, PUBLISHED)
    before = Exam.objects.filter(series=exam.series, state=PUBLISHED).first()
    if before is not None:
        states.move(before, chart=EXAM, to=RETIRED, actor_id=by_id, now=now, reason="newer_version")
    states.move(exam, chart=EXAM, to=PUBLISHED, actor_id=by_id, now=now, published_at=now)


def why_not_ready(exam: Exam) -> str | None:
    """What the bank lacks, in a sentence; None when people could sit the exam."""
    usable = exam.items.filter(state=LIVE)
    count = usable.count()
    if count < exam.draws:
        return _("The bank holds fewer questions than each attempt draws.")
    if exam.form == Exam.FIXED:
        return None
    if count < LEAST_ADAPTIVE * exam.draws:
        return _("An adaptive test needs three times as many questions as it may ask: %(least)d.") % {"least": LEAST_ADAPTIVE * exam.draws}
    bare = usable.filter(a__isnull=True).count()
    if bare:
        return ngettext(
            "%(n)d question has no difficulty yet. State it, or let people sit the fixed form first and estimate it from their answers.",
            "%(n)d questions have no difficulty yet. State it, or let people sit the fixed form first and estimate it from their answers.",
            bare,
        ) % {"n": bare}
    if usable.filter(kind=ExamItem.PROSE).exists():
        return _("A free text cannot choose the next question: an adaptive test does without.")
    return None


def retire(*, exam: Exam, by_id: uuid.UUID, now: datetime) -> None:
    """Close an exam to new attempts; live ones are finished, grants stay. Raises NoSuchMove."""
    states.move(exam, chart=EXAM, to=RETIRED, actor_id=by_id, now=now)


def revise(*, exam: Exam, by_id: uuid.UUID, now: datetime) -> Exam:
    """A draft of the next version with the same rules and all questions that are not void, for its guideline as it is now. Raises
    Conflict when there is one."""
    if Exam.objects.filter(series=exam.series, state=DRAFT).exists():
        raise Conflict(_("There is a draft of the next version already."))
    last = Exam.objects.filter(series=exam.series).aggregate(last=Max("version"))["last"]
    try:
        with transaction.atomic():
            draft = Exam.objects.create(
                series=exam.series,
                version=last + 1,
                skill=exam.skill,
                title=exam.title,
                about=exam.about,
                created_by_id=by_id,
                created_at=now,
                form=exam.form,
                cuts=exam.cuts,
                project=exam.project,
                guideline=named.newest if (named := guidelines.of(exam)) else exam.guideline,
                recheck=exam.recheck,
                **{name: getattr(exam, name) for name in BOUNDS},
            )
    except IntegrityError:
        raise Conflict(_("There is a draft of the next version already.")) from None
    kept = exam.items.exclude(state=VOID).order_by("n")
    ExamItem.objects.bulk_create(
        ExamItem(exam=draft, n=at, **{name: getattr(item, name) for name in KEPT}) for at, item in enumerate(kept, start=1)
    )
    audit.record(subject=draft, verb="exam.revised", actor_id=by_id, now=now)
    return draft


def remove_item(*, item: ExamItem) -> None:
    """Take a question out of a draft. Raises NotADraft; one that people have met is voided instead."""
    _require_draft(item.exam)
    item.delete()


def owned_by(organisation: Organisation | None) -> QuerySet[Exam]:
    """The exams that an organisation, or ops (None) for the platform, looks after."""
    rows = Exam.objects.select_related("skill").order_by("title", "-version")
    return rows.filter(skill__organisation=organisation)


def find(*, exam_id: uuid.UUID, organisation: Organisation | None) -> Exam:
    """One of the owner's exams. Raises NotFound."""
    found = owned_by(organisation).filter(pk=exam_id).first()
    if found is None:
        raise NotFound(_("There is no such exam."))
    return found


def find_item(exam: Exam, item_id: uuid.UUID) -> ExamItem:
    """One question of an exam. Raises NotFound."""
    found = ExamItem.objects.select_related("exam__skill").filter(exam=exam, pk=item_id).first()
    if found is None:
        raise NotFound(_("There is no such question."))
    return found


def open_to(worker_id: uuid.UUID) -> QuerySet[Exam]:
    """The exams that a worker may sit: published ones, but none of an organisation that they belong to."""
    rows = Exam.objects.filter(state=PUBLISHED).select_related("skill__organisation").order_by("title", "id")
    return rows.exclude(skill__organisation__memberships__user_id=worker_id)


def items_with_health(exam: Exam) -> QuerySet[ExamItem]:
    """Questions with `exposure` (attempts that drew it), `answers`, and `credit` (their sum): share right = credit / answers."""
    return exam.items.annotate(
        exposure=Count("drawn"),
        answers=Count("drawn", filter=Q(drawn__credit_bp__isnull=False)),
        credit=Sum("drawn__credit_bp"),
    ).order_by("n")


def _require_draft(exam: Exam) -> None:
    if exam.state != DRAFT:
        raise NotADraft(_("This version was published. Start a new version to change it."))


def _check_form(exam: Exam) -> None:
    """An adaptive exam has a cut for each tier up to its own, each above the one before."""
    if exam.form not in dict(Exam.FORMS):
        raise Invalid(_("Expected fixed or adaptive."), field="form", expected=[Exam.FIXED, Exam.ADAPTIVE])
    if exam.form == Exam.FIXED:
        exam.cuts = []
        return
    if exam.tier < 1:
        raise Invalid(_("An adaptive test leads to tier 1, 2 or 3."), field="tier")
    if len(exam.cuts) != exam.tier:
        raise Invalid(_("Expected as many cuts as tiers: %(tiers)d.") % {"tiers": exam.tier}, field="cuts")
    if any(isinstance(cut, bool) or not isinstance(cut, int | float) or not abs(cut) <= FURTHEST_CUT for cut in exam.cuts):
        raise Invalid(_("A cut is an ability from -3 to 3: 0 is the middle of all people, 1 one standard deviation above."), field="cuts")
    if any(low >= high for low, high in pairwise(exam.cuts)):
        raise Invalid(_("Each cut lies above the one before."), field="cuts")


def _check_title(title: str) -> str:
    title = " ".join(title.split())
    if not 2 <= len(title) <= 120:
        raise Invalid(_("Expected a title of 2 to 120 characters."), field="title")
    return title


def _check_about(about: str) -> str:
    if len(about) > 5000:
        raise Invalid(_("At most 5,000 characters."), field="about")
    return about


def _check_numbers(numbers: dict[str, int]) -> dict[str, int]:
    for name, value in numbers.items():
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise Invalid(_("Expected a whole number from %(low)d to %(high)d.") % {"low": low, "high": high}, field=name)
    return numbers
