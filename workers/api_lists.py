"""Lists of the API: one page by cursor, and how the schema describes it."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit import paging
from kit.errors import Invalid

Row = TypeVar("Row", bound=models.Model)

MOST = 200

PARAMETERS = [
    OpenApiParameter("cursor", str, description="`next` or `previous` of an earlier page"),
    OpenApiParameter("limit", int, description="Rows on a page, at most 200"),
]
"""What every list takes; for `extend_schema(parameters=...)`."""


class ListSchema(AutoSchema):
    """Reading a list is called so in the schema, not a retrieval, which would meet that of one of its things."""

    def get_operation_id(self) -> str:
        name: str = super().get_operation_id()
        return f"{name.removesuffix('retrieve')}list" if name.endswith("_retrieve") else name


class ListView(APIView):
    """A view whose GET answers with a page."""

    schema = ListSchema()


@cache
def paged(serializer: type[serializers.Serializer[Any]]) -> Any:
    """The schema of a page of these rows."""
    return inline_serializer(
        name=f"{serializer.__name__.removesuffix('Serializer')}Page",
        fields={
            "results": serializer(many=True),
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
        },
    )


def answer(
    request: Request, rows: models.QuerySet[Row], *, order: str, serializer: type[serializers.Serializer[Any]]
) -> Response:
    """One page of `rows` by the indexed column `order`. Raises Invalid for a cursor or limit that makes no sense."""
    found = paging.page(rows, order=order, cursor=request.query_params.get("cursor"), size=_limit(request))
    data = serializer(found.rows, many=True).data
    return Response({"results": data, "next": found.next, "previous": found.previous})


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit", "50")
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked[:6]) <= MOST:
        raise Invalid(_("Expected a number of rows from 1 to 200."), field="limit")
    return int(asked)
