"""The policy of adaptive exams as mathematics: what answers say about a person, when the tier is decided, which question is next.

Item response theory with two parameters (Birnbaum 1968): a person of ability t gets an item with discrimination a and difficulty b
right with the probability 1 / (1 + exp(-a (t - b))). Ability is normal(0, 1) before the first answer. catsim computes the curves and
the information; the posterior is kept on a grid. The same functions serve live attempts and `simulate_exams`. Imports no Django.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qualification.grading import CONFIDENCE, FULL, Score

Floats = NDArray[np.float64]

CELL = 0.05
GRID: Floats = np.arange(-4.5, 4.5, CELL) + CELL / 2
"""Middles of the cells of ability; cuts in steps of 0.05 fall between two cells."""
PRIOR: Floats = -(GRID**2) / 2
"""The logarithm of how common each ability is."""

STATED = 0.81
"""The posterior share from which a tier counts as decided, when an exam states no other."""
EASY_FROM, EASING = 5, 0.012
"""After so many questions the share asked for sinks by this much with each further one: whoever is not decided by then stands close to
a cut, where further questions tell less and less (measured: fewer questions and fewer wrong tiers than any constant share)."""
CHOICE = 4
"""The next question is drawn from so many best ones, so that not everybody meets the same."""
MOST_EXPOSED = 0.33
"""A question that a greater share of the attempts has met rests until it is below that share again."""
SETTLING = 20
"""So many attempts go by before shares of exposure mean anything."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an exam states: tier k + 1 begins at ability `cuts[k]` (ascending), at most `most` questions, `confidence` to stop."""

    cuts: tuple[float, ...]
    most: int
    confidence: float = STATED

    def needed(self, asked: int) -> float:
        """The share that decides after so many questions; never below a half."""
        return max(0.5, self.confidence - EASING * max(0, asked - EASY_FROM))


@dataclass(frozen=True)
class Bank:
    """The parameters of a bank's questions, by place, and what follows from them alone."""

    a: Floats
    b: Floats
    cuts: tuple[float, ...] = ()

    @cached_property
    def right(self) -> Floats:
        """The probability of a right answer: a row per question, a column per cell of the grid."""
        from catsim import irt  # it loads scipy's statistics, which most requests can do without

        return np.asarray(irt.icc_hpc(GRID[:, None], self._items)).T

    @cached_property
    def told(self) -> tuple[Floats, Floats]:
        """What a wrong answer says (the logarithm of its probability), and what a right one says beyond that."""
        chances = np.clip(self.right, 1e-12, 1 - 1e-12)
        wrong = np.log1p(-chances)
        return wrong, np.log(chances) - wrong

    @cached_property
    def worth(self) -> Floats:
        """Fisher's information of each question at each cut: a row per cut."""
        from catsim import irt

        return np.array([irt.inf_hpc(cut, self._items) for cut in self.cuts])

    @cached_property
    def _items(self) -> Floats:
        """As catsim has them: a, b, no guessing, no slips."""
        return np.column_stack([self.a, self.b, np.zeros_like(self.a), np.ones_like(self.a)])


def warm_up() -> None:
    """Load what computes the curves. It takes seconds, which the first person at an adaptive exam should not wait."""
    bank = Bank(np.ones(2), np.zeros(2), (0.0,))
    _loaded = bank.right, bank.worth


@dataclass(frozen=True, slots=True)
class Verdict:
    """The most probable tier, how probable it is, and whether that is as sure as was stated."""

    tier: int
    confidence: float
    decided: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Where an attempt stands: the verdict so far, and the place of the next question; None when it is over."""

    verdict: Verdict
    next: int | None


Answer = tuple[int, float]
"""Place of a question in the bank, and the credit for it: 0 wrong, 1 right, between for a part."""


def posterior(bank: Bank, answers: Sequence[Answer]) -> Floats:
    """The probability of each cell of ability after these answers. A credit in between counts as that share of a right answer."""
    logs = PRIOR
    if answers:
        places, credits = [place for place, _credit in answers], np.array([credit for _place, credit in answers])
        wrong, beyond = bank.told
        logs = logs + wrong[places].sum(axis=0) + credits @ beyond[places]
    weights = np.exp(logs - logs.max())
    belief: Floats = weights / weights.sum()
    return belief


def verdict(belief: Floats, policy: Policy, *, asked: int) -> Verdict:
    """The tier of greatest mass after so many questions."""
    masses = np.add.reduceat(belief, [0, *np.searchsorted(GRID, policy.cuts)])
    tier = int(masses.argmax())
    return Verdict(tier=tier, confidence=float(masses[tier]), decided=bool(masses[tier] >= policy.needed(asked)))


def sure(belief: Floats, policy: Policy) -> Verdict:
    """The highest tier that the person has or surpasses at the stated confidence, with that probability; tier 0 is always sure."""
    above = [1.0, *(float(belief[place:].sum()) for place in np.searchsorted(GRID, policy.cuts))]
    tier = max(at for at, mass in enumerate(above) if at == 0 or mass >= policy.confidence)
    return Verdict(tier=tier, confidence=above[tier], decided=False)


def open_cut(belief: Floats, cuts: Sequence[float]) -> int:
    """The place of the cut on whose sides the mass is shared most evenly: the one that is still to be decided."""
    below = np.cumsum(belief)[np.searchsorted(GRID, cuts) - 1]
    return int(np.argmin(np.abs(below - 0.5)))


def resting(exposure: Sequence[int], attempts: int) -> frozenset[int]:
    """The places of questions that too many attempts have met; none while there are few attempts."""
    if attempts < SETTLING:
        return frozenset()
    return frozenset(place for place, met in enumerate(exposure) if met > MOST_EXPOSED * attempts)


def pick(bank: Bank, belief: Floats, *, left_out: Collection[int], chance: random.Random) -> int | None:
    """One of the questions that tell most at the open cut, by chance; None when none is left."""
    worth = bank.worth[open_cut(belief, bank.cuts)].copy()
    worth[list(left_out)] = -1.0
    best = [int(place) for place in np.argsort(-worth, kind="stable")[:CHOICE] if worth[place] >= 0]
    return chance.choice(best) if best else None


def step(bank: Bank, policy: Policy, answers: Sequence[Answer], *, rests: Collection[int], chance: random.Random) -> Step:
    """What comes after these answers. Resting questions are used only when no other is left."""
    belief = posterior(bank, answers)
    found = verdict(belief, policy, asked=len(answers))
    if found.decided or len(answers) >= policy.most:
        return Step(found, None)
    asked = {place for place, _credit in answers}
    place = pick(bank, belief, left_out=asked | set(rests), chance=chance)
    if place is None and rests:
        place = pick(bank, belief, left_out=asked, chance=chance)
    return Step(found, place)


def as_score(bank: Bank, belief: Floats) -> Score:
    """What the belief says in the words of every exam: the share of such a bank's questions that the person would get right, in
    basis points, with its mean and the equal-tailed 95 % interval. The share grows with ability, so its quantiles are those of ability."""
    shares = bank.right.mean(axis=0)
    mean = round(FULL * float(belief @ shares))
    tail, mass = (1 - CONFIDENCE) / 2, np.cumsum(belief)
    low, high = (round(FULL * float(shares[min(int(np.searchsorted(mass, at)), len(GRID) - 1)])) for at in (tail, 1 - tail))
    return Score(share=mean, mean=mean, low=min(low, mean), high=max(high, mean))
