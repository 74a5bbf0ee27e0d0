"""What a drawer asks a client to decide, as a form made from the drawer's own description."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms

from marketplace.forms import Styled
from task_types.contract import SettingField

LISTS = {"labels": "value", "criteria": "name"}
"""Kinds of settings that are lists of rows, and the part that names a row."""
LINE_PARTS = {"labels": {"value", "label", "description", "key"}, "criteria": {"name", "label", "description"}}
KEY = re.compile(r"\s*\[(\S)\]\s*$")


class Rows(forms.Textarea):
    """Rows one per line; static/js/client.mjs makes a small table of it, with the rows in `data-items`."""

    def __init__(self, kind: str) -> None:
        super().__init__(attrs={"rows": 6, "dir": "auto", "class": "form-control", "data-rows": kind})
        self.kind = kind

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["data-items"] = json.dumps(read_rows(self.kind, value), ensure_ascii=False)
        return context


class Settings(Styled):
    """What a worker decides: one field for each of the drawer's."""

    def __init__(self, *args: Any, fields: tuple[SettingField, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.described = fields
        for field in fields:
            self.fields[field.name] = _form_field(field)
            self.initial.setdefault(field.name, _shown(field, field.default))

    @classmethod
    def initial_of(cls, fields: tuple[SettingField, ...], settings: dict[str, Any]) -> dict[str, Any]:
        return {field.name: _shown(field, settings.get(field.name, field.default)) for field in fields}

    def settings(self) -> dict[str, Any]:
        """The values as the drawer's `check_settings` takes them."""
        return {field.name: _value(field, self.cleaned_data.get(field.name)) for field in self.described}


def _form_field(field: SettingField) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    text = {"dir": "auto", "class": "form-control"}
    match field.kind:
        case "yes_no":
            return forms.BooleanField(widget=forms.CheckboxInput(attrs={"class": "form-check-input"}), **common)
        case "number":
            widget = forms.NumberInput(attrs={"class": "form-control"})
            return forms.IntegerField(min_value=field.low, max_value=field.high, widget=widget, **common)
        case "select":
            return forms.ChoiceField(choices=field.options, widget=forms.Select(attrs={"class": "form-select"}), **common)
        case "labels" | "criteria":
            return forms.CharField(widget=Rows(field.kind), **common)
        case "long_text":
            return forms.CharField(widget=forms.Textarea(attrs=text | {"rows": 6}), **common)
        case _:
            return forms.CharField(widget=forms.TextInput(attrs=text), **common)


def _shown(field: SettingField, value: Any) -> Any:
    return write_rows(field.kind, value) if field.kind in LISTS else value


def _value(field: SettingField, value: Any) -> Any:
    if field.kind in LISTS:
        return read_rows(field.kind, value)
    if field.kind == "number" and value is None:
        return field.default
    return value


def write_rows(kind: str, items: Any) -> str:
    """Rows as text: `value = name - description [key]` in each line, or JSON where that would lose something."""
    rows = [item if isinstance(item, dict) else {LISTS[kind]: str(item)} for item in items or []]
    said = [{part: value for part, value in row.items() if value not in ("", None)} for row in rows]
    lines = "\n".join(_line(kind, row) for row in said)
    plain = [_parsed(kind, line) for line in lines.splitlines()]
    return lines if plain == [_named(kind, row) for row in said] else json.dumps(said, ensure_ascii=False)


def _named(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"label": row.get("label") or row.get(LISTS[kind], "")}


def _line(kind: str, row: dict[str, Any]) -> str:
    value, label = str(row.get(LISTS[kind], "")), str(row.get("label", ""))
    text = value if label in ("", value) else f"{value} = {label}"
    text += f" - {row['description']}" if row.get("description") else ""
    return text + (f" [{row['key']}]" if row.get("key") else "")


def read_rows(kind: str, text: Any) -> list[dict[str, Any]]:
    """The rows of a text that `write_rows`, a person, or the page's script wrote."""
    raw = str(text or "").strip()
    if raw.startswith("["):
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
    return [_parsed(kind, line) for line in raw.splitlines() if line.strip()]


def _parsed(kind: str, line: str) -> dict[str, Any]:
    key = KEY.search(line) if "key" in LINE_PARTS[kind] else None
    head, _dash, description = (line[: key.start()] if key else line).partition(" - ")
    value, equals, label = head.partition(" = ")
    row = {LISTS[kind]: value.strip(), "label": (label if equals else value).strip()}
    row |= {"description": description.strip()} if description.strip() else {}
    return row | ({"key": key.group(1)} if key else {})
