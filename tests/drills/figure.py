"""What a drill has to show: a figure beside its bound, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One outcome: `value` as measured, `bound` as required, both as words for one line of print."""

    value: str
    bound: str
    passed: bool
