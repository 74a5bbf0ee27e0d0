"""A worker's page of referrals, and the page behind a worker's link: who is wanted, for what fee, or honestly that nobody is."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from kit.errors import NotFound
from kit.money import Money
from marketplace import referrals
from marketplace.models import Referral, ReferralCode
from workers import access, newcomers
from workers.access import WorkerRequest

SHOWN = 50
STATES = {
    "promised": (gettext_lazy("at work towards it"), "wait"), "held": (gettext_lazy("a person looks at it"), "wait"),
    "paid": (gettext_lazy("paid"), "good"), "lapsed": (gettext_lazy("not in time"), ""), "refused": (gettext_lazy("not paid"), ""),
}  # fmt: skip


@require_GET
@access.worker
def page(request: WorkerRequest) -> HttpResponse:
    """My link while somebody is needed; who came by it is not told, only how far they are."""
    now, worker_id = timezone.now(), request.user.pk
    offer = referrals.offered(now=now)
    left = referrals.places_left(worker_id=worker_id, programme=offer.programme) if offer.programme else 0
    link = ""
    if offer.open and left:
        with transaction.atomic(durable=True):
            link = referrals.link_of(worker_id=worker_id, now=now)
    return render(request, "worker/referrals.html", {
        "offer": offer, "link": link, "left": left, "rows": [shown(row) for row in referrals.of_referrer(worker_id)[:SHOWN]],
        "crumbs": [{"label": _("My desk"), "url": reverse("market:work_home")}],
    })  # fmt: skip


def shown(row: Referral) -> dict[str, Any]:
    """A promise as its referrer sees it."""
    words, tone = STATES[row.state]
    return {
        "it": row, "words": words, "tone": tone, "amount": Money(int(row.terms["referrer_units"]), row.terms["currency"]),
        "done": referrals.counted(row) if row.state == "promised" else None, "total": row.terms["answers"],
    }  # fmt: skip


@require_GET
@access.public
def came_by(request: HttpRequest, code: str) -> HttpResponse:
    """Where a link leads: what is wanted and what both would get, before somebody signs up. Raises NotFound for a link of nobody."""
    if not code.isalnum() or not ReferralCode.objects.filter(code=code, worker__standing="active").exists():
        raise NotFound(_("Nobody has this link. Ask for it again, or sign up without one."))
    if not request.user.is_authenticated:
        request.session[newcomers.CAME_BY] = code
    return render(request, "people/came_by.html", {"offer": referrals.offered(now=timezone.now())})
