"""The forms of ops' pages of pools and announcements."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit.errors import ProductError
from kit.money import Money
from marketplace.forms import PRICE, Styled
from marketplace.models import SlotKind
from workers import standing
from workers.languages import LANGUAGES


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
    """Words to many: of a template, or one's own."""

    pool = forms.ChoiceField(label=_("To"), required=False)
    template = forms.ChoiceField(label=_("From a template"), required=False)
    title = forms.CharField(label=_("Title"), max_length=120, min_length=2, required=False)
    text = forms.CharField(label=_("Text"), max_length=4_000, min_length=2, required=False, widget=forms.Textarea(attrs={"rows": 6}))
    reader = forms.EmailField(
        label=_("Look at it as"), required=False, help_text=_("The address of somebody of them; empty: the first by name."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, pools: Sequence[tuple[str, str]], templates: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pool"].choices = [("", _("Everybody who works here")), *pools]  # type: ignore[attr-defined]
        self.fields["template"].choices = [("", _("None: the words below")), *templates]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("title", "text"):
            if not given.get("template") and name not in self.errors and not given.get(name):
                self.add_error(name, _("Write something, or choose a template."))
        return given


class Template(Styled):
    """A template: its name, and title and text in each language, the first one for whoever speaks none of them."""

    name = forms.CharField(label=_("Name"), max_length=80, min_length=2)

    def __init__(self, *args: Any, rows: Sequence[tuple[str, str, str]] = (), named: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not named:
            del self.fields["name"]
        choices = sorted(((code, str(name)) for code, name in LANGUAGES.items()), key=lambda pair: pair[1])
        self.count = len(rows) + 2
        for n, (code, title, text) in enumerate([*rows, ("" if rows else "en", "", ""), ("", "", "")]):
            self.fields |= {
                f"language_{n}": forms.ChoiceField(
                    label=_("Language"), required=n == 0, choices=[("", _("None")), *choices], initial=code
                ),
                f"title_{n}": forms.CharField(label=_("Title"), max_length=120, required=n == 0, initial=title),
                f"text_{n}": forms.CharField(
                    label=_("Text"), max_length=4_000, required=n == 0, initial=text, widget=forms.Textarea(attrs={"rows": 4})
                ),
            }
        self.dress()

    @property
    def rows(self) -> list[tuple[Any, Any, Any]]:
        return [(self[f"language_{n}"], self[f"title_{n}"], self[f"text_{n}"]) for n in range(self.count)]

    def texts(self) -> dict[str, dict[str, str]]:
        """By language; one that is chosen twice counts once, the last time."""
        given = self.cleaned_data
        return {
            given[f"language_{n}"]: {"title": given[f"title_{n}"], "text": given[f"text_{n}"]}
            for n in range(self.count) if given[f"language_{n}"]
        }  # fmt: skip

    def put(self, error: ProductError) -> None:
        """An error at the field that it is about."""
        place = (error.field or "").split(".")
        at = next((n for n in range(self.count) if len(place) == 3 and self.data.get(f"language_{n}") == place[1]), None)
        field = f"{place[2]}_{at}" if at is not None else error.field
        self.add_error(field if field in self.fields else None, str(error))


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
