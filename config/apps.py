"""The roof as a Django app: it only wires what libraries tell us and what deployment needs."""

from django.apps import AppConfig


class RoofConfig(AppConfig):
    name = "config"
    label = "roof"

    def ready(self) -> None:
        from config import deploy_checks, signals  # noqa: F401 - registering is their whole effect
        from marketplace import (  # noqa: F401 - the same
            announcements,
            disputes,
            fraud,
            invitations,
            learning,
            leaving,
            likeness,
            merging,
            questions,
            referrals,
            search,
            seats,
            waitlist,
        )  # fmt: skip
        from marketplace.ops_queries import queues  # noqa: F401 - the same
        from payments import leaving as money_leaving  # noqa: F401 - the same
        from payments import reactions  # noqa: F401 - every process has to know the notices that runners tell
        from payments import search as money_search  # noqa: F401 - a way to find people
        from qualification import readings  # noqa: F401 - a queue
        from workers import credentials, support  # noqa: F401 - notices and queues
