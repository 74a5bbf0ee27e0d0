"""Tells Django about the drawers, so that their sentences are translated; they have no tables."""

from __future__ import annotations

from django.apps import AppConfig


class TaskTypesConfig(AppConfig):
    """The drawers as one app."""

    name = "task_types"
