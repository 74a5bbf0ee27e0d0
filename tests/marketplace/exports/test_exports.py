"""What a client takes home: every task under their own id, with result, answers, pseudonyms and what each cost."""

from __future__ import annotations

import csv
import io
import json
import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kit.errors import NotFound
from marketplace import exports, gold, review, settlement
from marketplace.exports import records
from marketplace.models import Batch, Lease, Result, Submission, Task
from marketplace.pricing import PriceLine
from payments import queries as money
from tests import market, people
from tests.market import NOW
from tests.marketplace.intake import incoming
from workers import pseudonyms

pytestmark = pytest.mark.django_db


def table(batch: Batch, **options: Any) -> list[dict[str, str]]:
    content = b"".join(exports.as_csv(batch, **options))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def lines(batch: Batch, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(exports.as_jsonl(batch, **options)).splitlines()]


def uploaded(content: str, mapping: dict[str, str], *, name: str = "items.csv", **options: Any) -> Batch:
    """A batch that came as a file and was launched on 100 dollars."""
    mira, organisation = people.client()
    people.pay_in(organisation, people.usd("100"))
    batch = incoming.draft(market.project(mira, organisation, **options))
    incoming.read(batch, content, mapping, name)
    return market.launch(batch, mira)


def settled(task: Task, batch: Batch, answer: dict[str, Any], **fields: Any) -> None:
    Result.objects.update_or_create(
        task=task,
        defaults={"batch": batch, "state": "settled", "answer": answer, "confidence_bp": 9_120, "answers": 1,
                  "distribution": {"label": {"sunny": 0.912, "rainy": 0.088}}, "settled_at": NOW} | fields,
    )


def test_a_task_comes_back_with_all_that_is_known_of_it() -> None:
    batch = uploaded("id,text,city\na-1,A bright day,Århus\na-2,Clouds,\n", {"id": "external_id", "text": "text"})
    ana = people.worker()
    made = market.work(ana)
    assert made is not None
    task = Submission.objects.get(pk=made.submission_id).task
    settled(task, batch, {"label": "sunny"})
    record, other = exports.rows(batch)
    paid = money.earnings_of(source_kind="submission", source_ids=[made.submission_id])[made.submission_id]
    name = pseudonyms.of(worker_id=ana.pk, organisation=batch.project.organisation)
    assert record == {
        "id": "a-1", "file": "items.csv", "line": 2, "gold": False, "payload": {"text": "A bright day"}, "extra": {"city": "Århus"},
        "result": {
            "state": "settled", "answer": {"label": "sunny"}, "confidence": 0.912, "ambiguous": False,
            "distribution": {"label": {"sunny": 0.912, "rainy": 0.088}}, "interval": None, "answers": 1, "by": "model",
            "settled_at": "2026-11-16T09:00:00+00:00",
        },
        "cost": {"pay": "0.1000", "fee": str(paid.fee.decimal()), "total": str((paid.amount + paid.fee).decimal()), "currency": "USD"},
        "answers": [{
            "worker": name, "kind": "answer", "state": "accepted", "answer": {"label": "sunny"}, "seconds": 10.0, "round": 1,
            "submitted_at": "2026-11-16T09:00:10+00:00", "pay": "0.1000", "fee": str(paid.fee.decimal()),
        }],
    }
    assert paid.fee.units > 0
    assert (other["id"], other["line"], other["result"], other["answers"]) == ("a-2", 3, None, [])
    assert other["cost"]["total"] == "0.0000"
    assert str(ana.pk) not in json.dumps(record), "nobody outside learns who it was"


def test_the_same_worker_has_one_pseudonym_for_a_client_and_another_for_the_next() -> None:
    ana = people.worker()
    names = []
    for _client in range(2):
        batch = uploaded("text\na\nb\n", {"text": "text"})
        for turn in range(2):
            lease = market.take(ana, seed=turn)
            assert lease is not None
            market.answer(ana, lease)
        names.append({answer["worker"] for record in exports.rows(batch) for answer in record["answers"]})
    assert [len(found) for found in names] == [1, 1]
    assert names[0] != names[1]


def test_cost_holds_every_payment_for_a_task_and_adds_up_to_the_batch() -> None:
    batch = uploaded("text\na\nb\nc\n", {"text": "text"}, overlap=2, max_overlap=2)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    for who in (ana, wen, ana):
        assert market.work(who) is not None
    spent = money.batch_spend(batch.pk)
    totals = [Decimal(record["cost"]["total"]) for record in exports.rows(batch)]
    assert len([total for total in totals if total]) == 2
    assert sum(totals) == (spent.paid + spent.fees).decimal() == Decimal("0.3450")


def test_a_rejected_answer_costs_nothing_and_says_so() -> None:
    batch = uploaded("text\na\n", {"text": "text"}, review_rule="client")
    made = market.work(people.worker())
    assert made is not None
    assert next(exports.rows(batch))["cost"]["pay"] == "0.1000", "promised while nobody has judged it"
    with transaction.atomic():
        review.judge(
            submission=Submission.objects.get(pk=made.submission_id), judge_id=batch.created_by_id, now=NOW,
            judgement=review.Judgement("reject", reason="wrong", clause="1"),
        )
    (record,) = exports.rows(batch)
    assert (record["answers"][0]["state"], record["answers"][0]["pay"], record["cost"]["total"]) == ("rejected", "0.0000", "0.0000")


def test_lost_time_is_part_of_what_a_task_cost() -> None:
    batch = uploaded("text\na\n", {"text": "text"})
    lease = market.take(people.worker())
    assert lease is not None
    row = Lease.objects.get(pk=lease.lease_id)
    Lease.objects.filter(pk=row.pk).update(live=False, state="expired")
    with transaction.atomic():
        settlement.pay_at_once(
            worker_id=row.worker_id, terms=row.terms, lines=[PriceLine("kill_fee", 250, "kill-1")], source_kind="kill_fee",
            source_id=row.pk, now=NOW,
        )
    (record,) = exports.rows(batch)
    assert (record["answers"], record["cost"]["pay"]) == ([], "0.0250")


def test_gold_is_left_out_unless_asked_for() -> None:
    batch = uploaded("text\na\n", {"text": "text"})
    with transaction.atomic():
        gold.add(
            project=batch.project, rows=[({"text": "known"}, {"label": "rainy"}), ({"text": "never seen"}, {"label": "sunny"})],
            actor_id=batch.created_by_id, now=NOW, rng=random.Random(1),
        )
    made = market.work(people.worker())
    assert made is not None
    known = Task.objects.get(payload={"text": "known"})
    Submission.objects.filter(pk=made.submission_id).update(gold=True, task=known)
    assert [record["payload"]["text"] for record in exports.rows(batch)] == ["a"]
    plain, told = exports.rows(batch, include_gold=True)
    assert (plain["gold"], told["gold"], told["payload"]) == (False, True, {"text": "known"})
    assert (told["result"]["state"], told["result"]["answer"]) == ("known", {"label": "rainy"})
    assert told["answers"][0]["answer"] == {"label": "sunny"}
    assert told["cost"]["pay"] == "0.1000"
    assert "gold" not in table(batch)[0]
    assert [row["gold"] for row in table(batch, include_gold=True)] == ["false", "true"]


def test_a_csv_reads_like_the_upload_with_the_results_beside_it() -> None:
    batch = uploaded("id,text,city\na-1,Sol,Århus\na-2,=1+1,שלום\n", {"id": "external_id", "text": "text"})
    first = incoming.tasks(batch)[0]
    settled(first, batch, {"label": "sunny"}, ambiguous=True)
    row, other = table(batch)
    assert list(row) == [
        "id", "file", "line", "text", "city", "more", "result_label", "status", "confidence", "ambiguous", "distribution", "interval",
        "decided_by", "answer_count", "pay", "fee", "total", "currency", "answers",
    ]
    assert (row["id"], row["file"], row["line"], row["text"], row["city"]) == ("a-1", "items.csv", "2", "Sol", "Århus")
    assert (row["result_label"], row["status"], row["confidence"], row["ambiguous"]) == ("sunny", "settled", "0.912", "true")
    assert json.loads(row["distribution"]) == {"label": {"sunny": 0.912, "rainy": 0.088}}
    assert (other["text"], other["city"], other["result_label"], other["answers"]) == ("'=1+1", "שלום", "", "[]")


def test_a_csv_by_answer_has_a_line_for_each() -> None:
    batch = uploaded("id,text\na,A\nb,B\n", {"id": "external_id", "text": "text"}, overlap=2, max_overlap=2)
    for name, label in (("Ana", "sunny"), ("Wen", "rainy")):
        assert market.work(people.worker(name), label) is not None
    rows = table(batch, per="answer")
    assert [(row["id"], row["answer_label"], row["state"], row["pay"], row["currency"]) for row in rows] == [
        ("a", "sunny", "accepted", "0.1000", "USD"), ("a", "rainy", "accepted", "0.1000", "USD"),
    ]
    assert len({row["worker"] for row in rows}) == 2


def test_columns_that_are_called_like_ours_and_columns_nobody_named_come_back() -> None:
    batch = incoming.draft()
    early = b'{"text": "a", "line": 7, "status": "mine"}\n'
    late = b'{"text": "b", "unheard": {"x": 1}}\n'
    incoming.read(batch, early + b'{"text": "x"}\n' * 300 + late, {"text": "text"}, "rows.jsonl")
    rows = table(batch)
    assert (rows[0]["your line"], rows[0]["your status"], rows[0]["line"], rows[0]["status"]) == ("7", "mine", "1", "")
    assert rows[-1]["more"] == '{"unheard":{"x":1}}'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_nothing_that_a_spreadsheet_would_run_leaves_the_house(start: str) -> None:
    batch = incoming.draft()
    rows = [{"text": f"{start}cmd|' /C calc'!A0", f"{start}name": f"{start}1", "id": f"x{start}"}]
    incoming.read(batch, incoming.jsonl(rows), {"text": "text"}, "rows.jsonl")
    content = b"".join(exports.as_csv(batch)).decode()
    for row in csv.reader(io.StringIO(content, newline="")):
        assert not [cell for cell in row if cell.startswith(start)]


def test_emoji_and_right_to_left_text_stay_what_they_are_with_and_without_a_mark() -> None:
    batch = incoming.draft()
    text = "مرحبا 🌧️ שלום\u200f \u202babc\u202c é"
    incoming.read(batch, incoming.jsonl([{"text": text}]), {"text": "text"}, "rows.jsonl")
    assert table(batch)[0]["text"] == table(batch, bom=True)[0]["text"] == lines(batch)[0]["payload"]["text"] == text
    assert b"".join(exports.as_csv(batch, bom=True)).startswith(b"\xef\xbb\xbf")
    assert not b"".join(exports.as_csv(batch)).startswith(b"\xef\xbb\xbf")


def test_tasks_of_several_files_keep_file_and_line_and_tasks_without_a_file_come_too() -> None:
    mira, organisation = people.client()
    batch = market.batch(market.project(mira, organisation), mira, texts=2)
    incoming.read(batch, "text,a\nx,1\n", {"text": "text"}, "one.csv")
    incoming.read(batch, "headline,b\ny,2\n", {"headline": "text"}, "two.csv")
    found = [(record["file"], record["line"], record["payload"]["text"], record["extra"]) for record in exports.rows(batch)]
    assert found == [
        ("", 1, "text 1", {}), ("", 2, "text 2", {}), ("one.csv", 2, "x", {"a": "1"}), ("two.csv", 2, "y", {"b": "2"}),
    ]
    rows = table(batch)
    assert [(row["a"], row["b"]) for row in rows] == [("", ""), ("", ""), ("1", ""), ("", "2")]
    assert json.loads(rows[0]["payload"]) == {"text": "text 1"}


def test_boxes_leave_as_coco_under_the_clients_own_names() -> None:
    batch = incoming.draft(incoming.boxes())
    files = {"boats.csv": b"id,photo\nb1,a.png\nb2,b.png\nb3,a.png\n", "a.png": incoming.picture(1), "b.png": incoming.picture(2)}
    incoming.read(batch, incoming.packed(files), {"id": "external_id", "photo": "image"}, "boats.zip", images=True)
    one, two, _three = incoming.tasks(batch)
    box = {"label": "buoy", "x": 1.0, "y": 2.0, "w": 3.0, "h": 2.5}
    settled(one, batch, {"boxes": [box], "width": 8, "height": 6})
    settled(two, batch, {"boxes": [], "width": 8, "height": 6}, state="open")
    coco = json.loads(b"".join(exports.extra(batch, "coco")))
    assert coco["images"] == [{"id": 1, "file_name": "a.png", "width": 8, "height": 6, "task": "b1", "confidence": 0.912}]
    assert [one["bbox"] for one in coco["annotations"]] == [[1.0, 2.0, 3.0, 2.5]]
    record = next(exports.rows(batch))
    assert (record["payload"]["image"], record["extra"]) == ("a.png", {})
    assert table(batch)[0]["photo"] == "a.png"
    assert "asset:" not in b"".join(exports.as_jsonl(batch)).decode()


def test_a_format_that_the_task_type_does_not_have_is_not_found() -> None:
    with pytest.raises(NotFound) as refused:
        exports.extra(incoming.draft(), "coco")
    assert refused.value.field == "format"


def test_an_empty_batch_has_a_header_and_nothing_else() -> None:
    batch = incoming.draft()
    assert table(batch) == []
    assert lines(batch) == []
    assert b"".join(exports.as_csv(batch)).startswith(b"id,file,line")


def test_answers_can_be_left_out() -> None:
    batch = uploaded("text\na\n", {"text": "text"})
    assert market.work(people.worker()) is not None
    (record,) = exports.rows(batch, answers=False)
    assert "answers" not in record
    assert record["cost"]["pay"] == "0.1000"


def test_a_step_takes_the_same_few_statements_however_much_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = uploaded("text\n" + "".join(f"t{at}\n" for at in range(12)), {"text": "text"})
    ana = people.worker()
    for _task in range(8):
        assert market.work(ana) is not None
    counted = []
    for step in (12, 6):
        monkeypatch.setattr(records, "STEP", step)
        with CaptureQueriesContext(connection) as captured:
            assert len(list(exports.rows(batch))) == 12
        counted.append(len(captured))
    assert counted[0] <= 12
    assert counted[1] <= 2 * counted[0]


def test_every_line_comes_once_over_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "STEP", 7)
    batch = incoming.draft()
    incoming.read(batch, "text\n" + "".join(f"t{at}\n" for at in range(50)), {"text": "text"})
    assert [record["payload"]["text"] for record in exports.rows(batch)] == [f"t{at}" for at in range(50)]
