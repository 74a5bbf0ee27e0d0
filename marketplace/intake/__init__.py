"""From a client's file to tasks: received, understood, mapped, read in chunks, its images brought in, or taken back."""

from marketplace.intake.bad_rows import bad_rows_csv
from marketplace.intake.discarding import discard
from marketplace.intake.images import fetch_images, waiting_for_images
from marketplace.intake.mapping import start, suggest_mapping, targets_of
from marketplace.intake.plan import progress
from marketplace.intake.reading import read, waiting_to_be_read
from marketplace.intake.receiving import duplicates_of, receive

__all__ = [
    "bad_rows_csv",
    "discard",
    "duplicates_of",
    "fetch_images",
    "progress",
    "read",
    "receive",
    "start",
    "suggest_mapping",
    "targets_of",
    "waiting_for_images",
    "waiting_to_be_read",
]
