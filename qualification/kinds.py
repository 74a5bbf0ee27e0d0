"""The kinds of questions: the form in which an answer is kept, the credit for it, and what of a question may be shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from qualification import grading
from qualification.models import ExamItem
from task_types import reading, registry

LONGEST_SHORT, LONGEST_PROSE = 200, 8_000
MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Kind:
    """`keep` turns an answer into the form that is kept or raises Invalid; `credit` is 0..10,000, or None when a person grades."""

    keep: Callable[[ExamItem, Any], Any]
    credit: Callable[[ExamItem, Any], int | None]


def check_answer(item: ExamItem, answer: Any) -> Any:
    """The answer in the form in which it is kept. Raises Invalid."""
    return KINDS[item.kind].keep(item, answer)


def credit(item: ExamItem, answer: Any) -> int | None:
    """The credit for a kept answer, 0..10,000; nothing for none; None while only a person can say."""
    return 0 if answer is None else KINDS[item.kind].credit(item, answer)


def number(value: Any, *, field: str) -> Decimal:
    """A decimal from text or a JSON number. Raises Invalid; a comma is refused, since it means two things in the world."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid(_("Expected a number."), field=field)
    text = unicodedata.normalize("NFKC", str(value)).replace("\u2212", "-").strip()
    if "," in text:
        raise Invalid(_("Write the number with a point and without thousands separators: 1234.5."), field=field)
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise Invalid(_("Expected a number, like 12.5."), field=field) from None
    if not found.is_finite() or len(found.as_tuple().digits) > MOST_DIGITS or abs(found.adjusted()) > MOST_DIGITS:
        raise Invalid(_("Expected a number of at most %(most)d digits.") % {"most": MOST_DIGITS}, field=field)
    return found


def normal(text: str) -> str:
    """The form in which short texts are compared: compatible letters as one, no case, single spaces, no marks around it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(unicodedata.normalize("NFKC", folded).split())
    return words.strip(" .,;:!?\"'()[]{}«»“”„‘’`…")


def _keep_choice(item: ExamItem, answer: Any) -> list[str]:
    known = {option["key"] for option in item.body["options"]}
    picked = answer if isinstance(answer, list) else [answer]
    if not picked or any(not isinstance(key, str) or key not in known for key in picked) or len(set(picked)) != len(picked):
        raise Invalid(_("Expected keys of this question's options."), field="answer", expected=sorted(known))
    if len(picked) > 1 and not item.body["several"]:
        raise Invalid(_("This question has one right answer."), field="answer")
    return sorted(picked)


def _credit_choice(item: ExamItem, answer: Any) -> int:
    return grading.credit_for_choice(answer, item.key["right"])


def _keep_number(item: ExamItem, answer: Any) -> str:
    return f"{number(answer, field='answer'):f}"


def _credit_number(item: ExamItem, answer: Any) -> int:
    """Full within the tolerance, its ends included; else nothing."""
    off = abs(Decimal(answer) - Decimal(item.key["value"]))
    return grading.FULL if off <= Decimal(item.key["tolerance"]) else 0


def _keep_text(item: ExamItem, answer: Any) -> str:
    return reading.text(answer, field="answer", limit=LONGEST_SHORT)


def _credit_text(item: ExamItem, answer: Any) -> int:
    given = normal(answer)
    return grading.FULL if any(given == normal(form) for form in item.key["accepted"]) else 0


def _keep_prose(item: ExamItem, answer: Any) -> str:
    return reading.text(answer, field="answer", limit=LONGEST_PROSE)


def _credit_prose(item: ExamItem, answer: Any) -> None:
    return None


def _keep_task(item: ExamItem, answer: Any) -> Any:
    drawer = registry.drawer(item.task_type)
    return drawer.check_answer(answer, payload=item.body["payload"], settings=item.body["settings"])


def _credit_task(item: ExamItem, answer: Any) -> int:
    drawer = registry.drawer(item.task_type)
    return round(grading.FULL * drawer.grade(answer, item.key["truth"], settings=item.body["settings"]))


KINDS: dict[str, Kind] = {
    ExamItem.CHOICE: Kind(_keep_choice, _credit_choice),
    ExamItem.NUMBER: Kind(_keep_number, _credit_number),
    ExamItem.TEXT: Kind(_keep_text, _credit_text),
    ExamItem.PROSE: Kind(_keep_prose, _credit_prose),
    ExamItem.GOLD: Kind(_keep_task, _credit_task),
}
