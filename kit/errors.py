"""The errors a person may meet, each with a stable code and an HTTP status; the doors turn them into pages or problem details."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise

Text = str | Promise


class ProductError(Exception):
    """Something a person asked for cannot be done; the message says what is expected instead."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: Text, *, field: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.extra = extra

    def __str__(self) -> str:
        return str(self.message)


class Invalid(ProductError):
    """The input has a fault; `field` names where."""

    code = "invalid"
    status = 422


class NotFound(ProductError):
    """There is no such thing, or not for this person."""

    code = "not_found"
    status = 404


class Refused(ProductError):
    """This person may not do this."""

    code = "refused"
    status = 403


class Conflict(ProductError):
    """The thing is no longer in the state that this needs."""

    code = "conflict"
    status = 409
