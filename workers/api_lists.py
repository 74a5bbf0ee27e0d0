"""Lists of the API: one page by cursor, and how the schema describes it."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from django.db import models
from django.http import HttpResponse
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from kit.api import PAGING, listing

Row = TypeVar("Row", bound=models.Model)

PARAMETERS = PAGING
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
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
        },
    )


def answer(
    request: Request, rows: models.QuerySet[Row], *, order: str, serializer: type[serializers.Serializer[Any]]
) -> HttpResponse:
    """One page of `rows` by the indexed column `order`. Raises Invalid for a cursor or limit that makes no sense."""
    return listing(request, rows, order=order, show=lambda found: serializer(found, many=True).data)
