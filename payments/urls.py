"""The pages of money, and the doors at which Stripe knocks."""

from __future__ import annotations

from django.urls import path

from payments import webhooks

app_name = "payments"

urlpatterns = [
    path("webhooks/stripe/platform/", webhooks.platform, name="stripe_platform"),
    path("webhooks/stripe/connect/", webhooks.connect, name="stripe_connect"),
    path("webhooks/stripe/thin/", webhooks.thin, name="stripe_thin"),
]
