"""Referrals: promised only while people are missing and the budget covers it, frozen at the sign-up, paid at most once."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import fraud, referral_programmes, referrals, waitlist
from marketplace.models import Referral, ReferralProgramme, Submission
from payments import invariants, ledger, margin, programmes, statements
from payments.chart import Account, platform
from payments.models import Earning, EarningLine, ProgrammeFunds
from tests import market, people
from tests.marketplace.api.callers import Caller
from workers import graph
from workers.models import Membership, Notice, Organisation, PersonCase, User

NOW = market.NOW
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ANSWERS = 3

pytestmark = pytest.mark.django_db


@pytest.fixture
def rahel() -> User:
    return people.ops("Rahel", "finance")


@pytest.fixture
def ana() -> User:
    return people.worker("Ana")


@pytest.fixture
def shop() -> Organisation:
    """Twenty answers of half an hour, paid at once: work for five."""
    mira, organisation = people.client()
    market.launched(mira, organisation, texts=20, expected_seconds=1800)
    return organisation


def opened(rahel: User, *, budget: str = "100", referrer: str = "20", newcomer: str = "5", **options: Any) -> ReferralProgramme:
    with transaction.atomic():
        return referral_programmes.open_programme(
            name="Autumn", referrer=people.usd(referrer), newcomer=people.usd(newcomer), budget=people.usd(budget), by_id=rahel.pk,
            now=NOW, **({"answers": ANSWERS, "days": 30, "most": 10} | options),
        )


def bring(ana: User, name: str = "Ben", *, now: dt.datetime = NOW) -> tuple[User, Referral | None]:
    newcomer = people.worker(name)
    with transaction.atomic():
        code = referrals.code_of(worker_id=ana.pk, now=now)
        return newcomer, referrals.join(newcomer_id=newcomer.pk, code=code, now=now)


def promised(ana: User, name: str = "Ben") -> tuple[User, Referral]:
    newcomer, referral = bring(ana, name)
    assert referral is not None
    return newcomer, referral


def work(worker: User, times: int = ANSWERS, *, now: dt.datetime = NOW + HOUR) -> None:
    for at in range(times):
        assert market.work(worker, now=now + at * dt.timedelta(minutes=5))


def settle(*, now: dt.datetime = NOW + DAY) -> int:
    with transaction.atomic():
        return referrals.settle_due(now=now)


def left(programme: ReferralProgramme) -> Money:
    return programmes.left(programme_id=programme.pk, currency="USD")


def broken() -> list[str]:
    """But for the clearing that prepaid money without a payment leaves in tests."""
    return [found.name for found in invariants.look() if not found.ok and not found.name.startswith("clearing holds")]


def test_both_are_paid_from_our_own_money_when_the_newcomer_has_worked_enough(rahel: User, ana: User, shop: Organisation) -> None:
    programme, before = opened(rahel), people.prepaid(shop)
    ben, referral = promised(ana)
    work(ben, ANSWERS - 1)
    assert settle() == 0 and people.of_worker("available", ana) == people.usd("0")
    work(ben, 1, now=NOW + 2 * HOUR)
    assert settle(now=NOW + DAY + HOUR) == 1
    assert people.of_worker("available", ana) == people.usd("20")
    assert people.of_worker("available", ben) == people.usd("5.30"), "the fee is on top of three answers"
    assert left(programme) == people.usd("75") and people.prepaid(shop) == before, "no client pays it"
    earning = Earning.objects.get(source_kind="referral")
    assert (earning.worker_id, earning.organisation_id, earning.fee_units) == (ana.pk, None, 0)
    line = EarningLine.objects.get(earning=earning)
    assert (line.kind, line.units, line.inputs["answers"], line.rule) == ("referral", 200_000, ANSWERS, "referral/1")
    assert Notice.objects.filter(user=ana, kind="referral.paid").count() == 1 and not broken()


def test_nothing_is_promised_while_nobody_is_needed(rahel: User, ana: User) -> None:
    opened(rahel)
    _ben, referral = bring(ana)
    assert referral is None and not Referral.objects.exists()
    assert not referrals.offered(now=NOW).open


def test_who_waits_here_already_comes_before_anybody_who_is_brought(rahel: User, ana: User) -> None:
    opened(rahel)
    for name in ("Cem", "Dia"):
        worker = people.worker(name)
        with transaction.atomic():
            waitlist.join(worker_id=worker.pk, now=NOW)
    market.launched(*people.client(), texts=12, expected_seconds=1800)
    (one,) = referrals.wanted(now=NOW)
    assert (one.demand.carries, one.people) == (3, 1)


def test_what_was_promised_stays_what_it_was(rahel: User, ana: User, shop: Organisation) -> None:
    programme = opened(rahel)
    ben, _referral = promised(ana)
    with transaction.atomic():
        referral_programmes.end(programme=programme, by_id=rahel.pk, now=NOW)
    assert left(programme) == people.usd("25"), "the rest came back, the promise is covered"
    opened(rahel, referrer="1", newcomer="0")
    work(ben)
    assert settle() == 1 and people.of_worker("available", ana) == people.usd("20")


def test_no_promise_goes_beyond_the_budget(rahel: User, ana: User, shop: Organisation) -> None:
    programme = opened(rahel, budget="60")
    for name in ("Ben", "Cem"):
        promised(ana, name)
    assert bring(ana, "Dia")[1] is None, "10 are left, 25 are needed"
    with pytest.raises(referral_programmes.NotCovered), transaction.atomic():
        referral_programmes.fund(programme=programme, amount=people.usd("-11"), by_id=rahel.pk, now=NOW)
    with transaction.atomic():
        referral_programmes.fund(programme=programme, amount=people.usd("-10"), by_id=rahel.pk, now=NOW)
    assert left(programme) == people.usd("50") and ProgrammeFunds.objects.count() == 2


def test_the_database_keeps_a_budget_above_zero_and_its_rows_as_they_are(rahel: User, ana: User) -> None:
    programme = opened(rahel, budget="30")
    with pytest.raises(ledger.Overdrawn), transaction.atomic():
        programmes.fund(programme_id=programme.pk, amount=people.usd("-31"), by_id=rahel.pk, now=NOW)
    with pytest.raises(ledger.Overdrawn), transaction.atomic():
        programmes.pay(
            programme_id=programme.pk, worker_id=ana.pk, source_kind="referral", source_id=programme.pk, currency="USD",
            lines=referrals.lines_of({"referrer_units": 310_000, "newcomer_units": 0, "answers": 1, "days": 1}, "referral"), now=NOW,
        )
    with pytest.raises(Exception, match="append|changed|never"), transaction.atomic():
        ProgrammeFunds.objects.update(units=1)
    assert left(programme) == people.usd("30") and not Earning.objects.exists()


def test_a_person_is_paid_for_so_many_only_and_each_newcomer_once(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel, most=1)
    ben, referral = promised(ana)
    assert bring(ana, "Cem")[1] is None, "one is the most"
    eve = people.worker("Eve")
    with transaction.atomic():
        again = referrals.join(newcomer_id=ben.pk, code=referrals.code_of(worker_id=eve.pk, now=NOW), now=NOW)
    assert again is not None and again.pk == referral.pk and again.referrer_id == ana.pk, "who came first stands"


def test_nobody_refers_themselves(rahel: User, ana: User, shop: Organisation) -> None:
    programme = opened(rahel)
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.create(programme=programme, referrer_id=ana.pk, newcomer_id=ana.pk, terms={}, joined_at=NOW, until=NOW)


def seen(a: User, b: User, kind: str = graph.DEVICE) -> None:
    for worker in (a, b):
        graph.saw(user_id=worker.pk, kind=kind, value="the same one", now=NOW)


@pytest.mark.parametrize(("outcome", "state", "paid"), [("household", "paid", "20"), ("nothing", "paid", "20"), ("merged", "refused", "0")])
def test_what_looks_like_one_person_goes_before_a_person_and_bans_nobody(
    rahel: User, ana: User, shop: Organisation, outcome: str, state: str, paid: str
) -> None:
    opened(rahel)
    ben, referral = promised(ana)
    seen(ana, ben)
    work(ben)
    assert settle() == 0
    referral.refresh_from_db()
    case = PersonCase.objects.get()
    assert (referral.state, referral.case_id) == ("held", case.pk) and case.opened_by_id is None
    assert {ana.worker.standing, ben.worker.standing} == {"active"} and not Earning.objects.filter(held=True).exists()
    olu = people.ops("Olu")
    with transaction.atomic():
        fraud.close(case=case, outcome=outcome, finding="Looked at both.", by_id=olu.pk, now=NOW + 2 * DAY)
    settle(now=NOW + 3 * DAY)
    referral.refresh_from_db()
    assert referral.state == state and people.of_worker("available", ana) == people.usd(paid) and not broken()


def test_a_case_that_nobody_closes_pays_after_thirty_days(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    ben, _referral = promised(ana)
    seen(ana, ben, graph.PAYOUT)
    work(ben)
    settle()
    assert settle(now=NOW + 29 * DAY) == 0 and settle(now=NOW + 32 * DAY) == 1


def test_gold_rejected_work_and_work_for_ones_own_do_not_count(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    ben, referral = promised(ana)
    work(ben)
    first, second, _third = Submission.objects.filter(worker=ben).order_by("submitted_at")
    Submission.objects.filter(pk=first.pk).update(gold=True)
    Submission.objects.filter(pk=second.pk).update(state="rejected")
    assert referrals.counted(referral) == 1
    Membership.objects.create(user=ana, organisation=shop, role="viewer", since=NOW)
    assert referrals.counted(referral) == 0


def test_a_promise_lapses_when_its_time_is_over_and_makes_room(rahel: User, ana: User, shop: Organisation) -> None:
    programme = opened(rahel, budget="25")
    _ben, referral = promised(ana)
    assert referral_programmes.free(programme) == people.usd("0")
    settle(now=NOW + 31 * DAY)
    referral.refresh_from_db()
    assert referral.state == "lapsed" and referral_programmes.free(programme) == people.usd("25")


def test_merged_accounts_are_nobodys_referral(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    ben, referral = promised(ana)
    with transaction.atomic():
        referrals.bring(old_id=ben.pk, kept_id=ana.pk, now=NOW)
    referral.refresh_from_db()
    assert referral.state == "lapsed"


def test_a_fee_that_is_looked_at_is_not_paid_to_oneself_after_a_merge(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    ben, referral = promised(ana)
    seen(ana, ben)
    work(ben)
    settle()
    with transaction.atomic():
        referrals.bring(old_id=ben.pk, kept_id=ana.pk, now=NOW)
    referral.refresh_from_db()
    assert referral.state == "refused" and settle(now=NOW + 32 * DAY) == 0
    assert people.of_worker("available", ana) == people.usd("0")


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["settle", "replay", "sign up again", "late", "back to promised"]), min_size=2, max_size=8))
def test_a_newcomer_is_paid_for_at_most_once_whatever_is_repeated(db: None, steps: list[str]) -> None:
    """Also where somebody sets a row back by hand: the source of the earning is the last guard."""
    with transaction.atomic():
        rahel, ana = people.ops("Rahel", "finance"), people.worker("Ana")
        mira, organisation = people.client()
        market.launched(mira, organisation, texts=8, expected_seconds=1800)
        programme = opened(rahel, budget="25", answers=1)
        ben, referral = promised(ana)
        work(ben, 1)
        now = NOW + DAY
        for step in steps:
            now += HOUR
            match step:
                case "settle" | "late":
                    settle(now=now)
                case "replay":
                    Referral.objects.filter(pk=referral.pk).update(looked_at=None)
                    settle(now=now)
                case "sign up again":
                    referrals.join(newcomer_id=ben.pk, code=referrals.code_of(worker_id=ana.pk, now=now), now=now)
                case _:
                    Referral.objects.filter(pk=referral.pk).update(state="promised", looked_at=None)
        settle(now=now + HOUR)
        paid = people.of_worker("available", ana)
        assert paid == people.usd("20") and left(programme) == people.usd("0")
        assert Earning.objects.filter(source_kind__in=programmes.SOURCES, worker__in=[ana, ben]).count() == 2 and not broken()
        transaction.set_rollback(True)


def test_a_fee_is_its_own_line_on_the_statement_and_in_our_margin(rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    ben, _referral = promised(ana)
    work(ben)
    settle()
    month = dt.datetime(NOW.year, NOW.month, 1, tzinfo=dt.UTC)
    found = statements.month(worker_id=ana.pk, start=month, currency="USD")
    assert [(kind, count, amount) for kind, count, amount in found.by_kind] == [("referral", 1, people.usd("20"))]
    _rows, (whole,) = margin.month(month)
    assert whole.referrals == people.usd("100"), "set aside is spent until it comes back"
    assert ledger.balance(platform("platform_referrals", "USD")) == people.usd("100")
    with connection.cursor() as cursor:
        cursor.execute("SELECT guarded, tracked, debit_side FROM payments_ledgeraccount WHERE kind = 'programme_reserved'")
        assert cursor.fetchall() == [(True, True, False)]
    assert Account("programme_reserved", shop.pk, "USD").side == -1


@pytest.mark.parametrize(("field", "wrong"), [
    ("referrer", {"referrer": "0"}), ("budget", {"budget": "10"}), ("answers", {"answers": 0}), ("most", {"most": 0}),
])  # fmt: skip
def test_a_programme_that_makes_no_sense_is_refused_and_moves_nothing(rahel: User, field: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        opened(rahel, **wrong)
    assert refused.value.field == field and not ProgrammeFunds.objects.exists()


def test_one_programme_runs_at_a_time(rahel: User) -> None:
    opened(rahel)
    with pytest.raises(Conflict):
        opened(rahel)
    assert ProgrammeFunds.objects.count() == 1


BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def test_the_page_shows_a_link_only_while_somebody_is_wanted(client: Browser, rahel: User, ana: User) -> None:
    client.force_login(ana, backend=BACKEND)
    opened(rahel)
    assert "Nobody is needed right now" in client.get(reverse("market:referrals")).content.decode()
    market.launched(*people.client(), texts=20, expected_seconds=1800)
    page = client.get(reverse("market:referrals")).content.decode()
    assert "/join/" in page and "5 people wanted" in page and "20.00" in page


@pytest.mark.django_db(transaction=True)
def test_somebody_signs_up_by_the_link_and_the_promise_stands(client: Browser, rahel: User, ana: User, shop: Organisation) -> None:
    opened(rahel)
    with transaction.atomic():
        code = referrals.code_of(worker_id=ana.pk, now=NOW)
    assert client.get(reverse("market:came_by", args=["nobodys"])).status_code == 404
    page = client.get(reverse("market:came_by", args=[code])).content.decode()
    assert "5 people wanted" in page and "Ana" not in page, "who gave the link is not told"
    client.post(reverse("account_signup"), {
        "audience": "worker", "name": "New Person", "email": "brought@example.test", "password1": "a-long-enough-word-7", "consent": "on",
    })  # fmt: skip
    made = Referral.objects.get()
    assert made.referrer_id == ana.pk and made.newcomer.user.email == "brought@example.test"
    assert made.terms["referrer_units"] == 200_000


def test_finance_keeps_the_budget_on_its_page_and_others_are_refused(client: Browser, rahel: User) -> None:
    form = {"name": "Winter", "currency": "USD", "referrer": "10", "newcomer": "0", "answers": 5, "days": 30, "most": 3, "budget": "40"}
    client.force_login(people.ops("Olu"), backend=BACKEND)
    assert client.post(reverse("market:ops_open_referrals"), form).status_code in {302, 403, 404} and not ProgrammeFunds.objects.exists()
    client.force_login(rahel, backend=BACKEND)
    client.post(reverse("market:ops_open_referrals"), form)
    programme = ReferralProgramme.objects.get()
    client.post(reverse("market:ops_fund_referrals", args=[programme.pk]), {"amount": "5", "way": "add"})
    refused = client.post(reverse("market:ops_fund_referrals", args=[programme.pk]), {"amount": "50", "way": "back"})
    assert refused.status_code == 422 and "45.00 USD" in refused.content.decode() and left(programme) == people.usd("45")
    client.post(reverse("market:ops_end_referrals", args=[programme.pk]))
    assert left(programme) == people.usd("0") and "ended" in client.get(reverse("market:ops_referrals")).content.decode()


def said(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def test_programs_read_the_link_and_finance_opens_by_api(rahel: User, ana: User, shop: Organisation) -> None:
    finance = Caller(rahel, ["ops", "payments"])
    status, made = finance.post("ops/referrals/", {
        "name": "Spring", "referrer": said("10"), "newcomer": said("0"), "answers": 5, "days": 30, "most": 3, "budget": said("40"),
    })  # fmt: skip
    assert status == 201 and made["left"]["amount"] == "40.0000"
    mine = Caller(ana, ["work"]).get("work/referrals/")[1]
    assert "/join/" in mine["link"] and mine["wanted"][0]["people"] == 5 and json.dumps(mine["referrer"])
    assert Caller(ana, ["work"]).post(f"ops/referrals/{made['id']}/end/")[0] in {401, 403}
    assert finance.post(f"ops/referrals/{made['id']}/end/")[1]["left"]["amount"] == "0.0000"
