"""Ways out that are no removal: one's data erased at one's own wish, and a country in which work ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from kit import assets
from kit.errors import Conflict, Invalid
from kit.models import AuditRecord
from payments.models import Earning
from tests import people
from tests.payments import cast
from tests.people import NOW
from tests.workers.doors import browser, program
from workers import appeals, country_exits, credentials, decisions, erasure, onboarding, preferences, standing, support
from workers.models import (
    ApiToken,
    CountryExit,
    Credential,
    Erasure,
    Notice,
    Setup,
    StandingDecision,
    SupportRequest,
    User,
    WorkerProfile,
)

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@contextmanager
def as_runner() -> Iterator[None]:
    """With the rights of a runner, as the jobs have them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE marketplace_runner")
        yield
        cursor.execute("RESET ROLE")


def gone(name: str = "Ana", *, now: dt.datetime = LONG_AGO) -> User:
    """Somebody who has left by their own wish."""
    ana = people.worker(name)
    standing.leave(worker_id=ana.pk, now=now)
    return ana


def asked(*, now: dt.datetime = LONG_AGO) -> tuple[User, Erasure]:
    ana = gone(now=now)
    return ana, erasure.ask(user_id=ana.pk, now=now)


class TestErasure:
    def test_whoever_works_here_or_belongs_to_an_organisation_hears_what_comes_first(self) -> None:
        ana, (mira, _shop), olu = people.worker(), people.client(), people.ops()
        for somebody, word in ((ana, "Leave first"), (mira, "organisations"), (olu, "ops")):
            with pytest.raises(erasure.StandsInTheWay, match=word):
                erasure.ask(user_id=somebody.pk, now=NOW)
        assert not Erasure.objects.exists()

    def test_nobody_is_erased_while_money_is_owed_to_them_and_nothing_of_it_is_lost(self) -> None:
        ana, (_mira, shop) = gone(), people.client()
        cast.earn(ana, shop, cast.launch(shop, people.usd("10")), "0.50", confirmed=True)
        with pytest.raises(erasure.StandsInTheWay, match="0.50"):
            erasure.ask(user_id=ana.pk, now=NOW)
        assert people.of_worker("available", ana) == people.usd("0.50")
        eve = gone("Eve")
        erasure.ask(user_id=eve.pk, now=LONG_AGO)
        cast.earn(eve, shop, cast.launch(shop, people.usd("10")), "0.50")
        assert erasure.erase_due(now=NOW) == 0, "money that arrives after the wish is paid first"
        assert User.objects.get(pk=eve.pk).name == "Eve"

    def test_it_waits_two_weeks_and_can_be_taken_back_until_then(self) -> None:
        ana, wish = asked()
        assert wish.due_at == LONG_AGO + 14 * DAY
        assert erasure.ask(user_id=ana.pk, now=LONG_AGO + DAY) == wish
        assert erasure.erase_due(now=wish.due_at - dt.timedelta(seconds=1)) == 0
        erasure.take_back(user_id=ana.pk, now=LONG_AGO + DAY)
        assert erasure.erase_due(now=NOW) == 0
        assert User.objects.get(pk=ana.pk).is_active
        assert Notice.objects.filter(user=ana, kind__startswith="erasure.").count() == 2

    def test_every_personal_field_goes_and_ledger_and_trail_stay(self, django_capture_on_commit_callbacks: Any) -> None:
        ana, (_mira, shop) = people.worker(), people.client()
        EmailAddress.objects.create(user=ana, email=ana.email, verified=True, primary=True)
        preferences.of(ana.pk)
        proof = assets.keep(b"%PDF-1.4 of Ana", content_type="application/pdf")
        credentials.submit(
            worker_id=ana.pk, kind="degree", domain="law", title="Ana's degree", issuer="Hall", year=2001, proof=proof, now=NOW
        )
        support.ask(user_id=ana.pk, topic=SupportRequest.TOPICS[0][0], text="I am Ana and need help", now=NOW)
        program(ana, "work")
        promise = cast.earn(ana, shop, cast.launch(shop, people.usd("10")), "0.0010", confirmed=True)
        standing.leave(worker_id=ana.pk, now=LONG_AGO)
        erasure.ask(user_id=ana.pk, now=LONG_AGO)
        trail = AuditRecord.objects.filter(subject_id=str(ana.pk)).count()
        with django_capture_on_commit_callbacks(execute=True), as_runner():
            assert erasure.erase_due(now=NOW) == 1

        left = User.objects.get(pk=ana.pk)
        assert left.name.startswith("Erased ") and left.email.endswith("@erased.invalid") and not left.is_active
        assert left.erased_at == NOW and not left.has_usable_password()
        profile = WorkerProfile.objects.get(pk=ana.pk)
        assert (profile.country, profile.languages, profile.standing) == ("", [], "ended")
        for model in (EmailAddress, ApiToken, Notice):
            assert not model.objects.filter(user=ana).exists(), model
        assert not Setup.objects.filter(worker_id=ana.pk).exists()
        assert not Credential.objects.exists() and not default_storage.exists(assets.path_of(proof.sha256))
        assert not SupportRequest.objects.filter(text__contains="Ana").exists()
        assert Earning.objects.get(pk=promise.earning_id).worker_id == ana.pk
        assert AuditRecord.objects.filter(subject_id=str(ana.pk)).count() == trail + 1
        assert erasure.erase_due(now=NOW) == 0, "once"
        assert User.objects.create_user(ana.email, name="Ana again").pk != ana.pk, "the address is free again"

    def test_the_database_erases_nobody_without_their_own_wish_that_is_due(self) -> None:
        ana, bob = people.worker(), gone("Bob")
        erasure.ask(user_id=bob.pk, now=timezone.now())
        for somebody in (ana, bob):
            with pytest.raises(IntegrityError, match="own wish"), transaction.atomic():
                User.objects.filter(pk=somebody.pk).update(erased_at=NOW)
        with pytest.raises(IntegrityError, match="taken back"), transaction.atomic():
            Erasure.objects.filter(user=bob).update(due_at=LONG_AGO + 20 * DAY, asked_at=LONG_AGO)

    def test_software_may_not_wish_for_anybody(self) -> None:
        ana = gone()
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE marketplace_runner")
            erasure.ask(user_id=ana.pk, now=LONG_AGO)
        assert not Erasure.objects.exists()

    def test_the_page_asks_for_the_password_and_a_token_cannot_ask(self) -> None:
        ana = gone()
        ana.set_password("long and secret")
        ana.save(update_fields=["password"])
        assert "reauthenticate" in browser(ana).post("/account/erasure/").url
        assert program(ana, "work").post("/api/v1/me/erasure/").status_code == 403
        assert not Erasure.objects.exists()
        tab = browser(ana, reauthenticated=True)
        assert tab.post("/account/erasure/").url == "/account/erasure/"
        assert "will be erased on" in tab.get("/account/erasure/").content.decode()
        assert tab.get("/api/v1/me/erasure/").json()["due_at"]
        assert tab.post("/account/erasure/take-back/").status_code == 302
        assert erasure.pending(ana.pk) is None


def close(country: str = "KE", *, by: User | None = None, now: dt.datetime = LONG_AGO, days: int = 30, **changes: Any) -> CountryExit:
    given = {
        "country": country, "clause": "Art. 4", "why": "Our rail no longer pays there", "last_work_at": now + days * DAY,
        "by_id": (by or people.ops("Olu", "admin")).pk, "reauthenticated_at": now, "now": now,
    } | changes  # fmt: skip
    return country_exits.announce(**given)


class TestCountries:
    def test_everybody_there_hears_reason_and_dates_and_works_until_the_last_day(self) -> None:
        ana, wen = people.worker("Ana", country="KE"), people.worker("Wen", country="DE")
        made = close()
        assert made.people == 1
        decision = StandingDecision.objects.get(person=ana)
        assert (decision.reason, decision.evidence[0]["note"]) == ("country", "Our rail no longer pays there")
        assert Notice.objects.filter(user=ana, kind="country.closing").count() == 1
        assert not Notice.objects.filter(user=wen).exists()
        assert standing.profile(ana.pk).standing == "active"
        assert country_exits.wind_down_due(now=LONG_AGO + 29 * DAY) == 0
        with as_runner():
            assert country_exits.wind_down_due(now=LONG_AGO + 30 * DAY) == 1
        assert country_exits.wind_down_due(now=LONG_AGO + 30 * DAY) == 0
        assert standing.profile(ana.pk).standing == "ending"
        assert standing.end_due(now=NOW) == 1
        assert standing.profile(wen.pk).standing == "active"

    def test_whoever_moved_away_or_won_their_appeal_stays(self) -> None:
        ana, bob = people.worker("Ana", country="KE"), people.worker("Bob", country="KE")
        close()
        onboarding.save_profile(
            user_id=ana.pk, country="DE", spoken=[{"code": "en", "level": "C1"}], time_zone="UTC", now=LONG_AGO + DAY
        )
        mine = StandingDecision.objects.get(person=bob)
        decisions.appeal(decision_id=mine.pk, person_id=bob.pk, text="I moved years ago.", now=LONG_AGO + DAY)
        assert appeals.decide_overdue(now=LONG_AGO + 9 * DAY) == 1
        assert country_exits.wind_down_due(now=LONG_AGO + 30 * DAY) == 0
        assert {standing.profile(one.pk).standing for one in (ana, bob)} == {"active"}

    def test_nobody_begins_there_any_more_and_it_can_be_taken_back_in_time(self) -> None:
        olu, ana, bob = people.ops("Olu", "admin"), people.worker("Ana", country="KE"), people.worker("Bob", country="DE")
        made = close(by=olu)
        with pytest.raises(country_exits.CountryCloses):
            onboarding.save_profile(
                user_id=bob.pk, country="KE", spoken=[{"code": "en", "level": "C1"}], time_zone="UTC", now=LONG_AGO
            )
        assert WorkerProfile.objects.get(pk=bob.pk).country == "DE"
        country_exits.take_back(exit_id=made.pk, by_id=olu.pk, now=LONG_AGO + DAY)
        assert country_exits.wind_down_due(now=NOW) == 0
        assert "nothing follows from this" in browser(ana).get("/work/standing/").content.decode()
        again = close(by=olu)
        with pytest.raises(Conflict):
            country_exits.take_back(exit_id=again.pk, by_id=olu.pk, now=LONG_AGO + 30 * DAY)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"days": 13}, Invalid), ({"country": "XX"}, Invalid), ({"clause": " "}, Invalid), ({"why": ""}, Invalid),
            ({"reauthenticated_at": LONG_AGO - DAY}, decisions.ReauthenticationTooOld),
        ],
    )  # fmt: skip
    def test_no_exit_without_notice_reason_clause_and_fresh_proof(self, changes: dict[str, Any], error: type[Exception]) -> None:
        people.worker("Ana", country="KE")
        with pytest.raises(error):
            close(**changes)
        assert not CountryExit.objects.exists() and not StandingDecision.objects.exists()

    def test_only_an_admin_closes_a_country(self) -> None:
        with pytest.raises(decisions.NotADecider):
            close(by=people.ops("Pam", "pool_manager"))
        assert browser(people.ops("Pam", "pool_manager")).get("/ops/countries/").status_code == 403
        assert not CountryExit.objects.exists()

    def test_the_page_first_says_whom_it_concerns_and_then_takes_the_word(self) -> None:
        people.worker("Ana", country="KE")
        tab = browser(people.ops("Olu", "admin"), reauthenticated=True)
        day = (timezone.now() + 20 * DAY).strftime("%Y-%m-%dT%H:%M")
        given = {"country": "KE", "last_work_at": day, "clause": "Art. 4", "why": "The law there changed"}
        assert "This concerns 1 person" in tab.post("/ops/countries/", given).content.decode()
        assert not CountryExit.objects.exists()
        assert tab.post("/ops/countries/", given | {"confirm": "1"}).status_code == 302
        assert CountryExit.objects.get().people == 1
        shown = tab.get("/api/v1/ops/countries/").json()["results"][0]
        assert tab.delete(f"/api/v1/ops/countries/{shown['id']}/").json()["taken_back_at"]
