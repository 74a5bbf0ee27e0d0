"""The kit as a Django app: its tables are the outbox, the audit trail, stored files and remembered requests."""

from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "kit"
    default_auto_field = "django.db.models.BigAutoField"
