"""What may speak of cheating at an exam, as mathematics: leaving the page, pasting, speed, alike answers. Imports no Django.

Each signal has its threshold here, in the open. None of them decides anything: a person looks, and how often they found nothing wrong
is each signal's measured rate of false alarms.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qualification import grading

AWAY, PASTED, FAST, ALIKE = "away", "pasted", "fast", "alike"
SIGNALS = (AWAY, PASTED, FAST, ALIKE)

COUNTED = ("away", "away_ms", "pastes", "pasted")
"""What a page counts per question: times and milliseconds out of sight, pastes and pasted characters."""
MOST_COUNT = 10_000_000

AWAY_SHARE, AWAY_MS, AWAY_LEAST = 0.5, 5_000, 3
"""Left for more than five seconds in half of the questions, and in three at least."""
PASTED_LEAST = 40
"""Characters; a word or a number is copied for many reasons."""
FAST_SECONDS, FAST_SHARE, FAST_LEAST = 4.0, 0.5, 4
"""Half of the right answers, and four at least, within four seconds each: too little to read a question."""
ALIKE_LEAST, ALIKE_SURE = 4, 5.0
"""At least four wrong answers shared, and five standard errors beyond what people who err alone share: with a thousand attempts, half a
million pairs are compared, and of normal chance less than one would look like it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of an attempt: the question, whether it was right, the answer to compare, seconds it took, what the page counted."""

    question: Hashable
    right: bool
    answer: Hashable
    seconds: float | None
    counted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that rings, with the figures that made it ring."""

    name: str
    figures: Mapping[str, float]


def clean(raw: Any) -> dict[str, int]:
    """What a page sent, as far as it makes sense; never a reason to refuse an answer."""
    if not isinstance(raw, dict):
        return {}
    given = {name: raw.get(name) for name in COUNTED}
    return {name: min(value, MOST_COUNT) for name, value in given.items() if type(value) is int and value > 0}


def add(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: min(before.get(name, 0) + more.get(name, 0), MOST_COUNT) for name in COUNTED if name in before or name in more}


def of_attempt(answers: Sequence[Answered]) -> list[Signal]:
    """The signals of one attempt by itself."""
    found = []
    left = [one for one in answers if one.counted.get("away_ms", 0) >= AWAY_MS]
    if len(left) >= max(AWAY_LEAST, AWAY_SHARE * len(answers)):
        seconds = sum(one.counted.get("away_ms", 0) for one in left) / 1000
        found.append(Signal(AWAY, {"questions": len(left), "of": len(answers), "seconds": round(seconds)}))
    pasted = sum(one.counted.get("pasted", 0) for one in answers)
    if pasted >= PASTED_LEAST:
        found.append(Signal(PASTED, {"characters": pasted}))
    right = [one for one in answers if one.right and one.seconds is not None]
    fast = [one for one in right if one.seconds is not None and one.seconds < FAST_SECONDS]
    if len(fast) >= max(FAST_LEAST, FAST_SHARE * len(right)):
        found.append(Signal(FAST, {"answers": len(fast), "of": len(right), "seconds": FAST_SECONDS}))
    return found


def alike(attempts: Mapping[Hashable, Sequence[Answered]]) -> dict[Hashable, Signal]:
    """Attempts that share more wrong answers than chance allows, each with the most similar other (`other` in its figures: the place
    of that attempt among these).

    Two people who err on a question alone agree with the chance sum of p^2 over its wrong answers, p as all the erring give them.
    """
    table, chance = _wrong_answers(list(attempts.values()))
    found = {}
    for at, key in enumerate(attempts):
        both = (table > 0) & (table[at] > 0)
        both[at] = False
        shared = (both & (table == table[at])).sum(axis=1)
        expected, spread = both @ chance, np.sqrt(both @ (chance * (1 - chance)) + 0.25)
        beyond = np.where(shared >= ALIKE_LEAST, (shared - expected) / spread, 0.0)
        other = int(beyond.argmax()) if len(beyond) else at
        if len(beyond) and beyond[other] >= ALIKE_SURE:
            found[key] = Signal(ALIKE, {"shared": int(shared[other]), "expected": round(float(expected[other]), 1), "other": other})
    return found


def rate(*, rang: int, wrong: int, attempts: int) -> grading.Score | None:
    """The rate of false alarms of a signal: of all attempts, those where it rang and no person found anything wrong, in basis points."""
    return grading.score([grading.FULL] * (rang - wrong) + [0] * (attempts - rang + wrong)) if attempts else None


def _wrong_answers(attempts: Sequence[Sequence[Answered]]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """A row per attempt and a column per question: the number of the wrong answer, 0 for none; and for each question the chance that
    two who err agree."""
    questions = list(dict.fromkeys(one.question for answers in attempts for one in answers))
    columns, numbers = {question: at for at, question in enumerate(questions)}, dict[tuple[Hashable, Hashable], int]()
    table = np.zeros((len(attempts), len(questions)), dtype=np.int32)
    for row, answers in enumerate(attempts):
        for one in answers:
            if not one.right and one.answer is not None:
                table[row, columns[one.question]] = numbers.setdefault((one.question, one.answer), len(numbers) + 1)
    chance = np.zeros(len(questions))
    for column in range(len(questions)):
        votes = np.unique(table[:, column][table[:, column] > 0], return_counts=True)[1]
        chance[column] = ((votes / max(votes.sum(), 1)) ** 2).sum()
    return table, chance
