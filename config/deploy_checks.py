"""What `manage.py check --deploy` asks for by name before the embedded default is left."""

from __future__ import annotations

import os
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.exceptions import ImproperlyConfigured

from payments import payout_costs

NEEDED = {
    "DATABASE_URL": "the PostgreSQL server, as postgres://user:password@host:5432/name",
    "REDIS_URL": "the Redis or Valkey server, as redis://host:6379/0",
    "STORAGE_URL": "where files are kept, as s3://bucket/prefix",
    "EMAIL_URL": "the mail server, as smtp+tls://user:password@host:587",
    "SECRET_KEY": "a long random secret, the same for every process",
    "ALLOWED_HOSTS": "the host names that this installation answers to, separated by commas",
    "PUBLIC_URL": "the address people use, as https://work.example.org",
    "STRIPE_API_KEY": "the platform's Stripe key (a restricted one is best)",
    "STRIPE_WEBHOOK_SECRET_PLATFORM": "the signing secret of the platform webhook endpoint",
    "STRIPE_WEBHOOK_SECRET_CONNECT": "the signing secret of the connected accounts webhook endpoint",
    "STRIPE_WEBHOOK_SECRET_THIN": "the signing secret of the thin event destination",
}

FOR_BANK_FILES = {
    "PAYOUT_DETAILS_KEY": "a Fernet key that seals workers' bank details (several, the newest first, when it is changed)",
    "BANK_FILE_NAME": "the name of our own bank account",
    "BANK_FILE_IBAN": "its IBAN",
    "BANK_FILE_BIC": "its bank's BIC",
}
"""Without these nothing is wrong, but workers are paid through Stripe alone."""


@register(Tags.security, deploy=True)
def bank_files_are_offered(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """A word about each variable that payments by bank file still want; an error for a key that is none."""
    told: list[CheckMessage] = [
        Info(f"{name} is not set; bank transfers are not offered.", hint=f"Set it to {what}.", id=f"payouts.{name}")
        for name, what in FOR_BANK_FILES.items()
        if not os.environ.get(name)
    ]
    for key in settings.PAYOUT_DETAILS_KEY:
        try:
            Fernet(key)
        except ValueError:
            told.append(Error("A key in PAYOUT_DETAILS_KEY is no Fernet key.", hint="Make one anew.", id="payouts.key"))
    return told


@register(Tags.security)
def payout_costs_can_be_read(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """An error at every start for a price of payouts on demand that is none."""
    try:
        payout_costs.read(tuple(settings.PAYOUT_COSTS))
    except ImproperlyConfigured as error:
        return [Error(str(error), id="payouts.PAYOUT_COSTS")]
    return []


@register(Tags.security, deploy=True)
def every_variable_is_set(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    """One error for each missing variable, with what it is for."""
    missing: list[CheckMessage] = [
        Error(f"{name} is not set.", hint=f"Set it to {what}.", id=f"marketplace.{name}")
        for name, what in NEEDED.items()
        if not os.environ.get(name)
    ]
    if settings.EMBEDDED:
        missing.append(Error("The embedded database is in use.", hint="Set DATABASE_URL.", id="marketplace.EMBEDDED"))
    return missing
