"""Ops' console: a person is found by anything one has in hand, and read by right of the viewer; every queue is in one place."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from kit.ids import uuid7
from payments.models import PayoutAccount
from tests import market, people
from tests.workers.doors import browser, program
from workers import notices, preferences, pseudonyms, queries, standing, work_queues
from workers.models import User

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING = {"quality", "work", "money", "decisions", "credentials", "devices", "messages", "trail"}


def names(words: str, *roles: str) -> set[str]:
    return {user.name for user in queries.find_people(words, roles=roles)}


def test_a_person_is_found_by_whatever_somebody_has_in_hand() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=2)
    ana, wen = people.worker("Ana", country="PT"), people.worker("Wen", country="DE")
    made = market.work(ana)
    market.work(wen)
    assert made is not None
    pseudonym = pseudonyms.of(worker_id=ana.pk, organisation=shop)
    for words in ("an", ana.email, str(ana.pk), ana.pk.hex, pseudonym, pseudonym.lower(), "portugal", "country:pt", str(made.submission_id)):
        assert names(words) == {"Ana"}, words
    assert names("W-0000-0000") == names("country:xx") == names(str(uuid7())) == set()
    assert names("a\x00na") == {"Ana"}


def test_what_names_money_finds_people_for_finance_alone() -> None:
    ana = people.worker("Ana")
    PayoutAccount.objects.create(
        user=ana, rail="stripe", rail_account="acct_1Ana", country="DE", currency="USD", state="active", created_at=people.NOW,
    )
    assert names("acct_1Ana", "finance") == names("acct_1Ana", "admin") == {"Ana"}
    assert names("acct_1Ana", "pool_manager") == names("acct_1Ana") == set()
    assert "Ana" in browser(people.ops("Fin", "finance")).get("/ops/people/?q=acct_1Ana").content.decode()
    assert program(people.ops("Olu"), "ops").get("/api/v1/ops/people/?q=acct_1Ana").json()["results"] == []


def parts(viewer: User, person: User) -> set[str]:
    """What the page offers this viewer; every offered part opens, every other is not there."""
    tab = browser(viewer)
    page = tab.get(f"/ops/people/{person.pk}/")
    assert page.status_code == 200
    offered = {one["key"] for one in page.context["parts"]}
    for key in EVERYTHING:
        answer = tab.get(f"/ops/people/{person.pk}/parts/{key}/")
        assert answer.status_code == (200 if key in offered else 404), key
    return offered


def test_the_whole_story_stands_on_one_page_by_right_of_the_viewer() -> None:
    ana = people.worker("Ana")
    UserSession.objects.create(user=ana, ip="192.0.2.7", session_key="a-secret-key", user_agent="Firefox on a phone")
    notices.tell(ana.pk, "standing.resumed")
    with transaction.atomic():
        preferences.save_comfort(worker_id=ana.pk, accessibility=["keyboard"], note="", avoids=["self_harm"], now=people.NOW)
    assert parts(people.ops("Admin", "admin"), ana) == EVERYTHING
    assert parts(people.ops("Olu", "pool_manager"), ana) == EVERYTHING - {"money"}
    assert parts(people.ops("Fin", "finance"), ana) == {"quality", "work", "money", "trail"}
    olu = browser(people.ops("Sam", "quality_lead"))
    devices = olu.get(f"/ops/people/{ana.pk}/parts/devices/").content.decode()
    assert "Firefox on a phone" in devices and "a-secret-key" not in devices
    assert "Your pause is over" in olu.get(f"/ops/people/{ana.pk}/parts/messages/").content.decode()
    said = olu.get(f"/ops/people/{ana.pk}/parts/credentials/").content.decode()
    assert "keyboard" in said and "self_harm" not in said


def test_every_queue_is_in_one_place_and_whoever_takes_an_item_is_seen() -> None:
    ana, olu, fin = people.worker("Ana"), people.ops("Olu"), people.ops("Fin", "finance")
    now = timezone.now()
    with transaction.atomic():
        standing.pause(worker_id=ana.pk, reason="quality_check", until=now + dt.timedelta(days=2), by_id=None, now=now)
    assert {"credentials", "appeals", "disputes", "paused"} <= set(work_queues.QUEUES)
    tab = browser(olu)
    assert "Paused until somebody looks" in tab.get("/ops/queues/").content.decode()
    assert "Disputes of work" not in tab.get("/ops/queues/").content.decode()
    assert tab.post("/ops/queues/paused/next/")["Location"] == f"/ops/people/{ana.pk}/"
    assert "You hold this" in tab.get("/ops/queues/paused/").content.decode()
    assert "Olu is at this" in browser(people.ops("Sam")).get("/ops/queues/paused/").content.decode()
    assert "Disputes" not in browser(fin).get("/ops/queues/").content.decode()
    assert browser(fin).post(f"/ops/queues/paused/{ana.pk}/claim/").status_code == 403
