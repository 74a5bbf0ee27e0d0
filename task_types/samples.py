"""Reads a drawer's sample from the files beside it: `guideline.md`, and `sample.jsonl` as a client would upload it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from task_types.contract import Json


def guideline(folder: Path) -> str:
    """The guideline in Markdown."""
    return (folder / "guideline.md").read_text(encoding="utf-8")


def rows(folder: Path) -> tuple[tuple[Json, ...], tuple[Any, ...]]:
    """The rows without their truth, and the truths."""
    with (folder / "sample.jsonl").open(encoding="utf-8") as file:
        written = [json.loads(line) for line in file]
    truths = tuple(row.pop("truth") for row in written)
    return tuple(written), truths
