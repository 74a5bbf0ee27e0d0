"""Pages that every audience has: notices, and API tokens."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from workers import access, notices, queries, tokens
from workers.access import ClientRequest, PersonRequest
from workers.forms import TokenForm, carry_out
from workers.models import ApiToken, Membership, Notice, Organisation

SHOWN = 30


def _notices(request: HttpRequest) -> HttpResponse:
    """The newest notices; seeing them is reading them."""
    user = access.user_of(request)
    rows = Notice.objects.filter(user=user, shown=True)
    page = paging.page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=SHOWN)
    shown = [notices.show(row) for row in page.rows]
    with transaction.atomic(durable=True):
        notices.mark_read(user_id=user.pk, ids=[one.id for one in shown if not one.read], now=timezone.now())
    return render(request, "worker/notices.html", {"notices": shown, "page": page})


@require_GET
@access.worker
def worker_notices(request: PersonRequest) -> HttpResponse:
    """A worker's notices."""
    return _notices(request)


@require_GET
@access.client("viewer", agencies=True)
def client_notices(request: ClientRequest, org: str) -> HttpResponse:
    """The notices of a person of a client."""
    return _notices(request)


@require_GET
@access.ops()
def ops_notices(request: PersonRequest) -> HttpResponse:
    """The notices of a person of ops."""
    return _notices(request)


@require_http_methods(["GET", "POST"])
@access.signed_in
def notice_settings(request: PersonRequest) -> HttpResponse:
    """How one wants to hear of what: in the product, by mail, or not at all; what law and money need is always told."""
    user_id = request.user.pk
    if request.method == "POST":
        with transaction.atomic(durable=True):
            for group in notices.GROUPS:
                notices.prefer(
                    user_id=user_id, group=group, in_app=f"{group}-in_app" in request.POST, mail=f"{group}-mail" in request.POST
                )  # fmt: skip
        messages.success(request, _("Saved."))
        return redirect("workers:notice_settings")
    wanted = notices.preferences(user_id)
    rights = queries.rights(user_id)
    rows = [
        {"key": key, "group": group, "in_app": wanted[key][0], "mail": wanted[key][1]}
        for key, group in notices.GROUPS.items() if key != "queue" or rights.ops_roles
    ]  # fmt: skip
    return render(request, "people/notice_settings.html", {"rows": rows})


def _tokens(request: HttpRequest, *, offered: list[str], organisation: Organisation | None, here: str) -> HttpResponse:
    """A person's tokens of one audience, and a form to make one; the key of a new one is shown this once."""
    user = access.user_of(request)
    form = TokenForm(request.POST or None, offered=offered)
    made = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = carry_out(
            form,
            lambda: tokens.make(
                user_id=user.pk,
                name=given["name"],
                scopes=given["scopes"],
                days=given["days"],
                organisation_id=organisation.pk if organisation else None,
                now=timezone.now(),
            ),
        )
        if made is not None:
            form = TokenForm(offered=offered)
    kept = ApiToken.objects.filter(user=user, organisation=organisation, revoked_at__isnull=True)
    mine = [row for row in kept.order_by("-created_at")[:200] if organisation or set(row.scopes) & set(offered)]
    context = {"form": form, "made": made, "tokens": mine, "here": here, "now": timezone.now(), "organisation": organisation}
    response = render(request, "worker/tokens.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@access.worker
@access.reauthenticated
def worker_tokens(request: PersonRequest) -> HttpResponse:
    """Tokens for a worker's programs."""
    return _tokens(request, offered=[tokens.WORK, tokens.PAYMENTS], organisation=None, here=reverse("workers:tokens"))


@require_http_methods(["GET", "POST"])
@access.client("viewer", agencies=True)
@access.reauthenticated
def client_tokens(request: ClientRequest, org: str) -> HttpResponse:
    """Tokens for an organisation's programs; a viewer's can only read."""
    may_write = request.membership.role != Membership.VIEWER
    offered = [tokens.CLIENT_READ, tokens.CLIENT_WRITE] if may_write else [tokens.CLIENT_READ]
    here = reverse("workers:client_tokens", kwargs={"org": org})
    return _tokens(request, offered=offered, organisation=request.organisation, here=here)


@require_http_methods(["GET", "POST"])
@access.ops()
@access.reauthenticated
def ops_tokens(request: PersonRequest) -> HttpResponse:
    """Tokens for programs of ops."""
    return _tokens(request, offered=[tokens.OPS, tokens.PAYMENTS], organisation=None, here=reverse("workers:ops_tokens"))


@require_POST
@access.signed_in
def revoke_token(request: PersonRequest, token_id: uuid.UUID) -> HttpResponse:
    """Make one of one's own tokens useless."""
    with transaction.atomic(durable=True):
        tokens.revoke(user_id=request.user.pk, token_id=token_id, now=timezone.now())
    messages.success(request, _("The token is revoked: whatever used it is out."))
    token = ApiToken.objects.select_related("organisation").get(pk=token_id)
    if token.organisation is not None:
        return redirect("workers:client_tokens", org=token.organisation.slug)
    return redirect("workers:ops_tokens" if tokens.OPS in token.scopes else "workers:tokens")
