"""The doors of exams beyond sitting and making: adaptive pages, the bank in use, files, texts to read, more time."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from qualification import accommodations, attempts, items
from qualification.models import Attempt, BankFile, Exam, Reading
from tests import people
from tests.qualification import cast
from tests.qualification.test_adaptive import adaptive_exam
from tests.qualification.test_bank import key_of, question, sat, selection
from tests.qualification.test_kinds import NUMBER, PROSE, TEXT
from tests.workers.doors import browser, program
from workers.models import Claim

pytestmark = pytest.mark.django_db

V1, KEEP = "/api/v1/", {"X-Autosave": "1"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def call(client: Client, method: str, path: str, body: Any = None) -> Any:
    data = b"" if body is None else json.dumps(body).encode()
    return client.generic(method, V1 + path, data=data, content_type="application/json")


@pytest.fixture
def lead() -> Client:
    return browser(cast.reader())


@pytest.fixture
def desk() -> Client:
    return program(cast.reader(), "ops")


def bring(client: Client, address: str, **files: tuple[str, bytes]) -> Any:
    given = {}
    for field, (name, content) in files.items():
        given[field] = io.BytesIO(content)
        given[field].name = name
    return client.post(address, given)


def waiting() -> Reading:
    """A free text that Ana handed in."""
    ana, made = people.worker(), cast.exam(bank=[items.check(PROSE)])
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
    attempts.save_answer(attempt_id=attempt.pk, worker_id=ana.pk, n=1, answer="Warm air rises.", now=timezone.now())
    attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=timezone.now())
    return Reading.objects.get()


class TestAdaptivePages:
    def test_a_person_goes_forward_to_the_result_and_never_back(self) -> None:
        ana, made = people.worker(), adaptive_exam(most=6)
        tab = browser(ana)
        assert "at most 6 questions" in text(tab.get(f"/work/exams/{made.pk}/"))
        tab.post(f"/work/exams/{made.pk}/start/")
        attempt = Attempt.objects.get()
        base = f"/work/attempts/{attempt.pk}/"
        page = text(tab.get(base + "1/"))
        assert "Question 1, at most 6" in page and "I do not know" in page and "Back" not in page
        tab.post(base + "1/", {"picked": ["a"]}, headers=KEEP)
        assert attempt.items.get().final_at is None
        assert tab.post(base + "1/", {"picked": ["a"]})["Location"] == base
        assert tab.get(base)["Location"] == base + "2/"
        assert tab.get(base + "1/")["Location"] == base
        assert tab.post(base + "1/", {"picked": ["b"]})["Location"] == base
        assert attempt.items.get(n=1).answer == ["a"]
        n = 2
        while Attempt.objects.get().state == "live":
            tab.post(base + f"{n}/", {"unknown": "1", "picked": ["a"]})
            n += 1
        assert attempt.items.get(n=2).answer is None
        page = text(tab.get(base + "result/"))
        assert "Your tier" in page and "at most 6" in page

    def test_the_api_says_what_comes_next(self) -> None:
        ana, made = people.worker(), adaptive_exam(most=4, confidence_bp=9_900)
        client = program(ana, "work")
        paper = call(client, "POST", f"exams/{made.pk}/start/").json()
        path, n = f"attempts/{paper['attempt']['id']}/", 1
        assert [row["n"] for row in paper["questions"]] == [1]
        draft = call(client, "PUT", f"{path}answers/1/", {"answer": ["a"], "final": False}).json()
        assert (draft["next"], draft["state"]) == (1, "live")
        while n is not None:
            told = call(client, "PUT", f"{path}answers/{n}/", {"answer": ["a"]}).json()
            n = told["next"]
        assert told["state"] == "passed"
        assert call(client, "PUT", f"{path}answers/1/", {"answer": ["b"]}).status_code == 409
        closed = call(client, "GET", path).json()
        assert (closed["attempt"]["tier"], closed["questions"]) == (3, [])

    def test_written_answers_are_kept_while_they_are_written(self) -> None:
        ana, made = people.worker(), cast.exam(bank=[items.check(NUMBER), items.check(TEXT), items.check(PROSE)])
        attempt, tab = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now()), browser(ana)
        for row in attempt.items.select_related("item"):
            address = f"/work/attempts/{attempt.pk}/{row.n}/"
            page = text(tab.get(address))
            assert "12.5</" not in page and "Paris" not in page and "condenses" not in page
            assert tab.post(address, {"written": " 12.5 "}, headers=KEEP).status_code == 200
            assert attempt.items.get(n=row.n).answer == "12.5"
            assert 'value="12.5"' in (page := text(tab.get(address))) or ">12.5</textarea>" in page
            tab.post(address, {"written": "  "}, headers=KEEP)
            assert attempt.items.get(n=row.n).answer is None
        number = attempt.items.get(item__kind="number")
        assert tab.post(f"/work/attempts/{attempt.pk}/{number.n}/", {"written": "1,5"}, headers=KEEP).status_code == 422


class TestBankDoors:
    def test_the_health_page_names_the_doubtful_key_and_makes_it_void(self, lead: Client) -> None:
        made = cast.exam(questions=10)
        sat(made, n=60, spoilt=4)
        base = f"/ops/exams/{made.pk}/"
        page = text(lead.get(base + "bank/"))
        assert "agree on another answer: Q4 A" in page and "Estimate difficulty" in page
        lead.post(base + "bank/calibrate/")
        assert made.items.filter(calibration="estimated").count() == 10
        item = made.items.get(n=3)
        lead.post(base + f"bank/{item.pk}/rest/")
        assert made.items.get(n=3).state == "resting"
        lead.post(base + f"bank/{item.pk}/rest/")
        assert made.items.get(n=3).state == "live"
        assert "Resting" not in text(lead.get(base))

    def test_the_api_shows_the_same_to_owners_alone(self, desk: Client) -> None:
        made = cast.exam(questions=4)
        sat(made, n=60, spoilt=2)
        base = f"ops/exams/{made.pk}/"
        first = call(desk, "GET", base + "health/").json()[0]
        assert (first["n"], first["doubt"], first["other"]) == (2, "other", "Q2 A")
        assert call(desk, "POST", base + "calibrate/").json() == {"estimated": 4}
        item = made.items.get(n=1)
        assert call(desk, "POST", f"{base}items/{item.pk}/rest/", {"rest": True}).json() == {"rest": True}
        assert call(desk, "POST", f"{base}items/{item.pk}/rest/", {"rest": True}).status_code == 409
        assert call(desk, "GET", base + "bank.pdf").status_code == 404
        mira, lab = people.client("Mira")
        other = program(mira, "client:write", organisation=lab)
        for method, rest in (("GET", "health/"), ("POST", "calibrate/"), ("GET", "bank.json"), ("POST", f"items/{item.pk}/rest/")):
            assert call(other, method, f"organisations/{lab.slug}/exams/{made.pk}/{rest}", {"rest": False}).status_code == 404, rest
        assert made.items.get(n=1).state == "resting"

    def test_a_file_keeps_the_good_rows_and_gives_the_bad_ones_back(self, lead: Client, desk: Client) -> None:
        made = cast.draft(bank=[])
        content = b"kind,question,right,option_1,option_2,accepted\nchoice,What falls?,1,Rain,Sun,\ntext,=Where?,,,,\ntext,Where?,,,,here; there\n"
        page = text(bring(lead, f"/ops/exams/{made.pk}/questions/file/", file=("b.csv", content)))
        assert "Line 3" in page and "2 others are in the bank" in page
        assert made.items.count() == 2
        bad = lead.get(f"/ops/exams/{made.pk}/files/{BankFile.objects.get().pk}/bad.csv")
        assert "=Where?" in text(bad) and "attachment" in bad["Content-Disposition"]
        brought = bring(desk, f"{V1}ops/exams/{made.pk}/items/import/", file=("b.csv", content)).json()
        assert (brought["added"], [row["line"] for row in brought["bad"]]) == (2, [3])
        out = lead.get(f"/ops/exams/{made.pk}/bank.csv")
        assert out["Content-Type"].startswith("text/csv")
        assert bring(desk, f"{V1}ops/exams/{made.pk}/items/import/", file=("b.csv", out.content)).json()["added"] == 4
        assert bring(desk, f"{V1}ops/exams/{made.pk}/items/import/", file=("b.exe", b"x")).status_code == 422

    def test_mturk_comes_in_as_two_files(self, lead: Client) -> None:
        made = cast.draft(bank=[])
        form = f"<QuestionForm>{question('q1', selection('a', 'b'))}</QuestionForm>".encode()
        key = f"<AnswerKey>{key_of('q1', (('b',), 10))}</AnswerKey>".encode()
        address = f"/ops/exams/{made.pk}/questions/file/"
        assert "AnswerKey too" in text(bring(lead, address, file=("q.xml", form)))
        bring(lead, address, file=("q.xml", form), key=("k.xml", key))
        assert made.items.get().key == {"right": ["b"]}

    def test_questions_of_each_kind_are_written_by_hand(self, lead: Client) -> None:
        made = cast.draft(bank=[])
        for kind, lines in (("number", "12.5\n4 %"), ("text", "Paris\nParis, France"), ("prose", "3 Names the cause\n1 Clear words"), ("choice", "*A\nB")):
            lead.post(f"/ops/exams/{made.pk}/questions/", {"kind": kind, "text": "Well?", "options": lines, "topic": ""})
        assert list(made.items.order_by("n").values_list("kind", flat=True)) == ["number", "text", "prose", "choice"]
        spoiled = lead.post(f"/ops/exams/{made.pk}/questions/", {"kind": "prose", "text": "Well?", "options": "much Clear", "topic": ""})
        assert (spoiled.status_code, made.items.count()) == (422, 4)
        assert "Names the cause" in text(lead.get(f"/ops/exams/{made.pk}/"))

    def test_an_adaptive_draft_is_made_by_form(self, lead: Client) -> None:
        skill = cast.skill()
        rules = {
            "title": "Weather words", "about": "", "tier": "3", "pass_percent": "80", "minutes": "20", "draws": "12", "cooldown_hours": "24",
            "max_attempts": "3", "valid_days": "365", "form": "adaptive", "cuts": "-1, 0, 1", "confidence_percent": "85.5", "second_chance_days": "30",
        }  # fmt: skip
        lead.post(f"/ops/skills/{skill.slug}/exams/new/", rules | {"cuts": "1, 0, -1"})
        assert not Exam.objects.exists()
        lead.post(f"/ops/skills/{skill.slug}/exams/new/", rules)
        made = Exam.objects.get()
        assert (made.form, made.cuts, made.confidence_bp, made.second_chance_days) == ("adaptive", [-1.0, 0.0, 1.0], 8_550, 30)
        assert lead.post(f"/ops/exams/{made.pk}/change/", rules | {"cuts": "x"}).status_code == 422


class TestTextsToRead:
    def test_a_lead_takes_the_next_gives_points_and_never_learns_who_wrote(self, lead: Client) -> None:
        reading = waiting()
        assert PROSE["text"] in text(lead.get("/ops/readings/"))
        address = lead.post("/ops/readings/take/")["Location"]
        page = text(lead.get(address))
        assert "Warm air rises." in page and "Water vapour" in page and "Ana" not in page
        assert lead.post(address, {"points_0": "3", "points_1": "9", "note": ""}).status_code == 422
        assert lead.post(address, {"points_0": "3", "note": "x"}).status_code == 422
        assert Reading.objects.get().graded_at is None
        assert lead.post(address, {"points_0": "2", "points_1": "1", "note": "Say how."})["Location"] == "/ops/readings/"
        assert Reading.objects.get(pk=reading.pk).points == [2, 1]
        ana = Attempt.objects.get().worker.user
        assert "Say how." in text(browser(ana).get(f"/work/attempts/{Attempt.objects.get().pk}/result/"))

    def test_today_counts_what_waits_by_its_clock(self, lead: Client) -> None:
        assert "Nobody waits for a reader" in text(lead.get("/ops/today/readings/"))
        waiting()
        page = text(lead.get("/ops/today/readings/"))
        assert "1 free text waits for points" in page and "/ops/readings/" in page

    def test_a_claim_keeps_others_away_until_it_is_given_back(self, lead: Client) -> None:
        reading, wen = waiting(), browser(cast.reader("Wen"))
        lead.post(f"/ops/readings/{reading.pk}/claim/")
        assert wen.post(f"/ops/readings/{reading.pk}/claim/").status_code == 409
        assert wen.post("/ops/readings/take/")["Location"] == "/ops/readings/"
        assert wen.post(f"/ops/readings/{reading.pk}/", {"points_0": "3", "points_1": "1"}).status_code == 422
        lead.post(f"/ops/readings/{reading.pk}/give-back/")
        wen.post(f"/ops/readings/{reading.pk}/claim/")
        assert "Points" in text(wen.get(f"/ops/readings/{reading.pk}/"))

    def test_it_is_a_work_queue_too_and_what_is_handed_over_is_read_by_whom_it_was_given_to(self, lead: Client) -> None:
        reading, other = waiting(), cast.reader("Wen")
        wen, page = browser(other), f"/ops/readings/{reading.pk}/"
        assert PROSE["text"][:40] in text(lead.get("/ops/queues/readings/"))
        assert lead.post("/ops/queues/readings/next/")["Location"] == page
        assert "Points" in text(lead.get(page)) and wen.post(f"{page}claim/").status_code == 409
        lead.post(f"/ops/queues/readings/{reading.pk}/hand-over/", {"to": other.email, "note": "Chemistry"})
        assert lead.post(page, {"points_0": "3", "points_1": "1"}).status_code == 422
        assert wen.post(page, {"points_0": "3", "points_1": "1"}).status_code == 302
        assert Reading.objects.get(pk=reading.pk).graded_by == other and not Claim.objects.exists()

    def test_the_api_is_the_same_queue(self, desk: Client) -> None:
        reading = waiting()
        [shown] = call(desk, "GET", "ops/readings/").json()["results"]
        assert (shown["answer"], shown["model"]) == ("Warm air rises.", "Water vapour condenses.")
        assert "worker" not in json.dumps(shown)
        path = f"ops/readings/{reading.pk}/"
        assert call(desk, "POST", path + "grade/", {"points": [3, 1]}).status_code == 409
        assert call(desk, "POST", path + "claim/").status_code == 200
        for spoiled in ({"points": []}, {"points": "x"}, {"points": [3, None]}, {}, {"points": [99, 1]}):
            assert call(desk, "POST", path + "grade/", spoiled).status_code == 422
        assert call(desk, "POST", path + "grade/", {"points": [3, 1]}).status_code == 204
        assert Attempt.objects.get().state == "passed"
        eve = program(people.worker("Eve"), "work")
        assert call(eve, "GET", "ops/readings/").status_code == 403


class TestMoreTime:
    def test_ops_gives_and_ends_it_by_page_and_api(self) -> None:
        ana, olu = people.worker(), people.ops("Olu", "pool_manager")
        tab, desk, address = browser(olu), program(olu, "ops"), f"/ops/people/{ana.pk}/exam-time/"
        assert tab.post(address, {"percent": "90", "reason": "As agreed."}).status_code == 422
        tab.post(address, {"percent": "150", "reason": "As agreed."})
        assert accommodations.time_of(ana.pk) == 15_000
        made = cast.exam(time_limit_seconds=600)
        assert "15 minutes" in text(browser(ana).get(f"/work/exams/{made.pk}/"))
        tab.post(address + "end/")
        assert accommodations.time_of(ana.pk) == accommodations.USUAL
        path = f"ops/people/{ana.pk}/exam-time/"
        assert call(desk, "PUT", path, {"time_bp": 1, "reason": "As agreed."}).status_code == 422
        assert call(desk, "PUT", path, {"time_bp": 20_000, "reason": "As agreed."}).json()["time_bp"] == 20_000
        assert call(desk, "DELETE", path).status_code == 204
        assert call(desk, "DELETE", path).status_code == 409
        finance = browser(people.ops("Fin", "finance"))
        assert finance.post(address, {"percent": "150", "reason": "As agreed."}).status_code == 403
        assert accommodations.time_of(ana.pk) == accommodations.USUAL
