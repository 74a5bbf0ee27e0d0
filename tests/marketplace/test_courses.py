"""Courses: guideline and practice with the answer shown at once, versioned with the guideline, asked for by the one rule format."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from kit.errors import Invalid, NotFound
from marketplace import courses, eligibility, gold, learning, lessons, projects, rules
from marketplace.models import CourseProgress, GoldAnswer, PracticeTry, Project, Submission, WorkerRecord
from payments.models import LedgerEntry
from tests import market, people
from tests.workers.doors import browser, program
from workers.models import Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
GUIDELINE = "# Weather\n\nPick what the text says.\n\n## Rain\n\nAny rain is rainy.\n\n## Wind\n\nStorms are windy.\n"


def taught(mira: User, shop: Organisation) -> Project:
    """A project with three sections and two practice tasks, whose course is open and asked for."""
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop)
    publish(made, mira, GUIDELINE)
    rows = [({"text": "It pours"}, {"label": "rainy"}), ({"text": "A gale"}, {"label": "windy"}), ({"text": "Sun"}, {"label": "sunny"})]
    with transaction.atomic():
        gold.add(project=made, rows=rows, actor_id=mira.pk, now=NOW, rng=random.Random(0))
        for task, reason, section in zip(tasks(made)[:2], ("Rain falls.", "A gale is a storm."), ("Rain", ""), strict=True):
            courses.practise_with(project=made, task_id=task, reason=reason, section=section, actor_id=mira.pk, now=NOW)
        courses.change(project=made, open=True, actor_id=mira.pk, now=NOW)
    ask_for(made, mira, 2)
    return made


def tasks(made: Project) -> list[int]:
    return list(GoldAnswer.objects.filter(project=made).order_by("pk").values_list("pk", flat=True))


def publish(made: Project, mira: User, text: str) -> None:
    with transaction.atomic():
        projects.publish_guideline(project=made, markdown=text, what_changed="", actor_id=mira.pk, now=NOW)


def ask_for(made: Project, mira: User, version: int) -> None:
    rule = {"all": [{"fact": "course", "project": str(made.pk), "version": version}]}
    with transaction.atomic():
        projects.change(project=made, actor_id=mira.pk, now=NOW, eligibility=rule)


def begin(worker: User, made: Project) -> CourseProgress:
    with transaction.atomic():
        course = learning.find(worker_id=worker.pk, project_id=made.pk, now=NOW)
        return learning.begin(worker_id=worker.pk, course=course, now=NOW)


def do(worker: User, made: Project, *, wrong: int = 0) -> list[str]:
    """Go through what is left; the first `wrong` practice answers are wrong. Returns the steps met, in order."""
    progress, met = begin(worker, made), []
    while (step := learning.next_step(progress, learning.shown(progress))) is not None:
        met.append(step.title)
        with transaction.atomic():
            if step.practice is None:
                learning.read(progress=progress, n=step.n, now=NOW)
            else:
                known = step.practice.gold.answer["label"]
                said = "sunny" if wrong > 0 else known
                wrong -= 1
                learning.practise(progress=progress, n=step.n, answer={"label": said}, now=NOW)
        progress = CourseProgress.objects.select_related("course__project").get(pk=progress.pk)
    return met


def test_a_worker_passes_the_course_and_is_let_in_by_it_at_once() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    made = taught(mira, shop)
    market.launch(market.batch(made, mira), mira)
    assert market.take(ana) is None
    [closed] = eligibility.why_not(worker_id=ana.pk, now=NOW)
    assert [(miss.fact, miss.course) for miss in closed.misses] == [("course", str(made.pk))]
    before = LedgerEntry.objects.count()
    met = do(ana, made, wrong=1)
    assert met == ["Weather", "Rain", "Practice 1", "Wind", "Practice 2", "Practice 1"]
    assert PracticeTry.objects.filter(right=False).count() == 1
    assert LedgerEntry.objects.count() == before
    assert not Submission.objects.exists() and not WorkerRecord.objects.exists()
    assert market.take(ana) is not None and market.take(wen) is None
    rule = eligibility.rule_for(Project.objects.get(pk=made.pk))
    assert eligibility.how_many(rule) == 1
    assert courses.taken(courses.of_project(made) or pytest.fail("no course")) == [courses.Taken(2, 1, 1)]


def test_a_new_guideline_shows_who_passed_only_what_changed_and_lets_who_had_begun_keep_what_is_the_same() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    made = taught(mira, shop)
    do(ana, made)
    half = begin(wen, made)
    with transaction.atomic():
        learning.read(progress=half, n=1, now=NOW)
    publish(made, mira, GUIDELINE.replace("Any rain is rainy.", "Drizzle is rainy too."))
    ask_for(made, mira, 3)
    market.launch(market.batch(made, mira), mira)
    assert market.take(ana) is None
    progress = begin(ana, made)
    assert (progress.version, progress.since) == (3, 2)
    assert [step.title for step in learning.shown(progress)] == ["Rain", "Practice 1"]
    assert learning.shown(progress)[0].changes == (("-", "Any rain is rainy."), ("+", "Drizzle is rainy too."))
    do(ana, made)
    assert market.take(ana) is not None
    again = begin(wen, made)
    assert (again.version, again.since, again.done) == (3, None, [0])


def test_practice_leaves_the_hidden_gold_and_what_it_measured_still_counts() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    made = taught(mira, shop)
    assert projects.gold_count(made) == 1
    first, _second, third = tasks(made)
    with transaction.atomic():
        courses.leave_out(project=made, task_id=first, actor_id=mira.pk, now=NOW)
    assert projects.gold_count(made) == 1
    assert "Practice 2" not in do(ana, made)
    with pytest.raises(NotFound):
        courses.leave_out(project=made, task_id=third, actor_id=mira.pk, now=NOW)


def test_a_voided_known_answer_holds_nobody_up() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    made = taught(mira, shop)
    progress = begin(ana, made)
    with transaction.atomic():
        for n in (1, 2, 4):
            learning.read(progress=progress, n=n, now=NOW)
        for task in tasks(made)[:2]:
            gold.void(project=made, task_id=task, why="wrong", actor_id=mira.pk, now=NOW)
    assert begin(ana, made).passed_at == NOW


def test_who_may_not_work_there_for_another_reason_is_not_shown_the_course() -> None:
    mira, shop = people.client()
    ana, olu, eve = people.worker("Ana"), people.ops(), people.worker("Eve", languages={"de": "C1"})
    made = taught(mira, shop)
    rule = {"all": [{"fact": "language", "code": "en", "level": "B1"}, *Project.objects.get(pk=made.pk).eligibility["all"]]}
    with transaction.atomic():
        projects.change(project=made, actor_id=mira.pk, now=NOW, eligibility=rule, review_eligibility=rule)
    for nobody in (eve, mira, olu):
        with pytest.raises(NotFound):
            begin(nobody, made)
    begin(ana, made)
    with transaction.atomic():
        courses.change(project=made, open=False, actor_id=mira.pk, now=NOW)
    with pytest.raises(NotFound):
        begin(people.worker("Wen"), made)
    assert CourseProgress.objects.count() == 1


def test_what_a_course_cannot_be_is_refused_and_nothing_moves() -> None:
    mira, shop = people.client()
    eve, other = people.client("Eve")
    bare, foreign = market.project(mira, shop), market.project(eve, other)
    with pytest.raises(Invalid), transaction.atomic():
        courses.change(project=bare, left_out=["No such"], actor_id=mira.pk, now=NOW)
    with pytest.raises(courses.NotReady), transaction.atomic():
        courses.change(project=bare, open=True, left_out=["Weather"], actor_id=mira.pk, now=NOW)
    with pytest.raises(NotFound), transaction.atomic():
        courses.practise_with(project=bare, task_id=5, reason="Because", actor_id=mira.pk, now=NOW)
    with transaction.atomic():
        courses.change(project=foreign, open=True, actor_id=eve.pk, now=NOW)
    for project, version in ((foreign, 1), (bare, 1)):
        with pytest.raises(Invalid), transaction.atomic():
            rule = {"fact": "course", "project": str(project.pk), "version": version}
            projects.change(project=bare, actor_id=mira.pk, now=NOW, eligibility=rule)
    with pytest.raises(Invalid):
        rules.check({"fact": "course", "project": "x", "version": 1}, field="rule")
    assert Project.objects.get(pk=bare.pk).eligibility == {"all": []}
    assert not courses.of_project(bare)


def test_sections_follow_headings_and_not_what_stands_in_code() -> None:
    text = "Intro\n# A\n## B\ntext\n```\n# not one\n```\n## C\nc\n### D\nd"
    assert [(one.title, "not one" in one.markdown) for one in lessons.sections(text)] == [("", False), ("B", True), ("C", False)]
    assert lessons.changes(lessons.sections(text), lessons.sections(text)) == {}
    assert list(lessons.changes(lessons.sections(text), lessons.sections(text + "\nmore"))) == [2]


def test_clients_and_ops_build_it_on_their_pages_and_a_worker_goes_through_it_on_theirs() -> None:
    mira, shop = people.client()
    eve, _other = people.client("Eve")
    made, ana = taught(mira, shop), people.worker("Ana")
    task = tasks(made)[2]
    page = f"/client/{shop.slug}/projects/{made.pk}/course/"
    client, staff = browser(mira), browser(people.ops("Olu", "quality_lead"))
    assert client.get(page).status_code == 200 and browser(eve).get(page).status_code == 404
    added = client.post(f"{page}practice/", {"task": task, "reason": "Nothing falls.", "section": "Wind"})
    assert added.status_code == 302 and client.post(f"{page}practice/", {"task": task, "reason": "x"}).status_code == 422
    ours = f"/ops/projects/{made.pk}/course/"
    assert staff.get(ours).status_code == 200
    assert staff.post(f"{ours}practice/{task}/leave-out/").status_code == 302
    saved = staff.post(ours, {"about": "Clouds", "shown": ["Weather", "Rain"], "open": "on"})
    course = courses.of_project(made)
    assert saved.status_code == 302 and course and (course.about, course.left_out) == ("Clouds", ["Wind"])
    _walk(browser(ana), made)
    assert CourseProgress.objects.get(worker=ana).passed_at is not None
    form = client.post(f"/client/{shop.slug}/projects/{made.pk}/workers/", {"eligibility-course": "2"})
    assert form.status_code == 302 and list(rules.leaves(Project.objects.get(pk=made.pk).eligibility))[0]["fact"] == "course"


def _walk(ana: Client, made: Project) -> None:
    """In the browser: begin, read, answer wrong, see why, answer right."""
    here = f"/work/projects/{made.pk}/course/"
    assert b"Begin" in ana.get(here).content
    at = ana.post(here).headers["Location"]
    for _section in range(2):
        assert ana.get(at).status_code == 200
        at = ana.post(at).headers["Location"]
    said = []
    for label in ("sunny", "windy", "rainy"):
        assert b"task-data" in ana.get(at).content
        reply = ana.post(at, data=f'{{"answer": {{"label": "{label}"}}}}', content_type="application/json").json()
        said.append(reply["right"])
        shown = ana.get(reply["next"])
        assert shown.status_code == 200 and (b"Rain falls." in shown.content) is (label != "windy")
        at = shown.context["onward"]
        assert (here.encode() in ana.get("/work/").content) is (at != here)
    assert said == [False, True, True] and at == here


def test_a_program_takes_the_course_by_the_api_and_strangers_do_not() -> None:
    mira, shop = people.client()
    made, ana = taught(mira, shop), people.worker("Ana")
    api, eve = program(ana, "work"), program(people.worker("Eve"), "work")
    here = f"/api/v1/work/projects/{made.pk}/course/"
    assert api.get(here).json()["begun"] is None
    state: dict[str, Any] = api.post(here).json()
    while state["next"]:
        step = api.get(f"{here}{state['next']}/").json()
        body = {} if step["kind"] == "section" else {"answer": {"label": "rainy" if "pours" in str(step["payload"]) else "windy"}}
        assert api.get(here).json()["passed_at"] is None
        state = api.post(f"{here}{state['next']}/", body, content_type="application/json").json()
    assert state["passed"] and state["right"] and state["reason"]
    assert eve.get(f"{here}1/").status_code == 404 and api.get(f"{here}99/").status_code == 404
    assert api.post(f"{here}3/", {"answer": 7}, content_type="application/json").status_code == 422
    mine = program(mira, "client:read", "client:write", organisation=shop)
    shown = mine.get(f"/api/v1/projects/{made.pk}/course/").json()
    assert (shown["version"], shown["taken"], len(shown["practice"])) == (2, [{"version": 2, "begun": 1, "passed": 1}], 2)
    changed = mine.patch(f"/api/v1/projects/{made.pk}/course/", {"about": "New"}, content_type="application/json")
    assert changed.status_code == 200 and changed.json()["about"] == "New"
