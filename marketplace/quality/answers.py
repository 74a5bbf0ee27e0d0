"""Answers as arrays: who said what about which item, with names kept aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SPARE_CLASSES = ("\x00", "\x01")
"""Stand beside a class that is alone, so that "all said yes" is evidence and not a certainty."""


def summed(places: Ints, amounts: Floats, size: int) -> Floats:
    """Amounts added up per place: (size,)."""
    return np.asarray(np.bincount(places, amounts, size), np.float64)


@dataclass(frozen=True)
class Answers:
    """Three integer arrays of equal length (one entry per answer) into three tuples of names.

    `classes` has at least two entries; `gold` holds a class index per item, -1 where the truth is not known;
    `believed` what a worker is known from elsewhere to get right, NaN where nothing is.
    """

    items: tuple[str, ...]
    workers: tuple[str, ...]
    classes: tuple[str, ...]
    item: Ints
    worker: Ints
    answer: Ints
    gold: Ints
    believed: Floats

    @cached_property
    def per_item(self) -> Ints:
        """How many answers each item has."""
        return np.bincount(self.item, minlength=len(self.items))

    @cached_property
    def per_worker(self) -> Ints:
        return np.bincount(self.worker, minlength=len(self.workers))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Items whose truth is known."""
        return self.gold >= 0

    @cached_property
    def votes(self) -> Floats:
        """How often each item got each class: (items, classes)."""
        shape = (len(self.items), len(self.classes))
        flat = np.bincount(self.item * shape[1] + self.answer, minlength=shape[0] * shape[1])
        return flat.reshape(shape).astype(np.float64)


def encode(
    rows: Iterable[tuple[str, str, str]],
    *,
    gold: Mapping[str, str] | None = None,
    classes: Sequence[str] = (),
    believed: Mapping[str, float] | None = None,
) -> Answers:
    """Rows of (item, worker, answer) as arrays; of a doubled (item, worker) the last counts.

    Items and workers keep the order in which they first appear; `classes` come first in the order given, labels
    that only answers or gold know follow in alphabetical order, so the order of the rows decides nothing. Gold of
    items that nobody answered is left out, since it says nothing about anybody.
    """
    last = {(item, worker): answer for item, worker, answer in rows}
    items: dict[str, int] = {}
    workers: dict[str, int] = {}
    item = np.fromiter((items.setdefault(i, len(items)) for i, _w in last), np.int64, len(last))
    worker = np.fromiter((workers.setdefault(w, len(workers)) for _i, w in last), np.int64, len(last))
    truths = {name: label for name, label in (gold or {}).items() if name in items}
    names = list(dict.fromkeys([*classes, *sorted({*last.values(), *truths.values()})]))
    names += SPARE_CLASSES[: max(0, 2 - len(names))]
    labels = {label: place for place, label in enumerate(names)}
    answer = np.fromiter((labels[a] for a in last.values()), np.int64, len(last))
    truth = np.full(len(items), -1, np.int64)
    for name, label in truths.items():
        truth[items[name]] = labels[label]
    known = np.array([(believed or {}).get(name, np.nan) for name in workers], np.float64)
    return Answers(tuple(items), tuple(workers), tuple(labels), item, worker, answer, truth, known)
