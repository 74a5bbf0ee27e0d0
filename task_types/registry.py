"""Finds the drawers: every folder in here that holds a `drawer.py` is one, and nothing else has to be told."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType

from django.utils.translation import gettext as _

import task_types
from kit.errors import NotFound
from task_types.contract import TaskType


@cache
def drawers() -> Mapping[str, TaskType]:
    """All drawers by slug, in the order of their folders. A slug that is not its folder's name stops the start."""
    found: dict[str, TaskType] = {}
    for module in pkgutil.iter_modules(task_types.__path__):
        path = f"task_types.{module.name}.drawer"
        if not module.ispkg or find_spec(path) is None:
            continue
        drawer = import_module(path).DRAWER
        if not isinstance(drawer, TaskType) or drawer.slug != module.name:
            raise TypeError(f"{path}.DRAWER is not a TaskType with slug {module.name!r}")
        found[drawer.slug] = drawer
    return MappingProxyType(found)


def drawer(slug: str) -> TaskType:
    """The drawer with this slug. Raises NotFound."""
    try:
        return drawers()[slug]
    except KeyError:
        raise NotFound(_("There is no such kind of work."), field="task_type", expected=sorted(drawers())) from None
