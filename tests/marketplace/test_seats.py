"""Paid courses and exams: the fee shown and frozen before one begins, paid once, out of money that was set aside for it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from config.demo.market import deliver
from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import courses, learning, seats, settlement
from marketplace.models import Batch, Seat, SeatOffer
from payments import funding, ledger, pools
from payments.chart import Account
from payments.models import Earning, LedgerEntry, Pool
from qualification import attempts
from qualification.models import Exam
from tests import market, people
from tests.qualification import cast
from tests.workers.doors import browser, program
from workers.models import Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
DAY = dt.timedelta(days=1)


def moving(mira: User, shop: Organisation) -> Batch:
    """A batch in motion of a project whose course is its guideline alone."""
    batch = market.launched(mira, shop)
    with transaction.atomic():
        courses.change(project=batch.project, open=True, actor_id=mira.pk, now=NOW)
    return batch


def offer(batch: Batch, mira: User, *, fee: str = "3.00", n: int = 1, exam: Exam | None = None) -> SeatOffer:
    with transaction.atomic():
        return seats.open_offer(
            batch=batch, kind="exam" if exam else "course", exam=exam, fee=people.usd(fee), seats=n, actor_id=mira.pk, now=NOW
        )


def begin(worker: User, batch: Batch, *, unpaid: bool = False, now: dt.datetime = NOW) -> None:
    with transaction.atomic():
        course = learning.find(worker_id=worker.pk, project_id=batch.project_id, now=now)
        learning.begin(worker_id=worker.pk, course=course, now=now, unpaid=unpaid)


def passes(worker: User, batch: Batch, *, now: dt.datetime = NOW) -> None:
    course = learning.find(worker_id=worker.pk, project_id=batch.project_id, now=now)
    progress = learning.progress_of(worker_id=worker.pk, course=course)
    assert progress is not None
    with transaction.atomic():
        for step in learning.shown(progress):
            learning.read(progress=progress, n=step.n, now=now)


def available(worker: User) -> Money:
    return ledger.balance(Account("worker_available", worker.pk, "USD"))


def prepaid(shop: Organisation) -> Money:
    return ledger.balance(Account("client_prepaid", shop.pk, "USD"))


def test_a_course_pays_its_fee_once_out_of_its_pool_and_the_books_balance() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    batch = moving(mira, shop)
    before = prepaid(shop)
    made = offer(batch, mira, n=2)
    cost = seats.cost_of(made)
    assert before - prepaid(shop) == Money(2 * cost, "USD") and cost > people.usd("3.00").units
    found = seats.promise(worker_id=ana.pk, kind="course", project=batch.project, now=NOW)
    assert found and (found.state, found.amount, found.lines[0].units) == ("open", people.usd("3.00"), 30_000)
    begin(ana, batch)
    assert Seat.objects.get(worker=ana).state == "held" and seats.left(made) == 1
    passes(ana, batch)
    assert available(ana) == people.usd("3.00")
    with transaction.atomic():
        assert not seats.passed(worker_id=ana.pk, kind="course", project=batch.project, now=NOW)
    earned = Earning.objects.get(worker=ana)
    assert (earned.source_kind, earned.fee_units, earned.lines.get().kind) == ("course", cost - 30_000, "training")
    assert pools.of(batch_id=batch.pk, name=seats.pool_of(made)) == pools.PoolView(2 * cost, cost)
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.create(
            offer=made, worker=ana, subject=seats.subject_of(made), terms={}, taken_at=NOW, held_until=NOW + DAY
        )
    assert seats.promise(worker_id=wen.pk, kind="course", project=batch.project, now=NOW)


def test_an_empty_pool_says_so_before_the_beginning_and_one_may_begin_without_pay() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    batch = moving(mira, shop)
    made = offer(batch, mira)
    begin(ana, batch)
    page = browser(wen).get(f"/work/projects/{batch.project_id}/course/").content
    assert b"Begin without pay" in page and b"3.00" in page
    with pytest.raises(seats.SeatsTaken):
        begin(wen, batch)
    assert not learning.progress_of(worker_id=wen.pk, course=batch.project.course)
    begin(wen, batch, unpaid=True)
    passes(wen, batch)
    assert not Earning.objects.exists() and available(wen) == people.usd("0")
    passes(ana, batch)
    assert available(ana) == people.usd("3.00") and seats.left(made) == 0


def test_who_began_before_the_seats_were_opened_is_paid_as_the_page_says() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    batch = moving(mira, shop)
    begin(ana, batch)
    offer(batch, mira)
    page = browser(ana).get(f"/work/projects/{batch.project_id}/course/").content
    assert b"3.00" in page and b"Paid once when you pass" in page
    passes(ana, batch)
    assert available(ana) == people.usd("3.00")


def test_a_seat_lapses_goes_to_somebody_else_and_its_money_goes_back_when_the_seats_end() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    batch = moving(mira, shop)
    made = offer(batch, mira)
    begin(ana, batch)
    late = NOW + 15 * DAY
    with transaction.atomic():
        assert seats.tidy(now=late - 2 * DAY) == 0
        assert seats.tidy(now=late) == 1
    begin(wen, batch, now=late)
    with transaction.atomic():
        seats.end(offer=made, actor_id=mira.pk, now=late)
    assert pools.of(batch_id=batch.pk, name=seats.pool_of(made)).left == seats.cost_of(made)
    assert settlement.promised_by_pools(batch=batch, now=late).units == seats.cost_of(made)
    passes(ana, batch, now=late)
    assert available(ana) == people.usd("0")
    passes(wen, batch, now=late)
    assert available(wen) == people.usd("3.00")
    with pytest.raises(seats.OfferOver), transaction.atomic():
        seats.end(offer=made, actor_id=mira.pk, now=late)


def test_an_exam_is_paid_when_it_is_passed_however_often_it_was_tried() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    batch, exam = moving(mira, shop), cast.exam(questions=2, cooldown_hours=0)
    offer(batch, mira, exam=exam)
    tab, api = browser(ana), program(ana, "work")
    assert b"What passing pays" in tab.get(f"/work/exams/{exam.pk}/").content
    shown = api.get(f"/api/v1/exams/{exam.pk}/").json()["promises"]
    assert [(one["amount"]["amount"], one["full"]) for one in shown] == [("3.0000", False)]
    for right in (False, True):
        with transaction.atomic():
            attempt = attempts.start(exam=exam, worker_id=ana.pk, now=NOW)
            for row in attempt.items.select_related("item"):
                answer = cast.right_answer(row) if right else cast.wrong_answer(row)
                attempts.save_answer(attempt_id=attempt.pk, worker_id=ana.pk, n=row.n, answer=answer, now=NOW)
            attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW)
        deliver(NOW)
        deliver(NOW)
        assert available(ana) == people.usd("3.00" if right else "0")
    assert Earning.objects.get().source_kind == "exam" and Seat.objects.get().state == "passed"


def test_what_cannot_be_paid_is_refused_and_nothing_moves() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop)
    before = prepaid(shop)
    for refused, options in ((Conflict, {}), (Invalid, {"fee": "0"}), (Invalid, {"n": 0})):
        with pytest.raises(refused):
            offer(batch, mira, **options)  # type: ignore[arg-type]
    with transaction.atomic():
        courses.change(project=batch.project, open=True, actor_id=mira.pk, now=NOW)
    with pytest.raises(funding.InsufficientFunds):
        offer(batch, mira, n=10_000)
    assert prepaid(shop) == before and not SeatOffer.objects.exists() and not Pool.objects.filter(name__startswith="training").exists()
    offer(batch, mira)
    with pytest.raises(Conflict):
        offer(batch, mira)


def test_clients_open_and_end_seats_on_their_page_and_by_the_api() -> None:
    mira, shop = people.client()
    eve, other = people.client("Eve")
    batch = moving(mira, shop)
    page = f"/client/{shop.slug}/batches/{batch.pk}/seats/"
    tab = browser(mira)
    opened = tab.post(page, {"what": "course", "fee": "2.50", "seats": "3", "hold_days": "7"})
    assert opened.status_code == 302 and b"2.50" in tab.get(page).content
    assert tab.post(page, {"what": "course", "fee": "2.50", "seats": "3", "hold_days": "7"}).status_code == 422
    made = SeatOffer.objects.get()
    mine, theirs = (
        program(user, "client:read", "client:write", organisation=of) for user, of in ((mira, shop), (eve, other))
    )
    [row] = mine.get(f"/api/v1/batches/{batch.pk}/seats/").json()["results"]
    assert (row["left"], row["held"], row["fee"]["amount"]) == (3, 0, "2.5000")
    assert theirs.get(f"/api/v1/batches/{batch.pk}/seats/").status_code == 404
    assert theirs.post(f"/api/v1/seats/{made.pk}/end/").status_code == 404
    assert tab.post(f"{page}{made.pk}/end/").status_code == 302
    assert mine.post(f"/api/v1/seats/{made.pk}/end/").status_code == 409
    body = {"kind": "course", "fee": {"amount": "1.00", "currency": "USD"}, "seats": 1}
    assert mine.post(f"/api/v1/batches/{batch.pk}/seats/", body, content_type="application/json").status_code == 201
