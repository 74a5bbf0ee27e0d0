"""A client's projects: the list, making one, how it is going, and whose they are."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from marketplace import batches
from marketplace.models import Batch, Project
from tests import market, people
from tests.marketplace.client_pages.conftest import Seat, deliver

pytestmark = pytest.mark.django_db


def test_the_first_page_says_what_to_do_where_there_is_nothing_yet(mira: Seat) -> None:
    text = mira.text("projects")
    assert "Your first project" in text and mira.url("project_new") in text


def test_a_project_is_made_with_a_name_and_a_kind_of_work(mira: Seat) -> None:
    response = mira.post("project_new", name="  Letters to the editor ", task_type="choice")
    made = Project.objects.get(organisation=mira.organisation)
    assert response.status_code == 302 and response.url == mira.url("project_settings", made.pk)
    assert made.name == "Letters to the editor" and made.settings["labels"], "it starts with the settings of an example"
    assert "Letters to the editor" in mira.text("projects")


def test_a_project_without_a_name_is_refused_at_the_field_and_the_choice_is_kept(mira: Seat) -> None:
    response = mira.post("project_new", name="", task_type="image_boxes")
    assert response.status_code == 422 and not Project.objects.exists()
    assert 'value="image_boxes" checked' in response.content.decode()


def test_a_viewer_sees_the_projects_and_may_make_none(mira: Seat, viewer: Seat) -> None:
    market.project(mira.user, mira.organisation)
    text = viewer.text("projects")
    assert "Weather" in text and "New project" not in text
    assert viewer.post("project_new", name="Mine", task_type="choice").status_code == 403
    assert Project.objects.count() == 1


def test_for_strangers_there_is_no_such_organisation(mira: Seat, eve: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    for name, args in (("projects", []), ("project", [made.pk]), ("project_settings", [made.pk]), ("project_terms", [made.pk])):
        assert eve.get(name, *args).status_code == 404, name
    assert eve.post("project_archive", made.pk).status_code == 404
    assert Project.objects.get(pk=made.pk).archived_at is None


def test_a_new_project_lists_the_steps_before_its_first_launch(mira: Seat) -> None:
    mira.post("project_new", name="New", task_type="choice")
    made = Project.objects.get()
    text = mira.text("project", made.pk)
    assert "Before the first launch" in text and "Write the guideline" in text and "No batches yet" in text


def test_the_overview_answers_how_far_how_good_and_how_dear(mira: Seat) -> None:
    ana = people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation, texts=4, price="0.10", fund="10")
    for label in ("sunny", "rainy", "sunny"):
        market.work(ana, label)
    deliver()
    text = mira.words("project", batch.project_id)
    assert "Results 3 of 4" in text
    assert "Right, by the model" in text and "the project has no gold" in text
    assert "An accepted answer costs 0.1150 USD" in text, "an accepted answer costs its pay and the fee"


def test_what_holds_a_batch_up_is_named_with_the_page_where_it_can_be_changed(mira: Seat) -> None:
    nobody = {"all": [{"fact": "accepted", "least": 1_000_000}]}
    batch = market.launched(mira.user, mira.organisation, texts=2, eligibility=nobody)
    text = mira.text("project", batch.project_id)
    assert "Nobody may work on this" in text and mira.url("project_workers", batch.project_id) in text


def test_the_list_finds_by_name_and_shows_archived_ones_when_asked(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    assert "Weather" in mira.text("projects", q="weath")
    assert "Nothing fits these filters" in mira.text("projects", q="zebra")
    assert mira.post("project_archive", made.pk).status_code == 302
    assert mira.url("project", made.pk) not in mira.text("projects")
    assert mira.url("project", made.pk) in mira.text("projects", show="archived")


def test_a_project_in_motion_cannot_be_archived(mira: Seat) -> None:
    batch = market.launched(mira.user, mira.organisation)
    assert mira.post("project_archive", batch.project_id).status_code == 409
    assert Project.objects.get(pk=batch.project_id).archived_at is None


def test_a_batch_is_opened_as_a_draft(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    response = mira.post("open_batch", made.pk, name="November")
    draft = Batch.objects.get()
    assert response.url == mira.url("batch", draft.pk) and draft.state == "draft" and draft.name == "November"


def test_a_batch_needs_a_name(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    assert mira.post("open_batch", made.pk, name=" ").status_code == 422
    assert not Batch.objects.exists()


def test_progress_is_drawn_against_the_day_it_is_wanted(mira: Seat) -> None:
    ana = people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation, texts=6)
    with transaction.atomic():
        batches.set_deadline(
            batch=batch, deadline=people.NOW + dt.timedelta(days=9), actor_id=mira.user.pk, now=people.NOW
        )
    for at in range(6):
        market.work(ana, now=people.NOW + dt.timedelta(hours=at))
    deliver()
    assert "Results" in mira.text("project", batch.project_id)
    assert Batch.objects.get(pk=batch.pk).deadline == people.NOW + dt.timedelta(days=9)


def test_lists_stay_cheap_however_many_projects_there_are(mira: Seat, django_assert_max_num_queries: object) -> None:
    people.pay_in(mira.organisation, people.usd("100"))
    for _number in range(4):
        market.launch(market.batch(market.project(mira.user, mira.organisation), mira.user), mira.user)
    mira.text("projects")
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        mira.text("projects")
