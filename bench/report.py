"""A figure, its bound, and the line that says whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value and its bound; `least` turns the bound round."""

    name: str
    value: float
    bound: float
    least: bool = False

    @property
    def ok(self) -> bool:
        return self.value >= self.bound if self.least else self.value <= self.bound

    def line(self) -> str:
        return f"{self.name} {self.value:.3f} {self.bound:g} {'ok' if self.ok else 'short'}"
