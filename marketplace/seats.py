"""Paid courses and exams: a seat is taken before one begins, paid once when one passes, out of a pool of the batch."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kit import audit, states
from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import budgets, pricing, settlement
from marketplace.models import Batch, Course, Project, Seat, SeatOffer, TrainingKind
from marketplace.states import SEAT
from payments import funding, pools
from qualification import promises
from qualification.models import Attempt, Exam

SEATS_MOST, DAYS_MOST = 10_000, 60
IN_MOTION = ("launching", "active", "paused")


class SeatsTaken(Conflict):
    """Every paid seat is taken; one may begin without pay by saying so."""

    code = "seats_taken"


class OfferOver(Conflict):
    """It has ended already."""

    code = "seat_offer_over"


@dataclass(frozen=True, slots=True)
class Promise:
    """What passing would pay this person, before they begin: `open` to take, `held` until a time, `passed` and paid, or `full`."""

    state: str
    amount: Money
    lines: tuple[pricing.PriceLine, ...]
    hold_days: int
    held_until: datetime | None = None


def pool_of(offer: SeatOffer) -> str:
    return f"training:{offer.pk}"


def cost_of(offer: SeatOffer) -> int:
    """One seat with the platform's fee on it, in units."""
    return offer.fee_units + pricing.fee_on(offer.fee_units, int(offer.batch.terms["fee_bp"]))


def lines_of(terms: dict[str, Any]) -> list[pricing.PriceLine]:
    """The one line of the pay: a fixed fee, frozen with the seat."""
    return [pricing.PriceLine("training", int(terms["fee_units"]), pricing.RULE_TRAINING, {"kind": terms["kind"], "title": terms["title"]})]


# --- the offer ---------------------------------------------------------------------------------------------------------


def open_offer(
    *, batch: Batch, kind: str, fee: Money, seats: int, actor_id: uuid.UUID, now: datetime, exam: Exam | None = None,
    hold_days: int = 14,
) -> SeatOffer:
    """Pay so many people who pass; fees and ours are set aside from prepaid money at once. Raises Invalid, Conflict, OverBudget,
    InsufficientFunds; then nothing moved."""
    offer = SeatOffer(
        batch=batch, kind=kind, exam_series=exam.series if exam else None, fee_units=fee.units, seats=seats, hold_days=hold_days,
        opened_by_id=actor_id, opened_at=now,
    )  # fmt: skip
    _check(offer, fee)
    if Batch.objects.select_for_update().get(pk=batch.pk).state not in IN_MOTION:
        raise Conflict(_("Seats are paid by a batch that is in motion."))
    if _open_offers(batch.project, kind, offer.exam_series).filter(batch=batch).exists():
        raise Conflict(_("This batch pays seats for that already. End them first."))
    offer.save(force_insert=True)
    amount = Money(cost_of(offer) * seats, batch.currency)
    budgets.check(project=batch.project, more=amount, now=now)
    funding.reserve(
        organisation_id=batch.project.organisation_id, batch_id=batch.pk, amount=amount, idem=f"training:{offer.pk}",
        actor_id=actor_id, now=now,
    )  # fmt: skip
    pools.set_aside(batch_id=batch.pk, name=pool_of(offer), units=amount.units)
    audit.record(subject=offer, verb="seats.opened", actor_id=actor_id, now=now)
    return offer


def _check(offer: SeatOffer, fee: Money) -> None:
    if offer.kind not in TrainingKind.values or (offer.kind == TrainingKind.EXAM) != (offer.exam_series is not None):
        raise Invalid(_("Choose the course, or an exam."), field="kind")
    if fee.currency != offer.batch.currency or not 0 < fee.units <= 1_000 * 10_000:
        raise Invalid(_("Expected an amount above 0 in %(currency)s.") % {"currency": offer.batch.currency}, field="fee")
    for field, value, most in (("seats", offer.seats, SEATS_MOST), ("hold_days", offer.hold_days, DAYS_MOST)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": 1, "high": most}, field=field)
    if offer.kind == TrainingKind.COURSE and not Course.objects.filter(project=offer.batch.project_id, open=True).exists():
        raise Conflict(_("Open the project's course first."))


def end(*, offer: SeatOffer, actor_id: uuid.UUID | None, now: datetime) -> None:
    """No more seats are taken; who has one keeps it, the rest of the money goes to the batch's bonus pool. Raises OfferOver from a
    person."""
    if SeatOffer.objects.filter(pk=offer.pk, ended_at=None).update(ended_at=now) != 1:
        if actor_id is not None:
            raise OfferOver(_("This has ended already."))
        return
    offer.ended_at = now
    _give_back_what_is_free(offer)
    audit.record(subject=offer, verb="seats.ended", actor_id=actor_id, now=now)


def _give_back_what_is_free(offer: SeatOffer) -> None:
    held = Seat.objects.filter(offer=offer, state="held").count() * cost_of(offer)
    free = pools.of(batch_id=offer.batch_id, name=pool_of(offer)).left - held
    pools.move(batch_id=offer.batch_id, out_of=pool_of(offer), into=settlement.BONUS_POOL, units=free)


def exam_for(batch: Batch, exam_id: uuid.UUID | None) -> Exam | None:
    """A published exam that a batch may pay for: of the platform or of its own client. Raises Invalid."""
    if exam_id is None:
        return None
    found = exams_for(batch).filter(pk=exam_id).first()
    if found is None:
        raise Invalid(_("Expected a published exam, of yours or of the platform."), field="exam")
    return found


def exams_for(batch: Batch) -> QuerySet[Exam]:
    """By title."""
    of = Q(skill__organisation=None) | Q(skill__organisation=batch.project.organisation_id)
    return Exam.objects.filter(of, state="published").select_related("skill").order_by("title")


def counted(offer: SeatOffer) -> tuple[int, int]:
    """Seats that are held, and those that were passed and paid."""
    found = dict(Seat.objects.filter(offer=offer).values_list("state").annotate(n=Count("pk")).order_by())
    return found.get("held", 0), found.get("passed", 0)


def left(offer: SeatOffer) -> int:
    """Seats that can still be taken."""
    if offer.ended_at is not None:
        return 0
    return max(offer.seats - Seat.objects.filter(offer=offer).exclude(state="lapsed").count(), 0)


def _open_offers(project: Project | None, kind: str, series: uuid.UUID | None) -> QuerySet[SeatOffer]:
    rows = SeatOffer.objects.filter(kind=kind, exam_series=series, ended_at=None, batch__state__in=IN_MOTION)
    rows = rows.filter(batch__project=project) if project else rows
    return rows.select_related("batch__project").order_by("-fee_units", "opened_at")


# --- a seat ------------------------------------------------------------------------------------------------------------


def subject_of(offer: SeatOffer) -> uuid.UUID:
    """What is paid once per person: a project's course, or an exam for a project."""
    return uuid.uuid5(offer.batch.project_id, f"exam:{offer.exam_series}" if offer.kind == TrainingKind.EXAM else "course")


def promise(
    *, worker_id: uuid.UUID, kind: str, now: datetime, project: Project | None = None, exam: Exam | None = None
) -> Promise | None:
    """What passing pays this person; None where nobody pays for it."""
    mine = _mine(worker_id, kind, project, exam)
    if mine is not None and mine.state != "lapsed":
        return _promise(mine.state, mine.terms, mine.held_until)
    found = _offers(worker_id, kind, project, exam)
    if not found:
        return None
    room = next((offer for offer in found if left(offer)), None)
    return _promise("open" if room else "full", _terms(room or found[0], exam), None, (room or found[0]).hold_days)


def _promise(state: str, terms: dict[str, Any], until: datetime | None, hold_days: int = 0) -> Promise:
    return Promise(state, Money(int(terms["fee_units"]), terms["currency"]), tuple(lines_of(terms)), hold_days, until)


def _mine(worker_id: uuid.UUID, kind: str, project: Project | None, exam: Exam | None) -> Seat | None:
    rows = Seat.objects.filter(worker_id=worker_id, offer__kind=kind, offer__exam_series=exam.series if exam else None)
    rows = rows.filter(offer__batch__project=project) if project else rows
    return rows.select_related("offer__batch__project").order_by("-taken_at").first()


def _offers(worker_id: uuid.UUID, kind: str, project: Project | None, exam: Exam | None) -> list[SeatOffer]:
    """Offers open to this person, the best paid first: none of an organisation that they belong to."""
    rows = _open_offers(project, kind, exam.series if exam else None)
    return list(rows.exclude(batch__project__organisation__memberships__user_id=worker_id)[:20])


def _terms(offer: SeatOffer, exam: Exam | None) -> dict[str, Any]:
    batch = offer.batch
    return {
        "fee_units": offer.fee_units, "fee_bp": batch.terms["fee_bp"], "currency": batch.currency, "batch": str(batch.pk),
        "organisation": str(batch.project.organisation_id), "project": str(batch.project_id), "kind": offer.kind,
        "title": exam.title if exam else batch.project.name,
    }  # fmt: skip


def take(
    *, worker_id: uuid.UUID, kind: str, now: datetime, project: Project | None = None, exam: Exam | None = None,
    unpaid: bool = False,
) -> Seat | None:
    """Take a seat before one begins, in the transaction that begins; None where nobody pays, or who begins has been paid before.

    A seat in hand stays as it is. Raises SeatsTaken where all are taken, unless one begins `unpaid`.
    """
    mine = _mine(worker_id, kind, project, exam)
    if mine is not None and mine.state != "lapsed":
        return mine if mine.state == "held" else None
    found = _offers(worker_id, kind, project, exam)
    for offer in found:
        locked = SeatOffer.objects.select_for_update(of=("self",)).select_related("batch__project").get(pk=offer.pk)
        if left(locked):
            return _seat(locked, worker_id, exam, now)
    if found and not unpaid:
        raise SeatsTaken(_("Every paid seat is taken right now. You may begin without pay, or come back later."))
    return None


def _seat(offer: SeatOffer, worker_id: uuid.UUID, exam: Exam | None, now: datetime) -> Seat | None:
    until = now + timedelta(days=offer.hold_days)
    terms = _terms(offer, exam)
    seat, made = Seat.objects.select_for_update().get_or_create(
        worker_id=worker_id, subject=subject_of(offer),
        defaults={"offer": offer, "terms": terms, "taken_at": now, "held_until": until},
    )  # fmt: skip
    if not made and seat.state == "passed":
        return None
    if not made and seat.state == "lapsed":
        states.move(
            seat, chart=SEAT, to="held", actor_id=worker_id, now=now, offer_id=offer.pk, terms=terms, taken_at=now, held_until=until
        )
    return seat


def passed(*, worker_id: uuid.UUID, kind: str, now: datetime, project: Project | None = None, series: uuid.UUID | None = None) -> bool:
    """Pay the seats that this person holds for what they have now passed; True where something was paid. Once per seat."""
    rows = Seat.objects.select_for_update(of=("self",)).filter(
        worker_id=worker_id, state="held", offer__kind=kind, offer__exam_series=series
    )
    rows = rows.filter(offer__batch__project=project) if project else rows
    paid = False
    for seat in rows.select_related("offer__batch"):
        states.move(seat, chart=SEAT, to="passed", actor_id=worker_id, now=now, passed_at=now)
        lines = lines_of(seat.terms)
        accrual = settlement.accrual(
            worker_id=worker_id, terms=seat.terms, lines=lines, source_kind=kind, source_id=seat.pk, confirmed=True, now=now,
            fee_units=cost_of(seat.offer) - seat.offer.fee_units,
        )  # fmt: skip
        paid = pools.pay(accrual, pool=pool_of(seat.offer)) or paid
    return paid


def tidy(*, now: datetime, limit: int = 200) -> int:
    """Let seats lapse whose time is over, and end the offers of batches that are over. Needs a transaction; safe to run twice.

    Who sits the exam, or waits for a person to read what they wrote, keeps the seat until that has an outcome.
    """
    sitting = Attempt.objects.filter(worker_id=OuterRef("worker_id"), series=OuterRef("offer__exam_series"), state__in=["live", "reading"])
    late = Seat.objects.filter(~Exists(sitting), state="held", held_until__lte=now).order_by("held_until")
    due = Seat.objects.filter(pk__in=list(late.values_list("pk", flat=True)[:limit]))
    moved = states.move_all(due, chart=SEAT, before="held", to="lapsed", actor_id=None, now=now)
    for offer in SeatOffer.objects.filter(ended_at=None).exclude(batch__state__in=IN_MOTION).select_related("batch")[:limit]:
        end(offer=offer, actor_id=None, now=now)
    for offer in SeatOffer.objects.filter(taken__in=moved, ended_at__isnull=False).select_related("batch").distinct():
        _give_back_what_is_free(offer)
    return len(moved)


def _exam_promise(exam: Exam, worker_id: uuid.UUID, now: datetime) -> promises.Promise | None:
    """In the words of the exam's own page."""
    found = promise(worker_id=worker_id, kind="exam", exam=exam, now=now)
    if found is None:
        return None
    return promises.Promise(found.amount, said(found), full=found.state == "full")


def said(found: Promise) -> str:
    """What a promise means, in a sentence."""
    match found.state:
        case "passed":
            return _("You passed and were paid for it; it is paid once, however often you take it.")
        case "held":
            return _("Paid once when you pass. Your seat is kept until %(until)s.") % {
                "until": date_format(timezone.localtime(found.held_until), "j F, H:i")
            }  # fmt: skip
        case "full":
            return _("Every paid seat is taken right now: you may begin without pay, or come back later.")
    return ngettext(
        "Paid once when you pass, however often you try. Beginning keeps you a seat for %(n)s day.",
        "Paid once when you pass, however often you try. Beginning keeps you a seat for %(n)s days.", found.hold_days,
    ) % {"n": found.hold_days}  # fmt: skip


def _begin_exam(exam: Exam, worker_id: uuid.UUID, now: datetime, unpaid: bool) -> None:
    take(worker_id=worker_id, kind="exam", exam=exam, now=now, unpaid=unpaid)


promises.declare(_exam_promise, _begin_exam)
