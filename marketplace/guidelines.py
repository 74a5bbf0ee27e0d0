"""A guideline as a person reads it: safe HTML from the client's Markdown, and what changed since another version."""

from __future__ import annotations

import difflib
import uuid
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from marketplace.models import GuidelineVersion
from task_types import rich_text


@dataclass(frozen=True, slots=True)
class ShownGuideline:
    """One version, rendered, with the lines that came and went since the version before."""

    number: int
    html: SafeString
    what_changed: str
    changes: list[tuple[str, str]]


def show(*, project_id: uuid.UUID | str, number: int) -> ShownGuideline | None:
    """The version that a lease names; None when it does not exist."""
    versions = {
        version.number: version
        for version in GuidelineVersion.objects.filter(project_id=project_id, number__in=[number, number - 1])
    }
    version = versions.get(number)
    if version is None:
        return None
    before = versions.get(number - 1)
    return ShownGuideline(
        number=number,
        html=mark_safe(rich_text.render(version.markdown)),  # noqa: S308 - rich_text cleans it
        what_changed=version.what_changed,
        changes=_changes(before.markdown, version.markdown) if before else [],
    )


def _changes(before: str, after: str) -> list[tuple[str, str]]:
    """Lines that came ("+") and went ("-"), in order."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]
