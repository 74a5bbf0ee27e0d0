"""A drawer is a folder: adding one is enough."""

from __future__ import annotations

import pytest

from kit.errors import NotFound
from task_types import registry
from task_types.contract import TaskType


def test_the_drawers_are_found_by_their_folders() -> None:
    assert list(registry.drawers()) == ["choice", "image_boxes", "rating", "response_comparison", "transcription"]
    assert all(isinstance(drawer, TaskType) for drawer in registry.drawers().values())


def test_what_a_page_needs_of_a_drawer_is_there() -> None:
    for drawer in registry.drawers().values():
        assert str(drawer.name)
        assert str(drawer.description)
        assert drawer.default_seconds > 0
        assert any(field.required for field in drawer.fields) or drawer.slug in {"choice", "rating"}


def test_an_unknown_kind_of_work_is_not_found_and_the_known_ones_are_named() -> None:
    with pytest.raises(NotFound) as refused:
        registry.drawer("telepathy")
    assert refused.value.extra["expected"] == ["choice", "image_boxes", "rating", "response_comparison", "transcription"]


def test_no_drawer_can_be_added_by_accident() -> None:
    with pytest.raises(TypeError):
        registry.drawers()["new"] = registry.drawer("choice")  # type: ignore[index]
