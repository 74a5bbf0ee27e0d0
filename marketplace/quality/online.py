"""The model at work: one row per project, one small state per item, and an answer's effect in constant time."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .answers import SPARE_CLASSES, Floats
from .calibration import KINSHIP, SLIP, temperature


@dataclass(frozen=True, slots=True)
class Running:
    """What an item's answers have said so far: log posterior per label (not normalised) and how many answers."""

    evidence: Mapping[str, float] = field(default_factory=dict)
    answers: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"evidence": {label: round(value, 5) for label, value in self.evidence.items()}, "answers": self.answers}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Running:
        return cls({str(k): float(v) for k, v in stored["evidence"].items()}, int(stored["answers"]))


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of an item.

    `belief` is the model's own probability of `label`: whether more answers of the same crowd could still change it.
    `confidence` is that probability after calibration: how often such a label is right.
    """

    label: str
    belief: float
    confidence: float
    distribution: Mapping[str, float]
    answers: int


@dataclass(frozen=True)
class Model:
    """What is known of a project's crowd between two refits, enough to judge any answer.

    `rows` holds per worker the log-probability of an answer given the truth, (classes, classes); for an open label
    set `gains` holds what a vote of the worker adds to its label. The key "" is a worker whom nobody knows yet.
    """

    classes: tuple[str, ...]
    family: str
    kinship: float
    log_prior: Floats
    rows: Mapping[str, Floats] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)

    @property
    def open_set(self) -> bool:
        return bool(self.gains)

    def begin(self) -> Running:
        """An item without answers."""
        if self.open_set:
            return Running()
        return Running(dict(zip(self.classes, self.log_prior.tolist(), strict=True)))

    def observe(self, running: Running, *, worker: str, answer: str, accuracy: float | None = None) -> Running:
        """The item after one more answer; the order of answers does not matter.

        `accuracy` is what a worker whom the model does not know gets right elsewhere (an expert, an adjudicator).
        A label that the model has not met in its last refit says nothing yet, it only counts as an answer.
        """
        evidence = dict(running.evidence)
        if self.open_set:
            stranger = self.gains[""] if accuracy is None else _gain(accuracy, len(self.classes))
            evidence[answer] = evidence.get(answer, 0.0) + self.gains.get(worker, stranger)
        elif answer in self.classes:
            stranger_rows = self.rows[""] if accuracy is None else even_rows(accuracy, len(self.classes))
            column = self.rows.get(worker, stranger_rows)[:, self.classes.index(answer)].tolist()
            evidence = {label: evidence.get(label, 0.0) + gain for label, gain in zip(self.classes, column, strict=True)}
        return Running(evidence, running.answers + 1)

    def posterior(self, running: Running) -> Posterior:
        """Label, belief and calibrated confidence of an item."""
        belief = self._normal(running.evidence, 1.0)
        cooled = self._normal(running.evidence, float(temperature(self.kinship, running.answers)))
        size = len(self.classes)
        named = {name: (1 - SLIP) * share + SLIP / size for name, share in cooled.items() if name not in SPARE_CLASSES}
        label = max(named, key=lambda name: belief[name], default="")
        return Posterior(label, belief.get(label, 0.0), named.get(label, 0.0), named, running.answers)

    def _normal(self, evidence: Mapping[str, float], factor: float) -> dict[str, float]:
        """Softmax; in an open set the labels that nobody gave share the mass they would have with no vote."""
        if not evidence:
            return {}
        top = max(max(evidence.values()), 0.0 if self.open_set else -math.inf)
        shares = {label: math.exp((value - top) * factor) for label, value in evidence.items()}
        total = sum(shares.values())
        unseen = len(self.classes) - len(evidence)
        if self.open_set and unseen > 0:
            total += math.exp((math.log(unseen) - top) * factor)
        return {label: share / total for label, share in shares.items()}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for one row of a database: rows as base64 of float32, in the order of `workers`."""
        return {
            "classes": list(self.classes),
            "family": self.family,
            "kinship": self.kinship,
            "log_prior": [round(float(value), 6) for value in self.log_prior],
            "workers": list(self.rows) or list(self.gains),
            "rows": _packed(list(self.rows.values())),
            "gains": _packed([np.array(list(self.gains.values()))]) if self.gains else "",
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Model:
        classes, workers = tuple(stored["classes"]), stored["workers"]
        size = len(classes)
        rows = list(_unpacked(stored["rows"]).reshape(-1, size, size)) if stored["rows"] else []
        gains = _unpacked(stored["gains"]).tolist() if stored["gains"] else []
        return cls(
            classes,
            stored["family"],
            float(stored["kinship"]),
            np.array(stored["log_prior"], float),
            dict(zip(workers, rows, strict=False)),
            dict(zip(workers, gains, strict=False)),
        )


def first_model(classes: Sequence[str], *, accuracy: float = 0.7) -> Model:
    """The model of a project without answers: every class as likely, every worker right with probability .7."""
    names = (*classes, *SPARE_CLASSES[: max(0, 2 - len(classes))])
    prior = np.full(len(names), -math.log(len(names)))
    return Model(names, "one_coin", KINSHIP, prior, {"": even_rows(accuracy, len(names))})


def even_rows(accuracy: float, classes: int) -> Floats:
    """Log-probabilities of an answer given the truth, for somebody who is right so often and errs evenly."""
    right = min(max(accuracy, 0.01), 0.99)
    rows = np.full((classes, classes), math.log((1 - right) / (classes - 1)))
    np.fill_diagonal(rows, math.log(right))
    return rows


def _gain(accuracy: float, classes: int) -> float:
    rows = even_rows(accuracy, classes)
    return float(rows[0, 0] - rows[0, 1])


def _packed(rows: Sequence[Floats]) -> str:
    return base64.b64encode(np.stack(rows).astype("<f4").tobytes()).decode() if rows else ""


def _unpacked(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)
