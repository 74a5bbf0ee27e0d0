"""Bodies and query strings: nested form encoding (v1) and JSON (v2)."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from stripe_double.errors import Failure

DEEPEST = 12  # brackets in one name; the deepest parameter of the package has eight


def decode_form(text: str) -> dict[str, Any]:
    """`a[b][0]=x` as {"a": {"b": {"0": "x"}}}; `a[]=x` counts upwards. Lists are recognised later, by their shape.

    Raises Failure 400 for text that is not form encoding or contradicts itself.
    """
    root: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise Failure(f"Invalid form encoding: {error}") from error
    for name, value in pairs:
        _place(root, _keys(name), value, name)
    return root


def _keys(name: str) -> list[str]:
    match = re.fullmatch(r"([^\[\]]+)((?:\[[^\[\]]*\])*)", name)
    if not match:
        raise Failure(f"Invalid parameter name: {name}")
    keys = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(keys) > DEEPEST:
        raise Failure(f"Parameter nested too deeply: {name}")
    return keys


def _place(root: dict[str, Any], keys: list[str], value: str, name: str) -> None:
    node = root
    for key in keys[:-1]:
        inner = node.setdefault(key or str(len(node)), {})
        if not isinstance(inner, dict):
            raise Failure(f"Parameter given as value and as object: {name}", param=name)
        node = inner
    last = keys[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise Failure(f"Parameter given as value and as object: {name}", param=name)
    node[last] = value


def encode_form(params: dict[str, Any]) -> str:
    """The way back: nested parameters as a query string."""
    return urlencode(list(_pairs("", params)))


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _pairs(f"{name}[{key}]" if name else str(key), inner)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def decode_json(body: bytes) -> dict[str, Any]:
    """The JSON object of a v2 request; an empty body is an empty object. Raises Failure 400."""
    try:
        decoded = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Failure(f"Invalid JSON: {error}", code="invalid_json") from error
    if not isinstance(decoded, dict):
        raise Failure("Invalid JSON: an object is expected", code="invalid_json")
    return decoded
