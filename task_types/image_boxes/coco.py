"""Writes boxes as a COCO file, piece by piece, so that a million pictures need no memory to speak of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from task_types.contract import ExportTask, Json

_MEMORY = 16 * 1024 * 1024
_PIECE = 64 * 1024


def write(tasks: Iterable[ExportTask], settings: Json) -> Iterator[str]:
    """One JSON document in the COCO format for object detection (cocodataset.org, "Data format").

    Categories count from 1 in the order of the labels. An image's name is the client's where there is one; the
    task's id and the confidence stand beside it. Images come before annotations in the file, so the annotations
    wait in a temporary file.
    """
    category = {label["value"]: number for number, label in enumerate(settings["labels"], start=1)}
    categories = [{"id": category[label["value"]], "name": label["value"], "supercategory": ""} for label in settings["labels"]]
    yield f'{{"info":{{"version":"1.0"}},"licenses":[],"categories":{_json(categories)},"images":['
    with SpooledTemporaryFile(max_size=_MEMORY, mode="w+", encoding="utf-8") as waiting:
        number = 0
        for image, task in enumerate(tasks, start=1):
            yield ("," if image > 1 else "") + _json(_image(task, image))
            for box in task.answer["boxes"]:
                number += 1
                waiting.write(("," if number > 1 else "") + _json(_annotation(box, number, image, category)))
        yield '],"annotations":['
        waiting.seek(0)
        yield from iter(lambda: waiting.read(_PIECE), "")
    yield "]}"


def _image(task: ExportTask, number: int) -> Json:
    image = {
        "id": number,
        "file_name": task.image or task.payload["image"],
        "width": task.answer["width"],
        "height": task.answer["height"],
    }
    return image | {"task": task.id} | ({} if task.confidence is None else {"confidence": round(task.confidence, 4)})


def _annotation(box: Json, number: int, image: int, category: dict[str, int]) -> Json:
    return {
        "id": number,
        "image_id": image,
        "category_id": category[box["label"]],
        "bbox": [box["x"], box["y"], box["w"], box["h"]],
        "area": round(box["w"] * box["h"], 2),
        "iscrowd": 0,
        "segmentation": [],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
