"""The models of who is right how often: one family of confusion matrices, from majority vote to a row per true class.

Truth z_i ~ class prior; an answer of worker w to an item of true class k is j with probability rows[w, k, j]
(Dawid and Skene 1979). A worker's row is shrunk by pseudo-answers to the crowd's row for that class, moved on the
logit scale to the worker's own level. With endless shrinkage and an even crowd row this is the one-coin model, with an
endless pull on the level as well it is majority vote: five candidates, one piece of code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .answers import Answers, Floats, Ints, summed

ENDLESS = 1e9
FIRST_GUESS = 0.7
"""What a worker is thought to get right as long as nobody has answered anything, worth FIRST_ANSWERS answers."""
FIRST_ANSWERS = 4.0
SWEEPS_AT_LEAST, SWEEPS_AT_MOST = 8, 40
RESTLESS = 0.005
"""Share of items whose label a sweep must change for another one to follow."""
GUARD_FROM = 5
"""Sweeps before classes are watched for having lost their meaning."""


@dataclass(frozen=True)
class Family:
    """How much of a worker is learned. Strengths are in pseudo-answers, anchors in pseudo-answers per item."""

    name: str
    shrink: float
    level: float
    even: bool
    anchor_pool: float = 0.0
    anchor_prior: float = 0.0
    guarded: bool = False


MAJORITY = Family("majority", ENDLESS, ENDLESS, even=True, anchor_prior=ENDLESS)
ONE_COIN = Family("one_coin", ENDLESS, 4.0, even=True, anchor_pool=2.0, anchor_prior=0.5)
CONFUSION = Family("confusion", 12.0, 4.0, even=False, guarded=True)
CONFUSION_ANCHORED = Family("confusion_anchored", 12.0, 4.0, even=False, anchor_prior=0.5, guarded=True)
CONFUSION_FREE = Family("confusion_free", 4.0, 4.0, even=False)

CANDIDATES = (CONFUSION, MAJORITY, ONE_COIN, CONFUSION_ANCHORED, CONFUSION_FREE)
"""The first is what is used without gold: best without any knowledge of the job on synthetic and shared sets."""


@dataclass(frozen=True)
class Crowd:
    """What a family learned.

    `evidence` (items, classes): log of class prior times likelihood, not normalised, each item judged by workers as
    they are known from *other* items. `rows` (workers, classes, classes): probability of an answer given the truth.
    `newcomer` (classes, classes): the same for a worker nobody has seen yet. `log_prior` (classes,).
    """

    family: Family
    evidence: Floats
    rows: Floats
    newcomer: Floats
    log_prior: Floats


@dataclass(frozen=True)
class _Rows:
    """The crowd's rows (true class, answer), how many pseudo-answers they are worth, and how workers stand to them.

    `pull` is how many answers' worth a worker is thought to be as `believed`: like the crowd, or as known elsewhere.
    """

    pooled: Floats
    strength: Floats
    hits: Floats
    total: Floats
    expected: Floats
    believed: Floats
    pull: float

    def levels(self) -> Floats:
        """How much better each worker is than the crowd on the same classes, on the logit scale: (workers,)."""
        return self._level(self.hits, self.total, slice(None))

    def levels_without(self, who: Ints, own: Floats) -> Floats:
        """The same for the worker of each answer, with that answer forgotten: (answers,)."""
        return self._level(self.hits[who] - own, self.total[who] - 1, who)

    def _level(self, hits: Floats, total: Floats, who: Ints | slice) -> Floats:
        expected = self.expected[who]
        share = (hits + self.pull * self.believed[who]) / (total + self.pull)
        return _logit(_share(share)) - _logit(expected)

    def towards(self, level: Floats) -> tuple[Floats, Floats]:
        """The crowd's rows moved to levels (n,): diagonals (n, classes) and shape of the rest (classes, classes)."""
        own = _share(np.diag(self.pooled))
        moved = 1 / (1 + np.exp(-(_logit(own)[None, :] + level[:, None])))
        rest = self.pooled * (1 - np.eye(len(own)))
        return moved, rest / rest.sum(axis=1, keepdims=True)


def learn(answers: Answers, family: Family, *, sweeps: int | None = None) -> Crowd:
    """Expectation maximisation from the votes, stopped when the labels have settled unless `sweeps` are given.

    The likelihood goes on rising for long after that, and on real crowds the accuracy falls with it: classes that
    people confuse are merged, and a rare class becomes the place where hard items go. Gold stays what it is throughout.
    """
    q = _settle_gold(answers, _normal(answers.votes.T * _vote_gain(len(answers.classes))))
    guarded = np.zeros(len(answers.classes), bool)
    cell = answers.worker * len(answers.classes) + answers.answer
    for sweep in range(sweeps or SWEEPS_AT_MOST):
        counts = _counts(answers, q, cell)
        log_prior = _log_prior(q, family)
        fitted = _fit_rows(counts, answers, family, guarded, watch=sweep >= GUARD_FROM)
        likelihood = np.log(_blend(counts, fitted)).reshape(len(q), -1)
        counted, q = q, _settle_gold(answers, _normal(_summed(answers, likelihood, cell) + log_prior[:, None]))
        if not sweeps and sweep + 1 >= SWEEPS_AT_LEAST and _moved(counted, q) < RESTLESS:
            break
    evidence = _without_self(answers, counted, counts, fitted) + log_prior[:, None]
    newcomer, rest = fitted.towards(np.zeros(1))
    rows = _blend(counts, fitted).transpose(1, 0, 2)
    return Crowd(family, evidence.T, rows, _whole(newcomer, rest)[0], log_prior)


def _moved(before: Floats, after: Floats) -> float:
    """Share of items whose label has changed."""
    return float((before.argmax(axis=0) != after.argmax(axis=0)).mean()) if before.size else 0.0


def _counts(answers: Answers, q: Floats, cell: Ints) -> Floats:
    """Soft counts (true class, worker, answer)."""
    workers, classes = len(answers.workers), len(answers.classes)
    flat = [summed(cell, q[k].take(answers.item), workers * classes) for k in range(classes)]
    return np.stack(flat).reshape(classes, workers, classes)


def _log_prior(q: Floats, family: Family) -> Floats:
    """Class prior with one pseudo-item per class; an anchored family is held even with pseudo-items per item."""
    size = q.sum(axis=1) + 1 + family.anchor_prior * q.shape[1] / len(q)
    return np.asarray(np.log(size / size.sum()))


def _fit_rows(counts: Floats, answers: Answers, family: Family, guarded: NDArray[np.bool_], *, watch: bool) -> _Rows:
    """The crowd's rows, and each worker's level against what the crowd's rows let expect. Marks `guarded` in place."""
    classes = len(counts)
    hits = np.einsum("kwk->w", counts)
    total = answers.per_worker.astype(np.float64)
    anchor = family.anchor_pool * len(answers.items)
    accuracy = (hits.sum() + FIRST_GUESS * (FIRST_ANSWERS + anchor)) / (total.sum() + FIRST_ANSWERS + anchor)
    flat = np.full((classes, classes), (1 - accuracy) / (classes - 1))
    np.fill_diagonal(flat, accuracy)
    strength = np.full(classes, family.shrink)
    pooled = flat
    if not family.even:
        pooled = _shares_of_rows(counts.sum(axis=1) + (2 + anchor / classes) * flat)
        if family.guarded and watch and classes > 2:
            guarded |= np.diag(pooled) < (pooled * (1 - np.eye(classes))).max(axis=1)
        pooled = _guard(pooled, guarded, float(accuracy))
        strength[guarded] = ENDLESS
    expected = _share(np.einsum("kwj,k->w", counts, np.diag(pooled)) / np.maximum(total, 1e-9))
    believed = np.where(np.isnan(answers.believed), expected, answers.believed)
    return _Rows(pooled, strength, hits, total, expected, believed, family.level)


def _guard(pooled: Floats, guarded: NDArray[np.bool_], accuracy: float) -> Floats:
    """Rows of classes that were answered with another class's name more often than with their own, made honest.

    Such a class no longer means its label: it has become the place for hard items. With two classes it may well be
    a crowd that is wrong about one of them, which a confusion matrix is there to undo.
    """
    if not guarded.any():
        return pooled
    rest = _shares_of_rows(pooled * (1 - np.eye(len(pooled))))
    honest = accuracy * np.eye(len(pooled)) + (1 - accuracy) * rest
    return np.where(guarded[:, None], honest, pooled)


def _blend(counts: Floats, fitted: _Rows) -> Floats:
    """Workers' rows (true class, worker, answer): counts and the shrinkage target, weighed."""
    moved, rest = fitted.towards(fitted.levels())
    target = _whole(moved, rest).transpose(1, 0, 2)
    weight = fitted.strength[:, None, None]
    return np.asarray((counts + weight * target) / (counts.sum(axis=2, keepdims=True) + weight))


def _without_self(answers: Answers, q: Floats, counts: Floats, fitted: _Rows) -> Floats:
    """Log-likelihoods (classes, items) in which no item's answers speak for the workers who gave them.

    Without this a worker looks better for every item that they decide alone, which is where most of the
    over-confidence of thin data comes from; for gold it means that gold never grades itself.
    """
    who, what = answers.worker, answers.answer
    mine = q[:, answers.item]
    own = mine[what, np.arange(len(what))]
    moved, rest = fitted.towards(fitted.levels_without(who, own))
    result = np.empty((len(q), len(answers.items)))
    row_sums = counts.sum(axis=2)
    for k in range(len(q)):
        target = np.where(what == k, moved[:, k], (1 - moved[:, k]) * rest[k, what])
        some = np.maximum(counts[k, who, what] - mine[k], 0) + fitted.strength[k] * target
        every = np.maximum(row_sums[k, who] - mine[k], 0) + fitted.strength[k]
        result[k] = summed(answers.item, np.log(some / every), len(answers.items))
    return result


def _summed(answers: Answers, likelihood: Floats, cell: Ints) -> Floats:
    """Log-likelihoods of every answer summed per item: (classes, items)."""
    return np.stack([summed(answers.item, row.take(cell), len(answers.items)) for row in likelihood])


def _settle_gold(answers: Answers, q: Floats) -> Floats:
    known = answers.known
    q[:, known] = 0.0
    q[answers.gold[known], np.flatnonzero(known)] = 1.0
    return q


def _normal(logits: Floats) -> Floats:
    """Softmax over the first axis."""
    logits -= logits.max(axis=0)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=0)
    return logits


def _vote_gain(classes: int) -> float:
    """What one vote adds to its class as long as everybody is thought right with probability FIRST_GUESS.

    Starting from bare shares of votes instead would make a lone answer certain, and its worker with it.
    """
    return float(np.log(FIRST_GUESS * (classes - 1) / (1 - FIRST_GUESS)))


def _shares_of_rows(values: Floats) -> Floats:
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _whole(diagonal: Floats, rest: Floats) -> Floats:
    """Rows (n, classes, classes) from diagonals (n, classes) and the shape of the rest."""
    return np.asarray(diagonal[:, :, None] * np.eye(len(rest)) + (1 - diagonal)[:, :, None] * rest[None])


def _share(values: Floats) -> Floats:
    """Probabilities kept away from 0 and 1, so that their logits stay finite."""
    return np.clip(values, 0.01, 0.99)


def _logit(values: Floats) -> Floats:
    return np.asarray(np.log(values / (1 - values)))
