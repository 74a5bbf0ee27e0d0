"""The pages of skills and exams: looking, sitting, the result, and ops' bank."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from qualification import attempts, papers
from qualification.models import Attempt, AttemptItem, Exam, Skill
from tests import people
from tests.qualification import cast
from tests.qualification.test_adaptive import adaptive_exam
from tests.workers.doors import browser

pytestmark = pytest.mark.django_db

KEEP = {"X-Autosave": "1"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def row_of(attempt: Attempt, n: int) -> AttemptItem:
    return AttemptItem.objects.select_related("item").get(attempt=attempt, n=n)


class TestSitting:
    def test_a_draft_that_comes_after_the_answer_was_handed_in_changes_nothing(self) -> None:
        wen = people.worker("Wen")
        attempt = attempts.start(exam=adaptive_exam(), worker_id=wen.pk, now=timezone.now())
        tab, address = browser(wen), f"/work/attempts/{attempt.pk}/1/"
        assert tab.post(address, {"picked": cast.right_answer(row_of(attempt, 1))}).status_code == 302
        before = row_of(attempt, 1).answer
        assert tab.post(address, {"picked": ["b"]}, headers=KEEP).status_code == 204
        assert tab.post(address, {"picked": ["b"]})["Location"] == f"/work/attempts/{attempt.pk}/"
        assert row_of(attempt, 1).answer == before

    def test_a_draft_that_comes_while_the_attempt_is_handed_in_is_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wen = people.worker("Wen")
        attempt = attempts.start(exam=adaptive_exam(), worker_id=wen.pk, now=timezone.now())
        found = papers.find(attempt_id=attempt.pk, worker_id=wen.pk)
        attempts.submit(attempt_id=attempt.pk, worker_id=wen.pk, now=timezone.now())
        monkeypatch.setattr(papers, "find", lambda **_: found)
        tab, address = browser(wen), f"/work/attempts/{attempt.pk}/1/"
        assert tab.post(address, {"picked": ["b"]}, headers=KEEP).status_code == 204
        assert tab.post(address, {"picked": ["b"]}).status_code == 302
        assert row_of(attempt, 1).answer is None

    def test_from_the_list_of_skills_to_the_result(self) -> None:
        ana, made = people.worker(), cast.exam(questions=3, pass_bp=6_000)
        tab = browser(ana)
        assert "Weather words" in text(tab.get("/work/skills/"))
        page = text(tab.get(f"/work/exams/{made.pk}/"))
        assert "2 of 3 right" in page
        assert "30 minutes" in page
        start = tab.post(f"/work/exams/{made.pk}/start/")
        attempt = Attempt.objects.get()
        assert start["Location"] == f"/work/attempts/{attempt.pk}/"
        assert tab.get(start["Location"])["Location"] == f"/work/attempts/{attempt.pk}/1/"
        for n in (1, 2, 3):
            picked = row_of(attempt, n).item.key["right"] if n < 3 else []
            onward = tab.post(f"/work/attempts/{attempt.pk}/{n}/", {"picked": picked})
        assert onward["Location"] == f"/work/attempts/{attempt.pk}/review/"
        assert "2 of 3 questions have an answer" in text(tab.get(onward["Location"]))
        done = tab.post(f"/work/attempts/{attempt.pk}/submit/")
        result = text(tab.get(done["Location"]))
        assert "Passed" in result
        assert "66.7 %" in result
        assert "Weather" in text(tab.get("/work/skills/summary/"))

    def test_every_change_is_kept_and_answered_with_progress(self) -> None:
        ana, made = people.worker(), cast.exam(questions=2)
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        tab = browser(ana)
        kept = tab.post(f"/work/attempts/{attempt.pk}/1/", {"picked": ["b"]}, headers=KEEP)
        assert "1 of 2 answered" in text(kept)
        assert "checked" in text(tab.get(f"/work/attempts/{attempt.pk}/1/"))
        wrong = tab.post(f"/work/attempts/{attempt.pk}/1/", {"picked": ["z"]}, headers=KEEP)
        assert wrong.status_code == 422
        assert row_of(attempt, 1).answer == ["b"]

    def test_a_task_is_shown_as_data_without_its_key_and_kept(self) -> None:
        ana, made = people.worker(), cast.exam(bank=[cast.gold("Wet street", "rainy")])
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        tab = browser(ana)
        page = tab.get(f"/work/attempts/{attempt.pk}/1/")
        island = json.loads(text(page).split('id="task-data" type="application/json">')[1].split("</script>")[0])
        assert island["payload"] == {"text": "Wet street"}
        assert island["data"] == {}
        tab.post(f"/work/attempts/{attempt.pk}/1/", {"answer": json.dumps({"label": "rainy"})}, headers=KEEP)
        assert row_of(attempt, 1).answer == {"label": "rainy"}
        for spoiled in ("{", '{"label": 3}', '"x"', "\x00"):
            assert tab.post(f"/work/attempts/{attempt.pk}/1/", {"answer": spoiled}, headers=KEEP).status_code == 422
        assert row_of(attempt, 1).answer == {"label": "rainy"}

    def test_when_the_time_is_over_what_was_kept_is_graded(self) -> None:
        ana, made = people.worker(), cast.exam(questions=1, pass_bp=10_000)
        late = timezone.now() - dt.timedelta(hours=1)
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=late)
        row = row_of(attempt, 1)
        attempts.save_answer(
            attempt_id=attempt.pk, worker_id=ana.pk, n=1, answer=row.item.key["right"], now=late + dt.timedelta(minutes=1)
        )
        tab = browser(ana)
        kept = tab.post(f"/work/attempts/{attempt.pk}/1/", {"picked": ["d"]}, headers=KEEP)
        assert (kept.status_code, kept["HX-Redirect"]) == (204, f"/work/attempts/{attempt.pk}/result/")
        assert tab.get(f"/work/attempts/{attempt.pk}/1/")["Location"] == f"/work/attempts/{attempt.pk}/result/"
        attempt.refresh_from_db()
        assert attempt.state == "passed"

    def test_failing_says_what_comes_next(self) -> None:
        ana, made = people.worker(), cast.exam(bank=[cast.choice("Q1", topic="rain")], cooldown_hours=24)
        attempt = cast.sit(ana, made, right=0, now=timezone.now())
        page = text(browser(ana).get(f"/work/attempts/{attempt.pk}/result/"))
        assert "Not passed this time" in page
        assert "rain" in page
        assert "2 attempts are left" in page
        refused = browser(ana).post(f"/work/exams/{made.pk}/start/")
        assert refused.status_code == 403
        assert Attempt.objects.count() == 1

    def test_eve_sees_nothing_of_anas_attempt(self) -> None:
        ana, eve, made = people.worker(), people.worker("Eve"), cast.exam()
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        tab = browser(eve)
        for rest in ("", "1/", "review/", "result/"):
            assert tab.get(f"/work/attempts/{attempt.pk}/{rest}").status_code == 404, rest
        assert tab.post(f"/work/attempts/{attempt.pk}/submit/").status_code == 404
        assert tab.post(f"/work/attempts/{attempt.pk}/1/", {"picked": ["a"]}).status_code == 404
        attempt.refresh_from_db()
        assert attempt.state == "live"


class TestOps:
    @pytest.fixture
    def lead(self) -> Client:
        return browser(people.ops("Olu", "quality_lead"))

    def test_a_skill_an_exam_questions_and_publishing(self, lead: Client) -> None:
        lead.post("/ops/skills/", {"name": "Weather", "kind": "subject", "parent": "", "description": ""})
        skill = Skill.objects.get()
        rules = {
            "title": "Weather words", "about": "", "tier": "1", "pass_percent": "80", "minutes": "20", "draws": "2",
            "cooldown_hours": "24", "max_attempts": "3", "valid_days": "365",
        }  # fmt: skip
        made = lead.post(f"/ops/skills/{skill.slug}/exams/new/", rules)
        exam = Exam.objects.get()
        assert made["Location"] == f"/ops/exams/{exam.pk}/"
        base = made["Location"]
        lead.post(base + "questions/", {"text": "What falls?", "options": "*Rain\nSun", "topic": "rain"})
        no_star = lead.post(base + "questions/", {"text": "What falls?", "options": "Rain\nSun", "topic": ""})
        assert (no_star.status_code, exam.items.count()) == (422, 1)
        assert lead.post(base + "publish/").status_code == 409
        bad = SimpleUploadedFile("q.csv", b"question,right,option_1,option_2\nWhat?,9,Rain,Sun\n")
        assert "Line 2" in text(lead.post(base + "questions/file/", {"file": bad}))
        good = SimpleUploadedFile("q.csv", b"question,right,option_1,option_2\nWhat shines?,2,Rain,Sun\n")
        lead.post(base + "questions/file/", {"file": good})
        assert exam.items.count() == 2
        lead.post(base + "change/", rules | {"draws": "1"})
        lead.post(base + "publish/")
        exam.refresh_from_db()
        assert (exam.state, exam.draws) == ("published", 1)
        assert lead.post(base + "change/", rules).status_code == 422
        lead.post(base + "revise/")
        assert Exam.objects.filter(state="draft", version=2).exists()
        lead.post(base + "retire/")
        exam.refresh_from_db()
        assert exam.state == "retired"

    def test_a_wrong_key_is_made_void_from_the_bank(self, lead: Client) -> None:
        made = cast.exam(questions=2, pass_bp=10_000)
        attempt = cast.sit(people.worker(), made, right=1, now=timezone.now())
        item = attempt.items.get(n=2).item
        assert "0 %" in text(lead.get(f"/ops/exams/{made.pk}/"))
        lead.post(f"/ops/exams/{made.pk}/questions/{item.pk}/void/", {"reason": " "})
        item.refresh_from_db()
        assert item.voided_at is None
        lead.post(f"/ops/exams/{made.pk}/questions/{item.pk}/void/", {"reason": "Two are right."})
        attempt.refresh_from_db()
        assert attempt.state == "passed"
        assert "Two are right." in text(lead.get(f"/ops/exams/{made.pk}/"))

    def test_the_rest_of_ops_reads_and_changes_nothing(self) -> None:
        made = cast.exam()
        tab = browser(people.ops("Fin", "finance"))
        assert tab.get("/ops/skills/").status_code == 200
        assert tab.get(f"/ops/exams/{made.pk}/").status_code == 200
        assert tab.post("/ops/skills/", {"name": "Sky", "kind": "subject"}).status_code == 403
        assert tab.post(f"/ops/exams/{made.pk}/retire/").status_code == 403
        made.refresh_from_db()
        assert made.state == "published"
        assert Skill.objects.count() == 1


def test_the_page_of_skills_costs_the_same_with_thirty_exams_as_with_three(django_assert_max_num_queries: Any) -> None:
    ana = people.worker()
    for at in range(30):
        made = cast.exam(of=cast.skill(f"Skill {at}"), pass_bp=5_000)
        if at % 3 == 0:
            cast.sit(ana, made, right=4 if at % 2 else 0, now=timezone.now())
    tab = browser(ana)
    assert tab.get("/work/skills/").status_code == 200, "the first page of a session also keeps which seat its reader takes"
    with django_assert_max_num_queries(12):
        assert tab.get("/work/skills/").status_code == 200


def test_an_organisation_makes_and_mends_banks_of_its_own_and_of_nobody_else() -> None:
    mira, shop = people.client()
    eve, other = people.client("Eve")
    theirs = cast.draft(of=cast.skill("Theirs", organisation=other))
    tab, home = browser(mira), f"/client/{shop.slug}/skills/"
    assert tab.post(home, {"name": "Clouds", "kind": "subject", "parent": "", "description": ""}).status_code == 302
    made = Skill.objects.get(name="Clouds")
    assert made.organisation == shop and b"Clouds" in tab.get(home).content
    rules = {
        "title": "Clouds, the basics", "tier": "1", "pass_percent": "80", "minutes": "10", "draws": "1", "cooldown_hours": "1",
        "max_attempts": "3", "second_chance_days": "0", "valid_days": "365", "form": "fixed",
    }
    here = tab.post(f"{home}{made.slug}/exams/new/", rules)["Location"]
    assert here.startswith(f"{home}exams/")
    file = SimpleUploadedFile("bank.csv", b"question,right,option_1,option_2\nHigh?,1,Cirrus,Fog\nLow?,9,Cirrus,Fog\n")
    read = tab.post(f"{here}questions/file/", {"file": file})
    assert b"Line 3" in read.content and Exam.objects.get(skill=made).items.count() == 1
    assert b"Cirrus" in tab.get(f"{here}").content and b"Cirrus" in tab.get(f"{here[:-1]}/bank.csv").content
    assert tab.post(f"{here}publish/")["Location"] == here
    assert tab.get(f"{here}bank/").status_code == 200
    item = Exam.objects.get(skill=made).items.get()
    assert tab.post(f"{here}questions/{item.pk}/void/", {"reason": "Both are."}).status_code == 302
    item.refresh_from_db()
    assert item.state == "void"
    stranger = browser(eve)
    assert stranger.get(here).status_code in (403, 404)
    assert stranger.get(f"/client/{other.slug}/skills/exams/{Exam.objects.get(skill=made).pk}/").status_code == 404
    for path in ("", "bank/", "bank.csv"):
        assert tab.get(f"{home}exams/{theirs.pk}/{path}").status_code == 404
    assert browser(people.ops("Olu", "quality_lead")).get(f"/ops/exams/{Exam.objects.get(skill=made).pk}/").status_code == 404
