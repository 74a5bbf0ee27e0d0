"""The one-coin model for open label sets: thousands of possible labels, of which an item only ever sees a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .answers import Answers, Floats, Ints, summed

SLOTS = 30
"""Labels kept per item, most voted first."""
SWEEPS = 12
_NEVER = -1e9


@dataclass(frozen=True)
class OpenCrowd:
    """What was learned: log posteriors (items, slots + 1) of the labels in `candidates` (class index, -1 for none).

    The last column stands for all labels that nobody gave. `gain` (workers,) is what a worker's vote adds to its
    label, `newcomer` the same for somebody unknown.
    """

    evidence: Floats
    candidates: Ints
    gain: Floats
    newcomer: float


def learn(answers: Answers) -> OpenCrowd:
    """Accuracies and labels in turn, from the votes; every wrong label is as likely as any other."""
    classes = len(answers.classes)
    slot, candidates = _slots(answers)
    kept = slot < SLOTS
    cell = answers.item * (SLOTS + 1) + np.minimum(slot, SLOTS)
    others = np.log(np.maximum(classes - (candidates >= 0).sum(axis=1), 1e-300))
    q = np.full(len(slot), 0.5)
    for sweep in range(SWEEPS):
        hits = summed(answers.worker, q, len(answers.workers))
        pooled = float((hits.sum() + 2.8) / (len(q) + 4))
        gain = _gain(hits, answers.per_worker, pooled, classes)[answers.worker]
        if sweep == SWEEPS - 1:
            gain = _gain(hits[answers.worker] - q, answers.per_worker[answers.worker] - 1, pooled, classes)
        evidence = summed(cell, gain * kept, candidates.size).reshape(candidates.shape)
        evidence[candidates < 0] = _NEVER
        evidence[:, SLOTS] = np.where(np.isfinite(others), others, _NEVER)
        share = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        q = np.where(kept, share.ravel()[cell], 0.0)
        gold = answers.gold[answers.item]
        q = np.where(gold >= 0, gold == answers.answer, q)
    newcomer = float(_gain(np.zeros(1), np.zeros(1), pooled, classes)[0])
    return OpenCrowd(evidence, candidates, _gain(hits, answers.per_worker, pooled, classes), newcomer)


def _slots(answers: Answers) -> tuple[Ints, Ints]:
    """Each answer's place among its item's labels, most voted first, and the labels of each place."""
    classes = len(answers.classes)
    pairs, place, votes = np.unique(answers.item * classes + answers.answer, return_inverse=True, return_counts=True)
    item, label = pairs // classes, pairs % classes
    order = np.lexsort((label, -votes, item))
    first = np.searchsorted(item[order], np.arange(len(answers.items)))
    rank = np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs)) - first[item[order]]
    candidates = np.full((len(answers.items), SLOTS + 1), -1, np.int64)
    shown = rank < SLOTS
    candidates[item[shown], rank[shown]] = label[shown]
    return rank[place], candidates


def _gain(hits: Floats, total: Floats | Ints, pooled: float, classes: int) -> Floats:
    """log (accuracy x (classes - 1) / (1 - accuracy)), the accuracy shrunk by four answers to the pooled one."""
    accuracy = np.clip((hits + 4 * pooled) / (total + 4), 0.01, 0.99)
    return np.asarray(np.log(accuracy * (classes - 1) / (1 - accuracy)))
