"""Ops' pages of words to many: announcements, looked at before they go, and the templates that they are made of."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import ProductError
from marketplace import announcements, message_templates, ops_forms, pools
from marketplace.message_templates import Rendered
from marketplace.models import Announcement, MessageTemplate, MessageVersion, Pool
from marketplace.views.client.frame import put_error
from marketplace.views.ops.pools import tabs
from workers import access
from workers.access import PersonRequest
from workers.languages import LANGUAGES
from workers.models import OpsRole, User

POOL_MANAGER = OpsRole.POOL_MANAGER


@require_http_methods(["GET", "POST"])
@access.ops(POOL_MANAGER)
def announcement_list(request: PersonRequest) -> HttpResponse:
    """Announcements with whom they reached, and one more: first a look at it as somebody gets it, then one click."""
    live, templates = list(pools.live()[:200]), list(message_templates.live()[:200])
    form = ops_forms.Announcing(
        request.POST or None, initial={"pool": request.GET.get("pool", ""), "template": request.GET.get("template", "")},
        pools=[(str(one.pk), one.name) for one in live], templates=[(str(one.pk), one.name) for one in templates],
    )
    readers, chosen, seen = None, None, None
    if request.method == "POST" and form.is_valid():
        chosen = next((one for one in live if str(one.pk) == form.cleaned_data["pool"]), None)
        template = next((one for one in templates if str(one.pk) == form.cleaned_data["template"]), None)
        try:
            if "send" in request.POST:
                with transaction.atomic(durable=True):
                    _send(request, form, chosen, template)
                messages.success(request, _("On its way. Whoever switched announcements off, or had three this week, is spared."))
                return redirect("market:ops_announcements")
            readers = announcements.readers(chosen).count()
            seen = preview(
                version=message_templates.newest(template) if template else None, pool=chosen, sender=request.user,
                address=form.cleaned_data["reader"],
            )  # fmt: skip
        except ProductError as error:
            put_error(form, error)
    rows = Announcement.objects.select_related("pool", "by", "version__template").order_by("-at", "-id")[:30]
    return render(request, "ops/announcements.html", {
        "form": form, "rows": rows, "readers": readers, "chosen": chosen, "seen": seen, "tabs": tabs("announcements"),
        "week": announcements.A_WEEK, "templates": templates,
    }, status=422 if form.errors else 200)


def _send(request: PersonRequest, form: ops_forms.Announcing, pool: Pool | None, template: MessageTemplate | None) -> None:
    now, given = timezone.now(), form.cleaned_data
    if template is not None:
        announcements.announce_template(pool=pool, template=template, by_id=request.user.pk, now=now)
    else:
        announcements.announce(pool=pool, title=given["title"], text=given["text"], by_id=request.user.pk, now=now)


def preview(*, version: MessageVersion | None, pool: Pool | None, sender: User, address: str = "") -> dict[str, object] | None:
    """What a real person of those gets: the one with this address, else the first by name; None where there is nobody.

    Raises NotFound for an address of nobody among them.
    """
    reader = announcements.reader(pool, address=address)
    if reader is None or version is None:
        return {"reader": reader} if reader else None
    shown: Rendered = message_templates.render(version, reader=reader, pool=pool, sender=sender)
    return {"reader": reader, "shown": shown, "language": LANGUAGES[shown.language]}


@require_GET
@access.ops()
def listing(request: PersonRequest) -> HttpResponse:
    """Templates in use."""
    rows = [{"template": one, "version": message_templates.newest(one)} for one in message_templates.live()[:200]]
    columns = [{"label": _("Template")}, {"label": _("Languages")}, {"label": _("Version"), "num": True}, {"label": _("Changed")}]
    return render(request, "ops/templates.html", {
        "rows": [row | {"languages": [LANGUAGES[code] for code in row["version"].texts]} for row in rows], "columns": columns,  # type: ignore[attr-defined]
        "tabs": tabs("announcements"), "crumbs": _crumbs()[:1],
    })


def _crumbs() -> list[dict[str, str]]:
    return [
        {"label": _("Announcements"), "url": reverse("market:ops_announcements")},
        {"label": _("Templates"), "url": reverse("market:ops_templates")},
    ]


@require_http_methods(["GET", "POST"])
@access.ops(POOL_MANAGER)
def new(request: PersonRequest) -> HttpResponse:
    """Write a template."""
    form = ops_forms.Template(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = message_templates.create(
                    name=form.cleaned_data["name"], language=form.cleaned_data["language_0"], texts=form.texts(),
                    by_id=request.user.pk, now=timezone.now(),
                )
            return redirect("market:ops_template", template_id=made.pk)
        except ProductError as error:
            form.put(error)
    context = {"form": form, "places": message_templates.PLACES, "crumbs": _crumbs()}
    return render(request, "ops/template.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@access.ops(POOL_MANAGER)
def one(request: PersonRequest, template_id: uuid.UUID) -> HttpResponse:
    """A template: as somebody of a pool gets it, its words, its versions."""
    template = message_templates.find(template_id)
    version = message_templates.newest(template)
    order = sorted(version.texts, key=lambda code: (code != version.language, code))
    rows = [(code, version.texts[code]["title"], version.texts[code]["text"]) for code in order]
    form = ops_forms.Template(request.POST or None, rows=rows, named=False)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = message_templates.change(
                    template=template, language=form.cleaned_data["language_0"], texts=form.texts(), by_id=request.user.pk,
                    now=timezone.now(),
                )
            messages.success(request, _("Saved as version %(n)s.") % {"n": made.number} if made != version else _("Nothing had changed."))
            return redirect("market:ops_template", template_id=template.pk)
        except ProductError as error:
            form.put(error)
    chosen = next((each for each in pools.live()[:200] if str(each.pk) == request.GET.get("pool")), None)
    return render(request, "ops/template.html", {
        "template": template, "form": form, "places": message_templates.PLACES, "crumbs": _crumbs(), "version": version,
        "versions": template.versions.select_related("by").order_by("-number")[:20], "pools": pools.live()[:200], "chosen": chosen,
        "seen": preview(version=version, pool=chosen, sender=request.user, address=request.GET.get("reader", "")),
    }, status=422 if form.errors else 200)


@require_POST
@access.ops(POOL_MANAGER)
def archive(request: PersonRequest, template_id: uuid.UUID) -> HttpResponse:
    """Put a template away."""
    with transaction.atomic(durable=True):
        message_templates.archive(template=message_templates.find(template_id), by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The template is put away. What was sent stays as it was."))
    return redirect("market:ops_templates")
