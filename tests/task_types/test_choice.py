"""Choosing labels."""

from __future__ import annotations

import time

import pytest

from kit.errors import Invalid
from task_types import interface, registry
from task_types.contract import Json

CHOICE = registry.drawer("choice")
TEXT = {"text": "The lock is stuck"}


def settings(**more: object) -> Json:
    return CHOICE.check_settings({"labels": ["good", "bad", "unclear"]} | more)


def check(row: Json) -> tuple[Json | None, list[str]]:
    payload, problems = CHOICE.compile_payload_check(settings())(row)
    return payload, [f"{problem.field}: {problem.reason}" for problem in problems]


# Settings


def test_words_are_enough_for_labels_and_the_first_nine_get_their_number_as_key() -> None:
    labels = CHOICE.check_settings({"labels": [f"label {number}" for number in range(11)]})["labels"]
    assert labels[0] == {"value": "label 0", "label": "label 0", "description": "", "key": "1"}
    assert [label["key"] for label in labels] == [*"123456789", "", ""]


def test_a_key_that_a_client_gave_is_not_given_again() -> None:
    labels = CHOICE.check_settings({"labels": ["a", {"value": "b", "key": "1"}, {"value": "c", "key": "S"}, "d"]})["labels"]
    assert [label["key"] for label in labels] == ["", "1", "s", "4"]


@pytest.mark.parametrize("labels", [["شمال", "جنوب"], ["😀", "😐"], ["日本", "中国"], ["{label}", "<b>"], ["é", "è"]])
def test_labels_may_be_in_any_alphabet(labels: list[str]) -> None:
    checked = CHOICE.check_settings({"labels": labels})
    for label in labels:
        assert CHOICE.check_answer({"label": label}, payload=TEXT, settings=checked) == {"label": label}


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        (None, "labels"),
        (["one"], "labels"),
        (["a", "a"], "labels"),
        (["é", "e\u0301"], "labels"),
        (["a", " a "], "labels"),
        (["a", ""], "labels[1].value"),
        (["a", "x" * 101], "labels[1].value"),
        (["a", "b\x00"], "labels[1].value"),
        (["a", {"value": "b", "key": "12"}], "labels[1].key"),
        (["a", {"value": "b", "key": "?"}], "labels[1].key"),
        ([{"value": "a", "key": "x"}, {"value": "b", "key": "X"}], "labels"),
        (["a", {"value": "b", "color": "red"}], "labels[1].color"),
        ([str(number) for number in range(201)], "labels"),
    ],
)
def test_labels_that_cannot_be_told_apart_or_kept_are_refused(labels: object, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        CHOICE.check_settings({"labels": labels})
    assert refused.value.field == field


def test_none_is_an_answer_only_among_several() -> None:
    with pytest.raises(Invalid) as refused:
        settings(allow_none=True)
    assert refused.value.field == "allow_none"


# Payload


def test_a_task_is_a_text_an_image_or_both() -> None:
    assert check({"text": "hello"}) == ({"text": "hello"}, [])
    assert check({"image": "a.jpg", "text": ""}) == ({"image": "a.jpg"}, [])
    assert check({"image": "https://example.org/a.jpg", "text": "What is it?"})[0] == {
        "text": "What is it?",
        "image": "https://example.org/a.jpg",
    }
    assert check({}) == (None, ["text: Text or image: one of them is needed."])


def test_text_is_kept_exactly_as_it_came() -> None:
    odd = "  \tzwei\r\n\u202eRTL \u200d 👩‍🚀 e\u0301 "
    assert check({"text": odd})[0] == {"text": odd}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 20_001, "20001 characters; at most 20000"),
        ("ü" * 20_001, "20001 characters"),
        ("   \n", "is empty"),
        ("a\x00b", "U+0000"),
        ("ä\x00b", "U+0000"),
        ("a\ud800b", "U+D800"),
        (5, "must be text"),
        (["a"], "must be text"),
        ({}, "must be text"),
        (True, "must be text"),
    ],
)
def test_a_text_that_cannot_be_a_task_is_refused_with_its_reason(text: object, reason: str) -> None:
    payload, problems = check({"text": text})
    assert payload is None
    assert reason in problems[0]


def test_every_fault_of_a_row_is_named() -> None:
    _, problems = check({"text": "a\x00", "image": "http://example.org"})
    assert [problem.split(":")[0] for problem in problems] == ["text", "image"]


def test_checking_rows_keeps_up_with_the_database() -> None:
    """More than 150,000 rows a second of processor time; a million-row import would wait for us below that."""
    rows = [
        {"text": f"Row {number} of a large file, {'ä' if number % 2 else 'a'} few words long. " * 4} for number in range(100_000)
    ]
    row_check = CHOICE.compile_payload_check(settings())
    began = time.process_time()
    for row in rows:
        row_check(row)
    assert len(rows) / (time.process_time() - began) > 150_000


# Answers


def test_one_label_is_chosen() -> None:
    with pytest.raises(Invalid) as refused:
        CHOICE.check_answer({"label": "ugly"}, payload=TEXT, settings=settings())
    assert refused.value.field == "label"
    assert refused.value.extra["expected"] == ["good", "bad", "unclear"]


def test_several_labels_come_back_in_the_order_of_the_settings() -> None:
    answer = CHOICE.check_answer({"labels": ["unclear", "good", "good"]}, payload=TEXT, settings=settings(several=True))
    assert answer == {"labels": ["good", "unclear"]}


def test_none_of_several_must_be_allowed() -> None:
    with pytest.raises(Invalid):
        CHOICE.check_answer({"labels": []}, payload=TEXT, settings=settings(several=True))
    assert CHOICE.check_answer({"labels": []}, payload=TEXT, settings=settings(several=True, allow_none=True)) == {"labels": []}


def test_a_required_comment_is_required_of_people_only() -> None:
    asked = settings(comment="required")
    with pytest.raises(Invalid) as refused:
        CHOICE.check_answer({"label": "good", "comment": "  "}, payload=TEXT, settings=asked)
    assert refused.value.field == "comment"
    assert CHOICE.check_answer({"label": "good"}, payload=TEXT, settings=asked, partial=True) == {"label": "good"}


def test_a_comment_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(Invalid):
        CHOICE.check_answer({"label": "good", "comment": "x"}, payload=TEXT, settings=settings())


@pytest.mark.parametrize(
    ("several", "cell", "answer"),
    [
        (False, " good ", {"label": "good"}),
        (False, '{"label": "bad"}', {"label": "bad"}),
        (True, "good|unclear", {"labels": ["good", "unclear"]}),
        (True, '["bad"]', {"labels": ["bad"]}),
        (True, ["bad", "good"], {"labels": ["good", "bad"]}),
    ],
)
def test_a_cell_of_a_file_can_be_an_answer(several: bool, cell: object, answer: Json) -> None:
    assert CHOICE.read_answer(cell, payload=TEXT, settings=settings(several=several)) == answer


def test_labels_that_look_like_numbers_or_lists_are_still_labels() -> None:
    rated = CHOICE.check_settings({"labels": ["1", "2", "[x]", "a|b"], "several": False})
    assert CHOICE.read_answer(2, payload=TEXT, settings=rated) == {"label": "2"}
    assert CHOICE.read_answer("[x]", payload=TEXT, settings=rated) == {"label": "[x]"}
    several = CHOICE.check_settings({"labels": ["a|b", "c"], "several": True})
    assert CHOICE.read_answer("a|b", payload=TEXT, settings=several) == {"labels": ["a|b"]}


# Measures


def test_the_heavier_label_wins_and_the_earlier_one_where_they_weigh_the_same() -> None:
    given = [({"label": "bad"}, 1.0), ({"label": "good"}, 1.0), ({"label": "bad"}, 0.5)]
    assert CHOICE.combine(given, settings=settings()).answer == {"label": "bad"}
    assert CHOICE.combine(given, settings=settings()).confidence == pytest.approx(0.6)
    assert CHOICE.combine(given[:2], settings=settings()).answer == {"label": "good"}


def test_each_of_several_labels_is_a_question_of_its_own() -> None:
    several = settings(several=True)
    assert CHOICE.votes({"labels": ["bad"]}, payload=TEXT, settings=several) == {
        "label:good": "no",
        "label:bad": "yes",
        "label:unclear": "no",
    }
    given = [({"labels": ["good", "bad"]}, 1.0), ({"labels": ["bad"]}, 1.0), ({"labels": ["bad", "unclear"]}, 1.0)]
    assert CHOICE.combine(given, settings=several).answer == {"labels": ["bad"]}


def test_where_none_is_no_answer_the_best_supported_label_stays() -> None:
    given = [({"labels": [label]}, 1.0) for label in ("unclear", "bad", "good")]
    assert CHOICE.combine(given, settings=settings(several=True)).answer == {"labels": ["good"]}
    assert CHOICE.combine(given, settings=settings(several=True, allow_none=True)).answer == {"labels": []}


# What a person sees


def test_an_image_is_shown_by_the_address_that_the_page_gives_it() -> None:
    island = interface.island(
        CHOICE, settings=settings(), payload={"image": "asset:" + "a" * 64}, image_url=lambda name: f"/files/{name[6:12]}"
    )
    assert island["payload"] == {"image": "/files/aaaaaa"}


def test_a_draft_or_prelabel_is_what_the_form_starts_with() -> None:
    island = interface.island(CHOICE, settings=settings(), payload=TEXT, answer={"label": "bad"}, read_only=True)
    assert island["data"] == {"label": "bad"}
    assert island["readOnly"] is True
