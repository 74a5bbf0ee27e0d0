"""Agencies' fees: exact to the unit, once a day, out of our own fee alone, held back where they must be, never below zero."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from config.reactions import REACTIONS
from kit.errors import Conflict, Invalid
from kit.ids import uuid7
from kit.money import Money
from payments import agency_fees, earnings, ledger, payout_runs
from payments.chart import platform
from payments.models import AgencyDay, AgencyTakeBack, Earning, LedgerTx, PayoutAccount
from tests import people
from tests.payments import cast
from tests.payments.cast import NOW, usd
from tests.payments.test_payouts import nothing_is_broken
from tests.workers.doors import browser
from workers import agencies
from workers.models import Agency, Membership, Notice, Organisation, TeamPlace, User

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)
NIGHT = dt.datetime(2026, 11, 17, 0, 50, tzinfo=dt.UTC)


def agency(share_bp: int = 2_000, *, payee: bool = True) -> tuple[User, Agency]:
    """Gus's agency, whose fees have gone to him for a week."""
    gus, olu = people.worker("Gus"), people.ops("Olu", "finance")
    PayoutAccount.objects.create(user=gus, country="US", currency="USD", created_at=NOW, state="active", rail_account=f"acct_{uuid7().hex}")
    with transaction.atomic():
        team = agencies.open_agency(name="Gus & Team", owner_email=gus.email, by_id=olu.pk, now=NOW - 9 * DAY)
        if share_bp:
            agency_fees.agree(agency=team.organisation, share_bp=share_bp, from_day=(NOW - 8 * DAY).date(), by_id=olu.pk, now=NOW - 8 * DAY)
        if payee:
            agency_fees.name_payee(agency=team.organisation, user_id=gus.pk, by_id=gus.pk, now=NOW - 7 * DAY)
    return gus, team


def member(team: Agency, name: str = "Ana") -> User:
    worker = people.worker(name)
    TeamPlace.objects.create(agency=team.organisation, worker_id=worker.pk, since=NOW - DAY)
    return worker


def work(who: User, shop: Organisation, *fees: str, now: dt.datetime = NOW) -> list[earnings.Accrual]:
    """Answers accepted at once, each with our fee."""
    batch = cast.launch(shop, usd("50"))
    return [cast.earn(who, shop, batch, fee=fee, confirmed=True, now=now) for fee in fees]


def night(now: dt.datetime = NIGHT) -> tuple[int, int]:
    return agency_fees.note_days(now=now), agency_fees.post_due(now=now)


def revenue() -> Money:
    return ledger.balance(platform("platform_revenue", "USD"))


def test_a_day_is_one_line_out_of_our_fee_and_neither_worker_nor_client_pays() -> None:
    (gus, team), (_mira, shop) = agency(1_250), people.client()
    ana, stranger = member(team), people.worker("Wen")
    work(ana, shop, "0.1001", "0.1002")
    work(stranger, shop, "5")
    paid, prepaid, ours = people.of_worker("available", ana), people.prepaid(shop), revenue()
    assert night() == (1, 1)
    row = AgencyDay.objects.get()
    assert (row.day, row.answers, row.our_fee_units) == (NOW.date(), 2, 2003)
    assert row.fee_units == 250, "12.5 % of 2,003 units is 250.375"
    assert people.of_worker("available", gus) == Money(250, "USD") and revenue() == ours - Money(250, "USD")
    assert people.of_worker("available", ana) == paid and people.prepaid(shop) == prepaid
    [earning] = Earning.objects.filter(worker=gus)
    assert (earning.source_kind, earning.source_id, earning.fee_units) == ("agency", row.pk, 0)
    [line] = earning.lines.all()
    assert (line.kind, line.units, line.inputs["share_bp"], line.inputs["answers"]) == ("agency_fee", 250, 1_250, 2)
    nothing_is_broken()


def test_half_a_unit_goes_to_the_even_one() -> None:
    (_gus, team), (_mira, shop) = agency(5_000), people.client()
    work(member(team), shop, "0.0001", "0.0002")
    night()
    assert AgencyDay.objects.get().fee_units == 2, "half of three units, to the even one"


def test_a_night_twice_or_late_pays_no_day_twice_and_misses_none() -> None:
    (gus, team), (_mira, shop) = agency(), people.client()
    ana = member(team)
    work(ana, shop, "1")
    work(ana, shop, "2", now=NOW + DAY)
    assert night(NIGHT + 5 * DAY) == (2, 2) and night(NIGHT + 5 * DAY) == (0, 0) and night(NIGHT + 6 * DAY) == (0, 0)
    assert people.of_worker("available", gus) == usd("0.60") and Earning.objects.filter(source_kind="agency").count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        AgencyDay.objects.create(
            agency=team.organisation, day=NOW.date(), currency="USD", answers=1, our_fee_units=1, share_bp=1, fee_units=1, noted_at=NOW
        )
    nothing_is_broken()


def test_work_from_before_or_after_the_team_and_work_not_accepted_earn_nothing() -> None:
    (_gus, team), (_mira, shop) = agency(), people.client()
    ana = member(team)
    TeamPlace.objects.filter(worker_id=ana.pk).update(since=NOW, until=NOW + dt.timedelta(hours=2))
    batch = cast.launch(shop, usd("50"))
    pending = cast.earn(ana, shop, batch, fee="1")
    cast.earn(ana, shop, batch, fee="1", confirmed=True, now=NOW - dt.timedelta(hours=1))
    cast.earn(ana, shop, batch, fee="1", confirmed=True, now=NOW + dt.timedelta(hours=3))
    assert night() == (0, 0)
    with transaction.atomic():
        earnings.confirm(source_kind="submission", source_ids=[pending.source_id], actor_id=None, now=NOW + 2 * DAY)
    assert night(NIGHT + 2 * DAY) == (1, 1), "handed in inside, accepted after: it counts on the day of the yes"
    assert AgencyDay.objects.get().fee_units == usd("0.20").units


def test_terms_are_dated_and_never_count_anew() -> None:
    (_gus, team), (_mira, shop) = agency(1_000), people.client()
    olu, ana = people.ops("Rahel", "finance"), member(team)
    with transaction.atomic():
        agency_fees.agree(agency=team.organisation, share_bp=3_000, from_day=(NOW + DAY).date(), by_id=olu.pk, now=NOW)
    work(ana, shop, "1"), work(ana, shop, "1", now=NOW + DAY)
    night(NIGHT + DAY)
    assert [row.fee_units for row in AgencyDay.objects.order_by("day")] == [1_000, 3_000]
    for share, day, error in ((100, NOW - DAY, Invalid), (5_001, NOW, Invalid), (100, NOW + DAY, Conflict)):
        with pytest.raises(error), transaction.atomic():
            agency_fees.agree(agency=team.organisation, share_bp=share, from_day=day.date(), by_id=olu.pk, now=NOW)
    assert agency_fees.shares(team.pk).count() == 2
    assert Notice.objects.filter(kind="agency.terms").count() == 2


def test_it_waits_for_a_payee_for_72_hours_and_for_the_end_of_a_pause() -> None:
    (gus, team), (_mira, shop) = agency(payee=False), people.client()
    work(member(team), shop, "1")
    assert night() == (1, 0) and "Nobody is named" in agency_fees.why_waiting(team.pk, now=NIGHT)
    eve = people.worker("Eve")
    with pytest.raises(Invalid), transaction.atomic():
        agency_fees.name_payee(agency=team.organisation, user_id=eve.pk, by_id=gus.pk, now=NIGHT)
    with transaction.atomic():
        agency_fees.name_payee(agency=team.organisation, user_id=gus.pk, by_id=gus.pk, now=NIGHT)
    assert night(NIGHT + 2 * DAY) == (0, 0)
    with transaction.atomic():
        agencies.pause(agency=team, reason="A complaint is looked into", by_id=team.opened_by_id, now=NIGHT)
    assert night(NIGHT + 4 * DAY) == (0, 0)
    with transaction.atomic():
        agencies.resume(agency=team, by_id=team.opened_by_id, now=NIGHT)
    Membership.objects.filter(user=gus).update(role="viewer")
    assert night(NIGHT + 4 * DAY) == (0, 0) and "has left" in agency_fees.why_waiting(team.pk, now=NIGHT + 4 * DAY)
    Membership.objects.filter(user=gus).update(role="manager")
    assert night(NIGHT + 4 * DAY) == (0, 1) and people.of_worker("available", gus) == usd("0.20")


def test_a_reversal_comes_off_the_next_days_and_never_below_zero() -> None:
    (gus, team), (_mira, shop) = agency(), people.client()
    ana, olu = member(team), people.ops("Rahel", "finance")
    work(ana, shop, "1")
    night()
    with transaction.atomic():
        agency_fees.take_back(
            agency=team.organisation, amount=usd("0.25"), source_kind="correction", source_id=uuid7(), why="Booked twice by us",
            by_id=olu.pk, now=NIGHT,
        )
    work(ana, shop, "1", now=NOW + DAY), work(ana, shop, "1", now=NOW + 2 * DAY)
    assert night(NIGHT + 2 * DAY) == (2, 1), "the first day comes to nothing"
    assert [(row.fee_units, row.taken_units) for row in AgencyDay.objects.order_by("day")] == [(2000, 0), (2000, 2000), (2000, 500)]
    assert people.of_worker("available", gus) == usd("0.35")
    debt = AgencyTakeBack.objects.get()
    assert debt.units == debt.taken_units
    nothing_is_broken()


def test_a_lost_chargeback_takes_its_share_of_that_clients_fees_once() -> None:
    (_gus, team), (_mira, shop), (_nia, other) = agency(), people.client(), people.client("Nia")
    ana = member(team)
    work(ana, shop, "3")
    work(ana, other, "1")
    night()
    told: dict[str, Any] = {
        "organisation_id": str(shop.pk), "units": usd("12.50").units, "currency": "USD", "key": str(uuid7()), "at": NIGHT.isoformat()
    }
    assert "payments.agency_fees.on_chargeback_lost" in REACTIONS["chargeback.lost"]
    for _twice in range(2):
        with transaction.atomic():
            agency_fees.on_chargeback_lost(**told)
    assert AgencyTakeBack.objects.get().units == usd("0.15").units, "a quarter of what the client paid, so of 20 % of 3.00"


def test_it_goes_out_with_the_payout_run_like_any_earning() -> None:
    (gus, team), (_mira, shop) = agency(), people.client()
    work(member(team), shop, "9.99")
    night()
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=None, now=NIGHT + 7 * DAY, weekly=True)
    [payout] = run.payouts.filter(worker_id=gus.pk)
    assert payout.amount_units == usd("1.99").units and payout.carry_out_units == 80


def test_the_pages_show_it_and_let_only_the_owner_say_where_it_goes() -> None:
    (gus, team), (_mira, shop) = agency(), people.client()
    work(member(team), shop, "1")
    night()
    home = f"/agency/{team.organisation.slug}/fees/"
    boss = browser(gus, reauthenticated=True)
    page = boss.get(f"{home}?month=2026-11").content.decode()
    assert "0.20" in page and "20 %" in page and "Next payout" in page
    sheet = b"".join(boss.get(f"/agency/{team.organisation.slug}/fees.csv?month=2026-11").streaming_content).decode()  # type: ignore[attr-defined]
    assert "2026-11-16,USD,1,1.0000,20,0.2000,0.0000,0.2000,posted" in sheet
    assert boss.get(f"{home}?month=never").status_code == 422
    assert boss.post(f"{home}payee/", {"user": str(gus.pk)}).status_code == 302
    assert boss.post(f"{home}payee/", {"user": "nobody"}).status_code == 422
    assert "Agency&#x27;s fee" in boss.get("/work/earnings/").content.decode()
    eve, _hers = people.client("Eve")
    before = LedgerTx.objects.count()
    assert browser(eve, reauthenticated=True).post(f"{home}payee/", {"user": str(eve.pk)}).status_code == 404
    assert browser(eve).get(home).status_code == 404 and LedgerTx.objects.count() == before


def test_finance_alone_agrees_and_others_are_told_so() -> None:
    _gus, team = agency(share_bp=0)
    page, today = f"/ops/agencies/{team.pk}/", dt.datetime.now(tz=dt.UTC).date().isoformat()
    manager, finance = browser(people.ops("Olu", "pool_manager")), browser(people.ops("Rahel", "finance"))
    asked = {"percent": "12.5", "from_day": today, "note": "mail of 16 November"}
    assert manager.post(f"{page}share/", asked).status_code == 403 and not agency_fees.shares(team.pk).exists()
    assert finance.post(f"{page}share/", asked).status_code == 302 and agency_fees.shares(team.pk).get().share_bp == 1_250
    assert finance.post(f"{page}share/", asked | {"percent": "51"}).status_code == 422
    assert finance.post(f"{page}pause/", {"reason": "not mine to do"}).status_code == 403
    assert manager.post(f"{page}pause/", {"reason": "Two complaints"}).status_code == 302
    assert "Two complaints" in manager.get(page).content.decode()
    assert finance.post(f"{page}take-back/", {"amount": "x", "currency": "USD", "why": "Booked twice"}).status_code == 422
    given = {"amount": "1.00", "currency": "USD", "why": "Booked twice", "key": str(uuid7())}
    assert [finance.post(f"{page}take-back/", given).status_code for _press in range(2)] == [302, 302]
    assert AgencyTakeBack.objects.count() == 1, "pressed twice, taken once"
    assert manager.get("/ops/agencies/").status_code == 200
