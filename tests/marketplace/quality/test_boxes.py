"""Boxes of several people on one picture."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.quality import boxes
from marketplace.quality.boxes import Box, Found, Labelled

CAR, DOG = Box(10, 10, 100, 50), Box(300, 200, 60, 80)


def shifted(box: Box, by: float) -> Box:
    return Box(box.x + by, box.y - by, box.w, box.h)


def test_objects_that_most_people_saw_stay_at_their_mean_place() -> None:
    found = boxes.combine([([("car", shifted(CAR, by)), *extra], 1.0) for by, extra in ((0, []), (3, [("dog", DOG)]), (-3, []))])
    assert [(one.label, one.support) for one in found] == [("car", pytest.approx(1.0))]
    assert found[0].box == pytest.approx(CAR)


def test_the_weight_decides_and_not_the_heads() -> None:
    assert boxes.combine([([("dog", DOG)], 3.0), ([], 1.0), ([], 1.0)])[0].label == "dog"
    assert boxes.combine([([("dog", DOG)], 1.0), ([], 1.0), ([], 1.0)]) == []


def test_labels_and_neighbours_are_kept_apart() -> None:
    near = shifted(CAR, 60)
    answer: list[Labelled] = [("car", CAR), ("car", near), ("truck", CAR)]
    found = boxes.combine([(answer, 1.0), (answer, 1.0)])
    assert sorted((one.label, one.box.x) for one in found) == [("car", 10), ("car", 70), ("truck", 10)]


def test_the_order_of_answers_does_not_matter() -> None:
    answers: list[tuple[list[Labelled], float]] = [([("car", shifted(CAR, n * 4)), ("dog", DOG)], 1.0 + n) for n in range(4)]
    assert boxes.combine(answers) == boxes.combine(answers[::-1])


def crowd(*, items: int, per_item: int, seed: int) -> tuple[list[tuple[str, str, list[Labelled]]], dict[str, list[Labelled]], np.ndarray]:
    rng = np.random.default_rng(seed)
    missing = rng.beta(1.2, 5, 10)
    rows, truth = [], {}
    for n in range(items):
        true = [("car", Box(*rng.uniform(0, 800, 2), *rng.uniform(40, 200, 2))) for _ in range(rng.integers(0, 6))]
        truth[f"i{n}"] = true
        for worker in rng.choice(10, size=per_item, replace=False):
            seen = [
                (label, Box(b.x + rng.normal(0, 4), b.y + rng.normal(0, 4), b.w * rng.uniform(0.9, 1.1), b.h))
                for label, b in true
                if rng.random() > missing[worker]
            ]
            seen += [("car", Box(*rng.uniform(0, 800, 2), 50, 50))] if rng.random() < missing[worker] else []
            rows.append((f"i{n}", f"w{worker}", seen))
    return rows, truth, missing


def test_several_are_better_than_one_and_careless_people_are_known() -> None:
    rows, truth, missing = crowd(items=80, per_item=4, seed=0)
    fit = boxes.fit(rows)
    known = {item: [Found(label, box, 1.0) for label, box in true] for item, true in truth.items()}
    single = np.mean([boxes.agreement(seen, known[item]) for item, _worker, seen in rows])
    joint = np.mean([boxes.agreement([(one.label, one.box) for one in fit.objects[item]], known[item]) for item in truth])
    assert joint > single + 0.08
    assert np.corrcoef([fit.workers[f"w{n}"].mean for n in range(10)], missing)[0, 1] < -0.8
    assert all(0 <= share <= 1 for share in fit.agreement.values())


def test_known_boxes_stand_and_judge() -> None:
    rows = [("i", "ana", [("car", CAR)]), ("i", "eve", [("dog", DOG)]), ("i", "sam", [("dog", DOG)])]
    fit = boxes.fit(rows, gold={"i": [("car", CAR)]})
    assert [one.label for one in fit.objects["i"]] == ["car"]
    assert fit.workers["ana"].mean > fit.workers["eve"].mean


def test_a_picture_without_anything_is_an_answer() -> None:
    fit = boxes.fit([("i", "ana", []), ("i", "wen", [])])
    assert fit.objects == {"i": []}
    assert fit.agreement == {"i": 1.0}
    assert boxes.fit([]).objects == {}
