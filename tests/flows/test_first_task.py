"""From the sign-up to the first paid task: exactly the steps that are stated, within half an hour, waiting for nobody."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from marketplace.models import Submission
from tests import market, people
from workers import agreements, onboarding
from workers.models import User, WorkerProfile

pytestmark = pytest.mark.django_db(transaction=True)

SIGN_UP = {
    "audience": "worker", "name": "Ana Ferreira", "email": "ana@example.test", "password1": "a quiet river at night", "consent": "on",
}  # fmt: skip
PROFILE = {"country": "PT", "time_zone": "Europe/Lisbon", "language_0": "pt", "level_0": "native"}


def test_a_newcomer_walks_the_stated_steps_and_is_paid() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=3, price="0.10")
    terms = agreements.publish(kind="worker", title="Terms", text="Pay is yours.", by_id=None, now=people.NOW)
    tab = Client()
    tab.post("/account/signup/", SIGN_UP)
    EmailAddress.objects.update(verified=True)
    tab.post("/account/login/", {"login": SIGN_UP["email"], "password": SIGN_UP["password1"]})
    ana = User.objects.get(email=SIGN_UP["email"])

    # What the page says comes first, and how long it takes, is what is asked for: no more, and nobody else has to do anything.
    hub = tab.get("/work/onboarding/")
    stated = [step for step in onboarding.steps(ana.pk) if step.needed]
    said = int(re.search(r"About (\d+) minutes before your first paid task", hub.content.decode())[1])  # type: ignore[index]
    assert said == sum(step.minutes for step in stated) <= onboarding.MOST_MINUTES
    assert sum(step.minutes for step in onboarding.steps(ana.pk)) <= 30

    taken = []
    while (step := onboarding.after(ana.pk)) is not None and step.needed:
        answers = {"profile": PROFILE, "agreement": {"agreement": terms.pk, "agree": "on"}}[step.key]
        page = {"profile": "/work/onboarding/profile/", "agreement": "/work/agreement/"}[step.key]
        assert tab.get(page).status_code == 200
        assert tab.post(page, answers).status_code == 302
        assert next(one for one in onboarding.steps(ana.pk) if one.key == step.key).done, "no step waits for anybody"
        taken.append(step.key)
    assert taken == [step.key for step in stated] == ["profile", "agreement"]
    assert WorkerProfile.objects.get(pk=ana.pk).onboarded_at is not None
    assert "You can start working" in tab.get("/work/onboarding/").content.decode()

    started = tab.post("/work/next/")
    assert started.status_code == 302, "the first task is there at once"
    made = market.answer(ana, market.take(ana))  # type: ignore[arg-type]
    assert Submission.objects.get(pk=made.submission_id).worker_id == ana.pk
    assert people.of_worker("available", ana) == people.usd("0.10")
