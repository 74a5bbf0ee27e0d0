"""Before a rule is changed, people see what it would have done to the last month; and nothing moves."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.urls import reverse

from marketplace import projects, what_if
from marketplace.models import Project, WorkerRecord
from tests import market, people
from tests.marketplace.api.callers import CLIENT, Caller
from tests.marketplace.experts import deliver

pytestmark = pytest.mark.django_db(transaction=True)

ONLY_GERMANY = {"fact": "country", "in": ["DE"]}
SOON = market.NOW + dt.timedelta(days=1)


def worked() -> Project:
    """Three people answer two tasks three times over: Ana and Ben in Germany, Eve in Japan, who says something else."""
    batch = market.launched(*people.client(), texts=2, overlap=3, max_overlap=3)
    for name, country, label in (("Ana", "DE", "sunny"), ("Ben", "DE", "sunny"), ("Eve", "JP", "rainy")):
        worker = people.worker(name, country=country)
        market.work(worker, label)
        market.work(worker, label)
        deliver()
    return batch.project


def test_a_rule_is_held_against_who_worked() -> None:
    project = worked()
    WorkerRecord.objects.filter(project=project).update(gold_seen=10, gold_right=10)
    WorkerRecord.objects.filter(project=project, worker__name="Eve").update(gold_right=1)
    found = what_if.rule(project=project, changed=ONLY_GERMANY, now=SOON)
    assert (found.answers, found.answers_kept, found.people, found.people_kept) == (6, 4, 3, 2)
    assert found.right and found.right_kept and found.right_kept.low > found.right.value
    assert what_if.rule(project=project, changed=ONLY_GERMANY, now=SOON + dt.timedelta(days=40)).answers == 0


def test_fewer_answers_are_played_from_the_recorded_ones() -> None:
    project = worked()
    found = what_if.terms(project=project, overlap=2, max_overlap=2, target_accuracy_bp=None, now=SOON)
    assert found == what_if.TermsEffect(tasks=2, answers=6, answers_then=4, decided=2, same=2, beyond=0)


def test_more_answers_than_were_given_are_counted_and_not_invented() -> None:
    project = worked()
    found = what_if.terms(project=project, overlap=5, max_overlap=5, target_accuracy_bp=None, now=SOON)
    assert (found.tasks, found.decided, found.same, found.beyond) == (2, 0, 0, 2)


def test_a_target_is_played_by_the_policy_of_live_work() -> None:
    project = worked()
    loose = what_if.terms(project=project, overlap=1, max_overlap=3, target_accuracy_bp=5_000, now=SOON)
    strict = what_if.terms(project=project, overlap=1, max_overlap=3, target_accuracy_bp=9_999, now=SOON)
    assert loose.answers_then < strict.answers_then == 6


def test_the_api_answers_and_changes_nothing() -> None:
    project = worked()
    mira = Caller(project.created_by, CLIENT, project.organisation)
    before = Project.objects.values().get(pk=project.pk)
    status, said = mira.post(f"projects/{project.pk}/what-if/", {"eligibility": ONLY_GERMANY, "overlap": 2, "max_overlap": 2})
    assert status == 200, said
    assert (said["rule"]["answers_kept"], said["terms"]["answers_then"]) == (4, 4)
    assert mira.post(f"projects/{project.pk}/what-if/", {"eligibility": {"fact": "shoe size"}})[0] == 422
    assert mira.post(f"projects/{project.pk}/what-if/", {"overlap": 4, "max_overlap": 2})[0] == 422
    assert Project.objects.values().get(pk=project.pk) == before
    eve, other = people.client("Eve Client")
    refused = Caller(eve, CLIENT, other)
    assert refused.post(f"projects/{project.pk}/what-if/", {"overlap": 2})[0] == 404


def test_the_page_of_terms_says_it_while_they_are_typed() -> None:
    project = worked()
    browser = Browser()
    browser.force_login(project.created_by)
    page = browser.post(
        reverse("market:terms_sums", args=[project.organisation.slug, project.pk]),
        {"answer_price": "0.10", "overlap": "2", "max_overlap": "2", "expected_seconds": "30"}, headers={"hx-request": "true"},
    ).content.decode()  # fmt: skip
    assert "took 6 answers; like this they had taken 4" in page and projects.gold_count(project) == 0
