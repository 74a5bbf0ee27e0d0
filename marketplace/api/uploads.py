"""Files of rows: received as a stream, mapped, read by a runner, and what was wrong with single rows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, cast

import orjson
from django.db import IntegrityError, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from kit.api import PAGING, Body, Once, change, listing, paged, reply
from kit.errors import Invalid
from marketplace import intake
from marketplace.api import reach
from marketplace.api.reach import ClientView
from marketplace.models import Upload
from workers import access

PIECE = 64 * 1024


class EarlierUploadSerializer(serializers.Serializer[Any]):
    """An earlier upload of the same content in your organisation."""

    upload = serializers.UUIDField()
    batch = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class UploadSerializer(serializers.Serializer[Any]):
    """A file of rows on its way into a draft."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField(source="batch_id")
    name = serializers.CharField()
    kind = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes")
    sha256 = serializers.CharField()
    status = serializers.CharField(help_text="received, reading, done or failed")
    failure = serializers.CharField()
    columns = serializers.JSONField()
    mapping = serializers.SerializerMethodField(help_text="Column to field as decided; empty before")
    share = serializers.SerializerMethodField(help_text="How much of the file has been read, 0 to 1")
    rows_good = serializers.IntegerField()
    rows_bad = serializers.IntegerField()
    images_waiting = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_mapping(self, upload: Upload) -> dict[str, str]:
        return intake.targets_of(upload)

    def get_share(self, upload: Upload) -> float:
        return intake.progress(upload).share


class UploadDetailSerializer(UploadSerializer):
    """An upload with a proposal for its mapping, and with earlier uploads of the same content."""

    suggested_mapping = serializers.DictField(child=serializers.CharField())
    duplicates = EarlierUploadSerializer(many=True)


class ColumnMappingSerializer(Body):
    """Column to field of the task type, `external_id` or `prelabel`; columns left out are kept and returned."""

    mapping = serializers.DictField(
        child=serializers.CharField(allow_null=True, allow_blank=True), required=False, allow_null=True, default=None,
        help_text="The suggested mapping when not given",
    )  # fmt: skip


class UploadFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    mapping = serializers.CharField(required=False, help_text="As JSON; with it, reading begins at once")


class AnyFile(BaseParser):
    """Lets every other content type pass: the view reads the stream itself."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return {}


def shown(upload: Upload) -> dict[str, Any]:
    known = upload.status != Upload.Status.FAILED and upload.kind != "rows"
    duplicates = [
        {"upload": other.pk, "batch": other.batch_id, "name": other.name, "created_at": other.created_at}
        for other in intake.duplicates_of(upload)
    ]
    return dict(UploadSerializer(upload).data) | {
        "suggested_mapping": intake.suggest_mapping(upload) if known else {}, "duplicates": duplicates,
    }


class Uploads(ClientView):
    """The files of a batch."""

    streams = True
    parser_classes = [MultiPartParser, AnyFile]

    @extend_schema(parameters=PAGING, responses=paged(UploadSerializer))
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        rows = Upload.objects.filter(batch=reach.batch(self.whose(request), batch_id))
        return listing(request, rows, order="created_at", show=lambda page: UploadSerializer(page, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("name", str, description="The file's name, where the body is the file itself"),
            OpenApiParameter("mapping", str, description="As JSON; with it, reading begins at once"),
        ],
        request={"multipart/form-data": UploadFileSerializer, "*/*": OpenApiTypes.BINARY},
        responses={201: UploadDetailSerializer},
    )
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Send a file (CSV, TSV, JSONL, or a ZIP of images or recordings with a table): as the body, or as `file` of a form.

        A file that cannot be understood answers with the status `failed` and the reason.
        """
        batch = reach.batch(self.whose(request), batch_id)
        length = request.META.get("CONTENT_LENGTH") or "0"
        once = Once(request, body=length.encode())

        def work() -> HttpResponse:
            name, chunks, mapping = _sent(request)
            now = timezone.now()
            upload = intake.receive(batch=batch, name=name, chunks=chunks, actor_id=access.user_of(request).pk, now=now)
            try:
                with transaction.atomic(durable=True):
                    if mapping is not None and upload.status == Upload.Status.RECEIVED:
                        intake.start(upload=upload, mapping=mapping, now=now)
                    response = reply(shown(upload), 201)
                    once.keep(response)
            except IntegrityError:
                with transaction.atomic(durable=True):
                    intake.discard(upload=upload)
                raise
            return response

        return once.run(work)


def _sent(request: Request) -> tuple[str, Iterator[bytes], dict[str, Any] | None]:
    """Name, content and mapping of what is sent, read as it comes."""
    raw = request._request
    if (request.content_type or "").startswith("multipart/"):
        sent = cast(Mapping[str, Any], request.data)
        given = sent.get("file")
        if given is None or not hasattr(given, "chunks"):
            raise Invalid(_("Expected a file in the field `file`."), field="file")
        return given.name or "file", given.chunks(PIECE), _mapping(sent.get("mapping"))
    if (raw.META.get("CONTENT_LENGTH") or "0") == "0":
        raise Invalid(_("Expected a file as the body, with its Content-Length."), field="file")
    name = request.query_params.get("name") or "file"
    return name, iter(lambda: raw.read(PIECE), b""), _mapping(request.query_params.get("mapping"))


def _mapping(text: str | None) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        mapping = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid(_("Expected a JSON object."), field="mapping") from None
    if not isinstance(mapping, dict):
        raise Invalid(_("Expected a JSON object."), field="mapping")
    return mapping


class UploadDetail(ClientView):
    """One file: how far it is read, and what was found."""

    @extend_schema(responses=UploadDetailSerializer)
    def get(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        return reply(shown(reach.upload(self.whose(request), upload_id)))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        """Take the file and its rows out of the draft."""

        def work() -> HttpResponse:
            intake.discard(upload=reach.upload(self.whose(request), upload_id))
            return HttpResponse(status=204)

        return change(request, work)


class StartUpload(ClientView):
    """Say which column is what, and let the file be read."""

    @extend_schema(request=ColumnMappingSerializer, responses=UploadDetailSerializer)
    def post(self, request: Request, upload_id: uuid.UUID) -> HttpResponse:
        given = ColumnMappingSerializer.read(request)["mapping"]

        def work() -> HttpResponse:
            upload = reach.upload(self.whose(request), upload_id)
            mapping = intake.suggest_mapping(upload) if given is None else given
            intake.start(upload=upload, mapping=mapping, now=timezone.now())
            return reply(shown(upload))

        return change(request, work)


class BadRows(ClientView):
    """The rows that could not become tasks, as CSV: line, column, reason, row."""

    @extend_schema(responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)})
    def get(self, request: Request, upload_id: uuid.UUID) -> StreamingHttpResponse:
        upload = reach.upload(self.whose(request), upload_id)
        headers = {"Content-Disposition": f'attachment; filename="bad-rows-{upload.pk}.csv"'}
        return StreamingHttpResponse(intake.bad_rows_csv(upload), content_type="text/csv; charset=utf-8", headers=headers)
