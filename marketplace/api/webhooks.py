"""A client's webhook endpoints and the log of what was sent to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from marketplace.api import reach
from marketplace.api.reach import ClientView
from marketplace.models import WebhookDelivery, WebhookEndpoint
from marketplace.states import WEBHOOK_DELIVERY
from marketplace.webhooks import endpoints, sending
from workers import access


class WebhookEndpointSerializer(serializers.Serializer[Any]):
    """Where you want to hear of what happened."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField(), help_text=", ".join(endpoints.EVENTS))
    created_at = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    stopped_why = serializers.CharField()


class WebhookWithSecretSerializer(WebhookEndpointSerializer):
    """An endpoint with its secret, which is shown this once."""

    secret = serializers.CharField()


class NewWebhookSerializer(Body):
    url = serializers.CharField(max_length=500)
    events = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=20)


class WebhookChangeSerializer(Body):
    url = serializers.CharField(max_length=500, required=False)
    events = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=20, required=False)


class WebhookTrySerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="What your endpoint answered")
    fault = serializers.CharField(help_text="Why it could not be reached")
    milliseconds = serializers.IntegerField()


class WebhookDeliverySerializer(serializers.Serializer[Any]):
    """One message and its tries."""

    id = serializers.UUIDField(help_text="The header webhook-id: the same for every try")
    endpoint = serializers.UUIDField(source="endpoint_id")
    event = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(WEBHOOK_DELIVERY.states))
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="When it is tried next, while it waits")
    tries = WebhookTrySerializer(many=True)


class WebhookMessageSerializer(WebhookDeliverySerializer):
    body = serializers.CharField()


def _endpoint(request: Request, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.filter(pk=endpoint_id, organisation=access.organisation_of(request)).first()
    if found is None:
        raise NotFound(_("There is no such endpoint."))
    return found


def _with_secret(new: endpoints.NewSecret) -> dict[str, Any]:
    return dict(WebhookEndpointSerializer(new.endpoint).data) | {"secret": new.secret}


class Endpoints(ClientView):
    """Your endpoints."""

    @extend_schema(parameters=PAGING, responses=paged(WebhookEndpointSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = WebhookEndpoint.objects.filter(organisation=access.organisation_of(request))
        return listing(request, rows, order="created_at", show=lambda page: WebhookEndpointSerializer(page, many=True).data)

    @extend_schema(request=NewWebhookSerializer, responses={201: WebhookWithSecretSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Add one; the answer holds its secret, which nobody can read again."""
        given = NewWebhookSerializer.read(request)
        return change(request, lambda: reply(_with_secret(endpoints.add(
            organisation=access.organisation_of(request), actor_id=access.user_of(request).pk, now=timezone.now(), **given
        )), 201))


class EndpointDetail(ClientView):
    """One endpoint."""

    @extend_schema(responses=WebhookEndpointSerializer)
    def get(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        return reply(WebhookEndpointSerializer(_endpoint(request, endpoint_id)).data)

    @extend_schema(request=WebhookChangeSerializer, responses=WebhookEndpointSerializer)
    def patch(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        """Another address or other events; a stopped endpoint starts again."""
        given = WebhookChangeSerializer.read(request)

        def work() -> HttpResponse:
            endpoint = _endpoint(request, endpoint_id)
            endpoints.change(endpoint=endpoint, actor_id=access.user_of(request).pk, now=timezone.now(), **given)
            return reply(WebhookEndpointSerializer(endpoint).data)

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        """Stop it: nothing more is sent there, the log stays."""

        def work() -> HttpResponse:
            endpoint = _endpoint(request, endpoint_id)
            endpoints.stop(endpoint=endpoint, actor_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class RenewSecret(ClientView):
    """A new secret; for a day messages are signed by the old one too."""

    @extend_schema(request=None, responses=WebhookWithSecretSerializer)
    def post(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        return change(request, lambda: reply(_with_secret(endpoints.renew_secret(
            endpoint=_endpoint(request, endpoint_id), actor_id=access.user_of(request).pk, now=timezone.now()
        ))))


class Deliveries(ClientView):
    """What was sent to an endpoint in the last month, newest first, with every try."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("state", str, enum=WEBHOOK_DELIVERY.states)],
        responses=paged(WebhookDeliverySerializer),
    )
    def get(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        rows = WebhookDelivery.objects.filter(endpoint=_endpoint(request, endpoint_id))
        if state := request.query_params.get("state"):
            rows = rows.filter(state=reach.one_of(state, WEBHOOK_DELIVERY.states, field="state"))
        return listing(
            request, rows.prefetch_related("tries"), order="-created_at",
            show=lambda page: [_delivery(row) for row in page],
        )  # fmt: skip


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    tries = sorted(row.tries.all(), key=lambda one: one.n)
    return {
        "id": row.pk, "endpoint": row.endpoint_id, "event": row.event, "state": row.state, "created_at": row.created_at,
        "due_at": row.due_at, "tries": WebhookTrySerializer(tries, many=True).data,
    }  # fmt: skip


def _find(request: Request, delivery_id: uuid.UUID) -> WebhookDelivery:
    own = WebhookDelivery.objects.filter(endpoint__organisation=access.organisation_of(request))
    found = own.select_related("endpoint").filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


class DeliveryDetail(ClientView):
    """One message with its body."""

    @extend_schema(responses=WebhookMessageSerializer)
    def get(self, request: Request, delivery_id: uuid.UUID) -> HttpResponse:
        found = _find(request, delivery_id)
        return reply(_delivery(found) | {"body": found.body})


class SendAgain(ClientView):
    """Send a message once more, arrived or not: with the same id and body."""

    @extend_schema(request=None, responses={202: WebhookDeliverySerializer})
    def post(self, request: Request, delivery_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            found = _find(request, delivery_id)
            sending.send_again(delivery=found, now=timezone.now())
            return reply(_delivery(found), 202)

        return change(request, work)
