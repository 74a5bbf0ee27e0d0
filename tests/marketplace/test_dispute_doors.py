"""The doors of a dispute: the worker's, the client's and ops' pages and API, each refusing whom it must."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config.reactions import REACTIONS
from kit import outbox
from kit.models import OutboxEvent
from marketplace import client_records, review
from marketplace.models import ClientRecord, Dispute, Submission
from payments.models import LedgerTx
from tests import market, people
from tests.marketplace.api.callers import CLIENT, Caller
from tests.marketplace.client_pages.conftest import BACKEND, words
from workers.models import Appeal, Membership, Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user, backend=BACKEND)
    return made


def rejected() -> tuple[User, Organisation, User, Submission]:
    """Ana's answer, which Mira rejected an hour ago by the real clock, as the doors read it."""
    now = dt.datetime.now(dt.UTC)
    mira, shop = people.client()
    market.launched(mira, shop, review_rule="client")
    ana = people.worker()
    made = market.work(ana, now=now - dt.timedelta(hours=2))
    assert made is not None
    with transaction.atomic():
        submission = review.find(submission_id=made.submission_id, organisation_id=shop.id)
        judgement = review.Judgement("reject", reason="wrong", clause="Clause 7", comment="No sun there.")
        review.judge(submission=submission, judgement=judgement, judge_id=mira.id, now=now - dt.timedelta(hours=1))
    return mira, shop, ana, submission


def deliver() -> None:
    for _round in range(4):
        outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC))
    assert not OutboxEvent.objects.filter(delivered_at__isnull=True).exists()


def counts() -> tuple[int, ...]:
    return Dispute.objects.count(), Appeal.objects.count(), LedgerTx.objects.count(), OutboxEvent.objects.count()


def test_a_dispute_goes_through_the_pages_of_all_three() -> None:
    mira, shop, ana, submission = rejected()
    worker, client, judge, olu = (browser(user) for user in (ana, mira, people.ops("Sam", "quality_lead"), people.ops("Olu", "quality_lead")))
    assert "Dispute this" in words(worker.get(reverse("market:history")))
    form = reverse("market:dispute_open", args=[submission.pk])
    assert "Clause 7" in words(worker.get(form)) and "Time to dispute" in words(worker.get(form))
    there = worker.post(form, {"text": "The text says sunny."}, follow=True)
    assert "An answer is due in" in words(there) and "The text says sunny." in words(there)
    found = Dispute.objects.get()
    assert "Your dispute" in words(worker.get(reverse("market:history")))
    listed = words(client.get(reverse("market:client_disputes", args=[shop.slug])))
    assert "Weather" in listed and ana.name not in listed, "a client knows workers by pseudonym"
    page = client.get(reverse("market:client_dispute", args=[shop.slug, found.pk]))
    assert "The text says sunny." in words(page) and ana.name not in words(page)
    assert "Answered" in words(client.post(
        reverse("market:client_dispute_answer", args=[shop.slug, found.pk]), {"text": "Clause 7 says no."}, follow=True
    ))
    today = words(judge.get(reverse("market:ops_today_section", args=["disputes"])))
    assert "Ana disputes the verdict" in today and "a second person decides" in today
    evidence = words(olu.get(reverse("market:ops_dispute", args=[found.pk])))
    assert all(part in evidence for part in ("Clause 7", "No sun there.", "Clause 7 says no.", "version 1", "Rejected"))
    before = counts()
    assert olu.post(reverse("market:ops_dispute", args=[found.pk]), {"verdict": "overturn", "grounds": ""}).status_code == 422
    assert counts() == before
    olu.post(reverse("market:ops_dispute", args=[found.pk]), {"verdict": "overturn", "grounds": "It does say sunny."})
    deliver()
    said = words(worker.get(reverse("market:dispute", args=[found.pk])))
    assert "You won" in said and "It does say sunny." in said and "0.10" in said
    assert people.of_worker("available", ana) == people.usd("0.10")
    assert "Weather" in words(olu.get(reverse("market:ops_disputes") + "?state=decided"))


def test_a_dispute_goes_through_the_api_and_twice_with_one_key_opens_one() -> None:
    mira, shop, ana, submission = rejected()
    worker, client = Caller(ana, ["work"]), Caller(mira, CLIENT, shop)
    olu = Caller(people.ops("Olu", "quality_lead"), ["ops"])
    mine = worker.get(f"work/submissions/{submission.pk}/")[1]
    assert mine["dispute"] is None and mine["disputable_until"]
    path = f"work/submissions/{submission.pk}/dispute/"
    status, made = worker.post(path, {"text": "It says sunny."}, key="once")
    assert status == 201 and (made["state"], made["about"], made["verdict"]["clause"]) == ("open", "verdict", "Clause 7")
    assert worker.post(path, {"text": "It says sunny."}, key="once") == (201, made)
    assert worker.get("work/disputes/")[1]["results"] == [made]
    assert worker.get(f"work/submissions/{submission.pk}/")[1]["dispute"] == made["id"]
    theirs = client.get("disputes/", state="open")[1]["results"][0]
    assert theirs["worker"].startswith("W-") and theirs["id"] == made["id"]
    assert client.post(f"disputes/{made['id']}/answer/", {"text": "Clause 7."})[1]["state"] == "answered"
    status, decided = olu.post(f"ops/disputes/{made['id']}/decide/", {"overturn": True, "grounds": "It does."})
    assert (status, decided["outcome"]) == (200, "overturned")
    deliver()
    assert worker.get(f"work/disputes/{made['id']}/")[1]["carried_out_at"] is not None
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_a_client_agrees_by_page_and_by_api_and_workers_read_it() -> None:
    mira, shop, ana, submission = rejected()
    worker, client = Caller(ana, ["work"]), Caller(mira, CLIENT, shop)
    made = worker.post(f"work/submissions/{submission.pk}/dispute/", {"text": "It says sunny."})[1]
    page = words(browser(mira).get(reverse("market:client_dispute", args=[shop.slug, made["id"]])))
    assert "To the worker 0.10 USD" in page and "Fee 0.0150 USD" in page
    viewer, (eve, other), before = people.person("Vic"), people.client("Eve"), counts()
    Membership.objects.create(user=viewer, organisation=shop, role="viewer", since=people.NOW)
    assert browser(viewer).post(reverse("market:client_dispute_concede", args=[shop.slug, made["id"]])).status_code == 403
    assert Caller(eve, CLIENT, other).post(f"disputes/{made['id']}/concede/", {})[0] == 404
    assert worker.post(f"disputes/{made['id']}/concede/", {})[0] == 403
    for body in ({"text": "x" * 5001}, {"text": 1, "more": 2}, []):
        assert client.post(f"disputes/{made['id']}/concede/", body)[0] in (400, 422), body
    assert counts() == before
    status, agreed = client.post(f"disputes/{made['id']}/concede/", {"text": "You are right."})
    assert (status, agreed["state"], agreed["outcome"]) == (200, "decided", "conceded")
    assert client.post(f"disputes/{made['id']}/concede/", {})[0] == 409
    deliver()
    said = words(browser(ana).get(reverse("market:dispute", args=[made["id"]])))
    assert "The client agrees with the worker. You are right." in said and "You won" in said
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_a_concession_on_the_page_moves_the_money() -> None:
    mira, shop, ana, submission = rejected()
    made = Caller(ana, ["work"]).post(f"work/submissions/{submission.pk}/dispute/", {"text": "It says sunny."})[1]
    there = browser(mira).post(reverse("market:client_dispute_concede", args=[shop.slug, made["id"]]), {"text": ""}, follow=True)
    assert "You agreed with the worker" in words(there) and "Is the worker right?" not in words(there)
    deliver()
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_whoever_must_not_is_refused_and_nothing_moves() -> None:
    mira, shop, ana, submission = rejected()
    eve_client, other = people.client("Eve")
    worker, eve, thief = Caller(ana, ["work"]), Caller(people.worker("Eve"), ["work"]), Caller(eve_client, CLIENT, other)
    client, sam = Caller(mira, CLIENT, shop), Caller(people.ops("Sam", "quality_lead"), ["ops"])
    pool = Caller(people.ops("Pia", "pool_manager"), ["ops"])
    path = f"work/submissions/{submission.pk}/dispute/"
    before = counts()
    assert eve.post(path, {"text": "Mine."})[0] == 404
    for body in ({}, {"text": ""}, {"text": "x" * 5001}, {"text": "x\x00"}, {"text": 1, "more": 2}, []):
        assert worker.post(path, body)[0] in (400, 422), body
    assert worker.post(f"work/submissions/{uuid.uuid4()}/dispute/", {"text": "x"})[0] == 404
    assert counts() == before
    made = worker.post(path, {"text": "It says sunny."})[1]
    before = counts()
    assert worker.post(path, {"text": "Again."})[0] == 409
    for caller in (eve, thief, pool):
        for address in (f"work/disputes/{made['id']}/", f"disputes/{made['id']}/", f"ops/disputes/{made['id']}/"):
            assert caller.get(address)[0] in (403, 404), address
    decision = {"overturn": False, "grounds": "No."}
    assert thief.post(f"disputes/{made['id']}/answer/", {"text": "x"})[0] == 404
    assert sam.post(f"ops/disputes/{made['id']}/decide/", decision)[0] == 409, "nobody has answered"
    assert counts() == before
    assert sam.post(f"ops/disputes/{made['id']}/answer/", {"text": "We looked."})[0] == 200
    before = counts()
    assert sam.post(f"ops/disputes/{made['id']}/decide/", decision)[0] == 403, "who answered"
    assert client.post(f"ops/disputes/{made['id']}/decide/", decision)[0] == 403, "the judge"
    assert counts() == before and Submission.objects.get(pk=submission.pk).state == "rejected"


def test_a_score_is_disputed_through_the_same_door_whether_the_task_was_gold_or_not() -> None:
    now = dt.datetime.now(dt.UTC)
    mira, shop = people.client()
    market.launched(mira, shop)
    ana = people.worker()
    plain, hidden = market.work(ana, now=now - dt.timedelta(hours=2)), market.work(ana, now=now - dt.timedelta(hours=1))
    assert plain and hidden
    Submission.objects.filter(pk=hidden.submission_id).update(gold=True)
    worker = Caller(ana, ["work"])
    shapes = []
    for one in (plain, hidden):
        status, made = worker.post(f"work/submissions/{one.submission_id}/dispute/", {"text": "Right."})
        assert status == 201
        shapes.append({key: value for key, value in made.items() if key in ("about", "state", "verdict", "outcome", "answer")})
    assert shapes[0] == shapes[1]


# --- what workers see of clients ----------------------------------------------------------------------------------------


def seen(ana: User) -> dict[str, Any]:
    return dict(Caller(ana, ["work"]).get("work/")[1]["projects"][0]["client"])


def test_workers_see_how_a_client_treats_people_once_there_is_enough_to_say() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=30, review_rule="client")
    ana, now = people.worker(), people.NOW
    assert seen(ana)["rejected_bp"] is None
    for at in range(20):
        made = market.work(ana, now=now)
        assert made
        with transaction.atomic():
            submission = review.find(submission_id=made.submission_id, organisation_id=shop.id)
            said = review.Judgement("reject", reason="wrong", clause="1") if at == 0 else review.Judgement("accept")
            review.judge(submission=submission, judgement=said, judge_id=mira.id, now=now + dt.timedelta(hours=3))
        if at == 18:
            client_records.count(now=now + dt.timedelta(days=1))
            assert seen(ana) == {
                "wait_seconds": None, "waited": 19, "rejected_bp": None, "answers": 19, "lost_bp": None, "disputes": 0,
            }  # fmt: skip
    client_records.count(now=now + dt.timedelta(days=2))
    figures = seen(ana)
    assert figures["wait_seconds"] == pytest.approx(3 * 3600, abs=60) and figures["rejected_bp"] == 500
    ClientRecord.objects.update(disputes=5, disputes_lost=2)
    page = words(browser(ana).get(reverse("market:work_offers")))
    assert "judges within 3 h in half of 20 cases" in page and "rejected 5.0 % of 20 answers" in page and "lost 40 % of 5" in page
    assert "lost 40 % of 5" in words(browser(mira).get(reverse("market:client_disputes", args=[shop.slug])))
    client_records.count(now=now + dt.timedelta(days=200))
    assert seen(ana)["wait_seconds"] is None, "what is long ago is not held against anybody"
