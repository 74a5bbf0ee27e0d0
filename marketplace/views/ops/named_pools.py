"""Ops' pages of named pools: made, looked at before anything is applied, filled by file, undone."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import Invalid, NotFound, ProductError
from marketplace import bulk, eligibility, ops_forms, pool_files, pools, projects, rules
from marketplace.eligibility_form import Eligibility
from marketplace.models import BulkAction, Pool, Project
from marketplace.views.client.frame import is_fragment, put_error
from marketplace.views.ops.pools import tabs
from qualification.models import Skill
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

POOL_MANAGER = OpsRole.POOL_MANAGER
SHOWN = 100
PROJECTS_SHOWN = 300


def _crumbs() -> list[dict[str, str]]:
    way = ((_("Pools"), "market:ops_pools"), (_("Named pools"), "market:ops_named_pools"))
    return [{"label": label, "url": reverse(name)} for label, name in way]


def _rule_form(request: HttpRequest, rule: rules.Rule | None = None) -> Eligibility:
    skills = list(Skill.objects.filter(organisation=None).order_by("name").values_list("slug", "name")[:200])
    initial = Eligibility.initial_of(rule or {"all": []}) or {}
    return Eligibility(request.POST or None, initial=initial, skills=skills, prefix="rule")


@require_GET
@access.ops()
def listing(request: PersonRequest) -> HttpResponse:
    """Every pool in use, with how many people are in it now and what is limited to it."""
    columns = [
        {"label": _("Pool")}, {"label": _("Made of")}, {"label": _("People"), "num": True}, {"label": _("Projects limited to it")},
    ]
    return render(request, "ops/named_pools.html", {"rows": pools.with_counts(), "columns": columns, "tabs": tabs("named")})


@require_http_methods(["GET", "POST"])
@access.ops(POOL_MANAGER)
def new(request: PersonRequest) -> HttpResponse:
    """Make a pool: named people, or a rule with the live count of those whom it selects."""
    form = ops_forms.NewPool(request.POST or None, initial={"kind": request.GET.get("kind", "listed")})
    rule_form = _rule_form(request)
    if request.method == "POST" and form.is_valid() and rule_form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic(durable=True):
                made = pools.create(
                    name=given["name"], about=given["about"], rule=rule_form.rule() if given["kind"] == "rule" else None,
                    actor_id=request.user.pk, now=timezone.now(),
                )
            return redirect("market:ops_pool", pool_id=made.pk)
        except ProductError as error:
            put_error(form, error)
    return render(request, "ops/pool_new.html", {
        "form": form, "rule_form": rule_form, "crumbs": _crumbs(), **_counted(rule_form),
    }, status=422 if form.errors or rule_form.errors else 200)


def _counted(form: Eligibility, rule: rules.Rule | None = None) -> dict[str, Any]:
    """How many people the form's answers select right now, of how many; None while they are no rule."""
    asked: rules.Rule | None = rule or {"all": []}
    try:
        if form.is_bound:
            asked = rules.check(form.rule(), field="rule", ours=True) if form.is_valid() else None
    except Invalid:
        asked = None
    return {"count": pools.count(asked) if asked is not None else None, "everyone": eligibility.how_many({"all": []})}


@require_POST
@access.ops(POOL_MANAGER)
def count(request: PersonRequest) -> HttpResponse:
    """The live count beside the form."""
    if not is_fragment(request):
        return redirect("market:ops_new_pool")
    return render(request, "ops/_pool_count.html", _counted(_rule_form(request)))


@require_GET
@access.ops()
def one(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """A pool: who is in it, what is limited to it, what was done to it."""
    return _page(request, pools.find(pool_id))


def _page(request: PersonRequest, pool: Pool, *, status: int = 200, **more: Any) -> HttpResponse:
    people = pools.people(pool)
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    rule_form = _rule_form(request, pool.rule) if pool.rule is not None else None
    open_projects = Project.objects.filter(archived_at__isnull=True).select_related("organisation").order_by("name")
    context = {
        "pool": pool, "people": people.order_by("user__name")[:SHOWN], "total": people.count(), "shown": SHOWN,
        "may_change": bool(held & {POOL_MANAGER, OpsRole.ADMIN}) and pool.archived_at is None,
        "actions": pool.actions.select_related("by").order_by("-at")[:20], "form": ops_forms.PoolPeople(), "crumbs": _crumbs(),
        "limited": open_projects.filter(pool=pool), "projects": open_projects.filter(pool=None)[:PROJECTS_SHOWN],
        "rule_form": rule_form, "by_api": pool.rule is not None and Eligibility.initial_of(pool.rule) is None,
        **(_counted(rule_form, pool.rule) if rule_form is not None else {}),
    }
    return render(request, "ops/pool.html", context | more, status=status)


@require_POST
@access.ops(POOL_MANAGER)
def change_rule(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Select by another rule from now on."""
    pool, form = pools.find(pool_id), _rule_form(request)
    if not form.is_valid():
        return _page(request, pool, status=422)
    with transaction.atomic(durable=True):
        pools.change_rule(pool=pool, rule=form.rule(), actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Saved. It counts from everybody's next task on."))
    return redirect("market:ops_pool", pool_id=pool.pk)


@require_POST
@access.ops(POOL_MANAGER)
def change_people(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """People by text or file: first what would happen and which lines name nobody, then, confirmed, done with an undo."""
    pool = pools.find(pool_id)
    form = ops_forms.PoolPeople(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, pool, status=422, form=form)
    kind, given = form.cleaned_data["kind"], form.cleaned_data
    try:
        text = pool_files.decode(given["file"].read()) if given["file"] else given["people"]
        named = pool_files.read(text)
        if "apply" not in request.POST:
            preview = pools.preview(kind=kind, pool=pool, worker_ids=named.people)
            return _page(
                request, pool, form=form, preview=preview, kind=kind, bad=named.bad[: pool_files.BAD_SHOWN], bad_count=len(named.bad),
                lines="\n".join(str(one) for one in named.people),
            )
        with transaction.atomic(durable=True):
            done = pools.apply(kind=kind, pool=pool, worker_ids=named.people, actor_id=request.user.pk, now=timezone.now())
    except ProductError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _page(request, pool, status=422, form=form)
    added, n = kind == BulkAction.ADD, len(done.changed)
    out = ngettext("%(n)d person taken out.", "%(n)d people taken out.", n)
    said = ngettext("%(n)d person added.", "%(n)d people added.", n) if added else out
    messages.success(request, said % {"n": n}, extra_tags=f"undo:{reverse('market:ops_undo_bulk', args=[done.pk])}")
    return redirect("market:ops_pool", pool_id=pool.pk)


@require_http_methods(["GET", "POST"])
@access.ops(POOL_MANAGER)
def together(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Everybody in a pool is paused or given a skill: first whom it would change, then, confirmed, done."""
    pool, kind = pools.find(pool_id), "grant" if request.GET.get("kind") == "grant" else "pause"
    form: ops_forms.PauseAll | ops_forms.GiveAll = ops_forms.PauseAll(request.POST or None)
    if kind == "grant":
        names = list(Skill.objects.filter(organisation=None).order_by("name").values_list("slug", "name"))
        form = ops_forms.GiveAll(request.POST or None, skills=names)
    dry = None
    if request.method == "POST" and form.is_valid():
        try:
            if "apply" in request.POST:
                return _apply_together(request, pool, kind, form.cleaned_data)
            asked = {name: form.cleaned_data[name] for name in ("skill", "tier") if name in form.cleaned_data}
            dry = bulk.preview(kind=kind, pool=pool, by_id=request.user.pk, **asked)
        except ProductError as error:
            put_error(form, error)
    crumbs = [*_crumbs(), {"label": pool.name, "url": reverse("market:ops_pool", args=[pool.pk])}]
    return render(request, "ops/pool_together.html", {
        "pool": pool, "kind": kind, "form": form, "dry": dry, "crumbs": crumbs,
    }, status=422 if form.errors else 200)  # fmt: skip


def _apply_together(request: PersonRequest, pool: Pool, kind: str, given: dict[str, Any]) -> HttpResponse:
    act = bulk.give if kind == "grant" else bulk.pause
    with transaction.atomic(durable=True):
        done = act(pool=pool, by_id=request.user.pk, now=timezone.now(), **given)
    said = ngettext("%(n)d person changed.", "%(n)d people changed.", len(done.changed)) % {"n": len(done.changed)}
    back = f"undo:{reverse('market:ops_undo_bulk', args=[done.pk])}" if done.may_be_undone else ""
    messages.success(request, said, extra_tags=back)
    return redirect("market:ops_pool", pool_id=pool.pk)


@require_POST
@access.ops(POOL_MANAGER)
def undo(request: PersonRequest, action_id: uuid.UUID) -> HttpResponse:
    """Take a bulk action back for those whom it changed."""
    action = BulkAction.objects.select_related("pool").filter(pk=action_id).first()
    if action is None:
        raise NotFound(_("There is no such action."))
    with transaction.atomic(durable=True):
        bulk.undo(action=action, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Taken back."))
    return redirect("market:ops_pool", pool_id=action.pool_id) if action.pool_id else redirect("market:ops_named_pools")


@require_GET
@access.ops(POOL_MANAGER)
def people_csv(request: PersonRequest, pool_id: uuid.UUID) -> StreamingHttpResponse:
    """The people of a pool as a file that a spreadsheet opens without running anything."""
    pool = pools.find(pool_id)
    response = StreamingHttpResponse(pool_files.write(pool), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="pool-{pool.pk}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@access.ops(POOL_MANAGER)
def limit(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Let only this pool work on a project, or everybody again whom the project's rule lets in."""
    pool, stop = pools.find(pool_id), "stop" in request.POST
    text = request.POST.get("project", "")
    rows = Project.objects.filter(archived_at__isnull=True, pool=pool if stop else None)
    project = rows.filter(pk=text).first() if _is_id(text) else None
    if project is None:
        raise NotFound(_("There is no such project."))
    with transaction.atomic(durable=True):
        projects.limit_to_pool(project=project, pool=None if stop else pool, actor_id=request.user.pk, now=timezone.now())
    opened = _("Everybody may work on it again whom its rule lets in.")
    messages.success(request, opened if stop else _("Only this pool may work on it now."))
    return redirect("market:ops_pool", pool_id=pool.pk)


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@require_POST
@access.ops(POOL_MANAGER)
def archive(request: PersonRequest, pool_id: uuid.UUID) -> HttpResponse:
    """Put a pool away."""
    with transaction.atomic(durable=True):
        pools.archive(pool=pools.find(pool_id), actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The pool is put away."))
    return redirect("market:ops_named_pools")
