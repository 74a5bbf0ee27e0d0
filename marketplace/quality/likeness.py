"""Transcripts and boxes at work: how much each worker's word weighs, and whether enough answers of an item are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .boxes import BoxFit
from .text import TextFit

EXPERT_WEIGHT = 2.0
"""An expert whom nobody measured weighs like two of the crowd."""


@dataclass(frozen=True)
class Weights:
    """What each known worker's answer weighs beside the others of an item, and that of one whom nobody knows."""

    usual: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_texts(cls, fit: TextFit) -> Weights:
        """The weights of the vote word by word: log odds of a right word."""
        return cls._of(fit.weights)

    @classmethod
    def of_boxes(cls, fit: BoxFit) -> Weights:
        """Square of the mean agreement with the outcome, as in `boxes.fit`."""
        return cls._of({name: max(score.mean, 0.05) ** 2 for name, score in fit.workers.items()})

    @classmethod
    def _of(cls, own: Mapping[str, float]) -> Weights:
        return cls(float(np.median(list(own.values()))) if own else 1.0, dict(own))

    def of(self, worker: str, *, expert: bool = False) -> float:
        return max(self.own.get(worker, self.usual * (EXPERT_WEIGHT if expert else 1.0)), 1e-6)

    def to_json(self) -> dict[str, Any]:
        return {"kind": "likeness", "usual": self.usual, "own": {name: round(weight, 6) for name, weight in self.own.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Weights:
        return cls(float(stored["usual"]), {str(name): float(weight) for name, weight in stored["own"].items()})


def alike(agreement: Sequence[Sequence[float]], *, least: int) -> float:
    """How far the `least` answers that are most alike agree: 0..1, from a symmetric matrix of agreements of pairs.

    One bad answer among several good ones does not count against them; one answer alone is like nothing. Two at least are
    compared, whatever `least` says.
    """
    table, wanted = np.array(agreement, float), max(least, 2)
    if len(table) < wanted:
        return 0.0
    np.fill_diagonal(table, -np.inf)
    nearest = -np.sort(-table, axis=1)[:, : wanted - 1]
    return float(nearest.mean(axis=1).max())
