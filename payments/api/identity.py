"""The identity check of the worker who asks: where it stands, and the address of Stripe's page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import identity
from workers import access
from workers import identity as proofs


class IdentitySerializer(serializers.Serializer[Any]):
    """Until when the identity is confirmed, and where the last check stands; nothing of the document is known here."""

    confirmed_until = serializers.DateTimeField(allow_null=True)
    state = serializers.CharField(help_text="Of the last check: started, processing, verified, cancelled; empty for none")
    fault = serializers.CharField(help_text="Why its last try failed, in Stripe's word")


class IdentityPageSerializer(serializers.Serializer[Any]):
    """Stripe's own page, for this person alone."""

    url = serializers.URLField()


class MyIdentity(APIView):
    """The identity check of whoever asks."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=IdentitySerializer)
    def get(self, request: Request) -> Response:
        who = access.user_of(request).pk
        check, held = identity.latest(who), proofs.held(who, now=timezone.now())
        shown: Any = IdentitySerializer({
            "confirmed_until": held.expires_at if held else None, "state": check.state if check else "",
            "fault": check.fault if check else "",
        })  # fmt: skip
        return Response(shown.data)

    @extend_schema(tags=["me"], request=None, responses={201: IdentityPageSerializer})
    def post(self, request: Request) -> Response:
        """Begin a check, or go on with the one that is open."""
        back = f"{settings.PUBLIC_URL}{reverse('payments:identity')}?back=1"
        url = identity.begin(user_id=access.user_of(request).pk, return_url=back, now=timezone.now())
        return Response({"url": url}, status=201)
