"""Outside the embedded default, people of ops and finance act with a second factor alone: a passkey or an authenticator app."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings

from kit.errors import Refused


class NeedsSecondFactor(Refused):
    """This person of ops has no second factor yet."""

    code = "second_factor_needed"


def lacks_second_factor(user: Any) -> bool:
    """Whether this person of ops still has to add a second factor before anything opens."""
    return bool(getattr(settings, "OPS_NEEDS_MFA", False)) and not is_mfa_enabled(user)
