"""How a comparison looks: prompt, responses beside each other in an order left to chance, choice, justification."""

from __future__ import annotations

from hashlib import sha256

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from task_types import rich_text
from task_types.contract import Json
from task_types.response_comparison.answer import letters
from task_types.response_comparison.settings import JUSTIFICATION_LIMIT


def form(settings: Json) -> Json:
    """The SurveyJS form: one element of our own for responses, ratings and choice, and a comment."""
    comparison = {
        "type": "response_comparison",
        "name": "_comparison",
        "titleLocation": "hidden",
        "options": {
            "mode": settings["mode"],
            "ties": settings["ties"],
            "criteria": settings["criteria"],
            "question": settings["question"] or _QUESTIONS[settings["mode"]](),
        },
        "strings": _strings(),
    }
    return {"elements": [comparison, _justification(settings["justification_least"])]}


def form_data(payload: Json, *, settings: Json, answer: Json | None, seed: str) -> Json:
    """The turns and the responses as safe HTML or as text, the responses in the order of the answer or of the seed."""
    order = (answer or {}).get("order") or shown_order(letters(payload), seed)
    text = {response["id"]: response["text"] for response in payload["responses"]}
    as_html = settings["format"] == "markdown"
    turns = [{"role": turn["role"], "title": _role(turn["role"]), **_shown(turn["text"], as_html)} for turn in payload["turns"]]
    responses = [
        {"id": letter, "title": _("Response %(number)d") % {"number": number}, **_shown(text[letter], as_html)}
        for number, letter in enumerate(order, start=1)
    ]
    return {"payload": {"turns": turns, "responses": responses}, "data": {**(answer or {}), "order": order}}


def shown_order(ids: list[str], seed: str) -> list[str]:
    """The same order for the same seed, each order equally likely over seeds; the client's own without a seed."""
    return sorted(ids, key=lambda letter: sha256(f"{seed}:{letter}".encode()).digest()) if seed else list(ids)


def _shown(text: str, as_html: bool) -> Json:
    return {"html": rich_text.render(text)} if as_html else {"text": text}


def _role(role: str) -> str:
    return {"user": _("Prompt"), "assistant": _("Earlier answer"), "system": _("Instructions to the model")}[role]


_QUESTIONS = {
    "prefer": lambda: _("Which response is better?"),
    "rank": lambda: _("Rank the responses, the best first"),
    "rate": lambda: _("Rate each response"),
}


def _strings() -> Json:
    """What the widget says by itself."""
    return {
        "tie": _("About the same"),
        "preferred": _("Preferred"),
        "missing_preference": _("Choose the response that you prefer."),
        "missing_ranking": _("Give each response a place."),
        "missing_ratings": _("Rate each response by each criterion."),
        "show_all": _("Show all"),
        "show_less": _("Show less"),
    }


def _justification(least: int) -> Json:
    comment: Json = {
        "type": "comment",
        "name": "justification",
        "title": _("Justification") if least else _("Justification (optional)"),
        "isRequired": least > 0,
        "requiredErrorText": _("Say in a sentence or two why."),
        "maxLength": JUSTIFICATION_LIMIT,
        "rows": 3,
        "autoGrow": True,
    }
    if least:
        needed = ngettext("At least %(least)d character", "At least %(least)d characters", least) % {"least": least}
        comment["description"] = needed
        comment["validators"] = [{"type": "text", "minLength": least, "text": needed}]
    return comment
