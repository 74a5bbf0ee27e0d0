"""Tasks with their results, answers and costs as plain records, read in small steps along the lines of the batch."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from kit.money import Money
from marketplace import bonuses
from marketplace.exports.sources import Source, Sources
from marketplace.models import Batch, Lease, Result, Submission, Task, Verdict
from payments import queries as money
from payments.queries import EarningView
from workers import pseudonyms

STEP = 1_000
"""Tasks read at a time. Each step is statements of its own along the index (batch, line): no cursor stays open, since a
snapshot held for minutes would slow every claim."""

BASIS = 10_000

Record = dict[str, Any]


def rows(batch: Batch, *, answers: bool = True, include_gold: bool = False) -> Iterator[Record]:
    """Every task of a batch in the order of its files, then, if asked for, the gold that was mixed in.

    A record: id (the client's own, or None), file, line, gold, payload (images under the names that the client gave), extra
    (the client's other columns), result {state, answer, confidence 0..1, ambiguous, distribution, answers, by, settled_at}
    or None, cost {pay, fee, total, currency} of everything that was paid for the task (answers, reviews, returned rounds,
    lost time, quality bonuses), and answers [{worker, kind, state, answer, seconds, round, submitted_at, pay, fee, and
    corrected, where a reviewer corrected it}]. Amounts are decimal strings with four places; what is pending counts as
    promised, what was rejected as zero.
    """
    return (record for record, _source in with_sources(batch, answers=answers, include_gold=include_gold))


def with_sources(batch: Batch, *, answers: bool = True, include_gold: bool = False) -> Iterator[tuple[Record, Source]]:
    """The same records, each with the file it came from."""
    reader = _Reader(batch, answers=answers)
    after = -1
    while tasks := list(Task.objects.filter(batch=batch, line__gt=after).order_by("line")[:STEP]):
        yield from reader.records(tasks)
        after = tasks[-1].line
    if include_gold:
        yield from _gold(batch, reader)


def of_tasks(batch: Batch, tasks: Sequence[Task]) -> list[Record]:
    """The records of some tasks of the batch, for a page of them."""
    return [record for record, _source in _Reader(batch, answers=True).records(tasks)]


def sums_of_tasks(batch: Batch, tasks: Sequence[Task]) -> list[tuple[int, Money]]:
    """Of each task how many answers it has and what was paid for it, fee included: for a list, five statements."""
    done = _done(batch, [task.pk for task in tasks])
    return [
        (sum(one.kind != "review" for one in done.submissions[task.pk]), _total(done.costs_of(task.pk), batch.currency))
        for task in tasks
    ]


@dataclass(frozen=True, slots=True)
class _Done:
    """What was handed in for a step of tasks, and what was paid for it and beside it."""

    submissions: Mapping[int, Sequence[Submission]]
    paid: Mapping[uuid.UUID, EarningView]
    beside: Mapping[int, Sequence[EarningView]]

    def costs_of(self, task_id: int) -> list[EarningView]:
        own = (self.paid[one.pk] for one in self.submissions[task_id] if one.pk in self.paid)
        return [*own, *self.beside.get(task_id, ())]


def _done(batch: Batch, task_ids: Sequence[int]) -> _Done:
    submissions: dict[int, list[Submission]] = defaultdict(list)
    given = list(Submission.objects.filter(task__in=task_ids, batch=batch).order_by("submitted_at", "id"))
    for submission in given:
        submissions[submission.task_id].append(submission)
    paid = money.earnings_of(source_kind="submission", source_ids=[submission.pk for submission in given])
    beside = _beside(batch, task_ids)
    if batch.terms.get("quality_bonus_units") and "answer" not in batch.terms.get("billed", ()):
        rewarded = {bonuses.quality_source(submission.pk): submission.task_id for submission in given}
        for source_id, view in money.earnings_of(source_kind="bonus", source_ids=list(rewarded)).items():
            beside[rewarded[source_id]].append(view)
    return _Done(submissions, paid, beside)


def _beside(batch: Batch, task_ids: Sequence[int]) -> dict[int, list[EarningView]]:
    """What was paid for leases of these tasks beside their submissions: lost time, and rounds of extra effort."""
    leases = Lease.objects.filter(assignment__task__in=task_ids, queue__batch=batch)
    of_task = dict(
        leases.filter(Q(state__in=["expired", "withdrawn"]) | Q(round__gt=1)).values_list("pk", "assignment__task_id")
    )
    found: dict[int, list[EarningView]] = defaultdict(list)
    for kind in ("kill_fee", "round") if of_task else ():
        for source_id, view in money.earnings_of(source_kind=kind, source_ids=list(of_task)).items():
            found[of_task[source_id]].append(view)
    return found


def _gold(batch: Batch, reader: _Reader) -> Iterator[tuple[Record, Source]]:
    used = Submission.objects.filter(batch=batch, gold=True, task=OuterRef("pk"))
    after = 0
    while True:
        tasks = Task.objects.filter(Exists(used), project=batch.project, batch=None, pk__gt=after)
        step = list(tasks.select_related("gold").order_by("pk")[:STEP])
        if not step:
            return
        yield from reader.records(step)
        after = step[-1].pk


class _Reader:
    """Reads what belongs to a step of tasks: a fixed number of statements, whatever the step holds."""

    def __init__(self, batch: Batch, *, answers: bool) -> None:
        self._batch = batch
        self._answers = answers
        self._sources = Sources(batch)
        self._names: dict[uuid.UUID, str] = {}
        self._corrected: dict[uuid.UUID, dict[str, Any] | None] = {}

    def records(self, tasks: Sequence[Task]) -> Iterator[tuple[Record, Source]]:
        ids = [task.pk for task in tasks]
        results = {result.task_id: result for result in Result.objects.filter(task__in=ids)}
        done = _done(self._batch, ids)
        self._learn_names(one.worker_id for submissions in done.submissions.values() for one in submissions)
        self._learn_corrections(one for submissions in done.submissions.values() for one in submissions)
        for task in tasks:
            source = self._sources.of(task)
            record = self._record(
                task, source, results.get(task.pk), done.submissions[task.pk], done.costs_of(task.pk), done.paid
            )
            yield record, source

    def _learn_names(self, workers: Iterator[uuid.UUID]) -> None:
        if new := set(workers) - set(self._names):
            self._names |= pseudonyms.many(worker_ids=new, organisation_id=self._batch.project.organisation_id)

    def _record(
        self, task: Task, source: Source, result: Result | None, submissions: Sequence[Submission],
        costs: Sequence[EarningView], paid: Mapping[uuid.UUID, EarningView],
    ) -> Record:  # fmt: skip
        payload, extra = source.as_given(task.payload, task.extra or {})
        record: Record = {
            "id": task.external_id,
            "file": source.file,
            "line": task.line - source.first_line,
            "gold": task.batch_id is None,
            "payload": payload,
            "extra": extra,
            "result": _known(task) if task.batch_id is None else _result(result),
            "cost": _cost(costs, self._batch.currency),
        }
        if self._answers:
            answers = [one for one in submissions if one.kind != "review"]
            record["answers"] = [self._answer(one, paid.get(one.pk)) | self._correction(one) for one in answers]
        return record

    def _correction(self, submission: Submission) -> Record:
        """The answer as a reviewer corrected it, beside the original; nothing for any other."""
        if submission.state != "accepted_share" or submission.pk not in self._corrected:
            return {}
        return {"corrected": self._corrected[submission.pk]}

    def _learn_corrections(self, submissions: Iterable[Submission]) -> None:
        cut = [one.pk for one in submissions if one.state == "accepted_share"]
        fixes = Verdict.objects.filter(submission__in=cut, decision="fix").values_list("submission_id", "corrected")
        self._corrected = dict(fixes) if cut else {}

    def _answer(self, submission: Submission, paid: EarningView | None) -> Record:
        nothing = Money.zero(self._batch.currency)
        return {
            "worker": self._names[submission.worker_id],
            "kind": submission.kind,
            "state": submission.state,
            "answer": submission.answer,
            "seconds": round(submission.active_ms / 1000, 1),
            "round": submission.round,
            "submitted_at": _time(submission.submitted_at),
            "pay": str((paid.amount if paid else nothing).decimal()),
            "fee": str((paid.fee if paid else nothing).decimal()),
        }


def _result(result: Result | None) -> Record | None:
    if result is None:
        return None
    return {
        "state": result.state,
        "answer": result.answer,
        "confidence": None if result.confidence_bp is None else result.confidence_bp / BASIS,
        "ambiguous": result.ambiguous,
        "distribution": result.distribution,
        "interval": None if result.low is None else [result.low, result.high],
        "answers": result.answers,
        "by": result.by,
        "settled_at": _time(result.settled_at),
    }


def _known(task: Task) -> Record:
    """A gold task's result is what was known of it."""
    state = "voided" if task.gold.voided_at else "known"
    return {
        "state": state, "answer": task.gold.answer, "confidence": None, "ambiguous": False, "distribution": {}, "interval": None,
        "answers": None,
        "by": "gold", "settled_at": None,
    }  # fmt: skip


def _total(costs: Sequence[EarningView], currency: str) -> Money:
    return sum((view.amount + view.fee for view in costs), Money.zero(currency))


def _cost(costs: Sequence[EarningView], currency: str) -> Record:
    pay, fee = Money.zero(currency), Money.zero(currency)
    for view in costs:
        pay, fee = pay + view.amount, fee + view.fee
    return {"pay": str(pay.decimal()), "fee": str(fee.decimal()), "total": str((pay + fee).decimal()), "currency": currency}


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
