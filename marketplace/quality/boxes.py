"""Boxes of several people on one picture made into one set: matched by overlap, kept by weighted vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from task_types.measures import Box, match_boxes, panoptic_quality

from .answers import Floats
from .scores import Ages, Score, from_losses, kept_of

ROUNDS = 3
OVERLAP = 0.5
"""Intersection over union from which two boxes of one label are taken for the same object."""

Labelled: TypeAlias = tuple[str, Box]


@dataclass(frozen=True, slots=True)
class Found:
    """An object that most of the weight has seen: its label, mean box, and the share of weight behind it."""

    label: str
    box: Box
    support: float


@dataclass(frozen=True)
class BoxFit:
    """Objects per item, how far the answers agree with them (0..1), and scores: mean agreement with the outcome."""

    objects: dict[str, list[Found]]
    agreement: dict[str, float]
    workers: dict[str, Score]


@dataclass
class _Cluster:
    """Boxes taken for one object: weighted sums of their corners and the weight behind them."""

    label: str
    corners: Floats
    weight: float

    def box(self) -> Box:
        return Box(*map(float, self.corners / self.weight))


def fit(
    rows: Iterable[tuple[str, str, Sequence[Labelled]]], *, gold: Mapping[str, Sequence[Labelled]] | None = None,
    ages: Ages | None = None,
) -> BoxFit:
    """Weighted vote over matched boxes, workers weighed by how well they agree with the outcome, three times over.

    An empty answer is an answer: it votes against every object. Of a doubled (item, worker) the last counts. Old
    answers weigh less in scores, and the same in objects.
    """
    last = {(item, worker): list(boxes) for item, worker, boxes in rows}
    known = {item: [Found(label, box, 1.0) for label, box in boxes] for item, boxes in (gold or {}).items()}
    names = list(dict.fromkeys(worker for _i, worker in last))
    places = {name: place for place, name in enumerate(names)}
    worker = np.array([places[who] for _i, who in last], np.int64)
    grouped: dict[str, list[tuple[str, list[Labelled]]]] = {}
    for (item, who), boxes in last.items():
        grouped.setdefault(item, []).append((who, boxes))
    judged = np.array([item in known or len(grouped[item]) > 1 for item, _w in last], bool)
    weight = dict.fromkeys(names, 1.0)
    for _ in range(ROUNDS):
        objects = {
            item: known[item] if item in known else combine([(boxes, weight[who]) for who, boxes in answers])
            for item, answers in grouped.items()
        }
        loss = np.array([1 - agreement(boxes, objects[item]) for (item, _w), boxes in last.items()], float)
        scores = from_losses(names, worker, loss, judged)
        weight = {name: max(score.mean, 0.05) ** 2 for name, score in scores.items()}
    aged = from_losses(names, worker, loss, judged, weight=kept_of(last, ages))
    return BoxFit(objects, _agreements(last, loss, weight), aged)


def combine(answers: Sequence[tuple[Sequence[Labelled], float]]) -> list[Found]:
    """Objects that at least half of the weight has seen, from (boxes, weight) of each answer; heaviest first."""
    clusters: list[_Cluster] = []
    for boxes, weight in sorted(answers, key=lambda answer: (-answer[1], sorted(answer[0]))):
        _gather(clusters, boxes, weight)
    total = sum(weight for _b, weight in answers)
    found = [Found(c.label, c.box(), c.weight / total) for c in clusters if 2 * c.weight >= total]
    return sorted(found, key=lambda one: (-one.support, one.label, one.box))


def agreement(boxes: Sequence[Labelled], objects: Sequence[Found]) -> float:
    """Panoptic quality of an answer against the outcome, label by label, 0..1; nothing against nothing is 1."""
    overlaps: list[float] = []
    for label in {name for name, _box in boxes}:
        mine = [box for name, box in boxes if name == label]
        theirs = [one.box for one in objects if one.label == label]
        overlaps += [overlap for _i, _j, overlap in match_boxes(mine, theirs, threshold=OVERLAP)]
    return panoptic_quality(overlaps, left=len(boxes), right=len(objects))


def _gather(clusters: list[_Cluster], boxes: Sequence[Labelled], weight: float) -> None:
    """One answer's boxes into the clusters, at most one each."""
    for label in dict.fromkeys(name for name, _box in boxes):
        mine = [box for name, box in boxes if name == label]
        present = [cluster for cluster in clusters if cluster.label == label]
        pairs = match_boxes(mine, [cluster.box() for cluster in present], threshold=OVERLAP)
        for i, j, _overlap in pairs:
            present[j].corners = present[j].corners + weight * np.array(mine[i])
            present[j].weight += weight
        alone = set(range(len(mine))) - {i for i, _j, _o in pairs}
        clusters += [_Cluster(label, weight * np.array(mine[i], float), weight) for i in sorted(alone)]


def _agreements(last: Mapping[tuple[str, str], list[Labelled]], loss: Floats, weight: Mapping[str, float]) -> dict[str, float]:
    """Weighted mean agreement per item."""
    sums: dict[str, tuple[float, float]] = {}
    for (item, who), lost in zip(last, loss.tolist(), strict=True):
        agreed, total = sums.get(item, (0.0, 0.0))
        sums[item] = agreed + weight[who] * (1 - lost), total + weight[who]
    return {item: agreed / total for item, (agreed, total) in sums.items()}
