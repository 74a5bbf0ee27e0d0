"""Where the crowd is not sure: an expert answers blind, then one who sees all answers; stories of a batch with experts."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Invalid
from marketplace import batches, dispatch, eligibility, escalation, estimates, gold, jobs, pricing, projects, results
from marketplace.api import leases as api
from marketplace.api import why_empty
from marketplace.models import Batch, Lease, Project, Queue, Ready, Result, Slot, WorkerRecord
from payments import funding, invariants
from qualification.grading import Score
from qualification.models import Skill
from tests import market, people
from tests.marketplace import experts
from tests.marketplace.api.test_hot_paths import statements
from tests.marketplace.experts import crowd, deliver, expert, hand_in, launched, with_experts
from workers import standing

pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)


@pytest.fixture
def skill() -> Skill:
    return experts.meteorology()


@pytest.fixture
def client() -> experts.Payer:
    return experts.payer()


def open_slots(batch: Batch) -> list[tuple[str, int]]:
    rows = Slot.objects.filter(queue__batch=batch, open=True).order_by("queue_id")
    return list(rows.values_list("queue__kind", "queue__tier"))


@pytest.fixture(autouse=True)
def books_are_right() -> Iterator[None]:
    yield
    wrong = [found for found in invariants.findings() if not found.ok and "clearing" not in found.name]
    assert not wrong


# --- the walk ----------------------------------------------------------------------------------------------------------


def test_a_crowd_that_agrees_asks_no_expert(client: Any, skill: Skill) -> None:
    batch = launched(client)
    crowd("sunny", "sunny", "sunny")
    wen = expert(skill)
    assert ("adjudication", 2) not in open_slots(batch)
    assert Result.objects.get(batch=batch).answer == {"label": "sunny"}
    assert market.take(wen, kind="adjudication") is None


def test_a_split_crowd_is_followed_by_an_experts_blind_answer_at_the_experts_price(client: Any, skill: Skill) -> None:
    batch, wen = launched(client), expert(skill)
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == [("answer", 2)]
    lease = market.take(wen)
    assert lease is not None and (lease.kind, lease.terms["tier"], lease.terms["skill"]) == ("answer", 2, "meteorology")
    with transaction.atomic():
        shown = api.shown(lease)
    assert shown["answers"] is None and shown["terms"]["tier"] == 2, "the expert answers without seeing the others"
    assert hand_in(wen, lease, "windy").units == 5_000
    assert people.of_worker("available", wen) == people.usd("0.50")


def test_who_sees_all_answers_has_the_last_word_and_is_paid_for_it(client: Any, skill: Skill) -> None:
    batch, wen, ida = launched(client), expert(skill), expert(skill, "Ida", tier=3)
    crowd("sunny", "rainy", "windy")
    hand_in(wen, market.take(wen), "rainy")
    assert open_slots(batch) == [("adjudication", 2)]
    assert Result.objects.get(batch=batch).state == "open"
    assert market.take(wen, kind="adjudication") is None, "who answered a task never adjudicates it"
    lease = market.take(ida, kind="adjudication")
    assert lease is not None
    with transaction.atomic():
        shown = api.shown(lease)
    assert [answer["label"] for answer in shown["answers"]] == ["sunny", "rainy", "windy", "rainy"]
    assert not {"worker", "name", "author"} & set(str(shown["answers"]).replace("'", " ").split())
    assert hand_in(ida, lease, "windy").state == "accepted"
    result = Result.objects.get(batch=batch)
    assert (result.state, result.by, result.answer) == ("settled", "adjudication", {"label": "windy"})
    assert result.confidence_bp is not None and 0 < result.confidence_bp < 10_000
    assert people.of_worker("available", ida) == people.usd("1.00")
    assert jobs.advance_batch(batch_id=batch.pk, now=market.NOW + DAY) == "settled"


def test_without_room_between_least_and_most_the_last_word_comes_at_once(client: Any, skill: Skill) -> None:
    batch = launched(client, overlap=3, max_overlap=3)
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == [("adjudication", 2)]


def test_experts_who_agree_with_a_leaning_crowd_settle_it_without_a_last_word(client: Any, skill: Skill) -> None:
    batch, wen = launched(client, target_accuracy_bp=9_500), expert(skill)
    crowd("sunny", "rainy", "sunny")
    hand_in(wen, market.take(wen), "sunny")
    result = Result.objects.get(batch=batch)
    assert (result.state, result.by, result.answer, result.answers) == ("settled", "model", {"label": "sunny"}, 4)
    assert open_slots(batch) == []


# --- who may ----------------------------------------------------------------------------------------------------------


def test_only_a_live_grant_of_the_skill_and_tier_leads_to_experts_work(client: Any, skill: Skill) -> None:
    batch = launched(client)
    crowd("sunny", "rainy", "windy")
    other = Skill.objects.create(slug="botany", name="Botany", kind="subject")
    eve, ben = people.worker("Eve"), expert(skill, "Ben", tier=1)
    gone = expert(skill, "Gus", valid_days=1)
    paused = expert(skill, "Pia")
    with transaction.atomic():
        standing.pause(worker_id=paused.id, reason="own_wish", until=market.NOW + 9 * DAY, by_id=None, now=market.NOW)
    for refused in (eve, ben, expert(other, "Bo", tier=3)):
        assert market.take(refused) is None
    assert market.take(gone, now=market.NOW + 2 * DAY) is None
    with pytest.raises(dispatch.NotWorking):
        market.take(paused)
    assert not Lease.objects.filter(queue__tier__gt=0).exists() and open_slots(batch) == [("answer", 2)]
    assert market.take(expert(skill)) is not None


def test_a_grant_that_ends_shuts_the_door_at_once(client: Any, skill: Skill) -> None:
    launched(client)
    crowd("sunny", "rainy", "windy")
    wen = expert(skill, valid_days=1)
    with transaction.atomic():
        eligibility.make_ready(worker_id=wen.id, now=market.NOW)
    assert Ready.objects.get(worker=wen).valid_until <= market.NOW + DAY
    assert market.take(wen, now=market.NOW + DAY) is None


def test_experts_take_ordinary_work_while_no_expert_is_needed_and_experts_work_first(client: Any, skill: Skill) -> None:
    launched(client)
    crowd("sunny", "rainy", "windy")
    ordinary = market.launch(market.batch(market.project(*client), client[0], texts=1), client[0])
    with transaction.atomic():
        batches.reprioritise(batch=ordinary, priority=100, actor_id=client[0].id, now=market.NOW)
    wen = expert(skill)
    first = market.take(wen)
    assert first is not None and first.terms["tier"] == 2, "what only an expert can do comes before any priority"
    hand_in(wen, first, "windy")
    second = market.take(wen)
    assert second is not None and (second.terms["tier"], second.terms["batch"]) == (0, str(ordinary.pk))


def test_who_gave_an_adjudication_back_is_not_asked_again_and_another_expert_is(client: Any, skill: Skill) -> None:
    batch, ida, jan = launched(client, overlap=3, max_overlap=3), expert(skill, "Ida"), expert(skill, "Jan")
    crowd("sunny", "rainy", "windy")
    lease = market.take(ida, kind="adjudication")
    assert lease is not None
    with transaction.atomic():
        dispatch.give_back(worker_id=ida.id, lease_id=lease.lease_id, now=market.NOW, why="unclear")
    assert market.take(ida, kind="adjudication") is None
    assert market.take(jan, kind="adjudication") is not None
    assert Slot.objects.filter(queue__batch=batch, queue__kind="adjudication").count() == 1


def test_who_looked_at_all_answers_and_let_it_lapse_never_answers_blind(client: Any, skill: Skill) -> None:
    batch, ida = launched(client, overlap=3, max_overlap=3), expert(skill, "Ida")
    crowd("sunny", "rainy", "windy")
    lease = market.take(ida, kind="adjudication")
    assert lease is not None
    later = lease.expires_at + dt.timedelta(seconds=1)
    with transaction.atomic():
        assert dispatch.expire_due(now=later) == 1
    queue = Queue.objects.get(batch=batch, kind="answer", tier=0)
    Slot.objects.create(queue=queue, task_id=lease.task_id, n=9, rank=10**9)
    assert market.take(ida, now=later) is None, "they know what the others said"
    assert market.take(ida, kind="adjudication", now=later) is not None, "the last word may be taken up again"


def test_gold_is_mixed_into_ordinary_answers_alone(client: Any, skill: Skill) -> None:
    made = with_experts(client, gold_least_bp=5_000, gold_most_bp=5_000)
    known = [({"text": f"known {n}"}, {"label": "sunny"}) for n in range(5)]
    gold.add(project=made, rows=known, actor_id=client[0].id, now=market.NOW, rng=random.Random(1))
    batch = market.launch(market.batch(made, client[0], texts=1), client[0])
    counts = Queue.objects.filter(batch=batch).values_list("kind", "tier", "gold_count")
    assert set(counts.all()) == {("answer", 0, 5), ("answer", 2, 0), ("adjudication", 2, 0)}
    gold.add(project=made, rows=known[:1], actor_id=client[0].id, now=market.NOW, rng=random.Random(2))
    assert set(counts.all()) == {("answer", 0, 6), ("answer", 2, 0), ("adjudication", 2, 0)}
    for seed in range(20):
        assert market.take(expert(skill, f"W{seed}"), kind="adjudication", seed=seed) is None
    assert not Lease.objects.exists()


# --- money ------------------------------------------------------------------------------------------------------------


def test_the_reserve_holds_every_answer_at_the_experts_price_and_the_last_words(client: Any, skill: Skill) -> None:
    draft = market.batch(with_experts(client, adjudication_share_bp=5_000), client[0], texts=3)
    reserve = batches.reserve_for(draft, now=market.NOW)
    assert reserve.answers == 3 * 4 * pricing.half_even(5_000 * pricing.HIGHEST_BAND_BP, 10_000)
    assert reserve.adjudications == 2 * pricing.half_even(10_000 * pricing.HIGHEST_BAND_BP, 10_000)
    estimate = estimates.before_launch(draft, now=market.NOW)
    assert (estimate.adjudications.low, estimate.adjudications.high, estimate.expert_answers.high) == (0, 2, 3)
    assert estimate.expert_pay.high == people.usd("0.44") * 3 + people.usd("1.10") * 2
    assert estimate.total.high <= estimate.reserve and estimate.experts == 0
    expert(skill)
    assert estimates.before_launch(draft, now=market.NOW).experts == 1


def test_a_project_without_experts_pays_for_none(client: Any) -> None:
    draft = market.batch(market.project(*client, overlap=2, max_overlap=4, target_accuracy_bp=9_900), client[0])
    assert batches.reserve_for(draft, now=market.NOW).adjudications == 0
    assert estimates.before_launch(draft, now=market.NOW).experts is None
    batch = market.launch(draft, client[0])
    assert set(Queue.objects.filter(batch=batch).values_list("kind", "tier", "room_units")) == {("answer", 0, None)}


def test_a_slot_that_the_reserve_does_not_cover_stays_shut_and_the_result_is_what_it_is(client: Any, skill: Skill) -> None:
    batch = launched(client, texts=2, overlap=3, max_overlap=3, adjudication_share_bp=5_000)
    for name, label in zip(("Ana", "Ben", "Cleo"), market.LABELS, strict=True):
        worker = people.worker(name)
        while market.work(worker, label):
            deliver()
    assert open_slots(batch) == [("adjudication", 2)], "half of two tasks may be adjudicated"
    settled = Result.objects.get(batch=batch, state="settled")
    assert settled.by == "model" and settled.ambiguous and len(settled.distribution["label"]) == 3
    assert Queue.objects.get(batch=batch, kind="adjudication").room_units == 0


def test_a_price_raised_after_the_launch_shuts_the_tap_earlier(client: Any, skill: Skill) -> None:
    batch = launched(client, overlap=3, max_overlap=3)
    with transaction.atomic():
        projects.set_rate(
            project=Project.objects.get(pk=batch.project_id), amount=people.usd("2.00"), kind="adjudication", tier=2,
            actor_id=client[0].id, now=market.NOW,
        )
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == []
    assert Result.objects.get(batch=batch).ambiguous


def test_a_reserve_that_is_used_up_opens_nothing(client: Any, skill: Skill) -> None:
    batch = launched(client, overlap=3, max_overlap=3)
    left = funding.reserved(batch_id=batch.pk, currency="USD")
    with transaction.atomic():
        funding.return_reserve(
            organisation_id=client[1].id, batch_id=batch.pk, amount=left - people.usd("1.00"), idem="gone", actor_id=None,
            now=market.NOW,
        )
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == []
    assert Result.objects.get(batch=batch).state == "settled"


def test_closing_settles_what_no_expert_took_as_ambiguous(client: Any, skill: Skill) -> None:
    batch = launched(client, overlap=3, max_overlap=3)
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == [("adjudication", 2)]
    assert jobs.advance_batch(batch_id=batch.pk, now=market.NOW) == "active", "it waits for an expert"
    with transaction.atomic():
        batches.close(batch=batch, actor_id=client[0].id, now=market.NOW)
    deliver()
    assert jobs.advance_batch(batch_id=batch.pk, now=market.NOW + DAY) == "settled"
    result = Result.objects.get(batch=batch)
    assert (result.state, result.by, result.ambiguous) == ("settled", "model", True)
    assert open_slots(batch) == []


def test_a_last_word_that_comes_while_the_batch_closes_still_counts(client: Any, skill: Skill) -> None:
    batch, ida = launched(client, overlap=3, max_overlap=3), expert(skill, "Ida")
    crowd("sunny", "rainy", "windy")
    lease = market.take(ida, kind="adjudication")
    with transaction.atomic():
        batches.close(batch=batch, actor_id=client[0].id, now=market.NOW)
    assert lease is not None
    market.answer(ida, lease, "windy")
    results.finish(batch_id=batch.pk, now=market.NOW)  # before the runner heard of the submission
    result = Result.objects.get(batch=batch)
    assert (result.state, result.by, result.answer) == ("settled", "adjudication", {"label": "windy"})


# --- how much a word weighs --------------------------------------------------------------------------------------------


def test_a_word_weighs_by_what_was_measured_of_its_author(client: Any, skill: Skill) -> None:
    batch = launched(client)
    wen = expert(skill, score=Score(share=8_500, mean=8_200, low=7_000, high=9_000))
    ida = expert(skill, "Ida")
    asked: dict[str, Any] = {"project_id": batch.project_id, "skill": "meteorology", "now": market.NOW}
    assert escalation.accuracy(worker_id=ida.id, **asked) == escalation.EXPERT_GUESS
    assert escalation.accuracy(worker_id=wen.id, **asked) == 0.82
    record = WorkerRecord.objects.create(worker=wen, project_id=batch.project_id, gold_seen=4, score_bp=5_500)
    assert escalation.accuracy(worker_id=wen.id, **asked) == 0.82, "four known answers say too little"
    WorkerRecord.objects.filter(pk=record.pk).update(gold_seen=5)
    assert escalation.accuracy(worker_id=wen.id, **asked) == 0.55


@pytest.mark.parametrize(("score_bp", "ambiguous"), [(9_800, False), (4_000, True)])
def test_the_result_is_as_sure_as_who_had_the_last_word(client: Any, skill: Skill, score_bp: int, ambiguous: bool) -> None:
    batch, ida = launched(client, overlap=3, max_overlap=3), expert(skill, "Ida")
    WorkerRecord.objects.create(worker=ida, project_id=batch.project_id, gold_seen=30, score_bp=score_bp)
    crowd("sunny", "rainy", "windy")
    hand_in(ida, market.take(ida, kind="adjudication"), "windy")
    result = Result.objects.get(batch=batch)
    assert (result.answer, result.by, result.ambiguous) == ({"label": "windy"}, "adjudication", ambiguous)


# --- what people are told ----------------------------------------------------------------------------------------------


def test_an_empty_queue_names_the_tier_that_is_missing(client: Any, skill: Skill) -> None:
    launched(client)
    ben = expert(skill, "Ben", tier=1)
    assert eligibility.why_not(worker_id=ben.id, now=market.NOW) == [], "no expert is needed yet"
    crowd("sunny", "rainy", "windy")
    (closed,) = eligibility.why_not(worker_id=ben.id, now=market.NOW)
    assert (closed.kind, closed.tier) == ("answer", 2)
    assert [(miss.wants, miss.has) for miss in closed.misses] == [("skill meteorology at tier 2 or higher", "tier 1")]


def test_who_asks_for_an_adjudication_without_the_tier_reads_which_one_it_takes(client: Any, skill: Skill) -> None:
    launched(client, overlap=3, max_overlap=3)
    crowd("sunny", "rainy", "windy")
    eve = people.worker("Eve")
    assert market.take(eve, kind="adjudication") is None
    told = why_empty.explain(worker_id=eve.id, kind="adjudication", project_id=None, now=market.NOW)
    assert told["code"] == "nothing_open_to_you"
    assert "skill meteorology at tier 2 or higher (you: not proven)" in told["detail"]


# --- how a project states its experts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "field"), [
    ({"expert_tier": None}, "expert_tier"), ({"expert_tier": 0}, "expert_tier"), ({"expert_tier": 4}, "expert_tier"),
    ({"expert_skill": "alchemy"}, "expert_skill"), ({"expert_skill": None}, "expert_skill"),
    ({"expert_skill": 7}, "expert_skill"), ({"target_accuracy_bp": None}, "target_accuracy_bp"),
    ({"adjudication_share_bp": 10_001}, "adjudication_share_bp"),
])  # fmt: skip
def test_experts_are_named_by_skill_and_tier_together(client: Any, skill: Skill, options: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        with_experts(client, **options)
    assert refused.value.field == field
    assert not Project.objects.exists()


def test_the_skill_of_another_organisation_names_no_experts(client: Any, skill: Skill) -> None:
    _eve, foreign = people.client("Eve")
    Skill.objects.filter(pk=skill.pk).update(organisation=foreign)
    with pytest.raises(Invalid):
        with_experts(client)


def test_the_database_refuses_half_an_expert(client: Any, skill: Skill) -> None:
    made = with_experts(client)
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=made.pk).update(expert_tier=None)


def test_a_launch_without_a_price_for_the_last_word_is_refused_and_nothing_moves(client: Any, skill: Skill) -> None:
    mira, shop = client
    made = market.project(
        mira, shop, overlap=2, max_overlap=4, target_accuracy_bp=9_900, expert_skill="meteorology", expert_tier=2
    )
    draft = market.batch(made, mira)
    with pytest.raises(projects.NotSetUp):
        market.launch(draft, mira)
    assert people.prepaid(shop) == people.usd("100") and not Queue.objects.exists()


def test_what_a_launch_froze_outlives_a_change_of_the_project(client: Any, skill: Skill) -> None:
    batch = launched(client, overlap=3, max_overlap=3)
    with transaction.atomic():
        projects.change(
            project=Project.objects.get(pk=batch.project_id), expert_skill=None, expert_tier=None, actor_id=client[0].id,
            now=market.NOW,
        )
    crowd("sunny", "rainy", "windy")
    assert open_slots(batch) == [("adjudication", 2)]
    assert market.take(people.worker("Eve"), kind="adjudication") is None
    assert market.take(expert(skill), kind="adjudication") is not None


# --- every queue is reached --------------------------------------------------------------------------------------------


def test_the_65th_queue_is_reached_when_the_others_are_empty(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eligibility, "QUEUES_AT_MOST", 3)
    mira, shop = client
    for _at in range(12):
        market.launch(market.batch(market.project(mira, shop), mira, texts=1), mira)
    ana = people.worker("Ana")
    done = 0
    while market.work(ana):
        done += 1
    assert done == 12
    ready = Ready.objects.get(worker=ana)
    assert (len(ready.queues), len(ready.further), ready.complete) == (3, 9, False)


def test_a_rule_that_changed_shuts_a_further_queue_too(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eligibility, "QUEUES_AT_MOST", 1)
    mira, shop = client
    first, second = [market.launch(market.batch(market.project(mira, shop), mira, texts=1), mira) for _at in range(2)]
    ana = people.worker("Ana")
    assert market.work(ana) is not None
    with transaction.atomic():
        projects.change(
            project=Project.objects.get(pk=second.project_id), eligibility={"fact": "country", "in": ["FR"]},
            actor_id=mira.id, now=market.NOW,
        )
    assert market.take(ana) is None


def test_empty_queues_for_experts_cost_a_claim_nothing(client: Any, skill: Skill) -> None:
    """An expert's ask is as many statements as anybody's while no expert is needed."""
    launched(client, texts=9)
    counts = []
    for worker in (people.worker("Ana"), expert(skill)):
        assert market.work(worker) is not None
        with statements() as sent:
            lease = market.take(worker)
        assert lease is not None and lease.terms["tier"] == 0
        counts.append(len(sent))
    assert counts[0] == counts[1] > 0
