"""What one currency is worth in another, from a moment on: kept by finance, never changed."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ExchangeRate(models.Model):
    """One unit of `base` is `rate` units of `quote` from `valid_from` until the next row of the pair, for a week at most."""

    id = models.BigAutoField(primary_key=True)
    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=9)
    valid_from = models.DateTimeField()
    made_by = models.UUIDField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_above_zero"),
            models.CheckConstraint(condition=~models.Q(base=models.F("quote")), name="exchange_rate_of_two_currencies"),
        ]
        indexes = [models.Index(fields=["base", "quote", "-valid_from", "-id"], name="exchange_rates_newest")]

    @property
    def figure(self) -> str:
        """The rate without zeros at its end."""
        return f"{self.rate.normalize():f}"
