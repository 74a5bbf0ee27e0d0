"""The pages of ops staff in this room and where they are."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
