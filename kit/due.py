"""Take what is due: rows whose time has come, each by one runner only."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def take(rows: models.QuerySet[Row], *, limit: int) -> list[Row]:
    """Lock and return up to `limit` rows that no other runner holds; to be called inside a transaction."""
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])
