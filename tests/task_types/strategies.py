"""What strangers may send, and answers that are right, for the property tests of all drawers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from task_types.contract import Json
from task_types.rating import scale
from task_types.transcription import speakers

ODD_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)

_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | ODD_TEXT
    | st.sampled_from(["", " ", "a", "b", "tie", "yes", "cat", "[", '{"a":', "a > b", "\x00", "\ud800", "é", "e\u0301"])
)
_KEYS = st.sampled_from(
    ["label", "labels", "comment", "preference", "ranking", "ratings", "justification", "order", "boxes", "width"]
    + ["height", "none", "x", "y", "w", "h", "a", "b", "text", "image", "prompt", "responses", "response_a", "response_b"]
    + ["value", "key", "name", "scale", "mode", "question", "several", "allow_none", "criteria", "format", "role"]
    + ["lowest", "highest", "step", "points", "low_label", "high_label", "tolerance", "description"]
    + ["segments", "start", "end", "speaker", "speakers", "audio", "duration", "language"]
)

GARBAGE: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_KEYS | ODD_TEXT, inner, max_size=6),
    max_leaves=25,
)


def choice_answers(settings: Json) -> st.SearchStrategy[Json]:
    """Any answer that the settings allow."""
    values = [label["value"] for label in settings["labels"]]
    least = 0 if settings["allow_none"] else 1
    picked = (
        st.lists(st.sampled_from(values), min_size=least, max_size=len(values), unique=True).map(
            lambda labels: {"labels": labels}
        )
        if settings["several"]
        else st.sampled_from(values).map(lambda label: {"label": label})
    )
    if settings["comment"] == "none":
        return picked
    least_text = 1 if settings["comment"] == "required" else 0
    comment = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20).filter(
        lambda text: len(text.strip()) >= least_text
    )
    return st.builds(lambda answer, text: answer | {"comment": text}, picked, comment)


def comparison_answers(settings: Json, ids: list[str]) -> st.SearchStrategy[Json]:
    """Any answer that the settings allow."""
    parts: dict[str, st.SearchStrategy[Any]] = {"order": st.permutations(ids)}
    if settings["mode"] == "prefer":
        parts["preference"] = st.sampled_from([*ids, *(["tie"] if settings["ties"] else [])])
    if settings["mode"] == "rank":
        parts["ranking"] = st.permutations(ids).flatmap(lambda order: _groups(order, ties=settings["ties"]))
    if settings["criteria"]:
        rated = st.fixed_dictionaries({one["name"]: st.integers(1, one["scale"]) for one in settings["criteria"]})
        parts["ratings"] = st.fixed_dictionaries(dict.fromkeys(ids, rated))
    if settings["justification_least"]:
        parts["justification"] = st.text("abc é😀", min_size=settings["justification_least"], max_size=60).filter(
            lambda text: len(text.strip()) >= settings["justification_least"]
        )
    return st.fixed_dictionaries(parts)


def box_answers(settings: Json, *, width: int, height: int) -> st.SearchStrategy[Json]:
    """Any answer that the settings allow on an image of this size."""
    least = settings["least_pixels"]
    box = st.builds(
        lambda label, x, y, w, h: {"label": label, "x": x, "y": y, "w": min(w, width - x), "h": min(h, height - y)},
        st.sampled_from([label["value"] for label in settings["labels"]]),
        st.floats(0, width - least - 1),
        st.floats(0, height - least - 1),
        st.floats(least + 0.5, width),
        st.floats(least + 0.5, height),
    )
    boxes = st.lists(box, min_size=0 if settings["allow_none"] else 1, max_size=6)
    return boxes.map(lambda boxes: {"boxes": boxes, "width": width, "height": height})


def rating_answers(settings: Json) -> st.SearchStrategy[Json]:
    """Any answer that the settings allow."""
    value = st.integers(0, scale.points(settings) - 1).map(lambda place: {"value": scale.point(settings, place)})
    if settings["comment"] == "none":
        return value
    return st.builds(lambda answer, text: answer | {"comment": text}, value, st.text("ab é😀", min_size=1).map(lambda text: f"{text}!"))


def transcripts(settings: Json) -> st.SearchStrategy[Json]:
    """Any answer that the settings allow: segments one after the other, so that nobody speaks over themselves."""
    names = speakers.split(settings["speakers"])
    said = st.lists(st.sampled_from(["yes", "No,", "well", "naïve", "北京", "😀", "-"]), min_size=1, max_size=4).map(" ".join)
    parts: dict[str, st.SearchStrategy[Any]] = {"gap": st.integers(0, 2_000), "length": st.integers(1, 9_000), "text": said}
    if names:
        parts["speaker"] = st.sampled_from(names)
    pieces = st.lists(st.fixed_dictionaries(parts), min_size=0 if settings["allow_none"] else 1, max_size=5)
    return pieces.map(lambda given: {"segments": _in_a_row(given)})


def _in_a_row(pieces: list[Json]) -> list[Json]:
    segments, at = [], 0
    for piece in pieces:
        start, at = at + piece["gap"], at + piece["gap"] + piece["length"]
        who = {"speaker": piece["speaker"]} if "speaker" in piece else {}
        segments.append({"start": start / 1000, "end": at / 1000, **who, "text": piece["text"]})
    return segments


def _groups(order: list[str], *, ties: bool) -> st.SearchStrategy[list[list[str]]]:
    """The order cut into places; without ties every place holds one."""
    if not ties:
        return st.just([[letter] for letter in order])
    cuts = st.lists(st.booleans(), min_size=len(order), max_size=len(order))
    return cuts.map(lambda marks: _cut(order, marks))


def _cut(order: list[str], marks: list[bool]) -> list[list[str]]:
    groups: list[list[str]] = []
    for letter, joins in zip(order, marks, strict=True):
        if joins and groups:
            groups[-1].append(letter)
        else:
            groups.append([letter])
    return groups
