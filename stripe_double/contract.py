"""The contract of Stripe's API, read from the source of the installed `stripe` package: operations and their parameters."""

import ast
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from stripe_double import shapes
from stripe_double.errors import Failure


@dataclass(frozen=True)
class Operation:
    """One method on one path; `coerced` names the v2 fields that travel as strings (int64, decimal)."""

    method: str
    template: str
    params: shapes.Shape
    coerced: dict[str, Any]

    @property
    def placeholders(self) -> int:
        return self.template.count("{")

    @property
    def pattern(self) -> re.Pattern[str]:
        return _pattern(self.template)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


class Contract:
    """Every operation the package knows. Reading takes a third of a second, so it is done once, when first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_size: dict[tuple[str, int], list[Operation]] | None = None

    def operations(self) -> list[Operation]:
        return [operation for group in self._index().values() for operation in group]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation a request means, and the ids in its path.

        Raises Failure 404 for an address that Stripe does not have.
        """
        for operation in self._index().get((method.lower(), path.count("/")), []):
            if match := operation.pattern.fullmatch(path):
                return operation, match.groupdict()
        raise Failure(
            f"Unrecognized request URL ({method.upper()}: {path}). "
            "Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )

    def check(self, operation: Operation, params: dict[str, Any], *, form: bool) -> dict[str, Any]:
        """The parameters with their own types, or Failure 400 naming the first that is wrong.

        `form` says that every value arrived as text (v1, and every query string).
        """
        paging = {"page"} if operation.method == "get" and operation.template.startswith("/v2/") else set()
        page = {name: params[name] for name in paging & params.keys()}
        rest = {name: value for name, value in params.items() if name not in page}
        checked = operation.params.check(rest, shapes.Place(form=form, coerced=operation.coerced))
        return {**checked, **page}

    def _index(self) -> dict[tuple[str, int], list[Operation]]:
        with self._lock:
            if self._by_size is None:
                index: dict[tuple[str, int], list[Operation]] = {}
                for operation in _read_operations():
                    index.setdefault((operation.method, operation.template.count("/")), []).append(operation)
                for group in index.values():  # a fixed word beats a placeholder
                    group.sort(key=lambda operation: operation.placeholders)
                self._by_size = index
            return self._by_size


def _read_operations() -> Iterator[Operation]:
    for path in sorted(shapes.package_folder().rglob("*_service.py")):
        module = ast.parse(path.read_text())
        imports = shapes.imports_of(module)
        for group in (node for node in module.body if isinstance(node, ast.ClassDef)):
            for function in (node for node in group.body if isinstance(node, ast.FunctionDef)):
                yield from _operations_in(function, imports)


def _operations_in(function: ast.FunctionDef, imports: dict[str, str]) -> Iterator[Operation]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr.startswith("_request")
        ):
            template = _template(node.args[1]) if len(node.args) > 1 else None
            if template is not None:
                method = ast.literal_eval(node.args[0])
                yield Operation(method, template, _params_of(function, imports), _coerced(node))


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # "/v1/x/{id}".format(id=...)
        node = node.func.value
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _params_of(function: ast.FunctionDef, imports: dict[str, str]) -> shapes.Shape:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            names = re.findall(r"\w+Params\b", ast.unparse(argument.annotation))
            if names and names[0] in imports:
                return shapes.Named(imports[names[0]], names[0])
    return shapes.Record({})


def _coerced(call: ast.Call) -> dict[str, Any]:
    for keyword in call.keywords:
        if keyword.arg == "params" and isinstance(keyword.value, ast.Call) and len(keyword.value.args) == 2:
            return dict(ast.literal_eval(keyword.value.args[1]))
    return {}
