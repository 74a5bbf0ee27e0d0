"""Every address of the site and where it leads."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from config import views

urlpatterns = [
    path("api/", include("config.api_urls")),
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("account/", include("allauth.urls")),
    path("", include("workers.urls")),
    path("", include("qualification.urls")),
    path("", include("payments.urls")),
    path("", include("marketplace.urls")),
]
if settings.EMBEDDED:
    urlpatterns += [path("mail/", views.mail, name="mail"), path("guide/", views.guide, name="guide")]

handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"
