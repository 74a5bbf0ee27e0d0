"""Inviting people who are not here yet to funded work: never more than it carries, each line of a list with its own word."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Invalid, ProductError, Text
from marketplace import demand, eligibility, pool_files, pools, rules
from marketplace.demand import Demand
from marketplace.models import Batch, BulkAction, PoolMember, Project
from marketplace.pool_files import BadLine
from marketplace.waitlist import NothingFunded
from qualification.models import Skill
from workers import organisations, work_invitations
from workers.models import Invitation, Organisation, User

MOST_LINES = 500
A_DAY = timedelta(days=1)
MOST_A_DAY = 200
"""Addresses that one client, or one person of ops, may ask within 24 hours."""


class TooManyToday(Invalid):
    """So many addresses were asked within 24 hours."""

    code = "invited_enough_today"
    status = 429


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a list of addresses came to: who is asked (or would be), and which lines are not, with why."""

    demand: Demand
    room: int
    """How many more may be asked: what the funded slots carry, less those at work, told and asked."""
    asked: list[str]
    bad: list[BadLine]


def room(one: Demand, *, now: datetime) -> int:
    """How many more people may be asked to come: everybody who was asked and may still come counts."""
    return max(one.room - work_invitations.open_about(one.project.pk, now=now).count(), 0)


def look(*, project: Project, text: str, by_id: uuid.UUID, organisation: Organisation | None, now: datetime) -> Outcome:
    """A dry run. Raises NothingFunded naming what is missing, Invalid."""
    one = _funded(project, now)
    carried = room(one, now=now)
    may = min(carried, _left_today(by_id, organisation, now))
    asked, bad, seen = list[str](), list[BadLine](), set[str]()
    for line, address in _addresses(text):
        if address in seen:
            bad.append(BadLine(line, address, _("named twice")))
        elif why := _fault(project, address, now):
            bad.append(BadLine(line, address, str(why)))
        elif len(asked) >= may:
            bad.append(BadLine(line, address, _over(one, may, carried)))
        else:
            asked.append(address)
        seen.add(address)
    return Outcome(one, carried, asked, bad)


def send(*, project: Project, text: str, by_id: uuid.UUID, organisation: Organisation | None, now: datetime) -> Outcome:
    """Ask everybody on the list whom `look` finds right; a runner mails them. `organisation` is the client that asks, None for ops.

    Raises NothingFunded, Invalid, TooManyToday. Needs a transaction.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    found = look(project=project, text=text, by_id=by_id, organisation=organisation, now=now)
    if not found.asked and not _left_today(by_id, organisation, now):
        raise TooManyToday(_("%(most)s addresses were asked within 24 hours. Go on tomorrow.") % {"most": MOST_A_DAY}, field="people")
    for address in found.asked:
        work_invitations.ask(about=project.pk, organisation=organisation, email=address, by_id=by_id, now=now)
    return found


def _funded(project: Project, now: datetime) -> Demand:
    one = demand.of(project.pk, now=now)
    if one is None:
        raise NothingFunded(missing(project))
    return one


def missing(project: Project) -> str:
    """Why nothing of a project is funded and open, in words."""
    states = set(Batch.objects.filter(project=project).values_list("state", flat=True))
    if "active" in states or "launching" in states:
        return _("Every funded task of this project is taken right now. Launch more, or wait until some come back.")
    if "paused" in states:
        return _("The batches of this project are paused. Let one go on first.")
    if "draft" in states:
        return _("No batch of this project is funded: launch the draft first.")
    return _("This project has no batch in motion: open one, fund it and launch it first.")


def _addresses(text: str) -> list[tuple[int, str]]:
    """Lines and addresses of a list or a CSV with a column that is called so. Raises Invalid."""
    lines = enumerate(csv.reader(io.StringIO(text.replace("\x00", ""))), start=1)
    rows = [(number, row) for number, row in lines if any(map(str.strip, row))]
    if not rows:
        raise Invalid(_("Name at least one address."), field="people")
    head = [cell.strip().lower() for cell in rows[0][1]]
    column = next((at for at, cell in enumerate(head) if cell in pool_files.HEADS), None)
    body = rows[1:] if column is not None else rows
    if len(body) > MOST_LINES:
        raise Invalid(_("At most 500 addresses at once."), field="people")
    at = column or 0
    return [(number, cells[at].strip().removeprefix("'").lower()[:254] if at < len(cells) else "") for number, cells in body]


def _fault(project: Project, address: str, now: datetime) -> Text | None:
    """Why this address is not asked; says nothing of whether somebody has an account here."""
    try:
        organisations.check_address(address)
    except ProductError:
        return _("no e-mail address")
    return work_invitations.why_not(about=project.pk, email=address, now=now)


def _over(one: Demand, may: int, carried: int) -> str:
    if may < carried:
        return _("%(most)s addresses were asked within 24 hours: go on tomorrow") % {"most": MOST_A_DAY}
    return _("the funded work carries no more people (%(slots)s open tasks, %(carries)s people in all)") % {
        "slots": one.slots, "carries": one.carries,
    }


def _left_today(by_id: uuid.UUID, organisation: Organisation | None, now: datetime) -> int:
    rows = Invitation.objects.filter(about__isnull=False, created_at__gt=now - A_DAY)
    rows = rows.filter(organisation=organisation) if organisation else rows.filter(organisation=None, invited_by_id=by_id)
    return max(MOST_A_DAY - rows.count(), 0)


def of_project(project: Project) -> QuerySet[Invitation]:
    """All that were made for a project, the newest first."""
    return Invitation.objects.filter(about=project.pk).select_related("invited_by").order_by("-created_at", "-id")


# --- what an invitation stands for --------------------------------------------------------------------------------------


def _offer(about: uuid.UUID, now: datetime) -> work_invitations.Offer | None:
    project = Project.objects.select_related("organisation").filter(pk=about, archived_at__isnull=True).first()
    if project is None:
        return None
    one = demand.of(about, now=now)
    if one is None:
        return work_invitations.Offer(project.name, project.organisation.name)
    return work_invitations.Offer(
        title=project.name, organisation=project.organisation.name, slots=one.slots, hours=one.hours, price=one.price,
        hourly=one.hourly, measured=one.measured, wants=_wants(project),
    )  # fmt: skip


def _wants(project: Project) -> list[Text]:
    """What the rule asks of a person, with skills by their names."""
    names = dict(Skill.objects.filter(slug__in=rules.skills_of(project.eligibility)).values_list("slug", "name"))
    asked = rules.misses(project.eligibility, rules.Facts())
    return [miss.wants.replace(miss.skill, names.get(miss.skill, miss.skill)) if miss.skill else miss.wants for miss in asked]


def _came(invitation: Invitation, user: User, now: datetime) -> None:
    """Where the project is limited to named people, whoever was asked has a place there."""
    project = Project.objects.select_related("pool").filter(pk=invitation.about or uuid.UUID(int=0)).first()
    if project is None:
        return
    pool = project.pool
    if pool is not None and pool.listed and not PoolMember.objects.filter(pool=pool, worker_id=user.pk).exists():
        pools.apply(kind=BulkAction.ADD, pool=pool, worker_ids=[user.pk], actor_id=invitation.invited_by_id, now=now)
    audit.record(subject=project, verb="project.somebody_came", actor_id=user.pk, now=now)
    eligibility.make_ready(worker_id=user.pk, now=now)


work_invitations.declare(_offer, _came)
