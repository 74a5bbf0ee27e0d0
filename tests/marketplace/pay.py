"""A market for questions of pay: pictures paid by the box, and what is asked of the books after every test."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction

from marketplace import batches, projects, raises, submissions
from marketplace.models import Batch, Project, Task
from payments import invariants
from payments.models import Earning
from tests import market, people
from tests.marketplace.experts import deliver
from workers.models import Organisation, User

NOW = market.NOW
Payer = tuple[User, Organisation]

__all__ = ["NOW", "books_hold", "boxes", "deliver", "draw", "earned", "launched_boxes", "payer", "reprice"]


def payer(amount: str = "100") -> Payer:
    mira, shop = people.client()
    people.pay_in(shop, people.usd(amount))
    return mira, shop


def boxes(client: Payer, *, price: str = "0.02", most: int = 5, **options: Any) -> Project:
    """Pictures of cats at 0.02 a box, at most five boxes of a picture."""
    mira, shop = client
    with transaction.atomic():
        made = projects.create(
            organisation_id=shop.id, name="Cats", task_type="image_boxes", settings={"labels": ["cat"]}, currency="USD",
            actor_id=mira.id, now=NOW,
            **({"overlap": 1, "max_overlap": 1, "bonus_pool_bp": 0, "floor_pool_bp": 0} | options),
        )  # fmt: skip
        projects.publish_guideline(project=made, markdown="# Cats", what_changed="", actor_id=mira.id, now=NOW)
        projects.set_rate(
            project=made, amount=people.usd(price), unit="boxes", most_units=most, actor_id=mira.id, now=NOW
        )
        projects.set_rate(project=made, amount=people.usd("0.05"), kind="review", actor_id=mira.id, now=NOW)
    return made


def launched_boxes(client: Payer, *, pictures: int = 2, **options: Any) -> Batch:
    made = boxes(client, **options)
    with transaction.atomic():
        draft = batches.open_draft(project=made, name="First", actor_id=client[0].id, now=NOW)
        Task.objects.bulk_create(
            Task(project=made, batch=draft, line=at, payload={"image": f"asset:{at:064d}", "width": 200, "height": 100})
            for at in range(1, pictures + 1)
        )
        Batch.objects.filter(pk=draft.pk).update(task_count=pictures)
    draft.refresh_from_db()
    return market.launch(draft, client[0])


def drawn(count: int) -> dict[str, Any]:
    cats = [{"label": "cat", "x": 10 * at, "y": 5, "w": 8, "h": 8} for at in range(count)]
    return {"boxes": cats, "width": 200, "height": 100} | ({} if cats else {"none": True})


def draw(worker: User, count: int, *, now: dt.datetime = NOW) -> submissions.Submitted:
    """Take the next picture and draw so many boxes on it."""
    lease = market.take(worker, now=now)
    assert lease is not None
    with transaction.atomic():
        return submissions.submit(
            worker_id=worker.id, lease_id=lease.lease_id, answer=drawn(count), now=now + dt.timedelta(seconds=10)
        )


def reprice(made: Project, mira: User, price: str, *, now: dt.datetime = NOW, **options: Any) -> None:
    """A new price as the page and the API set it: with the reserve that it needs."""
    with transaction.atomic():
        projects.set_rate(project=made, amount=people.usd(price), actor_id=mira.id, now=now, **options)
        raises.cover(project=made, now=now, actor_id=mira.id)


def earned(worker: User, kind: str) -> list[int]:
    """Units of each earning of a kind, oldest first."""
    rows = Earning.objects.filter(worker_id=worker.id, source_kind=kind).order_by("created_at", "id")
    return list(rows.values_list("amount_units", flat=True))


def books_hold() -> None:
    """Every invariant but that of the clearing account: the cast's prepaid money was never at Stripe."""
    with connection.cursor() as cursor:
        for name, statement in invariants.INVARIANTS:
            if name.startswith("clearing"):
                continue
            cursor.execute(statement)
            assert cursor.fetchall() == [], name
