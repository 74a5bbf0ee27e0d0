"""The page of the identity check: why it is asked, what is kept of it, and the way to Stripe's own page."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from payments import gateway, identity, words
from workers import access
from workers import identity as proofs
from workers.access import WorkerRequest
from workers.views.setup import frame


@require_http_methods(["GET", "POST"])
@access.worker
def page(request: WorkerRequest) -> HttpResponse:
    """Where the check stands; a click leads on to Stripe's page, which is made for that click."""
    who, now = request.user.pk, timezone.now()
    if request.method == "POST":
        back = f"{settings.PUBLIC_URL}{reverse('payments:identity')}?back=1"
        return HttpResponseRedirect(identity.begin(user_id=who, return_url=back, now=now))
    if "back" in request.GET:
        _look(request)
        return redirect("payments:identity")
    check, held = identity.latest(who), proofs.held(who, now=now)
    return render(request, "worker/onboarding_identity.html", frame(request, "identity", {
        "check": check, "held": held, "may_begin": proofs.may_renew(who, now=now), "days": proofs.RENEW_WITHIN.days,
        "fault": words.identity_fault(check.fault) if check and check.state == "started" and check.fault else "",
    }))  # fmt: skip


def _look(request: WorkerRequest) -> None:
    """Somebody comes back from Stripe: ask at once how it went; the event says it too, a moment later."""
    check = identity.latest(request.user.pk)
    if check is None or not check.session_id:
        return
    try:
        seen = identity.read_again(session_id=check.session_id, now=timezone.now())
    except gateway.GatewayError:
        return
    if seen is not None and seen.state == "verified":
        messages.success(request, _("Your identity is confirmed."))
