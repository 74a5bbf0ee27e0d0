"""How right a comparison is, how much two agree, and what several come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from task_types import measures
from task_types.contract import Combined, Json
from task_types.response_comparison.answer import TIE, letters, places

Weighted = Sequence[tuple[Json, float]]


def agreement(a: Json, b: Json, settings: Json) -> float:
    """The mean of what both say, 0..1: the choice (a tie against a letter is worth half), the closeness of ratings."""
    parts = []
    if "preference" in a and "preference" in b:
        parts.append(_same_preference(a["preference"], b["preference"]))
    if "ranking" in a and "ranking" in b:
        parts.append(measures.order_agreement(places(a), places(b)))
    if "ratings" in a and "ratings" in b:
        parts.append(_closeness(a["ratings"], b["ratings"], settings))
    return sum(parts) / len(parts) if parts else 0.0


def questions(payload: Json, settings: Json) -> dict[str, tuple[str, ...]]:
    """The preference, or who is before whom in each pair of a ranking (`pair:a:b`). Ratings are no categories."""
    ids = letters(payload)
    tie = (TIE,) if settings["ties"] else ()
    if settings["mode"] == "prefer":
        return {"preference": (*ids, *tie)}
    if settings["mode"] == "rank":
        return {f"pair:{left}:{right}": (left, right, *tie) for left, right in combinations(ids, 2)}
    return {}


def votes(answer: Json, settings: Json) -> dict[str, str]:
    """The category that the answer gives to each question."""
    if settings["mode"] == "prefer":
        return {"preference": answer["preference"]}
    place = places(answer)
    return {
        f"pair:{left}:{right}": TIE if place[left] == place[right] else min(left, right, key=place.__getitem__)
        for left, right in combinations(sorted(place), 2)
    }


def combine(answers: Weighted, *, settings: Json, decided: Mapping[str, str] | None) -> Combined:
    """The heaviest preference or the ranking by pairs won (Copeland), and the weighted median of each rating."""
    if not answers:
        raise ValueError("nothing to combine")
    support = _support(answers, settings)
    settled = {question: max(sorted(categories), key=categories.__getitem__) for question, categories in support.items()}
    settled |= {question: category for question, category in (decided or {}).items() if question in settled}
    combined: Json = {}
    if settings["mode"] == "prefer":
        combined["preference"] = settled["preference"]
    elif settings["mode"] == "rank":
        combined["ranking"] = _by_pairs(settled, ties=settings["ties"])
    if ratings := _median_ratings(answers):
        combined["ratings"] = ratings
    total = sum(weight for _, weight in answers)
    if settled:
        confidence = sum(support[question][category] for question, category in settled.items()) / (total * len(settled))
    else:
        confidence = sum(weight * agreement(answer, combined, settings) for answer, weight in answers) / total
    return Combined(combined, confidence)


def _same_preference(a: str, b: str) -> float:
    return 1.0 if a == b else 0.5 if TIE in (a, b) else 0.0


def _closeness(a: Json, b: Json, settings: Json) -> float:
    span = {criterion["name"]: criterion["scale"] - 1 for criterion in settings["criteria"]}
    near = [1 - abs(a[letter][name] - b[letter][name]) / span[name] for letter in a.keys() & b.keys() for name in span]
    return sum(near) / len(near) if near else 1.0


def _support(answers: Weighted, settings: Json) -> dict[str, dict[str, float]]:
    support: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    if settings["mode"] != "rate":
        for answer, weight in answers:
            for question, category in votes(answer, settings).items():
                support[question][category] += weight
    return support


def _by_pairs(settled: Mapping[str, str], *, ties: bool) -> list[list[str]]:
    """Places by pairs won less pairs lost; equal ones share a place, or stand by letter where ties are not possible."""
    score: dict[str, int] = defaultdict(int)
    for question, winner in settled.items():
        _, left, right = question.split(":")
        score[left] += (winner == left) - (winner == right)
        score[right] += (winner == right) - (winner == left)
    if not ties:
        return [[letter] for letter in sorted(score, key=lambda letter: (-score[letter], letter))]
    levels = sorted(set(score.values()), reverse=True)
    return [sorted(letter for letter in score if score[letter] == level) for level in levels]


def _median_ratings(answers: Weighted) -> dict[str, dict[str, int]]:
    given: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for answer, weight in answers:
        for letter, rated in answer.get("ratings", {}).items():
            for name, rating in rated.items():
                given[letter][name].append((rating, weight))
    return {letter: {name: _median(ratings) for name, ratings in rated.items()} for letter, rated in given.items()}


def _median(ratings: list[tuple[int, float]]) -> int:
    """The lower weighted median: the first rating at which half of the weight is reached."""
    half, reached = sum(weight for _, weight in ratings) / 2, 0.0
    for rating, weight in sorted(ratings):
        reached += weight
        if reached >= half:
            return rating
    return max(rating for rating, _ in ratings)
