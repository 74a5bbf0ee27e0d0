"""Finance's forms: a correction of the books, and an exchange of the platform's own money."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kit.money import Money
from payments.chart import KINDS
from payments.corrections import OWNERLESS, REASON


def _amount(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "form-control"}))


def _currency(label: Any) -> forms.ChoiceField:
    choices = [(each, each) for each in settings.PLATFORM_CURRENCIES]
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select(attrs={"class": "form-select"}))


def _account(label: Any) -> forms.ChoiceField:
    """Accounts by whose they are: ours first, which need no owner."""
    groups = {
        _("The platform's own"): [kind for kind in KINDS if kind.owner in OWNERLESS], _("A client's"): [
            kind for kind in KINDS if kind.owner == "client"
        ],
        _("A worker's"): [kind for kind in KINDS if kind.owner == "worker"], _("A batch's"): [
            kind for kind in KINDS if kind.owner == "batch"
        ],
    }  # fmt: skip
    choices = [(name, [(kind.name, kind.name.replace("_", " ").capitalize()) for kind in kinds]) for name, kinds in groups.items()]
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select(attrs={"class": "form-select"}))


def _owner() -> forms.CharField:
    return forms.CharField(
        label=_("Whose"), required=False, max_length=254, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        help_text=_("A client's short name, a worker's address, or an id; nothing for our own."),
    )  # fmt: skip


class CorrectionForm(forms.Form):
    """One movement between two accounts, and why."""

    debit_kind, debit_owner = _account(_("Account")), _owner()
    credit_kind, credit_owner = _account(_("Account")), _owner()
    amount = _amount(_("Amount"))
    currency = _currency(_("Currency"))
    reason = forms.CharField(
        label=_("What was wrong, and why this makes it good"), min_length=REASON[0], max_length=REASON[1],
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )  # fmt: skip
    mismatch = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def options(self) -> dict[str, Any]:
        """What `corrections.draft` takes."""
        given = self.cleaned_data
        plain = {name: given[name] for name in ("debit_kind", "debit_owner", "credit_kind", "credit_owner", "reason")}
        amount = Money.parse(given["amount"], given["currency"], field="amount")
        return plain | {"amount": amount, "mismatch_id": given["mismatch"]}


class OwnExchangeForm(forms.Form):
    """What left one balance and what came to the other: amounts by hand, or balance transactions of Stripe's books."""

    out_movement = forms.CharField(label=_("From Stripe's books"), required=False, max_length=255)
    out = _amount(_("Amount"))
    out_currency = _currency(_("Currency"))
    into_movement = forms.CharField(label=_("From Stripe's books"), required=False, max_length=255)
    into = _amount(_("Amount"))
    into_currency = _currency(_("Currency"))
    note = forms.CharField(
        label=_("Where and how"), min_length=3, max_length=300, widget=forms.TextInput(attrs={"class": "form-control"}),
        help_text=_("Such as: at our bank, 20 Nov, reference 4711."),
    )  # fmt: skip
    sure = forms.BooleanField(label=_("I have checked it: the amounts are right"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for side in ("out", "into"):
            self.fields[side].required = not self.data.get(f"{side}_movement")
        if not self.is_bound and len(settings.PLATFORM_CURRENCIES) > 1:
            self.initial.setdefault("into_currency", settings.PLATFORM_CURRENCIES[1])

    def options(self) -> dict[str, Any]:
        """What `own_exchange.record` takes."""
        given = self.cleaned_data
        sides = {side: Money.parse(given[side] or "0", given[f"{side}_currency"], field=side) for side in ("out", "into")}
        return sides | {name: given[name] for name in ("out_movement", "into_movement", "note", "sure")}
