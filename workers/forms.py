"""The forms of people and organisations: they check shapes and hand over; the rules live in the stages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm as AccountSignupForm
from allauth.core import context
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workers import organisations, people
from workers.models import Invitation, Organisation, User

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
        with transaction.atomic():
            user: User = super().save(request)
            User.objects.filter(pk=user.pk).update(name=self.cleaned_data["name"].strip(), consented_at=now)
            user.name, user.consented_at = self.cleaned_data["name"].strip(), now
            if self.cleaned_data.get("audience") == WORKER:
                people.become_worker(user_id=user.pk)
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


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Opening an organisation."""

    class Meta:
        model = Organisation
        fields = ("name", "billing_currency")
        labels = {"name": _("Name"), "billing_currency": _("Billing currency")}
        help_texts = {"billing_currency": _("What you pay in; it cannot be changed later.")}
