"""The forms of people and organisations: they check shapes and hand over; the rules live in the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm as AccountSignupForm
from allauth.core import context
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.errors import ProductError, Text
from workers import appeals, languages, newcomers, onboarding, organisations, people, standing, tokens
from workers.countries import COUNTRIES
from workers.models import Agreement, Invitation, Membership, OpsRole, StandingDecision, User

Result = TypeVar("Result")

WORKER, CLIENT = "worker", "client"
INVITATION_IN_SESSION = "invitation"
"""Where the accept page leaves the secret of an invitation for a person who still has to sign up."""


class SignupForm(AccountSignupForm):
    """Sign-up with a name and what the person comes for: to work, or to post work for an organisation.

    Whoever comes with an invitation signs up for neither: they will join, with the address that was invited.
    """

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    audience = forms.ChoiceField(
        label=_("What brings you here?"),
        choices=[(WORKER, _("I want to work")), (CLIENT, _("I have work to post"))],
        widget=forms.RadioSelect,
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=120,
        required=False,
        help_text=_("Only to post work: who pays."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    consent = forms.BooleanField(
        label=_("I am at least 18 and agree that my data is processed to run my account"),
        error_messages={"required": _("Without this we may not keep your account.")},
    )
    field_order = ("audience", "name", "email", "organisation", "password1", "consent")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        request = context.request
        self.invitation = _invitation(request)
        if self.invitation:
            for needless in ("audience", "organisation"):
                del self.fields[needless]
            self.fields["email"].initial = self.invitation.email
        elif request is not None and request.GET.get("as") in (WORKER, CLIENT):
            self.fields["audience"].initial = request.GET["as"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if cleaned.get("audience") == CLIENT and len((cleaned.get("organisation") or "").strip()) < 2:
            self.add_error("organisation", _("Name the organisation that posts the work."))
        if self.invitation and cleaned.get("email") not in (None, self.invitation.email):
            self.add_error("email", _("Use the address that the invitation was sent to."))
        return cleaned

    def save(self, request: HttpRequest) -> User:
        """The person and their place, or neither."""
        now = timezone.now()
        if self.invitation is None:
            # An address that an invitation proved must not become somebody else's once that invitation is gone.
            get_adapter(request).unstash_verified_email(request)
        with transaction.atomic():
            user: User = super().save(request)
            User.objects.filter(pk=user.pk).update(name=self.cleaned_data["name"].strip(), consented_at=now)
            user.name, user.consented_at = self.cleaned_data["name"].strip(), now
            to_work = self.invitation is not None and self.invitation.role == Invitation.WORKER
            if to_work or self.cleaned_data.get("audience") == WORKER:
                people.become_worker(user_id=user.pk)
                if word := request.session.pop(newcomers.CAME_BY, ""):
                    newcomers.tell(worker_id=user.pk, word=str(word), now=now)
            elif self.cleaned_data.get("audience") == CLIENT:
                organisations.open_organisation(name=self.cleaned_data["organisation"], owner_id=user.pk, now=now)
        return user

    def try_save(self, request: HttpRequest) -> Any:
        """Two sign-ups of one address at once: the second is answered like any address that is taken."""
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)


def _invitation(request: HttpRequest | None) -> Invitation | None:
    token = request.session.get(INVITATION_IN_SESSION) if request is not None and hasattr(request, "session") else None
    if not token:
        return None
    try:
        return organisations.find_invitation(token=token, now=timezone.now())
    except organisations.InvitationGone:
        return None


def carry_out(form: forms.Form, action: Callable[[], Result]) -> Result | None:
    """Do what a form asks for, in a transaction; a refusal becomes the form's error and None comes back."""
    try:
        with transaction.atomic(durable=True):
            return action()
    except ProductError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return None


class ProfileForm(forms.Form):
    """Where a worker lives and what they speak: as many language rows as there are languages, and some to add."""

    country = forms.ChoiceField(label=_("Country you live in"))
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Pages show times in this zone."))

    def __init__(
        self, *args: Any, spoken: list[dict[str, str]], draft: Mapping[str, list[str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        names = sorted(((code, str(name)) for code, name in COUNTRIES.items()), key=lambda pair: pair[1])
        zones = sorted(onboarding.time_zones())
        self.fields["country"].choices = [("", "—"), *names]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
        self.rows = max(len(spoken) + 2, 3)
        for at in range(self.rows):
            row = spoken[at] if at < len(spoken) else {"code": "", "level": ""}
            self.fields[f"language_{at}"] = _choice(_("Language"), languages.LANGUAGES, row["code"], in_order=False)
            self.fields[f"level_{at}"] = _choice(_("Level"), languages.LEVEL_NAMES, row["level"], in_order=True)
        for name, typed in (draft or {}).items():
            if name in self.fields and typed:
                self.initial[name] = typed[0]

    def language_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Pairs of fields, for the template."""
        return [(self[f"language_{at}"], self[f"level_{at}"]) for at in range(self.rows)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        spoken = []
        for at in range(self.rows):
            code, level = cleaned.get(f"language_{at}"), cleaned.get(f"level_{at}")
            if code and not level:
                self.add_error(f"level_{at}", _("How well do you know it?"))
            elif code:
                spoken.append({"code": code, "level": level})
        cleaned["languages"] = spoken
        return cleaned


def _choice(label: Any, names: Mapping[str, Text], initial: str, *, in_order: bool) -> forms.ChoiceField:
    pairs = [(code, str(name)) for code, name in names.items()]
    if not in_order:
        pairs.sort(key=lambda pair: pair[1])
    return forms.ChoiceField(label=label, choices=[("", "—"), *pairs], required=False, initial=initial)


class SignForm(forms.Form):
    """Agreeing to one version of a text."""

    agreement = forms.UUIDField(widget=forms.HiddenInput)
    agree = forms.BooleanField(label=_("I have read this and agree"), error_messages={"required": _("Tick the box to agree.")})


class AppealForm(forms.Form):
    """What a person says against a decision."""

    text = forms.CharField(
        label=_("What should be looked at again?"), max_length=appeals.LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 6})
    )


class TokenForm(forms.Form):
    """What a new API token shall be allowed; the scopes on offer are those that its owner could use here."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("So that you know it again: what uses it?"))
    scopes = forms.MultipleChoiceField(label=_("It may"), widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(
        label=_("It ends after"),
        coerce=int,
        initial=tokens.DAYS,
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year"))],
    )

    def __init__(self, *args: Any, offered: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(code, tokens.SCOPES[code]) for code in offered]  # type: ignore[attr-defined]


class OrganisationForm(forms.Form):
    """Opening an organisation."""

    name = forms.CharField(label=_("Name"), max_length=120)
    currency = forms.ChoiceField(
        label=_("Billing currency"),
        choices=[(code, code) for code in settings.PLATFORM_CURRENCIES],
        help_text=_("What you pay in; it cannot be changed later."),
    )


class RenameForm(forms.Form):
    """Another name for an organisation."""

    name = forms.CharField(label=_("Name"), max_length=120)


class InviteForm(forms.Form):
    """Asking somebody to join."""

    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=Membership.ROLES, initial=Membership.VIEWER)


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=Membership.ROLES)


class OpsRoleForm(forms.Form):
    """Making somebody part of ops."""

    email = forms.EmailField(label=_("E-mail address of an account"))
    role = forms.ChoiceField(label=_("Role"), choices=OpsRole.ROLES)


class AgreementForm(forms.Form):
    """The next version of an agreement."""

    kind = forms.ChoiceField(label=_("For"), choices=Agreement.KINDS)
    title = forms.CharField(label=_("Title"), max_length=200)
    text = forms.CharField(
        label=_("Text"), help_text=_("In Markdown. People sign exactly this."), widget=forms.Textarea(attrs={"rows": 18})
    )


class PauseForm(forms.Form):
    """Pausing a worker."""

    reason = forms.ChoiceField(label=_("Reason, as the person reads it"), choices=standing.PAUSE_REASON_CHOICES)
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=30, initial=7)


class DecisionForm(forms.Form):
    """A decision against a person: reason, clause, evidence."""

    reason = forms.ChoiceField(
        label=_("Reason"), choices=[("", "—"), *(each for each in StandingDecision.REASONS if each[0] != "country")]
    )
    clause = forms.CharField(
        label=_("Clause of the rules"), max_length=200, help_text=_("Which rule this rests on, such as 4.2.")
    )
    evidence_kind = forms.CharField(
        label=_("Kind of evidence"), max_length=40, help_text=_("Such as submission, message, document.")
    )
    evidence_ref = forms.CharField(label=_("Where it is"), max_length=200, required=False)
    evidence_note = forms.CharField(
        label=_("What it shows"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text=_("The person reads this.")
    )

    def evidence(self) -> list[dict[str, str]]:
        """As `decisions.decide` takes it."""
        given = self.cleaned_data
        return [{"kind": given["evidence_kind"], "ref": given["evidence_ref"], "note": given["evidence_note"]}]


class AppealAnswerForm(forms.Form):
    """The first human answer to an appeal."""

    text = forms.CharField(
        label=_("What the decision rests on"), max_length=appeals.LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 5})
    )


class ConcessionForm(forms.Form):
    """The other side agrees with an appeal."""

    text = forms.CharField(
        label=_("A word to the worker (optional)"), required=False, max_length=appeals.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AppealVerdictForm(forms.Form):
    """A second person's decision on an appeal."""

    verdict = forms.ChoiceField(
        label=_("Verdict"),
        choices=[("overturn", _("The person is right")), ("uphold", _("The decision stands"))],
        widget=forms.RadioSelect,
    )
    grounds = forms.CharField(label=_("Why"), max_length=appeals.LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 5}))
