"""Settled, one more, or an expert."""

from __future__ import annotations

import random

import pytest

from marketplace.quality.online import Posterior
from marketplace.quality.policy import Policy, Step, decide, most_uncertain, next_worker


def after(answers: int, *, belief: float, confidence: float = 0.9) -> Posterior:
    return Posterior("yes", belief, confidence, {"yes": confidence, "no": 1 - confidence}, answers)


@pytest.mark.parametrize(
    ("posterior", "policy", "escalated", "step", "reason"),
    [
        (after(0, belief=0.5), Policy(), 0, Step.ONE_MORE, "too_few"),
        (after(1, belief=0.999), Policy(), 0, Step.ONE_MORE, "too_few"),
        (after(2, belief=0.999), Policy(), 0, Step.SETTLED, "target"),
        (after(2, belief=0.9), Policy(), 0, Step.ONE_MORE, "unsure"),
        (after(2, belief=0.9), Policy(target=0.9), 0, Step.SETTLED, "target"),
        (after(5, belief=0.9), Policy(maximum=5), 0, Step.SETTLED, "maximum"),
        (after(5, belief=0.9), Policy(maximum=5, tiers=1), 0, Step.EXPERT, "maximum"),
        (after(6, belief=0.9), Policy(maximum=5, tiers=1), 1, Step.SETTLED, "maximum"),
        (after(6, belief=0.9), Policy(maximum=5, tiers=1, adjudicated=True), 1, Step.ADJUDICATE, "maximum"),
        (after(6, belief=0.995), Policy(maximum=5, tiers=1, adjudicated=True), 1, Step.SETTLED, "target"),
        (after(4, belief=0.9), Policy(maximum=9, tiers=2), 1, Step.EXPERT, "maximum"),
        (after(3, belief=0.999, confidence=0.7), Policy(expert_below=0.8, tiers=1), 0, Step.EXPERT, "crowd_is_weak"),
        (after(3, belief=0.999, confidence=0.7), Policy(expert_below=0.8), 0, Step.SETTLED, "crowd_is_weak"),
        (after(3, belief=0.999, confidence=0.85), Policy(expert_below=0.8, tiers=1), 0, Step.SETTLED, "target"),
    ],
)
def test_what_an_item_needs_next(posterior: Posterior, policy: Policy, escalated: int, step: Step, reason: str) -> None:
    decision = decide(posterior=posterior, policy=policy, escalated=escalated)
    assert (decision.step, decision.reason) == (step, reason)


def test_the_least_certain_come_first() -> None:
    posteriors = {"a": after(3, belief=0.9), "b": after(2, belief=0.6), "c": after(2, belief=0.9), "d": after(9, belief=0.99)}
    assert most_uncertain(posteriors, count=3) == ["b", "c", "a"]


def test_the_best_are_asked_first_and_everybody_sometimes() -> None:
    rng = random.Random(0)
    scores = {"ana": 0.9, "eve": 0.5}
    asked = [next_worker(["eve", "ana", "new"], scores=scores, newcomer=0.7, rng=rng) for _ in range(3000)]
    assert asked.count("ana") / 3000 == pytest.approx(0.8 + 0.2 / 3, abs=0.03)
    assert asked.count("eve") / 3000 == pytest.approx(0.2 / 3, abs=0.03)
    assert next_worker(["eve", "new"], scores=scores, newcomer=0.7, rng=random.Random(1)) == "new"
