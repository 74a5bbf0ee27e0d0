"""How right a rating is, how much two agree, and what several of them come to."""

from __future__ import annotations

from collections.abc import Sequence

from task_types.contract import Combined, Json, Scale
from task_types.measures import robust_mean
from task_types.rating import scale

HAIR = 1e-9
"""What sums of decimal fractions may be off by."""


def agreement(a: Json, b: Json, settings: Json) -> float:
    """1 for the same value, 0 from one end of the scale to the other, and in between by distance."""
    return 1.0 - min(_apart(a, b) / scale.span(settings), 1.0)


def grade(answer: Json, truth: Json, settings: Json) -> float:
    """1 within the tolerance of the known value; beyond it less by distance, down to 0 over the length of the scale."""
    beyond = _apart(answer, truth) - float(settings["tolerance"])
    return 1.0 if beyond <= HAIR else 1.0 - min(beyond / scale.span(settings), 1.0)


def combine(answers: Sequence[tuple[Json, float]], *, settings: Json) -> Combined:
    """The robust weighted mean, which may lie between two values of the scale; comments are left out.

    Ratings a step apart are ordinary: what counts as wild is measured against half a step or a twentieth of the scale,
    whichever is more, and against how far the ratings lie apart. The confidence is the weighted mean of how far the ratings agree with what
    came out.
    """
    if not answers:
        raise ValueError("nothing to combine")
    values = [(float(answer["value"]), weight) for answer, weight in answers]
    mean = robust_mean(values, scatter=max(settings["step"] / 2, scale.span(settings) / 20))
    combined = {"value": scale.tidy(mean, scale.DECIMALS + scale.FINER)}
    total = sum(weight for _, weight in answers)
    return Combined(combined, sum(weight * agreement(answer, combined, settings) for answer, weight in answers) / total)


def scale_of(settings: Json) -> Scale:
    """A number is near where the client's tolerance says so, and within half a step in any case: nobody could answer finer."""
    near = max(float(settings["tolerance"]), float(settings["step"]) / 2)
    return Scale(float(settings["lowest"]), float(settings["highest"]), near)


def of_number(value: float, settings: Json) -> Json:
    """An answer of several people together: on the scale, but perhaps between two of its values."""
    held = min(max(value, float(settings["lowest"])), float(settings["highest"]))
    return {"value": scale.tidy(held, scale.DECIMALS + scale.FINER)}


def _apart(a: Json, b: Json) -> float:
    return abs(float(a["value"]) - float(b["value"]))
