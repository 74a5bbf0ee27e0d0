"""Comparing the responses of models."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from kit.errors import Invalid
from task_types import interface, registry
from task_types.contract import Json

COMPARISON = registry.drawer("response_comparison")
ROW = {"prompt": "Say hello", "response_a": "Hello", "response_b": "**Hi**"}
PREFER = COMPARISON.check_settings({})
RATED = COMPARISON.check_settings({"criteria": ["true", {"name": "short", "scale": 3}], "justification_least": 10})
RANKED = COMPARISON.check_settings({"mode": "rank"})


def read(row: Json) -> tuple[Json | None, list[str]]:
    payload, problems = COMPARISON.compile_payload_check(PREFER)(row)
    return payload, [f"{problem.field}: {problem.reason}" for problem in problems]


def payload(row: Json = ROW) -> Json:
    checked, problems = read(row)
    assert checked is not None, problems
    return checked


THREE = payload(ROW | {"response_c": "Hey"})
WHOLE = {
    "preference": "a",
    "ratings": {"a": {"true": 5, "short": 1}, "b": {"true": 1, "short": 3}},
    "justification": "The first is true.",
    "order": ["b", "a"],
}


# Payload


def test_responses_come_in_columns_or_as_a_list_and_get_letters() -> None:
    expected = {
        "turns": [{"role": "user", "text": "Say hello"}],
        "responses": [{"id": "a", "text": "Hello"}, {"id": "b", "text": "**Hi**"}],
    }
    assert payload() == expected
    assert payload({"prompt": "Say hello", "responses": ["Hello", "**Hi**"]}) == expected
    assert payload({"prompt": "Say hello", "responses": json.dumps(["Hello", "**Hi**"])}) == expected


def test_the_name_of_a_model_never_reaches_the_payload() -> None:
    checked = payload({"prompt": "p", "responses": [{"model": "gpt-9", "text": "one"}, {"id": "llama", "content": "two"}]})
    assert "gpt-9" not in json.dumps(checked)
    assert "llama" not in json.dumps(checked)


def test_a_prompt_may_have_turns() -> None:
    turns = [{"role": "user", "text": "Hi"}, {"role": "assistant", "content": "Hello"}, {"text": "And now?"}]
    expected = [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello"}, {"role": "user", "text": "And now?"}]
    assert payload(ROW | {"prompt": turns})["turns"] == expected
    assert payload(ROW | {"prompt": json.dumps(turns)})["turns"] == expected


def test_a_prompt_that_only_looks_like_a_list_is_text() -> None:
    for prompt in ("[1, 2, 3] sort this", "[1, 2, 3]", "[]"):
        assert payload(ROW | {"prompt": prompt})["turns"] == [{"role": "user", "text": prompt}]


def test_a_column_left_empty_keeps_the_letters_of_the_others() -> None:
    assert [response["id"] for response in payload(ROW | {"response_b": "", "response_d": "x"})["responses"]] == ["a", "d"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({}, "prompt"),
        (ROW | {"prompt": "  "}, "prompt"),
        (ROW | {"prompt": []}, "prompt"),
        (ROW | {"prompt": ["x"] * 51}, "prompt"),
        (ROW | {"prompt": [{"role": "root", "text": "x"}]}, "prompt[0].role"),
        (ROW | {"prompt": [{"role": ["user"], "text": "x"}]}, "prompt[0].role"),
        (ROW | {"prompt": [{"role": "user"}]}, "prompt[0].text"),
        (ROW | {"prompt": [7]}, "prompt[0]"),
        ({"prompt": "p", "response_a": "x"}, "responses"),
        ({"prompt": "p", "responses": ["x"]}, "responses"),
        ({"prompt": "p", "responses": ["x"] * 9}, "responses"),
        ({"prompt": "p", "responses": "[broken"}, "responses"),
        ({"prompt": "p", "responses": "text"}, "responses"),
        ({"prompt": "p", "responses": ["x", None]}, "responses[1]"),
        (ROW | {"response_b": "x" * 50_001}, "response_b"),
        (ROW | {"response_b": "a\x00"}, "response_b"),
    ],
)
def test_a_row_that_cannot_be_compared_says_where(row: Json, field: str) -> None:
    checked, problems = read(row)
    assert checked is None
    assert field in [problem.split(": ")[0] for problem in problems]


# What a person sees


def test_the_order_is_left_to_chance_but_the_same_for_the_same_lease() -> None:
    def order(seed: str) -> str:
        shown = interface.island(COMPARISON, settings=PREFER, payload=THREE, seed=seed)
        assert shown["data"]["order"] == [response["id"] for response in shown["payload"]["responses"]]
        assert [response["title"] for response in shown["payload"]["responses"]] == ["Response 1", "Response 2", "Response 3"]
        return "".join(shown["data"]["order"])

    assert order("lease 1") == order("lease 1")
    assert order("") == "abc"
    seen = Counter(order(f"lease {number}") for number in range(600))
    assert len(seen) == 6
    assert min(seen.values()) > 60


def test_an_answer_is_shown_in_the_order_in_which_it_was_given() -> None:
    shown = interface.island(COMPARISON, settings=RATED, payload=payload(), answer=WHOLE, seed="another", read_only=True)
    assert [response["id"] for response in shown["payload"]["responses"]] == ["b", "a"]


def test_markdown_is_formatted_safely_and_plain_text_left_alone() -> None:
    dirty = payload(ROW | {"response_a": "**x** <script>alert(1)</script>"})
    formatted = interface.island(COMPARISON, settings=PREFER, payload=dirty)["payload"]["responses"][0]
    assert formatted["html"].startswith("<p><strong>x</strong>")
    assert "<script" not in formatted["html"]
    plain = COMPARISON.check_settings({"format": "plain"})
    assert (
        interface.island(COMPARISON, settings=plain, payload=dirty)["payload"]["responses"][0]["text"]
        == "**x** <script>alert(1)</script>"
    )


# Answers


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"preference": "c"}, "preference"),
        ({"preference": None}, "preference"),
        ({"ratings": {"a": {"true": 5, "short": 1}}}, "ratings.b"),
        ({"ratings": {**WHOLE["ratings"], "c": {}}}, "ratings.c"),
        ({"ratings": {**WHOLE["ratings"], "a": {"true": 6, "short": 1}}}, "ratings.a.true"),
        ({"ratings": {**WHOLE["ratings"], "a": {"true": 5, "short": 4}}}, "ratings.a.short"),
        ({"justification": "too short"}, "justification"),
        ({"justification": None}, "justification"),
        ({"order": ["a"]}, "order"),
        ({"order": ["a", "a"]}, "order"),
        ({"order": [["a"], ["b"]]}, "order"),
        ({"ranking": [["a"], ["b"]]}, "answer.ranking"),
    ],
)
def test_an_incomplete_comparison_says_what_is_missing(change: Json, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        COMPARISON.check_answer(WHOLE | change, payload=payload(), settings=RATED)
    assert refused.value.field == field


def test_a_tie_must_be_allowed() -> None:
    strict = COMPARISON.check_settings({"ties": False})
    assert COMPARISON.check_answer({"preference": "tie"}, payload=payload(), settings=PREFER)["preference"] == "tie"
    with pytest.raises(Invalid) as refused:
        COMPARISON.check_answer({"preference": "tie"}, payload=payload(), settings=strict)
    assert refused.value.extra["expected"] == ["a", "b"]


@pytest.mark.parametrize(
    "ranking",
    [[["a"], ["b"]], [["a"], ["b"], ["b"]], [["a", "b", "c"], ["a"]], [["a"], ["b"], ["d"]], [[], ["a", "b", "c"]], "abc"],
)
def test_a_ranking_gives_each_response_one_place(ranking: object) -> None:
    with pytest.raises(Invalid) as refused:
        COMPARISON.check_answer({"ranking": ranking}, payload=THREE, settings=RANKED)
    assert str(refused.value.field).startswith("ranking")


def test_places_are_shared_only_where_ties_are_possible() -> None:
    shared = {"ranking": [["c", "a"], ["b"]]}
    assert COMPARISON.check_answer(shared, payload=THREE, settings=RANKED)["ranking"] == [["a", "c"], ["b"]]
    with pytest.raises(Invalid):
        COMPARISON.check_answer(shared, payload=THREE, settings=COMPARISON.check_settings({"mode": "rank", "ties": False}))


def test_with_nothing_to_choose_there_must_be_something_to_rate() -> None:
    with pytest.raises(Invalid) as refused:
        COMPARISON.check_settings({"mode": "rate"})
    assert refused.value.field == "criteria"


@pytest.mark.parametrize(
    ("settings", "cell", "part"),
    [
        (PREFER, " B ", {"preference": "b"}),
        (PREFER, "tie", {"preference": "tie"}),
        (PREFER, '{"preference": "a"}', {"preference": "a"}),
        (RATED, "a", {"preference": "a"}),
        (RANKED, "b > a=c", {"ranking": [["b"], ["a", "c"]]}),
        (RANKED, '["c", ["a", "b"]]', {"ranking": [["c"], ["a", "b"]]}),
    ],
)
def test_a_cell_of_a_file_can_be_an_answer(settings: Json, cell: str, part: Json) -> None:
    of = THREE if settings is RANKED else payload()
    assert COMPARISON.read_answer(cell, payload=of, settings=settings) == part


# Measures


def test_a_tie_against_a_letter_is_half_right() -> None:
    def grade(said: str, truth: str) -> float:
        return COMPARISON.grade({"preference": said}, {"preference": truth}, settings=PREFER)

    assert [grade("a", "a"), grade("tie", "a"), grade("b", "a")] == [1.0, 0.5, 0.0]


def test_only_what_the_known_answer_says_is_graded() -> None:
    assert COMPARISON.grade(WHOLE, {"preference": "a"}, settings=RATED) == 1.0
    close = WHOLE | {"ratings": {"a": {"true": 4, "short": 1}, "b": {"true": 1, "short": 3}}}
    assert COMPARISON.grade(close, WHOLE, settings=RATED) == pytest.approx((1 + (3 + 0.75) / 4) / 2)


def test_a_ranking_is_graded_pair_by_pair() -> None:
    right, turned = {"ranking": [["a"], ["b"], ["c"]]}, {"ranking": [["c"], ["b"], ["a"]]}
    near = {"ranking": [["b"], ["a"], ["c"]]}
    assert COMPARISON.grade(turned, right, settings=RANKED) == 0.0
    assert COMPARISON.grade(near, right, settings=RANKED) == pytest.approx(2 / 3)
    assert COMPARISON.votes(near, payload=THREE, settings=RANKED) == {"pair:a:b": "b", "pair:a:c": "a", "pair:b:c": "b"}


def test_several_comparisons_come_to_the_heavier_choice_and_the_middle_rating() -> None:
    def said(preference: str, rating: int) -> Json:
        return WHOLE | {"preference": preference, "ratings": {letter: {"true": rating, "short": 1} for letter in "ab"}}

    combined = COMPARISON.combine([(said("a", 1), 1.0), (said("b", 4), 1.0), (said("b", 5), 1.0)], settings=RATED)
    assert combined.answer == {"preference": "b", "ratings": {letter: {"true": 4, "short": 1} for letter in "ab"}}
    assert combined.confidence == pytest.approx(2 / 3)


def test_between_two_middle_ratings_the_lower_stands() -> None:
    rated = COMPARISON.check_settings({"mode": "rate", "criteria": ["true"]})
    given = [({"ratings": {letter: {"true": rating} for letter in "ab"}}, 1.0) for rating in (2, 4)]
    assert COMPARISON.combine(given, settings=rated).answer == {"ratings": {"a": {"true": 2}, "b": {"true": 2}}}


def test_several_rankings_come_to_the_order_that_wins_most_pairs() -> None:
    given = [
        ({"ranking": [["a"], ["b"], ["c"]]}, 1.0),
        ({"ranking": [["a"], ["c"], ["b"]]}, 1.0),
        ({"ranking": [["b"], ["a"], ["c"]]}, 1.0),
    ]
    assert COMPARISON.combine(given, settings=RANKED).answer == {"ranking": [["a"], ["b"], ["c"]]}


def test_a_circle_of_preferences_is_a_tie_where_ties_are_possible() -> None:
    circle = [({"ranking": [[x], [y], [z]]}, 1.0) for x, y, z in ("abc", "bca", "cab")]
    assert COMPARISON.combine(circle, settings=RANKED).answer == {"ranking": [["a", "b", "c"]]}
    strict = COMPARISON.check_settings({"mode": "rank", "ties": False})
    assert COMPARISON.combine(circle, settings=strict).answer == {"ranking": [["a"], ["b"], ["c"]]}


def test_every_rating_is_counted_as_a_unit() -> None:
    assert COMPARISON.units(WHOLE) == {"task": 1, "ratings": 4}
