"""What allauth asks us: where a person goes after signing in or up, and the zone in which they read times."""

from __future__ import annotations

import re
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit import audit
from workers import access, graph, queries
from workers.models import User, WorkerProfile

EMAIL_CHANGED = "email.changed"
"""The verb in the trail of a person whose address was changed."""

DEVICE_COOKIE = "device"
DEVICE_ID = re.compile(r"[0-9a-f]{32}")


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in and sign-up lead to the pages of the person's own audience; a new worker starts with onboarding."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Too many wrong tries for this address. Wait five minutes, or set a new password by mail: that works at once. "
            "A passkey works too, and whatever you are signed in to stays open."
        ),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return _first_page(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return _first_page(request)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        profile = WorkerProfile.objects.filter(pk=user.pk).first()
        if profile is not None:
            request.session["time_zone"] = profile.time_zone
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if profile is not None:
            _note_device(request, response, profile)
        return response


def _note_device(request: HttpRequest, response: HttpResponse, worker: WorkerProfile) -> None:
    """The account graph knows browsers by a cookie of ours and networks by address, both as keyed hashes; see `workers.graph`."""
    known = request.COOKIES.get(DEVICE_COOKIE, "")
    device = known if DEVICE_ID.fullmatch(known) else secrets.token_hex(16)
    response.set_cookie(
        DEVICE_COOKIE, device, max_age=int(graph.KEPT_FOR.total_seconds()), httponly=True, samesite="Lax", secure=request.is_secure()
    )
    now = timezone.now()
    graph.saw(user_id=worker.pk, kind=graph.DEVICE, value=device, now=now)
    graph.saw(user_id=worker.pk, kind=graph.NETWORK, value=graph.network_of(request.META.get("REMOTE_ADDR", "")), now=now)


def note_another_address(user: User) -> None:
    """Somebody's address is another one now: the trail says so, and payouts wait by it."""
    audit.record(subject=user, verb=EMAIL_CHANGED, actor_id=user.pk, now=timezone.now())


def _first_page(request: HttpRequest) -> str:
    """Onboarding while a worker's is not complete, else the home of the audience; who only looks after an organisation goes there."""
    user = access.user_of(request)
    profile = WorkerProfile.objects.filter(pk=user.pk).first()
    if profile is not None and profile.onboarded_at is None and not queries.ops_roles(profile.pk):
        places = queries.memberships(user.pk)
        return places[0].home if places else reverse("workers:onboarding")
    return queries.home_url(user.pk)
