"""Agencies as ops keep them: opened for an owner, paused with a reason and let go on; who may be found as one."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from workers import facts, notices, organisations, queries
from workers.models import Agency, Membership, Organisation, TeamPlace, User

notices.declare(
    "agency.paused",
    gettext_lazy("Ops paused %(agency)s: %(reason)s. Its people go on working; it can invite and assign nobody until then."),
    url_name="market:agency_team", url_params=("org",), mail=True,
)  # fmt: skip
notices.declare(
    "agency.resumed", gettext_lazy("%(agency)s may invite and assign again."), url_name="market:agency_team", url_params=("org",)
)


class Paused(Conflict):
    """Ops paused this agency."""

    code = "agency_paused"


def open_agency(*, name: str, owner_email: str, by_id: uuid.UUID, now: datetime) -> Agency:
    """Make an agency whose first owner is the person with this confirmed address. Raises Invalid."""
    owner = User.objects.filter(email=owner_email.strip().lower(), is_active=True).first()
    if owner is None:
        raise Invalid(_("Nobody has an account with this address. They sign up first."), field="owner")
    if queries.ops_roles(owner.pk):
        raise Invalid(_("People of ops cannot own an agency."), field="owner")
    made = organisations.open_organisation(name=name, owner_id=owner.pk, now=now, kind=Organisation.AGENCY)
    agency = Agency.objects.create(organisation=made, opened_by_id=by_id, opened_at=now)
    audit.record(subject=agency, verb="agency.opened", actor_id=by_id, now=now)
    return agency


def find(agency_id: uuid.UUID) -> Agency:
    """Raises NotFound."""
    found = Agency.objects.select_related("organisation", "opened_by", "paused_by").filter(pk=agency_id).first()
    if found is None:
        raise NotFound(_("There is no such agency."))
    return found


def of(organisation: Organisation) -> Agency:
    """What an organisation of this kind has besides. Raises NotFound."""
    return find(organisation.pk)


def listing() -> QuerySet[Agency]:
    """All agencies by name, with how many people are in the team of each (`people`)."""
    there = Count("organisation__team", filter=Q(organisation__team__until__isnull=True))
    return Agency.objects.select_related("organisation").annotate(people=there).order_by("organisation__name", "pk")


def choices() -> list[tuple[str, str]]:
    """Ids and names of the agencies that a rule may ask for, for a form."""
    rows = Agency.objects.order_by("organisation__name").values_list("pk", "organisation__name")
    return [(str(pk), name) for pk, name in rows[:200]]


def pause(*, agency: Agency, reason: str, by_id: uuid.UUID, now: datetime) -> None:
    """Stop inviting and assigning; what the team does and earns is not touched. Raises Invalid, Conflict."""
    reason = " ".join(reason.split())
    if not 4 <= len(reason) <= 300 or "\x00" in reason:
        raise Invalid(_("Write the reason in 4 to 300 characters: the agency reads it."), field="reason")
    changed = Agency.objects.filter(pk=agency.pk, paused_at__isnull=True).update(
        paused_at=now, paused_by_id=by_id, pause_reason=reason
    )
    if not changed:
        raise Conflict(_("This agency is paused already."))
    audit.record(subject=agency, verb="agency.paused", actor_id=by_id, now=now)
    _tell(agency, "agency.paused", reason=reason)
    _facts_again(agency)


def resume(*, agency: Agency, by_id: uuid.UUID, now: datetime) -> None:
    """Let it go on. Raises Conflict."""
    if not Agency.objects.filter(pk=agency.pk, paused_at__isnull=False).update(paused_at=None, paused_by=None, pause_reason=""):
        raise Conflict(_("This agency is not paused."))
    audit.record(subject=agency, verb="agency.resumed", actor_id=by_id, now=now)
    _tell(agency, "agency.resumed")
    _facts_again(agency)


def require_active(agency_id: uuid.UUID) -> None:
    """Raises Paused, with the reason."""
    found = find(agency_id)
    if found.paused_at is not None:
        raise Paused(_("Ops paused this agency: %(reason)s") % {"reason": found.pause_reason})


def _tell(agency: Agency, kind: str, **params: str) -> None:
    for user_id in queries.members_of(agency.pk, roles=(Membership.OWNER, Membership.MANAGER)):
        notices.tell(user_id, kind, agency=agency.organisation.name, org=agency.organisation.slug, **params)


def _facts_again(agency: Agency) -> None:
    """What the agency put first counts from everybody's next ask on, or no more."""
    for worker_id in TeamPlace.objects.filter(agency_id=agency.pk, until__isnull=True).values_list("worker_id", flat=True):
        facts.touch(worker_id)
