"""A small project for trying boxes: drawn pictures of fruit on a table, whose boxes are known because we drew them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

from django.utils.translation import gettext_lazy
from PIL import Image, ImageDraw

from task_types import samples
from task_types.contract import Json, Sample
from task_types.image_boxes import settings
from task_types.measures import Box, iou

_HERE = Path(__file__).parent

WIDTH, HEIGHT = 960, 640
_SCALE = 2
"""Drawn twice as large and scaled down, for smooth edges."""

_TABLES = ("#d9c3a5", "#c9d3d6", "#e4d7cf", "#bfc7b8", "#d8d2c2", "#cbb79c")
_FRUIT = {
    "apple": (("#c4302b", "#e0584f", "#f08a7a"), (92, 88)),
    "lemon": (("#d9b100", "#f2cf2b", "#fbe88a"), (104, 72)),
    "plum": (("#4a2a63", "#6b4389", "#9370b3"), (66, 74)),
}


@cache
def sample() -> Sample:
    """Fourteen pictures, the last of them with an empty plate."""
    scenes = [_scene(number) for number in range(1, 15)]
    return Sample(
        title=gettext_lazy("Fruit on a table"),
        settings=settings.check(
            {
                "question": "Mark every apple, lemon and plum",
                "labels": [
                    {"value": "apple", "label": "Apple"},
                    {"value": "lemon", "label": "Lemon"},
                    {"value": "plum", "label": "Plum"},
                ],
                "least_pixels": 8,
            }
        ),
        guideline=samples.guideline(_HERE),
        rows=tuple({"image": _name(number), "width": WIDTH, "height": HEIGHT} for number in range(1, 15)),
        gold={row: {"boxes": boxes, "width": WIDTH, "height": HEIGHT} for row, boxes in enumerate(scenes)},
        files=_files,
    )


def _name(number: int) -> str:
    return f"table-{number:02d}.jpg"


@cache
def _files() -> Mapping[str, bytes]:
    return {_name(number): _draw(number, _scene(number)) for number in range(1, 15)}


def _scene(number: int) -> list[Json]:
    """The fruit of a picture, none of it covered by another; the last picture has none."""
    chance = Random(number)
    boxes: list[Json] = []
    wanted = 0 if number == 14 else 2 + number // 2
    while len(boxes) < wanted:
        kind = chance.choice(sorted(_FRUIT))
        size = chance.uniform(0.85, 1.5)
        w, h = (round(side * size) for side in _FRUIT[kind][1])
        x, y = chance.randint(20, WIDTH - w - 20), chance.randint(20, HEIGHT - h - 30)
        around = Box(x - 6, y - 6, w + 12, h + 12)
        if all(iou(around, Box(box["x"], box["y"], box["w"], box["h"])) == 0 for box in boxes):
            boxes.append({"label": kind, "x": float(x), "y": float(y), "w": float(w), "h": float(h)})
    return sorted(boxes, key=lambda box: (box["y"], box["x"]))


def _draw(number: int, boxes: list[Json]) -> bytes:
    picture = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), _TABLES[number % len(_TABLES)])
    pen = ImageDraw.Draw(picture, "RGBA")
    for board in range(0, HEIGHT, 107):
        _line(pen, (0, board, WIDTH, board), "#00000014", 2)
    _ellipse(pen, (WIDTH / 2 - 290, 50, 580, 540), "#ffffff55")
    _ellipse(pen, (WIDTH / 2 - 240, 95, 480, 450), "#ffffff66")
    for box in boxes:
        _fruit(pen, box)
    file = io.BytesIO()
    picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX).save(file, "JPEG", quality=88)
    return file.getvalue()


def _fruit(pen: ImageDraw.ImageDraw, box: Json) -> None:
    """A shadow, three tones from dark to light, and for an apple its stalk, all inside the box but the shadow."""
    x, y, w, h = box["x"], box["y"], box["w"], box["h"]
    stalk = 12 if box["label"] == "apple" else 0
    _ellipse(pen, (x + 8, y + h * 0.6, w, h * 0.5), "#00000026")
    body_y, body_h = y + stalk, h - stalk
    for step, tone in enumerate(_FRUIT[box["label"]][0]):
        inset, size = 0.16 * step, 1 - 0.224 * step
        _ellipse(pen, (x + w * inset * 0.6, body_y + body_h * inset * 0.4, w * size, body_h * size), tone)
    if stalk:
        _line(pen, (x + w / 2, y + stalk + 8, x + w / 2 + 5, y), "#5a3a1e", 4)


def _ellipse(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: str) -> None:
    x, y, w, h = (side * _SCALE for side in box)
    pen.ellipse((x, y, x + w - 1, y + h - 1), fill=colour)


def _line(pen: ImageDraw.ImageDraw, ends: tuple[float, float, float, float], colour: str, width: int) -> None:
    pen.line(tuple(end * _SCALE for end in ends), fill=colour, width=width * _SCALE)
