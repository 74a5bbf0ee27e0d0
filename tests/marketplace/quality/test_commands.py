"""The two commands from outside: files in, files and lines out, no database."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from . import crowds


def write(path: Path, header: list[str], rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def estimated(tmp_path: Path, answers: Path, *more: str) -> tuple[list[dict[str, str]], list[dict[str, str]], str]:
    """Rows of the labels, rows of the workers, and what was said of bad rows."""
    labels, workers, said = tmp_path / "labels.csv", tmp_path / "workers.csv", StringIO()
    call_command("estimate", str(answers), "--out", str(labels), "--workers", str(workers), *more, stdout=StringIO(), stderr=said)
    return table(labels), table(workers), said.getvalue()


@pytest.fixture
def crowd() -> crowds.Crowd:
    return crowds.make(seed=60, items=150, per_item=9, workers=25)


@pytest.fixture
def answers(tmp_path: Path, crowd: crowds.Crowd) -> Path:
    return write(tmp_path / "answers.csv", ["item_id", "worker_id", "answer"], crowd.rows)


@pytest.fixture
def truth(tmp_path: Path, crowd: crowds.Crowd) -> Path:
    return write(tmp_path / "truth.csv", ["item_id", "truth"], list(crowd.truth.items()))


def test_estimate_labels_items_and_scores_workers(tmp_path: Path, answers: Path, crowd: crowds.Crowd) -> None:
    labels, workers, said = estimated(tmp_path, answers)
    assert list(labels[0]) == ["item_id", "label", "confidence"]
    assert list(workers[0]) == ["worker_id", "score", "low", "high", "answers"]
    assert crowd.accuracy({row["item_id"]: row["label"] for row in labels}) >= crowd.majority_accuracy()
    assert all(0 <= float(w["low"]) <= float(w["score"]) <= float(w["high"]) <= 1 for w in workers)
    assert sum(int(row["answers"]) for row in workers) == len(crowd.rows)
    assert said == ""


def test_estimate_believes_gold(tmp_path: Path, answers: Path, truth: Path) -> None:
    labels, _workers, _said = estimated(tmp_path, answers, "--gold", str(truth))
    assert all(row["confidence"] == "1.0000" for row in labels)


def test_estimate_says_how_many_labels_are_right_and_is_not_swayed_by_it(tmp_path: Path, answers: Path, truth: Path) -> None:
    out, options = StringIO(), ["--out", str(tmp_path / "l.csv"), "--workers", str(tmp_path / "w.csv")]
    call_command("estimate", str(answers), "--truth", str(truth), *options, stdout=out, stderr=StringIO())
    labels, known = table(tmp_path / "l.csv"), {row["item_id"]: row["truth"] for row in table(truth)}
    right = sum(row["label"] == known[row["item_id"]] for row in labels)
    assert f"{right} of {len(known)} labels are right: {right / len(known):.4f}." in out.getvalue()
    assert labels == estimated(tmp_path, answers)[0]


def test_estimate_names_bad_rows_and_goes_on(tmp_path: Path) -> None:
    path = write(tmp_path / "some.csv", ["item_id", "worker_id", "answer"], [("1", "ana", "yes"), ("", "ana", "no"), ("2", "eve")])
    gold = write(tmp_path / "gold.csv", ["item_id", "truth"], [("1", "yes"), ("1", "no")])
    labels, _workers, said = estimated(tmp_path, path, "--gold", str(gold))
    assert [row["label"] for row in labels] == ["yes"]
    assert "some.csv, line 3: nothing in column item_id" in said
    assert "some.csv, line 4: nothing in column answer" in said
    assert "gold.csv, line 3: another truth stands in line 2" in said


def test_estimate_of_texts_and_numbers_leaves_the_confidence_empty(tmp_path: Path) -> None:
    header = ["item_id", "worker_id", "answer"]
    texts = write(tmp_path / "texts.csv", header, [("1", w, line) for w, line in zip("abc", ("a b c", "a b c", "a c"), strict=True)])
    numbers = write(tmp_path / "numbers.csv", header, [("1", w, value) for w, value in zip("abc", ("4", "4.5", "oops"), strict=True)])
    labels, workers, _said = estimated(tmp_path, texts, "--kind", "text")
    assert labels == [{"item_id": "1", "label": "a b c", "confidence": ""}]
    assert {row["worker_id"] for row in workers} == set("abc")
    labels, _workers, said = estimated(tmp_path, numbers, "--kind", "numeric")
    assert 4 < float(labels[0]["label"]) < 4.5
    assert labels[0]["confidence"] == ""
    assert "line 4: “oops” is not a number" in said


def test_estimate_ranks_compared_things_over_all_and_by_subject(tmp_path: Path) -> None:
    rows = [(f"{n}", f"w{n % 3}", "x", "y", "left" if n % 4 else "tie", ("maths", "poems")[n % 2]) for n in range(40)]
    rows += [(f"o{n}", "w1", "y", "z", "left", "maths") for n in range(20)]
    header = ["item_id", "worker_id", "left", "right", "answer", "subject"]
    labels, workers, _said = estimated(tmp_path, write(tmp_path / "pairs.csv", header, rows), "--kind", "pairwise")
    assert list(labels[0]) == ["item_id", "label", "confidence", "strength", "low", "high", "subject"]
    overall = [row for row in labels if not row["subject"]]
    assert [(row["item_id"], row["label"]) for row in overall] == [("x", "1"), ("y", "2"), ("z", "3")]
    assert sum(float(row["strength"]) for row in overall) == pytest.approx(0, abs=0.2)
    assert [row["item_id"] for row in labels if row["subject"] == "poems"] == ["x", "y"]
    assert [row["answers"] for row in workers] == ["14", "33", "13"]
    without = write(tmp_path / "plain.csv", header[:-1], [row[:-1] for row in rows])
    assert list(estimated(tmp_path, without, "--kind", "pairwise")[0][0])[-1] == "high"


def test_estimate_ends_with_status_two_where_nothing_is_usable(tmp_path: Path, answers: Path) -> None:
    empty = write(tmp_path / "empty.csv", ["item_id", "worker_id", "answer"], [("", "", "")])
    for path in (empty, tmp_path / "nowhere.csv", write(tmp_path / "other.csv", ["item", "label"], [("1", "2")])):
        with pytest.raises(CommandError, match=path.name) as caught:
            estimated(tmp_path, path)
        assert caught.value.returncode == 2
        assert not (tmp_path / "labels.csv").exists()
    with pytest.raises(CommandError, match="cannot be written") as caught:
        call_command("estimate", str(answers), "--out", str(tmp_path), "--workers", str(tmp_path / "w.csv"), stderr=StringIO())
    assert caught.value.returncode == 2


def simulated(*arguments: str) -> str:
    said = StringIO()
    call_command("simulate", *arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


def test_simulate_prints_one_line_and_the_same_line_again(answers: Path, truth: Path) -> None:
    line = simulated(str(answers), str(truth), "--seed", "3")
    assert list(json.loads(line)) == ["share", "accuracy", "majority_accuracy", "calibration_error"]
    assert line.count("\n") == 1
    assert line == simulated(str(answers), str(truth), "--seed", "3")
    assert line != simulated(str(answers), str(truth), "--seed", "4")


def test_simulate_refuses_what_it_cannot_use(tmp_path: Path, answers: Path, truth: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere.csv", ["item_id", "truth"], [("not there", "c0")])
    with pytest.raises(CommandError, match="elsewhere.csv") as caught:
        simulated(str(answers), str(elsewhere))
    assert caught.value.returncode == 2
    for wrong in (("--target", "2"), ("--gold-share", "-1"), ("--seed", "x"), ("--target", "high")):
        with pytest.raises(CommandError):
            simulated(str(answers), str(truth), *wrong)
