"""The item bank: questions checked on the way in, from a file or one by one; their keys stay on the server."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kit.errors import Invalid
from qualification.models import Exam, ExamItem
from qualification.states import DRAFT
from task_types import reading, registry

MOST_ITEMS = 2_000
MOST_OPTIONS = 12
LARGEST_FILE = 5 * 1024 * 1024
LONGEST_TEXT, LONGEST_OPTION, LONGEST_TOPIC = 5_000, 500, 80
OPTION_COLUMN = re.compile(r"option_([1-9]|1[0-2])")
KEYS = "abcdefghijkl"
CHOICE_FIELDS = ("kind", "text", "options", "right", "topic")
GOLD_FIELDS = ("kind", "task_type", "settings", "row", "truth", "guideline", "topic")


@dataclass(frozen=True, slots=True)
class Checked:
    """A question that may enter a bank."""

    kind: str
    topic: str
    body: dict[str, Any]
    key: dict[str, Any]
    task_type: str = ""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row cannot become a question; lines count from 1, the header included."""

    line: int
    field: str
    message: str


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
            body=item.body,
            key=item.key,
        )
        for at, item in enumerate(items, start=1)
    )
    return len(items)


def check(row: Any, *, place: str = "item") -> Checked:
    """One question as the API brings it. Raises Invalid with the field.

    Multiple choice: {"kind": "choice", "text", "options": [str], "right": [numbers from 1], "topic"?}.
    A task: {"kind": "gold", "task_type", "settings", "row", "truth", "guideline"?, "topic"?}; `row` is a row as a file would have
    it, `truth` the known answer as a cell or in full.
    """
    if not isinstance(row, dict):
        raise Invalid(_("Expected an object."), field=place)
    kind = row.get("kind", ExamItem.CHOICE)
    if kind == ExamItem.CHOICE:
        return _check_choice(reading.mapping(row, field=place, known=CHOICE_FIELDS), place)
    if kind == ExamItem.GOLD:
        return _check_gold(reading.mapping(row, field=place, known=GOLD_FIELDS), place)
    raise Invalid(_("Expected choice or gold."), field=f"{place}.kind")


def read_csv(content: bytes) -> Read:
    """Multiple-choice questions from a CSV with the columns question, right, option_1, option_2, ... and optionally topic.

    `right` holds the numbers of the right options, separated by semicolons. Raises Invalid when the file as a whole is unusable.
    """
    rows = csv.DictReader(io.StringIO(_decode(content), newline=""), strict=True)
    options = _check_header(rows.fieldnames)
    read = Read()
    for line, row in _numbered(rows):
        try:
            read.items.append(_from_row(row, options))
        except Invalid as error:
            read.errors.append(RowError(line=line, field=(error.field or "").removeprefix("row."), message=str(error)))
        if len(read.items) + len(read.errors) > MOST_ITEMS:
            raise Invalid(_("A bank holds at most 2,000 questions."), field="file")
    if not read.items and not read.errors:
        raise Invalid(_("The file has a header but no questions."), field="file")
    return read


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
        topic=_topic(row, place),
        body={
            "text": reading.text(row.get("text"), field=f"{place}.text", limit=LONGEST_TEXT),
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
        topic=_topic(row, place),
        body={"settings": settings, "payload": payload, "guideline": guideline},
        key={"truth": answer},
    )


def _topic(row: Mapping[str, Any], place: str) -> str:
    return reading.text(row.get("topic"), field=f"{place}.topic", limit=LONGEST_TOPIC, required=False)


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
    missing = [name for name in ("question", "right", "option_1", "option_2") if name not in found]
    if missing:
        raise Invalid(_("The header lacks: %(names)s.") % {"names": ", ".join(missing)}, field="file")
    unknown = sorted(set(found) - {"question", "right", "topic", *options})
    if unknown or len(set(found)) != len(found):
        raise Invalid(
            _("Expected the columns question, right, topic and option_1 to option_12, each once."),
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
    texts = [(row.get(name) or "").strip() for name in options]
    while texts and not texts[-1]:
        texts.pop()
    if "" in texts:
        raise Invalid(_("An option is empty while a later one is not."), field=f"row.{options[texts.index('')]}")
    right = [part.strip() for part in (row.get("right") or "").split(";") if part.strip()]
    return _check_choice({"text": row.get("question"), "options": texts, "right": right, "topic": row.get("topic")}, "row")
