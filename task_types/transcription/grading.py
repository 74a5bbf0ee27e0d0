"""How right a transcript is, how much two agree, and which of several stands for all."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from task_types import words
from task_types.contract import Combined, Json
from task_types.measures import edit_distance


def agreement(a: Json, b: Json) -> float:
    """1 less the word errors between two transcripts over the words of the longer one, 0..1; silence twice is 1."""
    mine, theirs = _words(a, b)
    longer = max(len(mine), len(theirs))
    return 1.0 - edit_distance(mine, theirs) / longer if longer else 1.0


def grade(answer: Json, truth: Json, settings: Json) -> float:
    """1 less the word error rate, not below 0; fully right up to the error rate that the client tolerates."""
    said, expected = _words(answer, truth)
    rate = edit_distance(said, expected) / len(expected) if expected else float(bool(said))
    return 1.0 if 100 * rate <= settings["tolerance"] else max(1.0 - rate, 0.0)


def combine(answers: Sequence[tuple[Json, float]]) -> Combined:
    """The weighted medoid: the transcript that agrees most with all, by weight, and so one that a person heard as a whole.

    Times are those of the person whose words they are: a vote word by word would leave words without a time. The confidence
    is the weighted mean of how far the answers agree with the chosen one.
    """
    if not answers:
        raise ValueError("nothing to combine")
    ordered = sorted(answers, key=lambda entry: (-entry[1], str(entry[0])))
    total = sum(weight for _, weight in ordered)
    support = [sum(weight * agreement(one, other) for other, weight in ordered) / total for one, _ in ordered]
    best = max(range(len(ordered)), key=lambda place: (round(support[place], 9), -place))
    return Combined(ordered[best][0], min(support[best], 1.0))


def text(answer: Json) -> str:
    """All that is said, in order."""
    return " ".join(segment["text"] for segment in answer["segments"])


def _words(a: Json, b: Json) -> tuple[list[Hashable], list[Hashable]]:
    """Both transcripts as words that may be compared; where both say who speaks, a word of another person is another word."""
    named = all("speaker" in segment for answer in (a, b) for segment in answer["segments"])
    return _said(a, named=named), _said(b, named=named)


def _said(answer: Json, *, named: bool) -> list[Hashable]:
    return [
        (segment["speaker"] if named else "", words.key(word))
        for segment in answer["segments"]
        for word in words.split(segment["text"])[0]
    ]
