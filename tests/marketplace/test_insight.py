"""What a client sees of quality: by batch with intervals, what is mistaken for what, who did it under which name."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from kit.money import Money
from marketplace import gold, insight, results
from marketplace.models import Batch, Project, Submission
from tests import market, people
from tests.marketplace.api.callers import CLIENT, Caller
from workers import pseudonyms
from workers.models import Membership, Organisation, User

pytestmark = pytest.mark.django_db

NOW = market.NOW


def considered() -> None:
    for task_id in Submission.objects.filter(gold=False).values_list("task_id", flat=True).distinct():
        with transaction.atomic():
            results.consider(task_id=task_id, now=NOW)


def of(batch: Batch) -> insight.Insight:
    return insight.of(project=batch.project, batches=[batch])


@pytest.fixture
def seat() -> tuple[User, Organisation]:
    return people.client()


@pytest.fixture
def answered(seat: tuple[User, Organisation]) -> Batch:
    """Four tasks with two answers each: Ana says sunny throughout, Ben once rainy."""
    batch = market.launched(*seat, texts=4, overlap=2, max_overlap=2)
    ana, ben = people.worker("Ana"), people.worker("Ben")
    for label in ("sunny", "sunny", "sunny", "rainy"):
        market.work(ana)
        market.work(ben, label)
    considered()
    return batch


def test_each_batch_has_its_accuracy_agreement_and_what_a_right_result_costs(answered: Batch) -> None:
    (row,) = of(answered).batches
    assert row.settled == 4 and row.accuracy is not None and row.agreement is not None
    assert row.accuracy.low < row.accuracy.value < row.accuracy.high and row.agreement.percent == 75
    assert row.spent == people.usd("0.92"), "eight answers at 0.10 with 15 % on top"
    assert row.per_right is not None and row.per_right > Money(row.spent.units // 4, "USD"), "some results may be wrong"


def test_until_there_are_known_answers_settled_results_stand_for_the_truth_and_say_so(answered: Batch) -> None:
    (one,) = of(answered).confusions
    assert not one.known and one.answers == sum(n for truth in one.classes for n, _share in one.row(truth))
    assert one.row("sunny")[one.classes.index("sunny")][0] >= 6


def test_known_answers_alone_make_the_table_once_there_are_enough(seat: tuple[User, Organisation]) -> None:
    mira, shop = seat
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, gold_least_bp=5_000, gold_most_bp=5_000)
    with transaction.atomic():
        gold.add(project=made, rows=[({"text": f"known {at}"}, {"label": "windy"}) for at in range(40)], actor_id=mira.id, now=NOW,
                 rng=market.random.Random(1))  # fmt: skip
    batch = market.launch(market.batch(made, mira, texts=40), mira)
    ana = people.worker("Ana")
    for at in range(60):
        lease = market.take(ana, seed=at)
        if lease is not None:
            market.answer(ana, lease, "rainy" if at % 4 == 0 else "windy")
    seen = Submission.objects.filter(gold=True).count()
    assert seen >= insight.KNOWN_ENOUGH
    (one,) = of(batch).confusions
    assert one.known and one.answers == seen and one.classes == ["rainy", "windy"]
    assert [n for n, _share in one.row("windy")] == [
        Submission.objects.filter(gold=True, answer__label=label).count() for label in ("rainy", "windy")
    ]
    assert sum(share for _n, share in one.row("windy")) == pytest.approx(100)
    assert one.row("rainy") == [(0, 0.0), (0, 0.0)], "nothing rainy is known"


def test_people_appear_under_their_pseudonyms_alone(answered: Batch, seat: tuple[User, Organisation]) -> None:
    ana = User.objects.get(name="Ana")
    found = of(answered).people
    assert [(one.answers, one.share) for one in found] == [(4, 50.0), (4, 50.0)]
    assert pseudonyms.of(worker_id=ana.pk, organisation=seat[1]) in {one.worker for one in found}


def test_work_without_categories_has_no_table_and_no_accuracy(seat: tuple[User, Organisation]) -> None:
    mira, shop = seat
    assert insight.of(project=market.project(mira, shop), batches=[]).confusions == []


def page(user: User, shop: Organisation, project: Project) -> str:
    browser = Browser()
    browser.force_login(user)
    return browser.get(reverse("market:project_quality", args=[shop.slug, project.pk])).content.decode()


def test_page_and_api_say_the_same_to_members_and_to_nobody_else(answered: Batch, seat: tuple[User, Organisation]) -> None:
    mira, shop = seat
    viewer, eve = people.person("Vic"), people.client("Eve")
    Membership.objects.create(user=viewer, organisation=shop, role="viewer", since=NOW)
    said = page(viewer, shop, answered.project)
    assert "What is mistaken for what" in said and "A right result costs" in said and "Ana" not in said
    path = f"projects/{answered.project_id}/quality/"
    status, body = Caller(mira, CLIENT, shop).get(path)
    assert (status, body["confusions"][0]["against"], len(body["workers"])) == (200, "results", 2)
    assert body["workers"][0]["worker"] in said
    assert Caller(eve[0], CLIENT, eve[1]).get(path)[0] == 404
    assert Caller(people.ops("Olu"), ["ops"]).get(f"ops/{path}")[1]["batches"][0]["settled"] == 4


def test_before_the_first_launch_the_page_says_what_will_stand_there(seat: tuple[User, Organisation]) -> None:
    assert "Nothing is measured yet" in page(*seat, market.project(*seat))
