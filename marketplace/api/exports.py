"""What a client takes home: streamed files of a batch."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from marketplace import exports, strengths
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Batch

CSV = "text/csv; charset=utf-8"
FILES = {"csv": ("csv", CSV), "jsonl": ("jsonl", "application/x-ndjson"), "strengths": ("strengths.csv", CSV)}
"""Ending and content type; formats of task types are JSON."""


class Export(ClientView):
    """Every task with its result, answers, pseudonyms, confidence and cost: as CSV, as JSONL, or as the task type offers."""

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "as", str, description="csv (default), jsonl, strengths (of compared models), or a format of the task type such as coco"
            ),
            OpenApiParameter("per", str, enum=["task", "answer"], description="What a line of the CSV is"),
            OpenApiParameter("gold", bool, description="Also the gold that was mixed in"),
        ],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR), (200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> StreamingHttpResponse:
        batch = reach.batch(self.whose(request), batch_id)
        form = request.query_params.get("as", "csv")
        pieces = _pieces(batch, form, request)
        ending, content_type = FILES.get(form, (f"{form}.json", "application/json"))
        name = f"{slugify(batch.name) or 'batch'}.{ending}"
        return StreamingHttpResponse(
            pieces, content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _pieces(batch: Batch, form: str, request: Request) -> Iterator[bytes]:
    """Raises Invalid or NotFound before the first byte leaves."""
    gold = request.query_params.get("gold", "").lower() in ("true", "1")
    if form == "jsonl":
        return exports.as_jsonl(batch, include_gold=gold)
    if form == "csv":
        per = reach.one_of(request.query_params.get("per", "task"), ("task", "answer"), field="per")
        return exports.as_csv(batch, per="answer" if per == "answer" else "task", include_gold=gold)
    if form == "strengths":
        return strengths.as_csv(batch)
    return exports.extra(batch, form)


class OpsExport(OpsView, Export):
    """The files of anybody's batch."""
