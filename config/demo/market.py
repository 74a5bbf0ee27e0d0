"""The work of the demo: three projects from the drawers' own samples, one batch done, others in motion, days of history."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.demo.people import Cast
from config.reactions import REACTIONS
from kit import outbox
from kit.errors import ProductError
from kit.money import Money
from marketplace import batches, dispatch, gold, intake, projects, results, review, submissions
from marketplace.models import Batch, Project, Submission
from payments import payout_runs, sending
from task_types import registry
from task_types.contract import Sample
from workers.models import User

CHANCE = random.Random(11)
PROJECTS: Mapping[str, dict[str, Any]] = {
    "choice": {"name": "Which desk has to act?", "price": "0.06", "overlap": 3, "max_overlap": 5, "review_rule": "none"},
    "response_comparison": {
        "name": "Answers of our help bot", "price": "0.45", "overlap": 2, "max_overlap": 3, "review_rule": "client",
        "ai_use": "forbidden",
    },
    "image_boxes": {"name": "Fruit on a table", "price": "0.22", "overlap": 2, "max_overlap": 2, "review_rule": "all"},
}
SECONDS = {"choice": 14, "response_comparison": 95, "image_boxes": 40}
RIGHT = (0.95, 0.97, 0.9, 0.86, 0.93, 0.78)
"""How often each worker of the cast is right."""


def make(cast: Cast) -> None:
    """Set up, launch, and let a few days pass."""
    now = timezone.now()
    start = now - timedelta(days=9)
    for slug, described in PROJECTS.items():
        project = _project(cast, slug, described, start)
        sample = registry.drawer(slug).sample()
        first = _batch(cast, project, sample, "First batch", start)
        _launch(cast, first, start)
        _work(cast, project, sample, start + timedelta(hours=20), share=0.7 if slug == "image_boxes" else 1.0)
        if slug == "choice":
            _finish(first, start + timedelta(days=2))
            _launch(cast, _batch(cast, project, sample, "Second batch", now - timedelta(hours=20)), now - timedelta(hours=20))
            _work(cast, project, sample, now - timedelta(hours=6), share=0.25)
            _batch(cast, project, sample, "Next week", now)
    _judge_some(cast, now - timedelta(hours=3))
    deliver(now)
    _pay_out(cast, now)


def _project(cast: Cast, slug: str, described: Mapping[str, Any], now: datetime) -> Project:
    sample, options = registry.drawer(slug).sample(), dict(described)
    price, name = Money.parse(options.pop("price"), "EUR"), options.pop("name")
    with transaction.atomic():
        made = projects.create(
            organisation_id=cast.organisation.pk, name=name, task_type=slug, settings=sample.settings, currency="EUR",
            actor_id=cast.mira.pk, now=now, expected_seconds=SECONDS[slug], **options,
        )
        projects.publish_guideline(
            project=made, markdown=sample.guideline, what_changed="", actor_id=cast.mira.pk, now=now
        )
        projects.set_rate(project=made, amount=price, actor_id=cast.mira.pk, now=now)
        half = Money(price.units // 200 * 100, "EUR")
        projects.set_rate(project=made, amount=half, kind="review", actor_id=cast.mira.pk, now=now)
        if slug == "choice":
            rows = [(row, sample.gold[at]) for at, row in enumerate(sample.rows) if at % 3 == 0]
            gold.add(project=made, rows=rows, actor_id=cast.mira.pk, now=now, rng=CHANCE)
    return made


def _batch(cast: Cast, project: Project, sample: Sample, name: str, now: datetime) -> Batch:
    """A draft filled through the client's own door: a file of rows, or a ZIP where there are pictures."""
    with transaction.atomic():
        draft = batches.open_draft(project=project, name=name, actor_id=cast.mira.pk, now=now)
    rows = [json.dumps({"id": f"{name[0]}-{at:03d}", **row}) for at, row in enumerate(sample.rows, start=1)]
    table, files = "\n".join(rows).encode(), sample.files()
    content = _zipped(table, files) if files else table
    upload = intake.receive(
        batch=draft, name="tasks.zip" if files else "tasks.jsonl", chunks=[content], actor_id=cast.mira.pk, now=now
    )
    mapping = intake.suggest_mapping(upload) | {"id": "external_id"}
    with transaction.atomic():
        intake.start(upload=upload, mapping=mapping, now=now)
    while intake.read(upload_id=upload.pk, now=now):
        continue
    while intake.fetch_images(upload_id=upload.pk, now=now):
        continue
    draft.refresh_from_db()
    return draft


def _zipped(table: bytes, files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tasks.jsonl", table)
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _launch(cast: Cast, batch: Batch, now: datetime) -> None:
    with transaction.atomic():
        batches.launch(batch=batch, actor_id=cast.mira.pk, now=now)
    while True:
        with transaction.atomic():
            if not batches.open_slots(batch_id=batch.pk, now=now):
                return


def _work(cast: Cast, project: Project, sample: Sample, now: datetime, *, share: float) -> None:
    """Everybody but the contractor whose sign-in is printed works until a share of the rows is answered."""
    answers = {_key(row): sample.gold[at] for at, row in enumerate(sample.rows)}
    moment = now
    for kind in ("answer", "review"):
        for worker, skill in list(zip(cast.workers, RIGHT, strict=True))[1:]:
            for _turn in range(int(len(sample.rows) * share)):
                moment += timedelta(seconds=CHANCE.randint(SECONDS[project.task_type] // 2, SECONDS[project.task_type] * 2))
                if not _one(worker, project, answers, skill, moment, kind):
                    break
        deliver(moment)


def _key(row: Mapping[str, Any]) -> str:
    return str(row.get("text") or row.get("prompt") or row.get("image"))


def _one(
    worker: User, project: Project, answers: Mapping[str, Any], skill: float, moment: datetime, kind: str
) -> bool:
    """Take a task, spend its time, hand it in; False when there is none."""
    with transaction.atomic():
        leased = dispatch.lease_next(
            worker_id=worker.pk, kind=kind, project_id=project.pk, now=moment - timedelta(seconds=20), rng=CHANCE
        )
    if leased is None:
        return False
    answer = {"decision": "accept"} if kind == "review" else _answer(project, leased.payload, answers, skill)
    with transaction.atomic():
        submissions.submit(worker_id=worker.pk, lease_id=leased.lease_id, answer=answer, now=moment)
    return True


def _answer(project: Project, payload: Mapping[str, Any], answers: Mapping[str, Any], skill: float) -> Any:
    """Mostly the known answer, sometimes somebody else's; completed with what only a person adds."""
    known = list(answers.values())
    right = answers.get(_key(payload)) or known[int(str(payload.get("line", 0))) % len(known)]
    given = dict(right if CHANCE.random() < skill else CHANCE.choice(known))
    if project.task_type == "response_comparison":
        given["ratings"] = {
            name: {item["name"]: CHANCE.randint(2, 5) for item in project.settings["criteria"]}
            for name in (response["id"] for response in payload["responses"])
        }
        given["justification"] = "It answers the question that was asked, and says what to do next."
    drawer = registry.drawer(project.task_type)
    try:
        return drawer.check_answer(given, payload=dict(payload), settings=project.settings)
    except ProductError:
        return dict(right)


def _finish(batch: Batch, now: datetime) -> None:
    """Let a complete batch close and settle."""
    deliver(now)
    results.finish(batch_id=batch.pk, now=now)
    with transaction.atomic():
        batches.advance(batch=Batch.objects.select_related("project").get(pk=batch.pk), now=now)


def _judge_some(cast: Cast, now: datetime) -> None:
    """The client has looked at a few answers: most are fine, one came back with a reason."""
    waiting = Submission.objects.filter(state="waiting", batch__project__review_rule="client").order_by("submitted_at")
    for place, submission_id in enumerate(list(waiting.values_list("pk", flat=True)[:6])):
        said = review.Judgement("accept")
        if place == 4:
            said = review.Judgement(
                "send_back", reason="incomplete", clause="Justify your choice",
                comment="Say what the better answer does for the reader.",
            )
        with transaction.atomic():
            found = review.find(submission_id=submission_id, organisation_id=cast.organisation.pk)
            review.judge(submission=found, judgement=said, judge_id=cast.mira.pk, now=now)


def _pay_out(cast: Cast, now: datetime) -> None:
    """Last week's payouts, sent through the double."""
    with transaction.atomic():
        run = payout_runs.plan(currency="EUR", actor_id=cast.olu.pk, now=now)
        if run.payouts_planned:
            payout_runs.approve(run_id=run.pk, actor_id=None, now=now)
    sending.send_round(clock=timezone.now, limit=50)


def deliver(now: datetime) -> None:
    """What runners would have done by then."""
    while outbox.deliver_due(reactions=REACTIONS, now=max(now, timezone.now())):
        continue
