"""`expand`: ids in an answer replaced by the objects they name."""

import json
from typing import Any

from stripe_double.errors import Failure
from stripe_double.store import Books, Thing


def expand(books: Books, thing: Thing, paths: list[str]) -> Thing:
    """A copy with each path opened. Raises Failure 400 for a property that cannot be."""
    if not paths:
        return thing
    opened: Thing = json.loads(json.dumps(thing))
    for path in paths:
        _open(books, opened, path.split("."), path)
    return opened


def _open(books: Books, node: Thing, steps: list[str], path: str) -> None:
    name, rest = steps[0], steps[1:]
    if name == "data" and isinstance(node.get("data"), list):
        for item in node["data"]:
            _open(books, item, rest, path)
        return
    if name not in node and name not in _hidden(books, node):
        raise Failure(f"This property cannot be expanded ({path}).", param="expand")
    node[name] = _opened(books, node, name, path)
    if rest and isinstance(node[name], dict):
        _open(books, node[name], rest, path)


def _opened(books: Books, node: Thing, name: str, path: str) -> Any:
    value = node.get(name)
    if value is None:
        return _hidden(books, node).get(name)
    if isinstance(value, str):
        found = books.find(value)
        if found is None:
            raise Failure(f"This property cannot be expanded ({path}).", param="expand")
        return found
    return value


def _hidden(books: Books, node: Thing) -> Thing:
    """Properties that Stripe shows only when asked for."""
    return dict(books.notes(node.get("id", "")).get("hidden", {}))
