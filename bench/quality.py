"""The mathematics of quality: a refit against one dense EM of the same sweeps, and one more answer in projects of two sizes."""

from __future__ import annotations

import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np

from bench import ground
from bench.report import Figure

ANSWERS_EACH = 6
SWEEPS = 50
LABELS = ("sunny", "rainy", "windy")

Rows = list[tuple[str, str, str]]


def run(full: bool) -> list[Figure]:
    """CPU of a refit of 27,702 answers, and of weighing one answer in a project ten times as long as another."""
    return [*_refit(), *_one_more(sizes=(2_000, 100_000) if full else (1_000, 10_000))]


def crowd(*, items: int, workers: int, seed: int = 5) -> Rows:
    """Answers of people who are right between 60 and 95 times in a hundred."""
    draw = random.Random(seed)
    skill = [draw.uniform(0.6, 0.95) for _ in range(workers)]
    rows = []
    for item in range(items):
        truth = draw.choice(LABELS)
        for who in draw.sample(range(workers), ANSWERS_EACH):
            given = truth if draw.random() < skill[who] else draw.choice([label for label in LABELS if label != truth])
            rows.append((f"i{item}", f"w{who}", given))
    return rows


# --- a refit -----------------------------------------------------------------------------------------------------------


def dense_em(rows: Rows, *, sweeps: int) -> np.ndarray:
    """Dawid and Skene as one writes it down: names to numbers, then arrays over all answers and classes."""
    items, item = np.unique([row[0] for row in rows], return_inverse=True)
    workers, worker = np.unique([row[1] for row in rows], return_inverse=True)
    classes, answer = np.unique([row[2] for row in rows], return_inverse=True)
    q = np.zeros((len(items), len(classes)))
    np.add.at(q, (item, answer), 1.0)
    q /= q.sum(axis=1, keepdims=True)
    for _ in range(sweeps):
        counts = np.full((len(workers), len(classes), len(classes)), 0.01)
        np.add.at(counts, (worker, slice(None), answer), q[item])  # type: ignore[arg-type]
        matrices = np.log(counts / counts.sum(axis=2, keepdims=True))
        logits = np.tile(np.log(q.mean(axis=0)), (len(items), 1))
        np.add.at(logits, item, matrices[worker, :, answer])
        q = np.exp(logits - logits.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
    return q


def _refit() -> list[Figure]:
    """The refit that live work runs, over the same number of sweeps; once without gold, once choosing among five models on it."""
    from marketplace.quality import categorical, families

    rows = crowd(items=4_617, workers=200)
    labels = dense_em(rows, sweeps=SWEEPS).argmax(axis=1)
    fitted = categorical.fit(rows, family=families.CONFUSION, sweeps=SWEEPS)
    same = np.mean([fitted.labels[fitted.answers.items.index(name)] == sorted(LABELS)[labels[at]]
                    for at, name in enumerate(sorted({row[0] for row in rows}))])
    assert same > 0.95, f"the reference and the refit agree on {same:.0%} of the labels only"
    forced = ground.alternate(
        lambda: _cpu(lambda: categorical.fit(rows, family=families.CONFUSION, sweeps=SWEEPS)),
        lambda: _cpu(lambda: dense_em(rows, sweeps=SWEEPS)), rounds=5,
    )
    return [Figure("refit_27702_answers_vs_dense_em", forced, 3.0)]


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


# --- one more answer ---------------------------------------------------------------------------------------------------


def _one_more(*, sizes: tuple[int, int]) -> list[Figure]:
    """`results.consider` after one more answer, in the long project over the short one: ten times the tasks and the people."""
    from bench import market, past

    ground.ready()
    projects = []
    for size in sizes:
        shop = market.Market.make(workers=max(20, size // 50))
        shop.launch(tasks=size)
        long_ago = ground.now() - timedelta(days=1)
        past.hand_in(
            batch_id=shop.batch_ids[-1], worker_ids=shop.worker_ids, count=size, at=long_ago,
            judge_by=ground.now() + timedelta(days=3),
        )
        _fit(shop.project_id)
        projects.append(_tasks(shop.project_id))
    small, large = projects
    pairs = [(_consider(next(large)), _consider(next(small))) for _ in range(210)][10:]
    print(f"# one more answer: {1000 * statistics.median(pair[1] for pair in pairs):.2f} ms in the short project")
    ratio = statistics.median(pair[0] for pair in pairs) / statistics.median(pair[1] for pair in pairs)
    return [Figure("one_more_answer_long_project_vs_short", ratio, 1.3)]


def _fit(project_id: uuid.UUID) -> None:
    from marketplace import results
    from marketplace.models import Project

    results.refit(project=Project.objects.get(pk=project_id), now=ground.now())


def _tasks(project_id: uuid.UUID) -> Iterator[int]:
    from marketplace.models import Task

    ids = list(Task.objects.filter(project_id=project_id).order_by("pk").values_list("pk", flat=True)[:500])
    return iter(ids)


def _consider(task_id: int) -> float:
    from django.db import transaction

    from marketplace import results

    def work() -> None:
        with transaction.atomic():
            results.consider(task_id=task_id, now=ground.now())

    return ground.seconds(work)
