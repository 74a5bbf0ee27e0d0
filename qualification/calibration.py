"""Discrimination and difficulty of questions estimated from answers: marginal maximum likelihood with priors. Imports no Django.

Bock and Aitkin's EM (1981) for the two-parameter model: people are normal(0, 1) and integrated out on a grid, so people who met
different questions, or were given them because of earlier answers, are compared fairly. Priors keep rare answers from running away:
log a is normal(0, 0.5), b is normal(0, 1.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

GRID: Floats = np.linspace(-4, 4, 41)
PRIOR: Floats = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()
SPREAD_A, SPREAD_B = 0.5, 1.5
SWEEPS, ENOUGH = 200, 1e-3
LONGEST_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """Parameters of one question with the standard error of the difficulty, from `answers` answers."""

    a: float
    b: float
    error_b: float
    answers: int


def estimate(*, people: Places, questions: Places, credits: Floats, count: int) -> list[Estimate]:
    """Parameters of questions 0..count-1 from answers: who (0, 1, ...), which question, and the credit from 0 to 1, place by place."""
    log_a, b = np.zeros(count), np.zeros(count)
    met = np.bincount(questions, minlength=count)
    bread = np.zeros((2, 2, count))
    for _sweep in range(SWEEPS):
        belief = _abilities(np.exp(log_a), b, people, questions, credits)[people]
        weights, right = np.zeros((count, len(GRID))), np.zeros((count, len(GRID)))
        np.add.at(weights, questions, belief)
        np.add.at(right, questions, belief * credits[:, None])
        step_a, step_b, bread = _newton(log_a, b, weights, right)
        log_a, b = log_a + step_a, b + step_b
        if max(np.abs(step_a).max(initial=0), np.abs(step_b).max(initial=0)) < ENOUGH:
            break
    errors = np.sqrt(bread[0, 0] / (bread[0, 0] * bread[1, 1] - bread[0, 1] ** 2))
    return [
        Estimate(a=float(np.exp(log_a[at])), b=float(b[at]), error_b=float(errors[at]), answers=int(met[at])) for at in range(count)
    ]


def _abilities(a: Floats, b: Floats, people: Places, questions: Places, credits: Floats) -> Floats:
    """The posterior of each person on the grid: a row per person."""
    chances = np.clip(_curve(a, b), 1e-9, 1 - 1e-9)
    logs = np.tile(np.log(PRIOR), (int(people.max()) + 1, 1))
    told = credits[:, None] * np.log(chances)[questions] + (1 - credits)[:, None] * np.log1p(-chances)[questions]
    np.add.at(logs, people, told)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    belief: Floats = weights / weights.sum(axis=1, keepdims=True)
    return belief


def _newton(log_a: Floats, b: Floats, weights: Floats, right: Floats) -> tuple[Floats, Floats, Floats]:
    """One step of Fisher scoring for every question at once, and the information it rests on (log a, b)."""
    a = np.exp(log_a)[:, None]
    chances, off = _curve(a[:, 0], b), GRID[None, :] - b[:, None]
    rest, spread = right - weights * chances, weights * chances * (1 - chances) * a**2
    slope_a = (a * rest * off).sum(axis=1) - log_a / SPREAD_A**2
    slope_b = -(a * rest).sum(axis=1) - b / SPREAD_B**2
    info = np.array([
        [(spread * off**2).sum(axis=1) + SPREAD_A**-2, -(spread * off).sum(axis=1)],
        [-(spread * off).sum(axis=1), spread.sum(axis=1) + SPREAD_B**-2],
    ])  # fmt: skip
    size = info[0, 0] * info[1, 1] - info[0, 1] ** 2
    step_a = (info[1, 1] * slope_a - info[0, 1] * slope_b) / size
    step_b = (info[0, 0] * slope_b - info[0, 1] * slope_a) / size
    return np.clip(step_a, -LONGEST_STEP, LONGEST_STEP), np.clip(step_b, -LONGEST_STEP, LONGEST_STEP), info


def _curve(a: Floats, b: Floats) -> Floats:
    """The probability of a right answer: a row per question, a column per point of the grid."""
    curve: Floats = 1 / (1 + np.exp(-a[:, None] * (GRID[None, :] - b[:, None])))
    return curve
