"""One page for both who make skills and exams: ops for the platform, an organisation for its own. What differs is guard and address."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.http import HttpResponse
from django.urls import reverse

from workers import access, queries
from workers.access import ClientRequest, PersonRequest
from workers.models import OpsRole, Organisation

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Doors:
    """The same page behind two guards."""

    ops: View
    client: View


def doors(*roles: str) -> Callable[[View], Doors]:
    """A view that takes (request, owner, ...) as a page of ops with these roles, and as one of an organisation's managers."""

    def make(view: View) -> Doors:
        @wraps(view)
        def ops(request: PersonRequest, **where: Any) -> HttpResponse:
            return view(request, None, **where)

        @wraps(view)
        def client(request: ClientRequest, org: str, **where: Any) -> HttpResponse:
            return view(request, request.organisation, **where)

        return Doors(cast(View, access.ops(*roles)(ops)), cast(View, access.client("manager")(client)))

    return make


def may_make(request: PersonRequest, owner: Organisation | None) -> bool:
    """Whether this person changes things here: a client's guard lets nobody else in."""
    return owner is not None or queries.has_ops_role(request.user.pk, OpsRole.QUALITY_LEAD)


def address(owner: Organisation | None, name: str, *args: uuid.UUID | str) -> str:
    """Where the owner's page of this name is."""
    if owner is None:
        return reverse(f"qualification:ops_{name}", args=args)
    return reverse(f"qualification:client_{name}", args=[owner.slug, *args])
