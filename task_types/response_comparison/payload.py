"""What is compared: a prompt of one or more turns and two to eight responses, told apart by the letters a to h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Field, Json, Problem

LETTERS = "abcdefgh"
TEXT_LIMIT = 50_000
"""Characters of one turn or one response."""
TURNS_MOST = 50

ROLES = ("user", "assistant", "system")

FIELDS = (
    Field(
        "prompt",
        "text",
        True,
        gettext_lazy(
            "What the models were asked: text, or a JSON list of turns such as {“role”: “user”, “text”: “…”}. "
            "At most 50,000 characters a turn."
        ),
    ),
    Field(
        "responses",
        "list",
        False,
        gettext_lazy("Two to eight responses as a JSON list of texts. Instead of it each response may have its own column."),
    ),
    *(
        Field(
            f"response_{letter}",
            "text",
            False,
            gettext_lazy("One response. At most 50,000 characters; models are never named to workers."),
        )
        for letter in LETTERS
    ),
)

_COLUMNS = tuple((letter, f"response_{letter}") for letter in LETTERS)


def check(row: Mapping[str, Any]) -> tuple[Json | None, list[Problem]]:
    """The payload {turns: [{role, text}], responses: [{id, text}]} of a row, or what is wrong with it."""
    problems: list[Problem] = []
    turns = _turns(row.get("prompt"), problems)
    responses = _responses(row, problems)
    return (None, problems) if problems else ({"turns": turns, "responses": responses}, [])


def _turns(prompt: Any, problems: list[Problem]) -> list[Json]:
    if isinstance(prompt, str) and prompt.lstrip().startswith("["):
        prompt = _list_or_text(prompt)
    if not isinstance(prompt, list):
        return [{"role": "user", "text": _text(prompt, "prompt", problems)}]
    if not 1 <= len(prompt) <= TURNS_MOST:
        problems.append(Problem("prompt", _("A list of 1 to %(most)d turns is expected.") % {"most": TURNS_MOST}))
        return []
    return [_turn(turn, f"prompt[{index}]", problems) for index, turn in enumerate(prompt)]


def _turn(turn: Any, field: str, problems: list[Problem]) -> Json:
    if isinstance(turn, str):
        turn = {"text": turn}
    if not isinstance(turn, dict):
        problems.append(Problem(field, _("A turn is a text or an object with role and text.")))
        return {}
    role = turn.get("role", "user")
    if role not in ROLES:
        problems.append(Problem(f"{field}.role", _("The role must be one of: %(roles)s.") % {"roles": ", ".join(ROLES)}))
    return {"role": role, "text": _text(turn.get("text", turn.get("content")), f"{field}.text", problems)}


def _responses(row: Mapping[str, Any], problems: list[Problem]) -> list[Json]:
    given = row.get("responses")
    if given is None or given == "":
        cells = [(letter, row[column], column) for letter, column in _COLUMNS if row.get(column) not in (None, "")]
        if len(cells) < 2:
            problems.append(Problem("responses", _("At least two responses are needed.")))
    else:
        cells = _listed(given, problems)
    return [{"id": letter, "text": _text(cell, field, problems)} for letter, cell, field in cells]


def _listed(given: Any, problems: list[Problem]) -> list[tuple[str, Any, str]]:
    """Responses of a list get letters by position; of an object only the text is taken, never the name of a model."""
    try:
        listed = reading.entries(reading.json_cell(given, field="responses"), field="responses", least=2, most=len(LETTERS))
    except Invalid as fault:
        problems.append(Problem("responses", str(fault)))
        return []
    texts = [entry.get("text", entry.get("content")) if isinstance(entry, dict) else entry for entry in listed]
    return [(letter, text, f"responses[{index}]") for index, (letter, text) in enumerate(zip(LETTERS, texts, strict=False))]


def _text(value: Any, field: str, problems: list[Problem]) -> str:
    if fault := reading.text_fault(value, limit=TEXT_LIMIT):
        problems.append(Problem(field, _("The text %(fault)s.") % {"fault": fault}))
        return ""
    return str(value)


def _list_or_text(prompt: str) -> Any:
    """A prompt may well begin with a bracket and be no JSON: then it is text."""
    try:
        value = reading.json_cell(prompt, field="prompt")
    except Invalid:
        return prompt
    return value if isinstance(value, list) and all(isinstance(turn, dict) for turn in value) and value else prompt
