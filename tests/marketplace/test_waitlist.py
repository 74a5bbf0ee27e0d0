"""The wait-list is honest: places by the time of joining, told in order to those who fit, never more than funded work carries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from kit.errors import Conflict, Invalid
from marketplace import arrivals, demand, merging, outlook, pools, projects, waitlist
from marketplace.models import PoolMember, WaitCall, WaitPlace
from qualification import grants
from qualification.models import Skill
from tests import market, people
from tests.marketplace.api.callers import Caller
from workers import preferences
from workers.models import Membership, Notice, User

pytestmark = pytest.mark.django_db

NOW = market.NOW
WORKS = ["work"]
HOUR = dt.timedelta(hours=1)


def join(worker: User, *, skill: Skill | None = None, language: str = "", now: dt.datetime = NOW) -> WaitPlace:
    with transaction.atomic():
        outlook.refresh(worker.pk, now)
        return waitlist.join(worker_id=worker.pk, skill=skill, language=language, now=now)


def number(place: WaitPlace, *, now: dt.datetime = NOW) -> int:
    place.refresh_from_db()
    return waitlist.standing(place=place, now=now, open_now=demand.now_open(now=now)).number


def tell(*, now: dt.datetime = NOW) -> int:
    with transaction.atomic():
        waitlist.settle(now=now)
        return waitlist.tell_next(now=now)


def told(worker: User) -> int:
    return Notice.objects.filter(user=worker, kind="work.turn").count()


@pytest.fixture
def law() -> Skill:
    return Skill.objects.create(slug="law", name="Law")


def three(skill: Skill | None = None) -> tuple[list[User], list[WaitPlace]]:
    """Ana, Ben and Cem join one after the other."""
    found = [people.worker(name) for name in ("Ana", "Ben", "Cem")]
    return found, [join(worker, skill=skill, now=NOW + at * HOUR) for at, worker in enumerate(found)]


def asks_for(skill: Skill) -> dict[str, Any]:
    return {"all": [{"fact": "skill", "skill": skill.slug, "tier": 0}]}


def hold(worker: User, skill: Skill) -> None:
    with transaction.atomic():
        grants.grant(worker_id=worker.pk, skill=skill, tier=1, source="ops", now=NOW, valid_days=90, source_id=worker.pk)


def test_places_are_by_the_time_of_joining_and_joining_twice_is_joining_once() -> None:
    (ana, *_others), places = three()
    assert [number(place) for place in places] == [1, 2, 3]
    assert join(ana, now=NOW + 9 * HOUR) == places[0], "no new place, and no worse one"
    assert number(places[0]) == 1


def test_leaving_pausing_and_finding_work_move_the_place_of_those_behind() -> None:
    (ana, ben, _cem), places = three()
    waitlist.pause(place=places[0], now=NOW)
    assert number(places[2]) == 2
    shown = waitlist.standing(place=places[2], now=NOW, open_now=[])
    assert shown.paused_before == 1, "it is said that somebody may come back before"
    waitlist.go_on(place=places[0], now=NOW)
    assert number(places[2]) == 3 and number(places[0]) == 1, "a pause costs no place"
    waitlist.leave(place=places[0], now=NOW)
    assert number(places[2]) == 2
    again = join(ana, now=NOW + 3 * HOUR)
    assert again != places[0] and number(again) == 3, "who left stands at the end again"
    market.launched(*people.client(), texts=2)
    market.work(ben, now=NOW + 3 * HOUR)
    with transaction.atomic():
        assert waitlist.settle(now=NOW + 4 * HOUR) == 1
    places[1].refresh_from_db()
    assert places[1].state == "begun" and number(places[2]) == 1


def test_who_has_work_that_fits_is_sent_to_it_and_gets_no_place() -> None:
    market.launched(*people.client(), texts=2)
    ana = people.worker("Ana")
    with pytest.raises(waitlist.WorkNow, match="Weather"):
        join(ana)
    assert not WaitPlace.objects.exists()


def test_a_list_for_a_skill_is_open_while_other_work_fits(law: Skill) -> None:
    market.launched(*people.client(), texts=2)
    assert join(people.worker("Ana"), skill=law).state == "waiting", "it is not that work that she waits for"


def test_the_next_ones_are_told_in_order_and_only_as_many_as_the_work_carries(law: Skill) -> None:
    """Seven answers of half an hour are three hours and a half: two hours each, so one person."""
    workers, places = three(law)
    for worker in workers:
        hold(worker, law)
    mira, shop = people.client()
    market.launched(mira, shop, texts=7, expected_seconds=1800, eligibility=asks_for(law))
    (one,) = demand.now_open(now=NOW)
    assert (one.slots, one.share, one.carries, one.room) == (7, 4, 1, 1)
    assert tell(now=NOW + 4 * HOUR) == 1
    assert [told(worker) for worker in workers] == [1, 0, 0]
    assert tell(now=NOW + 5 * HOUR) == 0, "she has 48 hours"
    assert number(places[1], now=NOW + 5 * HOUR) == 2, "and stands before the others until she begins"
    assert tell(now=NOW + 53 * HOUR) == 1
    assert [told(worker) for worker in workers] == [1, 1, 0], "then the next one is told, and she kept her place"
    assert number(places[0], now=NOW + 53 * HOUR) == 1


def test_who_does_not_fulfil_the_rule_is_passed_over_and_keeps_the_place(law: Skill) -> None:
    workers, places = three(law)
    hold(workers[2], law)
    market.launched(*people.client(), texts=2, eligibility=asks_for(law))
    assert tell(now=NOW + 4 * HOUR) == 1
    assert [told(worker) for worker in workers] == [0, 0, 1]
    assert [number(place) for place in places] == [1, 2, 3]


def test_nobody_is_told_who_paused_or_wants_no_alerts_or_belongs_to_the_client(law: Skill) -> None:
    workers, places = three(law)
    for worker in workers:
        hold(worker, law)
    mira, shop = people.client()
    waitlist.pause(place=places[0], now=NOW)
    with transaction.atomic():
        preferences.save_availability(worker_id=workers[1].pk, hours_per_week=None, times=[], quiet_days=7, now=NOW)
    Membership.objects.create(user=workers[2], organisation=shop, role="viewer", since=NOW)
    market.launched(mira, shop, texts=2, eligibility=asks_for(law))
    assert tell(now=NOW + 4 * HOUR) == 0 and not WaitCall.objects.exists()


def test_the_list_keeps_nobody_from_work_that_fits() -> None:
    """Who never joined, and who stands last, take the work all the same: the list only says who hears of it first."""
    (_ana, _ben, cem), _places = three()
    market.launched(*people.client(), texts=3)
    assert market.take(cem) is not None and market.take(people.worker("Eve")) is not None


def test_a_project_limited_to_named_people_waits_for_ops_who_offer_places(law: Skill) -> None:
    workers, _places = three()
    olu, (mira, shop) = people.ops("Olu"), people.client()
    batch = market.launched(mira, shop, texts=10, expected_seconds=1800)
    with transaction.atomic():
        pool = pools.create(name="Invited", actor_id=olu.pk, now=NOW)
        projects.limit_to_pool(project=batch.project, pool=pool, actor_id=olu.pk, now=NOW)
    assert tell(now=NOW + 4 * HOUR) == 0, "the clock offers no place there"
    asked: dict[str, Any] = {"project_id": batch.project_id, "people": 50, "now": NOW + 4 * HOUR}
    dry = waitlist.look(**asked)
    assert [place.worker_id for place in dry.people] == [workers[0].pk, workers[1].pk], "ten answers carry two, in order"
    assert not PoolMember.objects.exists() and not Notice.objects.filter(kind="work.turn").exists(), "a dry run moves nothing"
    with transaction.atomic():
        waitlist.invite(by_id=olu.pk, **asked)
    assert set(PoolMember.objects.values_list("worker_id", flat=True)) == {workers[0].pk, workers[1].pk}
    assert market.take(workers[0], now=NOW + 5 * HOUR) is not None and market.take(workers[2], now=NOW + 5 * HOUR) is None
    with pytest.raises(Conflict), transaction.atomic():
        waitlist.invite(by_id=olu.pk, **asked)


def test_nobody_is_asked_to_come_where_nothing_is_funded() -> None:
    three()
    mira, shop = people.client()
    made = market.project(mira, shop)
    with pytest.raises(waitlist.NothingFunded):
        waitlist.look(project_id=made.pk, people=1, now=NOW)
    people.pay_in(shop, people.usd("10"))
    market.launch(market.batch(made, mira), mira)
    with pytest.raises(Invalid):
        waitlist.look(project_id=made.pk, people=0, now=NOW)


def test_too_little_data_says_so_and_a_history_gives_an_interval() -> None:
    week = dt.timedelta(days=7)
    assert arrivals.turn([NOW - dt.timedelta(days=3)] * 3, place=2, over=8 * week, now=NOW).median is None
    one_a_day = [NOW - dt.timedelta(days=at) for at in range(1, 50)]
    first, tenth = (arrivals.turn(one_a_day, place=at, over=8 * week, now=NOW) for at in (1, 10))
    assert first.median and first.low and first.high and tenth.median and tenth.low and tenth.high
    assert first.low < dt.timedelta(hours=6) < first.median < dt.timedelta(days=1) < first.high
    assert tenth.low < dt.timedelta(days=8) < tenth.median < dt.timedelta(days=14) < tenth.high < dt.timedelta(days=25)
    together = [moment for moment in one_a_day[::7] for _each in range(5)]
    assert arrivals.turn(together, place=5, over=8 * week, now=NOW).times == 7, "five at once are one opening"


def test_merged_accounts_keep_the_earlier_place() -> None:
    (ana, ben, _cem), places = three()
    with transaction.atomic():
        waitlist.bring(old_id=ana.pk, kept_id=ben.pk, now=NOW)
    places[1].refresh_from_db()
    assert places[1].joined_at == NOW and not waitlist.mine(ana.pk).exists()
    assert "places" in merging.MOVED


def test_a_worker_reads_the_place_and_leaves_it_on_the_page(client: Browser, law: Skill) -> None:
    workers, places = three(law)
    client.force_login(workers[1], backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("market:waiting")).content.decode()
    assert "Place 2 of 3" in page and "Too little data" in page and "No funded work of this kind is open now." in page
    client.post(reverse("market:change_wait_place", args=[places[0].pk, "leave"]))
    places[0].refresh_from_db()
    assert places[0].state == "waiting", "somebody else's place is not hers to leave"
    client.post(reverse("market:change_wait_place", args=[places[1].pk, "leave"]))
    assert "You stand on no list" in client.get(reverse("market:waiting")).content.decode()
    client.post(reverse("market:waiting"), {"skill": "", "language": ""})
    assert waitlist.mine(workers[1].pk).count() == 1


def test_ops_see_first_whom_they_would_tell(client: Browser) -> None:
    workers, _places = three()
    batch = market.launched(*people.client(), texts=2)
    olu, eve = people.ops("Olu"), people.ops("Eve", "finance")
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(eve, backend=backend)
    form = {"project": str(batch.project_id), "people": 5}
    assert client.post(reverse("market:ops_tell_waiting"), form | {"apply": 1}).status_code in {302, 403, 404}
    assert not WaitCall.objects.exists()
    client.force_login(olu, backend=backend)
    dry = client.post(reverse("market:ops_tell_waiting"), form).content.decode()
    assert "1 person would be told" in dry and "2 funded open tasks" in dry and not WaitCall.objects.exists()
    client.post(reverse("market:ops_tell_waiting"), form | {"apply": 1})
    assert [told(worker) for worker in workers] == [1, 0, 0]


def test_programs_join_look_pause_and_leave() -> None:
    ana = Caller(people.worker("Ana"), WORKS)
    status, made = ana.post("work/waiting/", {"language": "en"})
    assert status == 201 and (made["number"], made["total"], made["enough"]) == (1, 1, False)
    assert ana.post("work/waiting/", {"skill": "no-such"})[0] == 422
    assert ana.post("work/waiting/", {"language": "xx"})[0] == 422
    olu = Caller(people.ops("Olu"), ["ops"])
    nothing = {"project": made["id"], "people": 3, "dry_run": False}
    assert olu.post("ops/waiting/", nothing)[1]["code"] == "nothing_funded", "nor does a project that does not exist"
    assert olu.get("ops/waiting/")[1][0]["waiting"] == 1
    assert ana.patch(f"work/waiting/{made['id']}/", {"state": "paused"})[1]["state"] == "paused"
    assert Caller(people.worker("Eve"), WORKS).delete(f"work/waiting/{made['id']}/")[0] == 404
    assert ana.delete(f"work/waiting/{made['id']}/")[0] == 204 and ana.get("work/waiting/")[1] == []
