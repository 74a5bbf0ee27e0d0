"""JSON in and out of the API by orjson: strict, fast, and with clear words for what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import IO, Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from kit.money import Money


def _plain(value: Any) -> Any:
    """What orjson does not know: money as decimal strings with four places, lazy sentences as text."""
    if isinstance(value, Money):
        return {"amount": str(value.decimal()), "currency": value.currency}
    if isinstance(value, Decimal | Promise):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(type(value).__name__)


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS)


class JSONRenderer(BaseRenderer):
    """Renders any plain data, money and lazy sentences included."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else dumps(data)


class JSONParser(BaseParser):
    """Reads one JSON document; refuses NUL characters, which PostgreSQL cannot keep."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read()
        if b"\\u0000" in raw or b"\x00" in raw:
            raise ParseError(_("The body holds a NUL character (\\u0000), which cannot be stored."))
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("The body is not valid JSON: %(why)s") % {"why": error}) from None
