"""Which model is stronger, over all and subject by subject: on the client's page, by program and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from kit.errors import NotFound
from kit.money import Money
from marketplace import projects, strengths
from marketplace.models import Batch, Submission, Task
from tests import market, people
from tests.marketplace.api.callers import CLIENT, Caller
from workers.models import Organisation, User

pytestmark = pytest.mark.django_db

NOW = market.NOW
SETTINGS = {"mode": "prefer", "criteria": [], "ties": True, "justification_least": 0}


@pytest.fixture
def seat() -> tuple[User, Organisation]:
    return people.client()


def compared(seat: tuple[User, Organisation], rows: list[tuple[dict[str, Any], str]]) -> Batch:
    """A batch of two responses each, whose extra columns and Ana's preference are given."""
    mira, shop = seat
    people.pay_in(shop, people.usd("100"))
    with transaction.atomic():
        made = projects.create(
            organisation_id=shop.id, name="Duel", task_type="response_comparison", settings=SETTINGS, currency="USD",
            actor_id=mira.id, now=NOW, overlap=1, max_overlap=1, bonus_pool_bp=0, floor_pool_bp=0,
        )
        projects.publish_guideline(project=made, markdown="# Duel", what_changed="", actor_id=mira.id, now=NOW)
        projects.set_rate(project=made, amount=Money.parse("0.10", "USD"), actor_id=mira.id, now=NOW)
    draft = market.batch(made, mira, texts=len(rows))
    for task, (extra, _choice) in zip(Task.objects.filter(batch=draft).order_by("line"), rows, strict=True):
        task.payload = {
            "turns": [{"role": "user", "text": "Why?"}], "responses": [{"id": "a", "text": "One"}, {"id": "b", "text": "Two"}]
        }
        task.extra = extra
        task.save()
    batch, ana = market.launch(draft, mira), people.worker("Ana")
    for _extra, choice in rows:
        lease = market.take(ana)
        assert lease is not None
        with transaction.atomic():
            market.submissions.submit(
                worker_id=ana.id, lease_id=lease.lease_id, now=NOW, answer={"preference": choice, "order": ["a", "b"]}
            )
    return batch


def duel(subject: str, choice: str, *, left: str = "swift", right: str = "=slow") -> tuple[dict[str, Any], str]:
    return {"model_a": left, "model_b": right, "subject": subject}, choice


def table(batch: Batch) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(strengths.as_csv(batch)).decode())))


def test_the_stronger_leads_over_all_and_each_subject_has_its_own_order(seat: tuple[User, Organisation]) -> None:
    batch = compared(seat, [duel("maths", "a")] * 8 + [duel("poems", "b")] * 6 + [duel("rare", "a")] * 2)
    found = strengths.of(project=batch.project, batch_ids=[batch.pk])
    assert [(one.subject, [row.name for row in one.rows]) for one in found] == [
        ("", ["swift", "=slow"]), ("maths", ["swift", "=slow"]), ("poems", ["=slow", "swift"]),
    ], "too little is known of the rare one"
    everything, maths, _poems = (one.rows for one in found)
    assert everything[0].comparisons == 16 and everything[0].low < everything[0].points < everything[0].high
    assert maths[0].points > everything[0].points and maths[0].points == -maths[1].points


def test_ties_count_half_and_nameless_or_equal_ones_not_at_all(seat: tuple[User, Organisation]) -> None:
    batch = compared(seat, [
        duel("", "tie"), duel("", "tie"), ({}, "a"), ({"model_a": "swift", "model_b": ""}, "a"), duel("", "a", right="swift"),
    ])  # fmt: skip
    (found,) = strengths.of(project=batch.project, batch_ids=[batch.pk])
    assert [row.comparisons for row in found.rows] == [2, 2] and found.rows[0].points == pytest.approx(0, abs=1e-6)


def test_what_was_rejected_does_not_count(seat: tuple[User, Organisation]) -> None:
    batch = compared(seat, [duel("", "a")] * 3)
    Submission.objects.update(state="rejected")
    assert strengths.of(project=batch.project, batch_ids=[batch.pk]) == []


def test_page_api_and_file_say_the_same(seat: tuple[User, Organisation]) -> None:
    mira, shop = seat
    batch = compared(seat, [duel("maths", "a")] * 8)
    rows = table(batch)
    assert [(row["subject"], row["rank"], row["name"]) for row in rows[:2]] == [("", "1", "swift"), ("", "2", "'=slow")]
    assert float(rows[1]["strength"]) == -float(rows[0]["strength"]) and len(rows) == 4
    api = Caller(mira, CLIENT, shop)
    said = api.get(f"projects/{batch.project_id}/quality/")[1]["strengths"][0]["models"][0]
    assert (said["name"], f"{said['strength']:.1f}") == ("swift", rows[0]["strength"])
    status, content = api.get(f"batches/{batch.pk}/export/", **{"as": "strengths"})
    assert status == 200 and content.decode().startswith("subject,rank,name")
    browser = Browser()
    browser.force_login(mira)
    page = browser.get(reverse("market:project_quality", args=[shop.slug, batch.project_id])).content.decode()
    assert "Which model is stronger" in page and "maths" in page
    file = browser.get(reverse("market:batch_export", args=[shop.slug, batch.pk, "strengths"]))
    assert b"swift" in b"".join(file.streaming_content) and "strengths.csv" in file["Content-Disposition"]  # type: ignore[attr-defined]
    assert "CSV of strengths" in browser.get(reverse("market:batch", args=[shop.slug, batch.pk])).content.decode()


def test_work_that_compares_nothing_has_no_such_file(seat: tuple[User, Organisation]) -> None:
    batch = market.launched(*seat)
    with pytest.raises(NotFound):
        strengths.as_csv(batch)
    assert Caller(seat[0], CLIENT, seat[1]).get(f"batches/{batch.pk}/export/", **{"as": "strengths"})[0] == 404
