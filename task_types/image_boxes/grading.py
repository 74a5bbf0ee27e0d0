"""How right boxes are, how much two people's agree, and what several come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from task_types.contract import Combined, Json
from task_types.image_boxes.answer import shapes
from task_types.image_boxes.settings import BOXES_MOST
from task_types.measures import Box, match_boxes, panoptic_quality

SAME_OBJECT = 0.5
"""The IoU from which on two boxes are taken to mean one object."""

Weighted = Sequence[tuple[Json, float]]


def agreement(a: Json, b: Json) -> float:
    """Panoptic quality, 0..1: how well matched boxes of one label fit, less what only one of the two has."""
    mine, theirs = _by_label(a), _by_label(b)
    matched = [
        overlap
        for label in mine.keys() & theirs.keys()
        for _, _, overlap in match_boxes(mine[label], theirs[label], threshold=SAME_OBJECT)
    ]
    return panoptic_quality(sorted(matched), left=len(a["boxes"]), right=len(b["boxes"]))


def combine(answers: Weighted, *, settings: Json) -> Combined:
    """Objects that more than half of the weight has seen, each at its weighted mean place with its heaviest label.

    Boxes are gathered into objects by their overlap, the heaviest answer first, one box per answer and object.
    Where a picture must hold something, the heaviest object stays. The confidence is the weighted mean of how far
    the answers agree with what came out.
    """
    if not answers:
        raise ValueError("nothing to combine")
    answers = sorted(answers, key=lambda entry: (-entry[1], str(entry[0])))
    total = sum(weight for _, weight in answers)
    objects: list[_Object] = []
    for answer, weight in answers:
        _gather(objects, answer, weight)
    objects.sort(key=lambda thing: -thing.weight)
    kept = [thing for thing in objects[:BOXES_MOST] if 2 * thing.weight > total]
    if not kept and not settings["allow_none"]:
        kept = objects[:1]
    boxes = [thing.box() for thing in kept]
    first = answers[0][0]
    combined = {
        "boxes": sorted(boxes, key=lambda box: (box["y"], box["x"])),
        "width": first["width"],
        "height": first["height"],
    }
    return Combined(combined, sum(weight * agreement(answer, combined) for answer, weight in answers) / total)


class _Object:
    """Boxes of several people that are taken for one object."""

    def __init__(self) -> None:
        self.weight = 0.0
        self.sums = [0.0, 0.0, 0.0, 0.0]
        self.labels: dict[str, float] = defaultdict(float)

    def add(self, label: str, shape: Box, weight: float) -> None:
        self.weight += weight
        self.sums = [total + weight * part for total, part in zip(self.sums, shape, strict=True)]
        self.labels[label] += weight

    def shape(self) -> Box:
        return Box(*(total / self.weight for total in self.sums))

    def box(self) -> Json:
        label = max(sorted(self.labels), key=self.labels.__getitem__)
        x, y, w, h = (round(part, 1) for part in self.shape())
        return {"label": label, "x": x, "y": y, "w": w, "h": h}


def _gather(objects: list[_Object], answer: Json, weight: float) -> None:
    """Adds each box of an answer to the object that it fits best, or makes it a new one."""
    boxes = shapes(answer)
    home = {j: i for i, j, _ in match_boxes([thing.shape() for thing in objects], boxes, threshold=SAME_OBJECT)}
    for index, shape in enumerate(boxes):
        if index not in home:
            objects.append(_Object())
        objects[home.get(index, len(objects) - 1)].add(answer["boxes"][index]["label"], shape, weight)


def labelled(answer: Json) -> list[tuple[str, Box]]:
    """Every box with its label."""
    return [(box["label"], shape) for box, shape in zip(answer["boxes"], shapes(answer), strict=True)]


def _by_label(answer: Json) -> dict[str, list[Box]]:
    grouped: dict[str, list[Box]] = defaultdict(list)
    for label, shape in labelled(answer):
        grouped[label].append(shape)
    return grouped
