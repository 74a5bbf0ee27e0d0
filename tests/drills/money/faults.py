"""What goes wrong at the rail: the mixture that the drills of payouts run under."""

from __future__ import annotations

from typing import Any

SEND = {"method": "POST", "path": "^/v1/transfers$"}
MIXTURE = (
    ("drop_before", 0.06), ("drop_after", 0.08), ("500_before", 0.04), ("500_after", 0.05), ("429", 0.05), ("truncated", 0.02),
)  # fmt: skip


def mixture(seed: int) -> list[dict[str, Any]]:
    """Some three in ten calls that pay go wrong, each kind with dice of its own."""
    return [{"kind": kind, "rate": rate, "seed": seed + at, **SEND} for at, (kind, rate) in enumerate(MIXTURE)]
