"""What holds for every kind of work, whatever a stranger sends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given
from hypothesis import settings as runs
from hypothesis import strategies as st

from kit.errors import Invalid
from task_types import interface, registry
from task_types.contract import Json, TaskType
from tests.task_types.strategies import GARBAGE, box_answers, choice_answers, comparison_answers, rating_answers, transcripts

THREE = {f"response_{letter}": f"answer {letter}" for letter in "abc"}
CRITERIA = ["true", {"name": "short", "scale": 2}]

CASES: dict[str, tuple[str, Json, Json]] = {
    "choice": ("choice", {"labels": ["yes", "no", "cat"]}, {"text": "hello"}),
    "choice with comment": ("choice", {"labels": ["yes", "no"], "comment": "required"}, {"text": "hello"}),
    "choice of several": ("choice", {"labels": ["yes", "no", "é"], "several": True}, {"image": "a.jpg"}),
    "choice of several or none": (
        "choice",
        {"labels": ["a", "b"], "several": True, "allow_none": True, "comment": "optional"},
        {"text": "x"},
    ),
    "preference": ("response_comparison", {"justification_least": 5}, {"prompt": "p", **THREE}),
    "preference without ties": ("response_comparison", {"ties": False, "criteria": CRITERIA}, {"prompt": "p", **THREE}),
    "ranking": ("response_comparison", {"mode": "rank", "criteria": CRITERIA}, {"prompt": "p", **THREE}),
    "ranking without ties": ("response_comparison", {"mode": "rank", "ties": False}, {"prompt": "p", **THREE}),
    "ratings": ("response_comparison", {"mode": "rate", "criteria": CRITERIA}, {"prompt": "p", **THREE}),
    "rating": ("rating", {"points": [{"value": 3, "label": "so so"}], "tolerance": 1}, {"text": "hello"}),
    "rating in halves": ("rating", {"lowest": -1, "highest": 2, "step": 0.5, "comment": "required"}, {"image": "a.jpg"}),
    "rating by a slider": ("rating", {"lowest": "0", "highest": "10", "step": "0,1", "tolerance": "0.3"}, {"text": "x"}),
    "transcript": ("transcription", {}, {"audio": "a.mp3"}),
    "transcript of speakers": (
        "transcription",
        {"speakers": "cat|dog", "allow_none": False, "tolerance": 0},
        {"audio": "https://example.org/a.ogg", "duration": "60.5", "language": "pt-BR"},
    ),
    "boxes": ("image_boxes", {"labels": ["cat", "dog"]}, {"image": "a.jpg", "width": 200, "height": 100}),
    "boxes, at least one": ("image_boxes", {"labels": ["cat"], "allow_none": False}, {"image": "a.jpg"}),
}


class Case:
    """A drawer with checked settings and a checked payload."""

    def __init__(self, name: str) -> None:
        slug, settings, row = CASES[name]
        self.drawer: TaskType = registry.drawer(slug)
        self.settings = self.drawer.check_settings(settings)
        payload, problems = self.drawer.compile_payload_check(self.settings)(row)
        assert payload is not None, problems
        self.payload = payload

    def check(self, answer: Any, **more: Any) -> Json:
        return self.drawer.check_answer(answer, payload=self.payload, settings=self.settings, **more)

    def answers(self) -> st.SearchStrategy[Json]:
        """Right answers, checked."""
        if self.drawer.slug == "choice":
            raw = choice_answers(self.settings)
        elif self.drawer.slug == "response_comparison":
            raw = comparison_answers(self.settings, [response["id"] for response in self.payload["responses"]])
        elif self.drawer.slug == "rating":
            raw = rating_answers(self.settings)
        elif self.drawer.slug == "transcription":
            raw = transcripts(self.settings)
        else:
            raw = box_answers(self.settings, width=200, height=100)
        return raw.map(self.check)


def attempt(call: Callable[[], Json]) -> tuple[Json | None, Invalid | None]:
    """What came of it, or the refusal; any other exception goes on and fails the test."""
    try:
        return call(), None
    except Invalid as fault:
        return None, fault


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


patient = runs(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
    max_examples=30,
)


@patient
@given(data=st.data())
def test_checking_an_answer_twice_changes_nothing(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    assert case.check(answer) == answer
    assert case.check(json.loads(json.dumps(answer))) == answer
    assert case.check(answer, partial=True) == answer


@patient
@given(data=st.data())
def test_an_answer_graded_against_itself_is_fully_right(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    assert case.drawer.grade(answer, answer, settings=case.settings) == pytest.approx(1.0)


@patient
@given(data=st.data())
def test_agreement_is_the_same_both_ways_and_between_none_and_all(case: Case, data: st.DataObject) -> None:
    a, b = data.draw(case.answers()), data.draw(case.answers())
    there, back = (case.drawer.agreement(*pair, settings=case.settings) for pair in ((a, b), (b, a)))
    assert there == pytest.approx(back)
    assert 0.0 <= there <= 1.0
    assert 0.0 <= case.drawer.grade(a, b, settings=case.settings) <= 1.0


@patient
@given(data=st.data())
def test_votes_answer_the_questions_with_their_categories(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    questions = case.drawer.questions(payload=case.payload, settings=case.settings)
    votes = case.drawer.votes(answer, payload=case.payload, settings=case.settings) if questions else {}
    assert votes.keys() == questions.keys()
    assert all(category in questions[question] for question, category in votes.items())


@patient
@given(data=st.data())
def test_one_answer_combined_is_that_answer(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    combined = case.drawer.combine([(answer, 1.0)], settings=case.settings)
    assert combined.confidence == pytest.approx(1.0)
    assert case.drawer.agreement(combined.answer, answer, settings=case.settings) == pytest.approx(1.0)


@patient
@given(data=st.data())
def test_combining_gives_a_possible_answer_whatever_the_order(case: Case, data: st.DataObject) -> None:
    weighted = data.draw(st.lists(st.tuples(case.answers(), st.sampled_from([0.5, 1.0, 2.0])), min_size=1, max_size=5))
    combined = case.drawer.combine(weighted, settings=case.settings)
    turned = case.drawer.combine(data.draw(st.permutations(weighted)), settings=case.settings)
    assert turned.answer == combined.answer
    assert turned.confidence == pytest.approx(combined.confidence)
    assert 0.0 <= combined.confidence <= 1.0
    case.check(combined.answer, partial=True)


@patient
@given(data=st.data())
def test_what_is_decided_already_stands_in_the_combined_answer(case: Case, data: st.DataObject) -> None:
    answer, wanted = data.draw(case.answers()), data.draw(case.answers())
    questions = case.drawer.questions(payload=case.payload, settings=case.settings)
    if not questions or "ranking" in answer:
        return  # pairs of a ranking may contradict each other: they are weighed, not obeyed
    decided = case.drawer.votes(wanted, payload=case.payload, settings=case.settings)
    combined = case.drawer.combine([(answer, 1.0)], settings=case.settings, decided=decided)
    assert case.drawer.votes(combined.answer, payload=case.payload, settings=case.settings) == decided


@patient
@given(data=st.data())
def test_an_exported_answer_has_the_announced_columns_and_is_text(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    row = case.drawer.export_row(answer, settings=case.settings)
    assert tuple(row) == case.drawer.export_columns(case.settings)
    assert all(isinstance(cell, str) for cell in row.values())
    assert case.drawer.summarise(answer, settings=case.settings)
    assert case.drawer.units(answer).keys() == {unit.name for unit in case.drawer.unit_kinds}


@patient
@given(data=st.data())
def test_an_answer_survives_the_way_through_a_file(case: Case, data: st.DataObject) -> None:
    answer = data.draw(case.answers())
    read = case.drawer.read_answer(json.dumps(answer), payload=case.payload, settings=case.settings)
    assert read == answer


@patient
@given(garbage=GARBAGE, partial=st.booleans())
def test_a_wrong_answer_is_refused_and_never_breaks(case: Case, garbage: Any, partial: bool) -> None:
    answer, fault = attempt(lambda: case.check(garbage, partial=partial))
    if fault is None:
        assert case.check(answer, partial=partial) == answer
    else:
        assert fault.field
        assert str(fault)
        assert json.dumps([fault.field, fault.extra])


@patient
@given(garbage=GARBAGE)
def test_a_wrong_cell_is_refused_and_never_breaks(case: Case, garbage: Any) -> None:
    answer, fault = attempt(lambda: case.drawer.read_answer(garbage, payload=case.payload, settings=case.settings))
    assert fault is None or str(fault)
    assert fault or case.check(answer, partial=True) == answer


@patient
@given(garbage=GARBAGE)
def test_wrong_settings_are_refused_and_never_break(case: Case, garbage: Any) -> None:
    checked, fault = attempt(lambda: case.drawer.check_settings(garbage))
    if fault is None:
        assert case.drawer.check_settings(checked) == checked
    else:
        assert fault.field
        assert str(fault)


@patient
@given(
    row=st.dictionaries(
        st.sampled_from(["text", "image", "prompt", "responses", "response_a", "response_b", "width", "height", "audio", "duration", "language", "speakers"]), GARBAGE
    )
)
def test_a_wrong_row_has_problems_and_never_breaks(case: Case, row: Json) -> None:
    payload, problems = case.drawer.compile_payload_check(case.settings)(row)
    assert (payload is None) == bool(problems)
    for problem in problems:
        assert problem.field
        assert problem.reason
    if payload is not None:
        json.dumps(payload, ensure_ascii=False).encode()  # nothing that the database could not keep
        assert "\\u0000" not in json.dumps(payload)


def test_settings_checked_twice_stay_as_they_are(case: Case) -> None:
    assert case.drawer.check_settings(case.settings) == case.settings
    assert {field.name for field in case.drawer.settings_fields()} == case.settings.keys()


def test_an_unknown_setting_or_part_of_an_answer_is_named(case: Case) -> None:
    with pytest.raises(Invalid) as refused:
        case.drawer.check_settings(case.settings | {"colour": "red"})
    assert refused.value.field == "settings.colour"
    with pytest.raises(Invalid) as refused:
        case.check({"lable": "yes"})
    assert refused.value.field == "answer.lable"


def test_the_island_is_json_and_tells_nothing_but_the_task(case: Case) -> None:
    island = interface.island(case.drawer, settings=case.settings, payload=case.payload, seed="lease-1")
    assert island.keys() == {"drawer", "form", "payload", "data", "readOnly", "locale"}
    assert json.loads(json.dumps(island)) == island


def test_nothing_cannot_be_combined(case: Case) -> None:
    with pytest.raises(ValueError, match="nothing"):
        case.drawer.combine([], settings=case.settings)


@pytest.mark.parametrize("slug", registry.drawers())
def test_a_sample_is_complete_and_its_known_answers_are_right(slug: str) -> None:
    drawer = registry.drawer(slug)
    sample = drawer.sample()
    check = drawer.compile_payload_check(sample.settings)
    files = sample.files()
    assert len(sample.rows) >= 12
    assert sample.guideline.startswith("# ")
    assert drawer.check_settings(sample.settings) == sample.settings
    for number, row in enumerate(sample.rows):
        payload, problems = check(row)
        assert payload is not None, problems
        truth = drawer.check_answer(sample.gold[number], payload=payload, settings=sample.settings, partial=True)
        assert drawer.grade(truth, truth, settings=sample.settings) == 1.0
        assert all(row[name] in files for name in ("image", "audio") if name in row)


@pytest.mark.parametrize("slug", registry.drawers())
def test_a_form_speaks_the_language_of_the_moment(slug: str) -> None:
    drawer = registry.drawer(slug)
    with override("en"):
        form = json.dumps(drawer.form(drawer.sample().settings))
    assert not re.search(r"__proxy__|lazy", form)
