"""The room of money as a Django app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from payments import my_data  # noqa: F401 - it adds this room's part to everybody's export
