"""Makes the documents that follow from the code: docs/map.md from module sentences, docs/states.md from the charts."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "marketplace", "payments", "qualification", "workers", "task_types", "kit", "stripe_double")
LEFT_OUT = {"migrations", "__pycache__"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of every room, top floor first."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not LEFT_OUT & set(path.parts):
                yield room, path


def sentence(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n", 1)[0]


def map_page() -> str:
    lines = ["# Map", "", "What lives where: the opening sentence of every module, from the roof down. Made by `make docs`.", ""]
    room = ""
    for name, path in modules():
        if name != room:
            room = name
            lines += ["", f"## {room}/ - {sentence(ROOT / room / '__init__.py')}", ""]
        if path.name != "__init__.py" and sentence(path):
            lines.append(f"- `{path.relative_to(ROOT)}`: {sentence(path)}")
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """Each chart as a diagram and a table."""
    _setup()
    from kit.states import CHARTS

    lines = ["# States", "", "Every chart of the product, as the code has it. Made by `make docs`.", ""]
    for name in sorted(CHARTS):
        chart = CHARTS[name]
        lines += [f"## {name}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {chart.initial}"]
        lines += [f"    {before} --> {after}" for before, afters in chart.moves.items() for after in afters]
        lines += [f"    {state} --> [*]" for state, afters in chart.moves.items() if not afters]
        lines += ["```", ""]
    return "\n".join(lines)


def _setup() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DATABASE_URL", "postgres:///marketplace")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")
    import django

    django.setup()


PAGES = {"docs/map.md": map_page, "docs/states.md": states_page}


def main() -> None:
    """Write the pages; with --check, say which are out of date and exit 1."""
    stale = []
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale:
        print(("Out of date, run `make docs`: " if "--check" in sys.argv else "Made: ") + ", ".join(stale))
    sys.exit(1 if stale and "--check" in sys.argv else 0)


if __name__ == "__main__":
    main()
