"""The item bank: questions checked on the way in, from a file or one by one; their keys stay on the server."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kit.errors import Invalid
from qualification import kinds
from qualification.models import Exam, ExamItem
from qualification.states import DRAFT
from task_types import reading, registry

MOST_ITEMS = 2_000
MOST_OPTIONS = 12
LARGEST_FILE = 5 * 1024 * 1024
LONGEST_TEXT, LONGEST_OPTION, LONGEST_TOPIC, LONGEST_SECTION = 5_000, 500, 80, 200
OPTION_COLUMN = re.compile(r"option_([1-9]|1[0-2])")
KEYS = "abcdefghijkl"
MOST_FORMS, MOST_LINES, MOST_POINTS = 20, 10, 20
EVERY = ("kind", "topic", "section", "a", "b")
"""Fields that each kind of question has."""
CHOICE_FIELDS = (*EVERY, "text", "options", "right")
NUMBER_FIELDS = (*EVERY, "text", "value", "tolerance", "unit")
TEXT_FIELDS = (*EVERY, "text", "accepted")
PROSE_FIELDS = (*EVERY, "text", "rubric", "model")
GOLD_FIELDS = (*EVERY, "task_type", "settings", "row", "truth", "guideline")
COLUMNS = (
    "kind", "question", "topic", "right", "value", "tolerance", "unit", "accepted", "rubric", "model", "task_type", "settings", "row",
    "truth", "guideline", "section", "a", "b",
)  # fmt: skip
"""What a file's header may name, besides the options."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First signs that make a spreadsheet calculate (OWASP, "CSV Injection"), the full-width forms included."""
MOST_STEEP, MOST_HARD = 5.0, 5.0
PERCENT = re.compile(r"(.+?)\s*%")


@dataclass(frozen=True, slots=True)
class Checked:
    """A question that may enter a bank."""

    kind: str
    body: dict[str, Any]
    key: dict[str, Any]
    topic: str = ""
    section: str = ""
    task_type: str = ""
    a: float | None = None
    b: float | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row cannot become a question; lines count from 1, the header included. `row` is what stood there."""

    line: int
    field: str
    message: str
    row: Any = None


@dataclass(slots=True)
class Read:
    """What a file holds: good questions and bad rows."""

    items: list[Checked] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def add(*, exam: Exam, items: Sequence[Checked]) -> int:
    """Put questions into the bank of a draft; returns how many. Raises Invalid when it is no draft or would grow too large."""
    if exam.state != DRAFT:
        raise Invalid(_("Only a draft can get questions. Start a new version."), field="exam")
    last = exam.items.aggregate(last=Max("n"))["last"] or 0
    if last + len(items) > MOST_ITEMS:
        raise Invalid(_("A bank holds at most 2,000 questions."), field="items")
    ExamItem.objects.bulk_create(
        ExamItem(
            exam=exam,
            n=last + at,
            kind=item.kind,
            task_type=item.task_type,
            topic=item.topic,
            section=item.section,
            body=item.body,
            key=item.key,
            a=item.a,
            b=item.b,
            calibration="" if item.a is None else ExamItem.STATED,
        )
        for at, item in enumerate(items, start=1)
    )
    return len(items)


def check(row: Any, *, place: str = "item") -> Checked:
    """One question as the API brings it. Raises Invalid with the field.

    Multiple choice: {"kind": "choice", "text", "options": [str], "right": [numbers from 1]}.
    A number: {"kind": "number", "text", "value", "tolerance"?: number or "5 %", "unit"?}.
    A short text: {"kind": "text", "text", "accepted": [str]}, compared without case, spaces at the ends and marks around it.
    A free text: {"kind": "prose", "text", "rubric": [{"name", "points", "about"?}], "model"?}; a person grades it.
    A task: {"kind": "gold", "task_type", "settings", "row", "truth", "guideline"?}; `row` is a row as a file would have
    it, `truth` the known answer as a cell or in full.
    Each may have "topic", "section" of the guideline, and "a" (discrimination) with "b" (difficulty) where they are known.
    """
    if not isinstance(row, dict):
        raise Invalid(_("Expected an object."), field=place)
    kind = row.get("kind", ExamItem.CHOICE)
    if not isinstance(kind, str) or kind not in CHECKS:
        raise Invalid(_("Expected one of: %(kinds)s.") % {"kinds": ", ".join(CHECKS)}, field=f"{place}.kind", expected=list(CHECKS))
    known, check_kind = CHECKS[kind]
    checked = check_kind(reading.mapping(row, field=place, known=known), place)
    return replace(checked, topic=_topic(row, place), section=_section(row, place), **_parameters(row, place))


def read_csv(content: bytes) -> Read:
    """Questions from a CSV with the columns question and kind (multiple choice where there is none), and those of the kinds:
    right (numbers of right options, separated by semicolons), option_1, option_2, ...; value, tolerance, unit; accepted (separated by
    semicolons); rubric, model; task_type, settings, row, truth, guideline; for all of them topic, section, a, b. What holds more than text,
    the rubric or a task's row, is JSON in its cell. Raises Invalid when the file as a whole is unusable.
    """
    rows = csv.DictReader(io.StringIO(_decode(content), newline=""), strict=True)
    options = _check_header(rows.fieldnames)
    read = Read()
    for line, row in _numbered(rows):
        take(read, lambda row=row: _from_row(row, options), line=line, row=row)  # type: ignore[misc]
    if not read.items and not read.errors:
        raise Invalid(_("The file has a header but no questions."), field="file")
    return read


def take(read: Read, make: Callable[[], Checked], *, line: int, row: Any) -> None:
    """One row more: a question, or what is wrong with it. Raises Invalid when the bank would grow too large."""
    try:
        read.items.append(make())
    except Invalid as error:
        where = (error.field or "").removeprefix("row.")
        read.errors.append(RowError(line=line, field=where, message=str(error), row=row))
    if len(read.items) + len(read.errors) > MOST_ITEMS:
        raise Invalid(_("A bank holds at most 2,000 questions."), field="file")


def _check_choice(row: Mapping[str, Any], place: str) -> Checked:
    options = row.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MOST_OPTIONS:
        raise Invalid(_("Expected 2 to 12 options."), field=f"{place}.options")
    texts = [reading.text(option, field=f"{place}.options[{at}]", limit=LONGEST_OPTION) for at, option in enumerate(options)]
    if len(set(texts)) != len(texts):
        raise Invalid(_("Two options are the same."), field=f"{place}.options")
    right = row.get("right")
    if not isinstance(right, list) or not 1 <= len(right) <= len(texts):
        raise Invalid(_("Expected the numbers of the right options, at least one."), field=f"{place}.right")
    numbers = {reading.whole(number, field=f"{place}.right", low=1, high=len(texts)) for number in right}
    return Checked(
        kind=ExamItem.CHOICE,
        body={
            "text": _question(row, place),
            "several": len(numbers) > 1,
            "options": [{"key": KEYS[at], "text": text} for at, text in enumerate(texts)],
        },
        key={"right": [KEYS[number - 1] for number in sorted(numbers)]},
    )


def _check_gold(row: Mapping[str, Any], place: str) -> Checked:
    """A task of a kind of work: its drawer checks settings, row and answer."""
    slug = row.get("task_type")
    if not isinstance(slug, str) or slug not in registry.drawers():
        raise Invalid(_("Expected a kind of work."), field=f"{place}.task_type", expected=sorted(registry.drawers()))
    drawer = registry.drawer(slug)
    if not drawer.gold_is_possible:
        raise Invalid(_("This kind of work has no answer that could be known before."), field=f"{place}.task_type")
    if not isinstance(row.get("row"), dict):
        raise Invalid(_("Expected a row as a file would have it."), field=f"{place}.row")
    settings = drawer.check_settings(row.get("settings"))
    payload, problems = drawer.compile_payload_check(settings)(row["row"])
    if payload is None:
        first = problems[0]
        raise Invalid(first.reason, field=f"{place}.row.{first.field}")
    truth = row.get("truth")
    answer = drawer.read_answer(truth, payload=payload, settings=settings)
    if not answer:
        raise Invalid(_("Give the known answer."), field=f"{place}.truth")
    guideline = reading.text(row.get("guideline"), field=f"{place}.guideline", limit=20_000, required=False)
    return Checked(
        kind=ExamItem.GOLD,
        task_type=slug,
        body={"settings": settings, "payload": payload, "guideline": guideline, "row": row["row"]},
        key={"truth": answer},
    )


def _check_number(row: Mapping[str, Any], place: str) -> Checked:
    value = kinds.number(row.get("value"), field=f"{place}.value")
    given = row.get("tolerance", 0)
    share = PERCENT.fullmatch(given.strip()) if isinstance(given, str) else None
    tolerance = kinds.number(share.group(1) if share else given, field=f"{place}.tolerance")
    if tolerance < 0:
        raise Invalid(_("A tolerance is zero or above."), field=f"{place}.tolerance")
    if share:
        tolerance = abs(value) * tolerance / 100
    unit = reading.text(row.get("unit"), field=f"{place}.unit", limit=20, required=False)
    return Checked(
        kind=ExamItem.NUMBER,
        body={"text": _question(row, place), "unit": unit},
        key={"value": f"{value:f}", "tolerance": f"{tolerance:f}"},
    )


def _check_text(row: Mapping[str, Any], place: str) -> Checked:
    forms = row.get("accepted")
    if not isinstance(forms, list) or not 1 <= len(forms) <= MOST_FORMS:
        raise Invalid(_("Expected 1 to 20 accepted answers."), field=f"{place}.accepted")
    texts = [reading.text(form, field=f"{place}.accepted[{at}]", limit=kinds.LONGEST_SHORT) for at, form in enumerate(forms)]
    for at, text in enumerate(texts):
        if not kinds.normal(text):
            raise Invalid(_("Expected more than marks and spaces."), field=f"{place}.accepted[{at}]")
    return Checked(kind=ExamItem.TEXT, body={"text": _question(row, place)}, key={"accepted": texts})


def _check_prose(row: Mapping[str, Any], place: str) -> Checked:
    lines = row.get("rubric")
    if not isinstance(lines, list) or not 1 <= len(lines) <= MOST_LINES:
        raise Invalid(_("Expected a rubric of 1 to 10 lines."), field=f"{place}.rubric")
    rubric = []
    for at, line in enumerate(lines):
        where = f"{place}.rubric[{at}]"
        given = reading.mapping(line, field=where, known=("name", "points", "about"))
        rubric.append({
            "name": reading.text(given.get("name"), field=f"{where}.name", limit=80),
            "points": reading.whole(given.get("points"), field=f"{where}.points", low=1, high=MOST_POINTS),
            "about": reading.text(given.get("about"), field=f"{where}.about", limit=500, required=False),
        })  # fmt: skip
    model = reading.text(row.get("model"), field=f"{place}.model", limit=kinds.LONGEST_PROSE, required=False)
    return Checked(kind=ExamItem.PROSE, body={"text": _question(row, place), "rubric": rubric}, key={"model": model})


def _question(row: Mapping[str, Any], place: str) -> str:
    return reading.text(row.get("text"), field=f"{place}.text", limit=LONGEST_TEXT)


def _parameters(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Discrimination and difficulty, both or neither."""
    if row.get("a") in (None, "") and row.get("b") in (None, ""):
        return {}
    a, b = (float(kinds.number(row.get(name), field=f"{place}.{name}")) for name in ("a", "b"))
    if not 0 < a <= MOST_STEEP:
        raise Invalid(_("A discrimination lies above 0 and up to 5."), field=f"{place}.a")
    if not abs(b) <= MOST_HARD:
        raise Invalid(_("A difficulty lies from -5 to 5."), field=f"{place}.b")
    return {"a": a, "b": b}


CHECKS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any], str], Checked]]] = {
    ExamItem.CHOICE: (CHOICE_FIELDS, _check_choice),
    ExamItem.NUMBER: (NUMBER_FIELDS, _check_number),
    ExamItem.TEXT: (TEXT_FIELDS, _check_text),
    ExamItem.PROSE: (PROSE_FIELDS, _check_prose),
    ExamItem.GOLD: (GOLD_FIELDS, _check_gold),
}


def _topic(row: Mapping[str, Any], place: str) -> str:
    return reading.text(row.get("topic"), field=f"{place}.topic", limit=LONGEST_TOPIC, required=False)


def _section(row: Mapping[str, Any], place: str) -> str:
    return reading.text(row.get("section"), field=f"{place}.section", limit=LONGEST_SECTION, required=False)


def _decode(content: bytes) -> str:
    if len(content) > LARGEST_FILE:
        raise Invalid(_("The file is larger than 5 MB."), field="file")
    if not content.strip():
        raise Invalid(_("The file is empty."), field="file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(_("The file is not UTF-8. Save it as CSV UTF-8."), field="file") from None
    if "\x00" in text:
        raise Invalid(_("The file holds NUL characters; it is no text file."), field="file")
    return text


def _check_header(names: Sequence[str] | None) -> list[str]:
    """The option columns, in order. Raises Invalid naming what is missing or unknown."""
    found = [name.strip() for name in names or []]
    options = [name for name in found if OPTION_COLUMN.fullmatch(name)]
    needed = ("question",) if "kind" in found else ("question", "right", "option_1", "option_2")
    missing = [name for name in needed if name not in found]
    if missing:
        raise Invalid(_("The header lacks: %(names)s.") % {"names": ", ".join(missing)}, field="file")
    unknown = sorted(set(found) - {*COLUMNS, *options})
    if unknown or len(set(found)) != len(found):
        raise Invalid(
            _("Expected each column once, and of these: %(names)s, option_1 to option_12.") % {"names": ", ".join(COLUMNS)},
            field="file",
            found=found,
        )
    return sorted(options, key=lambda name: int(name.removeprefix("option_")))


def _numbered(rows: csv.DictReader[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with the line on which each ends; a broken quote stops the file with its line."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(
                _("Line %(line)d cannot be read as CSV: %(why)s.") % {"line": rows.line_num, "why": error}, field="file"
            ) from None
        if any(cell for cell in row.values()):
            yield rows.line_num, {(name or "").strip(): cell for name, cell in row.items()}


def _from_row(row: dict[str, Any], options: list[str]) -> Checked:
    if "" in row:
        raise Invalid(_("The row has more cells than the header."), field="row")
    cells = {name: _bare((value or "").strip()) for name, value in row.items()}
    kind = cells.get("kind") or ExamItem.CHOICE
    given: dict[str, Any] = {"kind": kind} | {name: cells.get(name, "") for name in EVERY[1:]}
    if kind != ExamItem.GOLD:
        given["text"] = cells.get("question")
    if kind == ExamItem.CHOICE:
        given |= {"options": _options(cells, options), "right": _parts(cells.get("right", ""))}
    for name, read in CELLS.get(kind, {}).items():
        if cells.get(name):
            given[name] = read(cells[name], name)
    return check(given, place="row")


def _bare(cell: str) -> str:
    """Without the apostrophe by which an export keeps spreadsheets from calculating."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith((*FORMULA_STARTS, "'")) else cell


def _options(cells: Mapping[str, str], names: list[str]) -> list[str]:
    texts = [cells.get(name, "") for name in names]
    while texts and not texts[-1]:
        texts.pop()
    if "" in texts:
        raise Invalid(_("An option is empty while a later one is not."), field=f"row.{names[texts.index('')]}")
    return texts


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _as_text(cell: str, _name: str) -> str:
    return cell


def _as_json(cell: str, name: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        raise Invalid(_("Expected JSON in this cell."), field=f"row.{name}") from None


def _as_forms(cell: str, name: str) -> Any:
    return _as_json(cell, name) if cell.startswith("[") else _parts(cell)


CELLS: dict[str, dict[str, Callable[[str, str], Any]]] = {
    ExamItem.NUMBER: {"value": _as_text, "tolerance": _as_text, "unit": _as_text},
    ExamItem.TEXT: {"accepted": _as_forms},
    ExamItem.PROSE: {"rubric": _as_json, "model": _as_text},
    ExamItem.GOLD: {"task_type": _as_text, "settings": _as_json, "row": _as_json, "truth": _as_json, "guideline": _as_text},
}
"""How the cells of each kind are read."""
