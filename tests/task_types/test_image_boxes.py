"""Drawing boxes."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from kit.errors import Invalid
from task_types import registry
from task_types.contract import ExportTask, Json

BOXES = registry.drawer("image_boxes")
SETTINGS = BOXES.check_settings({"labels": ["cat", "dog"], "least_pixels": 5})
PAYLOAD = {"image": "a.jpg", "width": 200, "height": 100}


def box(x: float, y: float, w: float, h: float, label: str = "cat") -> Json:
    return {"label": label, "x": x, "y": y, "w": w, "h": h}


def answer(*boxes: Json, **more: object) -> Json:
    return {"boxes": list(boxes), "width": 200, "height": 100} | more


def check(given: Json, payload: Json = PAYLOAD, **more: bool) -> Json:
    return BOXES.check_answer(given, payload=payload, settings=SETTINGS, **more)


# Payload


def test_an_image_may_come_with_its_size() -> None:
    row_check = BOXES.compile_payload_check(SETTINGS)
    assert row_check({"image": "a.jpg", "width": "200", "height": 100}) == (PAYLOAD, [])
    assert row_check({"image": "a.jpg", "width": "", "height": None}) == ({"image": "a.jpg"}, [])


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({}, "image"),
        ({"image": "http://a/b.jpg"}, "image"),
        ({"image": "a.jpg", "width": 200}, "width"),
        ({"image": "a.jpg", "width": 0, "height": 5}, "width"),
        ({"image": "a.jpg", "width": 5, "height": "tall"}, "height"),
        ({"image": "a.jpg", "width": 5, "height": 100_001}, "height"),
    ],
)
def test_a_row_without_a_usable_image_says_where(row: Json, field: str) -> None:
    payload, problems = BOXES.compile_payload_check(SETTINGS)(row)
    assert payload is None
    assert problems[0].field == field


# Answers


def test_boxes_are_kept_to_a_tenth_of_a_pixel_and_cut_at_the_edge() -> None:
    assert check(answer(box(-0.6, 10.04, 50, 20), box(180, 90, 20.9, 10.9)))["boxes"] == [
        box(0.0, 10.0, 49.4, 20.0),
        box(180.0, 90.0, 20.0, 10.0),
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (answer(box(-2, 0, 50, 50)), "boxes[0].x"),
        (answer(box(0, 60, 50, 50)), "boxes[0].y"),
        (answer(box(0, 0, 4.9, 50)), "boxes[0]"),
        (answer(box(50, 50, -20, -20)), "boxes[0]"),
        (answer(box(0, 0, 50, 50), box(0, 0, 50, 50, "cow")), "boxes[1].label"),
        (answer(box(0, 0, float("nan"), 50)), "boxes[0].w"),
        (answer(box(0, 0, 10**400, 50)), "boxes[0].w"),
        (answer({"label": "cat"}), "boxes[0].x"),
        (answer(box(0, 0, 50, 50) | {"score": 1}), "boxes[0].score"),
        (answer("cat"), "boxes[0]"),
        (answer(*[box(0, 0, 50, 50)] * 301), "boxes"),
        (answer(box(0, 0, 50, 50), none=True), "none"),
        (answer(width=100, height=50), "width"),
        ({"boxes": None, "width": 200, "height": 100}, "boxes"),
    ],
)
def test_boxes_that_cannot_be_are_refused(given: Json, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(given)
    assert refused.value.field == field


def test_nothing_to_mark_is_an_answer_only_where_it_may_be() -> None:
    assert check(answer(none=True)) == answer()
    strict = BOXES.check_settings({"labels": ["cat"], "allow_none": False})
    with pytest.raises(Invalid) as refused:
        BOXES.check_answer(answer(none=True), payload=PAYLOAD, settings=strict)
    assert refused.value.field == "boxes"


def test_a_person_must_say_on_what_size_the_boxes_were_drawn() -> None:
    unknown = {"image": "a.jpg"}
    with pytest.raises(Invalid) as refused:
        check({"boxes": [box(0, 0, 50, 50)]}, unknown)
    assert refused.value.field == "width"
    assert check({"boxes": [box(0, 0, 50, 50)]}, unknown, partial=True) == {"boxes": [box(0, 0, 50, 50)]}


def test_a_cell_of_a_file_can_be_an_answer() -> None:
    cell = json.dumps([box(0, 0, 50, 50)])
    assert BOXES.read_answer(cell, payload=PAYLOAD, settings=SETTINGS) == answer(box(0, 0, 50, 50))
    assert BOXES.read_answer("", payload=PAYLOAD, settings=SETTINGS) == answer()


# Measures


def grade(given: Json, truth: Json) -> float:
    return BOXES.grade(given, truth, settings=SETTINGS)


def test_boxes_are_graded_by_how_well_they_fit() -> None:
    truth = answer(box(0, 0, 100, 100), box(120, 20, 50, 50, "dog"))
    assert grade(answer(box(0, 0, 100, 80), box(120, 20, 50, 50, "dog")), truth) == pytest.approx(0.9)
    assert grade(answer(box(0, 0, 100, 100)), truth) == pytest.approx(2 / 3)
    assert grade(answer(), truth) == 0.0
    assert grade(answer(), answer()) == 1.0


def test_the_right_place_with_the_wrong_label_is_wrong() -> None:
    assert grade(answer(box(0, 0, 50, 50, "dog")), answer(box(0, 0, 50, 50, "cat"))) == 0.0


def test_boxes_everywhere_do_not_pay() -> None:
    spam = answer(*[box(x, y, 40, 40) for x in range(0, 160, 20) for y in range(0, 60, 20)])
    assert grade(spam, answer(box(0, 0, 40, 40))) < 0.1


def test_an_object_stands_when_more_than_half_of_the_weight_saw_it() -> None:
    given = [
        (answer(box(10, 10, 40, 40), box(100, 10, 30, 30, "dog")), 1.0),
        (answer(box(12, 10, 40, 40)), 1.0),
        (answer(box(14, 10, 40, 40, "dog"), box(150, 50, 20, 20)), 1.0),
    ]
    combined = BOXES.combine(given, settings=SETTINGS)
    assert combined.answer == answer(box(12.0, 10.0, 40.0, 40.0))
    assert 0.3 < combined.confidence < 0.8


def test_one_word_against_another_makes_no_object() -> None:
    combined = BOXES.combine([(answer(box(0, 0, 20, 20)), 1.0), (answer(), 1.0)], settings=SETTINGS)
    assert combined.answer == answer()
    assert combined.confidence == 0.5


def test_where_a_picture_must_hold_something_the_best_supported_object_stays() -> None:
    strict = BOXES.check_settings({"labels": ["cat"], "allow_none": False})
    apart = [(answer(box(0, 0, 20, 20)), 1.0), (answer(box(100, 50, 20, 20)), 2.0), (answer(box(50, 50, 20, 20)), 1.5)]
    assert BOXES.combine(apart, settings=strict).answer["boxes"] == [box(100.0, 50.0, 20.0, 20.0)]


def test_each_box_is_counted_as_a_unit_and_named_in_the_summary() -> None:
    three = answer(box(0, 0, 9, 9), box(20, 0, 9, 9, "dog"), box(40, 0, 9, 9))
    assert BOXES.units(three) == {"task": 1, "boxes": 3}
    assert BOXES.summarise(three, settings=SETTINGS) == "2 × cat, 1 × dog"
    assert BOXES.summarise(answer(), settings=SETTINGS) == "Nothing marked"


# Export


def coco(*tasks: ExportTask) -> Json:
    written: Json = json.loads("".join(BOXES.extra_exports["coco"](tasks, SETTINGS)))
    return written


def test_coco_holds_pictures_categories_and_boxes() -> None:
    first = ExportTask(
        "t1", PAYLOAD, answer(box(1, 2, 30, 40), box(50, 5, 10.5, 10, "dog")), confidence=0.91234, image="pets/ä.jpg"
    )
    second = ExportTask("t2", PAYLOAD, answer())
    written = coco(first, second)
    assert [category["name"] for category in written["categories"]] == ["cat", "dog"]
    assert written["images"] == [
        {"id": 1, "file_name": "pets/ä.jpg", "width": 200, "height": 100, "task": "t1", "confidence": 0.9123},
        {"id": 2, "file_name": "a.jpg", "width": 200, "height": 100, "task": "t2"},
    ]
    assert [(one["image_id"], one["category_id"], one["bbox"], one["area"]) for one in written["annotations"]] == [
        (1, 1, [1, 2, 30, 40], 1200),
        (1, 2, [50, 5, 10.5, 10], 105.0),
    ]


def test_coco_of_nothing_is_still_coco() -> None:
    assert coco()["images"] == coco()["annotations"] == []


def test_coco_is_written_piece_by_piece() -> None:
    many = (ExportTask(str(number), PAYLOAD, answer(*[box(1, 2, 30, 40)] * 20)) for number in range(3_000))
    assert max(len(piece) for piece in BOXES.extra_exports["coco"](many, SETTINGS)) <= 64 * 1024


# Sample


def test_the_pictures_of_the_sample_hold_what_their_known_answers_say() -> None:
    sample = BOXES.sample()
    for row, file in zip(sample.rows, sample.files().values(), strict=True):
        assert Image.open(io.BytesIO(file)).size == (row["width"], row["height"])
    picture = Image.open(io.BytesIO(sample.files()["table-01.jpg"])).convert("RGB")
    empty = Image.open(io.BytesIO(sample.files()["table-14.jpg"])).convert("RGB")
    marked = sample.gold[0]["boxes"][0]
    inside = picture.getpixel((int(marked["x"] + marked["w"] / 2), int(marked["y"] + marked["h"] / 2)))
    assert max(inside) - min(inside) > 60  # a fruit is colourful
    plate = empty.getpixel((480, 320))
    assert max(plate) - min(plate) < 40  # the last plate is not
