"""What a client says of an answer, as a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Styled
from marketplace.models.judging import Decision, Reason


class Verdict(Styled):
    """What a client says of an answer."""

    decision = forms.ChoiceField(choices=[one for one in Decision.choices if one[0] != Decision.FIX], widget=forms.RadioSelect)
    share = forms.IntegerField(label=_("Share that is paid"), min_value=1, max_value=99, required=False)
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *Reason.choices], required=False)
    clause = forms.CharField(label=_("Clause of the guideline"), max_length=200, required=False)
    comment = forms.CharField(
        label=_("What should be different"), max_length=2_000, required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decision") == Decision.ACCEPT_SHARE and not given.get("share") and "share" not in self.errors:
            self.add_error("share", _("Expected a share from 1 to 99 percent."))
        return given

    def verdict(self) -> dict[str, Any]:
        """The fields that `review.Judgement` takes."""
        given = self.cleaned_data
        if given["decision"] == Decision.ACCEPT:
            return {"decision": given["decision"]}
        found = {name: given[name] for name in ("decision", "reason", "clause", "comment")}
        if given["decision"] == Decision.ACCEPT_SHARE:
            found["share_bp"] = given["share"] * 100
        return found
