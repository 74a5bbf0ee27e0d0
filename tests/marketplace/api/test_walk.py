"""The whole walk by API: a client's rows become work, answers, results, money and a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest

from config.reactions import REACTIONS
from kit import outbox
from marketplace import intake, jobs
from marketplace.models import Upload
from tests import people
from tests.marketplace.api import callers
from tests.marketplace.api.callers import Caller
from workers.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = [{"value": value, "label": value.title()} for value in ("sunny", "rainy", "windy")]


def runners() -> None:
    """What the runners do every second, until nothing is left to do."""
    now = dt.datetime.now(dt.UTC)
    for upload_id in intake.waiting_to_be_read():
        while intake.read(upload_id=upload_id, now=now):
            continue
    while outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC)):
        continue


def project(mira: Caller, **options: object) -> str:
    status, made = mira.post("projects/", {
        "name": "Weather", "task_type": "choice", "settings": {"labels": LABELS}, "overlap": 1, "max_overlap": 1,
        "bonus_pool_bp": 0, "floor_pool_bp": 0, **options,
    })
    assert status == 201, made
    status, _version = mira.post(f"projects/{made['id']}/guidelines/", {"markdown": "# Weather\n\nPick what it says."})
    assert status == 201
    status, rate = mira.post(f"projects/{made['id']}/rates/", {"amount": {"amount": "0.10", "currency": "USD"}})
    assert status == 201 and rate["amount"] == {"amount": "0.1000", "currency": "USD"}
    return str(made["id"])


def batch(mira: Caller, project_id: str, texts: list[str]) -> str:
    status, made = mira.post("batches/", {"project": project_id, "name": "First"})
    assert status == 201 and made["state"] == "draft"
    rows = [{"text": text, "external_id": f"row-{at}", "source": "diary"} for at, text in enumerate(texts)]
    status, added = mira.post(f"batches/{made['id']}/tasks/", {"rows": rows})
    assert (status, added) == (201, {"added": len(texts), "bad": [], "tasks": len(texts)})
    return str(made["id"])


def launch(mira: Caller, shop: Organisation, texts: list[str], **options: object) -> str:
    """A project, a batch and a launch on prepaid money, with every slot open; the batch's id."""
    batch_id = batch(mira, project(mira, **options), texts)
    people.pay_in(shop, people.usd("10"))
    status, launched = mira.post(f"batches/{batch_id}/launch/")
    assert status == 200, launched
    runners()
    return batch_id


def test_a_client_and_a_worker_go_the_whole_way_by_api() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    project_id = project(mira)
    batch_id = batch(mira, project_id, ["It pours.", "Not a cloud.", "My hat is gone."])

    status, problem = mira.post(f"batches/{batch_id}/launch/")
    assert (status, problem["code"]) == (409, "insufficient_funds")
    assert mira.get(f"batches/{batch_id}/")[1]["state"] == "draft", "nothing moved"
    people.pay_in(shop, people.usd("10"))
    status, launched = mira.post(f"batches/{batch_id}/launch/")
    assert status == 200 and launched["state"] == "launching"
    runners()
    seen = mira.get(f"batches/{batch_id}/")[1]
    assert seen["state"] == "active" and seen["progress"]["slots"] == {"open": 3, "leased": 0, "filled": 0}

    for label in ("rainy", "sunny", "windy"):
        status, answer = ana.post("leases/", {"project": project_id})
        assert status == 201 and answer["why"] is None
        lease = answer["lease"]
        assert lease["pay"] == {"amount": "0.1000", "currency": "USD"} and lease["guideline"] == 1
        assert ana.post("leases/")[0] == 200, "a second ask shows the same lease"
        status, made = ana.post(f"leases/{lease['id']}/submit/", {"answer": {"label": label}})
        assert (status, made["state"]) == (201, "accepted"), made
        assert made["lines"][0]["kind"] == "base"
    status, answer = ana.post("leases/")
    assert status == 200 and answer["lease"] is None and answer["why"]["code"] == "all_taken"

    runners()
    jobs.advance_batch(batch_id=batch_id, now=dt.datetime.now(dt.UTC))
    status, results = mira.get(f"batches/{batch_id}/results/")
    found = {result["external_id"]: result["answer"]["label"] for result in results["results"]}
    assert found == {"row-0": "rainy", "row-1": "sunny", "row-2": "windy"}
    seen = mira.get(f"batches/{batch_id}/")[1]
    assert seen["state"] == "settled" and seen["spend"]["paid"] == {"amount": "0.3000", "currency": "USD"}
    assert people.prepaid(shop) == people.usd("10") - people.usd("0.345")

    status, content = mira.get(f"batches/{batch_id}/export/", **{"as": "csv"})
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert status == 200 and [row["result_label"] for row in rows] == ["rainy", "sunny", "windy"]
    status, content = mira.get(f"batches/{batch_id}/export/", **{"as": "jsonl"})
    records = [json.loads(line) for line in content.splitlines()]
    assert records[0]["extra"] == {"source": "diary"} and records[0]["answers"][0]["worker"].startswith("W-")

    status, mine = ana.get("work/submissions/")
    assert len(mine["results"]) == 3 and mine["results"][0]["pay"]["state"] == "confirmed"
    status, tasks = mira.get(f"batches/{batch_id}/tasks/", external_id="row-1")
    assert tasks["results"][0]["answers"][0]["answer"] == {"label": "sunny"}
    assert str(ana.user.pk) not in json.dumps(tasks), "a client knows pseudonyms, never people"


def test_a_file_is_uploaded_mapped_read_and_its_bad_rows_come_back() -> None:
    mira, _shop = callers.client()
    draft = mira.post("batches/", {"project": project(mira), "name": "Files"})[1]["id"]
    content = b"id,tweet,place\n1,It pours,Oslo\n2,,Rome\n1,Twice,Bern\n"
    status, upload = mira.raw(f"batches/{draft}/uploads/?name=tweets.csv", content, content_type="text/csv")
    assert status == 201 and upload["suggested_mapping"] == {"id": "external_id", "tweet": "text"}
    status, started = mira.post(f"uploads/{upload['id']}/start/")
    assert (status, started["status"]) == (200, "reading")
    assert mira.post(f"uploads/{upload['id']}/start/")[0] == 409, "reading begins once"
    runners()
    status, done = mira.get(f"uploads/{upload['id']}/")
    assert (done["status"], done["rows_good"], done["rows_bad"], done["share"]) == ("done", 1, 2, 1.0)
    status, bad = mira.get(f"uploads/{upload['id']}/bad-rows/")
    assert status == 200 and len(bad.splitlines()) == 3
    assert mira.delete(f"uploads/{upload['id']}/")[0] == 204
    assert mira.get(f"batches/{draft}/")[1]["tasks"] == 0


def test_the_same_upload_key_keeps_one_file() -> None:
    mira, _shop = callers.client()
    draft = mira.post("batches/", {"project": project(mira), "name": "Files"})[1]["id"]
    sent = [
        mira.raw(f"batches/{draft}/uploads/?name=a.csv", b"text\nIt pours\n", content_type="text/csv", HTTP_IDEMPOTENCY_KEY="u1")
        for _turn in range(2)
    ]
    assert sent[0] == sent[1] and Upload.objects.filter(batch=draft).count() == 1


def test_rows_are_kept_or_named_by_their_place() -> None:
    mira, _shop = callers.client()
    draft = mira.post("batches/", {"project": project(mira), "name": "Rows"})[1]["id"]
    rows = [
        {"text": "good", "external_id": "a"}, {"text": ""}, "no object", {"text": "twin", "external_id": "a"},
        {"text": "with a prelabel", "prelabel": "sunny"}, {"text": "bad prelabel", "prelabel": "snowy"},
        {"image": "https://example.org/cloud.png"},
    ]
    status, added = mira.post(f"batches/{draft}/tasks/", {"rows": rows})
    assert status == 201 and added["added"] == 3 and added["tasks"] == 3
    assert [one["index"] for one in added["bad"]] == [1, 2, 3, 5]
    assert all(one["reason"] for one in added["bad"])
    status, again = mira.post(f"batches/{draft}/tasks/", {"rows": [{"text": "later", "external_id": "a"}]})
    assert again["added"] == 0 and again["bad"][0]["field"] == "external_id"
    tasks = mira.get(f"batches/{draft}/tasks/")[1]["results"]
    assert [task["line"] for task in tasks] == sorted({task["line"] for task in tasks})
    assert tasks[1]["prelabel"] == {"label": "sunny"}


def test_the_client_judges_by_api_one_by_one_and_many_at_once() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    project_id = project(mira, review_rule="client")
    batch_id = batch(mira, project_id, ["one", "two", "three", "four"])
    people.pay_in(shop, people.usd("10"))
    mira.post(f"batches/{batch_id}/launch/")
    runners()
    for _turn in range(4):
        lease = ana.post("leases/")[1]["lease"]
        assert ana.post(f"leases/{lease['id']}/submit/", {"answer": {"label": "sunny"}})[1]["state"] == "waiting"
    status, waiting = mira.get("submissions/")
    assert status == 200 and len(waiting["results"]) == 4
    ids = [row["id"] for row in waiting["results"]]

    status, problem = mira.post(f"submissions/{ids[0]}/judge/", {"decision": "reject"})
    assert (status, problem["errors"][0]["field"]) == (422, "reason")
    verdict = {"decision": "send_back", "reason": "wrong", "clause": "1"}
    status, judged = mira.post(f"submissions/{ids[0]}/judge/", verdict)
    assert (status, judged["state"]) == (200, "sent_back")
    status, problem = mira.post(f"submissions/{ids[0]}/judge/", {"decision": "accept"})
    assert (status, problem["code"]) == (409, "already_judged")
    status, many = mira.post("submissions/judge/", {"submissions": ids, "decision": "accept"})
    assert status == 200 and set(many["judged"]) == set(ids[1:]) and many["refused"][0]["code"] == "already_judged"

    status, home = ana.get("work/")
    assert [row["submission"] for row in home["sent_back"]] == [ids[0]]
    status, lease = ana.post(f"work/submissions/{ids[0]}/take-up/")
    assert status == 201 and lease["round"] == 2 and lease["draft"] == {"label": "sunny"}
    assert ana.post(f"leases/{lease['id']}/submit/", {"answer": {"label": "rainy"}})[0] == 201
    mine = ana.get(f"work/submissions/{ids[0]}/")[1]
    assert mine["state"] == "waiting" and mine["verdicts"][0]["reason"] == "wrong"


def test_a_lease_is_kept_alive_drafted_paused_and_given_back() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    project_id = project(mira)
    batch_id = batch(mira, project_id, ["one"])
    people.pay_in(shop, people.usd("10"))
    mira.post(f"batches/{batch_id}/launch/")
    runners()
    home = ana.get("work/")[1]
    assert home["projects"][0]["open_tasks"] == 1 and home["projects"][0]["measured"] is False
    lease = ana.post("leases/")[1]["lease"]["id"]
    assert ana.get("leases/current/")[1][0]["id"] == lease
    assert ana.post(f"leases/{lease}/beat/", {"had_input": True})[1]["expires_at"]
    assert ana.put(f"leases/{lease}/draft/", {"answer": {"label": "windy"}})[0] == 200
    assert ana.get(f"leases/{lease}/")[1]["draft"] == {"label": "windy"}
    assert ana.post(f"leases/{lease}/pause/")[0] == 200
    assert ana.get(f"leases/{lease}/")[1]["state"] == "paused"
    assert ana.post(f"leases/{lease}/resume/")[0] == 200
    assert ana.get(f"work/projects/{project_id}/")[1]["markdown"].startswith("# Weather")
    assert ana.post(f"leases/{lease}/give-back/", {"why": "unclear"})[0] == 204
    assert ana.post(f"leases/{lease}/submit/", {"answer": {"label": "windy"}})[0] == 409
    assert ana.post("leases/")[1]["lease"] is None, "a skipped task is never offered again"


def test_ops_see_and_stop_any_batch_and_void_any_gold() -> None:
    mira, shop = callers.client()
    olu = callers.ops("Olu", "pool_manager")
    project_id = project(mira)
    known = {"row": {"text": "Rain."}, "answer": {"label": "rainy"}}
    status, added = mira.post(f"projects/{project_id}/gold/", {"rows": [known]})
    assert (status, added) == (201, {"added": 1})
    batch_id = batch(mira, project_id, ["one"])
    people.pay_in(shop, people.usd("10"))
    mira.post(f"batches/{batch_id}/launch/")
    runners()
    assert olu.get(f"ops/batches/{batch_id}/")[1]["state"] == "active"
    assert olu.post(f"ops/batches/{batch_id}/pause/")[1]["state"] == "paused"
    assert olu.post(f"ops/batches/{batch_id}/resume/")[1]["state"] == "active"
    assert olu.post(f"ops/batches/{batch_id}/priority/", {"priority": 90})[1]["priority"] == 90
    gold = olu.get(f"ops/projects/{project_id}/gold/")[1]["results"][0]["task"]
    status, voided = olu.post(f"ops/projects/{project_id}/gold/{gold}/void/", {"why": "wrong key"})
    assert status == 200 and voided["voided_at"]
    assert olu.post(f"ops/batches/{batch_id}/close/")[1]["state"] == "closing"
    wen = callers.ops("Wen", "finance")
    assert wen.get(f"ops/batches/{batch_id}/")[0] == 200
    assert wen.post(f"ops/batches/{batch_id}/pause/")[0] == 403, "finance reads, pool managers change"


def test_a_draft_is_tried_and_estimated_before_it_is_launched() -> None:
    mira, _shop = callers.client()
    draft = batch(mira, project(mira), ["It pours.", "Not a cloud."])
    status, shown = mira.get(f"batches/{draft}/try/", n=2)
    assert status == 200 and shown["payload"] == {"text": "Not a cloud."} and shown["form"]["elements"]
    assert mira.get(f"batches/{draft}/try/", n=3)[0] == 404 and mira.get(f"batches/{draft}/try/", n="x")[0] == 422
    status, guess = mira.get(f"batches/{draft}/estimate/")
    assert status == 200 and guess["source"] == "a guess" and guess["total"]["expected"]["currency"] == "USD"
    for _turn in range(3):
        assert mira.post(f"batches/{draft}/try/", {"seconds": 12})[0] == 201
    assert mira.post(f"batches/{draft}/try/", {"seconds": 0})[0] == 422
    assert mira.get(f"batches/{draft}/estimate/")[1]["source"] == "your own tries"


def test_an_eligibility_rule_is_counted_and_keeps_people_out_with_a_reason() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    rule = {"all": [{"fact": "language", "code": "de", "level": "B2"}]}
    assert mira.post("eligibility/count/", {"rule": {"all": []}})[1]["workers"] == 1
    assert mira.post("eligibility/count/", {"rule": rule})[1]["workers"] == 0
    assert mira.post("eligibility/count/", {"rule": {"fact": "shoe size"}})[0] == 422
    launch(mira, shop, ["one"], eligibility=rule)
    assert ana.get("work/")[1]["projects"] == []
    status, closed = ana.get("work/closed/")
    assert status == 200 and closed[0]["misses"][0]["fact"] == "language"
    assert ana.post("leases/")[1]["why"]["code"] == "nothing_open_to_you"
    assert ana.get(f"work/projects/{closed[0]['project']}/")[0] == 404


def test_lists_go_forth_and_back_by_address() -> None:
    mira, _shop = callers.client()
    own = [mira.post("projects/", {"name": f"P{n}", "task_type": "choice", "settings": {"labels": ["a", "b"]}}) for n in range(5)]
    names = [made["name"] for _status, made in own][::-1]
    first = mira.get("projects/", limit=2)[1]
    assert [row["name"] for row in first["results"]] == names[:2] and first["previous"] is None
    second = mira.http.get(first["next"]).json()
    assert [row["name"] for row in second["results"]] == names[2:4]
    assert [row["name"] for row in mira.http.get(second["previous"]).json()["results"]] == names[:2]
    assert mira.http.get(second["next"]).json()["next"] is None


def test_gold_shows_like_every_other_task_and_is_paid_like_it() -> None:
    mira, shop = callers.client()
    ana = callers.worker()
    project_id = project(mira, gold_least_bp=5_000, gold_most_bp=5_000)
    known = [{"row": {"text": f"Known {n}"}, "answer": {"label": "rainy"}} for n in range(6)]
    assert mira.post(f"projects/{project_id}/gold/", {"rows": known})[0] == 201
    batch_id = batch(mira, project_id, [f"Row {n}" for n in range(6)])
    people.pay_in(shop, people.usd("10"))
    mira.post(f"batches/{batch_id}/launch/")
    runners()
    seen: list[tuple[bool, dict, dict]] = []
    while (lease := ana.post("leases/")[1]["lease"]) is not None:
        status, made = ana.post(f"leases/{lease['id']}/submit/", {"answer": {"label": "rainy"}})
        assert status == 201
        mine = ana.get(f"work/submissions/{made['submission']}/")[1]
        seen.append((lease["payload"]["text"].startswith("Known"), lease, mine))
    gold, other = [shown for is_gold, *shown in seen if is_gold], [shown for is_gold, *shown in seen if not is_gold]
    assert gold and len(other) == 6, "half of the leases are gold, by chance"
    changing = {"id", "payload", "leased_at", "expires_at", "lease", "submitted_at", "active_seconds"}
    for lease, mine in gold:
        like_lease, like_mine = other[0]
        assert {key: value for key, value in lease.items() if key not in changing} == {
            key: value for key, value in like_lease.items() if key not in changing
        }
        assert mine.keys() == like_mine.keys() and mine["pay"] == like_mine["pay"] and mine["state"] == like_mine["state"]
        assert lease["payload"].keys() == like_lease["payload"].keys()
    tasks = mira.get(f"batches/{batch_id}/tasks/")[1]["results"]
    assert len(tasks) == 6, "to its owner gold is no task of the batch"


def test_settings_change_until_the_first_launch_and_rules_at_any_time() -> None:
    mira, shop = callers.client()
    project_id = project(mira)
    more = {"labels": [*LABELS, {"value": "snowy", "label": "Snowy"}]}
    status, changed = mira.patch(f"projects/{project_id}/", {"settings": more, "overlap": 2, "max_overlap": 2})
    assert status == 200 and len(changed["settings"]["labels"]) == 4 and changed["overlap"] == 2
    batch_id = batch(mira, project_id, ["one"])
    people.pay_in(shop, people.usd("10"))
    assert mira.post(f"batches/{batch_id}/launch/")[0] == 200
    assert mira.patch(f"projects/{project_id}/", {"settings": {"labels": LABELS}})[0] == 409
    assert mira.patch(f"projects/{project_id}/", {"overlap": 3})[0] == 422, "the most would be fewer than the least"
    assert mira.post(f"projects/{project_id}/archive/")[0] == 409
    assert mira.patch(f"projects/{project_id}/", {"daily_cap": 5})[1]["daily_cap"] == 5
