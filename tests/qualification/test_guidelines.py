"""Exams and the guideline that they were written for: behind it, still right, a new version, and the short re-check."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from kit.errors import Conflict, Invalid, NotFound
from kit.models import AuditRecord
from marketplace import eligibility, exam_rules, projects
from marketplace.models import ExamRule, Project, Ready
from qualification import attempts, exams, grants, guidelines, items
from qualification.models import Attempt, Exam, ExamItem, Grant, GuidelineCheck
from tests import market, people
from tests.qualification import cast
from tests.workers.doors import browser, program
from workers.models import Notice, Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
DAY = dt.timedelta(days=1)
GUIDELINE = "# Weather\n\nPick what the text says.\n\n## Rain\n\nAny rain is rainy.\n\n## Wind\n\nStorms are windy.\n"
RAIN_CHANGED = GUIDELINE.replace("Any rain is rainy.", "Drizzle is rainy too.")


def publish(made: Project, mira: User, text: str) -> None:
    with transaction.atomic():
        projects.publish_guideline(project=made, markdown=text, what_changed="", actor_id=mira.pk, now=NOW)


def tied(mira: User, shop: Organisation, *, recheck: bool = True) -> tuple[Project, Exam]:
    """A project at guideline version 2, and a published test of four questions by it: one on rain, two on wind, one on nothing."""
    made = market.project(mira, shop)
    publish(made, mira, GUIDELINE)
    bank = [items.check({"text": f"Q{at}", "options": ["a", "b"], "right": [1], "section": section})
            for at, section in enumerate(("Rain", "Wind", "Wind", ""), start=1)]  # fmt: skip
    draft = cast.draft(of=cast.skill("Weather", organisation=shop), bank=bank)
    with transaction.atomic():
        guidelines.tie(exam=draft, project=made.pk, recheck=recheck, by_id=mira.pk, now=NOW)
        exams.publish(exam=draft, by_id=mira.pk, now=NOW)
    return made, draft


def right(mira: User, exam: Exam, *numbers: int, version: int = 3) -> None:
    named = list(ExamItem.objects.filter(exam=exam, n__in=numbers).values_list("pk", flat=True))
    with transaction.atomic():
        guidelines.still_right(exam=exam, version=version, questions=named, by_id=mira.pk, now=NOW)


def test_a_new_guideline_tells_the_owner_what_changed_and_which_questions_belong_to_it() -> None:
    mira, shop = people.client()
    eve, _other = people.client("Eve")
    made, exam = tied(mira, shop)
    assert not (guidelines.stand(exam) or pytest.fail("not tied")).behind
    publish(made, mira, RAIN_CHANGED.replace("## Wind\n\nStorms are windy.\n", ""))
    stand = guidelines.stand(exam)
    assert stand is not None and (stand.version, stand.guideline.newest, stand.behind) == (2, 3, True)
    assert [(one.changed.title, [item.n for item in one.questions]) for one in stand.changes] == [("Rain", [1]), ("Wind", [2, 3])]
    assert stand.changes[0].changed.lines == [("-", "Any rain is rainy."), ("+", "Drizzle is rainy too.")]
    [told] = Notice.objects.filter(kind="exam.behind")
    assert told.user_id == mira.pk
    page = browser(mira).get(f"/client/{shop.slug}/skills/exams/{exam.pk}/guideline/").content.decode()
    assert "Drizzle is rainy too." in page and "Still right, each of them" in page
    assert browser(eve).get(f"/client/{shop.slug}/skills/exams/{exam.pk}/guideline/").status_code == 404
    assert "behind its guideline" in browser(mira).get(f"/client/{shop.slug}/skills/").content.decode()


def test_still_right_is_recorded_by_person_and_time_only_when_each_changed_question_was_named() -> None:
    mira, shop = people.client()
    made, exam = tied(mira, shop)
    with pytest.raises(Conflict):
        right(mira, exam, version=2)
    publish(made, mira, RAIN_CHANGED)
    for numbers, version, refusal in (((), 3, Invalid), ((2, 3), 3, Invalid), ((1,), 2, Conflict)):
        with pytest.raises(refusal):
            right(mira, exam, *numbers, version=version)
    assert not GuidelineCheck.objects.exists() and Exam.objects.get(pk=exam.pk).guideline == 2
    right(mira, exam, 1)
    check = GuidelineCheck.objects.get()
    assert (check.before, check.after, check.questions, check.by, check.at) == (2, 3, [1], mira, NOW)
    assert AuditRecord.objects.get(verb="exam.still_right").actor_id == mira.pk
    assert not guidelines.behind([Exam.objects.get(pk=exam.pk)])
    with pytest.raises(Conflict):
        right(mira, exam, 1)


def test_a_new_version_of_the_test_is_written_for_the_guideline_as_it_is_now() -> None:
    mira, shop = people.client()
    made, exam = tied(mira, shop)
    publish(made, mira, RAIN_CHANGED)
    draft = exams.revise(exam=exam, by_id=mira.pk, now=NOW)
    assert (draft.project, draft.guideline, draft.recheck) == (made.pk, 3, True)
    assert list(draft.items.order_by("n").values_list("section", flat=True)) == ["Rain", "Wind", "Wind", ""]
    assert Exam.objects.get(pk=exam.pk).guideline == 2, "the old one stays what it was"


def test_an_attempt_freezes_its_guideline_and_result_and_proof_say_it() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    made, exam = tied(mira, shop)
    taken = cast.sit(ana, exam, right=4)
    publish(made, mira, RAIN_CHANGED)
    right(mira, exam, 1)
    assert (Attempt.objects.get(pk=taken.pk).guideline, Exam.objects.get(pk=exam.pk).guideline) == (2, 3)
    assert "guideline version 2" in browser(ana).get(f"/work/attempts/{taken.pk}/result/").content.decode()
    assert "guideline version 2" in browser(ana).get("/work/skills/").content.decode()
    [held] = program(ana, "work").get("/api/v1/me/grants/").json()
    assert held["guidelines"] == [{"exam": "Weather words", "project": "Weather", "version": 2}]


def test_who_passed_before_sits_only_what_changed_and_the_proof_stays_as_it_is() -> None:
    mira, shop = people.client()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    made, exam = tied(mira, shop)
    cast.sit(ana, exam, right=4)
    held = Grant.objects.get(worker=ana.pk)
    with pytest.raises(attempts.AlreadyProven):
        cast.sit(ana, exam, right=4)
    publish(made, mira, RAIN_CHANGED)
    right(mira, exam, 1)
    exam.refresh_from_db()
    assert attempts.chance(exam=exam, worker_id=ana.pk, now=NOW).may_start, "who passed has nothing to wait for"
    page = browser(ana).get(f"/work/exams/{exam.pk}/").content.decode()
    assert "1 question" in page and "since version 2" in page and "8 minutes" in page
    failed = cast.sit(ana, exam, right=0, now=NOW + DAY)
    assert (failed.state, failed.since, failed.guideline, failed.items.count()) == ("failed", 2, 3, 1)
    assert guidelines.versions_passed(ana.pk) == {str(exam.series): 2}
    passed = cast.sit(ana, exam, right=1, now=NOW + 3 * DAY)
    assert (passed.state, passed.since) == ("passed", 2)
    assert guidelines.versions_passed(ana.pk) == {str(exam.series): 3}
    after = Grant.objects.get(worker=ana.pk)
    assert (after.pk, after.expires_at, after.score_bp, after.state) == (held.pk, held.expires_at, held.score_bp, "live")
    whole = cast.sit(wen, exam, right=4)
    assert (whole.since, whole.items.count()) == (None, 4), "who never passed sits all of it"


def test_without_the_short_re_check_who_passed_before_sits_all_of_it() -> None:
    mira, shop = people.client()
    ana = people.worker("Ana")
    made, exam = tied(mira, shop, recheck=False)
    cast.sit(ana, exam, right=4)
    publish(made, mira, RAIN_CHANGED)
    right(mira, exam, 1)
    exam.refresh_from_db()
    again = cast.sit(ana, exam, right=4, now=NOW + 2 * DAY)
    assert (again.since, again.guideline, again.items.count(), again.state) == (None, 3, 4, "passed")
    assert len(grants.held_by(worker_id=ana.pk, now=NOW + 2 * DAY)) == 1


def test_a_test_names_a_guideline_of_its_own_owner_and_not_another_while_people_sit_it() -> None:
    (mira, shop), (eve, other) = people.client(), people.client("Eve")
    made, exam = tied(mira, shop)
    theirs = market.project(eve, other)
    draft = cast.draft(of=cast.skill("Clouds", organisation=shop))
    for wrong in (theirs.pk, exam.pk):
        with pytest.raises(Invalid):
            guidelines.tie(exam=draft, project=wrong, recheck=False, by_id=mira.pk, now=NOW)
    with pytest.raises(Conflict):
        guidelines.tie(exam=exam, project=None, recheck=False, by_id=mira.pk, now=NOW)
    with pytest.raises(Invalid):
        guidelines.place(exam=exam, sections={exam.items.get(n=1).pk: "Snow"}, by_id=mira.pk, now=NOW)
    with pytest.raises(NotFound):
        guidelines.place(exam=exam, sections={made.pk: "Rain"}, by_id=mira.pk, now=NOW)
    assert guidelines.place(exam=exam, sections={exam.items.get(n=4).pk: "Rain"}, by_id=mira.pk, now=NOW) == 1
    assert exam.items.get(n=4).section == "Rain" and Exam.objects.get(pk=draft.pk).project is None


def test_the_api_names_places_and_finds_still_right_and_refuses_strangers() -> None:
    (mira, shop), (eve, _other) = people.client(), people.client("Eve")
    made, exam = tied(mira, shop)
    publish(made, mira, RAIN_CHANGED)
    here = f"/api/v1/organisations/{shop.slug}/exams/{exam.pk}/guideline/"
    tab = browser(mira)
    shown = tab.get(here).json()
    assert (shown["version"], shown["newest"], [one["title"] for one in shown["changes"]]) == (2, 3, ["Rain"])
    assert browser(eve).get(here).status_code == 404
    put: dict[str, Any] = {"content_type": "application/json"}
    assert tab.put(here + "sections/", {"sections": {"no": "Rain"}}, **put).status_code in (400, 422)
    assert tab.post(here + "right/", {"version": 3, "questions": []}, **put).status_code == 422
    done = tab.post(here + "right/", {"version": 3, "questions": shown["changes"][0]["questions"]}, **put)
    assert (done.status_code, done.json()["behind"]) == (200, False)


class TestARuleThatAsksForANewerVersion:
    """Looked at, announced, begun."""

    def cast_and_work(self) -> tuple[User, User, Project, Exam]:
        """Ana passed version 2, the test stands at 3, people work."""
        mira, shop = people.client()
        ana = people.worker("Ana")
        people.pay_in(shop, people.usd("100"))
        made, exam = tied(mira, shop)
        with transaction.atomic():
            rule = {"all": [{"fact": "exam", "exam": str(exam.series), "version": 2}]}
            projects.change(project=made, actor_id=mira.pk, now=NOW, eligibility=rule)
        cast.sit(ana, exam, right=4)
        publish(made, mira, RAIN_CHANGED)
        right(mira, exam, 1)
        exam.refresh_from_db()
        market.launch(market.batch(made, mira, texts=4), mira)
        return mira, ana, made, exam

    def announce(self, mira: User, made: Project, exam: Exam, **options: Any) -> ExamRule:
        wanted: dict[str, Any] = {"version": 3, "days": 7} | options
        with transaction.atomic():
            return exam_rules.announce(project=made, series=exam.series, actor_id=mira.pk, now=NOW, **wanted)

    def test_a_dry_run_says_how_many_it_would_shut_out_and_changes_nothing(self) -> None:
        mira, ana, made, exam = self.cast_and_work()
        people.worker("Wen")
        found = exam_rules.look(project=made, series=exam.series, version=3, now=NOW)
        assert (found.people, found.kept, found.shut_out, found.passed_before) == (1, 0, 1, 1)
        page = browser(mira).post(f"/client/{made.organisation.slug}/projects/{made.pk}/exams/", {"exam": f"{exam.series}@3", "days": 7})
        assert "Announce to 1 person" in page.content.decode()
        assert not ExamRule.objects.exists() and not Notice.objects.filter(kind="rule.announced").exists()
        assert market.take(ana) is not None

    def test_it_is_announced_before_and_live_leases_go_on(self) -> None:
        mira, ana, made, exam = self.cast_and_work()
        with pytest.raises(Conflict), transaction.atomic():
            rule = {"all": [{"fact": "exam", "exam": str(exam.series), "version": 3}]}
            projects.change(project=Project.objects.get(pk=made.pk), actor_id=mira.pk, now=NOW, eligibility=rule)
        told = self.announce(mira, made, exam)
        assert told.told == 1 and Notice.objects.get(kind="rule.announced").user_id == ana.pk
        held = market.take(ana)
        assert held is not None, "until its day nothing changes"
        with transaction.atomic():
            assert exam_rules.begin_due(now=NOW + 6 * DAY) == 0
            assert exam_rules.begin_due(now=NOW + 7 * DAY) == 1
            assert exam_rules.begin_due(now=NOW + 7 * DAY) == 0
        made.refresh_from_db()
        assert made.eligibility == {"all": [{"fact": "exam", "exam": str(exam.series), "version": 3}]}
        assert market.answer(ana, held).submission_id, "the task in hand goes on"
        assert market.take(ana) is None and Grant.objects.get(worker=ana.pk).state == "live"
        [closed] = eligibility.why_not(worker_id=ana.pk, now=NOW)
        assert [(miss.fact, miss.exam, miss.has) for miss in closed.misses] == [("exam", str(exam.series), "passed for version 2")]
        assert f"/work/exams/{exam.pk}/" in browser(ana).get("/work/more/").content.decode()
        passed = cast.sit(ana, exam, right=1, now=NOW + 8 * DAY)
        assert passed.state == "passed" and passed.since == 2
        Ready.objects.update(stale=True)
        assert market.take(ana) is not None

    @pytest.mark.parametrize("wrong", [{"days": 2}, {"days": 61}, {"version": 4}])
    def test_too_short_a_grace_or_a_version_nobody_can_pass_is_refused(self, wrong: dict[str, int]) -> None:
        mira, _ana, made, exam = self.cast_and_work()
        with pytest.raises(Invalid):
            self.announce(mira, made, exam, **wrong)
        assert not ExamRule.objects.exists() and not Notice.objects.filter(kind="rule.announced").exists()

    def test_one_is_announced_at_a_time_and_it_can_be_withdrawn(self) -> None:
        mira, ana, made, exam = self.cast_and_work()
        first = self.announce(mira, made, exam)
        with pytest.raises(Conflict):
            self.announce(mira, made, exam)
        eve, _other = people.client("Eve")
        here = f"/api/v1/organisations/{made.organisation.slug}/projects/{made.pk}/exam-rules/"
        assert browser(eve).get(here).status_code == 404
        api = browser(mira)
        assert [one["version"] for one in api.get(f"/api/v1/projects/{made.pk}/exam-rules/").json()] == [3]
        assert api.delete(f"/api/v1/projects/{made.pk}/exam-rules/{first.pk}/").status_code == 204
        assert api.delete(f"/api/v1/projects/{made.pk}/exam-rules/{first.pk}/").status_code == 404
        assert Notice.objects.get(kind="rule.withdrawn").user_id == ana.pk
        with transaction.atomic():
            assert exam_rules.begin_due(now=NOW + 30 * DAY) == 0
        assert market.take(ana) is not None
