"""How many answers a batch will take, with an interval, before it is launched: from past items, or by playing it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .online import first_model
from .policy import Policy, Step, decide

PAST_ENOUGH = 20
"""Settled items below which the past is no better than a guess."""
PLAYED_CROWDS = 40
PLAYED_ITEMS = 40
AMBIGUOUS = 0.1
"""Share of items of a guessed batch on which people are no better than a coin between two labels."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Answers that a batch will take in all, with a 95 % interval; `guess` when nothing like it was ever done."""

    answers: float
    low: float
    high: float
    guess: bool

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high


def expected_answers(
    *,
    items: int,
    policy: Policy,
    past: Sequence[int] = (),
    classes: int = 2,
    accuracy: tuple[float, float] = (0.65, 0.9),
    seed: int = 0,
) -> Forecast:
    """Answers that `items` items will take under `policy`.

    `past` is how many answers each settled item of like work took under the same policy. Without enough of them crowds
    are played, whose mean accuracy lies somewhere in `accuracy`: then the interval is as wide as not knowing the crowd
    makes it.
    """
    if len(past) >= PAST_ENOUGH:
        counts = np.clip(past, policy.minimum, policy.maximum).astype(float)
        mean, variance = float(counts.mean()), float(counts.var(ddof=1))
        spread = 1.96 * math.sqrt(items * variance + items**2 * variance / len(past))
        low, high = items * mean - spread, items * mean + spread
        return Forecast(items * mean, *_within(low, high, items, policy), guess=False)
    rng = random.Random(seed)
    means = [_play(policy, classes, rng.uniform(*accuracy), rng) for _ in range(PLAYED_CROWDS)]
    low, high = np.quantile(means, [0.025, 0.975]) * items
    return Forecast(float(np.mean(means)) * items, *_within(float(low), float(high), items, policy), guess=True)


def _within(low: float, high: float, items: int, policy: Policy) -> tuple[float, float]:
    return max(low, items * policy.minimum), min(high, items * policy.maximum)


def _play(policy: Policy, classes: int, accuracy: float, rng: random.Random) -> float:
    """Mean answers per item of a crowd of that accuracy, which the model knows."""
    labels = [str(n) for n in range(max(classes, 2))]
    model = first_model(labels, accuracy=accuracy)
    asked = 0
    for _ in range(PLAYED_ITEMS):
        hit = 0.5 if rng.random() < AMBIGUOUS else accuracy
        running = model.begin()
        while decide(posterior=model.posterior(running), policy=policy).step is Step.ONE_MORE:
            answer = labels[0] if rng.random() < hit else labels[rng.randrange(1, len(labels))]
            running = model.observe(running, worker="", answer=answer)
        asked += running.answers
    return asked / PLAYED_ITEMS
