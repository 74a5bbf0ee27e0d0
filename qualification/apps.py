"""The room as a Django app; its tables are skills, grants, exams with their items, and attempts."""

from django.apps import AppConfig


class QualificationConfig(AppConfig):
    name = "qualification"
    default_auto_field = "django.db.models.BigAutoField"
