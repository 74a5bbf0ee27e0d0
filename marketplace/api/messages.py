"""Templates of ops' messages in the API: written, changed as the next version, looked at as somebody gets them, put away."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from kit.errors import Invalid, NotFound
from marketplace import announcements, message_templates, pools
from marketplace.api.reach import OpsView
from marketplace.models import MessageTemplate
from workers import access


class MessageTemplateSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    language = serializers.CharField(help_text="For whoever speaks none of the others")
    texts = serializers.JSONField(help_text='{"en": {"title": ..., "text": ...}, ...}')
    version = serializers.IntegerField()
    archived_at = serializers.DateTimeField(allow_null=True)


class MessageTemplateBody(Body):
    language = serializers.CharField(max_length=3)
    texts = serializers.JSONField(help_text="Placeholders: " + ", ".join(f"{{{name}}}" for name in message_templates.PLACES))


class NewMessageTemplateBody(MessageTemplateBody):
    name = serializers.CharField(max_length=80)


class RenderedMessageSerializer(serializers.Serializer[Any]):
    reader = serializers.UUIDField()
    language = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()


def _shown(template: MessageTemplate) -> dict[str, Any]:
    version = message_templates.newest(template)
    return dict(MessageTemplateSerializer({
        "id": template.pk, "name": template.name, "language": version.language, "texts": version.texts, "version": version.number,
        "archived_at": template.archived_at,
    }).data)  # fmt: skip


class Templates(OpsView):
    """Templates in use, and writing one."""

    @extend_schema(responses=MessageTemplateSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply([_shown(one) for one in message_templates.live()[:200]])

    @extend_schema(request=NewMessageTemplateBody, responses={201: MessageTemplateSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = NewMessageTemplateBody.read(request), access.user_of(request).pk
        return change(request, lambda: reply(_shown(message_templates.create(by_id=who, now=timezone.now(), **given)), 201))


class OneTemplate(OpsView):
    """One template: what it says now, its next version, putting it away."""

    @extend_schema(responses=MessageTemplateSerializer)
    def get(self, request: Request, template_id: uuid.UUID) -> HttpResponse:
        return reply(_shown(message_templates.find(template_id)))

    @extend_schema(request=MessageTemplateBody, responses=MessageTemplateSerializer)
    def patch(self, request: Request, template_id: uuid.UUID) -> HttpResponse:
        given, who, template = MessageTemplateBody.read(request), access.user_of(request).pk, message_templates.find(template_id)

        def work() -> HttpResponse:
            message_templates.change(template=template, by_id=who, now=timezone.now(), **given)
            return reply(_shown(template))

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, template_id: uuid.UUID) -> HttpResponse:
        who, template = access.user_of(request).pk, message_templates.find(template_id)

        def work() -> HttpResponse:
            message_templates.archive(template=template, by_id=who, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class Preview(OpsView):
    """A template as a real person of a pool gets it, in the language that they speak best of it."""

    @extend_schema(
        parameters=[
            OpenApiParameter("pool", str, description="A pool's id; everybody who works here without one"),
            OpenApiParameter("reader", str, description="Somebody's address; the first by name without one"),
        ],
        responses=RenderedMessageSerializer,
    )
    def get(self, request: Request, template_id: uuid.UUID) -> HttpResponse:
        version = message_templates.newest(message_templates.find(template_id))
        try:
            pool = pools.find(uuid.UUID(request.GET["pool"])) if request.GET.get("pool") else None
        except ValueError:
            raise Invalid(_("Expected the id of a pool."), field="pool") from None
        reader = announcements.reader(pool, address=request.GET.get("reader", "").replace("\x00", ""))
        if reader is None:
            raise NotFound(_("Nobody is in this pool."))
        shown = message_templates.render(version, reader=reader, pool=pool, sender=access.user_of(request))
        return reply({"reader": str(reader.pk), "language": shown.language, "title": shown.title, "text": shown.text})
