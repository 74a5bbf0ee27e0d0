"""Rating on a scale."""

from __future__ import annotations

from typing import Any

import pytest

from kit.errors import Invalid
from task_types import registry
from task_types.contract import Json
from task_types.measures import robust_mean
from task_types.rating import scale

RATING = registry.drawer("rating")
TEXT = {"text": "The pool opens at nine"}


def settings(**more: object) -> Json:
    return RATING.check_settings(more)


def check(answer: Any, *, partial: bool = False, **more: object) -> Json:
    return RATING.check_answer(answer, payload=TEXT, settings=settings(**more), partial=partial)


# Settings


def test_a_scale_goes_from_one_to_five_unless_the_client_says_otherwise() -> None:
    checked = settings()
    assert [scale.point(checked, place) for place in range(scale.points(checked))] == [1, 2, 3, 4, 5]


def test_a_scale_may_be_decimal_negative_and_written_as_text() -> None:
    checked = settings(lowest="-1", highest=" 1,5 ", step="0.5")
    assert (checked["lowest"], checked["highest"], checked["step"]) == (-1, 1.5, 0.5)
    assert [scale.point(checked, place) for place in range(scale.points(checked))] == [-1, -0.5, 0, 0.5, 1, 1.5]


def test_tenths_are_kept_without_crumbs() -> None:
    checked = settings(lowest=0, highest=1, step=0.1)
    assert scale.points(checked) == 11
    assert [scale.point(checked, place) for place in (3, 6, 7)] == [0.3, 0.6, 0.7]
    assert RATING.check_answer({"value": 0.1 + 0.2}, payload=TEXT, settings=checked) == {"value": 0.3}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"lowest": 5, "highest": 5}, "highest"),
        ({"lowest": "five"}, "lowest"),
        ({"lowest": float("nan")}, "lowest"),
        ({"highest": 10**30}, "highest"),
        ({"highest": True}, "highest"),
        ({"step": 0}, "step"),
        ({"step": -1}, "step"),
        ({"step": 3}, "step"),
        ({"highest": 100_000}, "step"),
        ({"tolerance": -1}, "tolerance"),
        ({"tolerance": 4}, "tolerance"),
        ({"points": [{"value": 6, "label": "beyond"}]}, "points[0].value"),
        ({"points": [{"value": 2.5, "label": "between"}]}, "points[0].value"),
        ({"points": [{"value": 2}]}, "points[0].label"),
        ({"points": [{"value": 2, "label": "x", "key": "2"}]}, "points[0].key"),
        ({"points": [{"value": 2, "label": "x"}, {"value": "2.0", "label": "y"}]}, "points"),
        ({"points": [{"value": 1, "label": "x"}], "low_label": "y"}, "low_label"),
        ({"comment": "perhaps"}, "comment"),
    ],
)
def test_a_scale_that_does_not_add_up_is_refused(wrong: Json, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        settings(**wrong)
    assert refused.value.field == field


def test_what_the_client_says_of_the_scale_stands_in_its_order() -> None:
    checked = settings(high_label="Best", low_label="Worst", points=[{"value": 4, "label": "Good"}, {"value": "2", "label": "Bad"}])
    assert [(point["value"], point["label"]) for point in scale.described(checked)] == [
        (1, "Worst"),
        (2, "Bad"),
        (4, "Good"),
        (5, "Best"),
    ]
    assert RATING.summarise({"value": 4}, settings=checked) == "4 · Good"
    assert RATING.summarise({"value": 3.25}, settings=checked) == "3.25"


# Answer


@pytest.mark.parametrize("value", [0, 6, 2.5, "five", None, True, [3], float("inf"), "nan"])
def test_a_number_that_is_not_on_the_scale_is_refused(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        check({"value": value})
    assert refused.value.field == "value"


def test_a_step_that_was_missed_is_told_with_the_nearest_value() -> None:
    with pytest.raises(Invalid) as refused:
        check({"value": 2.8})
    assert refused.value.extra["expected"] == {"step": 1, "nearest": 3}


def test_a_known_answer_may_lie_between_two_values_but_not_beyond_the_ends() -> None:
    assert check({"value": 3.5}, partial=True) == {"value": 3.5}
    with pytest.raises(Invalid):
        check({"value": 5.5}, partial=True)


@pytest.mark.parametrize(("cell", "value"), [("4", 4), (4, 4), ("4,0", 4), ('{"value": 4}', 4), ("3.5", 3.5)])
def test_a_cell_of_a_file_is_a_number_or_an_answer(cell: object, value: float) -> None:
    assert RATING.read_answer(cell, payload=TEXT, settings=settings()) == {"value": value}


def test_a_comment_that_must_be_there_may_be_missing_in_a_known_answer_only() -> None:
    with pytest.raises(Invalid) as refused:
        check({"value": 3}, comment="required")
    assert refused.value.field == "comment"
    assert check({"value": 3}, comment="required", partial=True) == {"value": 3}
    with pytest.raises(Invalid) as refused:
        check({"value": 3, "comment": "why"})
    assert refused.value.field == "answer.comment"


# Quality


def test_within_the_tolerance_is_right_and_beyond_it_less_by_distance() -> None:
    near = settings(lowest=0, highest=10, tolerance=1)
    grades = [RATING.grade({"value": value}, {"value": 5}, settings=near) for value in (5, 6, 4, 7, 0, 10)]
    assert grades == pytest.approx([1, 1, 1, 0.9, 0.6, 0.6])
    assert RATING.grade({"value": 0.3}, {"value": 0.1}, settings=settings(lowest=0, highest=1, step=0.1, tolerance=0.2)) == 1


def test_agreement_falls_from_one_to_nothing_over_the_scale() -> None:
    agreed = [RATING.agreement({"value": 1}, {"value": other}, settings=settings(tolerance=2)) for other in (1, 2, 3, 5)]
    assert agreed == pytest.approx([1, 0.75, 0.5, 0])


def test_one_wild_rating_hardly_moves_the_mean() -> None:
    given = [({"value": value}, 1.0) for value in (4, 4, 5, 4, 1)]
    combined = RATING.combine(given, settings=settings())
    assert 4 <= combined.answer["value"] < 4.3
    assert combined.answer["value"] > sum((4, 4, 5, 4, 1)) / 5
    assert combined.confidence < RATING.combine(given[:4], settings=settings()).confidence


def test_of_two_ratings_the_mean_is_taken_by_weight() -> None:
    given = [({"value": 2}, 1.0), ({"value": 4}, 3.0)]
    assert RATING.combine(given, settings=settings()).answer == {"value": 3.5}


@pytest.mark.parametrize("offset", [0.0, -500.0, 1e5])
def test_the_robust_mean_moves_with_its_numbers(offset: float) -> None:
    numbers = [(1.0, 1.0), (2.0, 2.0), (2.5, 1.0), (40.0, 1.0)]
    moved = [(value + offset, weight) for value, weight in numbers]
    assert robust_mean(moved, scatter=0.5) == pytest.approx(robust_mean(numbers, scatter=0.5) + offset)


def test_a_heavy_rating_outweighs_light_ones() -> None:
    assert robust_mean([(1, 1), (1, 1), (5, 10)], scatter=0.5) > 4
    assert robust_mean([(1, 10), (1, 10), (5, 1)], scatter=0.5) < 1.1


def test_there_is_no_mean_of_nothing() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        robust_mean([], scatter=1)


# What leaves the product


def test_a_rating_is_a_number_in_the_table_and_its_comment_stands_beside_it() -> None:
    assert RATING.export_columns(settings()) == ("value",)
    commented = settings(comment="optional")
    assert RATING.export_row({"value": 0.5}, settings=commented) == {"value": "0.5", "comment": ""}
