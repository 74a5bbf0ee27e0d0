"""The row locks of this room, so that their order can be read in one place."""

from __future__ import annotations

import uuid

from workers.models import Membership, OpsRole, User


def admins() -> set[uuid.UUID]:
    """Lock the rows of all admins (in order of id) and return whose they are: two cannot leave at once."""
    rows = OpsRole.objects.filter(role=OpsRole.ADMIN).order_by("id").select_for_update()
    return set(rows.values_list("user_id", flat=True))


def person(user_id: uuid.UUID) -> None:
    """Lock somebody's own row: whoever erases them and whoever takes that back come one after the other."""
    User.objects.select_for_update().filter(pk=user_id).first()


def owners(organisation_id: uuid.UUID) -> set[uuid.UUID]:
    """Lock the owners of an organisation (in order of id) and return who they are: two cannot leave at once."""
    rows = Membership.objects.filter(organisation_id=organisation_id, role=Membership.OWNER).order_by("id").select_for_update()
    return set(rows.values_list("user_id", flat=True))
