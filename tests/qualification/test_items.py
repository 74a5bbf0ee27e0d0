"""The item bank: files with clear row errors, questions checked on the way in."""

from __future__ import annotations

from typing import Any

import pytest

from kit.errors import Invalid
from qualification import items
from qualification.models import ExamItem
from tests.qualification import cast

pytestmark = pytest.mark.django_db

HEADER = "question,topic,right,option_1,option_2,option_3\n"


def read(text: str | bytes) -> items.Read:
    return items.read_csv(text if isinstance(text, bytes) else text.encode())


def test_a_file_becomes_questions() -> None:
    found = read(HEADER + 'What falls?,rain,1;3,Water,Stones,"Drops, small"\nWhat shines?,,2,Rain,Sun,\n')
    assert found.errors == []
    first, second = found.items
    assert first.topic == "rain"
    assert first.body["several"] is True
    assert first.key == {"right": ["a", "c"]}
    assert [option["text"] for option in first.body["options"]] == ["Water", "Stones", "Drops, small"]
    assert [option["text"] for option in second.body["options"]] == ["Rain", "Sun"]
    assert second.key == {"right": ["b"]}


def test_a_byte_order_mark_and_windows_lines_are_read() -> None:
    assert len(read(b"\xef\xbb\xbf" + (HEADER + "Q,t,1,A,B,\n").replace("\n", "\r\n").encode()).items) == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (",t,1,A,B,", "text"),
        ("Q,t,,A,B,", "right"),
        ("Q,t,4,A,B,C", "right"),
        ("Q,t,0,A,B,C", "right"),
        ("Q,t,x,A,B,C", "right"),
        ("Q,t,1,A,,", "options"),
        ("Q,t,1,A,A,", "options"),
        ("Q,t,1,A,,C", "option_2"),
        ("Q,t,1,A,B,C,D", "row"),
        ("Q," + "t" * 81 + ",1,A,B,", "topic"),
        ("Q" * 5001 + ",t,1,A,B,", "text"),
    ],
)
def test_a_bad_row_is_named_by_line_and_field_and_the_others_are_kept(row: str, field: str) -> None:
    found = read(HEADER + "Good?,t,1,A,B,\n" + row + "\n")
    assert len(found.items) == 1
    assert [(error.line, error.field) for error in found.errors] == [(3, field)]
    assert found.errors[0].message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \n",
        b"question,right\nQ,1\n",
        HEADER.encode(),
        b"question,topic,right,option_1,option_2,surprise\nQ,t,1,A,B,C\n",
        b"question,question,right,option_1,option_2\nQ,Q,1,A,B\n",
        "frage,größe".encode("utf-16"),
        b"\xff\xfe\x00",
        HEADER.encode() + b"Q,t,1,A,B\x00,\n",
        HEADER.encode() + b'"Q,t,1,A,B,\n',
        HEADER.encode() + b"x" * (5 * 1024 * 1024),
    ],
)
def test_a_file_that_is_no_bank_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read(content)
    assert refusal.value.field == "file"
    assert str(refusal.value)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("text", "item"),
        ({"kind": "essay"}, "item.kind"),
        ({"text": "Q", "options": ["A"], "right": [1]}, "item.options"),
        ({"text": "Q", "options": "AB", "right": [1]}, "item.options"),
        ({"text": "Q", "options": ["A", 2], "right": [1]}, "item.options[1]"),
        ({"text": "Q", "options": ["A", "B"], "right": 1}, "item.right"),
        ({"text": "Q", "options": ["A", "B"], "right": [True]}, "item.right"),
        ({"text": "Q", "options": ["A", "B"], "right": [1], "more": 1}, "item.more"),
        ({"kind": "gold", "task_type": "nothing"}, "item.task_type"),
        ({"kind": "gold", "task_type": ["choice"]}, "item.task_type"),
        ({"kind": "gold", "task_type": "choice", "settings": {}, "row": 3}, "item.row"),
    ],
)
def test_a_question_of_the_wrong_shape_is_refused_with_its_field(row: Any, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        items.check(row)
    assert refusal.value.field == field


def test_a_task_with_a_known_answer_is_checked_by_its_drawer() -> None:
    checked = cast.gold("A clear sky", "sunny")
    assert (checked.kind, checked.task_type) == ("gold", "choice")
    assert checked.key == {"truth": {"label": "sunny"}}
    assert checked.body["payload"] == {"text": "A clear sky"}
    for spoiled in ({"truth": "snowy"}, {"truth": None}, {"row": {}}, {"settings": {"labels": []}}):
        given = {
            "kind": "gold",
            "task_type": "choice",
            "settings": {"labels": [{"value": "sunny", "label": "Sunny"}, {"value": "rainy", "label": "Rainy"}]},
            "row": {"text": "A clear sky"},
            "truth": "sunny",
        }
        with pytest.raises(Invalid):
            items.check(given | spoiled)


def test_only_a_draft_takes_questions() -> None:
    made = cast.exam()
    with pytest.raises(Invalid):
        items.add(exam=made, items=[cast.choice("late")])
    assert ExamItem.objects.filter(exam=made).count() == 4
