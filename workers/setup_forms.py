"""The forms of onboarding's optional steps, and of ops' word on a credential; the rules live in the stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit import documents
from workers import preferences
from workers.models import Credential, Setup
from workers.models.setup import DOMAINS, EDUCATION

ROWS = 4


class Drafted(forms.Form):
    """A form that goes on where it was left on another device: `draft` is what was typed there and not saved."""

    def __init__(self, *args: Any, draft: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft or {}

    def take_up(self) -> None:
        """Put the draft where the form would show what is kept; to be called once all fields are there."""
        for name, value in self.draft.items():
            if name in self.fields:
                many = isinstance(self.fields[name], forms.MultipleChoiceField)
                self.initial[name] = value if many or not isinstance(value, list) else (value or [""])[0]


class BackgroundForm(Drafted):
    """Education, and domains with years; as many rows as there are domains, and one to add."""

    education = forms.ChoiceField(label=_("Highest education"), required=False, choices=[("", _("I would rather not say")), *EDUCATION])

    def __init__(self, *args: Any, setup: Setup, **kwargs: Any) -> None:
        super().__init__(*args, initial={"education": setup.education}, **kwargs)
        self.rows = max(ROWS, len(setup.expertise) + 1)
        for at in range(self.rows):
            row = setup.expertise[at] if at < len(setup.expertise) else {"domain": "", "years": None}
            self.fields[f"domain_{at}"] = forms.ChoiceField(
                label=_("Field"), required=False, choices=[("", "—"), *DOMAINS], initial=row["domain"]
            )
            self.fields[f"years_{at}"] = forms.IntegerField(
                label=_("Years"), required=False, min_value=0, max_value=preferences.MOST_YEARS, initial=row["years"]
            )
        self.take_up()

    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Pairs of fields, for the template."""
        return [(self[f"domain_{at}"], self[f"years_{at}"]) for at in range(self.rows)]

    def expertise(self) -> list[dict[str, Any]]:
        """As `preferences.save_background` takes it."""
        given = self.cleaned_data
        pairs = [(given.get(f"domain_{at}"), given.get(f"years_{at}")) for at in range(self.rows)]
        return [{"domain": domain, "years": years or 0} for domain, years in pairs if domain]


class ComfortForm(Drafted):
    """What makes work possible, and what somebody would rather not see."""

    accessibility = forms.MultipleChoiceField(
        label=_("What makes work possible for you"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=list(preferences.ACCESSIBILITY.items()),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Anything else that helps"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Ops read it when they set up a test for you. Clients never do."),
    )  # fmt: skip
    avoids = forms.MultipleChoiceField(
        label=_("Do not offer me work that shows"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=list(preferences.CONTENT.items()),
    )  # fmt: skip

    def __init__(self, *args: Any, setup: Setup, **kwargs: Any) -> None:
        kept = {"accessibility": setup.accessibility, "note": setup.accessibility_note, "avoids": setup.avoids}
        super().__init__(*args, initial=kept, **kwargs)
        self.take_up()


QUIET = [(0, _("Tell me at once")), (1, _("Quiet for a day")), (7, _("Quiet for a week")), (30, _("Quiet for 30 days")),
         (90, _("Quiet for 90 days"))]  # fmt: skip


class AvailabilityForm(Drafted):
    """Hours, times of the week, and quiet."""

    hours_per_week = forms.IntegerField(
        label=_("Hours a week that you would like to work"), required=False, min_value=1, max_value=preferences.MOST_HOURS,
        help_text=_("A wish, not a promise: nobody holds you to it. Empty: it varies."),
    )  # fmt: skip
    times = forms.MultipleChoiceField(label=_("When"), required=False, widget=forms.CheckboxSelectMultiple)
    quiet_days = forms.TypedChoiceField(label=_("Alerts of new work"), coerce=int, choices=QUIET, initial=0)

    def __init__(self, *args: Any, setup: Setup, **kwargs: Any) -> None:
        super().__init__(*args, initial={"hours_per_week": setup.hours_per_week, "times": setup.times}, **kwargs)
        self.fields["times"].choices = [  # type: ignore[attr-defined]
            (f"{day}-{part}", f"{name}, {words}")
            for part, words in preferences.PARTS.items() for day, name in preferences.DAYS.items()
        ]
        self.take_up()

    def grid(self) -> list[tuple[Any, list[tuple[str, Any, bool]]]]:
        """Rows of the week's table: part of the day, and for each day the code, its words and whether it is chosen."""
        chosen = set(self["times"].value() or [])
        return [
            (words, [(f"{day}-{part}", f"{name}, {words}", f"{day}-{part}" in chosen) for day, name in preferences.DAYS.items()])
            for part, words in preferences.PARTS.items()
        ]


class CredentialForm(Drafted):
    """A credential and its proof."""

    kind = forms.ChoiceField(label=_("What it is"), choices=Credential.HANDED_IN)
    domain = forms.ChoiceField(label=_("Field"), choices=DOMAINS)
    title = forms.CharField(label=_("Title"), max_length=120, help_text=_("As it stands on the document, such as MSc Biology."))
    issuer = forms.CharField(label=_("Issued by"), max_length=120)
    year = forms.IntegerField(label=_("Year"), required=False, min_value=1940, max_value=2100)
    proof = forms.FileField(label=_("The document"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.take_up()

    def clean_proof(self) -> Any:
        """The size is looked at before the content is read."""
        proof = self.cleaned_data["proof"]
        if (proof.size or 0) > documents.MAX_BYTES:
            raise forms.ValidationError(_("The document is larger than 10 MB."))
        return proof


class CredentialVerdictForm(forms.Form):
    """Ops' word on a credential."""

    verdict = forms.ChoiceField(
        label=_("Verdict"), choices=[("verify", _("It holds")), ("refuse", _("It does not"))], widget=forms.RadioSelect
    )
    reason = forms.ChoiceField(
        label=_("Why not"), required=False, choices=[("", "—"), *Credential.REASONS], help_text=_("The person reads this.")
    )
    note = forms.CharField(
        label=_("Note for ops"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("How it was checked. Only ops read it."),
    )  # fmt: skip


class HandOverForm(forms.Form):
    """Giving an item of a work queue to somebody else."""

    to = forms.EmailField(label=_("To (address)"))
    note = forms.CharField(label=_("What they should know"), required=False, max_length=500)
