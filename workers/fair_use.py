"""What one account may ask of the API in a minute, apart from leases and answers, which have bounds of their own."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kit.limits import Limit, spend

API_USE = Limit("api", times=6_000, seconds=60)


class FairUse(BaseThrottle):
    """Counts per account; whoever has none is refused by the guards anyway. Raises limits.TooOften, which says when it goes on."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.user.is_authenticated:
            spend(API_USE, account=request.user.pk)
        return True
