"""Shapes of parameters: annotations of the `stripe` package turned into checks of what came over the wire."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stripe_double.errors import Failure

METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500


@dataclass(frozen=True)
class Place:
    """Where a value stands: its name as Stripe writes it, whether it came as text, which fields v2 sends as strings."""

    name: str = ""
    form: bool = True
    coerced: Any = field(default_factory=dict)

    def inside(self, key: str) -> "Place":
        name = f"{self.name}[{key}]" if self.form and self.name else f"{self.name}.{key}".strip(".")
        return replace(self, name=name, coerced=self.coerced.get(key, {}) if isinstance(self.coerced, dict) else {})

    def item(self, index: int) -> "Place":
        return replace(self, name=f"{self.name}[{index}]")

    def wrong(self, message: str, code: str | None = None) -> Failure:
        return Failure(message, code=code, param=self.name or None)


class Shape:
    """Checks one value and gives it back with its own type; raises Failure 400."""

    def check(self, value: Any, place: Place) -> Any:
        raise NotImplementedError


class Anything(Shape):
    def check(self, value: Any, place: Place) -> Any:
        return value


class Text(Shape):
    def check(self, value: Any, place: Place) -> Any:
        if not isinstance(value, str):
            raise place.wrong(f"Invalid string: {value!r}")
        return value


class Flag(Shape):
    def check(self, value: Any, place: Place) -> Any:
        if place.form and value in ("true", "false"):
            return value == "true"
        if place.form or not isinstance(value, bool):
            raise place.wrong(f"Invalid boolean: {value}")
        return value


class Whole(Shape):
    def check(self, value: Any, place: Place) -> Any:
        as_text = place.form or place.coerced == "int64_string"
        if as_text and isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
        if as_text or isinstance(value, bool) or not isinstance(value, int):
            raise place.wrong(f"Invalid integer: {value}", "parameter_invalid_integer")
        return value


class Number(Shape):
    """A float, or a decimal that v2 sends as text. It stays as it came: the double never calculates with it."""

    def check(self, value: Any, place: Place) -> Any:
        as_text = place.form or place.coerced == "decimal_string"
        good = isinstance(value, str) if as_text else isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
            raise place.wrong(f"Invalid decimal: {value}", "parameter_invalid_string_blank" if value == "" else None)
        return value


@dataclass(frozen=True)
class Choice(Shape):
    """An enum. The package leaves most of them open for values of later versions; this double plays one version, so
    every enum is closed here and a typing error is found at once."""

    values: tuple[Any, ...]

    def check(self, value: Any, place: Place) -> Any:
        if value not in self.values:
            raise place.wrong(f"Invalid {place.name}: must be one of {', '.join(map(str, self.values))}")
        return value


@dataclass(frozen=True)
class ListOf(Shape):
    item: Shape

    def check(self, value: Any, place: Place) -> Any:
        if place.form and isinstance(value, dict) and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list):
            raise place.wrong("Invalid array")
        return [self.item.check(one, place.item(index)) for index, one in enumerate(value)]


@dataclass(frozen=True)
class MapOf(Shape):
    item: Shape

    def check(self, value: Any, place: Place) -> Any:
        if not isinstance(value, dict):
            raise place.wrong("Invalid object")
        return {key: self.item.check(one, place.inside(key)) for key, one in value.items()}


@dataclass(frozen=True)
class Record(Shape):
    """A TypedDict: field name -> (shape, required)."""

    fields: dict[str, tuple[Shape, bool]]

    def check(self, value: Any, place: Place) -> Any:
        if not isinstance(value, dict):
            raise place.wrong("Invalid object")
        for name in value:
            if name not in self.fields:
                inner = place.inside(name)
                raise inner.wrong(f"Received unknown parameter: {inner.name}", "parameter_unknown")
        for name, (_, required) in self.fields.items():
            if required and name not in value:
                inner = place.inside(name)
                raise inner.wrong(f"Missing required param: {inner.name}.", "parameter_missing")
        checked = {name: self.fields[name][0].check(one, place.inside(name)) for name, one in value.items()}
        if isinstance(checked.get("metadata"), dict):
            _check_metadata(checked["metadata"], place.inside("metadata"))
        return checked


@dataclass(frozen=True)
class OneOf(Shape):
    options: tuple[Shape, ...]

    def check(self, value: Any, place: Place) -> Any:
        failures = []
        for option in self.options:
            try:
                return option.check(value, place)
            except Failure as failure:
                failures.append(failure)
        raise max(failures, key=lambda failure: len(failure.param or ""))  # the one that got furthest


@dataclass(frozen=True)
class Named(Shape):
    """A TypedDict by module and name, read when first needed: the largest modules hold thousands of lines."""

    module: str
    name: str

    def check(self, value: Any, place: Place) -> Any:
        return module_of(self.module).shape(self.name).check(value, place)


@dataclass(frozen=True)
class Module:
    """One module of parameters, its TypedDicts not yet looked at."""

    name: str
    tree: ast.Module

    @cached_property
    def imports(self) -> dict[str, str]:
        return imports_of(self.tree)

    @cached_property
    def _records(self) -> dict[str, Record]:
        return {}

    def shape(self, name: str) -> Record:
        if name not in self._records:
            self._records[name] = Record(dict(self._fields(name)))
        return self._records[name]

    def _fields(self, name: str) -> dict[str, tuple[Shape, bool]]:
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return self._class_fields(node)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name and isinstance(node.value, ast.Call):
                pairs = node.value.args[1]  # X = TypedDict("X", {"from": ...}), for names that Python reserves
                assert isinstance(pairs, ast.Dict)
                return {
                    ast.literal_eval(key): self._field(kind)
                    for key, kind in zip(pairs.keys, pairs.values, strict=True)
                    if key is not None
                }
        raise LookupError(f"{self.name} has no {name}")

    def _class_fields(self, node: ast.ClassDef) -> dict[str, tuple[Shape, bool]]:
        fields: dict[str, tuple[Shape, bool]] = {}
        for base in (ast.unparse(base) for base in node.bases):
            if base.startswith("_"):
                fields |= self._fields(base)
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                fields[line.target.id] = self._field(line.annotation)
        return fields

    def _field(self, annotation: ast.expr) -> tuple[Shape, bool]:
        if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
            return self.read(annotation.slice), False
        return self.read(annotation), True

    def read(self, node: ast.expr) -> Shape:
        """An annotation as a shape."""
        match node:
            case ast.Constant(value=str() as text):
                return self.read(ast.parse(text, mode="eval").body)
            case ast.BinOp(op=ast.BitOr()):
                return one_of(tuple(self.read(side) for side in _sides(node)))
            case ast.Subscript(value=ast.Name(id="Union" | "Optional"), slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return one_of(tuple(self.read(part) for part in parts))
            case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
                return Choice(tuple(ast.literal_eval(part) for part in getattr(inner, "elts", [inner])))
            case ast.Subscript(value=ast.Name(id="List"), slice=inner):
                return ListOf(self.read(inner))
            case ast.Subscript(value=ast.Name(id="Dict"), slice=ast.Tuple(elts=[_, inner])):
                return MapOf(self.read(inner))
            case ast.Subscript(value=ast.Name(id="UntypedStripeObject"), slice=inner):
                return MapOf(self.read(inner))
            case ast.Name(id=name):
                plain = PLAIN.get(name)
                return plain() if plain else Named(self.imports.get(name, self.name), name)
        raise LookupError(f"{self.name}: unknown annotation {ast.unparse(node)}")


PLAIN: dict[str, Callable[[], Shape]] = {
    "str": Text, "int": Whole, "bool": Flag, "float": Number, "Decimal": Number, "Any": Anything,
}  # fmt: skip


def one_of(options: tuple[Shape, ...]) -> Shape:
    """A union; `Literal[...] | str` is the package's way to write an open enum (see Choice)."""
    known = tuple(value for option in options if isinstance(option, Choice) for value in option.values)
    if any(value != "" for value in known):
        options = tuple(option for option in options if not isinstance(option, Choice | Text))
        options = (Choice(known), *options)
    return options[0] if len(options) == 1 else OneOf(options)


def _sides(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_sides(node.left), *_sides(node.right)]
    return [node]


def _check_metadata(metadata: dict[str, str], place: Place) -> None:
    if len(metadata) > METADATA_KEYS:
        raise place.wrong(f"Metadata may have at most {METADATA_KEYS} keys")
    for key, value in metadata.items():
        if len(key) > METADATA_KEY_LENGTH or len(str(value)) > METADATA_VALUE_LENGTH:
            raise place.inside(key).wrong("Metadata keys have at most 40 characters and values at most 500")


def imports_of(tree: ast.Module) -> dict[str, str]:
    """Name -> module, for every `from x import name` in the file, also below TYPE_CHECKING."""
    return {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@cache
def module_of(name: str) -> Module:
    return Module(name, ast.parse(_file_of(name).read_text()))


def package_folder() -> Path:
    spec = find_spec("stripe")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the stripe package is not installed")
    return Path(spec.origin).parent


def _file_of(module: str) -> Path:
    """Found without importing: `find_spec` of a submodule would run the package, which takes longer than our start."""
    return package_folder().joinpath(*module.split(".")[1:]).with_suffix(".py")
