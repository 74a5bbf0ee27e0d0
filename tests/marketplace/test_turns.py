"""Scarce work is shared out, the best may go first, and whoever waits reads why and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from kit.errors import Invalid
from marketplace import outlook, projects, turns
from marketplace.api import why_empty
from marketplace.models import FairShare, Project, Queue, WorkerRecord
from tests import market, people
from tests.marketplace.api.callers import CLIENT, Caller
from workers.models import User

pytestmark = pytest.mark.django_db

NOW = market.NOW
MINUTE = dt.timedelta(minutes=1)


def share_out(now: dt.datetime) -> set[str]:
    """The names of those who let others go first, after the runner's round."""
    with transaction.atomic():
        turns.share_out(now=now)
    return set(FairShare.objects.values_list("worker__name", flat=True))


def scarce(*, texts: int = 30, **options: Any) -> list[User]:
    """Three people and a quarter of an hour of work: Ana took six tasks, the others one each."""
    market.launched(*people.client(), texts=texts, expected_seconds=30, **options)
    crowd = [people.worker(name) for name in ("Ana", "Ben", "Cem")]
    for worker, times in zip(crowd, (6, 1, 1), strict=True):
        for _time in range(times):
            market.work(worker, now=NOW)
    return crowd


def why(worker: User, now: dt.datetime) -> dict[str, Any]:
    return why_empty.explain(worker_id=worker.id, kind="answer", project_id=None, now=now)


def test_who_had_twice_the_median_of_scarce_work_lets_others_go_first() -> None:
    ana, ben, cem = scarce()
    assert share_out(NOW + MINUTE / 2) == {"Ana"}
    assert market.take(ana, now=NOW + MINUTE / 2) is None
    share = FairShare.objects.get()
    assert (share.taken, share.most, share.until) == (6, 2, NOW + dt.timedelta(hours=1))
    for worker in (ben, cem):
        for _time in range(2):
            assert market.work(worker, now=NOW + MINUTE / 2)
    assert share_out(NOW + MINUTE) == {"Ana"}, "six is twice three"
    for worker in (ben, cem):
        assert market.work(worker, now=NOW + MINUTE)
    assert share_out(NOW + MINUTE) == set(), "the others have had theirs"
    assert market.take(ana, now=NOW + MINUTE)


def test_without_the_wait_the_quickest_would_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sabotaged twin: dispatch that does not ask whose turn it is fails the test above."""
    ana, *_others = scarce()
    assert share_out(NOW + MINUTE / 2) == {"Ana"}
    monkeypatch.setattr(turns, "waits", lambda **_facts: {})
    assert market.take(ana, now=NOW + MINUTE / 2) is not None


def test_a_worker_who_waits_reads_why_and_until_when_on_page_and_api() -> None:
    ana, ben, _cem = scarce()
    share_out(NOW + MINUTE / 2)
    assert market.take(ana, now=NOW + MINUTE / 2) is None
    said = why(ana, NOW + MINUTE / 2)
    assert said["code"] == "fair_share" and said["until"] == NOW + dt.timedelta(hours=1) and "10:00 UTC" in said["detail"]
    with transaction.atomic():
        found = outlook.of(worker_id=ana.id, now=NOW + MINUTE / 2)
    (fit,) = found.fits
    assert (fit.why, fit.until, fit.slots, found.slots) == ("fair_share", said["until"], 22, 0)
    with transaction.atomic():
        assert outlook.of(worker_id=ben.id, now=NOW + MINUTE / 2).fits[0].open_now


def test_plenty_of_work_is_nobodys_to_share() -> None:
    ana, *_others = scarce(texts=100)
    assert share_out(NOW + MINUTE / 2) == set()
    assert market.take(ana, now=NOW + MINUTE / 2)


def test_who_asked_and_found_nothing_counts_as_asking() -> None:
    market.launched(*people.client(), texts=2)
    ana, ben, cem = (people.worker(name) for name in ("Ana", "Ben", "Cem"))
    market.work(ana)
    market.work(ana)
    assert share_out(NOW) == set(), "nobody else asks"
    assert market.take(ben) is None and market.take(cem) is None
    assert share_out(NOW) == {"Ana"}
    assert share_out(NOW + 11 * MINUTE) == set(), "whoever asked ten minutes ago has gone"


def test_work_that_nobody_takes_is_open_to_everybody() -> None:
    ana, *_others = scarce()
    assert share_out(NOW + MINUTE / 2) == {"Ana"}
    assert share_out(NOW + 2 * MINUTE) == set(), "for a minute nobody took any"
    assert market.take(ana, now=NOW + 2 * MINUTE)


def test_a_job_that_stands_still_keeps_nobody_waiting() -> None:
    ana, *_others = scarce()
    share_out(NOW + MINUTE / 2)
    assert market.take(ana, now=NOW + MINUTE) is None
    assert market.take(ana, now=NOW + 8 * MINUTE), "the share was not found again"


def test_first_come_first_served_where_a_project_says_so() -> None:
    ana, *_others = scarce(fair_shares=False)
    assert share_out(NOW + MINUTE / 2) == set()
    assert market.take(ana, now=NOW + MINUTE / 2)


def test_twice_at_once_is_once() -> None:
    scarce()
    assert share_out(NOW + MINUTE / 2) == share_out(NOW + MINUTE / 2) == {"Ana"}
    assert FairShare.objects.count() == 1


# --- the best go first --------------------------------------------------------------------------------------------------


def good(worker: User, project: Project, low_bp: int = 9_000) -> User:
    WorkerRecord.objects.update_or_create(
        worker=worker, project=project, defaults={"score_bp": low_bp + 300, "score_low_bp": low_bp, "score_high_bp": low_bp + 500}
    )
    return worker


def test_good_workers_go_first_and_after_the_window_everybody_who_fits() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, best_first_minutes=10, best_first_low_bp=8_500)
    ana, ben, eve = good(people.worker("Ana"), batch.project), people.worker("Ben"), people.worker("Eve")
    good(eve, batch.project, low_bp=8_000)
    assert market.take(ana)
    for waits in (ben, eve):
        assert market.take(waits) is None
        said = why(waits, NOW)
        assert (said["code"], said["until"]) == ("best_first", NOW + 10 * MINUTE) and "09:10 UTC" in said["detail"]
    assert market.take(ben, now=NOW + 10 * MINUTE), "the ready row ends with the window"


def test_where_there_is_no_score_yet_one_from_the_same_kind_of_work_counts() -> None:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    ana, ben = people.worker("Ana"), people.worker("Ben")
    good(ana, market.project(mira, shop))
    market.launched(mira, shop, best_first_minutes=10, best_first_low_bp=8_500)
    assert market.take(ana) and market.take(ben) is None


def test_a_window_is_frozen_at_the_launch() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop)
    with transaction.atomic():
        projects.change(project=batch.project, actor_id=mira.id, now=NOW, best_first_minutes=30)
    assert Queue.objects.get(batch=batch, kind="answer").best_until is None
    assert market.take(people.worker("Ben"))


@pytest.mark.parametrize(("field", "value"), [
    ("best_first_minutes", 1_441), ("best_first_minutes", -1), ("best_first_low_bp", 4_999), ("fair_shares", "yes"),
])  # fmt: skip
def test_what_no_project_can_say_is_refused_and_nothing_changes(field: str, value: Any) -> None:
    mira, shop = people.client()
    made = market.project(mira, shop)
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        projects.change(project=made, actor_id=mira.id, now=NOW, **{field: value})
    assert refusal.value.field == field
    assert getattr(Project.objects.get(pk=made.pk), field) != value


def test_client_sets_both_by_page_and_api_and_a_worker_reads_of_it() -> None:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    made = market.project(mira, shop)
    status, said = Caller(mira, CLIENT, shop).patch(f"projects/{made.pk}/", {"fair_shares": False, "best_first_minutes": 20})
    assert (status, said["fair_shares"], said["best_first_minutes"]) == (200, False, 20)
    page = signed_in(mira).get(reverse("market:project_terms", args=[shop.slug, made.pk])).content.decode()
    assert "Who goes first" in page and "first come, first served" in page
    made.refresh_from_db()
    market.launch(market.batch(made, mira), mira, now=timezone.now())
    ben = people.worker("Ben")
    assert "Your turn comes" in signed_in(ben).get(reverse("market:work_more")).content.decode()
    status, said = Caller(ben, ["work"]).post("leases/")
    assert (status, said["lease"], said["why"]["code"]) == (200, None, "best_first")
    assert Caller(ben, ["work"]).get("work/outlook/")[1]["fits"][0]["until"] == said["why"]["until"]


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser
