"""Questions about work and requests for help: each with a clock, a person who answers, and no name where none belongs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kit import states
from kit.errors import Invalid, NotFound
from marketplace import questions
from marketplace.models import Project, Question
from tests import market, people
from tests.workers.doors import browser, program
from workers import pseudonyms, support, work_queues
from workers.models import Membership, Notice, SupportRequest, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW


def asked(ana: User, project: Project, text: str = "Is hail rainy?", **more: Any) -> Question:
    with transaction.atomic():
        return questions.ask(project=project, worker_id=ana.pk, text=text, now=NOW, **more)


def test_the_clients_team_is_told_and_its_answer_reaches_the_worker() -> None:
    (mira, shop), ana = people.client(), people.worker("Ana")
    batch = market.launched(mira, shop, texts=2)
    assert market.work(ana)
    viewer = people.person("Viewer")
    Membership.objects.create(user=viewer, organisation=shop, role="viewer", since=NOW)
    one = asked(ana, batch.project)
    assert one.due_at == NOW + dt.timedelta(hours=24)
    assert [row.user_id for row in Notice.objects.filter(kind="question.asked")] == [mira.pk]
    with transaction.atomic():
        questions.answer(question=one, by_id=mira.pk, text="Yes, it is.", publish=False, now=NOW)
    assert Notice.objects.get(user=ana).kind == "question.answered"
    wen = people.worker("Wen")
    market.work(wen)
    assert list(questions.shown_to(worker_id=ana.pk, project=batch.project)) == [one]
    assert not questions.shown_to(worker_id=wen.pk, project=batch.project).exists()
    with pytest.raises(states.NoSuchMove), transaction.atomic():
        questions.answer(question=questions.find(one.pk), by_id=mira.pk, text="No.", publish=True, now=NOW)


def test_a_published_answer_is_for_everybody_on_the_project_and_names_nobody() -> None:
    (mira, shop), olu = people.client(), people.ops()
    batch = market.launched(mira, shop, texts=3)
    ana, wen = people.worker("Ana Unmistakable"), people.worker("Wen")
    market.work(ana)
    market.work(wen)
    one = asked(ana, batch.project)
    tab = browser(olu)
    assert tab.post("/ops/queues/questions/next/")["Location"] == f"/ops/questions/{one.pk}/"
    assert tab.post(f"/ops/questions/{one.pk}/", {"text": "It counts as rainy.", "publish": "on"}).status_code == 302
    page = browser(wen).get(f"/work/projects/{batch.project_id}/questions/").content.decode()
    assert "It counts as rainy." in page and "Unmistakable" not in page
    assert not work_queues.find("questions").count()


def test_strangers_and_empty_words_are_refused_and_nothing_moves() -> None:
    (mira, shop), ana = people.client(), people.worker("Ana")
    project = market.project(mira, shop)
    with pytest.raises(NotFound):
        asked(ana, project)
    market.launch(_funded(mira, shop, project), mira)
    market.work(ana)
    for text in ("", "  ", "x" * 2_001, "a\x00b c"):
        with pytest.raises(Invalid):
            asked(ana, project, text)
    assert not Question.objects.exists()
    one = asked(ana, project)
    _ned, other = people.client("Ned")
    with pytest.raises(NotFound):
        questions.find(one.pk, organisation_id=other.pk)
    for change in ({"state": "answered"}, {"published": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Question.objects.filter(pk=one.pk).update(**change)


def _funded(mira: User, shop: Any, project: Project) -> Any:
    people.pay_in(shop, people.usd("50"))
    return market.batch(project, mira)


def test_by_page_from_the_task_to_the_answer() -> None:
    (mira, shop), ana = people.client(), people.worker("Ana")
    batch = market.launched(mira, shop, texts=2)
    lease = market.take(ana)
    assert lease is not None
    tab = browser(ana)
    told = tab.post(f"/work/tasks/{lease.lease_id}/ask/", {"text": "Is hail rainy?"}, headers={"HX-Request": "true"})
    assert (told.status_code, "within 24 hours" in told["HX-Trigger"]) == (204, True)
    assert tab.post(f"/work/tasks/{lease.lease_id}/ask/", {"text": ""}).status_code == 422
    assert browser(people.worker("Eve")).post(f"/work/tasks/{lease.lease_id}/ask/", {"text": "Hello?"}).status_code == 404
    one = Question.objects.get()
    assert one.task_id == lease.task_id
    desk = browser(mira)
    assert "Is hail rainy?" in desk.get(f"/client/{shop.slug}/questions/").content.decode()
    shown = desk.get(f"/client/{shop.slug}/questions/{one.pk}/").content.decode()
    assert pseudonyms.of(worker_id=ana.pk, organisation=shop) in shown and ana.email not in shown
    assert desk.post(f"/client/{shop.slug}/questions/{one.pk}/", {"text": ""}).status_code == 422
    assert desk.post(f"/client/{shop.slug}/questions/{one.pk}/", {"text": "Yes.", "publish": "on"}).status_code == 302
    page = f"/work/projects/{batch.project_id}/questions/"
    assert "Yes." in tab.get(page).content.decode()
    assert tab.post(page, {"text": "And snow?"}).status_code == 302
    second = Question.objects.get(state="open")
    assert tab.post(f"/work/questions/{second.pk}/withdraw/").status_code == 302
    assert not questions.waiting().exists()


def test_by_program() -> None:
    (mira, shop), ana, olu = people.client(), people.worker("Ana"), people.ops()
    batch = market.launched(mira, shop, texts=2)
    lease = market.take(ana)
    assert lease is not None
    worker, client, ops = program(ana, "work"), program(mira, "client:write", organisation=shop), program(olu, "ops")

    def post(api: Any, path: str, body: Any) -> Any:
        return api.post(f"/api/v1/{path}", body, content_type="application/json")

    given = {"project": str(batch.project_id), "lease": str(lease.lease_id), "text": "Is hail rainy?"}
    first, second = post(worker, "me/questions/", given).json(), post(worker, "me/questions/", given | {"lease": None}).json()
    assert first["task"] == lease.task_id and second["task"] is None
    assert post(worker, "me/questions/", given | {"project": str(lease.lease_id)}).status_code == 404
    assert len(client.get("/api/v1/questions/").json()["results"]) == 2
    assert post(client, f"questions/{first['id']}/answer/", {"text": "Yes.", "publish": True}).json()["published"] is True
    assert post(ops, f"ops/questions/{second['id']}/answer/", {"text": "Yes."}).json()["state"] == "answered"
    assert post(ops, f"ops/questions/{second['id']}/answer/", {"text": "No."}).status_code == 409
    _ned, other = people.client("Ned")
    assert post(program(_ned, "client:write", organisation=other), f"questions/{first['id']}/answer/", {"text": "x x"}).status_code == 404


class TestSupport:
    """Anybody writes, a person answers, and a colleague who is at it is not overtaken."""

    def test_a_request_waits_with_a_clock_and_is_answered_once(self) -> None:
        mira, olu, sam = people.person("Mira"), people.ops("Olu"), people.ops("Sam")
        one = support.ask(user_id=mira.pk, topic="money", text="Where is my receipt?", now=NOW)
        assert one.due_at == NOW + dt.timedelta(hours=24)
        work_queues.claim(queue="support", item=one.pk, by_id=sam.pk, now=NOW)
        with pytest.raises(work_queues.Taken):
            support.answer(request=one, by_id=olu.pk, text="Below billing.", now=NOW)
        support.answer(request=one, by_id=sam.pk, text="Below billing.", now=NOW)
        assert Notice.objects.get(user=mira).kind == "support.answered"
        with pytest.raises(states.NoSuchMove):
            support.answer(request=support.find(one.pk), by_id=sam.pk, text="Again.", now=NOW)
        for topic, text in (("weather", "Hello there"), ("money", " ")):
            with pytest.raises(Invalid):
                support.ask(user_id=mira.pk, topic=topic, text=text, now=NOW)

    def test_by_page_and_by_program(self) -> None:
        ana, olu = people.worker("Ana"), people.ops("Olu")
        tab, desk = browser(ana), browser(olu)
        assert tab.post("/account/help/", {"topic": "work", "text": "A test does not load."}).status_code == 302
        assert tab.post("/account/help/", {"topic": "work", "text": ""}).status_code == 422
        one = SupportRequest.objects.get()
        assert "A test does not load." in desk.get("/ops/queues/support/").content.decode()
        assert desk.post(f"/ops/support/{one.pk}/", {"text": "Mended, thank you."}).status_code == 302
        assert "Mended, thank you." in tab.get("/account/help/").content.decode()
        api = program(ana, "work")
        made = api.post("/api/v1/me/support/", {"topic": "other", "text": "Thanks!"}, content_type="application/json")
        assert made.status_code == 201
        answered = program(olu, "ops").post(f"/api/v1/ops/support/{made.json()['id']}/answer/", {"text": "Welcome."}, content_type="application/json")
        assert answered.json()["state"] == "answered"
        assert len(api.get("/api/v1/me/support/").json()["results"]) == 2
        assert browser(people.worker("Eve")).get("/account/help/").content.decode().count("does not load") == 0


def test_an_answer_becomes_part_of_the_guideline_with_its_lines_shown_before() -> None:
    (mira, shop), ana = people.client(), people.worker("Ana")
    batch = market.launched(mira, shop, texts=2)
    market.work(ana)
    one = asked(ana, batch.project)
    page = f"/client/{shop.slug}/questions/{one.pk}/"
    tab = browser(mira)
    api = program(mira, "client:read", "client:write", organisation=shop)
    door = f"/api/v1/questions/{one.pk}/guideline/"
    assert api.post(door, {}, content_type="application/json").status_code == 409
    with transaction.atomic():
        questions.answer(question=one, by_id=mira.pk, text="Yes, hail is rainy.", publish=True, now=NOW)
    dry = api.post(door, {"dry_run": True}, content_type="application/json").json()
    came = [["+", "## Questions and answers"], ["+", "**Is hail rainy?**"], ["+", "Yes, hail is rainy."]]
    assert dry == {"number": 2, "published": False, "lines": came} and batch.project.guidelines.count() == 1
    assert "Yes, hail is rainy." in tab.get(f"{page}guideline/").content.decode()
    words = {"text": "Hail counts as rain.", "section": "Weather", "after": 1}
    assert b"Hail counts" in tab.post(f"{page}guideline/preview/", words).content
    assert tab.post(f"{page}guideline/", words | {"after": 7}).status_code == 422
    assert tab.post(f"{page}guideline/", words | {"section": "No such"}).status_code == 422
    assert batch.project.guidelines.count() == 1
    assert tab.post(f"{page}guideline/", words).status_code == 302
    newest = batch.project.guidelines.get(number=2)
    assert newest.markdown == "# Weather\n\nPick what the text says.\n\nHail counts as rain." and newest.what_changed == "Is hail rainy?"
    assert tab.post(f"{page}guideline/", words | {"after": 2}).status_code == 422
    assert Question.objects.get(pk=one.pk).became_version == 2 and b"since version 2" in tab.get(page).content
    _ned, other = people.client("Ned")
    viewer = people.person("Viewer")
    Membership.objects.create(user=viewer, organisation=shop, role="viewer", since=NOW)
    assert browser(_ned).get(f"/client/{other.slug}/questions/{one.pk}/guideline/").status_code == 404
    assert browser(viewer).get(f"{page}guideline/").status_code == 403
