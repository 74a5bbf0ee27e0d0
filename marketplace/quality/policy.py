"""Dynamic overlap: after each answer an item is settled, gets one more, or goes to an expert; live work and replay obey this."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .online import Posterior

BEST_FIRST = 0.8
"""Share of answers that are asked of the best available worker; the rest keeps everybody measured."""


class Step(StrEnum):
    """What an item needs next."""

    SETTLED = "settled"
    ONE_MORE = "one_more"
    EXPERT = "expert"
    ADJUDICATE = "adjudicate"


@dataclass(frozen=True, slots=True)
class Policy:
    """When an item is done. Every project states its own; each number is shown to the client.

    `target` is compared with the belief of the model: whether more answers of the same crowd could change the label.
    `expert_below` is compared with the calibrated confidence: whether that crowd is good enough for this item.
    `tiers` is how many higher tiers may be asked, one answer each, and `adjudicated` whether a person who sees all
    answers has the last word.
    """

    minimum: int = 2
    maximum: int = 12
    target: float = 0.99
    expert_below: float = 0.0
    tiers: int = 0
    adjudicated: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step and the reason: `too_few`, `target`, `unsure`, `maximum` or `crowd_is_weak`."""

    step: Step
    reason: str


def decide(*, posterior: Posterior, policy: Policy, escalated: int = 0) -> Decision:
    """What an item needs after its latest answer; `escalated` is how many higher tiers have answered already."""
    if posterior.answers < policy.minimum:
        return Decision(Step.ONE_MORE, "too_few")
    sure = posterior.belief >= policy.target
    if sure and posterior.confidence >= policy.expert_below:
        return Decision(Step.SETTLED, "target")
    if not sure and posterior.answers < policy.maximum and not escalated:
        return Decision(Step.ONE_MORE, "unsure")
    reason = "crowd_is_weak" if sure else "maximum"
    if escalated < policy.tiers:
        return Decision(Step.EXPERT, reason)
    return Decision(Step.ADJUDICATE if policy.adjudicated else Step.SETTLED, reason)


def most_uncertain(posteriors: Mapping[str, Posterior], *, count: int) -> list[str]:
    """The items whose label is least certain, fewest answers first among equals."""
    return sorted(posteriors, key=lambda name: (posteriors[name].belief, posteriors[name].answers, name))[:count]


def next_worker(available: Sequence[str], *, scores: Mapping[str, float], newcomer: float, rng: random.Random) -> str:
    """Who is asked next: mostly the best-estimated of the available workers, otherwise any of them."""
    if rng.random() < BEST_FIRST:
        return max(available, key=lambda name: scores.get(name, newcomer))
    return available[rng.randrange(len(available))]
