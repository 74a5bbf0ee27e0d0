"""The API of skills and exams: makers make, workers sit, keys stay."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from qualification import attempts, exams
from qualification.models import Attempt, Exam, ExamItem, Grant, Skill
from tests import people
from tests.people import NOW
from tests.qualification import cast
from tests.workers.doors import browser, program
from workers.models import User

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
QUESTION = {"kind": "choice", "text": "What falls?", "options": ["Rain", "Sun"], "right": [1], "topic": "rain"}
TASK = {
    "kind": "gold",
    "task_type": "choice",
    "settings": {"labels": [{"value": "sunny", "label": "Sunny"}, {"value": "rainy", "label": "Rainy"}]},
    "row": {"text": "Umbrellas everywhere"},
    "truth": "rainy",
}


def call(client: Client, method: str, path: str, body: Any = None) -> Any:
    data = b"" if body is None else json.dumps(body).encode()
    return client.generic(method, V1 + path, data=data, content_type="application/json")


def upload(client: Client, path: str, content: bytes) -> Any:
    return client.post(V1 + path, {"file": io.BytesIO(content)})


@pytest.fixture
def lead() -> Client:
    return program(people.ops("Olu", "quality_lead"), "ops")


def test_a_quality_lead_makes_a_skill_and_an_exam_that_a_worker_passes(lead: Client) -> None:
    slug = call(lead, "POST", "ops/skills/", {"name": "Weather", "kind": "subject"}).json()["slug"]
    made = call(lead, "POST", "ops/exams/", {"skill": slug, "title": "Weather words", "draws": 2, "pass_bp": 10_000, "tier": 2})
    exam = f"ops/exams/{made.json()['id']}/"
    assert call(lead, "POST", exam + "publish/").json()["code"] == "exam_not_ready"
    assert call(lead, "POST", exam + "items/", {"items": [QUESTION, TASK]}).json() == {"added": 2}
    assert call(lead, "POST", exam + "publish/").json()["state"] == "published"

    ana = program(people.worker(), "work")
    [shown] = call(ana, "GET", "exams/").json()["results"]
    assert call(ana, "GET", f"exams/{shown['id']}/").json()["chance"]["may_start"] is True
    paper = call(ana, "POST", f"exams/{shown['id']}/start/").json()
    attempt = f"attempts/{paper['attempt']['id']}/"
    assert '"key":{' not in json.dumps(paper)
    for question in paper["questions"]:
        if question["kind"] == "choice":
            rain = next(option["key"] for option in question["options"] if option["text"] == "Rain")
            answer: Any = [rain]
        else:
            answer = {"label": "rainy"}
        assert call(ana, "PUT", f"{attempt}answers/{question['n']}/", {"answer": answer}).status_code == 200
    done = call(ana, "POST", attempt + "submit/").json()
    assert (done["attempt"]["state"], done["attempt"]["score_bp"], done["questions"]) == ("passed", 10_000, [])
    [held] = call(ana, "GET", "me/grants/").json()
    assert (held["skill"], held["tier"]) == (slug, 2)
    assert call(ana, "POST", f"exams/{shown['id']}/start/").json()["code"] == "exam_already_proven"


def test_a_program_of_a_client_makes_its_own_exam_of_tasks() -> None:
    """What a replay of recorded answers does."""
    mira, lab = people.client()
    client = program(mira, "client:read", "client:write", organisation=lab)
    base = f"organisations/{lab.slug}/"
    skill = call(client, "POST", base + "skills/", {"name": "Weather", "kind": "task_type"}).json()
    assert skill["slug"] == f"{lab.slug}--weather"
    made = call(client, "POST", base + "exams/", {"skill": skill["slug"], "title": "First five", "draws": 5, "cooldown_hours": 0})
    exam = f"{base}exams/{made.json()['id']}/"
    tasks = [TASK | {"row": {"text": f"Umbrellas {at}"}} for at in range(5)]
    assert call(client, "POST", exam + "items/", {"items": tasks}).status_code == 201
    assert call(client, "POST", exam + "publish/").status_code == 200
    rows = call(client, "GET", exam + "items/").json()["results"]
    assert {row["key"]["truth"]["label"] for row in rows} == {"rainy"}

    ana = program(people.worker(), "work")
    paper = call(ana, "POST", f"exams/{made.json()['id']}/start/").json()
    for question in paper["questions"]:
        call(ana, "PUT", f"attempts/{paper['attempt']['id']}/answers/{question['n']}/", {"answer": {"label": "rainy"}})
    assert call(ana, "POST", f"attempts/{paper['attempt']['id']}/submit/").json()["attempt"]["state"] == "passed"


def test_an_image_is_kept_shown_to_who_sits_and_to_nobody_else() -> None:
    mira, lab = people.client()
    client = program(mira, "client:write", organisation=lab)
    base = f"organisations/{lab.slug}/"
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(picture, "PNG")
    name = upload(client, base + "exam-images/", picture.getvalue()).json()["image"]
    assert upload(client, base + "exam-images/", b"no picture").status_code == 422
    made = cast.draft(of=cast.skill("Sky", organisation=lab), bank=[])
    task = TASK | {"row": {"image": name}}
    assert call(client, "POST", f"{base}exams/{made.pk}/items/", {"items": [task]}).status_code == 201
    made.refresh_from_db()
    exams.publish(exam=made, by_id=mira.pk, now=NOW)
    ana, eve = program(people.worker(), "work"), program(people.worker("Eve"), "work")
    paper = call(ana, "POST", f"exams/{made.pk}/start/").json()
    attempt = Attempt.objects.get()
    address = f"{V1}attempts/{attempt.pk}/images/1/{name.removeprefix('asset:')}/"
    assert address in json.dumps(paper)
    shown = ana.get(address)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert eve.get(address).status_code == 404
    assert ana.get(address.replace(name.removeprefix("asset:"), "0" * 64)).status_code == 404
    call(ana, "POST", f"attempts/{attempt.pk}/submit/")
    assert ana.get(address).status_code == 404


class TestRefusals:
    def test_bad_questions_are_named_and_none_is_added(self, lead: Client) -> None:
        made = cast.draft(bank=[])
        path = f"ops/exams/{made.pk}/items/"
        answer = call(lead, "POST", path, {"items": [QUESTION, QUESTION | {"right": [9]}]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "items[1].right")
        for body in ({"items": []}, {"items": "x"}, {}, {"items": [3]}, {"items": [{"kind": "gold", "task_type": "choice"}]}, []):
            assert call(lead, "POST", path, body).status_code == 422
        assert made.items.count() == 0

    def test_a_file_with_bad_rows_adds_nothing_and_lists_them(self, lead: Client) -> None:
        made = cast.draft(bank=[])
        path = f"ops/exams/{made.pk}/items/file/"
        good = b"question,right,option_1,option_2\nWhat falls?,1,Rain,Sun\n"
        bad = upload(lead, path, good + b"What?,7,Rain,Sun\n")
        assert bad.status_code == 422
        assert [(row["line"], row["field"]) for row in bad.json()["rows"]] == [(3, "right")]
        assert upload(lead, path, b"\xff\xfe").status_code == 422
        assert lead.post(V1 + path, {}).status_code == 422
        assert made.items.count() == 0
        assert upload(lead, path, good).json() == {"added": 1}

    def test_numbers_out_of_bounds_are_named(self, lead: Client) -> None:
        skill = cast.skill()
        body = {"skill": skill.slug, "title": "Weather words"}
        for fault in ({"pass_bp": 0}, {"tier": 4}, {"draws": 0}, {"time_limit_seconds": 1}, {"max_attempts": 99}):
            answer = call(lead, "POST", "ops/exams/", body | fault)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(fault)))
        for fault in ({"tier": "x"}, {"title": ""}, {"draws": 1e30}, {"title": None}):
            assert call(lead, "POST", "ops/exams/", body | fault).status_code == 422
        assert call(lead, "POST", "ops/exams/", body | {"skill": "nothing"}).status_code == 404
        assert not Exam.objects.exists()

    def test_only_quality_leads_make_and_the_rest_of_ops_reads(self) -> None:
        manager = program(people.ops("Mag", "pool_manager"), "ops")
        assert call(manager, "GET", "ops/skills/").status_code == 200
        assert call(manager, "POST", "ops/skills/", {"name": "Weather"}).status_code == 403
        assert call(program(people.worker(), "work"), "GET", "ops/exams/").status_code == 403
        assert not Skill.objects.exists()

    def test_ops_and_clients_look_after_their_own_exams_alone(self, lead: Client) -> None:
        (mira, lab), (ned, firm) = people.client("Mira"), people.client("Ned")
        theirs = cast.exam(of=cast.skill("Law", organisation=lab))
        for client, base in (
            (lead, "ops/"),
            (program(ned, "client:write", organisation=firm), f"organisations/{firm.slug}/"),
        ):
            for method, rest in (("GET", ""), ("PATCH", ""), ("POST", "publish/"), ("POST", "retire/"), ("GET", "items/")):
                assert call(client, method, f"{base}exams/{theirs.pk}/{rest}", {}).status_code == 404, rest
            assert call(client, "POST", f"{base}exams/", {"skill": theirs.skill.slug, "title": "Mine"}).status_code == 404
        mine = program(mira, "client:read", organisation=lab)
        assert call(mine, "GET", f"organisations/{lab.slug}/exams/{theirs.pk}/").status_code == 200
        assert call(mine, "POST", f"organisations/{lab.slug}/exams/{theirs.pk}/retire/").status_code == 403
        assert Exam.objects.get().state == "published"

    def test_eve_finds_no_attempt_of_ana(self) -> None:
        ana, eve, made = people.worker(), people.worker("Eve"), cast.exam()
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        client = program(eve, "work")
        for method, rest in (("GET", ""), ("PUT", "answers/1/"), ("POST", "submit/")):
            assert call(client, method, f"attempts/{attempt.pk}/{rest}", {"answer": ["a"]}).status_code == 404
        attempt.refresh_from_db()
        assert attempt.state == "live"

    def test_answers_of_any_shape_are_answered_with_words(self) -> None:
        ana = people.worker()
        made = cast.exam(bank=[cast.choice("Q1"), cast.gold("Wet")])
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        client = program(ana, "work")
        for n in (1, 2):
            for answer in ([], {}, 3, "x", [[]], {"label": 3}, {"label": ["a"]}, True, [None], {"x": 1}):
                reply = call(client, "PUT", f"attempts/{attempt.pk}/answers/{n}/", {"answer": answer})
                assert reply.status_code == 422, (n, answer)
        assert call(client, "PUT", f"attempts/{attempt.pk}/answers/9/", {"answer": ["a"]}).status_code == 404
        assert call(client, "PUT", f"attempts/{attempt.pk}/answers/1/", {}).status_code == 422
        assert not attempt.items.filter(answer__isnull=False).exists()

    def test_waiting_says_until_when(self) -> None:
        ana, made = people.worker(), cast.exam(cooldown_hours=24)
        cast.sit(ana, made, right=0, now=timezone.now())
        answer = call(program(ana, "work"), "POST", f"exams/{made.pk}/start/")
        assert (answer.status_code, answer.json()["code"]) == (403, "exam_cooling_down")
        assert "open_at" in answer.json()


class TestWrongKeysAndGrants:
    def test_a_void_question_is_regraded_by_its_owner(self, lead: Client) -> None:
        made = cast.exam(questions=5, pass_bp=10_000)
        attempt = cast.sit(people.worker(), made, right=4, now=timezone.now())
        item = attempt.items.get(n=5).item
        path = f"ops/exams/{made.pk}/items/{item.pk}/void/"
        assert call(lead, "POST", path, {"reason": ""}).status_code == 422
        assert call(lead, "POST", path, {"reason": "Two are right."}).json() == {"regraded": 1}
        assert call(lead, "POST", path, {"reason": "Two are right."}).status_code == 409
        assert call(lead, "DELETE", f"ops/exams/{made.pk}/items/{item.pk}/").status_code == 409
        assert Attempt.objects.get().state == "passed"

    def test_drafts_are_changed_and_revised(self, lead: Client) -> None:
        made = cast.draft()
        path = f"ops/exams/{made.pk}/"
        assert call(lead, "PATCH", path, {"title": "Better", "pass_bp": 6_000}).json()["pass_bp"] == 6_000
        item = made.items.get(n=1)
        assert call(lead, "DELETE", f"{path}items/{item.pk}/").status_code == 204
        call(lead, "PATCH", path, {"draws": 3})
        call(lead, "POST", path + "publish/")
        assert call(lead, "PATCH", path, {"title": "Worse"}).json()["code"] == "not_a_draft"
        assert call(lead, "POST", path + "revise/").json()["version"] == 2
        assert call(lead, "POST", path + "retire/").json()["state"] == "retired"
        assert ExamItem.objects.filter(exam__version=2).count() == 3

    def test_ops_give_a_grant_and_take_it_with_fresh_proof_alone(self) -> None:
        ana, olu, skill = people.worker(), people.ops("Olu", "quality_lead"), cast.skill("Sky")
        client = program(olu, "ops")
        body = {"worker": str(ana.pk), "skill": skill.slug, "tier": 2, "valid_days": 30}
        made = call(client, "POST", "ops/grants/", body)
        assert made.status_code == 201
        for fault in ({"worker": str(olu.pk)}, {"skill": "nothing"}, {"tier": 9}, {"worker": "x"}, {"source": "credential"}):
            assert call(client, "POST", "ops/grants/", body | fault).status_code == 422
        path = f"ops/grants/{made.json()['id']}/take-away/"
        taking = {"reason": "fraud", "clause": "4", "evidence": [{"kind": "device", "note": "twice"}]}
        assert call(client, "POST", path, taking).json()["code"] == "reauthenticate"
        assert Grant.objects.get().state == "live"
        assert call(browser(olu, reauthenticated=True), "POST", path, taking).status_code == 201
        assert Grant.objects.get().state == "taken"
        [row] = call(client, "GET", f"ops/people/{ana.pk}/grants/").json()["results"]
        assert row["state"] == "taken"

    def test_skills_are_listed_for_who_may_name_them(self) -> None:
        (mira, lab), (ned, _firm) = people.client("Mira"), people.client("Ned")
        cast.skill("Law", organisation=lab)
        cast.skill("Sky")

        def seen(user: User) -> set[str]:
            return {row["name"] for row in call(browser(user), "GET", "skills/").json()["results"]}

        assert seen(mira) == {"Law", "Sky"}
        assert seen(ned) == {"Sky"}

    def test_a_skill_gets_other_words_but_keeps_its_short_name(self, lead: Client) -> None:
        cast.skill("Sky")
        changed = call(lead, "PATCH", "ops/skills/sky/", {"name": "Heaven", "description": "Above"}).json()
        assert (changed["name"], changed["slug"]) == ("Heaven", "sky")
        assert call(lead, "PATCH", "ops/skills/nothing/", {"name": "Heaven"}).status_code == 404
