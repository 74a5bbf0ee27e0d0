"""The work of the demo: each project has a batch long done, one in motion and some a draft; days of history, and money paid."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.demo import lessons
from config.demo.people import Cast
from config.demo.work import JUSTIFICATIONS, QUESTIONS, SAFETY, Row, Turns, Work, works
from config.reactions import REACTIONS
from kit import outbox
from kit.errors import ProductError
from kit.money import Money
from marketplace import batches, dispatch, gold, intake, jobs, projects, review, submissions
from marketplace.models import Batch, Project, Submission, Task
from payments import payout_runs, sending
from qualification import exams, grants, items, skills
from task_types import registry
from workers import standing
from workers.models import User

CHANCE = random.Random(11)
RIGHT = (0.95, 0.97, 0.9, 0.86, 0.93, 0.78)
"""How often each worker of the cast is right."""
ALL = (6, 10, 10, 10, 10, 10)
"""How many tasks of a finished batch each takes at most, each time that there are some."""
SKILLED = (False, True, True, True, True, False)
"""Who has passed the test of bike safety: Ana has not, so one project is shut to her."""


def make(cast: Cast) -> None:
    """Set up, launch, and let a week and a half pass."""
    now = timezone.now()
    start = now - timedelta(days=10)
    _skills(cast, start)
    lessons.adaptive(cast, start)
    described = works()
    made = [_project(cast, work, start) for work in described]
    for project, work in zip(made, described, strict=True):
        _past(cast, project, work, start)
    _pay_out(cast, now - timedelta(days=5))
    for project, work in zip(made, described, strict=True):
        _running(cast, project, work, now)
    _judge_some(cast, now - timedelta(hours=3))
    lessons.make(cast, made[0], now - timedelta(hours=2))
    lessons.behind(cast, made[-1], now - timedelta(hours=1))
    lessons.read(cast, now - timedelta(hours=4))
    deliver(now)
    _for_ops(cast, now)
    deliver(now)


def _skills(cast: Cast, now: datetime) -> None:
    """One skill that everybody has, and one with its test, held by those who passed it long ago."""
    olu = cast.olu.pk
    with transaction.atomic():
        skill = skills.create(
            name="Bike safety", kind="subject", slug=SAFETY, by_id=olu, now=now,
            description="Tells a bike that may be hired out from one that must stay in the shop.",
        )
        exam = exams.create(
            skill=skill, title="Bike safety, the basics", by_id=olu, now=now, draws=5, pass_bp=8000, time_limit_seconds=600,
            about="Five questions about brakes, forks and what comes first. Nothing to prepare: a little workshop English will do.",
        )
        bank = [{"text": text, "options": list(options), "right": [right]} for text, options, right in QUESTIONS]
        items.add(exam=exam, items=[items.check(question) for question in bank])
        exams.publish(exam=exam, by_id=olu, now=now)
        reading = skills.create(
            name="Careful reading", kind="task_type", by_id=olu, now=now,
            description="Follows a guideline to the letter, also where it is long.",
        )
        for worker, passed in zip(cast.workers, SKILLED, strict=True):
            grants.grant(worker_id=worker.pk, skill=reading, tier=1, source="evidence", now=now, valid_days=365)
            if passed:
                grants.grant(worker_id=worker.pk, skill=skill, tier=1, source="exam", now=now, valid_days=365)


def _project(cast: Cast, work: Work, now: datetime) -> Project:
    sample, price, mira = work.sample, Money.parse(work.price, "EUR"), cast.mira.pk
    with transaction.atomic():
        made = projects.create(
            organisation_id=cast.organisation.pk, name=work.name, task_type=work.task_type,
            settings=work.settings or sample.settings, currency="EUR", actor_id=mira, now=now, expected_seconds=work.seconds,
            **work.options,
        )
        Project.objects.filter(pk=made.pk).update(created_at=now)
        projects.publish_guideline(
            project=made, markdown=work.guideline or sample.guideline, what_changed="", actor_id=mira, now=now
        )
        projects.set_rate(project=made, amount=price, actor_id=mira, now=now)
        projects.set_rate(project=made, amount=Money(price.units // 200 * 100, "EUR"), kind="review", actor_id=mira, now=now)
        if work.task_type == "choice" and work.past:
            gold.add(project=made, rows=list(work.past)[::3], actor_id=mira, now=now, rng=CHANCE)
    return made


def open_work(cast: Cast, work: Work, now: datetime) -> Project:
    """A project and its first batch, funded and open."""
    project = _project(cast, work, now)
    _launch(cast, _batch(cast, project, work.running, "This week", now), now)
    return project


def _past(cast: Cast, project: Project, work: Work, start: datetime) -> None:
    """A batch that everybody finished, that was judged, closed and settled."""
    batch = _batch(cast, project, work.past, "First batch", start)
    _launch(cast, batch, start)
    moment = start + timedelta(hours=20)
    while _work(cast, project, work, work.past, moment, turns=ALL):
        moment += timedelta(hours=3)
    _judge_all(cast, batch, start + timedelta(days=2))
    deliver(start + timedelta(days=2))
    jobs.advance_batch(batch_id=batch.pk, now=start + timedelta(days=3))


def _running(cast: Cast, project: Project, work: Work, now: datetime) -> None:
    """A batch in motion, worked on three days ago and this morning; the next one waits as a draft."""
    launched = now - timedelta(hours=62)
    _launch(cast, _batch(cast, project, work.running, "This week", launched), launched)
    _work(cast, project, work, work.running, launched + timedelta(hours=1), turns=work.early)
    _work(cast, project, work, work.running, now - timedelta(hours=5), turns=work.recent)
    if work.draft:
        _batch(cast, project, work.draft, "Next week", now)


def _batch(cast: Cast, project: Project, rows: Sequence[Row], name: str, now: datetime) -> Batch:
    """A draft filled through the client's own door: a file of rows, or a ZIP where there are pictures."""
    with transaction.atomic():
        draft = batches.open_draft(project=project, name=name, actor_id=cast.mira.pk, now=now)
    lines = [json.dumps({"id": _own_id(at), **row}) for at, (row, _answer) in enumerate(rows)]
    wanted = {row["image"] for row, _answer in rows if "image" in row}
    drawn = registry.drawer(project.task_type).sample().files() if wanted else {}
    files = {file: content for file, content in drawn.items() if file in wanted}
    table = "\n".join(lines).encode()
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


def _own_id(at: int) -> str:
    """The client's own number of the row at this place."""
    return f"HB-{at + 1:03d}"


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


def _work(
    cast: Cast, project: Project, work: Work, rows: Sequence[Row], moment: datetime, *, turns: Turns
) -> int:
    """Each worker takes some tasks in turn, then reviews where the project wants them; returns how many were handed in."""
    answers, done = {_own_id(at): answer for at, (_row, answer) in enumerate(rows)}, 0
    answers |= {row["text"]: answer for row, answer in work.past if "text" in row}
    for kind in ("answer", "review") if project.review_rule == "all" else ("answer",):
        for worker, skill, most in zip(cast.workers, RIGHT, turns, strict=True):
            for _turn in range(most if kind == "answer" else 4 * most):
                spent = timedelta(seconds=CHANCE.randint(work.seconds * 2 // 3, work.seconds * 3 // 2))
                moment += spent
                if not _one(worker, project, answers, skill, moment, spent, kind):
                    break
                done += 1
        deliver(moment)
    return done


def _one(
    worker: User, project: Project, answers: Mapping[str, Any], skill: float, moment: datetime, spent: timedelta, kind: str
) -> bool:
    """Take a task, spend its time, hand it in; False when there is none."""
    with transaction.atomic():
        leased = dispatch.lease_next(
            worker_id=worker.pk, kind=kind, project_id=project.pk, now=moment - spent, rng=CHANCE
        )
    if leased is None:
        return False
    answer = {"decision": "accept"} if kind == "review" else _answer(project, leased, answers, skill)
    with transaction.atomic():
        submissions.submit(worker_id=worker.pk, lease_id=leased.lease_id, answer=answer, now=moment)
    return True


def _answer(project: Project, leased: dispatch.LeasedTask, answers: Mapping[str, Any], skill: float) -> Any:
    """Mostly the right answer, sometimes that of another row; completed with what only a person adds."""
    own_id = Task.objects.values_list("external_id", flat=True).get(pk=leased.task_id)
    payload = leased.payload
    right = answers.get(str(own_id)) or answers[payload["text"]]
    given = dict(right if CHANCE.random() < skill else CHANCE.choice(list(answers.values())))
    if project.task_type == "response_comparison":
        given["ratings"] = {
            name: {item["name"]: CHANCE.randint(2, 5) for item in project.settings["criteria"]}
            for name in (response["id"] for response in payload["responses"])
        }
        given["justification"] = CHANCE.choice(JUSTIFICATIONS)
    drawer = registry.drawer(project.task_type)
    try:
        return drawer.check_answer(given, payload=payload, settings=project.settings)
    except ProductError:
        return dict(right)


def _judge_all(cast: Cast, batch: Batch, now: datetime) -> None:
    """The client has looked at a whole batch and found it fine."""
    with transaction.atomic():
        for submission in Submission.objects.filter(batch=batch, state="waiting").select_related("batch__project"):
            review.judge(submission=submission, judgement=review.Judgement("accept"), judge_id=cast.mira.pk, now=now)


def _judge_some(cast: Cast, now: datetime) -> None:
    """The client has looked at a few answers: one is fine, one came back with a reason, the others wait."""
    waiting = Submission.objects.filter(state="waiting", batch__project__review_rule="client").order_by("-submitted_at")
    sent_back = review.Judgement(
        "send_back", reason="incomplete", clause="Justify your choice",
        comment="Say what the better answer does for the reader.",
    )
    said = (sent_back, review.Judgement("accept"))
    for submission, judgement in zip(waiting.select_related("batch__project"), said, strict=False):
        with transaction.atomic():
            review.judge(submission=submission, judgement=judgement, judge_id=cast.mira.pk, now=now)


def _pay_out(cast: Cast, now: datetime) -> None:
    """Last week's payouts, sent through the double."""
    with transaction.atomic():
        run = payout_runs.plan(currency="EUR", actor_id=cast.olu.pk, now=now)
        if run.payouts_planned:
            payout_runs.approve(run_id=run.pk, actor_id=None, now=now)
    sending.send_round(clock=lambda: now, limit=50)


def _for_ops(cast: Cast, now: datetime) -> None:
    """What waits for a person of ops: somebody is paused until one has looked, and a colleague has drafted a payout run."""
    with transaction.atomic():
        standing.pause(
            worker_id=cast.workers[-1].pk, reason="quality_check", until=now + timedelta(days=3), by_id=None, now=now
        )
        payout_runs.plan(
            currency="EUR", actor_id=cast.rahel.pk, now=now, minimum_units=1_000, worker_ids=[one.pk for one in cast.workers[1:]]
        )


def deliver(now: datetime) -> None:
    """What runners would have done by then."""
    while outbox.deliver_due(reactions=REACTIONS, now=max(now, timezone.now())):
        continue
