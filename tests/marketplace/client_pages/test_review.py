"""What waits for the client's word: the list by clock, one after the other, many at once, and who may not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from marketplace import review
from marketplace.models import Batch, Submission, Verdict
from tests import market, people
from tests.marketplace.client_pages.conftest import Seat, words
from workers.models import Membership

pytestmark = pytest.mark.django_db

REJECT = {"decision": "reject", "reason": "wrong", "clause": "1. Only the weather", "comment": "It says rain."}


def waiting(mira: Seat, *, answers: int = 3, **options: Any) -> list[Submission]:
    """Answers of Ana's that wait for Mira, the most urgent first."""
    ana = people.worker("Ana")
    market.launched(
        mira.user, mira.organisation, texts=[f"text {at}" for at in range(answers)], **({"review_rule": "client"} | options)
    )
    for at in range(answers):
        market.work(ana, now=people.NOW + dt.timedelta(minutes=at))
    return list(Submission.objects.order_by("judge_by"))


def state(submission: Submission) -> str:
    submission.refresh_from_db()
    return submission.state


def test_the_list_begins_with_the_clock_that_runs_out_first(mira: Seat) -> None:
    found = waiting(mira)
    page = mira.text("client_review")
    places = [page.index(str(one.pk)) for one in found]
    assert places == sorted(places) and "3 answers wait" in page
    assert "Waits for your word" in mira.words("projects") and "3 answers to judge" in mira.words("projects")


def test_an_empty_list_says_why(mira: Seat) -> None:
    assert "None of your projects is judged by you." in mira.words("client_review")
    market.project(mira.user, mira.organisation, review_rule="client")
    assert "show here, with their clocks" in mira.words("client_review")


def test_answers_that_reviewers_judge_are_not_for_the_client(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1, review_rule="all")
    assert str(one.pk) not in mira.text("client_review")
    assert "judged by reviewers" in mira.words("client_review_item", one.pk)
    assert mira.post("client_review_judge", one.pk, decision="accept").status_code == 403
    assert state(one) == "waiting"


def test_the_list_narrows_to_one_project_and_ignores_nonsense(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    project = one.batch.project_id
    other = market.project(mira.user, mira.organisation, review_rule="client")
    assert str(one.pk) in mira.text("client_review", project=project)
    assert str(one.pk) not in mira.text("client_review", project=other.pk)
    assert str(one.pk) in mira.text("client_review", project="nonsense")


def test_accepting_pays_and_leads_to_the_next_clock(mira: Seat) -> None:
    first, second, _third = waiting(mira)
    response = mira.post("client_review_judge", first.pk, decision="accept")
    assert response.status_code == 302 and response.url == mira.url("client_review_item", second.pk)
    assert state(first) == "accepted"
    assert people.of_worker("available", first.worker_id) == people.usd("0.10")


def test_after_the_last_one_the_list_comes_back(mira: Seat) -> None:
    (only,) = waiting(mira, answers=1)
    assert mira.post("client_review_judge", only.pk, decision="accept").url == mira.url("client_review")


def test_a_part_is_paid_in_part(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    given = REJECT | {"decision": "accept_share", "share": "40"}
    assert mira.post("client_review_judge", one.pk, **given).status_code == 302
    assert state(one) == "accepted_share" and people.of_worker("available", one.worker_id) == people.usd("0.04")


def test_work_is_sent_back_with_what_should_be_different(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    assert mira.post("client_review_judge", one.pk, **(REJECT | {"decision": "send_back"})).status_code == 302
    assert state(one) == "sent_back" and Verdict.objects.get().comment == "It says rain."
    assert "Send back" in mira.words("client_review_item", one.pk), "the page keeps showing what was said"


def test_a_rejection_names_a_reason_and_a_clause_or_is_refused_at_the_field(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    response = mira.post("client_review_judge", one.pk, **(REJECT | {"clause": ""}))
    assert response.status_code == 422 and "Name the clause of the guideline" in words(response)
    page = response.content.decode()
    assert 'value="reject" checked' in page and "It says rain." in page, "nothing typed is lost"
    assert mira.post("client_review_judge", one.pk, **(REJECT | {"reason": ""})).status_code == 422
    assert mira.post("client_review_judge", one.pk, **(REJECT | {"decision": "accept_share", "share": "100"})).status_code == 422
    assert mira.post("client_review_judge", one.pk, decision="perhaps").status_code == 422
    assert state(one) == "waiting" and not Verdict.objects.exists()


def test_the_answer_stands_beside_the_guideline_that_its_author_was_given(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    mira.post("project_guideline", one.batch.project_id, markdown="# Other rules", what_changed="")
    page = mira.text("client_review_item", one.pk)
    assert "Pick what the text says." in page and "Other rules" not in page
    assert '"data": {"label": "sunny"}' in page and '"readOnly": true' in page
    assert "Ana" not in page and str(one.worker_id) not in page


def test_a_second_verdict_comes_too_late(mira: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    mira.post("client_review_judge", one.pk, decision="accept")
    assert mira.post("client_review_judge", one.pk, **REJECT).status_code in (403, 409)
    assert state(one) == "accepted" and Verdict.objects.count() == 1


def test_nobody_judges_their_own_work_strangers_nothing_and_viewers_only_look(mira: Seat, viewer: Seat, eve: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    assert viewer.get("client_review_item", one.pk).status_code == 200
    assert "may look, not judge" in viewer.words("client_review_item", one.pk)
    assert viewer.post("client_review_judge", one.pk, decision="accept").status_code == 403
    assert viewer.post("client_review_many", decision="accept", submission=[one.pk]).status_code == 403
    assert eve.get("client_review_item", one.pk).status_code == 404
    assert eve.post("client_review_judge", one.pk, decision="accept").status_code == 404
    Submission.objects.filter(pk=one.pk).update(worker_id=mira.user.pk)
    assert mira.post("client_review_judge", one.pk, decision="accept").status_code == 403
    assert state(one) == "waiting"


def test_answers_of_another_organisation_do_not_exist_here(mira: Seat, eve: Seat) -> None:
    (one,) = waiting(mira, answers=1)
    own = Membership.objects.filter(user=eve.user).select_related("organisation").get().organisation
    at_home = Seat(eve.user, own, eve.browser)
    assert at_home.get("client_review_item", one.pk).status_code == 404
    assert at_home.post("client_review_judge", one.pk, decision="accept").status_code == 404
    assert at_home.post("client_review_many", decision="accept", submission=[one.pk]).status_code == 302
    assert state(one) == "waiting"


# many at once


def test_many_are_accepted_at_once(mira: Seat) -> None:
    found = waiting(mira)
    data = {"decision": "accept", "submission": [one.pk for one in found]}
    response = mira.browser.post(mira.url("client_review_many"), data, follow=True)
    assert "3 answers judged." in words(response)
    assert {state(one) for one in found} == {"accepted"}


def test_one_that_is_judged_already_stops_none_of_the_others(mira: Seat) -> None:
    first, second, third = waiting(mira)
    mira.post("client_review_judge", first.pk, decision="accept")
    data = {"decision": "accept", "submission": [first.pk, second.pk, third.pk]}
    page = words(mira.browser.post(mira.url("client_review_many"), data, follow=True))
    assert "2 answers judged." in page and "1 could not be judged" in page
    assert {state(one) for one in (first, second, third)} == {"accepted"} and Verdict.objects.count() == 3


def test_a_verdict_for_many_that_lacks_its_clause_keeps_the_ticks(mira: Seat) -> None:
    found = waiting(mira)
    data = REJECT | {"clause": "", "submission": [found[0].pk, found[1].pk]}
    response = mira.browser.post(mira.url("client_review_many"), data)
    page = response.content.decode()
    assert response.status_code == 422 and page.count("data-mk-select checked") == 2 and "It says rain." in page
    assert {state(one) for one in found} == {"waiting"}


def test_rejections_stop_at_the_batchs_share_and_the_page_says_so(mira: Seat) -> None:
    found = waiting(mira, answers=5)
    data = REJECT | {"submission": [one.pk for one in found]}
    page = words(mira.browser.post(mira.url("client_review_many"), data, follow=True))
    assert "3 answers judged." in page and "2 could not be judged" in page
    assert sorted(state(one) for one in found) == ["rejected"] * 3 + ["waiting"] * 2
    assert review.rejections_left(Batch.objects.get()) == 0
    left = next(one for one in found if one.state == "waiting")
    assert "used up its share of rejections" in mira.words("client_review_item", left.pk)


@pytest.mark.parametrize("chosen", [[], ["nonsense"]])
def test_nothing_chosen_or_nonsense_is_refused(mira: Seat, chosen: list[str]) -> None:
    assert mira.post("client_review_many", decision="accept", submission=chosen).status_code == 422
