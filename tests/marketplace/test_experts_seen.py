"""What people see of work for experts: the expert's page and API, the doors that stay shut, the client's terms."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from marketplace.models import Project, Result
from qualification.models import Skill
from tests import market, people
from tests.marketplace import experts
from tests.marketplace.api.callers import Caller
from tests.marketplace.client_pages.conftest import BACKEND, Seat, words
from tests.marketplace.client_pages.test_setup import TERMS
from tests.marketplace.experts import crowd, deliver, expert, launched, with_experts
from workers.models import User

pytestmark = pytest.mark.django_db(transaction=True)

EXPERTS = TERMS | {
    "target_accuracy": "99", "expert_skill": "meteorology", "expert_tier": "2", "expert_price": "0.50",
    "adjudication_price": "1.25", "adjudication_share": "15",
}  # fmt: skip


@pytest.fixture
def skill() -> Skill:
    return experts.meteorology()


@pytest.fixture
def client() -> experts.Payer:
    return experts.payer()


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user, backend=BACKEND)
    return made


def test_the_workspace_of_a_last_word_shows_every_answer_beside_the_form_and_no_name(client: Any, skill: Skill) -> None:
    batch, ida = launched(client, overlap=3, max_overlap=3), expert(skill, "Ida")
    crowd("sunny", "rainy", "windy")
    lease = market.take(ida, kind="adjudication", now=dt.datetime.now(dt.UTC))
    assert lease is not None
    page = browser(ida)
    shown = page.get(reverse("market:workspace", args=[lease.lease_id]))
    text = words(shown)
    assert "You have the last word" in text and "Answers so far 3" in text and "experts of tier 2" in text
    assert all(f"Answer {number}: {label}" in text for number, label in enumerate(("Sunny", "Rainy", "Windy"), start=1))
    raw = shown.content.decode()
    assert raw.count('"readOnly": true') == 3 and raw.count('"readOnly": false') == 1
    assert raw.index("data-task-root></div>") < raw.index('data-task-root="answer-1"'), "the page's own form comes first"
    assert not any(name in raw for name in ("Ana", "Ben", "Cleo"))
    answered = page.post(
        reverse("market:submit", args=[lease.lease_id]), {"answer": {"label": "windy"}}, content_type="application/json"
    )
    assert answered.json()["state"] == "accepted"
    deliver()
    assert Result.objects.get(batch=batch).by == "adjudication"


def test_nobody_else_opens_the_page_of_a_last_word(client: Any, skill: Skill) -> None:
    launched(client, overlap=3, max_overlap=3)
    crowd("sunny", "rainy", "windy")
    lease = market.take(expert(skill, "Ida"), kind="adjudication")
    assert lease is not None
    assert browser(people.worker("Eve")).get(reverse("market:workspace", args=[lease.lease_id])).status_code == 404


def test_an_experts_blind_answer_shows_nobody_elses(client: Any, skill: Skill) -> None:
    launched(client)
    crowd("sunny", "rainy", "windy")
    wen = expert(skill)
    lease = market.take(wen)
    assert lease is not None
    text = words(browser(wen).get(reverse("market:workspace", args=[lease.lease_id])))
    assert "experts of tier 2" in text and "Answers so far" not in text


def test_home_offers_experts_work_to_experts_and_names_the_missing_tier_to_others(client: Any, skill: Skill) -> None:
    launched(client)
    crowd("sunny", "rainy", "windy")
    offered = words(browser(expert(skill)).get(reverse("market:work_offers")))
    assert "experts of tier 2" in offered and "0.50 USD" in offered
    ben = browser(expert(skill, "Ben", tier=1))
    assert "experts of tier" not in words(ben.get(reverse("market:work_offers")))
    more = words(ben.get(reverse("market:work_more")))
    assert "work for experts" in more and "skill Meteorology at tier 2 or higher" in more and "you: tier 1" in more


def test_the_api_tells_the_same(client: Any, skill: Skill) -> None:
    launched(client, overlap=3, max_overlap=3)
    crowd("sunny", "rainy", "windy")
    ida, eve = (Caller(user, ["work"]) for user in (expert(skill, "Ida"), people.worker("Eve")))
    refused = eve.post("leases/", {"kind": "adjudication"})[1]
    assert refused["lease"] is None and "skill meteorology at tier 2 or higher" in refused["why"]["detail"]
    (closed,) = eve.get("work/closed/")[1]
    assert (closed["kind"], closed["tier"], closed["misses"][0]["skill"]) == ("adjudication", 2, "meteorology")
    assert [(one["kind"], one["tier"]) for one in ida.get("work/")[1]["projects"]] == [("adjudication", 2)]
    status, given = ida.post("leases/", {"kind": "adjudication"})
    assert status == 201
    lease = given["lease"]
    assert (lease["kind"], lease["terms"]["tier"], lease["terms"]["skill"]) == ("adjudication", 2, "meteorology")
    assert [answer["label"] for answer in lease["answers"]] == ["sunny", "rainy", "windy"]
    assert ida.post(f"leases/{lease['id']}/submit/", {"answer": {"label": "windy"}})[0] == 201


def test_an_ordinary_lease_carries_nobodys_answers(client: Any, skill: Skill) -> None:
    launched(client)
    crowd("sunny")
    lease = Caller(people.worker("Ben"), ["work"]).post("leases/")[1]["lease"]
    assert lease["answers"] is None and "skill" not in lease["terms"] and lease["terms"]["tier"] == 0


def test_mira_names_her_experts_on_the_page_of_terms(client: Any, skill: Skill) -> None:
    seat = Seat(*client, browser(client[0]))
    made = market.project(*client)
    assert seat.post("project_terms", made.pk, **EXPERTS).status_code == 302
    made.refresh_from_db()
    assert (made.expert_skill, made.expert_tier, made.adjudication_share_bp) == ("meteorology", 2, 1_500)
    rates = set(made.rates.filter(tier=2).values_list("kind", "amount_units"))
    assert rates == {("answer", 5_000), ("adjudication", 12_500)}
    assert seat.post("project_terms", made.pk, **EXPERTS).status_code == 302
    assert made.rates.filter(tier=2).count() == 2, "the same price makes no new rate"
    assert 'value="1.25"' in seat.text("project_terms", made.pk)
    seat.post("project_terms", made.pk, **(EXPERTS | {"expert_skill": ""}))
    assert Project.objects.get(pk=made.pk).expert_tier is None


@pytest.mark.parametrize(("change", "said"), [
    ({"target_accuracy": ""}, "Set a target accuracy"), ({"adjudication_price": ""}, "Set what an adjudication pays"),
    ({"expert_skill": "alchemy"}, "alchemy"),
])  # fmt: skip
def test_terms_that_experts_cannot_work_under_are_refused(client: Any, skill: Skill, change: dict[str, str], said: str) -> None:
    seat = Seat(*client, browser(client[0]))
    made = market.project(*client)
    response = seat.post("project_terms", made.pk, **(EXPERTS | change))
    assert response.status_code == 422 and said in words(response)
    made.refresh_from_db()
    assert made.expert_skill is None and not made.rates.filter(tier=2).exists()


def test_the_draft_names_experts_and_last_words_in_its_estimate(client: Any, skill: Skill) -> None:
    seat = Seat(*client, browser(client[0]))
    draft = market.batch(with_experts(client), client[0], texts=10)
    text = words(seat.get("batch", draft.pk))
    assert "Answers by experts 1 0–10" in text and "Adjudications 1 0–10" in text and "Experts among them 0" in text
    assert "a last word where answers disagree" in text, "the line of the reserve"


def test_a_batch_that_waits_for_experts_nobody_is_says_so(client: Any, skill: Skill) -> None:
    batch = launched(client)
    crowd("sunny", "rainy", "windy")
    text = words(Seat(*client, browser(client[0])).get("batch", batch.pk))
    assert "No expert may work on this" in text
