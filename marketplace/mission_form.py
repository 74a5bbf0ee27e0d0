"""The form with which a client states a mission."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit.money import Money
from marketplace.forms import Styled
from marketplace.models import MissionKind

AMOUNT: dict[str, Any] = {"min_value": Decimal("0.0001"), "max_value": 100_000, "max_digits": 10, "decimal_places": 4}


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(label=label, help_text=help_text, widget=widget, **AMOUNT)


class NewMission(Styled):
    """What has to be done, what it pays, until when, and how much in all."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Workers see it."))
    kind = forms.ChoiceField(label=_("For"), choices=MissionKind.choices)
    count = forms.IntegerField(label=_("How many"), min_value=1, help_text=_("Accepted answers, or days in a row (at most 31)."))
    per_day = forms.IntegerField(label=_("Answers a day"), min_value=1, initial=1, help_text=_("For days in a row alone."))
    amount = _amount(_("Each reward pays"))
    budget = _amount(_("Budget"), _("With our fee. Set aside at once, first from the bonus pool; when it is used up, the mission ends."))
    ends_at = forms.DateTimeField(
        label=_("Ends"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Within 90 days."),
    )  # fmt: skip

    def options(self, currency: str) -> dict[str, Any]:
        """What `bonuses.open_mission` takes."""
        given = dict(self.cleaned_data)
        return given | {name: Money.parse(given[name], currency, field=name) for name in ("amount", "budget")}
