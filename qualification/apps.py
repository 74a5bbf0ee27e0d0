"""The room as a Django app; its tables are skills, grants, exams with their items, and attempts."""

from django.apps import AppConfig


class QualificationConfig(AppConfig):
    name = "qualification"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from qualification import my_data  # noqa: F401 - it adds this room's part to everybody's export
