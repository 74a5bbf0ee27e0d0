"""Holds what the double says against the classes of the `stripe` package: unknown, missing and mistyped fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any

from stripe._object_classes import get_object_class
from stripe.v2._list_object import ListObject as _  # noqa: F401  (loads the v2 classes)

from stripe_double.shapes import package_folder

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "Decimal": str, "Any": object}


def problems(thing: dict[str, Any], path: str = "") -> list[str]:
    """What is wrong with an object, by its own word about what it is."""
    version = "V2" if thing["object"].startswith("v2.") else "V1"
    kind = get_object_class(version, thing["object"])
    if kind.__name__ == "StripeObject":
        return [f"{path or thing['object']}: no class for {thing['object']}"]
    node = _class(kind.__module__, kind.__name__)
    return list(_record(thing, [node], path or thing["object"]))


@cache
def _class(module: str, name: str) -> ast.ClassDef:
    file = package_folder().joinpath(*module.split(".")[1:]).with_suffix(".py")
    return next(node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef) and node.name == name)


def _record(thing: Any, scopes: list[ast.ClassDef], path: str) -> Iterator[str]:
    if not isinstance(thing, dict):
        yield f"{path}: not an object"
        return
    fields = {
        line.target.id: line.annotation
        for line in scopes[-1].body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.target.id != "OBJECT_NAME"
    }
    for name, value in thing.items():
        if name not in fields:
            yield f"{path}.{name}: unknown"
        else:
            yield from _value(value, fields[name], scopes, f"{path}.{name}")
    for name, annotation in fields.items():
        if name not in thing and not ast.unparse(annotation).startswith("Optional") and name != "_inner_class_types":
            yield f"{path}.{name}: missing"


def _value(value: Any, node: ast.expr, scopes: list[ast.ClassDef], path: str) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        node = ast.parse(str(node.value), mode="eval").body
    if isinstance(node, ast.Name):
        yield from _named(value, node.id, scopes, path)
        return
    assert isinstance(node, ast.Subscript), ast.unparse(node)
    outer, inner = ast.unparse(node.value), node.slice
    if outer == "Optional":
        yield from () if value is None else _value(value, inner, scopes, path)
    elif outer == "Literal":
        allowed = [ast.literal_eval(part) for part in getattr(inner, "elts", [inner])]
        yield from () if value in allowed else [f"{path}: {value!r} is none of its values"]
    elif outer == "Union":
        parts = getattr(inner, "elts", [inner])
        closed = [part for part in parts if ast.unparse(part).startswith("Literal")]
        found = [list(_value(value, part, scopes, path)) for part in closed or parts]
        yield from min(found, key=len)
    elif outer == "ExpandableField":
        yield from () if isinstance(value, str) else _value(value, inner, scopes, path)
    elif outer in ("List", "ListObject"):
        items = value["data"] if outer == "ListObject" else value
        for index, item in enumerate(items):
            yield from _value(item, inner, scopes, f"{path}[{index}]")
    else:  # Dict, UntypedStripeObject
        yield from () if isinstance(value, dict) else [f"{path}: not an object"]


def _named(value: Any, name: str, scopes: list[ast.ClassDef], path: str) -> Iterator[str]:
    if name in PLAIN:
        right = isinstance(value, PLAIN[name]) and not (name == "int" and isinstance(value, bool))
        yield from () if right else [f"{path}: {value!r} is not {name}"]
        return
    for depth in range(len(scopes), 0, -1):
        for node in scopes[depth - 1].body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield from _record(value, [*scopes[:depth], node], path)
                return
    yield from problems(value, path)
