"""Bank details are kept sealed: encrypted with keys from the environment, so that a copy of the database alone tells nothing."""

from __future__ import annotations

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from kit.errors import Conflict


class CannotOpen(Conflict):
    """The key under which this was sealed is not among ours."""

    code = "details_sealed"


def has_key() -> bool:
    """Whether anything can be sealed here."""
    return bool(settings.PAYOUT_DETAILS_KEY)


def seal(facts: dict[str, str]) -> str:
    """Encrypt with the first key. Raises CannotOpen where none is set."""
    return _keys().encrypt(json.dumps(facts, sort_keys=True).encode()).decode()


def unseal(text: str) -> dict[str, str]:
    """Read with any of the keys; raises CannotOpen, never says what was in it."""
    try:
        found: dict[str, str] = json.loads(_keys().decrypt(text.encode()))
    except InvalidToken:
        raise CannotOpen(_("Bank details were sealed with a key that is not set here.")) from None
    return found


def _keys() -> MultiFernet:
    if not has_key():
        raise CannotOpen(_("No key for bank details is set here."))
    return MultiFernet([Fernet(key) for key in settings.PAYOUT_DETAILS_KEY])
