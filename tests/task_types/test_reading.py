"""What strangers send, value by value."""

from __future__ import annotations

import pytest

from kit.errors import Invalid
from task_types import reading


@pytest.mark.parametrize(
    "name",
    [
        "https://example.org/a.jpg",
        "https://example.org",
        "https://example.org:8443/a?b=c#d",
        "asset:" + "0f" * 32,
        "a.jpg",
        "folder/sub/ä ö.png",
        "…",
    ],
)
def test_an_image_may_be_an_https_address_an_asset_or_a_file_of_the_zip(name: str) -> None:
    assert reading.image_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "http://example.org/a.jpg",
        "ftp://example.org/a.jpg",
        "https://",
        "https://user:secret@example.org/a.jpg",
        "https://example.org/a b.jpg",
        "https://example.org/\x01.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "asset:1234",
        "/etc/passwd",
        "../a.jpg",
        "a/../../b.jpg",
        "a/..",
        "folder/",
        "C:\\a.jpg",
        "a\\b.jpg",
        "a\nb.jpg",
        "",
        "  ",
        None,
        5,
        ["a.jpg"],
        "x" * 2001,
        "a\x00.jpg",
        "a\ud800.jpg",
    ],
)
def test_anything_else_is_no_image(name: object) -> None:
    assert reading.image_fault(name)


def test_two_ways_to_write_a_letter_are_one() -> None:
    assert reading.text("  e\u0301 ", field="label", limit=5) == "é"
    assert reading.one_of("e\u0301", field="label", allowed=["é"]) == "é"


@pytest.mark.parametrize("value", ["\x00", "a\x00b", "\ud83d", "\udc00x"])
def test_text_that_the_database_cannot_keep_is_refused_with_the_reason(value: str) -> None:
    with pytest.raises(Invalid, match="cannot be stored"):
        reading.text(value, field="comment", limit=10)
    assert "cannot be stored" in (reading.text_fault(value, limit=10) or "")


@pytest.mark.parametrize("value", [3, 3.0, "3", " 3 "])
def test_a_whole_number_may_come_from_json_or_csv(value: object) -> None:
    assert reading.whole(value, field="n", low=1, high=5) == 3


@pytest.mark.parametrize("value", [True, 3.5, "3.0", "x", None, 6, 0, float("nan"), float("inf"), 10**400, "9" * 5000, [3]])
def test_what_is_no_whole_number_within_bounds_is_refused(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        reading.whole(value, field="n", low=1, high=5)
    assert refused.value.extra["expected"] == {"low": 1, "high": 5}


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 10**400, -(10**9)])
def test_a_number_is_finite_and_of_a_sensible_size(value: object) -> None:
    with pytest.raises(Invalid):
        reading.number(value, field="x")


def test_broken_json_in_a_cell_is_refused() -> None:
    for cell in ("[1, 2", '{"a": }', "[" * 100_000):
        with pytest.raises(Invalid, match="JSON"):
            reading.json_cell(cell, field="answer")
    assert reading.json_cell("plain", field="answer") == "plain"
    assert reading.json_cell("[1]", field="answer") == [1]
