"""One transcript from several: ROVER, a vote word by word along an alignment, workers weighed by their error rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from task_types.words import key, split

from .answers import Floats, Ints, summed
from .scores import NEWCOMER_ANSWERS, Ages, Score, from_losses, kept

ROUNDS = 3
MEDOID_AMONG = 10
"""Texts among which the middle one is sought; the alignment of the others starts from it."""
FIRST_ERROR = 0.2
CHANGE = 4 / 3
"""Cost of another word in a slot against one for a word too many or too few: the weights of NIST's sclite."""
NOTHING = 0.9
"""Weight of a vote for no word: people leave words out more often than they invent them."""


@dataclass(frozen=True)
class TextFit:
    """Texts per item, the share of weight that stands behind each (0..1), scores (1 - word error rate), and vote weights."""

    texts: dict[str, str]
    support: dict[str, float]
    workers: dict[str, Score]
    weights: dict[str, float]


@dataclass
class _Said:
    """One answer: who gave it, how many days ago, its words as written, and as numbers of the item's vocabulary."""

    worker: int
    age: float
    words: list[str]
    numbers: Ints


@dataclass
class _Item:
    """The answers to one item, in any number of which a known truth may be held against."""

    said: list[_Said]
    size: int
    glue: str
    truth: Ints | None
    distances: Floats = field(default_factory=lambda: np.zeros((0, 0)))


def fit(rows: Iterable[tuple[str, str, str]], *, gold: Mapping[str, str] | None = None, ages: Ages | None = None) -> TextFit:
    """Fiscus (1997), with weights that follow from each worker's errors against the outcome, three times over.

    Words are compared without case and surrounding punctuation and shown in the spelling with the most weight; where a
    script has no spaces, characters take the place of words. Of a doubled (item, worker) the last counts. Old answers
    weigh less in scores, and the same in texts.
    """
    known, old = gold or {}, ages or {}
    last = {(item, worker): text for item, worker, text in rows}
    if not last:
        return TextFit({}, {}, {}, {})
    names = tuple(dict.fromkeys(worker for _i, worker in last))
    places = {name: place for place, name in enumerate(names)}
    grouped: dict[str, list[tuple[int, float, str]]] = {}
    for (item, worker), text in last.items():
        grouped.setdefault(item, []).append((places[worker], old.get((item, worker), 0.0), text))
    items = {name: _read(answers, known.get(name)) for name, answers in grouped.items()}
    weights = np.full(len(names), _weight(np.array(FIRST_ERROR)))
    for _ in range(ROUNDS):
        outcome = {name: _vote(item, weights) for name, item in items.items()}
        losses = [_losses(item, outcome[name][0], weights) for name, item in items.items()]
        who = np.concatenate([one[0] for one in losses])
        loss = np.minimum(np.concatenate([one[1] for one in losses]), 1.0)
        judged = np.concatenate([one[2] for one in losses])
        weights = _weights(who, loss, judged, len(names))
    texts = {name: known.get(name, words) for name, (_n, words, _s) in outcome.items()}
    support = {name: 1.0 if name in known else share for name, (_n, _t, share) in outcome.items()}
    left = kept([said.age for item in items.values() for said in item.said])
    return TextFit(texts, support, from_losses(names, who, loss, judged, weight=left), dict(zip(names, weights.tolist(), strict=True)))


def _read(answers: list[tuple[int, float, str]], truth: str | None) -> _Item:
    """The texts of one item with one vocabulary; the glue is that of most of them."""
    parts = [(worker, age, *split(text)) for worker, age, text in answers]
    glue = "" if 2 * sum(join == "" for _w, _a, _words, join in parts) > len(parts) else " "
    vocabulary: dict[str, int] = {}

    def numbered(words: Sequence[str]) -> Ints:
        return np.array([vocabulary.setdefault(key(word), len(vocabulary)) for word in words], np.int64)

    said = [_Said(worker, age, words, numbered(words)) for worker, age, words, _join in parts]
    meant = None if truth is None else numbered(split(truth)[0])
    item = _Item(said, len(vocabulary), glue, meant)
    first = said[:MEDOID_AMONG]
    item.distances = np.array([[_errors(a.numbers, b.numbers) if a is not b else 0 for b in first] for a in first], float)
    return item


def _errors(said: Ints, meant: Ints) -> float:
    """Insertions, deletions and substitutions between two word sequences (Levenshtein)."""
    return float(_table(1.0 - (meant[:, None] == said[None, :]), np.ones(len(meant)))[-1, -1])


def _table(change: Floats, skip: Floats) -> Floats:
    """Least cost of aligning the first i slots with the first j words: (slots + 1, words + 1).

    `change` (slots, words) is the cost of a word in a slot, `skip` (slots,) that of leaving a slot empty; a word
    that has no slot costs 1.
    """
    slots, words = change.shape
    place = np.arange(words + 1.0)
    table = np.empty((slots + 1, words + 1))
    table[0] = place
    for i in range(slots):
        row = table[i] + skip[i]
        row[1:] = np.minimum(row[1:], table[i, :-1] + change[i])
        table[i + 1] = np.minimum.accumulate(row - place) + place
    return table


def _vote(item: _Item, weights: Floats) -> tuple[Ints, str, float]:
    """The words that win their slots, as numbers and as text, and the share of weight behind them."""
    own = np.array([weights[said.worker] for said in item.said])
    among = len(item.distances)
    first = int((item.distances * own[None, :among]).sum(axis=1).argmin())
    gap = np.concatenate([item.distances[first], np.full(len(own) - among, np.inf)])
    order = sorted(range(len(own)), key=lambda n: (n != first, gap[n], -own[n]))
    votes = np.zeros((0, item.size + 1))
    spellings: list[dict[tuple[int, str], float]] = []
    total = 0.0
    for n in order:
        votes, spellings = _join(votes, spellings, item.said[n], own[n], total)
        total += own[n]
    winner = (votes * np.append(np.ones(item.size), NOTHING)).argmax(axis=1) if len(votes) else np.zeros(0, int)
    shown = [_spelling(forms, int(number)) for number, forms in zip(winner, spellings, strict=True) if number < item.size]
    support = float(votes.max(axis=1).mean() / total) if len(votes) else 1.0
    return winner[winner < item.size], item.glue.join(shown), support


def _join(
    votes: Floats, spellings: list[dict[tuple[int, str], float]], said: _Said, weight: float, total: float
) -> tuple[Floats, list[dict[tuple[int, str], float]]]:
    """The network with one more text: votes (slots, words of the vocabulary and, last, nothing) along the best path."""
    share = votes / max(total, 1e-12)
    table = _table(CHANGE * (1 - share[:, said.numbers]), 1 - share[:, -1])
    i, j = len(votes), len(said.numbers)
    rows, forms = [], []
    while i or j:
        here = table[i, j] - 1e-9
        stay = i and here <= table[i - 1, j] + 1 - share[i - 1, -1] <= table[i, j] + 1e-9
        both = i and j and here <= table[i - 1, j - 1] + CHANGE * (1 - share[i - 1, said.numbers[j - 1]]) <= table[i, j] + 1e-9
        row = votes[i - 1].copy() if both or stay else _empty(votes.shape[1], total)
        form = spellings[i - 1] if both or stay else {}
        if both or not stay:
            word = int(said.numbers[j - 1])
            row[word] += weight
            form[word, said.words[j - 1]] = form.get((word, said.words[j - 1]), 0.0) + weight
        else:
            row[-1] += weight
        rows.append(row)
        forms.append(form)
        i, j = (i - 1, j - 1) if both else (i - 1, j) if stay else (i, j - 1)
    return np.array(rows[::-1]).reshape(-1, votes.shape[1]), forms[::-1]


def _empty(size: int, total: float) -> Floats:
    """A new slot, in which all texts so far have nothing."""
    row = np.zeros(size)
    row[-1] = total
    return row


def _spelling(forms: Mapping[tuple[int, str], float], number: int) -> str:
    """The heaviest spelling of a slot's winner, the first among equals."""
    return max((form for form in forms if form[0] == number), key=lambda form: forms[form])[1]


def _losses(item: _Item, outcome: Ints, weights: Floats) -> tuple[Ints, Floats, NDArray[np.bool_]]:
    """Per answer: its worker, its word error rate, and whether there was anything to hold it against.

    Of two answers nobody knows which is right: each bears its share of what they differ in, by weight.
    """
    truth = outcome if item.truth is None else item.truth
    size = max(len(truth), 1)
    worker = np.array([said.worker for said in item.said])
    judged = np.full(len(worker), item.truth is not None or len(worker) > 1)
    if item.truth is None and len(worker) == 2:
        blame = 1 / weights[worker]
        return worker, item.distances[0, 1] / size * blame / blame.sum(), judged
    return worker, np.array([_errors(said.numbers, truth) for said in item.said]) / size, judged


def _weights(worker: Ints, loss: Floats, judged: NDArray[np.bool_], size: int) -> Floats:
    """Each worker's weight from their error rate, which is shrunk by four answers to the crowd's."""
    counted = judged.astype(float)
    pooled = float((loss * counted).sum() / counted.sum()) if counted.any() else FIRST_ERROR
    number = summed(worker, counted, size)
    error = summed(worker, loss * counted, size) + NEWCOMER_ANSWERS * pooled
    return _weight(error / (number + NEWCOMER_ANSWERS))


def _weight(error: Floats) -> Floats:
    return np.asarray(np.maximum(np.log((1 - error + 0.02) / (error + 0.02)), 0.05))
