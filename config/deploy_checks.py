"""What `manage.py check --deploy` asks for by name before the embedded default is left."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

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
