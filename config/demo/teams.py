"""The demo's agency: Rosa brought two of the workers and has asked Ana; the health of each crowd, and templates of messages."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.demo.people import JOINED, Cast, open_payout_account, person
from config.demo.sign_ins import SIGN_INS
from marketplace import agency_work, announcements, message_templates, pool_health
from marketplace.models import Project
from marketplace.quality.bands import Bounds
from payments import agency_fees
from workers import agencies, teams
from workers.models import Agency, Membership, User, WorkerProfile

ROSA = ("Rosa Lindqvist", SIGN_INS["agency"][0])
BROUGHT = ("tomasz@demo.localhost", "aoife@demo.localhost")


def make(cast: Cast) -> None:
    """Open it two weeks ago, let people join, note what has been earned with them since; and read the health of the crowds."""
    now = timezone.now()
    joined = now - JOINED + timedelta(hours=1)
    rosa = person(*ROSA)
    WorkerProfile.objects.create(user=rosa, country="SE", onboarded_at=None)
    with transaction.atomic():
        agency = agencies.open_agency(name="Nordlicht Teams", owner_email=rosa.email, by_id=cast.olu.pk, now=joined)
        agency_fees.agree(
            agency=agency.organisation, share_bp=1_500, from_day=joined.date(), note="Contract of this month", by_id=cast.rahel.pk,
            now=joined,
        )  # fmt: skip
        _team(agency, rosa, cast)
    if settings.STRIPE_API_BASE:
        open_payout_account(rosa, joined)
        with transaction.atomic():
            agency_fees.name_payee(agency=agency.organisation, user_id=rosa.pk, by_id=rosa.pk, now=now - timedelta(days=5))
    hold = Bounds(least_hours_each=0.011)
    began = now - timedelta(days=6)
    with transaction.atomic():
        pool_health.publish(wanted=hold, from_at=began, by_id=cast.olu.pk, now=began)
    for at in (now - timedelta(hours=3), now - timedelta(hours=2), now):
        pool_health.watch(now=at)
    agency_fees.note_days(now=now)
    agency_fees.post_due(now=now)


TEMPLATES = {
    "New work": {
        "en": {
            "title": "New work for you",
            "text": "Hello {first_name},\n\nthere is new work on {product}. Have a look when it suits you.\n\n{sender}",
        },
        "de": {
            "title": "Neue Arbeit für Sie",
            "text": "Guten Tag {first_name},\n\nes gibt neue Arbeit bei {product}, wann immer es Ihnen passt.\n\n{sender}",
        },
        "pt": {
            "title": "Há trabalho novo",
            "text": "Olá {first_name},\n\nhá trabalho novo em {product}. Veja quando lhe convier.\n\n{sender}",
        },
    },
    "A night of maintenance": {
        "en": {
            "title": "Maintenance tonight",
            "text": "Hello {first_name},\n\nbetween 01:00 and 02:00 UTC pages may be slow. Nothing you saved is lost.",
        },
    },
}
"""Templates of messages: name, then title and text by language."""


def write_templates(cast: Cast) -> None:
    """What ops send more than once; one of them went out yesterday."""
    now = timezone.now()
    with transaction.atomic():
        made = [
            message_templates.create(name=name, language="en", texts=texts, by_id=cast.olu.pk, now=now - timedelta(days=3))
            for name, texts in TEMPLATES.items()
        ]
        announcements.announce_template(pool=None, template=made[0], by_id=cast.olu.pk, now=now - timedelta(days=1))
    for _round in range(2):
        with transaction.atomic():
            announcements.send_due(now=now - timedelta(days=1))


def _team(agency: Agency, rosa: User, cast: Cast) -> None:
    joined, owner = agency.opened_at, Membership.objects.get(organisation=agency.organisation, user=rosa)
    for worker in cast.workers:
        if worker.email in BROUGHT:
            invitation, _token = teams.invite(agency=agency.organisation, email=worker.email, by=owner, now=joined)
            teams.accept(invitation=invitation, worker_id=worker.pk, addresses={worker.email}, now=joined)
    now = timezone.now()
    for address in (cast.workers[0].email, "hanna.berg@example.org"):
        teams.invite(agency=agency.organisation, email=address, by=owner, now=now - timedelta(hours=20))
    first = Project.objects.order_by("created_at", "id").values_list("pk", flat=True)[0]
    agency_work.pick(agency=agency.organisation, project_id=first, worker_ids=None, by_id=rosa.pk, now=now - timedelta(hours=18))
