"""From a file to a launch: upload, columns, rows, bad ones, the estimate, the try, and what is missing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from marketplace import batches, gold
from marketplace.models import Batch, ProjectTry, Task, Upload
from tests import market, people
from tests.marketplace.client_pages.conftest import Seat, deliver, read_files, words

pytestmark = pytest.mark.django_db

ROWS = b"ref,message,region\nr1,It rains,north\nr2,,south\nr3,The wind is strong,west\n"


def draft(mira: Seat, **options: Any) -> Batch:
    made = market.project(mira.user, mira.organisation, **options)
    return batches.open_draft(project=made, name="November", actor_id=mira.user.pk, now=timezone.now())


def send(mira: Seat, batch: Batch, content: bytes = ROWS, name: str = "rows.csv") -> Upload:
    response = mira.post("batch_upload", batch.pk, file=SimpleUploadedFile(name, content))
    assert response.status_code == 302, words(response)
    return Upload.objects.filter(batch=batch).latest("created_at")


def mapped(mira: Seat, upload: Upload, **choices: str) -> Any:
    prefix = f"u{upload.pk.hex[-8:]}"
    return mira.post("upload_map", upload.pk, **{f"{prefix}-{name}": value for name, value in choices.items()})


def ready(mira: Seat, **options: Any) -> Batch:
    batch = draft(mira, **options)
    mapped(mira, send(mira, batch), c0="external_id", c1="text", c2="")
    read_files(batch)
    batch.refresh_from_db()
    return batch


def test_an_empty_draft_says_what_a_file_has_to_hold(mira: Seat) -> None:
    page = mira.words("batch", draft(mira).pk)
    assert "Drop the file with your rows" in page and "What a row holds" in page and "prelabel" in page


def test_a_file_is_taken_in_and_its_columns_are_proposed_with_samples(mira: Seat) -> None:
    batch = draft(mira)
    send(mira, batch, b"id,text\nr1,It rains\n")
    page = mira.text("batch", batch.pk)
    assert "We guessed by the names" in page and "It rains" in page
    assert '<option value="external_id" selected>' in page and '<option value="text" selected>' in page


def test_the_page_asks_htmx_to_go_on_to_the_file(mira: Seat) -> None:
    batch = draft(mira)
    response = mira.post("batch_upload", batch.pk, htmx=True, file=SimpleUploadedFile("rows.csv", ROWS))
    assert response.headers["HX-Redirect"].startswith(mira.url("batch", batch.pk))


def test_no_file_or_an_empty_one_is_refused(mira: Seat) -> None:
    batch = draft(mira)
    assert mira.post("batch_upload", batch.pk).status_code == 422
    assert mira.post("batch_upload", batch.pk, file=SimpleUploadedFile("rows.csv", b"")).status_code == 422
    assert not Upload.objects.exists()


def test_a_file_that_is_no_table_is_shown_with_the_reason(mira: Seat) -> None:
    batch = draft(mira)
    send(mira, batch, b"%PDF-1.7 something", "report.pdf")
    assert "This is a PDF" in mira.words("batch", batch.pk)


def test_a_mapping_without_a_needed_field_is_refused_and_the_choices_stay(mira: Seat) -> None:
    batch = draft(mira)
    upload = send(mira, batch)
    response = mapped(mira, upload, c0="external_id", c1="", c2="")
    assert response.status_code == 422 and "Choose at least one column that workers shall see." in words(response)
    assert '<option value="external_id" selected>' in response.content.decode()
    upload.refresh_from_db()
    assert upload.status == Upload.Status.RECEIVED


def test_two_columns_for_one_field_are_refused(mira: Seat) -> None:
    batch = draft(mira)
    response = mapped(mira, send(mira, batch), c0="text", c1="text")
    assert response.status_code == 422 and "Two columns are mapped to this field." in words(response)


def test_progress_is_asked_for_while_rows_are_read_and_then_the_page_comes_anew(mira: Seat) -> None:
    batch = draft(mira)
    upload = send(mira, batch)
    mapped(mira, upload, c0="external_id", c1="text")
    shown = mira.browser.get(mira.url("upload_progress", upload.pk), headers={"HX-Request": "true"})
    assert "Reading the rows" in words(shown) and 'hx-trigger="every 1s"' in shown.content.decode()
    read_files(batch)
    done = mira.browser.get(mira.url("upload_progress", upload.pk), headers={"HX-Request": "true"})
    assert done.headers["HX-Refresh"] == "true"


def test_good_rows_become_tasks_and_bad_ones_are_told_with_line_and_reason(mira: Seat) -> None:
    batch = ready(mira)
    assert list(Task.objects.filter(batch=batch).order_by("line").values_list("external_id", flat=True)) == ["r1", "r3"]
    page = mira.words("batch", batch.pk)
    assert "2 tasks" in page and "1 bad rows" in page and "Text or image: one of them is needed." in page
    upload = Upload.objects.get(batch=batch)
    assert "r2,,south" in mira.words("bad_rows", upload.pk)
    file = b"".join(mira.get("bad_rows_file", upload.pk).streaming_content)  # type: ignore[attr-defined]
    assert file.startswith(b"\xef\xbb\xbf") and b"3,message," in file


def test_the_same_content_again_is_warned_about_with_the_batch_that_has_it(mira: Seat) -> None:
    first = ready(mira)
    second = batches.open_draft(project=first.project, name="Again", actor_id=mira.user.pk, now=timezone.now())
    send(mira, second)
    page = mira.text("batch", second.pk)
    assert "The same content was uploaded" in page and mira.url("batch", first.pk) in page


def test_a_file_taken_back_leaves_nothing_behind(mira: Seat) -> None:
    batch = ready(mira)
    assert mira.post("upload_discard", Upload.objects.get(batch=batch).pk).status_code == 302
    batch.refresh_from_db()
    assert (batch.task_count, Task.objects.filter(batch=batch).count(), Upload.objects.count()) == (0, 0, 0)


def test_a_draft_is_thrown_away_with_its_files_but_a_launched_batch_is_not(mira: Seat) -> None:
    batch = ready(mira)
    assert mira.post("batch_discard", batch.pk).status_code == 302
    assert not Batch.objects.filter(pk=batch.pk).exists() and not Task.objects.exists()
    launched = market.launched(mira.user, mira.organisation)
    assert mira.post("batch_discard", launched.pk).status_code == 409
    assert Task.objects.filter(batch=launched).count() == 3


def test_the_estimate_shows_cost_time_and_the_reserve_part_by_part_and_calls_a_guess_a_guess(mira: Seat) -> None:
    people.worker("Ana")
    people.pay_in(mira.organisation, people.usd("50"))
    page = mira.words("batch", ready(mira).pk)
    assert "a guess" in page and "Set aside at the launch" in page
    assert "0.2200 USD 2 tasks × 1 answer, at the highest pay band" in page
    assert "Platform fee" in page and "Prepaid now 50.00 USD" in page and "Launch" in page


def test_without_a_price_or_a_guideline_the_page_leads_to_what_is_missing(mira: Seat) -> None:
    batch = ready(mira)
    batch.project.rates.all().delete()
    page = mira.text("batch", batch.pk)
    assert "Set what an answer pays before you launch." in page and mira.url("project_terms", batch.project_id) in page


def test_missing_money_is_named_with_the_way_to_billing_and_nothing_can_be_launched(mira: Seat) -> None:
    batch = ready(mira)
    page = mira.words("batch", batch.pk)
    assert "are missing" in page and "Add funds" in page and "You see once more what happens" not in page
    response = mira.post("batch_launch", batch.pk, priority=50)
    assert response.status_code == 422 and "There is not enough prepaid money" in words(response)
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_a_launch_reserves_and_tasks_open(mira: Seat) -> None:
    people.pay_in(mira.organisation, people.usd("50"))
    batch = ready(mira)
    response = mira.post("batch_launch", batch.pk, priority=80, deadline="2030-01-31T12:00")
    assert response.status_code == 302
    deliver()
    batch.refresh_from_db()
    assert (batch.state, batch.priority, batch.pilot_size) == ("active", 80, None)
    assert batch.deadline is not None and batch.deadline.year == 2030
    assert people.prepaid(mira.organisation).units == 500_000 - batch.reserved_units
    assert market.work(people.worker("Ana"), now=timezone.now()) is not None


def test_a_pilot_needs_its_size_and_what_was_chosen_is_kept(mira: Seat) -> None:
    people.pay_in(mira.organisation, people.usd("50"))
    batch = ready(mira)
    response = mira.post("batch_launch", batch.pk, priority=20, pilot="on", pilot_size="")
    assert response.status_code == 422 and "Say how many tasks the pilot has." in words(response)
    assert '<option value="20" selected>' in response.content.decode()
    too_many = mira.post("batch_launch", batch.pk, priority=20, pilot="on", pilot_size="99")
    assert "Expected a pilot of 1 to 2 tasks." in words(too_many)
    batch.refresh_from_db()
    assert batch.state == "draft" and people.prepaid(mira.organisation) == people.usd("50")


def test_a_deadline_in_the_past_is_refused_and_nothing_is_reserved(mira: Seat) -> None:
    people.pay_in(mira.organisation, people.usd("50"))
    batch = ready(mira)
    response = mira.post("batch_launch", batch.pk, priority=50, deadline="2020-01-01T00:00")
    assert response.status_code == 422 and "still to come" in words(response)
    assert people.prepaid(mira.organisation) == people.usd("50")


def test_a_viewer_sees_the_draft_and_launches_nothing(mira: Seat, viewer: Seat, eve: Seat) -> None:
    people.pay_in(mira.organisation, people.usd("50"))
    batch = ready(mira)
    page = viewer.words("batch", batch.pk)
    assert "What it will cost" in page and "Throw the draft away" not in page
    assert viewer.post("batch_launch", batch.pk, priority=50).status_code == 403
    assert viewer.post("batch_discard", batch.pk).status_code == 403
    assert eve.get("batch", batch.pk).status_code == 404
    assert eve.post("upload_discard", Upload.objects.get().pk).status_code == 404
    batch.refresh_from_db()
    assert batch.state == "draft" and Upload.objects.exists()


# trying a task


def try_it(mira: Seat, batch: Batch, answer: dict[str, Any], *, seconds: float, begun: str | None = None) -> Any:
    if begun is None:
        begun = mira.text("batch_try", batch.pk).split('data-begun="')[1].split('"')[0]
    body = json.dumps({"answer": answer, "seconds": seconds, "begun": begun})
    return mira.browser.post(mira.url("batch_try", batch.pk), body, content_type="application/json", headers={"HX-Request": "true"})


def test_a_try_is_timed_but_never_longer_than_what_has_passed(mira: Seat) -> None:
    batch = ready(mira)
    response = try_it(mira, batch, {"label": "rainy"}, seconds=5_000)
    assert response.status_code == 200 and response.json()["next"].endswith("?n=1")
    assert ProjectTry.objects.get().seconds <= 5
    assert "1 try, median" in mira.words("batch_try", batch.pk)
    assert not Task.objects.get(external_id="r1").submissions.exists(), "the answer of a try is not kept"


@pytest.mark.parametrize("broken", [{"begun": "forged"}, {"answer": {"label": "snowy"}}, {"answer": None}, {"seconds": "long"}])
def test_a_try_that_cannot_be_read_is_refused(mira: Seat, broken: dict[str, Any]) -> None:
    batch = ready(mira)
    given: dict[str, Any] = {"answer": {"label": "rainy"}, "seconds": 3} | broken
    assert try_it(mira, batch, **given).status_code == 422
    assert not ProjectTry.objects.exists()


def test_after_the_last_task_the_tries_begin_again(mira: Seat) -> None:
    batch = ready(mira)
    assert mira.get("batch_try", batch.pk, n=1).status_code == 200
    assert mira.get("batch_try", batch.pk, n=2).status_code == 302


# gold


def test_known_answers_come_from_a_file_as_a_whole_or_not_at_all(mira: Seat) -> None:
    batch = ready(mira)
    project = batch.project
    good = SimpleUploadedFile("gold.csv", b"text,answer\nno cloud,sunny\nwet,rainy\n")
    assert mira.post("gold_add", project.pk, file=good).status_code == 302
    assert project.gold_answers.count() == 2
    bad = SimpleUploadedFile("gold.csv", b"text,answer\nmore,sunny\nstorm,snowy\n")
    response = mira.post("gold_add", project.pk, file=bad)
    assert response.status_code == 422 and "Line 3: Choose one of the labels." in words(response)
    assert project.gold_answers.count() == 2


@pytest.mark.parametrize(("content", "why"), [
    (b"text,other\nno cloud,x\n", "no column"), (b"", "not empty"), (b"\x89PNG....", "single image"), (b"text,answer\n,sunny\n", "Line 2"),
])  # fmt: skip
def test_a_file_of_known_answers_that_is_none_says_why(mira: Seat, content: bytes, why: str) -> None:
    made = market.project(mira.user, mira.organisation)
    response = mira.post("gold_add", made.pk, file=SimpleUploadedFile("gold.csv", content))
    assert response.status_code == 422 and why in words(response)
    assert not made.gold_answers.exists()


def test_answering_a_task_oneself_makes_it_known(mira: Seat, eve: Seat) -> None:
    batch = ready(mira)
    assert mira.get("gold_answer", batch.project_id).status_code == 200
    task = Task.objects.get(external_id="r1")
    body = json.dumps({"answer": {"label": "rainy"}})
    url = mira.url("gold_keep", batch.project_id, task.pk)
    assert eve.browser.post(url, body, content_type="application/json").status_code == 404
    assert mira.browser.post(url, body, content_type="application/json").status_code == 200
    known = batch.project.gold_answers.get()
    assert known.answer == {"label": "rainy"} and known.task_id != task.pk, "a copy is mixed in, the task stays work"


def test_a_wrong_known_answer_is_voided_with_a_reason(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    gold.add(project=made, rows=[({"text": "x"}, {"label": "sunny"})], actor_id=mira.user.pk, now=people.NOW, rng=random.Random(1))
    known = made.gold_answers.get()
    assert mira.post("gold_void", made.pk, known.pk, why="because").status_code == 422
    assert mira.post("gold_void", made.pk, known.pk, why="wrong_answer").status_code == 302
    known.refresh_from_db()
    assert known.voided_at is not None and "The known answer is wrong" in mira.words("project_gold", made.pk)


def test_shares_of_gold_are_set_within_their_bounds(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    assert mira.post("project_gold", made.pk, gold_most="20", gold_least="2.5").status_code == 302
    made.refresh_from_db()
    assert (made.gold_most_bp, made.gold_least_bp) == (2_000, 250)
    assert mira.post("project_gold", made.pk, gold_most="5", gold_least="30").status_code == 422
    made.refresh_from_db()
    assert made.gold_most_bp == 2_000
