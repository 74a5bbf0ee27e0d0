"""The one file that listens to signals of libraries."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from payments import db_roles

LAST_ROOM = "marketplace"
"""Signals come for apps with tables, in the order of INSTALLED_APPS."""


@receiver(post_migrate, dispatch_uid="database roles")
def give_rights(sender: Any, using: str, **_kwargs: Any) -> None:
    """After the last app's tables exist, web and runners get their rights on all of them."""
    if getattr(sender, "label", "") == LAST_ROOM:
        db_roles.apply_roles(connections[using])
