"""Files of answers: every fault is named by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketplace.quality.tables import BadFile, Fault, read_answers, read_truth


def file(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "answers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_what_is_usable_is_read_and_the_last_of_doubled_rows_counts(tmp_path: Path) -> None:
    read = read_answers(file(tmp_path, "worker_id,answer,item_id,seconds\nana,yes,1,3\neve,no,1,\nana,no,1,9\n"), kind="categorical")
    assert read.rows == {("1", "ana"): "no", ("1", "eve"): "no"}
    assert read.faults == []


def test_rows_with_faults_are_named_and_left_out(tmp_path: Path) -> None:
    content = 'item_id,worker_id,answer\n1,ana,yes\n,ana,yes\n2,eve\n3,eve,yes,no\n\n4,wen,"two\nlines"\n5,,\n'
    read = read_answers(file(tmp_path, content), kind="categorical")
    assert read.rows == {("1", "ana"): "yes", ("4", "wen"): "two\nlines"}
    assert read.faults == [
        Fault(3, "missing", "item_id"),
        Fault(4, "missing", "answer"),
        Fault(5, "cells", "4 > 3"),
        Fault(9, "missing", "worker_id, answer"),
    ]


def test_a_byte_order_mark_right_to_left_and_emoji_are_no_faults(tmp_path: Path) -> None:
    read = read_answers(file(tmp_path, b"\xef\xbb\xbf" + "item_id,worker_id,answer\n١,آنا,نعم\n2,wen,😀\n".encode()), kind="categorical")
    assert read.rows == {("١", "آنا"): "نعم", ("2", "wen"): "😀"}


def test_numbers_must_be_finite_numbers(tmp_path: Path) -> None:
    read = read_answers(file(tmp_path, "item_id,worker_id,answer\n1,a,3.5\n1,b,many\n1,c,nan\n1,d,1e999\n"), kind="numeric")
    assert read.rows == {("1", "a"): 3.5}
    assert [(fault.line, fault.about) for fault in read.faults] == [(3, "many"), (4, "nan"), (5, "1e999")]


def test_comparisons_must_be_of_two_things_with_a_known_verdict(tmp_path: Path) -> None:
    content = "item_id,worker_id,left,right,answer,subject\n1,a,x,y,left,maths\n2,a,x,y,both,\n3,a,x,x,tie,\n4,a,x,,tie,\n"
    read = read_answers(file(tmp_path, content), kind="pairwise")
    assert read.rows == {("1", "a"): ("maths", ("a", "x", "y", "left"))}
    assert [fault.reason for fault in read.faults] == ["verdict", "itself", "missing"]
    assert read.has_subject


def test_a_silent_transcript_is_an_answer(tmp_path: Path) -> None:
    content = "item_id,worker_id,answer\n1,a,\n"
    assert read_answers(file(tmp_path, content), kind="text").rows == {("1", "a"): ""}
    with pytest.raises(BadFile, match="no_rows"):
        read_answers(file(tmp_path, content), kind="categorical")


@pytest.mark.parametrize(
    ("content", "reason", "about"),
    [
        (b"", "empty", ""),
        (b"\n\n", "empty", ""),
        (b"item_id,answer\n1,yes\n", "columns", "worker_id"),
        (b"item_id;worker_id;answer\n1;a;b\n", "columns", "item_id, worker_id, answer"),
        (b"item_id,worker_id,answer,answer\n1,a,b,c\n", "doubled_columns", "answer"),
        ("item_id,worker_id,answer\n1,a,café\n".encode("latin-1"), "encoding", "2"),
        ("item_id,worker_id,answer\n".encode("utf-16"), "encoding", "1"),
        (b"item_id,worker_id,answer\n", "no_rows", "0"),
    ],
)
def test_files_that_cannot_be_used_say_why(tmp_path: Path, content: bytes, reason: str, about: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_answers(file(tmp_path, content), kind="categorical")
    assert (caught.value.reason, caught.value.about) == (reason, about)


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="unreadable"):
        read_answers(tmp_path / "nowhere.csv", kind="categorical")
    with pytest.raises(BadFile, match="unreadable"):
        read_answers(tmp_path, kind="categorical")


def test_a_cell_too_long_to_be_an_answer_is_a_fault_and_the_rest_is_read(tmp_path: Path) -> None:
    content = "item_id,worker_id,answer\n1,a," + "x" * 200_000 + "\n2,a,yes\n"
    read = read_answers(file(tmp_path, content), kind="categorical")
    assert read.rows == {("2", "a"): "yes"}
    assert [(fault.line, fault.reason) for fault in read.faults] == [(2, "broken")]


def test_of_two_truths_neither_is_believed(tmp_path: Path) -> None:
    truth, faults = read_truth(file(tmp_path, "item_id,truth\n1,yes\n2,no\n1,no\n2,no\n3,\n"))
    assert truth == {"2": "no"}
    assert faults == [Fault(4, "contradiction", "2"), Fault(6, "missing", "truth")]
