"""A small market for tests: a project of choices with a rate and a guideline, a batch of rows, a launch."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from django.db import transaction

from kit.money import Money
from marketplace import batches, dispatch, projects, submissions
from marketplace.models import Batch, Project, Task
from tests import people
from workers.models import Organisation, User

NOW = people.NOW
LABELS = ("sunny", "rainy", "windy")


def project(mira: User, organisation: Organisation, *, price: str = "0.10", now: dt.datetime = NOW, **options: Any) -> Project:
    """A text project with three labels that pays `price` an answer and half of it for a review."""
    labels = [{"value": label, "label": label.title()} for label in LABELS]
    with transaction.atomic():
        made = projects.create(
            organisation_id=organisation.id, name="Weather", task_type="choice",
            settings={"labels": labels}, currency="USD", actor_id=mira.id, now=now,
            **({"overlap": 1, "max_overlap": 1, "bonus_pool_bp": 0, "floor_pool_bp": 0} | options),
        )
        projects.publish_guideline(
            project=made, markdown="# Weather\n\nPick what the text says.", what_changed="", actor_id=mira.id, now=now
        )
        projects.set_rate(project=made, amount=Money.parse(price, "USD"), actor_id=mira.id, now=now)
        projects.set_rate(project=made, amount=Money.parse(price, "USD"), kind="review", actor_id=mira.id, now=now)
    return made


def batch(made: Project, mira: User, *, texts: int | list[str] = 3, now: dt.datetime = NOW) -> Batch:
    """A draft with tasks in it."""
    lines = [f"text {at}" for at in range(1, texts + 1)] if isinstance(texts, int) else texts
    with transaction.atomic():
        draft = batches.open_draft(project=made, name="First", actor_id=mira.id, now=now)
        Task.objects.bulk_create(
            Task(project=made, batch=draft, line=at, external_id=f"row-{at}", payload={"text": text})
            for at, text in enumerate(lines, start=1)
        )
        Batch.objects.filter(pk=draft.pk).update(task_count=len(lines))
    draft.refresh_from_db()
    return draft


def launch(draft: Batch, mira: User, *, now: dt.datetime = NOW) -> Batch:
    """Reserve the money and open every slot, as the runner would."""
    with transaction.atomic():
        batches.launch(batch=draft, actor_id=mira.id, now=now)
    while True:
        with transaction.atomic():
            if not batches.open_slots(batch_id=draft.pk, now=now):
                break
    draft.refresh_from_db()
    return draft


def launched(mira: User, organisation: Organisation, *, texts: int | list[str] = 3, fund: str = "100", **options: Any) -> Batch:
    """A project, a batch and a launch in one, on prepaid money."""
    people.pay_in(organisation, people.usd(fund))
    made = project(mira, organisation, **options)
    return launch(batch(made, mira, texts=texts), mira)


def take(worker: User, *, kind: str = "answer", now: dt.datetime = NOW, seed: int = 0) -> dispatch.LeasedTask | None:
    with transaction.atomic():
        return dispatch.lease_next(worker_id=worker.id, kind=kind, now=now, rng=random.Random(seed))


def answer(worker: User, lease: dispatch.LeasedTask, label: str = "sunny", *, now: dt.datetime = NOW) -> submissions.Submitted:
    with transaction.atomic():
        return submissions.submit(
            worker_id=worker.id, lease_id=lease.lease_id, answer={"label": label}, now=now + dt.timedelta(seconds=10)
        )


def work(worker: User, label: str = "sunny", *, now: dt.datetime = NOW) -> submissions.Submitted | None:
    """Take the next task and answer it; None when there is none."""
    lease = take(worker, now=now)
    return answer(worker, lease, label, now=now) if lease else None
