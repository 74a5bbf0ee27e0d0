"""The rules of a project: the task, the guideline, pay and judging, who may work."""

from __future__ import annotations

import random
from typing import Any

import pytest

from kit.errors import Conflict
from marketplace import gold, projects
from marketplace.models import GuidelineVersion, Project, Rate
from tests import market, people
from tests.marketplace.client_pages.conftest import Seat, words

pytestmark = pytest.mark.django_db

SETTINGS = {"question": "What is it?", "labels": "sun = Sunny - Blue sky [s]\nrain\nwind", "comment": "none"}
TERMS: dict[str, Any] = {
    "answer_price": "0.10", "review_price": "", "overlap": 3, "max_overlap": 5, "target_accuracy": "", "review_rule": "none",
    "sampled_share": "10", "judge_hours": 72, "expected_seconds": 30, "lease_seconds": 600, "daily_cap": "",
    "bonus_pool": "10", "floor_pool": "10", "ai_use": "forbidden",
}


def project(mira: Seat, **options: Any) -> Project:
    return market.project(mira.user, mira.organisation, **options)


# the task


def test_labels_are_written_one_per_line_with_what_belongs_to_them(mira: Seat) -> None:
    made = project(mira)
    assert mira.post("project_settings", made.pk, **SETTINGS).status_code == 302
    labels = Project.objects.get(pk=made.pk).settings["labels"]
    assert [label["value"] for label in labels] == ["sun", "rain", "wind"]
    assert labels[0] | {} == {"value": "sun", "label": "Sunny", "description": "Blue sky", "key": "s"}


def test_a_fault_in_a_row_is_shown_at_the_list_with_its_number_and_nothing_typed_is_lost(mira: Seat) -> None:
    made = project(mira)
    response = mira.post("project_settings", made.pk, **(SETTINGS | {"labels": "sun\nrain [??]\nsun"}))
    assert response.status_code == 422
    text = words(response)
    assert "Two labels have the same value." in text and "rain [??]" in response.content.decode()
    assert [label["value"] for label in Project.objects.get(pk=made.pk).settings["labels"]] == list(market.LABELS)


def test_the_preview_shows_the_task_as_it_is_being_typed_or_says_why_not(mira: Seat) -> None:
    made = project(mira)
    shown = mira.post("project_preview", made.pk, htmx=True, **SETTINGS)
    assert "What is it?" in shown.content.decode() and "Blue sky" in shown.content.decode()
    refused = mira.post("project_preview", made.pk, htmx=True, **(SETTINGS | {"labels": "one"}))
    assert "Not to be shown yet" in refused.content.decode()
    assert Project.objects.get(pk=made.pk).settings["question"] == "", "a preview keeps nothing"


def test_after_a_launch_the_settings_are_fixed_and_the_page_says_what_to_do(mira: Seat) -> None:
    batch = market.launched(mira.user, mira.organisation)
    assert "These settings are fixed" in mira.words("project_settings", batch.project_id)
    response = mira.post("project_settings", batch.project_id, **SETTINGS)
    assert response.status_code == 422 and "Make a new project" in words(response)
    with pytest.raises(Conflict):
        projects.change_settings(
            project=Project.objects.get(pk=batch.project_id), settings={}, actor_id=mira.user.pk, now=people.NOW
        )
    assert [label["value"] for label in Project.objects.get().settings["labels"]] == list(market.LABELS)


def test_settings_that_a_known_answer_does_not_fit_are_refused(mira: Seat) -> None:
    made = project(mira)
    market_gold(mira, made)
    response = mira.post("project_settings", made.pk, **SETTINGS)
    assert response.status_code == 422 and "known answer" in words(response)


def market_gold(mira: Seat, made: Project) -> None:
    gold.add(
        project=made, rows=[({"text": "no cloud"}, {"label": "sunny"})], actor_id=mira.user.pk, now=people.NOW, rng=random.Random(1)
    )


# the guideline


def test_publishing_makes_the_next_version_and_keeps_the_one_before(mira: Seat) -> None:
    made = project(mira)
    response = mira.post("project_guideline", made.pk, markdown="# Weather\n\nNew words.", what_changed="Clearer")
    assert response.status_code == 302
    assert list(made.guidelines.order_by("number").values_list("number", "what_changed")) == [(1, ""), (2, "Clearer")]
    page = mira.words("project_guideline", made.pk, version=2)
    assert "Against the version before" in page and "added:New words." in page and "removed:Pick what the text says." in page


def test_an_empty_guideline_is_refused(mira: Seat) -> None:
    made = project(mira)
    assert mira.post("project_guideline", made.pk, markdown="   ").status_code == 422
    assert GuidelineVersion.objects.count() == 1


def test_the_rendered_guideline_runs_nothing(mira: Seat) -> None:
    made = project(mira)
    shown = mira.post("guideline_preview", made.pk, htmx=True, markdown="# Hi\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))")
    assert "<h1>Hi</h1>" in shown.content.decode()
    assert "<script" not in shown.content.decode() and 'href="javascript' not in shown.content.decode()


# pay and judging


def test_a_new_price_is_a_new_dated_rate_and_the_old_one_stays_in_the_history(mira: Seat) -> None:
    made = project(mira)
    assert mira.post("project_terms", made.pk, **(TERMS | {"answer_price": "0.125", "overlap": 2})).status_code == 302
    assert list(made.rates.filter(kind="answer").order_by("id").values_list("amount_units", flat=True)) == [1_000, 1_250]
    made.refresh_from_db()
    assert (made.overlap, made.max_overlap, made.bonus_pool_bp) == (2, 5, 1_000)
    assert "0.1250 USD" in mira.words("project_terms", made.pk)


def test_saving_the_same_price_makes_no_new_rate(mira: Seat) -> None:
    made = project(mira)
    mira.post("project_terms", made.pk, **TERMS)
    assert Rate.objects.filter(project=made, kind="answer").count() == 1


def test_reviewed_work_needs_a_price_for_reviews(mira: Seat) -> None:
    made = project(mira)
    response = mira.post("project_terms", made.pk, **(TERMS | {"review_rule": "all"}))
    assert response.status_code == 422 and "Set what a review pays" in words(response)
    made.refresh_from_db()
    assert made.review_rule == "none"


@pytest.mark.parametrize(("field", "value"), [
    ("answer_price", "free"), ("answer_price", "0.00001"), ("overlap", "0"), ("max_overlap", "2"), ("judge_hours", "1000"),
    ("target_accuracy", "100"), ("ai_use", "maybe"),
])  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(mira: Seat, field: str, value: str) -> None:
    made = project(mira)
    response = mira.post("project_terms", made.pk, **(TERMS | {"overlap": 3, field: value}))
    assert response.status_code == 422 and 'aria-invalid="true"' in response.content.decode()
    made.refresh_from_db()
    assert (made.overlap, made.rates.count()) == (1, 2)


def test_the_sums_say_what_an_hour_makes_and_what_a_task_costs(mira: Seat) -> None:
    made = project(mira)
    shown = words(mira.post("terms_sums", made.pk, htmx=True, **(TERMS | {"answer_price": "0.10", "expected_seconds": 36})))
    assert "10.00 USD an hour" in shown, "0.10 each 36 seconds"
    assert "An answer costs you 0.1150 USD" in shown and "A task, with 3 answers 0.3450 USD" in shown


# who may work


def who(**asked: Any) -> dict[str, Any]:
    return {f"eligibility-{name}": value for name, value in asked.items()}


def test_the_answers_of_the_form_become_a_rule_and_are_shown_again(mira: Seat) -> None:
    made = project(mira)
    asked = who(countries=["DE", "AT"], language_0="de", level_0="B2", language_1="en", level_1="C1", accepted="50")
    assert mira.post("project_workers", made.pk, **asked).status_code == 302
    made.refresh_from_db()
    assert made.eligibility == {"all": [
        {"fact": "country", "in": ["AT", "DE"]}, {"fact": "language", "code": "de", "level": "B2"},
        {"fact": "language", "code": "en", "level": "C1"}, {"fact": "accepted", "least": 50},
    ]}  # fmt: skip
    assert 'value="AT" checked' in mira.text("project_workers", made.pk)


def test_the_live_count_says_how_many_people_fit_right_now(mira: Seat) -> None:
    made = project(mira)
    people.worker("Ana", country="DE")
    people.worker("Wen", country="FR")
    shown = words(mira.post("workers_count", made.pk, "eligibility", htmx=True, **who(countries=["DE"])))
    assert shown.startswith("1 person may answer, of 2 active people")
    nobody = words(mira.post("workers_count", made.pk, "eligibility", htmx=True, **who(countries=["JP"])))
    assert "Nobody fits" in nobody


def test_a_rule_written_through_the_api_is_not_silently_lost(mira: Seat) -> None:
    made = project(mira, eligibility={"not": {"fact": "country", "in": ["DE"]}})
    assert "This rule was written through the API" in mira.words("project_workers", made.pk)


def test_where_workers_review_the_page_asks_who_may_review(mira: Seat) -> None:
    made = project(mira, review_rule="all")
    assert "Who may review" in mira.words("project_workers", made.pk)
    mira.post("project_workers", made.pk, **{"review_eligibility-accepted": "10"})
    made.refresh_from_db()
    assert made.review_eligibility == {"all": [{"fact": "accepted", "least": 10}]}


def test_a_viewer_changes_nothing(mira: Seat, viewer: Seat) -> None:
    made = project(mira)
    assert viewer.post("project_terms", made.pk, **(TERMS | {"answer_price": "9"})).status_code == 403
    assert viewer.post("project_guideline", made.pk, markdown="Mine").status_code == 403
    assert (made.rates.count(), made.guidelines.count()) == (2, 1)
