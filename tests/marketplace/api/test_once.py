"""An Idempotency-Key makes a request happen once: replays, double clicks, and two at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from kit.models import RememberedRequest
from marketplace.models import Batch, Lease, Project, Submission
from payments.models import Earning
from tests import people
from tests.marketplace.api import callers, test_walk
from tests.marketplace.api.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 20


def at_once(calls: list[Any]) -> list[tuple[int, Any]]:
    """Run all calls at the same time, each on a database connection of its own."""

    def run(call: Any) -> tuple[int, Any]:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def new_project(name: str = "Weather") -> dict[str, Any]:
    return {"name": name, "task_type": "choice", "settings": {"labels": ["sunny", "rainy"]}}


def test_the_same_key_gives_the_same_answer_and_one_project() -> None:
    mira, _shop = callers.client()
    first = mira.post("projects/", new_project(), key="p-1")
    assert first[0] == 201 and mira.post("projects/", new_project(), key="p-1") == first
    assert Project.objects.count() == 1


def test_the_same_key_for_another_request_is_refused() -> None:
    mira, _shop = callers.client()
    mira.post("projects/", new_project(), key="p-1")
    status, problem = mira.post("projects/", new_project("Other"), key="p-1")
    assert (status, problem["code"]) == (409, "idempotency_key_reused")
    assert Project.objects.count() == 1
    assert mira.post("projects/", new_project("Other"), key="x" * 256)[0] == 422


def test_a_key_belongs_to_its_person() -> None:
    mira, _shop = callers.client()
    eve, _other = callers.client("Eve")
    first, second = mira.post("projects/", new_project(), key="same"), eve.post("projects/", new_project(), key="same")
    assert first[0] == second[0] == 201 and first[1]["id"] != second[1]["id"]


def test_a_refusal_is_not_remembered() -> None:
    mira, shop = callers.client()
    batch = test_walk.batch(mira, test_walk.project(mira), ["one"])
    assert mira.post(f"batches/{batch}/launch/", key="go")[0] == 409
    people.pay_in(shop, people.usd("10"))
    assert mira.post(f"batches/{batch}/launch/", key="go")[0] == 200, "the money came, and the same request goes through"


def test_twenty_equal_requests_at_once_make_one_project() -> None:
    mira, _shop = callers.client()
    answers = at_once([lambda: twin(mira).post("projects/", new_project(), key="p-1")] * MANY)
    assert {status for status, _body in answers} == {201} and len({body["id"] for _status, body in answers}) == 1
    assert Project.objects.count() == RememberedRequest.objects.count() == 1


def twin(caller: Caller) -> Caller:
    """The same program on another line."""
    other = object.__new__(Caller)
    other.user, other.key = caller.user, caller.key
    other.http = type(caller.http)(HTTP_AUTHORIZATION=f"Bearer {caller.key}")
    return other


def test_twenty_submits_of_one_lease_at_once_make_one_submission_and_one_earning() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    test_walk.launch(mira, shop, ["one", "two"])
    lease = ana.post("leases/")[1]["lease"]["id"]
    answers = at_once([lambda: twin(ana).post(f"leases/{lease}/submit/", {"answer": {"label": "sunny"}})] * MANY)
    assert Counter(status for status, _body in answers) == {201: 1, 409: MANY - 1}
    assert {body["code"] for status, body in answers if status == 409} <= {"already_submitted", "lease_expired"}
    assert Submission.objects.count() == Earning.objects.count() == 1
    assert people.of_worker("available", ana.user) == people.usd("0.10")


def test_twenty_submits_with_one_key_all_hear_the_same_good_news() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    test_walk.launch(mira, shop, ["one", "two"])
    lease = ana.post("leases/")[1]["lease"]["id"]
    path, body = f"leases/{lease}/submit/", {"answer": {"label": "sunny"}}
    answers = at_once([lambda: twin(ana).post(path, body, key="s-1")] * MANY)
    assert {status for status, _body in answers} == {201} and len({body["submission"] for _status, body in answers}) == 1
    assert Submission.objects.count() == Earning.objects.count() == 1


def test_twenty_asks_at_once_give_one_lease() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    test_walk.launch(mira, shop, ["one", "two", "three"])
    answers = at_once([lambda: twin(ana).post("leases/")] * MANY)
    assert {status for status, _body in answers} <= {200, 201} and len({body["lease"]["id"] for _status, body in answers}) == 1
    assert Lease.objects.count() == 1


def test_a_double_click_on_launch_reserves_once() -> None:
    mira, shop = callers.client()
    batch = test_walk.batch(mira, test_walk.project(mira), ["one"])
    people.pay_in(shop, people.usd("10"))
    answers = at_once([lambda: twin(mira).post(f"batches/{batch}/launch/")] * 5)
    assert Counter(status for status, _body in answers) == {200: 1, 409: 4}
    reserved = Batch.objects.get(pk=batch).reserved_units
    assert people.prepaid(shop).units == people.usd("10").units - reserved


def test_a_replayed_answer_says_so() -> None:
    mira, _shop = callers.client()
    for replayed in (None, "true"):
        answer = mira.http.post("/api/v1/projects/", new_project(), format="json", HTTP_IDEMPOTENCY_KEY="k")
        assert answer.headers.get("Idempotent-Replayed") == replayed
