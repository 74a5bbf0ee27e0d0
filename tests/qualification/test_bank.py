"""A bank in use: alarms that sound for wrong keys and not for hard questions, parameters found again, files out and in."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any

import numpy as np
import pytest

from kit.errors import Invalid
from qualification import attempts, bank, bank_files, calibration, exams, health, items, mturk
from qualification.health import Given
from qualification.models import Attempt, AttemptItem, BankFile, Exam, ExamItem
from task_types import registry
from tests import people
from tests.people import NOW
from tests.qualification import cast
from tests.qualification.test_kinds import NUMBER, PROSE, TEXT


def answers(*, ability: Any, hard: float, keyed: str, picks: str = "a", n: int = 300, seed: int = 1) -> list[Given]:
    """People whose chance to pick `picks` grows with ability; the others spread over b, c, d."""
    luck = random.Random(seed)
    found = []
    for _one in range(n):
        skill = luck.random()
        right = luck.random() < min(0.98, max(0.02, ability(skill) - hard))
        answer = picks if right else luck.choice("bcd")
        found.append(Given(credit=float(answer == keyed), rest=skill, answer=answer))
    return found


class TestAlarms:
    def test_a_wrong_key_is_told_by_the_best(self) -> None:
        found = health.examine(answers(ability=lambda skill: skill, hard=0, keyed="b"))
        assert (found.doubt, found.other) == ("other", "a")
        assert found.other_share > 0.5

    @pytest.mark.parametrize("hard", [0.0, 0.3, 0.6])
    def test_a_hard_question_with_a_right_key_stays_quiet(self, hard: float) -> None:
        assert health.examine(answers(ability=lambda skill: skill, hard=hard, keyed="a")).doubt == ""

    def test_a_question_that_misleads_those_who_know_is_told(self) -> None:
        found = health.examine(answers(ability=lambda skill: 1 - skill, hard=0, keyed="a"))
        assert found.doubt in ("against", "other")
        assert found.telling is not None and found.telling < 0

    def test_with_few_answers_nothing_is_said(self) -> None:
        assert health.examine(answers(ability=lambda skill: skill, hard=0, keyed="b", n=health.ENOUGH - 1)).doubt == ""
        assert health.examine([]).right is None

    def test_sound_questions_rarely_look_doubtful(self) -> None:
        """The measured share of false alarms among sound questions of all difficulties."""
        alarms = [
            bool(health.examine(answers(ability=lambda skill: skill, hard=hard / 10, keyed="a", n=60, seed=seed)).doubt)
            for hard in range(0, 8, 2) for seed in range(50)
        ]  # fmt: skip
        assert sum(alarms) / len(alarms) <= 0.02


def test_parameters_are_found_again_from_answers() -> None:
    luck = np.random.default_rng(4)
    a, b, ability = luck.lognormal(0, 0.3, 40), luck.normal(0, 1, 40), luck.normal(0, 1, 1_500)
    met = luck.random((1_500, 40)) < 0.5
    people_, questions = np.nonzero(met)
    credits = (luck.random(len(people_)) < 1 / (1 + np.exp(-a[questions] * (ability[people_] - b[questions])))).astype(float)
    found = calibration.estimate(people=people_, questions=questions, credits=credits, count=40)
    assert np.corrcoef([one.b for one in found], b)[0, 1] > 0.98
    assert np.corrcoef([one.a for one in found], a)[0, 1] > 0.8
    off = (np.array([one.b for one in found]) - b) / np.array([one.error_b for one in found])
    assert np.mean(np.abs(off) < 2.5) > 0.85
    assert sum(one.answers for one in found) == len(people_)


def sat(made: Exam, *, n: int, spoilt: int = 0) -> None:
    """`n` people sit a fixed exam whose questions get harder by their number; question `spoilt` has a wrong key."""
    luck = random.Random(2)
    rows, tries = list(made.items.order_by("n")), []
    for at in range(n):
        ana, skill = people.worker(f"P{at}"), luck.gauss(0, 1)
        tries.append((Attempt(exam=made, series=made.series, worker_id=ana.pk, started_at=NOW, deadline_at=NOW + cast.DAY, state="failed", closed_at=NOW), skill))
    Attempt.objects.bulk_create([attempt for attempt, _skill in tries])
    drawn = []
    for attempt, skill in tries:
        for item in rows:
            knows = luck.random() < 1 / (1 + np.exp(-1.5 * (skill - (item.n - 6) / 3)))
            answer = "a" if knows else luck.choice("bcd")
            keyed = "b" if item.n == spoilt else "a"
            drawn.append(AttemptItem(attempt=attempt, item=item, n=item.n, answer=[answer], credit_bp=10_000 * (answer == keyed)))
    AttemptItem.objects.bulk_create(drawn)


@pytest.mark.django_db
class TestInUse:
    def test_doubtful_keys_come_first_with_the_answer_that_the_best_give(self) -> None:
        made = cast.exam(questions=10)
        sat(made, n=60, spoilt=4)
        first, *rest = bank.look(made)
        assert (first.item.n, first.health.doubt, first.other) == (4, "other", "Q4 A")
        assert not any(row.alarm for row in rest)
        assert first.exposure == 1.0
        attempts.void_item(item=first.item, reason="Wrong key.", by_id=made.created_by_id, now=NOW)
        assert not any(row.alarm for row in bank.look(made))

    def test_difficulty_is_estimated_from_everybody_and_goes_into_the_next_version(self) -> None:
        made = cast.exam(questions=10)
        sat(made, n=60)
        assert bank.calibrate(exam=made, by_id=made.created_by_id, now=NOW) == 10
        found = list(made.items.order_by("n"))
        assert np.corrcoef([item.b for item in found], range(10))[0, 1] > 0.9
        assert {(item.calibration, item.calibrated_from) for item in found} == {("estimated", 60)}
        draft = exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
        assert [item.b for item in draft.items.order_by("n")] == [item.b for item in found]

    def test_few_attempts_estimate_nothing(self) -> None:
        made = cast.exam(questions=3)
        sat(made, n=20)
        with pytest.raises(bank.TooFew):
            bank.calibrate(exam=made, by_id=made.created_by_id, now=NOW)
        assert not made.items.exclude(a=None).exists()


def every_kind() -> list[items.Checked]:
    rows = [
        {"text": "=2+2; what is it?", "options": ["-4", "'tis 4", "=4", "a;b"], "right": [2, 3], "topic": "@sums", "a": 1.25, "b": -0.5},
        NUMBER, TEXT, TEXT | {"accepted": ["a;b", "+c"]}, PROSE,
    ]  # fmt: skip
    for slug, drawer in sorted(registry.drawers().items()):
        sample = drawer.sample()
        if drawer.gold_is_possible and sample.gold and not sample.files():
            at, truth = next(iter(sample.gold.items()))
            rows.append({"kind": "gold", "task_type": slug, "settings": sample.settings, "row": sample.rows[at], "truth": truth})
    return [items.check(row) for row in rows]


def shape(exam: Exam) -> list[Any]:
    return [
        (item.kind, item.task_type, item.topic, item.body, item.key, item.a, item.b, item.calibration) for item in exam.items.order_by("n")
    ]


@pytest.mark.django_db
class TestFiles:
    @pytest.mark.parametrize("form", ["csv", "json"])
    def test_what_goes_out_comes_in_the_same(self, form: str) -> None:
        made, other = cast.draft(bank=every_kind()), cast.draft(bank=[], of=cast.skill("Other"))
        content = bank_files.as_csv(made) if form == "csv" else bank_files.as_json(made)
        brought = bank_files.bring_in(exam=other, name=f"bank.{form}", content=content, by_id=made.created_by_id, now=NOW)
        assert (brought.bad, brought.added) == ([], made.items.count())
        assert shape(other) == shape(made)

    def test_no_cell_of_an_export_runs_as_a_formula(self) -> None:
        made = cast.draft(bank=every_kind())
        cells = [cell for row in csv.reader(io.StringIO(bank_files.as_csv(made).decode("utf-8-sig"))) for cell in row]
        assert any(cell.startswith("'=") for cell in cells)
        assert [cell for cell in cells if cell.startswith(items.FORMULA_STARTS) and not bank_files._is_number(cell)] == []

    def test_good_rows_are_kept_and_bad_ones_named_and_never_lost(self) -> None:
        made = cast.draft(bank=[])
        rows = [TEXT, NUMBER | {"value": "x\x00"}, "nonsense", PROSE | {"rubric": 3}]
        brought = bank_files.bring_in(
            exam=made, name="b.json", content=json.dumps({"items": rows}).encode(), by_id=made.created_by_id, now=NOW
        )
        assert brought.added == made.items.count() == 1
        assert [(row["line"], row["field"]) for row in brought.bad] == [(2, "value"), (3, "row"), (4, "rubric")]
        assert BankFile.objects.get().bad[2]["row"]["text"] == PROSE["text"]
        assert "nonsense" in bank_files.bad_as_csv(brought).decode()

    @pytest.mark.parametrize(
        ("name", "content"),
        [("b.json", b"{"), ("b.json", b"[]"), ("b.json", b'"x"'), ("b.json", b"[" * 100_000), ("b.exe", b"x"), ("b", b"x"), ("b.csv", b""), ("b.xml", b"<a/>")],
    )
    def test_a_file_that_is_no_bank_is_refused_and_adds_nothing(self, name: str, content: bytes) -> None:
        made = cast.draft(bank=[])
        with pytest.raises(Invalid):
            bank_files.bring_in(exam=made, name=name, content=content, by_id=made.created_by_id, now=NOW)
        assert not ExamItem.objects.exists() and not BankFile.objects.exists()


def question(name: str, options: str, *, most: str = "", text: str = "<Text>What falls?</Text>") -> str:
    return f"""<Question><QuestionIdentifier>{name}</QuestionIdentifier><QuestionContent>{text}</QuestionContent>
  <AnswerSpecification>{options}{most}</AnswerSpecification></Question>\n"""


def selection(*names: str, most: str = "") -> str:
    listed = "".join(f"<Selection><SelectionIdentifier>{name}</SelectionIdentifier><Text>{name.upper()}</Text></Selection>" for name in names)
    limit = f"<MaxSelectionCount>{most}</MaxSelectionCount>" if most else ""
    return f"<SelectionAnswer>{limit}<Selections>{listed}</Selections></SelectionAnswer>"


def key_of(name: str, *options: tuple[tuple[str, ...], int]) -> str:
    sets = "".join(
        "<AnswerOption>" + "".join(f"<SelectionIdentifier>{one}</SelectionIdentifier>" for one in picked) + f"<AnswerScore>{score}</AnswerScore></AnswerOption>"
        for picked, score in options
    )
    return f"<Question><QuestionIdentifier>{name}</QuestionIdentifier>{sets}</Question>"


NAMESPACE = 'xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2017-11-06/QuestionForm.xsd"'


class TestMTurk:
    def read(self, questions: str, keys: str) -> items.Read:
        return mturk.read(
            f'<?xml version="1.0"?>\n<QuestionForm {NAMESPACE}>\n{questions}</QuestionForm>'.encode(),
            f"<AnswerKey>{keys}</AnswerKey>".encode(),
        )

    def test_single_and_multiple_choice_come_with_their_keys(self) -> None:
        html = "<FormattedContent><![CDATA[<p>Which <b>fall</b> &amp; stay?</p><script>x()</script>]]></FormattedContent>"
        found = self.read(
            question("q1", selection("a", "b")) + question("q2", selection("a", "b", "c", most="3"), text=html)
            + question("q3", selection("a", "b", "c", most="2")),
            key_of("q1", (("b",), 10), (("a",), 2)) + key_of("q2", (("a",), 5), (("c",), 5)) + key_of("q3", (("a", "c"), 9), (("b",), 1)),
        )  # fmt: skip
        assert found.errors == []
        assert [item.key["right"] for item in found.items] == [["b"], ["a", "c"], ["a", "c"]]
        assert found.items[1].body["text"] == "Which fall & stay?"
        assert [option["text"] for option in found.items[0].body["options"]] == ["A", "B"]

    def test_each_question_that_cannot_come_is_named_with_line_and_reason(self) -> None:
        found = self.read(
            question("q1", selection("a", "b")) + question("q2", "<FreeTextAnswer/>") + question("q3", selection("a", "b"))
            + question("q4", selection("a", "b")) + question("q5", selection("a")),
            key_of("q1", (("a",), 1)) + key_of("q2") + key_of("q3", (("z",), 1)) + key_of("q4", (("a",), 1), (("b",), 1)) + key_of("q5", (("a",), 1)),
        )  # fmt: skip
        assert len(found.items) == 1
        assert [(error.line, error.field) for error in found.errors] == [
            (5, "AnswerSpecification"), (7, "SelectionIdentifier"), (9, "AnswerOption"), (11, "options"),
        ]  # fmt: skip
        assert all(error.row["identifier"] for error in found.errors)

    @pytest.mark.parametrize(
        "form",
        [
            b"", b"no xml", b"<QuestionForm/>", b"<Other/>", b"<QuestionForm>" + b"<a>" * 200,
            b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><QuestionForm>&c;</QuestionForm>',
            b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><QuestionForm/>', b"<QuestionForm>" + b"<a>" * 200 + b"</a>" * 200 + b"</QuestionForm>",
            b'<?xml version="1.0" encoding="nothing"?><QuestionForm/>',
        ],
    )  # fmt: skip
    def test_what_is_hostile_or_no_form_is_refused(self, form: bytes) -> None:
        with pytest.raises(Invalid) as refusal:
            mturk.read(form, b"<AnswerKey/>")
        assert refusal.value.field == "file"

    def test_a_form_without_its_key_is_refused(self) -> None:
        with pytest.raises(Invalid) as refusal:
            mturk.read(f"<QuestionForm>{question('q', selection('a', 'b'))}</QuestionForm>".encode(), None)
        assert refusal.value.field == "key"
