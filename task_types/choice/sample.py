"""A small project for trying a choice: messages to a shop that hires out bicycles, to be sent to the right desk."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy

from task_types import samples
from task_types.choice import settings
from task_types.contract import Sample

_HERE = Path(__file__).parent


@cache
def sample() -> Sample:
    """Sixteen messages, each with the desk it belongs to."""
    rows, truths = samples.rows(_HERE)
    return Sample(
        title=gettext_lazy("Messages to a bicycle shop"),
        settings=settings.check(
            {
                "question": "Which desk has to act first?",
                "labels": [
                    {"value": "booking", "label": "Booking", "description": "Make, change or cancel a reservation"},
                    {"value": "payment", "label": "Payment", "description": "Charges, refunds, vouchers, invoices"},
                    {"value": "fault", "label": "Fault", "description": "A bike or a lock does not work"},
                    {
                        "value": "question",
                        "label": "Question",
                        "description": "Wants to know something, nothing went wrong",
                    },
                    {
                        "value": "feedback",
                        "label": "Praise or complaint",
                        "description": "An opinion that asks for nothing",
                    },
                    {"value": "spam", "label": "Spam", "description": "Advertising or fraud", "key": "s"},
                ],
                "comment": "optional",
            }
        ),
        guideline=samples.guideline(_HERE),
        rows=rows,
        gold={row: {"label": desk} for row, desk in enumerate(truths)},
    )
