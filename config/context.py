"""What every template knows: the product's name, the audience and its navigation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config import navigation


def site(request: HttpRequest) -> dict[str, Any]:
    frame = navigation.for_request(request)
    return {
        "PRODUCT_NAME": settings.PRODUCT_NAME,
        "EMBEDDED": settings.EMBEDDED,
        "DOCS_URL": "/api/docs/",
        "profile_url": "/work/profile/" if frame["nav_audience"] == "worker" else "",
        "request_id": getattr(request, "request_id", ""),
        **frame,
    }
