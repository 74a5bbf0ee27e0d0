"""The tree of skills: making one, moving one, and whose it is."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from qualification.models import Skill
from workers.models import Organisation

DEEPEST = 6
LONGEST_SLUG = 40
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class SlugTaken(Conflict):
    """Another skill has this short name."""

    code = "slug_taken"


def create(
    *,
    name: str,
    kind: str,
    by_id: uuid.UUID,
    now: datetime,
    slug: str = "",
    description: str = "",
    parent_id: uuid.UUID | None = None,
    organisation: Organisation | None = None,
) -> Skill:
    """A new skill of the platform or of one organisation. Raises Invalid with the field, SlugTaken."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid(_("Expected a name of 2 to 120 characters."), field="name")
    if kind not in dict(Skill.KINDS):
        raise Invalid(_("Expected a kind from the list."), field="kind", expected=[code for code, _name in Skill.KINDS])
    if len(description) > 500:
        raise Invalid(_("At most 500 characters."), field="description")
    parent = _parent(parent_id, organisation)
    try:
        with transaction.atomic():
            skill = Skill.objects.create(
                slug=_slug(slug or slugify(name)[:LONGEST_SLUG].strip("-"), organisation),
                name=name,
                kind=kind,
                description=description,
                parent=parent,
                organisation=organisation,
            )
    except IntegrityError:
        raise SlugTaken(_("Another skill has this short name."), field="slug") from None
    audit.record(subject=skill, verb="skill.made", actor_id=by_id, now=now)
    return skill


def rename(*, skill: Skill, name: str, description: str, by_id: uuid.UUID, now: datetime) -> None:
    """Other words for the same skill; the short name stays, since rules name the skill by it. Raises Invalid."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise Invalid(_("Expected a name of 2 to 120 characters."), field="name")
    if len(description) > 500:
        raise Invalid(_("At most 500 characters."), field="description")
    skill.name, skill.description = name, description
    skill.save(update_fields=["name", "description"])
    audit.record(subject=skill, verb="skill.renamed", actor_id=by_id, now=now)


def find(*, slug: str, organisation: Organisation | None) -> Skill:
    """A skill that this owner may make exams for: an organisation its own, ops (None) the platform's. Raises NotFound."""
    skill = Skill.objects.filter(slug=slug, organisation=organisation).first()
    if skill is None:
        raise NotFound(_("There is no such skill."), field="skill")
    return skill


def by_slug(slug: str) -> Skill | None:
    return Skill.objects.filter(slug=slug).first()


def owned_by(organisation: Organisation | None) -> QuerySet[Skill]:
    """The skills that an organisation, or ops (None) for the platform, looks after, by name."""
    return Skill.objects.filter(organisation=organisation).order_by("name", "id")


def visible_to(*organisation_ids: uuid.UUID) -> QuerySet[Skill]:
    """The skills of the platform, and those of these organisations, by name."""
    rows = Skill.objects.filter(Q(organisation__isnull=True) | Q(organisation_id__in=organisation_ids))
    return rows.order_by("name", "id")


def as_tree(found: QuerySet[Skill]) -> list[tuple[int, Skill]]:
    """Skills with their depth, each after its parent; one whose parent is not among them stands at the top."""
    rows = list(found)
    known = {skill.pk for skill in rows}
    children: dict[uuid.UUID | None, list[Skill]] = {}
    for skill in rows:
        children.setdefault(skill.parent_id if skill.parent_id in known else None, []).append(skill)
    return _walk(children, None, 0)


def _walk(children: dict[uuid.UUID | None, list[Skill]], parent: uuid.UUID | None, depth: int) -> list[tuple[int, Skill]]:
    found = []
    for skill in children.get(parent, []):
        found.append((depth, skill))
        found.extend(_walk(children, skill.pk, depth + 1))
    return found


def _slug(wanted: str, organisation: Organisation | None) -> str:
    """The short name, with the organisation's before it: rules name skills by it, and two clients may think of one word."""
    if not SLUG.fullmatch(wanted) or len(wanted) > LONGEST_SLUG:
        raise Invalid(_("Expected a short name of lower-case letters, digits and single hyphens."), field="slug")
    return f"{organisation.slug}--{wanted}" if organisation else wanted


def _parent(parent_id: uuid.UUID | None, organisation: Organisation | None) -> Skill | None:
    """The parent, if it may be one: visible to the owner, and not too deep."""
    if parent_id is None:
        return None
    parent = visible_to(*([organisation.pk] if organisation else [])).filter(pk=parent_id).first()
    if parent is None:
        raise Invalid(_("There is no such skill."), field="parent")
    depth, above = 1, parent.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    if depth >= DEEPEST:
        raise Invalid(_("The tree is at most 6 levels deep."), field="parent")
    return parent
