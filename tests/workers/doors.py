"""How tests come in by the doors: a browser that is signed in, a program with a token."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from workers import tokens
from workers.models import Organisation, User


def browser(user: User, *, reauthenticated: bool = False) -> Client:
    """A browser in which this person is signed in, and perhaps has just proved it again."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    client = Client()
    client.force_login(user)
    if reauthenticated:
        prove(client)
    return client


def prove(client: Client, *, seconds_ago: float = 0) -> None:
    """As if the password had been asked for and given."""
    session = client.session
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = session["_auth_user_id"]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time() - seconds_ago, "reauthenticated": True}
    ]
    session.save()


def program(user: User, *scopes: str, organisation: Organisation | None = None) -> Client:
    """A program with a token of these scopes."""
    made = tokens.make(
        user_id=user.pk,
        name="test",
        scopes=list(scopes),
        organisation_id=organisation.pk if organisation else None,
        now=timezone.now(),
    )
    return Client(headers={"authorization": f"Bearer {made.key}"})
