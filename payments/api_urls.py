"""The API of money."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
