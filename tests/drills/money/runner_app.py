"""The Celery app of drilled runners: the product's own, living by the drill's clock, perhaps with one safeguard taken out."""

from __future__ import annotations

import os
from pathlib import Path

from celery.signals import worker_process_init

from config.celery import app
from tests.drills.money import sabotage
from tests.drills.money.clock import Clock

__all__ = ["app"]

_TAKEN_OUT = []
"""Sabotages that are in force; nobody else holds them."""


@worker_process_init.connect
def _live_by_the_drill(**_: object) -> None:
    Clock(Path(os.environ["DRILL_CLOCK"])).install()
    if name := os.environ.get("DRILL_SABOTAGE"):
        _TAKEN_OUT.append(getattr(sabotage, name)())
        _TAKEN_OUT[-1].__enter__()
