"""The rules of the house: each is a sentence, and an exception has to be named here with its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

from config import documents
from workers.access import LIBRARIES

ROOT = documents.ROOT
FLOORS = {"config": 5, "marketplace": 4, "payments": 3, "qualification": 3, "workers": 2, "task_types": 2, "kit": 1}
NEIGHBOURS = [{"payments", "qualification"}, {"workers", "task_types"}]
LONG_FILES_ALLOWED: set[str] = set()
MOST_LINES = 400
MOST_FUNCTION_LINES = 60

CLOCK_MAY_BE_READ = re.compile(
    r"(views|jobs|commands|api|middleware|reactions|demo|replay|launch|webhooks|access|tokens|adapter|forms)"
)
SKIP_LOCKED = {"marketplace/sql.py", "kit/due.py", "marketplace/dispatch.py"}
BROAD_EXCEPT = "noqa: BLE001"


def sources() -> Iterator[tuple[str, str]]:
    for _room, path in documents.modules():
        yield str(path.relative_to(ROOT)), path.read_text()


def room_of(label: str) -> str | None:
    return label if label in FLOORS else None


def test_no_foreign_key_points_upward_or_sideways() -> None:
    """A string foreign key slips past the import contracts; the registry of models does not."""
    wrong = []
    for model in apps.get_models():
        here = room_of(model._meta.app_label)
        if here is None:
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if not getattr(field, "concrete", False) or target is None or isinstance(target, str):
                continue
            there = room_of(target._meta.app_label)
            if there is None or there == here:
                continue
            if FLOORS[there] > FLOORS[here] or {here, there} in NEIGHBOURS:
                wrong.append(f"{model._meta.label}.{field.name} -> {target._meta.label}")
    assert wrong == []


def test_every_module_opens_with_a_sentence_that_says_what_lives_there() -> None:
    silent = [
        str(path.relative_to(ROOT)) for _room, path in documents.modules()
        if path.read_text().strip() and not documents.sentence(path)
    ]
    assert silent == []


def test_files_stay_short_enough_to_hold_in_the_head() -> None:
    long = {name: text.count("\n") for name, text in sources() if text.count("\n") > MOST_LINES}
    assert set(long) - LONG_FILES_ALLOWED == set(), long


def test_functions_stay_short() -> None:
    long = []
    for name, text in sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES:
                long.append(f"{name}:{node.lineno} {node.name}")
    assert long == []


def test_locked_rows_are_skipped_in_dispatch_and_due_alone() -> None:
    users = {name for name, text in sources() if "skip_locked" in text.lower() or "SKIP LOCKED" in text}
    assert users <= SKIP_LOCKED, users - SKIP_LOCKED


def test_only_doors_read_the_clock() -> None:
    readers = [
        name for name, text in sources()
        if ("timezone.now()" in text or "datetime.now(" in text)
        and not name.startswith("stripe_double/") and not CLOCK_MAY_BE_READ.search(name)
    ]
    assert readers == []


def test_states_are_moved_by_the_mover_alone() -> None:
    wrong = [
        f"{name}:{node.lineno}" for name, text in sources() if not name.startswith(("stripe_double/", "kit/states.py"))
        for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute) and target.attr in {"state", "standing"} and ast.unparse(target.value) != "self"
    ]
    assert wrong == []


def test_nobody_listens_to_signals_but_the_one_file() -> None:
    listeners = {name for name, text in sources() if "@receiver" in text or ".connect(" in text and "signals" in text}
    assert listeners <= {"config/signals.py"}, listeners


def test_no_error_is_swallowed_in_silence() -> None:
    wrong = [name for name, text in sources() if re.search(r"except[^\n]*:\n\s+pass\b", text) and not name.startswith("stripe_double/")]
    assert wrong == []


def test_the_generated_documents_are_up_to_date() -> None:
    for name, make in documents.PAGES.items():
        path = ROOT / name
        assert path.exists() and path.read_text() == make(), f"{name} is out of date: run make docs"


def _views(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, object]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _views(entry.url_patterns, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry.callback


def test_every_route_says_who_may_open_it() -> None:
    """Permissions are denied by default; this finds the door that somebody forgot to label."""
    silent = []
    for address, view in _views(get_resolver().url_patterns):
        if str(getattr(view, "__module__", "")).startswith(LIBRARIES):
            continue
        labelled = getattr(view, "access", None)
        classes = getattr(getattr(view, "cls", None), "permission_classes", [])
        if labelled is None and not all(getattr(one, "access", None) for one in classes or [object]):
            silent.append(address)
    assert silent == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_nothing_is_left_for_later_in_the_code(word: str) -> None:
    assert [name for name, text in sources() if word in text] == []


def test_templates_hold_no_inline_script_or_style() -> None:
    """The content security policy would block them, and a page would be half dead."""
    wrong = []
    for path in Path(ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        inline = re.findall(r"<script(?![^>]*(src=|application/json))[^>]*>|\sstyle=\"|\son(?:click|change|submit|input|load)=", text)
        if inline and "email/" not in str(path):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


UNFOUND = """
SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
 WHERE c.contype = 'f' AND c.confrelid = ANY (%s::regclass[]) AND NOT EXISTS (
   SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL)
"""


@pytest.mark.django_db
def test_what_refers_to_rows_that_a_draft_may_lose_is_found_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(UNFOUND, [["marketplace_task", "marketplace_badrow", "marketplace_upload"]])
        assert not cursor.fetchall(), "each lost row would read a whole table"
