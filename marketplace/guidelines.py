"""A guideline as a person reads it: safe HTML from the client's Markdown, and what changed since another version."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from marketplace import lessons
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
        changes=lessons.lines_between(before.markdown, version.markdown) if before else [],
    )

