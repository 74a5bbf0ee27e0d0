"""The forms of ops' pages of pools and announcements."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit.money import Money
from marketplace.forms import PRICE, Styled
from marketplace.models import SlotKind
from workers import standing


class NewPool(Styled):
    """A pool of people: what it is called, and whether people are named or selected."""

    name = forms.CharField(label=_("Name"), max_length=80, min_length=2)
    about = forms.CharField(label=_("What it is for"), max_length=300, required=False)
    kind = forms.ChoiceField(choices=[("listed", _("I name the people")), ("rule", _("A rule selects them"))], widget=forms.RadioSelect)


class PoolPeople(Styled):
    """People to put into a pool or to take out: named in a text or a file."""

    kind = forms.ChoiceField(choices=[("add", _("Add")), ("remove", _("Take out"))], initial="add",
                             widget=forms.RadioSelect(attrs={"class": "form-check-input"}))  # fmt: skip
    people = forms.CharField(
        label=_("Addresses or ids, one a line"), required=False, max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )  # fmt: skip
    file = forms.FileField(label=_("Or a CSV file"), required=False)


class PauseAll(Styled):
    """Why and for how long everybody in a pool is paused."""

    reason = forms.ChoiceField(label=_("Reason, as each person reads it"), choices=standing.PAUSE_REASON_CHOICES[1:])
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=30, initial=7)


class GiveAll(Styled):
    """Which skill everybody in a pool is given."""

    skill = forms.ChoiceField(label=_("Skill"))
    tier = forms.TypedChoiceField(label=_("Tier"), choices=[(tier, str(tier)) for tier in range(4)], coerce=int, initial=1)
    days = forms.IntegerField(label=_("Days that it lasts"), min_value=1, max_value=3_660, initial=365)

    def __init__(self, *args: Any, skills: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["skill"].choices = list(skills)  # type: ignore[attr-defined]


class Announcing(Styled):
    """Words to many."""

    pool = forms.ChoiceField(label=_("To"), required=False)
    title = forms.CharField(label=_("Title"), max_length=120, min_length=2)
    text = forms.CharField(label=_("Text"), max_length=4_000, min_length=2, widget=forms.Textarea(attrs={"rows": 6}))

    def __init__(self, *args: Any, pools: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pool"].choices = [("", _("Everybody who works here")), *pools]  # type: ignore[attr-defined]


class BillPrice(Styled):
    """What a client is billed for an accepted slot; sent twice, first for its dry run and then with the figures that it was for."""

    kind = forms.ChoiceField(label=_("For"), choices=SlotKind.choices)
    tier = forms.TypedChoiceField(label=_("Tier"), coerce=int, choices=[(tier, str(tier)) for tier in range(4)], initial=0)
    amount = forms.DecimalField(
        label=_("Billed"), widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("For the task, or for each unit where the price is by units."), **PRICE | {"max_value": Decimal(2000)},
    )  # fmt: skip
    valid_from = forms.DateTimeField(
        label=_("From"), required=False, help_text=_("Empty: from now on."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    seen = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def options(self, currency: str) -> dict[str, Any]:
        """What `raises.billed_from` takes."""
        given = {name: self.cleaned_data[name] for name in ("kind", "tier", "valid_from")}
        return given | {"amount": Money.parse(self.cleaned_data["amount"], currency, field="amount")}

    def figures(self) -> str:
        """What the dry run is for: another figure wants another one."""
        return "|".join(self.data.get(name, "").strip() for name in ("kind", "tier", "amount", "valid_from"))

    def was_seen(self) -> bool:
        return bool(self.cleaned_data["seen"]) and self.cleaned_data["seen"] == self.figures()
