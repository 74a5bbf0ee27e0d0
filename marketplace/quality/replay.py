"""Recorded work asked again, one answer at a time, through the policy and the model that serve live dispatch."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from . import categorical, scores
from .calibration import calibration_error
from .online import Model, Posterior, Running, first_model
from .policy import Policy, Step, decide, most_uncertain, next_worker

GOLD_AT_LEAST = 20
REFIT_GROWTH = 0.1
"""A refit is due when the answers have grown by this share since the last one."""
ROUND_SHARE = 0.05
"""Share of the open items, most uncertain first, that get one more answer in a round."""

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay found, over items that are not gold: share of the answers asked, accuracy with them, accuracy of
    the majority of all answers (expected over ties), and calibration error of the confidences."""

    share: float
    accuracy: float
    majority_accuracy: float
    calibration_error: float


class NothingToGrade(ValueError):
    """No item has both answers and a truth."""


@dataclass
class _Desk:
    """The replay's state: answers not asked yet, answers given, and what is believed of each item."""

    waiting: dict[str, dict[str, str]]
    gold: dict[str, str]
    classes: tuple[str, ...]
    policy: Policy
    rng: random.Random
    given: list[Row] = field(default_factory=list)
    asked: int = 0
    fitted: int = 0
    model: Model = field(default_factory=lambda: first_model(()))
    running: dict[str, Running] = field(default_factory=dict)
    posteriors: dict[str, Posterior] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    newcomer: float = 0.7
    last: categorical.Fit | None = None

    def ask(self, item: str) -> None:
        """One more recorded answer to an item, its worker chosen as dispatch would."""
        who = next_worker(sorted(self.waiting[item]), scores=self.scores, newcomer=self.newcomer, rng=self.rng)
        answer = self.waiting[item].pop(who)
        self.given.append((item, who, answer))
        self.asked += 1
        self.running[item] = self.model.observe(self.running.get(item, self.model.begin()), worker=who, answer=answer)
        self.posteriors[item] = self.model.posterior(self.running[item])
        if len(self.given) >= self.fitted * (1 + REFIT_GROWTH) + 1:
            self.refit()

    def refit(self) -> None:
        """The model from all answers so far; beliefs in every answered item follow."""
        fit = categorical.fit(self.given, gold=self.gold, classes=self.classes)
        self.model, self.last, self.fitted = fit.model, fit, len(self.given)
        known = fit.records
        self.newcomer = scores.crowd_mean(list(known.values()))
        self.scores = {name: record.mean(crowd=self.newcomer) for name, record in known.items()}
        self.running = {item: fit.running(item) for item in fit.answers.items if item not in self.gold}
        self.posteriors = {item: self.model.posterior(state) for item, state in self.running.items()}

    def open_items(self) -> list[str]:
        """Items that the policy wants one more answer for, and that have one."""
        return [
            item
            for item, posterior in self.posteriors.items()
            if self.waiting[item] and decide(posterior=posterior, policy=self.policy).step is Step.ONE_MORE
        ]


def replay(
    rows: Iterable[Row], truth: Mapping[str, str], *, gold_share: float = 0.05, policy: Policy | None = None, seed: int = 0
) -> Outcome:
    """Replays recorded (item, worker, answer) rows; gold answers are given at the start and not counted.

    NothingToGrade if no item has both an answer and a truth.
    """
    recorded: dict[str, dict[str, str]] = {}
    for (item, worker), answer in sorted({(item, worker): answer for item, worker, answer in rows}.items()):
        recorded.setdefault(item, {})[worker] = answer
    rng = random.Random(seed)
    judged = sorted(set(recorded) & set(truth))
    gold = {item: truth[item] for item in rng.sample(judged, gold_size(len(judged), share=gold_share))}
    graded = [item for item in judged if item not in gold]
    if not graded:
        raise NothingToGrade
    desk = _open_desk(recorded, gold, truth, policy or Policy(), rng)
    everything = sum(len(answers) for answers in desk.waiting.values())
    majority = _majority_accuracy(desk.waiting, {item: truth[item] for item in graded})
    _work(desk)
    accuracy, error = _grade(desk, {item: truth[item] for item in graded})
    return Outcome(desk.asked / everything, accuracy, majority, error)


def gold_size(judged: int, *, share: float) -> int:
    """How many items are gold: the share, at least twenty, at most half; none if the share is zero."""
    return min(max(round(judged * share), GOLD_AT_LEAST), judged // 2) if share > 0 else 0


def _open_desk(
    recorded: dict[str, dict[str, str]], gold: dict[str, str], truth: Mapping[str, str], policy: Policy, rng: random.Random
) -> _Desk:
    classes = {answer for answers in recorded.values() for answer in answers.values()} | set(truth.values())
    desk = _Desk({}, gold, tuple(sorted(classes)), policy, rng, model=first_model(sorted(classes)))
    for item, answers in recorded.items():
        if item in gold:
            desk.given += [(item, worker, answer) for worker, answer in answers.items()]
        else:
            desk.waiting[item] = dict(answers)
    return desk


def _work(desk: _Desk) -> None:
    """The minimum for every item, then rounds of one more for the most uncertain, until nothing wants or has more."""
    desk.refit()
    for _ in range(desk.policy.minimum):
        for item in [item for item, waiting in desk.waiting.items() if waiting]:
            desk.ask(item)
    desk.refit()
    while wanting := desk.open_items():
        count = math.ceil(len(wanting) * ROUND_SHARE)
        for item in most_uncertain({item: desk.posteriors[item] for item in wanting}, count=count):
            desk.ask(item)
        if len(wanting) <= count or not desk.open_items():
            desk.refit()


def _grade(desk: _Desk, truth: Mapping[str, str]) -> tuple[float, float]:
    fit = desk.last
    assert fit is not None
    labels = dict(zip(fit.answers.items, zip(fit.labels, fit.confidence, strict=True), strict=True))
    right = np.array([float(labels[item][0] == truth[item]) for item in truth])
    return float(right.mean()), calibration_error(np.array([labels[item][1] for item in truth]), right)


def _majority_accuracy(recorded: Mapping[str, Mapping[str, str]], truth: Mapping[str, str]) -> float:
    """Accuracy of the majority of all answers; a tie counts by the share of the tied labels that are right."""
    total = 0.0
    for item, label in truth.items():
        votes: dict[str, int] = {}
        for answer in recorded[item].values():
            votes[answer] = votes.get(answer, 0) + 1
        top = [name for name, count in votes.items() if count == max(votes.values())]
        total += (label in top) / len(top)
    return total / len(truth)
