"""Labels from answers: the model chosen on gold, confidences calibrated, every worker scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import families, open_labels, scores
from .answers import SPARE_CLASSES, Answers, Floats, Ints, encode
from .calibration import calibrated, fit_kinship, softmax, temperature
from .families import CANDIDATES, CONFUSION, Crowd, Family
from .online import Model, Posterior, Running
from .scores import Records, Score

GOLD_ENOUGH = 20
"""Gold items below which the choice of a model would be a draw of luck."""
HEAD_START = 4.0
"""Log-likelihood on gold by which another model must beat the usual one: odds of 50 to 1."""
CLASSES_AT_MOST = 50
CELLS_AT_MOST = 20_000_000
"""Beyond these a label set is treated as open: a matrix per worker would say little and fill the memory."""

Rows = Iterable[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a family did on gold items, each judged without its own key: accuracy and summed log-likelihood."""

    family: str
    gold: int
    accuracy: float
    log_likelihood: float
    kinship: float


@dataclass(frozen=True)
class Fit:
    """Everything that a set of answers says.

    `evidence` (items, columns) are log posteriors, each item judged without its own answers in its workers' records.
    A column is a class, or for an open label set the label in `candidates` (-1: none). `ages` are days since each answer;
    workers' records weigh by them, what is said of items does not.
    """

    answers: Answers
    model: Model
    evidence: Floats
    candidates: Ints
    trials: tuple[Trial, ...]
    ages: Floats | None = None

    @property
    def family(self) -> str:
        return self.model.family

    @property
    def temperature(self) -> float:
        """What the log posterior of an item with the usual number of answers is multiplied with."""
        usual = self.answers.per_item.mean() if self.answers.items else 0.0
        return float(temperature(self.model.kinship, usual))

    @cached_property
    def posteriors(self) -> Floats:
        """Calibrated probabilities (items, columns); gold is certain."""
        return self._with_gold(calibrated(self.evidence, self.answers.per_item, self.model.kinship))

    @cached_property
    def beliefs(self) -> Floats:
        """The model's own probability of each item's label, before calibration: (items,)."""
        return np.asarray(self._with_gold(softmax(self.evidence)).max(axis=1, initial=0.0))

    @cached_property
    def labels(self) -> list[str]:
        """The most probable label of each item, the truth where it is known."""
        best = np.where(self.candidates >= 0, self.evidence, -np.inf).argmax(axis=1)
        chosen = self.candidates[np.arange(len(best)), best]
        chosen = np.where(self.answers.known, self.answers.gold, chosen)
        return [self.answers.classes[k] for k in chosen]

    @cached_property
    def confidence(self) -> Floats:
        """How often such a label is right: (items,)."""
        named = np.where(self.candidates >= 0, self.posteriors, 0.0).max(axis=1, initial=0.0)
        return np.asarray(np.where(self.answers.known, 1.0, named))

    @cached_property
    def records(self) -> Records:
        """What each worker's answers amount to, to be stored and aged."""
        return scores.records(self.answers, self.right, ages=None if self.ages is None else self.ages.tolist())

    @cached_property
    def right(self) -> Floats:
        """Probability that each single answer is right: (answers,)."""
        match = self.candidates[self.answers.item] == self.answers.answer[:, None]
        probability = (self.posteriors[self.answers.item] * match).sum(axis=1)
        gold = self.answers.gold[self.answers.item]
        return np.asarray(np.where(gold >= 0, gold == self.answers.answer, probability))

    @cached_property
    def workers(self) -> dict[str, Score]:
        """Every worker's probability of a right answer with a 95 % interval."""
        known = list(self.records.values())
        return dict(zip(self.records, scores.score(known, crowd=scores.crowd_mean(known)), strict=True))

    def posterior(self, item: str) -> Posterior:
        """One item by name; KeyError for an item without answers."""
        return self.model.posterior(self.running(item))

    def running(self, item: str) -> Running:
        """The item's state for further answers; KeyError for an item without answers."""
        place = self._places[item]
        if self.model.open_set:
            labels = [self.answers.classes[k] for k in self.candidates[place] if k >= 0]
        else:
            labels = list(self.answers.classes)
        evidence = dict(zip(labels, self.evidence[place].tolist(), strict=False))
        return Running(evidence, int(self.answers.per_item[place]))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.answers.items)}

    def _with_gold(self, probability: Floats) -> Floats:
        known = self.answers.known
        probability[known] = self.candidates[known] == self.answers.gold[known][:, None]
        return probability


def fit(
    answers: Answers | Rows,
    *,
    gold: Mapping[str, str] | None = None,
    classes: Sequence[str] = (),
    believed: Mapping[str, float] | None = None,
    family: Family | None = None,
    sweeps: int | None = None,
    ages: scores.Ages | None = None,
) -> Fit:
    """Labels, confidences and scores from (item, worker, answer) rows or encoded answers.

    `gold` maps items to their truth; with GOLD_ENOUGH of them the family is chosen among `families.CANDIDATES`
    unless one is given. `classes` names labels that may be right though nobody gave them; `believed` is what workers
    are known from elsewhere to get right (exams, other projects), worth four answers; `ages` are days since the answer of an
    (item, worker), 0 where none is given. Never fails on what the answers
    say: one class, one worker, no gold, gold against everybody each give a result.
    """
    data = answers if isinstance(answers, Answers) else encode(answers, gold=gold, classes=classes, believed=believed)
    old = None if ages is None else _ages(data, ages)
    if _is_open(data):
        return _fit_open(data, old)
    enough = int(data.known.sum()) >= GOLD_ENOUGH
    tried = [family] if family else CANDIDATES if enough else [CONFUSION]
    crowds = [families.learn(data, one, sweeps=sweeps) for one in tried]
    trials = tuple(_grade(data, crowd.evidence, crowd.family.name) for crowd in crowds)
    best = max(range(len(crowds)), key=lambda n: trials[n].log_likelihood + HEAD_START * (n == 0))
    model = _model(data, crowds[best], trials[best].kinship)
    columns = np.tile(np.arange(len(data.classes)), (len(data.items), 1))
    columns[:, [name in SPARE_CLASSES for name in data.classes]] = -1
    return Fit(data, model, crowds[best].evidence, columns, trials, old)


def _ages(data: Answers, ages: scores.Ages) -> Floats:
    """In the order of the answers."""
    return np.array([
        ages.get((data.items[item], data.workers[worker]), 0.0)
        for item, worker in zip(data.item.tolist(), data.worker.tolist(), strict=True)
    ])


def _grade(data: Answers, evidence: Floats, name: str) -> Trial:
    """A family's success on gold, with the kinship that suits it."""
    known = data.known
    kinship, reached = fit_kinship(evidence[known], data.per_item[known], data.gold[known])
    hits = (evidence[known].argmax(axis=1) == data.gold[known]).sum()
    return Trial(name, int(known.sum()), float(hits / max(known.sum(), 1)), reached, kinship)


def _model(data: Answers, crowd: Crowd, kinship: float) -> Model:
    rows = {"": np.log(crowd.newcomer)}
    rows.update(zip(data.workers, np.log(crowd.rows), strict=True))
    return Model(data.classes, crowd.family.name, kinship, crowd.log_prior, rows)


def _is_open(data: Answers) -> bool:
    classes = len(data.classes)
    cells = max(len(data.workers) * classes, len(data.item)) * classes
    return classes > CLASSES_AT_MOST or cells > CELLS_AT_MOST


def _fit_open(data: Answers, ages: Floats | None) -> Fit:
    """One-coin over the labels that each item has seen; gold serves the calibration and the workers' records."""
    crowd = open_labels.learn(data)
    match = crowd.candidates == data.gold[:, None]
    usable = data.known & match.any(axis=1)
    kinship, _ = fit_kinship(crowd.evidence[usable], data.per_item[usable], match[usable].argmax(axis=1))
    gains = {"": crowd.newcomer, **dict(zip(data.workers, crowd.gain.tolist(), strict=True))}
    model = Model(data.classes, "one_coin_open", kinship, np.zeros(0), gains=gains)
    return Fit(data, model, crowd.evidence, crowd.candidates, (), ages)
