"""Rows of labels and criteria as text: what is written comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.settings_form import read_rows, write_rows

WORD = st.text(st.sampled_from("abzÄß雪=-[]{}\"'#,|1"), min_size=1, max_size=6)
SENTENCE = st.lists(WORD, max_size=4).map(" ".join)
LABEL = st.fixed_dictionaries(
    {"value": WORD, "label": WORD}, optional={"description": SENTENCE, "key": st.sampled_from("123abc")}
)


@given(st.lists(LABEL, max_size=6))
def test_any_labels_survive_the_way_into_a_text_and_back(labels: list[dict[str, str]]) -> None:
    kept = [{part: value for part, value in label.items() if value} for label in labels]
    assert read_rows("labels", write_rows("labels", labels)) == kept


@pytest.mark.parametrize(("text", "row"), [
    ("sun", {"value": "sun", "label": "sun"}),
    ("sun = Sunny", {"value": "sun", "label": "Sunny"}),
    ("sun = Sunny - blue - and warm [s]", {"value": "sun", "label": "Sunny", "description": "blue - and warm", "key": "s"}),
    ("well-known", {"value": "well-known", "label": "well-known"}),
])  # fmt: skip
def test_a_line_reads_as_a_person_means_it(text: str, row: dict[str, Any]) -> None:
    assert read_rows("labels", text) == [row]


def test_criteria_with_a_scale_of_their_own_are_kept_whole() -> None:
    criteria = [{"name": "true", "label": "True", "description": "", "scale": 7, "low": "Wrong", "high": "Right"}]
    assert read_rows("criteria", write_rows("criteria", criteria)) == [
        {"name": "true", "label": "True", "scale": 7, "low": "Wrong", "high": "Right"}
    ]


@pytest.mark.parametrize("text", ["[1, 2]", "[", '["a"]', "[{}"])
def test_text_that_only_looks_like_json_is_read_as_lines(text: str) -> None:
    assert len(read_rows("labels", text)) == 1
