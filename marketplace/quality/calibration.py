"""Confidences that mean what they say: one temperature, fitted on gold or guessed from how many answers there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Ints

SLIP = 0.02
"""Share of items on which anything may be wrong, the answer key included: no confidence rises above 1 - SLIP."""
KINSHIP = 0.2
"""How alike two people's mistakes on one item are, where nothing is known: m answers are worth m / (1 + .2 (m - 1))."""
SPREAD = 0.4
"""How far (standard deviation of the logarithm) a temperature is believed to lie from that guess."""
GRID = np.exp(np.linspace(np.log(0.05), np.log(2.0), 60))


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities; shape (n, classes)."""
    rest = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(rest / rest.sum(axis=1, keepdims=True))


def tempered(evidence: Floats, temperature: float) -> Floats:
    """Calibrated probabilities (items, classes) from log posteriors: evidence times temperature, and a slip."""
    return (1 - SLIP) * softmax(evidence * temperature) + SLIP / evidence.shape[1]


def guessed_temperature(answers_per_item: float) -> float:
    """Temperature without gold: answers of a crowd are not independent, so their logs must not simply be added.

    The design effect of Kish (1965): m answers with correlation r carry m / (1 + r (m - 1)) answers' worth.
    """
    return 1.0 / (1.0 + KINSHIP * max(answers_per_item - 1.0, 0.0))


def fit_temperature(evidence: Floats, truth: Ints, *, guess: float) -> tuple[float, float]:
    """The most probable temperature given items with known truth, and the log-likelihood it reaches.

    `evidence` (n, classes) must not contain what is being graded. With no items the guess comes back.
    """
    rows = np.arange(len(truth))
    best, fit, reached = -np.inf, guess, 0.0
    for temperature in GRID:
        likelihood = float(np.log(tempered(evidence, temperature)[rows, truth]).sum())
        belief = -0.5 * (np.log(temperature / guess) / SPREAD) ** 2
        if likelihood + belief > best:
            best, fit, reached = likelihood + belief, float(temperature), likelihood
    return (fit, reached) if len(truth) else (guess, 0.0)


def calibration_error(confidence: Floats, right: NDArray[np.floating], *, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap of confidence and accuracy over equal-width bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    size = np.maximum(np.bincount(place, minlength=bins), 1)
    gap = np.abs(np.bincount(place, confidence - right, bins)) / size
    return float((gap * np.bincount(place, minlength=bins)).sum() / max(len(confidence), 1))
