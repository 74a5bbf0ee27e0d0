"""What the doors of the API share: bounded bodies, one transaction for a change, Idempotency-Key, lists in pages, money."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from kit import idempotency, json, paging
from kit.errors import Invalid, ProductError
from kit.money import Money

Row = TypeVar("Row", bound=models.Model)

PAGE, PAGE_MOST = 50, 200

PAGING = [
    OpenApiParameter("cursor", str, description="Where to go on: part of the address in `next` or `previous`"),
    OpenApiParameter("limit", int, description="Rows on a page: 1 to 200, 50 when not given"),
]
KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters of your choice. The same key with the same request happens once: its "
    "answer is kept for 24 hours and given again, with the header `Idempotent-Replayed: true`.",
)


class Schema(AutoSchema):
    """Says of every POST that it takes an Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [KEY] if self.method == "POST" else []

    def get_operation_id(self) -> str:
        """Path and method: `projects_project_id_rates_post`. No two operations share it."""
        words = re.findall(r"\w+", self.path.removeprefix(self.path_prefix).replace("-", "_"))
        return "_".join([*words, self.method.lower()])


class ApiView(APIView):
    """A door of the API. A body is read whole and only up to the site's limit, unless the view takes a stream."""

    schema = Schema()
    streams = False

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """JSON, whatever the caller would rather have."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.streams and request.method not in ("GET", "HEAD"):
            request._request.body  # noqa: B018 - raises RequestDataTooBig before anything is parsed


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Plain data as JSON."""
    return HttpResponse(json.dumps(data), status=status, content_type="application/json", headers=headers)


class Once:
    """The Idempotency-Key of one request: whether it was answered before, and the keeping of its answer."""

    def __init__(self, request: Request, *, body: bytes | None = None) -> None:
        self.key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if self.key is None:
            return
        idempotency.check_key(self.key)
        organisation = getattr(request.auth, "organisation_id", None)
        self.owner_id = cast(uuid.UUID, request.user.pk)
        self.fingerprint = idempotency.fingerprint(
            method=request.method or "", path=f"{request.get_full_path()} {organisation or ''}",
            body=request._request.body if body is None else body,
        )

    def answered(self) -> HttpResponse | None:
        """The answer given before; raises KeyReused when the key belongs to another request."""
        if self.key is None:
            return None
        found = idempotency.recall(owner_id=self.owner_id, key=self.key, fingerprint=self.fingerprint)
        if found is None:
            return None
        again = HttpResponse(found.body, status=found.status, content_type="application/json")
        again.headers["Idempotent-Replayed"] = "true"
        return again

    def keep(self, response: HttpResponse) -> None:
        """Keep the answer; to be called in the transaction of the work itself."""
        if self.key is not None:
            idempotency.remember(
                owner_id=self.owner_id, key=self.key, fingerprint=self.fingerprint, status=response.status_code,
                body=response.content,
            )

    def run(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """Do `work`, which keeps its answer, unless it was done before.

        Of two at once, the second waits for the first one's key, or fails at what the first one did; then it looks again.
        """
        if found := self.answered():
            return found
        try:
            return work()
        except (IntegrityError, ProductError):
            if self.key is not None and (found := self.answered()):
                return found
            raise


def change(request: Request, work: Callable[[], HttpResponse], *, body: bytes | None = None) -> HttpResponse:
    """Do `work` in one transaction, once per Idempotency-Key; `body` stands for the request's where that was read already."""
    once = Once(request, body=body)

    def whole() -> HttpResponse:
        with transaction.atomic(durable=True):
            response = work()
            once.keep(response)
            return response

    return once.run(whole)


def once(handler: Callable[..., Response]) -> Callable[..., HttpResponse]:
    """A handler of a view that changes something, as one transaction, once per Idempotency-Key."""

    @wraps(handler)
    def kept(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        def work() -> HttpResponse:
            made = handler(view, request, *args, **kwargs)
            return HttpResponse(status=204) if made.status_code == 204 else reply(made.data, made.status_code)

        return change(request, work)

    described: Callable[..., HttpResponse] = extend_schema(parameters=[KEY])(kept) if handler.__name__ == "post" else kept
    return described


def listing(
    request: Request, rows: models.QuerySet[Row], *, order: str, show: Callable[[list[Row]], Any],
    **beside: Any,
) -> HttpResponse:
    """One page of `rows` by the column `order`; `show` makes plain data of a page's rows. Raises Invalid."""
    try:
        page = paging.page(rows, order=order, cursor=request.query_params.get("cursor"), size=limit(request))
    except (ValidationError, ValueError, TypeError, DataError):
        # A cursor that decodes well may still name a place of another list.
        raise Invalid(_("This page address is not valid. Start again from the first page."), field="cursor") from None
    here = request.build_absolute_uri()
    return reply(beside | {
        "results": show(page.rows),
        "next": replace_query_param(here, "cursor", page.next) if page.next else None,
        "previous": replace_query_param(here, "cursor", page.previous) if page.previous else None,
    })


def limit(request: Request) -> int:
    """How many rows were asked for; raises Invalid."""
    asked = request.query_params.get("limit", str(PAGE))
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked[:6]) <= PAGE_MOST:
        raise Invalid(_("Expected a number of rows from 1 to 200."), field="limit")
    return int(asked)


def paged(shape: type[serializers.Serializer[Any]], name: str = "") -> Any:
    """How the schema describes a page of these rows."""
    return inline_serializer(
        name=f"{name or shape.__name__.removesuffix('Serializer')}List",
        fields={
            "results": shape(many=True),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
        },
    )


class Body(serializers.Serializer[Any]):
    """A body that has no other fields than the stated ones: a mistyped name is told, not dropped."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            raise serializers.ValidationError({name[:80]: [_("There is no such field.")] for name in sorted(unknown)})
        return super().to_internal_value(data)

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """The checked fields of a request's body; raises DRF's ValidationError."""
        body = cls(data=request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


@extend_schema_field({
    "type": "object", "required": ["amount", "currency"], "example": {"amount": "0.1000", "currency": "USD"},
    "properties": {"amount": {"type": "string", "format": "decimal"}, "currency": {"type": "string"}},
})
class MoneyField(serializers.Field[Money, Any, Any, Any]):
    """Money: {"amount": "0.1000", "currency": "USD"}, never a number."""

    def to_internal_value(self, data: Any) -> Money:
        if not isinstance(data, Mapping) or set(data) != {"amount", "currency"}:
            raise serializers.ValidationError(_("Expected {\"amount\": \"0.25\", \"currency\": \"USD\"}."))
        amount, currency = data["amount"], data["currency"]
        if not isinstance(amount, str) or len(amount) > 40 or not isinstance(currency, str) or len(currency) != 3:
            raise serializers.ValidationError(_("Expected an amount as text, such as \"0.25\", and a currency."))
        try:
            return Money.parse(amount, currency.upper())
        except Invalid as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: Money) -> Any:
        return {"amount": str(value.decimal()), "currency": value.currency}
