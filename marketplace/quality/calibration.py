"""Confidences that mean what they say: one number, fitted on gold, for how alike people's mistakes are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Ints

SLIP = 0.02
"""Share of items on which anything may be wrong, the answer key included: no confidence rises above 1 - SLIP."""
KINSHIP = 0.25
"""How alike two people's mistakes on one item are as long as no gold says otherwise."""
SPREAD = 0.5
"""How far (standard deviation of the logarithm) the true kinship is believed to lie from that guess."""
GRID = np.exp(np.linspace(np.log(0.01), np.log(6.0), 60))


def temperature(kinship: float, answers: Floats | Ints | float) -> Floats:
    """What the evidence of so many answers is multiplied with: 1 / (1 + kinship x answers).

    The logs of a crowd's answers must not simply be added, since its mistakes are not independent: the design effect
    of Kish (1965), in which m answers of correlation r are worth m / (1 + r (m - 1)).
    """
    return np.asarray(1.0 / (1.0 + kinship * np.asarray(answers, float)))


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities; shape (n, classes)."""
    rest = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(rest / rest.sum(axis=1, keepdims=True))


def calibrated(evidence: Floats, answers: Ints, kinship: float) -> Floats:
    """Probabilities (items, classes) from log posteriors, the number of answers behind each, and the kinship."""
    cooled = softmax(evidence * temperature(kinship, answers)[:, None])
    return np.asarray((1 - SLIP) * cooled + SLIP / evidence.shape[1])


def fit_kinship(evidence: Floats, answers: Ints, truth: Ints) -> tuple[float, float]:
    """The most probable kinship given items with known truth, and the log-likelihood of the truth that it reaches.

    `evidence` (n, classes) must not contain what is being graded. With no items the guess comes back.
    """
    rows = np.arange(len(truth))
    best, fit, reached = -np.inf, KINSHIP, 0.0
    for kinship in GRID if len(truth) else ():
        likelihood = float(np.log(calibrated(evidence, answers, kinship)[rows, truth]).sum())
        belief = -0.5 * (np.log(kinship / KINSHIP) / SPREAD) ** 2
        if likelihood + belief > best:
            best, fit, reached = likelihood + belief, float(kinship), likelihood
    return fit, reached


def calibration_error(confidence: Floats, right: NDArray[np.floating], *, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap of confidence and accuracy over equal-width bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    size = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, confidence - right, bins)) / np.maximum(size, 1)
    return float((gap * size).sum() / max(len(confidence), 1))
