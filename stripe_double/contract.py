"""The contract of Stripe's API, read from the source of the installed `stripe` package."""

import ast
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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


_PATHS = re.compile(r'"(/v[12]/[^"]+)"')


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


class Contract:
    """Every operation the package knows. A file is read as a tree only when a request may mean one of its operations:
    the names of all paths are found by a search of the text, which takes a few hundredths of a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[int, dict[str, set[Path]]] = {}  # slashes in the path -> template -> the files that name it
        self._operations: dict[Path, list[Operation]] = {}

    def operations(self) -> list[Operation]:
        with self._lock:
            return [operation for path in _service_files() for operation in self._read(path)]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation a request means, and the ids in its path.

        Raises Failure 404 for an address that Stripe does not have.
        """
        with self._lock:
            for template, files in self._templates(path.count("/")).items():
                match = _pattern(template).fullmatch(path)
                for file in files if match else ():
                    for operation in self._read(file):
                        if match and (operation.method, operation.template) == (method.lower(), template):
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

    def _templates(self, slashes: int) -> dict[str, set[Path]]:
        """The paths of one depth, those with fewer placeholders first: a fixed word beats one."""
        if not self._files:
            found = [(name, path) for path in _service_files() for name in _PATHS.findall(path.read_text())]
            for template, path in sorted(found, key=lambda pair: pair[0].count("{")):
                self._files.setdefault(template.count("/"), {}).setdefault(template, set()).add(path)
        return self._files.get(slashes, {})

    def _read(self, path: Path) -> list[Operation]:
        if path not in self._operations:
            self._operations[path] = list(_operations_of(path))
        return self._operations[path]


@cache
def api_version() -> str:
    """The version of the API that the package speaks, and therefore the double."""
    text = (shapes.package_folder() / "_api_version.py").read_text()
    return str(re.findall(r'CURRENT = "([^"]+)"', text)[0])


def _service_files() -> list[Path]:
    return sorted(shapes.package_folder().rglob("*_service.py"))


def _operations_of(path: Path) -> Iterator[Operation]:
    module = ast.parse(path.read_text())
    imports = shapes.imports_of(module)
    for group in (node for node in module.body if isinstance(node, ast.ClassDef)):
        for function in (node for node in group.body if isinstance(node, ast.FunctionDef)):
            yield from _operations_in(function, imports)


def _operations_in(function: ast.FunctionDef, imports: dict[str, str]) -> Iterator[Operation]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("_request"):
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
