"""The room as a Django app; its tables are people, organisations, decisions about people, and what they signed."""

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"
    default_auto_field = "django.db.models.BigAutoField"
