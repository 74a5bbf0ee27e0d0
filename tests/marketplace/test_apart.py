"""Two workers who are kept apart never answer the same task nor judge each other, whoever asked for it."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from kit.errors import Invalid, NotFound
from kit.models import AuditRecord
from marketplace import apart, dispatch, outlook, review
from marketplace.models import Apart, ApartWish, Lease
from tests import market, people
from tests.marketplace.api.callers import Caller
from workers.models import Notice, User

pytestmark = pytest.mark.django_db

NOW = market.NOW


def keep(one: User, other: User, olu: User, **options: Any) -> Apart:
    with transaction.atomic():
        return apart.keep(one_id=one.id, other_id=other.id, why="household", by_id=olu.id, now=NOW, **options)


@pytest.fixture
def ana() -> User:
    return people.worker("Ana")


@pytest.fixture
def ben() -> User:
    return people.worker("Ben")


@pytest.fixture
def olu() -> User:
    return people.ops("Olu")


def tasks_of(worker: User) -> set[int]:
    return set(Lease.objects.filter(worker=worker).values_list("task_id", flat=True))


def test_they_never_get_the_same_task(ana: User, ben: User, olu: User) -> None:
    market.launched(*people.client(), texts=4, overlap=2, max_overlap=2)
    keep(ana, ben, olu)
    assert market.work(ana) and market.work(ben) and market.work(ana) and market.work(ben)
    assert not tasks_of(ana) & tasks_of(ben) and len(tasks_of(ana) | tasks_of(ben)) == 4
    assert market.take(ana) is None and market.take(ben) is None, "what is left is the other's"
    with transaction.atomic():
        assert outlook.of(worker_id=ana.id, now=NOW).slots == 0, "and it is not counted as work that fits"
    cem = people.worker("Cem")
    for _time in range(4):
        assert market.work(cem), "for anybody else it is open"


def test_without_it_they_would(ana: User, ben: User, olu: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sabotaged twin: dispatch that does not know who is kept apart fails the test above."""
    market.launched(*people.client(), texts=1, overlap=2, max_overlap=2)
    keep(ana, ben, olu)
    monkeypatch.setattr(apart, "of", lambda _worker: [])
    assert market.work(ana) and market.work(ben)
    assert tasks_of(ana) == tasks_of(ben)


def test_what_comes_back_is_not_given_to_the_other(ana: User, ben: User, olu: User) -> None:
    """A returned slot lies ahead of every cursor: there the probe of the task decides, not the place in the queue."""
    market.launched(*people.client(), texts=1, overlap=2, max_overlap=2)
    cem = people.worker("Cem")
    held = market.take(cem)
    assert held is not None and market.work(ana)
    keep(ana, ben, olu)
    with transaction.atomic():
        dispatch.give_back(worker_id=cem.id, lease_id=held.lease_id, now=NOW)
    assert market.take(ben) is None
    pair = Apart.objects.get()
    with transaction.atomic():
        apart.end(apart_id=pair.pk, by_id=olu.id, now=NOW)
    assert market.work(ben), "once it is ended they may meet"


def test_neither_judges_the_other(ana: User, ben: User, olu: User) -> None:
    market.launched(*people.client(), texts=1, review_rule="all")
    keep(ana, ben, olu)
    made = market.work(ana)
    assert made is not None and made.state == "waiting"
    with transaction.atomic():
        review.open_review_slot(submission_id=made.submission_id, now=NOW)
    assert market.take(ben, kind="review") is None
    assert market.take(people.worker("Cem"), kind="review") is not None


@pytest.mark.django_db(transaction=True)
def test_two_asks_at_once_do_not_meet_either(ana: User, ben: User, olu: User) -> None:
    market.launched(*people.client(), texts=8, overlap=2, max_overlap=2)
    keep(ana, ben, olu)
    start = threading.Barrier(2)

    def pull(worker: User) -> None:
        for _turn in range(4):
            start.wait(10)
            market.work(worker)
        connection.close()

    threads = [threading.Thread(target=pull, args=[worker]) for worker in (ana, ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(tasks_of(ana)) == len(tasks_of(ben)) == 4 and not tasks_of(ana) & tasks_of(ben)


def test_saying_it_twice_is_saying_it_once_and_both_leave_a_line(ana: User, ben: User, olu: User) -> None:
    pair = keep(ana, ben, olu)
    assert keep(ben, ana, olu).pk == pair.pk
    for _time in range(2):
        with transaction.atomic():
            apart.end(apart_id=pair.pk, by_id=olu.id, now=NOW)
    assert list(AuditRecord.objects.filter(verb__startswith="apart.").values_list("verb", flat=True)) == ["apart.set", "apart.ended"]
    assert keep(ana, ben, olu).pk != pair.pk


def test_nobody_is_kept_apart_from_more_than_twenty(ana: User, olu: User) -> None:
    for at in range(apart.MOST):
        keep(ana, people.worker(f"P{at}"), olu)
    with pytest.raises(apart.TooMany):
        keep(people.worker("One more"), ana, olu)
    assert len(apart.of(ana.id)) == apart.MOST


def test_who_is_no_worker_or_the_same_person_is_refused(ana: User, olu: User) -> None:
    mira, _shop = people.client()
    for other in (ana, mira):
        with pytest.raises(Invalid):
            keep(ana, other, olu)
    assert not Apart.objects.exists()


def test_a_wish_becomes_a_pair_or_is_declined_and_the_worker_is_told(ana: User, ben: User, olu: User) -> None:
    with transaction.atomic():
        wish = apart.ask(worker_id=ana.id, named=" My  brother Ben ", why="household", now=NOW)
        other = apart.ask(worker_id=ana.id, named="nobody@example.test", why="other", now=NOW)
    assert wish.named == "My brother Ben" and [one.pk for one in apart.waiting()] == [wish.pk, other.pk]
    keep(ana, ben, olu, wish_id=wish.pk)
    with transaction.atomic():
        apart.decline(wish_id=other.pk, by_id=olu.id, now=NOW)
    assert set(Notice.objects.filter(user=ana).values_list("kind", flat=True)) == {"apart.set", "apart.declined"}
    assert not Notice.objects.filter(user=ben).exists()
    for again in (wish, other):
        with pytest.raises(NotFound), transaction.atomic():
            apart.decline(wish_id=again.pk, by_id=olu.id, now=NOW)


def test_a_wish_of_somebody_else_is_not_closed_by_a_pair(ana: User, ben: User, olu: User) -> None:
    with transaction.atomic():
        wish = apart.ask(worker_id=people.worker("Eve").id, named="Ben", why="dispute", now=NOW)
    with pytest.raises(NotFound):
        keep(ana, ben, olu, wish_id=wish.pk)
    assert not Apart.objects.exists() and ApartWish.objects.get().outcome == ""


@pytest.mark.parametrize(("named", "why"), [("x", "other"), ("x" * 201, "other"), ("Ben\x00", "other"), ("Ben", "hate")])
def test_a_wish_that_names_nobody_is_refused(named: str, why: str, ana: User) -> None:
    with pytest.raises(Invalid), transaction.atomic():
        apart.ask(worker_id=ana.id, named=named, why=why, now=NOW)
    assert not ApartWish.objects.exists()


def test_pages_of_worker_and_ops(ana: User, ben: User, olu: User) -> None:
    hers, theirs = Browser(), Browser()
    hers.force_login(ana)
    theirs.force_login(olu)
    assert hers.post(reverse("market:apart"), {"named": "Ben Ben", "why": "close"}).status_code == 302
    assert "waits for a word" in hers.get(reverse("market:apart")).content.decode()
    wish = ApartWish.objects.get()
    page = theirs.get(reverse("market:ops_apart"), {"wish": str(wish.pk)}).content.decode()
    assert "Ben Ben" in page and ana.email in page
    given = {"one": ana.email, "other": "nobody@example.test", "why": "close", "wish": str(wish.pk)}
    assert "no worker with this address" in theirs.post(reverse("market:ops_apart"), given).content.decode()
    assert theirs.post(reverse("market:ops_apart"), given | {"other": ben.email}).status_code == 302
    assert "kept apart" in hers.get(reverse("market:apart")).content.decode()
    assert ben.name not in hers.get(reverse("market:apart")).content.decode().replace("Ben Ben", "")
    theirs.post(reverse("market:ops_apart_end", args=[Apart.objects.get().pk]))
    assert apart.of(ana.id) == []


def test_by_program_too(ana: User, ben: User, olu: User) -> None:
    status, wish = Caller(ana, ["work"]).post("work/apart/", {"named": "Ben", "why": "dispute"})
    assert (status, wish["outcome"]) == (201, "")
    ops = Caller(olu, ["ops"])
    assert [one["id"] for one in ops.get("ops/apart/wishes/")[1]["results"]] == [wish["id"]]
    body = {"one": str(ana.id), "other": str(ben.id), "why": "dispute", "wish": wish["id"]}
    status, pair = ops.post("ops/apart/", body)
    assert status == 201 and Caller(ana, ["work"]).get("work/apart/")[1]["people"] == 1
    assert Caller(ana, ["work"]).post("ops/apart/", body)[0] == 403
    assert ops.post(f"ops/apart/{pair['id']}/end/")[1]["ended_at"] is not None
    assert ops.get("ops/apart/")[1]["results"] == []
    assert ops.post(f"ops/apart/wishes/{wish['id']}/decline/")[0] == 404
    assert dt.datetime.fromisoformat(pair["set_at"]).tzinfo is not None
