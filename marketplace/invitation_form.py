"""The form by which clients and ops invite people by address, and what its page shows besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace import demand, invitations, pool_files
from marketplace.forms import Styled
from marketplace.models import Project
from workers import work_invitations
from workers.models import Organisation

SHOWN = 100
STATES = {
    "waiting": (_("goes out now"), "wait"), "sent": (_("sent"), "wait"), "accepted": (_("came"), "good"), "declined": (_("said no"), ""),
    "withdrawn": (_("withdrawn"), ""), "expired": (_("expired"), ""),
}  # fmt: skip


class Inviting(Styled):
    """Addresses, one a line, or a file of them."""

    people = forms.CharField(
        label=_("E-mail addresses, one a line"), required=False, max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )  # fmt: skip
    file = forms.FileField(label=_("Or a CSV file"), required=False)

    def text(self) -> str:
        """What was given, of either kind. Raises Invalid for a file that is no text."""
        file = self.cleaned_data.get("file")
        return pool_files.decode(file.read(pool_files.LARGEST + 1)) if file else self.cleaned_data["people"]


def shown(project: Project, now: datetime, organisation: Organisation | None) -> dict[str, Any]:
    """The project's invitations (a client sees its own) with their states, and how many more people its funded work carries."""
    one = demand.of(project.pk, now=now)
    made = invitations.of_project(project)
    made = made.filter(organisation=organisation) if organisation else made
    rows = [
        {"it": row, "words": STATES[state][0], "tone": STATES[state][1], "open": state in ("waiting", "sent")}
        for row in made[:SHOWN] for state in [work_invitations.state_of(row, now=now)]
    ]  # fmt: skip
    return {
        "rows": rows, "demand": one, "room": invitations.room(one, now=now) if one else 0,
        "missing": "" if one else invitations.missing(project), "project": project,
        "columns": [{"label": _("Address")}, {"label": _("State")}, {"label": _("Asked"), "num": True}, {"label": _("By"), "rank": 2},
                    {"label": _("Withdraw"), "hidden": True}],
    }  # fmt: skip
