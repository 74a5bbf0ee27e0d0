"""The account graph and its cases: every edge has its reason, a case bans nobody, and a hold stops what is disputed and no more."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.test import Client

from kit import assets
from kit.errors import Conflict, Invalid
from marketplace import fraud, likeness
from marketplace.models import Result, Task
from tests import market, people
from tests.payments import cast
from tests.people import NOW
from tests.workers.doors import browser, program
from workers import credentials, decisions, graph, standing
from workers import people as persons
from workers.models import Notice, PersonCase, Sighting, User
from workers.people import NotIndependent

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def share(kind: str, *users: User, value: str = "the same") -> None:
    for user in users:
        graph.saw(user_id=user.pk, kind=kind, value=value, now=NOW)


def kinds(user: User) -> set[tuple[uuid.UUID, str]]:
    return {(edge.b, edge.kind) for edge in graph.neighbours(user.pk)}


def test_neighbours_share_something_and_each_edge_says_what() -> None:
    ana, bob, wen, eve = (people.worker(name) for name in ("Ana", "Bob", "Wen", "Eve"))
    share(graph.NETWORK, ana, bob, value="203.0.113.7")
    share(graph.DEVICE, ana, wen)
    persons.link(a=ana.pk, b=eve.pk, reason="told us", by_id=None, now=NOW)
    assert kinds(ana) == {(bob.pk, "network"), (wen.pk, "device"), (eve.pk, "link")}
    assert kinds(bob) == {(ana.pk, "network")}
    assert graph.neighbours(ana.pk)[0].kind == "link", "the most telling first"
    assert not Sighting.objects.filter(trait__contains="203").exists(), "what the trait was cannot be read"


def test_what_many_share_says_nothing_of_any_two() -> None:
    crowd = [people.worker(f"P{n}") for n in range(graph.CROWDED[graph.NETWORK] + 1)]
    share(graph.NETWORK, *crowd)
    assert kinds(crowd[0]) == set()
    Sighting.objects.filter(user=crowd[-1]).delete()
    assert len(kinds(crowd[0])) == graph.CROWDED[graph.NETWORK] - 1
    assert graph.forget(now=NOW + 366 * DAY) == graph.CROWDED[graph.NETWORK]


def test_people_who_make_the_same_mistakes_are_neighbours_and_people_who_are_right_are_not() -> None:
    ana, twin, bob, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.worker("Bob"), people.client()
    market.launched(mira, shop, texts=6, overlap=3, max_overlap=3)
    for somebody, label in ((ana, "windy"), (twin, "windy"), (bob, "sunny")):
        for _task in range(6):
            assert market.work(somebody, label)
    for task in Task.objects.all():
        Result.objects.update_or_create(
            task=task, defaults={"batch": task.batch, "state": "settled", "answer": {"label": "sunny"}}
        )
    assert [(edge.b, edge.kind) for edge in likeness.edges(ana.pk)] == [(twin.pk, "like")]
    assert "6 of 6" in graph.neighbours(ana.pk)[0].words
    assert not list(likeness.edges(bob.pk))


def test_the_duplicate_check_opens_one_case_and_touches_nobody() -> None:
    ana, twin, bob = people.worker("Ana"), people.worker("Twin"), people.worker("Bob")
    proof = assets.keep(b"%PDF-1.4 one licence", content_type="application/pdf")
    for somebody in (ana, twin):
        credentials.submit(
            worker_id=somebody.pk, kind="licence", domain="law", title="Licence", issuer="Bar", year=None, proof=proof, now=NOW
        )
    share(graph.NETWORK, ana, bob, value="203.0.113.7")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE marketplace_runner")
        assert [fraud.find_duplicates(now=NOW) for _round in range(2)] == [1, 0]
        cursor.execute("RESET ROLE")
    case = PersonCase.objects.get()
    assert case.opened_by is None and {str(ana.pk), str(twin.pk)} <= {str(case.person_id), *case.others}
    assert {standing.profile(one.pk).standing for one in (ana, twin, bob)} == {"active"}
    assert not Notice.objects.exists()
    fraud.close(case=case, outcome="household", finding="Father and daughter.", by_id=people.ops().pk, now=NOW)
    assert fraud.find_duplicates(now=NOW + DAY) == 0, "what a person looked at is not opened again"


def test_a_group_is_looked_for_again_when_somebody_joins_it() -> None:
    ana, twin, late = people.worker("Ana"), people.worker("Twin"), people.worker("Late")
    share(graph.DOCUMENT, ana, twin)
    assert fraud.find_duplicates(now=NOW + 40 * DAY) == 0, "known for long"
    graph.saw(user_id=late.pk, kind=graph.DOCUMENT, value="the same", now=NOW + 40 * DAY)
    assert fraud.find_duplicates(now=NOW + 40 * DAY) == 1
    assert PersonCase.objects.get().person_id == late.pk


class TestHolds:
    @pytest.fixture
    def case(self) -> PersonCase:
        ana, twin = people.worker("Ana"), people.worker("Twin")
        share(graph.PAYOUT, ana, twin)
        return fraud.open_case(person_id=twin.pk, note="Seen twice", by_id=people.ops("Olu").pk, now=NOW)

    def earned(self, case: PersonCase, *texts: str) -> list[uuid.UUID]:
        _mira, shop = people.client()
        batch = cast.launch(shop, people.usd("100"))
        return [cast.earn(case.person, shop, batch, text, confirmed=True).earning_id for text in texts]

    def test_only_the_named_money_stops_and_goes_free_with_the_case(self, case: PersonCase) -> None:
        disputed, _other = self.earned(case, "0.40", "0.70")
        olu = people.ops("Oda")
        fraud.hold(case=case, earning_ids=[disputed], by_id=olu.pk, now=NOW)
        assert people.of_worker("held", case.person) == people.usd("0.40")
        assert people.of_worker("available", case.person) == people.usd("0.70")
        assert Notice.objects.get(user=case.person).kind == "money.held"
        fraud.close(case=fraud.find(case.pk), outcome="nothing", finding="A shared flat.", by_id=olu.pk, now=NOW)
        assert people.of_worker("available", case.person) == people.usd("1.10")
        assert standing.profile(case.person_id).standing == "active"
        with pytest.raises(Conflict):
            fraud.close(case=case, outcome="nothing", finding="Again.", by_id=olu.pk, now=NOW)

    def test_a_hold_ends_by_itself_after_thirty_days(self, case: PersonCase) -> None:
        fraud.hold(case=case, earning_ids=self.earned(case, "0.40"), by_id=people.ops("Oda").pk, now=NOW)
        assert fraud.let_go_due(now=NOW + 29 * DAY) == 0
        assert fraud.let_go_due(now=NOW + 30 * DAY) == 1
        assert people.of_worker("available", case.person) == people.usd("0.40")

    def test_money_of_others_and_no_money_at_all_are_refused(self, case: PersonCase) -> None:
        bob, (_mira, shop) = people.worker("Bob"), people.client()
        his = cast.earn(bob, shop, cast.launch(shop, people.usd("10")), "0.40", confirmed=True).earning_id
        mine = self.earned(case, "0.40")
        for earnings in ([], [his], [*mine, his]):
            with pytest.raises(Invalid), transaction.atomic():
                fraud.hold(case=case, earning_ids=earnings, by_id=people.ops("Oda").pk, now=NOW)
        assert people.of_worker("held", bob) == people.of_worker("held", case.person) == people.usd("0")

    def test_neither_finance_nor_a_linked_account_works_on_it(self, case: PersonCase) -> None:
        twin = people.ops("Own other account")
        persons.link(a=twin.pk, b=case.person_id, reason="device", by_id=None, now=NOW)
        for somebody, error in ((people.ops("Fin", "finance"), decisions.NotADecider), (twin, NotIndependent)):
            with pytest.raises(error):
                fraud.close(case=case, outcome="nothing", finding="Fine.", by_id=somebody.pk, now=NOW)
        assert PersonCase.objects.get().closed_at is None

    def test_pages_draw_open_hold_and_close(self, case: PersonCase) -> None:
        (earning,) = self.earned(case, "0.40")
        tab = browser(people.ops("Oda"), reauthenticated=True)
        page = f"/ops/fraud/{case.pk}/"
        assert "<svg" in tab.get(page).content.decode() and tab.get("/ops/fraud/").status_code == 200
        assert tab.post(f"{page}hold/", {"earning": [str(earning), "nonsense"]}).status_code == 302
        assert people.of_worker("held", case.person) == people.usd("0.40")
        assert tab.get(f"{page}case.json").json()["held_now"][0]["amount"].startswith("0.4")
        assert tab.post(page, {"outcome": "", "finding": ""}).status_code == 422
        assert tab.post(page, {"outcome": "merged", "finding": "One person."}).status_code == 302
        assert "One person." in tab.get(page).content.decode()
        ana = User.objects.get(pk=uuid.UUID(case.others[0]))
        around = f"/ops/people/{ana.pk}/neighbours/"
        assert "Same payout account" in tab.get(around).content.decode()
        assert tab.post(f"{around}case/", {"note": ""}).status_code == 302
        assert browser(people.ops("Fin", "finance")).get(around).status_code == 403

    def test_the_api_does_the_same(self, case: PersonCase) -> None:
        (earning,) = self.earned(case, "0.40")
        olu = people.ops("Oda")
        api: Any = program(olu, "ops")
        assert api.get(f"/api/v1/ops/people/{case.person_id}/neighbours/").json()[0]["kind"] == "payout"
        assert api.get("/api/v1/ops/fraud-cases/").json()["results"][0]["id"] == str(case.pk)
        hold, body = f"/api/v1/ops/fraud-cases/{case.pk}/hold/", {"earnings": [str(earning)]}
        assert api.post(hold, body, content_type="application/json").status_code == 403, "a token proves nobody anew"
        tab: Client = browser(olu, reauthenticated=True)
        assert len(tab.post(hold, body, content_type="application/json").json()["holds"]) == 1
        closing = {"outcome": "household", "finding": "They share a flat."}
        closed = api.post(f"/api/v1/ops/fraud-cases/{case.pk}/close/", closing, content_type="application/json")
        assert closed.json()["outcome"] == "household"


def test_signing_in_leaves_a_keyed_trace_of_device_and_network() -> None:
    ana = people.worker("Ana")
    ana.set_password("long and secret")
    ana.save(update_fields=["password"])
    EmailAddress.objects.create(user=ana, email=ana.email, verified=True, primary=True)
    tab = Client(REMOTE_ADDR="93.184.216.34")
    tab.post("/account/login/", {"login": ana.email, "password": "long and secret"})
    assert set(Sighting.objects.filter(user=ana).values_list("kind", flat=True)) == {"device", "network"}
    assert tab.cookies["device"]["httponly"]
