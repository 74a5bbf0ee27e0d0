"""A small project for trying a rating: sentences of a leaflet, to be rated by how easy they are to read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy

from task_types import samples
from task_types.contract import Sample
from task_types.rating import settings

_HERE = Path(__file__).parent


@cache
def sample() -> Sample:
    """Fourteen sentences, each with the rating that careful readers give it."""
    rows, truths = samples.rows(_HERE)
    return Sample(
        title=gettext_lazy("Is this easy to read?"),
        settings=settings.check(
            {
                "question": "How easy is this to read?",
                "lowest": 1,
                "highest": 5,
                "low_label": "Cannot be understood",
                "high_label": "Clear at first reading",
                "points": [
                    {"value": 2, "label": "Hard", "description": "Has to be read several times"},
                    {"value": 3, "label": "Some effort", "description": "One word or turn makes the reader stop"},
                    {"value": 4, "label": "Easy", "description": "Understood at once, though longer than it has to be"},
                ],
                "tolerance": 1,
                "comment": "optional",
            }
        ),
        guideline=samples.guideline(_HERE),
        rows=rows,
        gold={row: {"value": value} for row, value in enumerate(truths)},
    )
