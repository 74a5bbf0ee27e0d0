"""What the quality mathematics may cost, and what it may know of."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from marketplace.quality import categorical, families
from marketplace.quality.answers import Answers, encode

from . import crowds

ROOT = Path(__file__).resolve().parents[3]


def dense_em(answers: Answers, *, sweeps: int) -> np.ndarray:
    """Dawid and Skene as one writes it down: arrays over all answers and classes, nothing learned beside."""
    items, workers, classes = len(answers.items), len(answers.workers), len(answers.classes)
    q = answers.votes / answers.votes.sum(axis=1, keepdims=True)
    for _ in range(sweeps):
        counts = np.full((workers, classes, classes), 0.01)
        np.add.at(counts, (answers.worker, slice(None), answers.answer), q[answers.item])
        rows = np.log(counts / counts.sum(axis=2, keepdims=True))
        logits = np.tile(np.log(q.mean(axis=0)), (items, 1))
        np.add.at(logits, answers.item, rows[answers.worker, :, answers.answer])
        q = np.exp(logits - logits.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
    return q


def test_a_refit_costs_at_most_three_dense_em_of_the_same_sweeps() -> None:
    crowd = crowds.make(items=4617, workers=200, per_item=6)
    answers = encode(crowd.rows)

    def cost(work: object) -> float:
        times = []
        for _ in range(3):
            begun = time.process_time()
            work()  # type: ignore[operator]
            times.append(time.process_time() - begun)
        return min(times)

    assert len(answers.item) > 27_700
    bare = cost(lambda: dense_em(answers, sweeps=50))
    assert cost(lambda: families.learn(answers, families.CONFUSION, sweeps=50)) <= 3 * bare
    assert cost(lambda: categorical.fit(answers)) <= 3 * bare


def test_the_mathematics_imports_no_django() -> None:
    program = (
        "import sys, pkgutil, importlib\n"
        "sys.modules['django'] = None\n"
        "import marketplace.quality as room\n"
        "for module in pkgutil.iter_modules(room.__path__):\n"
        "    importlib.import_module(f'marketplace.quality.{module.name}')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
