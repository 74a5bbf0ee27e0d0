"""Every address of the API: each room's own list under one version, the schema, and its pages."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    # The market's come first, and its hot paths first among them: an address is looked for from the top.
    path("v1/", include("marketplace.api_urls")),
    path("v1/", include("workers.api_urls")),
    path("v1/", include("qualification.api_urls")),
    path("v1/", include("payments.api_urls")),
    path("v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api_docs"),
]
