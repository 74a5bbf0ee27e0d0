"""The market as a Django app."""

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"

    def ready(self) -> None:
        from marketplace import my_data  # noqa: F401 - it adds this room's part to everybody's export
