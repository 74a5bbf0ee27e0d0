"""A launched batch: how it goes, pausing, the pilot, closing, what came of it, results, exports, images."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from PIL import Image

from kit import assets
from marketplace import batches, dispatch, jobs
from marketplace.models import Batch, Queue, Slot, Task
from tests import market, people
from tests.marketplace.client_pages.conftest import Seat, deliver

pytestmark = pytest.mark.django_db


def body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def go(name: str, seat: Seat, batch: Batch, **data: Any) -> Batch:
    assert seat.post(name, batch.pk, **data).status_code == 302
    batch.refresh_from_db()
    return batch


def test_the_page_of_a_batch_in_motion_shows_answers_as_they_come(mira: Seat) -> None:
    ana = people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation, texts=["It rains", "It shines"])
    assert "No answers yet" in mira.words("batch", batch.pk)
    market.work(ana, "rainy")
    deliver()
    page = mira.text("batch", batch.pk)
    assert "It rains" in page and "Rainy" in page and "W-" in page
    assert str(ana.pk) not in page and ana.email not in page and "Ana" not in page, "workers appear under pseudonyms"


def test_the_live_part_renews_itself_and_the_page_comes_anew_when_the_state_changed(mira: Seat) -> None:
    batch = market.launched(mira.user, mira.organisation)
    fresh = mira.browser.get(mira.url("batch_live", batch.pk, "active"), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 5s"' in fresh.content.decode()
    stale = mira.browser.get(mira.url("batch_live", batch.pk, "launching"), headers={"HX-Request": "true"})
    assert stale.headers["HX-Refresh"] == "true"


def test_a_batch_is_paused_and_goes_on(mira: Seat, viewer: Seat) -> None:
    ana = people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation)
    assert viewer.post("batch_pause", batch.pk).status_code == 403
    assert go("batch_pause", mira, batch).state == "paused"
    assert market.take(ana) is None
    assert "No new tasks are handed out" in mira.words("batch", batch.pk)
    assert mira.post("batch_pause", batch.pk).status_code == 409, "it is paused already"
    assert go("batch_go_on", mira, batch).state == "active"
    assert market.take(ana, now=people.NOW + dt.timedelta(minutes=6)) is not None


def test_priority_and_date_are_changed_for_every_queue_at_once(mira: Seat) -> None:
    batch = market.launched(mira.user, mira.organisation)
    go("batch_plan", mira, batch, priority=80, deadline="2031-05-01T10:00")
    assert (batch.priority, batch.deadline and batch.deadline.year) == (80, 2031)
    assert set(Queue.objects.filter(batch=batch).values_list("priority", flat=True)) == {80}
    assert mira.post("batch_plan", batch.pk, priority=80, deadline="2001-05-01T10:00").status_code == 422
    go("batch_plan", mira, batch, priority=50, deadline="")
    assert batch.deadline is None


def test_a_closed_batch_shows_what_was_paid_and_what_came_back(mira: Seat) -> None:
    ana = people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation, texts=3, price="0.10", fund="10")
    market.work(ana, "sunny")
    deliver()
    assert go("batch_close", mira, batch).state == "closing"
    deliver()
    for _turn in range(2):
        jobs.advance_batches()
    page = mira.words("batch", batch.pk)
    batch.refresh_from_db()
    assert batch.state == "settled"
    assert "Paid to people 0.1000 USD" in page and "Platform fee 0.0150 USD" in page and "1 result of 3 tasks is yours." in page
    assert people.prepaid(mira.organisation) == people.usd("9.885")
    assert mira.post("batch_close", batch.pk).status_code == 409


# the pilot


def test_a_pilot_pauses_by_itself_and_going_on_opens_all_the_others(mira: Seat) -> None:
    ana = people.worker("Ana")
    people.pay_in(mira.organisation, people.usd("50"))
    batch = market.batch(market.project(mira.user, mira.organisation), mira.user, texts=5)
    batches.launch(batch=batch, actor_id=mira.user.pk, now=people.NOW, pilot_size=2)
    deliver()
    assert Slot.objects.filter(queue__batch=batch).count() == 2
    for _turn in range(2):
        assert market.work(ana) is not None
    assert market.work(ana) is None, "the pilot has two tasks"
    deliver()
    jobs.advance_batches()
    batch.refresh_from_db()
    assert (batch.state, batch.paused_why) == ("paused", batches.AFTER_PILOT)
    page = mira.words("batch", batch.pk)
    assert "The pilot is over" in page and "Open all the tasks" in page

    assert go("batch_go_on", mira, batch).pilot_size is None
    deliver()
    assert Slot.objects.filter(queue__batch=batch).count() == 5
    jobs.advance_batches()
    batch.refresh_from_db()
    assert batch.state == "active"
    for _turn in range(3):
        assert market.work(ana, now=people.NOW + dt.timedelta(minutes=10)) is not None


def test_a_pilot_that_is_paused_by_hand_stays_a_pilot(mira: Seat) -> None:
    people.pay_in(mira.organisation, people.usd("50"))
    batch = market.batch(market.project(mira.user, mira.organisation), mira.user, texts=5)
    batches.launch(batch=batch, actor_id=mira.user.pk, now=people.NOW, pilot_size=2)
    deliver()
    batch.refresh_from_db()
    go("batch_pause", mira, batch)
    assert go("batch_go_on", mira, batch).pilot_size == 2
    deliver()
    assert Slot.objects.filter(queue__batch=batch).count() == 2


# results


def worked(mira: Seat) -> Batch:
    ana, wen = people.worker("Ana"), people.worker("Wen")
    batch = market.launched(mira.user, mira.organisation, texts=["It rains", "It shines", "It blows"], overlap=2, max_overlap=2)
    for label in ("rainy", "sunny"):
        market.work(ana, label)
        market.work(wen, label)
    deliver()
    return batch


def test_results_are_listed_with_how_sure_they_are_and_what_they_cost(mira: Seat) -> None:
    page = mira.words("batch_results", worked(mira).pk)
    assert "It rains row-1 Rainy" in page and "0.2300 USD" in page and "no answer yet" in page


@pytest.mark.parametrize(("query", "seen", "hidden"), [
    ({"show": "settled"}, "It rains", "It blows"), ({"show": "open"}, "It blows", "It rains"), ({"id": "row-2"}, "It shines", "It rains"),
    ({"show": "nonsense"}, "It rains", "no such"),
])  # fmt: skip
def test_results_are_filtered_and_found_by_the_clients_own_id(mira: Seat, query: dict[str, str], seen: str, hidden: str) -> None:
    page = mira.words("batch_results", worked(mira).pk, **query)
    assert seen in page and hidden not in page


def test_nothing_found_offers_to_clear_the_filters(mira: Seat) -> None:
    assert "Nothing fits these filters" in mira.words("batch_results", worked(mira).pk, id="row-99")


def test_a_task_opens_with_every_answer_under_its_pseudonym(mira: Seat, eve: Seat) -> None:
    batch = worked(mira)
    task = Task.objects.get(batch=batch, line=1)
    page = mira.words("batch_task", batch.pk, task.pk)
    assert "Answers 2" in page and len(re.findall(r"W-\w{4}-\w{4}", page)) == 2 and "How sure" in page and "0.10 USD" in page
    chosen = mira.text("batch_task", batch.pk, task.pk, answer=1)
    island = json.loads(chosen.split('id="task-data" type="application/json">')[1].split("<")[0])
    assert island["readOnly"] is True and island["data"] == {"label": "rainy"}
    assert eve.get("batch_task", batch.pk, task.pk).status_code == 404
    other = Task.objects.get(batch=batch, line=2)
    assert mira.get("batch_task", market.launched(mira.user, mira.organisation).pk, other.pk).status_code == 404


def test_a_result_becomes_gold_but_an_open_task_does_not(mira: Seat, viewer: Seat) -> None:
    batch = worked(mira)
    settled, still_open = (Task.objects.get(batch=batch, line=line) for line in (1, 3))
    assert viewer.post("batch_task_gold", batch.pk, settled.pk).status_code == 403
    assert mira.post("batch_task_gold", batch.pk, still_open.pk).status_code == 409
    assert mira.post("batch_task_gold", batch.pk, settled.pk).status_code == 302
    assert batch.project.gold_answers.get().answer == {"label": "rainy"}


def test_files_to_take_home_stream_what_was_found(mira: Seat, eve: Seat) -> None:
    batch = worked(mira)
    table = list(csv.DictReader(io.StringIO(body(mira.get("batch_export", batch.pk, "csv")).decode("utf-8-sig"))))
    assert [(row["id"], row["result_label"], row["total"]) for row in table] == [
        ("row-1", "rainy", "0.2300"), ("row-2", "sunny", "0.2300"), ("row-3", "", "0.0000"),
    ]  # fmt: skip
    answers = list(csv.DictReader(io.StringIO(body(mira.get("batch_export", batch.pk, "answers-csv")).decode("utf-8-sig"))))
    assert len(answers) == 4
    lines = body(mira.get("batch_export", batch.pk, "jsonl")).splitlines()
    assert json.loads(lines[0])["result"]["answer"] == {"label": "rainy"}
    assert mira.get("batch_export", batch.pk, "coco").status_code == 404, "choices have no boxes"
    assert eve.get("batch_export", batch.pk, "csv").status_code == 404


def test_images_of_a_task_are_for_members_alone(mira: Seat, viewer: Seat, eve: Seat) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "#336699").save(picture, "PNG")
    asset = assets.store_image(picture.getvalue())
    other = io.BytesIO()
    Image.new("RGB", (9, 9), "#993366").save(other, "PNG")
    unrelated = assets.store_image(other.getvalue())
    batch = market.batch(market.project(mira.user, mira.organisation), mira.user, texts=1)
    task = Task.objects.get(batch=batch)
    Task.objects.filter(pk=task.pk).update(payload={"image": f"asset:{asset.sha256}"})
    for seat in (mira, viewer):
        assert seat.get("task_image", task.pk, asset.sha256).content == picture.getvalue()
    assert eve.get("task_image", task.pk, asset.sha256).status_code == 404
    assert mira.get("task_image", task.pk, unrelated.sha256).status_code == 404, "an image of another task"


def test_a_sample_picture_is_shown_before_there_is_a_file(mira: Seat) -> None:
    assert mira.get("sample_image", "image_boxes", "table-01.jpg").headers["Content-Type"] == "image/jpeg"
    assert mira.get("sample_image", "image_boxes", "none.jpg").status_code == 404


def test_what_holds_up_a_quiet_batch_is_told(mira: Seat) -> None:
    people.worker("Ana")
    batch = market.launched(mira.user, mira.organisation, overlap=3, max_overlap=3)
    Batch.objects.filter(pk=batch.pk).update(launched_at=timezone.now() - dt.timedelta(hours=9))
    page = mira.words("batch", batch.pk)
    assert "Only 1 person may work on this" in page and "answers of 3 different people" in page
    assert "Nobody has worked on it for 9 hours" in page


def test_tasks_that_several_people_gave_back_are_told_with_their_reasons(mira: Seat) -> None:
    batch = market.launched(mira.user, mira.organisation, texts=1)
    for name in ("Ana", "Bo", "Cy"):
        worker = people.worker(name)
        lease = market.take(worker)
        assert lease is not None
        with transaction.atomic():
            dispatch.give_back(worker_id=worker.pk, lease_id=lease.lease_id, now=people.NOW, why="unclear")
    page = mira.words("batch", batch.pk)
    assert "1 open task was skipped by several people" in page and "the task is unclear (3)" in page
