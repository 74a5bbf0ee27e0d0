"""How right a choice is, how much two choices agree, and what several of them come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from task_types import measures
from task_types.choice.answer import chosen
from task_types.contract import Combined, Json
from task_types.labels import values

YES, NO = "yes", "no"


def agreement(a: Json, b: Json) -> float:
    """1 or 0 for one label; the share of common labels (Jaccard) for several."""
    return measures.jaccard(chosen(a), chosen(b)) if "labels" in a else float(a["label"] == b["label"])


def questions(settings: Json) -> dict[str, tuple[str, ...]]:
    """One question with a category per label, or one yes-or-no per label."""
    if settings["several"]:
        return {f"label:{value}": (YES, NO) for value in values(settings)}
    return {"label": tuple(values(settings))}


def votes(answer: Json, settings: Json) -> dict[str, str]:
    """The category that the answer gives to each question."""
    if not settings["several"]:
        return {"label": answer["label"]}
    picked = chosen(answer)
    return {f"label:{value}": YES if value in picked else NO for value in values(settings)}


def combine(answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None) -> Combined:
    """The heaviest category of each question, the earlier label where two weigh the same; comments are left out.

    Where several labels ended in all no although none is not an answer, the label with the greatest support is taken.
    """
    if not answers:
        raise ValueError("nothing to combine")
    support: dict[str, dict[str, float]] = {question: defaultdict(float) for question in questions(settings)}
    for answer, weight in answers:
        for question, category in votes(answer, settings).items():
            support[question][category] += weight
    total = sum(weight for _, weight in answers)
    settled = {
        question: (decided or {}).get(question) or max(categories, key=lambda category: support[question][category])
        for question, categories in questions(settings).items()
    }
    confidence = sum(support[question][category] for question, category in settled.items()) / (total * len(settled))
    if not settings["several"]:
        return Combined({"label": settled["label"]}, confidence)
    picked = [value for value in values(settings) if settled[f"label:{value}"] == YES]
    if not picked and not settings["allow_none"]:
        picked = [max(values(settings), key=lambda value: support[f"label:{value}"][YES])]
    return Combined({"labels": picked}, confidence)
