"""Reads values that strangers sent: text, numbers, lists, images; what is wrong is refused with a reason."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid, Text
from task_types.contract import Json

IMAGE_LIMIT = 2_000
"""Characters of an image's address or name."""

_IMAGE = re.compile(r"https://[^\s\x00-\x1f/\\?#@]+(?:[/?#][^\s\x00-\x1f]*)?|asset:[0-9a-f]{64}")
_FILE_NAME = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\\:\x00-\x1f]*[^/\\:\x00-\x1f]")


def text_fault(value: object, *, limit: int) -> str | None:
    """Why this is no text of at most `limit` characters, as a sentence without a subject; None when all is well."""
    if type(value) is not str:
        return _("must be text")
    if not value or value.isspace():
        return _("is empty")
    if len(value) > limit:
        return _("has %(length)d characters; at most %(limit)d are possible") % {"length": len(value), "limit": limit}
    return unstorable(value)


def unstorable(value: str) -> str | None:
    """Why the database could not keep this text: it takes neither NUL nor half a surrogate pair; JSON carries both."""
    if "\x00" in value:
        return _("holds the character U+0000, which cannot be stored")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as fault:
            return _("holds half a character (U+%(code)04X), which cannot be stored") % {"code": ord(value[fault.start])}
    return None


def image_fault(value: object) -> str | None:
    """Why this names no image: expected is an https address, `asset:` with a SHA-256, or a file's name inside a ZIP."""
    fault = text_fault(value, limit=IMAGE_LIMIT)
    if fault is None and isinstance(value, str) and not (_IMAGE.fullmatch(value) or _FILE_NAME.fullmatch(value)):
        fault = _("must be an https address or the name of a file in the ZIP")
    return fault


def mapping(value: Any, *, field: str, known: Collection[str]) -> Json:
    """An object that has no other keys than the known ones."""
    if not isinstance(value, dict):
        raise Invalid(_("An object is expected."), field=field, expected=sorted(known))
    for key in value:
        if key not in known:
            raise Invalid(_("There is no such field."), field=f"{field}.{_shown(key)}", expected=sorted(known))
    return value


def text(value: Any, *, field: str, limit: int, required: bool = True, least: int = 0) -> str:
    """Stripped text in normal form C, so that two ways to write a letter compare equal; empty only if not required."""
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise Invalid(_("Text is expected."), field=field)
    if fault := unstorable(value):
        raise Invalid(_("The text %(fault)s.") % {"fault": fault}, field=field)
    normal: str = unicodedata.normalize("NFC", value).strip()
    if len(normal) > limit:
        raise Invalid(_("At most %(limit)d characters are possible.") % {"limit": limit}, field=field, expected={"most": limit})
    if required and len(normal) < max(least, 1):
        message = _("Write at least %(least)d characters.") % {"least": least} if least > 1 else _("This is needed.")
        raise Invalid(message, field=field, expected={"least": max(least, 1)})
    return normal


def one_of(value: Any, *, field: str, allowed: Collection[str], message: Text | None = None) -> str:
    """One of the allowed words."""
    if isinstance(value, str):
        normal: str = unicodedata.normalize("NFC", value).strip()
        if normal in allowed:
            return normal
    raise Invalid(message or _("Choose one of the possible values."), field=field, expected=list(allowed))


def whole(value: Any, *, field: str, low: int, high: int) -> int:
    """A whole number within bounds; 3.0 and "3" are taken for 3."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        message = _("A whole number from %(low)d to %(high)d is expected.") % {"low": low, "high": high}
        raise Invalid(message, field=field, expected={"low": low, "high": high})
    return value


def number(value: Any, *, field: str) -> float:
    """A finite number of a size that a picture may have."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e7 < value < 1e7:
        raise Invalid(_("A number is expected."), field=field)
    return float(value)


def flag(value: Any, *, field: str) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise Invalid(_("True or false is expected."), field=field)
    return value


def entries(value: Any, *, field: str, least: int, most: int) -> list[Any]:
    """A list of a length within bounds."""
    if not isinstance(value, list | tuple) or not least <= len(value) <= most:
        message = _("A list of %(least)d to %(most)d entries is expected.") % {"least": least, "most": most}
        raise Invalid(message, field=field, expected={"least": least, "most": most})
    return list(value)


def json_cell(cell: Any, *, field: str) -> Any:
    """What a cell of a file says: JSON when it looks like an object or a list, else the value as it is."""
    if not isinstance(cell, str) or not cell.lstrip().startswith(("{", "[")):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise Invalid(_("This is not valid JSON."), field=field) from None


def _shown(key: object) -> str:
    """A key of a stranger's object, fit to be repeated in a message."""
    return ascii(key)[1:-1][:40] if isinstance(key, str) else type(key).__name__
