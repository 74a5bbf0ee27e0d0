"""What every drawer offers: the words in which the rest of the product speaks to a kind of work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from kit.errors import Text
from task_types.measures import Box

Json = dict[str, Any]

FieldKind = Literal["text", "image", "audio", "json", "list", "number"]
FILES: tuple[FieldKind, ...] = ("image", "audio")
"""Kinds of fields whose content is a file: fetched or taken out of a ZIP, then named `asset:` and its SHA-256."""
SettingKind = Literal["text", "long_text", "number", "yes_no", "select", "labels", "criteria"]
Aggregation = Literal["categorical", "pairwise", "boxes", "numeric", "text"]
VOTED: tuple[Aggregation, ...] = ("categorical", "pairwise")
"""Kinds whose results carry the probability that they are right; elsewhere the confidence is the weight behind them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a task is made of; a client maps a column of a file to it."""

    name: str
    kind: FieldKind
    required: bool
    help: Text


@dataclass(frozen=True, slots=True)
class SettingField:
    """One thing that a client decides about a project; `options` are the (value, label) pairs of a select."""

    name: str
    kind: SettingKind
    label: Text
    help: Text
    default: Any
    options: tuple[tuple[str, Text], ...] = ()
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be counted in an answer, and so priced."""

    name: str
    label: Text


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot become a task: the field, and a sentence that says what is expected."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Combined:
    """Several answers made into one; `confidence` (0..1) is the weight that stands behind it, not a probability."""

    answer: Json
    confidence: float


Measured = float | str | list[tuple[str, Box]]
"""What the models of numbers, texts and boxes read of an answer."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a numeric answer: its ends, and how far from the truth a number still counts as right."""

    lowest: float
    highest: float
    near: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A small project for trying the kind of work: rows as a file would have them, known answers by row number."""

    title: Text
    settings: Json
    guideline: str
    rows: tuple[Json, ...]
    gold: Mapping[int, Json]
    files: Callable[[], Mapping[str, bytes]] = field(default=dict)


@dataclass(frozen=True, slots=True)
class ExportTask:
    """A task with its final answer, for the formats of `extra_exports`; `image` is the name that the client gave it."""

    id: str
    payload: Json
    answer: Json
    confidence: float | None = None
    image: str | None = None


PayloadCheck = Callable[[Mapping[str, Any]], tuple[Json | None, list[Problem]]]
ExportFormat = Callable[[Iterable[ExportTask], Json], Iterator[str]]


class TaskType(ABC):
    """One kind of work. A drawer holds no state: everything it says follows from its arguments.

    `settings` are always those that `check_settings` returned; `payload` is what the payload check returned; an
    answer is what `check_answer` returned. Only those three methods meet input of strangers; they raise
    `kit.errors.Invalid` (or return problems) for anything that is wrong with it and never another exception.
    """

    slug: ClassVar[str]
    name: ClassVar[Text]
    description: ClassVar[Text]
    fields: ClassVar[tuple[Field, ...]]
    unit_kinds: ClassVar[tuple[Unit, ...]]
    default_seconds: ClassVar[int]
    """Active seconds that a task takes as long as nobody has measured it: a guess, and shown as one."""
    aggregation: ClassVar[Aggregation]
    gold_is_possible: ClassVar[bool] = True
    extra_exports: ClassVar[Mapping[str, ExportFormat]] = {}
    """Formats beyond CSV and JSONL, by name: they yield the text of one file in pieces."""

    # What a client decides and uploads

    @abstractmethod
    def settings_fields(self) -> tuple[SettingField, ...]:
        """What the client's page asks for."""

    @abstractmethod
    def check_settings(self, settings: Any) -> Json:
        """The settings, complete and normalised. Raises Invalid(field=...)."""

    @abstractmethod
    def compile_payload_check(self, settings: Json) -> PayloadCheck:
        """A plain function, fast enough for a million rows: row (field -> cell) to (payload, []) or (None, faults)."""

    # What a worker sees and hands in

    @abstractmethod
    def form(self, settings: Json) -> Json:
        """The SurveyJS form in the language of the moment; it is the same for every task of a project."""

    @abstractmethod
    def form_data(
        self,
        payload: Json,
        *,
        settings: Json,
        answer: Json | None = None,
        seed: str = "",
        image_url: Callable[[str], str] = str,
    ) -> Json:
        """{"payload": what the person may see of the task, "data": what the form starts with}.

        `seed` decides every order that is left to chance (pass the lease's id); `image_url` turns an image or a recording
        of the payload into an address that the page may load.
        """

    @abstractmethod
    def check_answer(self, answer: Any, *, payload: Json, settings: Json, partial: bool = False) -> Json:
        """The answer, normalised; doing it twice changes nothing. Raises Invalid(field=..., expected=...).

        `partial` is for pre-labels and known answers: what only a person at work must add (a comment, a
        justification) may be missing.
        """

    @abstractmethod
    def read_answer(self, cell: Any, *, payload: Json, settings: Json) -> Json:
        """A partial answer from a cell of a file (pre-label, known, recorded): short form or JSON. Raises Invalid."""

    @abstractmethod
    def units(self, answer: Json) -> dict[str, int]:
        """How much of each of `unit_kinds` the answer holds."""

    @abstractmethod
    def summarise(self, answer: Json, *, settings: Json) -> str:
        """The answer in a few words, for lists and tables."""

    # What quality is measured with

    @abstractmethod
    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        """How right the answer is against a known (possibly partial) one: 0..1."""

    @abstractmethod
    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        """How much two answers agree: 0..1, the same both ways."""

    def questions(self, *, payload: Json, settings: Json) -> dict[str, tuple[str, ...]]:
        """The categorical questions that a task asks, each with its possible categories; none when there are none."""
        return {}

    def votes(self, answer: Json, *, payload: Json, settings: Json) -> dict[str, str]:
        """The category that the answer gives to each of `questions`."""
        return {}

    def measured(self, answer: Json) -> Measured | None:
        """What is fitted where answers are numbers, texts or boxes (see `aggregation`); None where votes say it all."""
        return None

    def scale(self, settings: Json) -> Scale | None:
        """Where answers are numbers: on which scale."""
        return None

    def of_number(self, value: float, *, settings: Json) -> Json:
        """The answer that says a number which no single person may have given. Only where there is a scale."""
        raise NotImplementedError

    @abstractmethod
    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        """One answer from several, each with its weight (> 0); `decided` gives categories that are settled already.

        The order of the answers does not matter. Raises ValueError without answers: that is a mistake of the caller.
        """

    # What leaves the product

    @abstractmethod
    def export_columns(self, settings: Json) -> tuple[str, ...]:
        """The columns of an answer in a table."""

    @abstractmethod
    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        """The answer as cells, one per column of `export_columns`; lists are JSON."""

    @abstractmethod
    def sample(self) -> Sample:
        """A project to try: self-written, at least twelve tasks."""
