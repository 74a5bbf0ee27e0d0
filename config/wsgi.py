"""The web's entry: pages with all their middleware, and API calls with a token, which need no cookies, with little."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings

from config import warmth

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

Environ = dict[str, Any]


class TokenHandler(WSGIHandler):
    """Django's own handler with the short list of middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        with override_settings(MIDDLEWARE=settings.API_MIDDLEWARE):
            super().load_middleware(is_async)


_pages = get_wsgi_application()
_calls = TokenHandler()
warmth.begin()


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A request that names a token is no browser's: it skips sessions, messages, CSRF and what else pages need."""
    by_token = "HTTP_AUTHORIZATION" in environ and environ.get("PATH_INFO", "").startswith("/api/v1/")
    return (_calls if by_token else _pages)(environ, start_response)
