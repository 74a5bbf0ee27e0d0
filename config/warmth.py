"""What a process loads in the background once it runs, so that nobody's first request has to wait for it."""

from __future__ import annotations

import logging
import os
import threading

from qualification import adaptive

AFTER = 5.0
"""Seconds after the start: the first pages come first."""
GENTLY = 15

logger = logging.getLogger(__name__)


def begin(*, after: float = AFTER) -> threading.Timer:
    """Load in a thread of its own that gives way to requests; a failure is logged, and the first request loads as before."""
    timer = threading.Timer(after, _load)
    timer.daemon = True
    timer.start()
    return timer


def _load() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GENTLY)
        adaptive.warm_up()
    except Exception:
        logger.exception("What adaptive exams need could not be loaded ahead.")
