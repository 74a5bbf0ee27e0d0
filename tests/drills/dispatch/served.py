"""The product's own WSGI application with one thing broken on purpose, for the twins of the kill drill."""

from __future__ import annotations

import os

from config.wsgi import application as application
from kit import idempotency
from marketplace import sql


def forget_keys() -> None:
    """Idempotency switched off: nothing is remembered, nothing replayed."""
    idempotency.recall = lambda **_: None
    idempotency.remember = lambda **_: None


def late_answers_take_any_slot() -> None:
    """The lease's conditional update replaced: what is late is taken, whoever has the slot now."""
    sql.READ_FOR_SUBMIT = _changed(sql.READ_FOR_SUBMIT, "s.open OR", "true OR")
    sql.SUBMIT_LATE = _changed(sql.SUBMIT_LATE, "(open OR", "(true OR")


def _changed(text: str, part: str, instead: str) -> str:
    if part not in text:
        raise RuntimeError("the sabotage has to change something")
    return text.replace(part, instead)


SABOTAGES = {"idempotency": forget_keys, "late": late_answers_take_any_slot}
if sabotage := os.environ.get("DRILL_DISPATCH_SABOTAGE"):
    SABOTAGES[sabotage]()
