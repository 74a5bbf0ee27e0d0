"""Refusals in the shape that Stripe gives them."""

from typing import Any


class Failure(Exception):
    """A reply that is not a success.

    `kept` says whether the endpoint had begun its work: only then is the reply stored under the idempotency key.
    Wrong parameters, limits and conflicts are refused before that.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind, self.code, self.param, self.kept = (
            message,
            status,
            kind,
            code,
            param,
            kept,
        )

    def body(self, request_id: str) -> dict[str, Any]:
        error = {"type": self.kind, "message": self.message, "code": self.code, "param": self.param}
        shown = {name: value for name, value in error.items() if value is not None}
        if self.code:
            shown["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        return {"error": {**shown, "request_log_id": request_id}}


def refused(message: str, *, code: str | None = None, param: str | None = None, status: int = 400) -> Failure:
    """A refusal by the state of the books; kept under the idempotency key."""
    return Failure(message, code=code, param=param, status=status, kept=True)


def missing(what: str, ident: str, *, param: str = "id", status: int = 404) -> Failure:
    return refused(f"No such {what}: '{ident}'", code="resource_missing", param=param, status=status)


def not_played(param: str) -> Failure:
    """For what Stripe can do and the double cannot: better refused than played wrongly."""
    return Failure(f"The double does not play {param}.", code="not_played_by_the_double", param=param)


def refuse_all(params: dict[str, Any], *names: str) -> None:
    """Raise `not_played` for the first of these parameters that is there and says anything."""
    for name in names:
        if params.get(name):
            raise not_played(name)
