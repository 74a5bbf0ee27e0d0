"""A small project for trying a comparison: thirteen everyday prompts, each with two responses written for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy

from task_types import samples
from task_types.contract import Sample
from task_types.response_comparison import settings

_HERE = Path(__file__).parent


@cache
def sample() -> Sample:
    """Thirteen prompts, each with the response that a careful reader prefers."""
    rows, truths = samples.rows(_HERE)
    return Sample(
        title=gettext_lazy("Everyday questions to an assistant"),
        settings=settings.check(
            {
                "question": "Which answer would you rather have got?",
                "mode": "prefer",
                "ties": True,
                "criteria": [
                    {"name": "helpful", "label": "Helpful", "scale": 5, "low": "Not at all", "high": "Very"},
                    {"name": "true", "label": "True", "scale": 5, "low": "Wrong", "high": "Fully right"},
                ],
                "justification_least": 20,
            }
        ),
        guideline=samples.guideline(_HERE),
        rows=rows,
        gold={row: {"preference": better} for row, better in enumerate(truths)},
    )
