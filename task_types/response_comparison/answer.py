"""The answer of a comparison: {preference | ranking, ratings, justification, order}, always in the client's letters.

`preference` is a letter or "tie"; `ranking` a list of places, best first, each a list of letters; `ratings`
{letter: {criterion: 1..scale}}; `order` the letters as they were shown, so that "the first one" in a justification
stays clear.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Json
from task_types.response_comparison.settings import JUSTIFICATION_LIMIT

TIE = "tie"


def letters(payload: Json) -> list[str]:
    """The letters of the responses, in the client's order."""
    return [response["id"] for response in payload["responses"]]


def places(answer: Json) -> dict[str, int]:
    """The place of each response (0 is best) by preference or ranking; empty when there is neither."""
    ranking = answer.get("ranking", [])
    return {letter: place for place, group in enumerate(ranking) for letter in group}


def check(answer: Any, *, payload: Json, settings: Json, partial: bool) -> Json:
    """The answer with its parts in a fixed order. Raises Invalid."""
    known = {"ratings", "justification", "order"} | _CHOICE[settings["mode"]]
    given = reading.mapping(answer, field="answer", known=known)
    ids = letters(payload)
    checked: Json = {}
    if settings["mode"] == "prefer":
        checked["preference"] = _preference(given.get("preference"), ids, settings)
    elif settings["mode"] == "rank":
        checked["ranking"] = _ranking(given.get("ranking"), ids, settings)
    if settings["criteria"] and not (partial and "ratings" not in given and settings["mode"] != "rate"):
        checked["ratings"] = _ratings(given.get("ratings"), ids, settings)
    justification = _justification(given.get("justification"), settings, partial)
    if justification:
        checked["justification"] = justification
    if given.get("order") is not None or not partial:
        checked["order"] = _order(given.get("order") or ids, ids)
    return checked


def read(cell: Any, *, payload: Json, settings: Json) -> Json:
    """A partial answer from a cell: a letter or "tie", a ranking such as `b > a = c`, or the answer as JSON."""
    cell = reading.json_cell(cell, field="answer")
    if settings["mode"] == "prefer" and isinstance(cell, str):
        cell = {"preference": cell.strip().lower()}
    elif settings["mode"] == "rank" and isinstance(cell, str):
        groups = cell.lower().split(">")
        cell = {"ranking": [[letter.strip() for letter in group.split("=")] for group in groups]}
    elif settings["mode"] == "rank" and isinstance(cell, list):
        cell = {"ranking": [entry if isinstance(entry, list) else [entry] for entry in cell]}
    return check(cell, payload=payload, settings=settings, partial=True)


_CHOICE = {"prefer": {"preference"}, "rank": {"ranking"}, "rate": set[str]()}


def _preference(value: Any, ids: list[str], settings: Json) -> str:
    allowed = [*ids, TIE] if settings["ties"] else ids
    return reading.one_of(value, field="preference", allowed=allowed, message=_("Choose the response that you prefer."))


def _ranking(value: Any, ids: list[str], settings: Json) -> list[list[str]]:
    groups = reading.entries(value, field="ranking", least=1, most=len(ids))
    most = len(ids) if settings["ties"] else 1
    checked = []
    for index, group in enumerate(groups):
        field = f"ranking[{index}]"
        entries = reading.entries(group, field=field, least=1, most=most)
        checked.append(sorted(reading.one_of(entry, field=field, allowed=ids) for entry in entries))
    if sorted(letter for group in checked for letter in group) != sorted(ids):
        raise Invalid(_("Give each response one place."), field="ranking", expected=ids)
    return checked


def _ratings(value: Any, ids: list[str], settings: Json) -> dict[str, dict[str, int]]:
    given = reading.mapping({} if value is None else value, field="ratings", known=ids)
    names = [criterion["name"] for criterion in settings["criteria"]]
    checked: dict[str, dict[str, int]] = {}
    for letter in ids:
        rated = reading.mapping(given.get(letter), field=f"ratings.{letter}", known=names)
        checked[letter] = {
            criterion["name"]: reading.whole(
                rated.get(criterion["name"]),
                field=f"ratings.{letter}.{criterion['name']}",
                low=1,
                high=criterion["scale"],
            )
            for criterion in settings["criteria"]
        }
    return checked


def _justification(value: Any, settings: Json, partial: bool) -> str:
    least = settings["justification_least"]
    return reading.text(
        value, field="justification", limit=JUSTIFICATION_LIMIT, required=bool(least) and not partial, least=least
    )


def _order(value: Any, ids: list[str]) -> list[str]:
    shown = reading.entries(value, field="order", least=len(ids), most=len(ids))
    if not all(isinstance(letter, str) for letter in shown) or sorted(shown) != sorted(ids):
        raise Invalid(_("The order must hold each response once."), field="order", expected=ids)
    return shown
