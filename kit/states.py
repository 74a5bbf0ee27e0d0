"""State charts as data, and the one mover of states: a conditional update that may lose a race."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict

CHARTS: dict[str, Chart] = {}
"""Every chart by the name of its thing; `docs/states.md` is made from it."""


class LostRace(Conflict):
    """Somebody else moved this thing first."""

    code = "state_changed"


class NoSuchMove(Conflict):
    """The chart has no arrow from the present state to the one asked for."""

    code = "no_such_move"


@dataclass(frozen=True)
class Chart:
    """The states of one thing and the arrows between them; `moves` maps a state to the states it may become."""

    name: str
    moves: Mapping[str, tuple[str, ...]]
    initial: str

    def __post_init__(self) -> None:
        unknown = {to for targets in self.moves.values() for to in targets} - set(self.moves)
        if unknown or self.initial not in self.moves:
            raise ValueError(f"chart {self.name} leads to unknown states {sorted(unknown)}")
        CHARTS[self.name] = self

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.moves)

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(state, state.replace("_", " ")) for state in self.moves]

    def allows(self, before: str, after: str) -> bool:
        return after in self.moves.get(before, ())

    def check(self, before: str, after: str) -> None:
        """Raise NoSuchMove unless there is an arrow."""
        if not self.allows(before, after):
            raise NoSuchMove(
                _("A %(thing)s that is %(before)s cannot become %(after)s.")
                % {"thing": self.name, "before": before, "after": after},
                state=before,
            )


def field(chart: Chart, **options: Any) -> models.CharField[str, str]:
    """The model field that holds a state of `chart`; the database refuses other words (see `constraint`)."""
    return models.CharField(max_length=20, choices=chart.choices, default=chart.initial, **options)


def constraint(chart: Chart, *, column: str = "state") -> models.CheckConstraint:
    """Only states of the chart may stand in the column."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{column}__in": chart.states}), name=f"{chart.name.replace(' ', '_')}_{column}_known"
    )


def move(
    thing: models.Model,
    *,
    chart: Chart,
    to: str,
    actor_id: uuid.UUID | None,
    now: datetime,
    reason: str = "",
    column: str = "state",
    **changes: Any,
) -> None:
    """Move one thing, write its history, and update the object in hand.

    Raises NoSuchMove when the chart has no such arrow, LostRace when the row is no longer in the state in hand.
    """
    before = getattr(thing, column)
    chart.check(before, to)
    model = type(thing)
    moved = model._default_manager.filter(pk=thing.pk, **{column: before}).update(**{column: to}, **changes)
    if moved != 1:
        raise LostRace(_("Somebody else changed this in the meantime. Reload to see its present state."))
    setattr(thing, column, to)
    for name, value in changes.items():
        if not isinstance(value, models.Expression | models.F):
            setattr(thing, name, value)
    audit.record(
        subject=thing, verb=f"{chart.name}.{to}", actor_id=actor_id, now=now, from_state=before, to_state=to, reason=reason
    )


def move_all(
    things: models.QuerySet[Any],
    *,
    chart: Chart,
    before: str,
    to: str,
    actor_id: uuid.UUID | None,
    now: datetime,
    reason: str = "",
    column: str = "state",
    **changes: Any,
) -> list[Any]:
    """Move every thing of the query that is still in `before`; returns the ids moved. Locks them in order of id."""
    chart.check(before, to)
    waiting = things.filter(**{column: before}).order_by("pk").select_for_update(of=("self",))
    ids = list(waiting.values_list("pk", flat=True))
    things.model._default_manager.filter(pk__in=ids).update(**{column: to}, **changes)
    audit.record_many(
        model=things.model, ids=ids, verb=f"{chart.name}.{to}", actor_id=actor_id, now=now,
        from_state=before, to_state=to, reason=reason,
    )
    return ids
