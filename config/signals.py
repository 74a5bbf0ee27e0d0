"""The one file that listens to signals of libraries."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, user_logged_in
from celery.signals import worker_process_init
from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.http import HttpRequest

from config import warmth
from payments import db_roles
from workers import adapter
from workers.models import User

LAST_ROOM = "marketplace"
"""Signals come for apps with tables, in the order of INSTALLED_APPS."""
PROOFS = {"password", "mfa"}
"""Ways to sign in that prove as much as being asked again would."""


@worker_process_init.connect
def warm_up(**_kwargs: Any) -> None:
    """Each process of a runner loads ahead what its first job would wait for."""
    warmth.begin()


@receiver(post_migrate, dispatch_uid="database roles")
def give_rights(sender: Any, using: str, **_kwargs: Any) -> None:
    """After the last app's tables exist, web and runners get their rights on all of them."""
    if getattr(sender, "label", "") == LAST_ROOM:
        db_roles.apply_roles(connections[using])


@receiver(email_changed, dispatch_uid="another address")
def note_another_address(user: User, from_email_address: EmailAddress | None, **_kwargs: Any) -> None:
    """Payouts wait for 72 hours after it; the library writes to the old address. The first address of all is no change."""
    if from_email_address is not None:
        adapter.note_another_address(user)


@receiver(user_logged_in, dispatch_uid="fresh sign-in")
def count_as_proof(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """A complete sign-in is proof of who one is for as long as a later one would be: nobody is asked twice within seconds."""
    records = get_authentication_records(request, user)
    if records:
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            record | {"reauthenticated": True} if record.get("method") in PROOFS else record for record in records
        ]
