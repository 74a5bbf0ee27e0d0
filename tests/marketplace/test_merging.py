"""Two accounts of one person become one: by two people of ops, with all that was in them, and as nobody's punishment."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Conflict, Invalid
from kit.models import AuditRecord, OutboxEvent
from marketplace import apart, disputes, joined_scores, merging, results, review, scores
from marketplace.models import Apart, Assignment, CourseProgress, Project, Result, Seat, Task, WorkerRecord
from qualification import grants
from qualification.models import Grant
from tests import market, people
from tests.marketplace import test_seats
from tests.people import NOW
from tests.qualification.cast import skill as a_skill
from tests.workers.doors import browser, program
from workers import decisions, standing
from workers.models import Merge, Notice, User
from workers.people import NotIndependent, linked

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def proposed(twin: User, ana: User, *, by: User | None = None) -> Merge:
    return merging.propose(
        old_id=twin.pk, kept_id=ana.pk, why="Same passport on both", by_id=(by or people.ops("Olu")).pk, now=NOW
    )


def done(twin: User, ana: User) -> Merge:
    return merging.approve(merge=proposed(twin, ana), by_id=people.ops("Oda").pk, now=NOW)


def test_work_seen_proofs_and_the_people_kept_apart_go_over_and_the_old_account_ends_with_a_link() -> None:
    ana, twin, bob, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.worker("Bob"), people.client()
    market.launched(mira, shop, texts=2, overlap=2, max_overlap=2)
    assert market.work(twin)
    skill = a_skill()
    grants.grant(worker_id=twin.pk, skill=skill, tier=2, source="ops", now=NOW, valid_days=100)
    apart.keep(one_id=twin.pk, other_id=bob.pk, why="household", by_id=people.ops("Oda").pk, now=NOW)
    merge = done(twin, ana)

    assert merge.moved == {
        "skills": 1, "tests": 0, "tasks": 1, "apart": 1, "pools": 0, "courses": 0, "scores": 1, "referrals": 0, "places": 0,
    }  # fmt: skip
    assert people.of_worker("available", ana) == people.usd("0.10")
    assert people.of_worker("available", twin) == people.usd("0")
    assert Grant.objects.get(worker_id=ana.pk, state="live").tier == 2
    assert Apart.objects.filter(one_id=min(ana.pk, bob.pk), other_id=max(ana.pk, bob.pk), ended_at=None).exists()
    assert market.work(ana) and market.work(ana) is None, "the task that the twin answered is not shown again"
    assert Assignment.objects.filter(worker=ana).count() == 2
    profile = standing.profile(twin.pk)
    assert (profile.standing, profile.standing_reason) == ("ended", "merged")
    assert linked(ana.pk) == {ana.pk, twin.pk}
    assert AuditRecord.objects.filter(verb="merge.done", subject_id=str(merge.pk)).count() == 1
    assert Notice.objects.filter(user=ana, kind="merge.done").exists() and Notice.objects.filter(user=twin, kind="merge.closed").exists()
    page = browser(twin).get("/work/standing/").content.decode()
    assert "part of your other one" in page
    assert browser(twin).get("/work/earnings/").status_code == 200


def test_courses_and_paid_places_go_over_and_nobody_is_paid_twice_for_one() -> None:
    ana, twin, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.client()
    batch = test_seats.moving(mira, shop)
    test_seats.offer(batch, mira, n=2)
    test_seats.begin(twin, batch)
    test_seats.passes(twin, batch)
    merge = done(twin, ana)
    assert merge.moved["courses"] == 2, "the course that was passed, and its seat"
    assert CourseProgress.objects.get().worker_id == Seat.objects.get().worker_id == ana.pk
    assert test_seats.available(ana) == people.usd("3.00") and test_seats.available(twin) == people.usd("0")


def test_a_better_proof_of_the_kept_account_stays() -> None:
    ana, twin, skill = people.worker("Ana"), people.worker("Twin"), a_skill()
    grants.grant(worker_id=twin.pk, skill=skill, tier=1, source="ops", now=NOW)
    grants.grant(worker_id=ana.pk, skill=skill, tier=3, source="ops", now=NOW)
    assert done(twin, ana).moved["skills"] == 0
    assert Grant.objects.get(worker_id=ana.pk, state="live").tier == 3


def test_it_takes_two_people_of_ops_whom_it_does_not_concern() -> None:
    ana, twin, olu = people.worker("Ana"), people.worker("Twin"), people.ops("Olu")
    for somebody, error in ((people.ops("Fin", "finance"), decisions.NotADecider), (people.person("Eve"), decisions.NotADecider)):
        with pytest.raises(error):
            proposed(twin, ana, by=somebody)
    merge = proposed(twin, ana, by=olu)
    with pytest.raises(NotIndependent):
        merging.approve(merge=merge, by_id=olu.pk, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.filter(pk=merge.pk).update(state="done", decided_by=olu, decided_at=NOW)
    with pytest.raises(IntegrityError, match="whom it does not concern"), transaction.atomic():
        Merge.objects.filter(pk=merge.pk).update(state="done", decided_by=twin, decided_at=NOW)
    assert standing.profile(twin.pk).standing == "active"
    merging.decline(merge=merge, by_id=olu.pk, now=NOW)
    assert standing.profile(twin.pk).standing == "active"
    assert linked(ana.pk) == {ana.pk}


def test_what_is_in_motion_comes_to_its_end_first() -> None:
    ana, twin, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.client()
    market.launched(mira, shop)
    assert market.take(twin)
    merge = proposed(twin, ana)
    with pytest.raises(merging.NotYetMergeable, match="holds a task"), transaction.atomic():
        merging.approve(merge=merge, by_id=people.ops("Oda").pk, now=NOW)
    assert Merge.objects.get().state == "proposed" and standing.profile(twin.pk).standing == "active"


def test_one_account_is_in_one_merge_and_never_with_itself_nor_with_one_that_ends() -> None:
    ana, twin, bob = people.worker("Ana"), people.worker("Twin"), people.worker("Bob")
    with pytest.raises(Invalid):
        proposed(ana, ana)
    proposed(twin, ana)
    with pytest.raises(Conflict):
        proposed(twin, bob)
    standing.leave(worker_id=bob.pk, now=NOW)
    with pytest.raises(Conflict):
        proposed(bob, ana)
    assert Merge.objects.count() == 1


def test_the_database_ends_no_account_as_merged_that_was_not() -> None:
    ana = people.worker("Ana")
    profile = standing.profile(ana.pk)
    with pytest.raises(IntegrityError, match="without a decision"), transaction.atomic():
        type(profile).objects.filter(pk=ana.pk).update(standing="ended", standing_reason="merged")
    assert standing.profile(ana.pk).standing == "active"


def test_page_and_api_propose_show_and_approve() -> None:
    ana, twin, olu, oda = people.worker("Ana"), people.worker("Twin"), people.ops("Olu"), people.ops("Oda")
    tab = browser(olu)
    sent = tab.post("/ops/merges/", {"old": twin.email, "kept": ana.email, "why": "Same passport on both"})
    merge = Merge.objects.get()
    assert sent.url == f"/ops/merges/{merge.pk}/"
    assert "somebody else approves" in tab.get(sent.url).content.decode()
    assert tab.get("/ops/queues/merges/").status_code == 200
    oda.set_password("long and secret")
    oda.save(update_fields=["password"])
    assert "reauthenticate" in browser(oda).post(f"/ops/merges/{merge.pk}/approve/").url
    assert Merge.objects.get().state == "proposed", "the password is asked for first"
    assert program(oda, "ops").post(f"/api/v1/ops/merges/{merge.pk}/approve/").status_code == 403
    other = browser(oda, reauthenticated=True)
    assert other.post(f"/api/v1/ops/merges/{merge.pk}/approve/").json()["state"] == "done"
    assert "What went over" in other.get(f"/ops/merges/{merge.pk}/").content.decode()
    assert program(olu, "ops").get("/api/v1/ops/merges/").json()["results"][0]["old"] == str(twin.pk)


class TestScores:
    """The surviving account has the score that one person has who did all of it."""

    def of(self, worker: User, project: Project) -> tuple[Any, ...]:
        record = WorkerRecord.objects.get(worker=worker, project=project)
        counts = (record.answers, record.accepted, record.gold_seen, record.gold_right)
        return (*counts, record.score_bp, record.score_low_bp, record.score_high_bp)

    def answers(self, project: Project, several: list[tuple[User, dt.datetime, int]], bob: User) -> Project:
        """Twelve answers one after the other, every fourth another than Bob's."""
        market.launch(market.batch(project, people.person("Nobody"), texts=12), people.person("Nobody"))
        while market.work(bob, now=NOW):
            pass
        at = 0
        for worker, when, many in several:
            for _time in range(many):
                at += 1
                assert market.work(worker, "rainy" if at % 4 == 0 else "sunny", now=when)
        return project

    def test_a_fitted_score_equals_that_of_one_person_with_the_same_answers_at_the_same_times(self) -> None:
        ana, twin, bob, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.worker("Bob"), people.client()
        people.pay_in(shop, people.usd("100"))
        later = NOW + 30 * DAY
        two = self.answers(market.project(mira, shop, overlap=2, max_overlap=2), [(twin, NOW, 6), (ana, later, 6)], bob)
        one = self.answers(market.project(mira, shop, overlap=2, max_overlap=2), [(ana, NOW, 6), (ana, later, 6)], bob)
        for project in (one, two):
            results.refit(project=project, now=later)
        assert self.of(ana, two)[4:] != self.of(ana, one)[4:]
        merge = done(twin, ana)
        assert merge.moved["scores"] == 1
        assert OutboxEvent.objects.filter(name="scores.recount", payload__project_id=str(two.pk)).count() == 1
        disputes.recount(project_id=two.pk, now=later)
        assert self.of(ana, two) == self.of(ana, one) and self.of(ana, two)[0] == 12
        assert not WorkerRecord.objects.filter(worker=twin).exists()

    def test_counts_are_added_up_once_with_a_row_and_what_comes_later_counts_for_the_kept_account(self) -> None:
        ana, twin, wen, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.worker("Wen"), people.client()
        people.pay_in(shop, people.usd("100"))
        project = market.project(mira, shop)
        market.launch(market.batch(project, mira, texts=5), mira)
        handed_in = [market.work(worker) for worker in (twin, twin, ana)]
        for worker, seen, right in ((ana, 10, 9), (twin, 6, 2), (wen, 16, 11)):
            WorkerRecord.objects.get_or_create(worker=worker, project=project)
            WorkerRecord.objects.filter(worker=worker, project=project).update(gold_seen=seen, gold_right=right)
            scores.refresh(worker_id=worker.pk, project_id=project.pk, now=NOW)
        merge = done(twin, ana)
        assert self.of(ana, project)[0] == 3
        assert self.of(ana, project)[2:] == self.of(wen, project)[2:]
        assert AuditRecord.objects.filter(verb="scores.joined", subject_id=str(merge.pk)).count() == 1
        assert joined_scores.join(merge=merge, now=NOW) == 0 and self.of(ana, project)[2:4] == (16, 11)
        first = handed_in[0]
        assert first is not None
        review.count_judged(worker_id=twin.pk, project_id=project.pk)
        assert self.of(ana, project)[1] == 3 and not WorkerRecord.objects.filter(worker=twin).exists()

    def test_two_answers_of_one_person_to_one_task_are_one_opinion(self) -> None:
        ana, twin, (mira, shop) = people.worker("Ana"), people.worker("Twin"), people.client()
        people.pay_in(shop, people.usd("100"))
        project = market.project(mira, shop, overlap=3, max_overlap=3)
        market.launch(market.batch(project, mira, texts=1), mira)
        assert market.work(twin) and market.work(ana, "rainy", now=NOW + DAY)
        done(twin, ana)
        with transaction.atomic():
            results.consider(task_id=Task.objects.get(project=project).pk, now=NOW + DAY)
        assert Result.objects.get(task__project=project).answers == 1
