"""Signs of AI tools bring a case before a person, who hears the worker; nothing else ever follows."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from kit.errors import Conflict, Invalid, NotFound
from kit.models import AuditRecord
from marketplace import cases, dispatch, projects, signs
from marketplace.models import AICase, Lease, Submission, WorkerRecord, WorkSigns
from tests import market, people
from tests.marketplace.api.callers import Caller
from tests.marketplace.test_disputes import deliver
from workers import appeals, work_queues
from workers.models import Appeal, Claim, Notice, User
from workers.people import NotIndependent

pytestmark = pytest.mark.django_db

NOW = market.NOW
HOUR = dt.timedelta(hours=1)
TEXT = "The sky is said to be grey and the street to be wet, so whoever wrote this meant that it was raining. " * 2
LABELS = [{"value": label, "label": label.title()} for label in market.LABELS]
PASTED = {"typed": 3, "pasted": len(TEXT), "pastes": 1, "away_ms": 4_000}
TYPED = {"typed": len(TEXT) + 20, "pasted": 0, "pastes": 0, "away_ms": 0}


def commented(*, texts: int = 8, **options: Any) -> uuid.UUID:
    """A batch whose answers need a sentence; AI tools are forbidden unless it says otherwise."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, **options)
    with transaction.atomic():
        projects.change_settings(project=made, settings={"labels": LABELS, "comment": "required"}, actor_id=mira.id, now=NOW)
    return market.launch(market.batch(made, mira, texts=texts), mira).project_id


def write(worker: User, counted: Any, *, now: dt.datetime = NOW, seconds: int = 120) -> Submission:
    """An answer with a long comment, of which the workspace counted this."""
    lease = market.take(worker, now=now)
    assert lease is not None
    Lease.objects.filter(pk=lease.lease_id).update(active_ms=seconds * 1_000, last_input_at=now)
    with transaction.atomic():
        made = market.submissions.submit(
            worker_id=worker.id, lease_id=lease.lease_id, answer={"label": "rainy", "comment": TEXT}, now=now
        )
        cases.note(worker_id=worker.id, lease_id=lease.lease_id, counted=counted, now=now)
    return Submission.objects.get(pk=made.submission_id)


def look(now: dt.datetime = NOW) -> int:
    return cases.look(since=now - HOUR, now=now)


def case_of(worker: User, *, times: int = 3, **options: Any) -> AICase:
    commented(**options)
    for _time in range(times):
        write(worker, PASTED)
    assert look() == 1
    return AICase.objects.get(worker=worker)


@pytest.mark.parametrize(("counts", "found"), [
    ((200, 0, 200, 0, 90_000), ["pasted"]), ((200, 10, 5, 0, 90_000), ["not_typed"]), ((200, 220, 0, 0, 90_000), []),
    ((200, 220, 0, 0, 5_000), ["too_fast"]), ((60, 0, 60, 0, 100), []), ((200, 90, 115, 0, 90_000), []),
])  # fmt: skip
def test_what_counts_as_a_sign(counts: tuple[int, ...], found: list[str]) -> None:
    assert signs.of(signs.Seen(*counts)) == found


def test_text_is_what_people_write_themselves() -> None:
    assert signs.written({"label": "x" * 99, "comment": "ab"}) == 2
    assert signs.written({"segments": [{"start": 0, "text": "abc"}, {"text": "de"}], "boxes": [1, None]}) == 5


def test_many_signs_open_one_case_and_nothing_else_moves() -> None:
    ana = people.worker("Ana")
    case = case_of(ana)
    before = WorkerRecord.objects.get(worker=ana)
    assert (case.signs, case.looked_at, len(case.evidence)) == (["pasted"], 3, 3)
    assert look() == 0 and AICase.objects.count() == 1
    assert Notice.objects.get(user=ana).kind == "case.opened"
    assert set(Submission.objects.values_list("state", flat=True)) == {"accepted"}
    assert (before.score_bp, before.rejected) == (None, 0)
    ana.worker.refresh_from_db()
    assert ana.worker.standing == "active"
    assert "comment" not in json.dumps(case.evidence), "figures, never what was written"


@pytest.mark.parametrize("written", [[PASTED, PASTED], [PASTED] * 3 + [TYPED] * 4, [TYPED] * 4])
def test_few_signs_open_none(written: list[dict[str, int]]) -> None:
    commented()
    ana = people.worker("Ana")
    for counted in written:
        write(ana, counted)
    assert look() == 0 and not AICase.objects.exists()


@pytest.mark.parametrize("policy", ["assisted", "allowed"])
def test_nothing_is_counted_where_ai_tools_may_be_used(policy: str) -> None:
    commented(ai_use=policy)
    ana = people.worker("Ana")
    write(ana, PASTED)
    assert not WorkSigns.objects.exists()


@pytest.mark.parametrize("counted", [None, [], "x", {"typed": -1}, PASTED | {"typed": "3"}, PASTED | {"pasted": True}, {}])
def test_what_a_browser_cannot_have_counted_is_dropped(counted: Any) -> None:
    commented()
    write(people.worker("Ana"), counted)
    assert not WorkSigns.objects.exists()


def test_nobody_counts_for_somebody_else() -> None:
    commented()
    ana, eve = people.worker("Ana"), people.worker("Eve")
    lease = market.take(ana)
    assert lease is not None
    with transaction.atomic():
        cases.note(worker_id=eve.id, lease_id=lease.lease_id, counted=PASTED, now=NOW)
    assert not WorkSigns.objects.exists()


def test_a_worker_is_heard_before_anybody_decides_against_them() -> None:
    ana, olu = people.worker("Ana"), people.ops("Olu", "quality_lead")
    case = case_of(ana)
    decide = {"case_id": case.pk, "by_id": olu.id, "grounds": "Three answers, word for word."}
    with pytest.raises(cases.TooEarly), transaction.atomic():
        cases.decide(**decide, founded=True, now=NOW + 47 * HOUR)
    with transaction.atomic():
        cases.answer(case_id=case.pk, worker_id=ana.id, text="I write in my own editor.", now=NOW + HOUR)
    with transaction.atomic():
        decided = cases.decide(**decide, founded=True, now=NOW + 2 * HOUR)
    assert (decided.outcome, decided.decided_by_id) == ("founded", olu.id)
    with pytest.raises(Conflict), transaction.atomic():
        cases.answer(case_id=case.pk, worker_id=ana.id, text="But", now=NOW + 3 * HOUR)
    assert set(Submission.objects.values_list("state", flat=True)) == {"accepted"}


def test_nobody_decides_about_themselves_without_grounds_or_about_what_is_not_there() -> None:
    ana, olu = people.worker("Ana"), people.ops("Olu", "quality_lead")
    case = case_of(ana)
    for wrong, refusal in (
        ({"by_id": ana.id, "grounds": "mine"}, NotIndependent), ({"by_id": olu.id, "grounds": "  "}, Invalid),
        ({"by_id": olu.id, "grounds": "x", "case_id": uuid.UUID(int=7)}, NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal), transaction.atomic():
            cases.decide(**({"case_id": case.pk, "founded": False, "now": NOW} | wrong))
    assert AICase.objects.get().decided_at is None
    with pytest.raises(NotFound), transaction.atomic():
        cases.answer(case_id=case.pk, worker_id=people.worker("Eve").id, text="x", now=NOW)


def test_silence_is_for_the_worker_and_the_next_month_is_quiet() -> None:
    ana = people.worker("Ana")
    case = case_of(ana)
    with transaction.atomic():
        assert cases.end_overdue(now=case.decide_by) == 1
    assert AICase.objects.get().outcome == "by_silence"
    for _time in range(3):
        write(ana, PASTED, now=case.decide_by)
    assert look(case.decide_by) == 0


def test_the_clock_of_judging_stands_still_while_a_case_is_open() -> None:
    olu = people.ops("Olu", "quality_lead")
    case = case_of(people.worker("Ana"), review_rule="client")
    week, day = dt.timedelta(days=7), dt.timedelta(days=1)
    clocks = Submission.objects.values_list("judge_by", "judge_by_at_most").distinct()
    assert list(clocks) == [(NOW + 3 * day + week, NOW + 2 * week)]
    assert cases.named_waiting(case).count() == 3
    with transaction.atomic():
        cases.decide(case_id=case.pk, by_id=olu.id, founded=False, grounds="She dictates.", now=NOW + 2 * day)
    assert list(clocks.all()) == [(NOW + 5 * day, NOW + 9 * day)], "two days more than without it"


def test_a_clock_that_silence_ended_a_case_for_goes_on_after_a_week() -> None:
    case = case_of(people.worker("Ana"), review_rule="client")
    with transaction.atomic():
        cases.end_overdue(now=case.decide_by)
    assert set(Submission.objects.values_list("judge_by", flat=True)) == {NOW + dt.timedelta(days=10)}


def test_how_often_a_sign_was_wrong_is_measured_by_what_people_decided() -> None:
    olu = people.ops("Olu", "quality_lead")
    first = case_of(people.worker("Ana"))
    assert cases.records(case=first, now=NOW)[0].wrong is None, "nothing is decided yet"
    with transaction.atomic():
        cases.decide(case_id=first.pk, by_id=olu.id, founded=False, grounds="She dictates.", now=NOW)
    (record,) = cases.records(case=case_of(people.worker("Ben")), now=NOW)
    assert record.wrong is not None
    assert (record.sign, record.decided, record.unfounded) == ("pasted", 1, 1)
    assert (record.others, record.others_percent) == (3, 100), "the answers of others in the same project"
    assert record.wrong.low < 80 < record.wrong.high


def test_what_was_counted_is_kept_for_a_month() -> None:
    commented()
    write(people.worker("Ana"), PASTED)
    cases.forget_signs(now=NOW + dt.timedelta(days=29))
    assert WorkSigns.objects.exists()
    cases.forget_signs(now=NOW + dt.timedelta(days=31))
    assert not WorkSigns.objects.exists()


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_the_workspace_says_that_it_counts_and_hands_in_what_it_counted() -> None:
    commented()
    ana = people.worker("Ana")
    lease = market.take(ana, now=timezone.now())
    assert lease is not None
    hers, where = browser_of(ana), reverse("market:workspace", args=[lease.lease_id])
    page = hers.get(where).content.decode()
    assert "data-signs" in page and "never which" in page
    with transaction.atomic():
        dispatch.save_draft(worker_id=ana.id, lease_id=lease.lease_id, answer={"label": "rainy"}, now=timezone.now())
    assert "data-signs" not in hers.get(where).content.decode(), "what was begun before was not counted on this page"
    body = {"answer": {"label": "rainy", "comment": TEXT}, "then": "home", "signs": PASTED}
    assert hers.post(f"{where}submit/", json.dumps(body), content_type="application/json").status_code == 200
    assert WorkSigns.objects.get().pasted == len(TEXT)


def test_pages_of_worker_and_ops_and_the_api() -> None:
    ana, olu = people.worker("Ana"), people.ops("Olu", "quality_lead")
    case = case_of(ana)
    AICase.objects.update(opened_at=timezone.now(), decide_by=timezone.now() + dt.timedelta(days=7))
    hers, theirs = browser_of(ana), browser_of(olu)
    mine, other = reverse("market:case", args=[case.pk]), reverse("market:ops_case", args=[case.pk])
    assert "3 of your last 3 long answers" in hers.get(mine).content.decode()
    assert browser_of(people.worker("Eve")).get(mine).status_code == 404
    assert hers.post(mine, {"text": "I dictate."}).status_code == 302
    page = theirs.get(other).content.decode()
    assert "I dictate." in page and TEXT[:40] in page and "not measured yet" in page
    assert "Ana" in theirs.get(reverse("market:ops_cases")).content.decode()
    assert "Signs of AI tools: Ana" in theirs.get(reverse("market:ops_today_section", args=["cases"])).content.decode()
    assert theirs.post(other, {"verdict": "unfounded", "grounds": ""}).status_code == 422
    api = Caller(ana, ["work"])
    assert api.get("work/cases/")[1]["results"][0]["said"] == "I dictate."
    assert api.post(f"work/cases/{case.pk}/answer/", {"text": "I dictate, really."})[0] == 200
    lead = Caller(olu, ["ops"])
    assert lead.get("ops/cases/")[1]["results"][0]["worker"] == str(ana.id)
    assert Caller(people.ops("Pat", "finance"), ["ops"]).get("ops/cases/")[0] == 403
    status, said = lead.post(f"ops/cases/{case.pk}/decide/", {"founded": False, "grounds": "She dictates."})
    assert (status, said["outcome"]) == (200, "unfounded")
    assert "nothing came of it" in hers.get(mine).content.decode()
    assert theirs.get(reverse("market:ops_cases"), {"state": "decided"}).status_code == 200


def found_against(worker: User) -> AICase:
    """A case that Olu decided against this worker."""
    case = case_of(worker)
    with transaction.atomic():
        cases.answer(case_id=case.pk, worker_id=worker.pk, text="I did not.", now=NOW)
        return cases.decide(case_id=case.pk, by_id=people.ops("Olu", "quality_lead").pk, founded=True, grounds="Pasted whole.", now=NOW)


def appealed(case: AICase, worker: User) -> Appeal:
    with transaction.atomic():
        return cases.appeal(case_id=case.pk, worker_id=worker.pk, text="I write in my own editor.", now=NOW + HOUR)


def test_an_appeal_that_is_won_overturns_the_case_and_counts_the_sign_as_wrong() -> None:
    ana, pat = people.worker("Ana"), people.ops("Pat", "pool_manager")
    case = found_against(ana)
    appeal = appealed(case, ana)
    with pytest.raises(NotIndependent), transaction.atomic():
        appeals.answer(appeal=appeal, by_id=ana.pk, text="Fine.", now=NOW + HOUR)
    with transaction.atomic():
        appeals.answer(appeal=appeal, by_id=pat.pk, text="We looked at her drafts.", now=NOW + HOUR)
    with pytest.raises(NotIndependent), transaction.atomic():
        appeals.decide(appeal=appeal, by_id=case.decided_by_id, overturn=False, grounds="No.", now=NOW + HOUR)
    with transaction.atomic():
        appeals.decide(appeal=appeal, by_id=pat.pk, overturn=True, grounds="The drafts are hers.", now=NOW + 2 * HOUR)
    deliver()
    case.refresh_from_db()
    assert case.outcome == "overturned" and case.grounds == "Pasted whole.", "what was said stays readable"
    [record] = cases.records(case=case, now=NOW)
    assert (record.decided, record.unfounded) == (1, 1)
    assert "You appealed and won" in browser_of(ana).get(reverse("market:case", args=[case.pk])).content.decode()


def test_silence_overturns_too() -> None:
    ana = people.worker("Ana")
    case = found_against(ana)
    appealed(case, ana)
    with transaction.atomic():
        assert appeals.decide_overdue(now=NOW + dt.timedelta(hours=50)) == 1
    deliver()
    case.refresh_from_db()
    assert case.outcome == "overturned"


def test_an_appeal_that_is_lost_changes_nothing() -> None:
    ana, pat = people.worker("Ana"), people.ops("Pat", "pool_manager")
    case = found_against(ana)
    appeal = appealed(case, ana)
    with transaction.atomic():
        appeals.answer(appeal=appeal, by_id=case.decided_by_id, text="It was pasted.", now=NOW + HOUR)
        appeals.decide(appeal=appeal, by_id=pat.pk, overturn=False, grounds="It was.", now=NOW + 2 * HOUR)
    deliver()
    cases.overturn(case_id=case.pk, appeal_id=appeal.pk, now=NOW)
    case.refresh_from_db()
    assert case.outcome == "founded" and not AuditRecord.objects.filter(verb="ai_case.overturned").exists()


def test_only_what_went_against_oneself_is_appealed_once_and_in_time() -> None:
    ana, eve = people.worker("Ana"), people.worker("Eve")
    case = found_against(ana)
    for who, when, error in ((eve, NOW, NotFound), (ana, NOW + dt.timedelta(days=30), cases.NotAppealable)):
        with pytest.raises(error), transaction.atomic():
            cases.appeal(case_id=case.pk, worker_id=who.pk, text="Look again.", now=when)
    AICase.objects.filter(pk=case.pk).update(outcome="unfounded")
    with pytest.raises(cases.NotAppealable), transaction.atomic():
        appealed(case, ana)
    assert not Appeal.objects.exists()
    AICase.objects.filter(pk=case.pk).update(outcome="founded")
    appealed(case, ana)
    with pytest.raises(appeals.AlreadyAppealed), transaction.atomic():
        appealed(case, ana)
    assert Appeal.objects.count() == 1


def test_an_appeal_in_page_and_api_and_where_ops_sees_what_it_is_about() -> None:
    ana, olu = people.worker("Ana"), people.ops("Pat", "pool_manager")
    case = found_against(ana)
    AICase.objects.update(decided_at=timezone.now())
    hers, theirs, mine = browser_of(ana), browser_of(olu), reverse("market:case", args=[case.pk])
    assert "Send the appeal" in hers.get(mine).content.decode()
    assert hers.post(mine, {"text": " "}).status_code == 422
    status, said = Caller(ana, ["work"]).post(f"work/cases/{case.pk}/appeal/", {"text": "My own editor."})
    assert (status, said["state"]) == (201, "open")
    assert Caller(ana, ["work"]).post(f"work/cases/{case.pk}/appeal/", {"text": "Again."})[0] == 409
    page = hers.get(mine).content.decode()
    assert "My own editor." in page and "Send the appeal" not in page
    asked = theirs.get(reverse("workers:ops_appeal", args=[said["id"]])).content.decode()
    where = reverse("market:ops_case", args=[case.pk])
    assert where in asked and "Appealed" in theirs.get(where).content.decode()


def test_a_case_that_a_colleague_is_at_is_left_to_them() -> None:
    ana, olu, pat = people.worker("Ana"), people.ops("Olu", "quality_lead"), people.ops("Pat", "quality_lead")
    case = case_of(ana)
    assert [str(row.item.id) for row in work_queues.rows(work_queues.find(cases.QUEUE), by_id=pat.pk, now=NOW)] == [str(case.pk)]
    work_queues.claim(queue=cases.QUEUE, item=case.pk, by_id=olu.pk, now=NOW)
    with pytest.raises(work_queues.Taken), transaction.atomic():
        cases.decide(case_id=case.pk, by_id=pat.pk, founded=False, grounds="Nothing.", now=NOW)
    case.refresh_from_db()
    assert case.outcome == ""
    with transaction.atomic():
        cases.decide(case_id=case.pk, by_id=olu.pk, founded=False, grounds="Nothing.", now=NOW)
    assert not Claim.objects.exists()
