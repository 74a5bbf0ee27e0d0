"""A project's rules: the task itself, its guideline, its pay and judging, who may work."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings as site
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kit.errors import Invalid, ProductError
from kit.money import Money
from marketplace import courses, eligibility, exam_rules, forms, guidelines, pricing, projects, queries, raises, rates, rules, what_if
from marketplace.eligibility_form import Eligibility
from marketplace.models import Project, Rate, SlotKind
from marketplace.settings_form import Settings
from marketplace.views.client.frame import GET_OR_POST, as_text, example, is_fragment, project_of, project_page, put_error
from qualification import skills
from task_types import registry, rich_text
from workers import access
from workers.access import ClientRequest

REVIEWED_BY_WORKERS = ("sampled", "all")


# --- the task ----------------------------------------------------------------------------------------------------------


@GET_OR_POST
@access.client("manager")
def settings(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What a worker decides: the drawer's own questions, with the task as it will look beside them."""
    project = project_of(request, project_id)
    fields = registry.drawer(project.task_type).settings_fields()
    form = Settings(request.POST or None, fields=fields, initial=Settings.initial_of(fields, project.settings))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                projects.change_settings(
                    project=project, settings=form.settings(), actor_id=request.user.pk, now=timezone.now()
                )
            messages.success(request, _("Saved."))
            return redirect("market:project_settings", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(form, error)
    fixed = project.batches.exclude(state="draft").exists()
    if fixed and not form.is_bound:
        for field in form.fields.values():
            field.disabled = True
    return project_page(request, "client/project_settings.html", project, "settings", {
        "form": form, "fixed": fixed, "preview": _preview(org, project, form),
    }, status=422 if form.errors else 200)  # fmt: skip


@require_POST
@access.client("manager")
def preview(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """The task as a worker sees it under the settings that are being typed."""
    project = project_of(request, project_id)
    form = Settings(request.POST, fields=registry.drawer(project.task_type).settings_fields())
    return render(request, "client/_preview.html", _preview(org, project, form))


def _preview(org: str, project: Project, form: Settings) -> dict[str, Any]:
    """An island, or the sentence that says why there is none."""
    try:
        given = project.settings
        if form.is_bound:
            if not form.is_valid():
                raise Invalid(_("Complete the settings to see the task."))
            given = registry.drawer(project.task_type).check_settings(form.settings())
        return {"island": as_text(example(org, project, given)), "stamp": timezone.now().strftime("%H%M%S%f")}
    except Invalid as error:
        return {"fault": str(error)}


# --- the guideline -----------------------------------------------------------------------------------------------------


@GET_OR_POST
@access.client("manager")
def guideline(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """The next version, beside what it looks like; the versions before, each with what it changed."""
    project = project_of(request, project_id)
    newest = projects.guideline_in_force(project)
    start = newest.markdown if newest else registry.drawer(project.task_type).sample().guideline
    form = forms.Guideline(request.POST or None, initial={"markdown": start})
    if request.method == "POST" and form.is_valid():
        try:
            made = _publish(request, project, form.cleaned_data)
            text = _("Version %(number)s is published. Tasks in hand keep the version they came with.")
            messages.success(request, text % {"number": made})
            return redirect("market:project_guideline", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(form, error)
    asked = request.GET.get("version", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else None
    return project_page(request, "client/project_guideline.html", project, "guideline", {
        "form": form, "newest": newest, "rendered": rendered(form["markdown"].value() or ""),
        "looked_at": guidelines.show(project_id=project.pk, number=number) if number else None,
        "versions": project.guidelines.select_related("published_by").order_by("-number")[:50],
    }, status=422 if form.errors else 200)  # fmt: skip


def _publish(request: ClientRequest, project: Project, given: dict[str, Any]) -> int:
    with transaction.atomic(durable=True):
        return projects.publish_guideline(
            project=project, markdown=given["markdown"], what_changed=given["what_changed"], actor_id=request.user.pk,
            now=timezone.now(),
        ).number  # fmt: skip


@require_POST
@access.client("manager")
def guideline_preview(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What is being typed, as workers will read it."""
    project_of(request, project_id)
    return render(request, "client/_rendered.html", {"rendered": rendered(request.POST.get("markdown", "")[:100_000])})


def rendered(markdown: str) -> SafeString:
    return mark_safe(rich_text.render(markdown))  # noqa: S308 - rich_text cleans it


# --- pay and judging ---------------------------------------------------------------------------------------------------


@GET_OR_POST
@access.client("manager")
def terms(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What it pays and who judges; changes touch new leases only, and the page says so."""
    project, now = project_of(request, project_id), timezone.now()
    form = _terms_form(request, project, initial=forms.Terms.initial_of(project, _prices(project, now)) | _unit(project, now))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                _save_terms(project, form, request.user.pk, now)
            messages.success(request, _("Saved. Tasks in hand keep the terms they came with."))
            return redirect("market:project_terms", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(form, error)
    history = project.rates.select_related("made_by").order_by("-valid_from", "-id")[:20]
    return project_page(request, "client/project_terms.html", project, "terms", {
        "form": form, "sums": _sums(project, form), "history": [_dated(rate, project) for rate in history],
        "units": len(registry.drawer(project.task_type).unit_kinds) > 1, "bills": _bills(project, now),
    }, status=422 if form.errors else 200)  # fmt: skip


def _dated(rate: Rate, project: Project) -> dict[str, Any]:
    names = {unit.name: unit.label for unit in registry.drawer(project.task_type).unit_kinds}
    return {"rate": rate, "amount": Money(rate.amount_units, project.currency), "unit": names.get(rate.unit, rate.unit)}


def _bills(project: Project, now: datetime) -> list[dict[str, Any]]:
    """What is billed by the accepted slot instead of pay + fee, where that was agreed."""
    card = rates.card(project, now=now)
    found = [(kind, card.billed(kind)) for kind in SlotKind]
    return [{"kind": kind.label, "amount": Money(bill, project.currency)} for kind, bill in found if bill]


def _terms_form(request: ClientRequest, project: Project, **options: Any) -> forms.Terms:
    units = [(unit.name, unit.label) for unit in registry.drawer(project.task_type).unit_kinds]
    return forms.Terms(request.POST or None, skills=_known_skills(request), units=units, **options)


def _unit(project: Project, now: datetime) -> dict[str, Any]:
    """By what an answer is paid now."""
    rate = projects.rate_in_force(project=project, kind="answer", tier=0, now=now)
    if rate is None or rate.unit == pricing.PER_TASK:
        return {"answer_unit": pricing.PER_TASK}
    return {"answer_unit": rate.unit, "answer_most": rate.most_units}


def _known_skills(request: ClientRequest) -> list[tuple[str, str]]:
    return [(skill.slug, skill.name) for skill in skills.visible_to(request.organisation.pk)]


def _prices(project: Project, now: datetime) -> dict[str, Decimal | None]:
    """What each kind of work pays now, by field of the form; an expert's answer only where it differs from any other."""
    tier = project.expert_tier or 0
    found = {
        name: projects.rate_in_force(project=project, kind=kind, tier=at, now=now)
        for name, kind, at in (
            ("answer_price", "answer", 0), ("review_price", "review", 0), ("expert_price", "answer", tier),
            ("adjudication_price", "adjudication", tier),
        )
    }  # fmt: skip
    if found["expert_price"] == found["answer_price"]:
        found["expert_price"] = None
    return {name: Money(rate.amount_units, project.currency).decimal() if rate else None for name, rate in found.items()}


def _save_terms(project: Project, form: forms.Terms, actor_id: uuid.UUID, now: datetime) -> None:
    """The options, and a new dated rate for each price that differs from the one in force."""
    given = form.cleaned_data
    needs_review = given["review_rule"] in REVIEWED_BY_WORKERS
    if needs_review and not given["review_price"]:
        raise Invalid(_("Set what a review pays: this project's answers are reviewed."), field="review_price")
    if given["expert_skill"] and given["adjudication_share"] != 0 and not given["adjudication_price"]:
        raise Invalid(_("Set what an adjudication pays: experts have the last word here."), field="adjudication_price")
    projects.change(project=project, actor_id=actor_id, now=now, **form.options())
    for name, (kind, tier) in form.priced().items():
        amount = Money.parse(given[name], project.currency, field=name) if given[name] else None
        rate = projects.rate_in_force(project=project, kind=kind, tier=tier, now=now)
        unit = form.unit() if kind == "answer" else {"unit": pricing.PER_TASK, "most_units": 1}
        same = rate is not None and (rate.amount_units, rate.unit, rate.most_units) == (amount.units if amount else 0, *unit.values())
        if amount is not None and not same:
            projects.set_rate(project=project, amount=amount, kind=kind, tier=tier, actor_id=actor_id, now=now, **unit)
    raises.cover(project=project, now=now, actor_id=actor_id)


@require_POST
@access.client("manager")
def terms_sums(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What the terms that are being typed come to: for a worker an hour, for the client a task."""
    project = project_of(request, project_id)
    return render(request, "client/_sums.html", {"sums": _sums(project, _terms_form(request, project)), "project": project})


def _sums(project: Project, form: forms.Terms) -> dict[str, Any]:
    """Figures from whatever is valid so far; what cannot be known yet is None."""
    form.is_valid()
    measured = queries.median_seconds([project.pk]).get(project.pk)

    def value(name: str) -> Any:
        return form.cleaned_data.get(name) if form.is_bound else form[name].value()

    price, seconds = value("answer_price"), measured or value("expected_seconds")
    found: dict[str, Any] = {"measured": measured, "seconds": seconds, "fee_percent": Decimal(site.PLATFORM_FEE_BP) / 100}
    if not price:
        return found
    unit, most = value("answer_unit") or pricing.PER_TASK, value("answer_most")
    by_unit = unit != pricing.PER_TASK
    if by_unit and not most:
        return found
    pay = Money.parse(price, project.currency) * (int(most) if by_unit else 1)
    fee = Money(pricing.fee_on(pay.units, site.PLATFORM_FEE_BP), project.currency)
    least, most = value("overlap"), value("max_overlap")
    return found | {
        "pay": pay, "fee": fee, "each": pay + fee, "by_unit": by_unit,
        "hourly": queries.hourly(pay, float(seconds)) if seconds and not by_unit else None,
        "least": (pay + fee) * int(least) if least else None, "overlap": least, "max_overlap": most,
        "most": (pay + fee) * int(most) if most and value("target_accuracy") and most != least else None,
        "effect": _terms_effect(project, least, most, value("target_accuracy")) if form.is_bound else None,
    }  # fmt: skip


def _terms_effect(project: Project, least: Any, most: Any, target: Any) -> what_if.TermsEffect | None:
    """What other numbers of answers would have done to the last month; None where they are as they were, or nothing was done."""
    if not least or not most or int(most) < int(least):
        return None
    target_bp = int(target * 100) if target else None
    if (int(least), int(most), target_bp) == (project.overlap, project.max_overlap, project.target_accuracy_bp):
        return None
    found = what_if.terms(
        project=project, overlap=int(least), max_overlap=int(most), target_accuracy_bp=target_bp, now=timezone.now()
    )
    return found if found.tasks else None


# --- who may work ------------------------------------------------------------------------------------------------------


@GET_OR_POST
@access.client("manager")
def workers(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Who may answer and who may review, each with a live count of how many people that is right now."""
    project = project_of(request, project_id)
    parts = {"eligibility": project.eligibility, "review_eligibility": project.review_eligibility}
    asked = {name: _who(request, project, name, rule) for name, rule in parts.items() if name in _asked_for(project)}
    if request.method == "POST" and all(form.is_valid() for form in asked.values()):
        try:
            with transaction.atomic(durable=True):
                projects.change(
                    project=project, actor_id=request.user.pk, now=timezone.now(),
                    **{name: form.rule() for name, form in asked.items()},
                )
            messages.success(request, _("Saved."))
            return redirect("market:project_workers", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(next(iter(asked.values())), error)
    everyone = eligibility.how_many({"all": []})
    shown = [
        {"form": form, "name": name, "count": _fitting(form, parts[name]), "everyone": everyone, "rule": parts[name],
         "by_api": _as_answers(project, parts[name]) is None and list(rules.leaves(parts[name]))}
        for name, form in asked.items()
    ]  # fmt: skip
    faulty = any(form.errors for form in asked.values())
    return project_page(
        request, "client/project_workers.html", project, "workers", {"parts": shown}, status=422 if faulty else 200
    )


def _asked_for(project: Project) -> tuple[str, ...]:
    reviewed = project.review_rule in REVIEWED_BY_WORKERS
    return ("eligibility", "review_eligibility") if reviewed else ("eligibility",)


def _who(request: ClientRequest, project: Project, name: str, rule: rules.Rule) -> Eligibility:
    course = courses.of_project(project)
    return Eligibility(
        request.POST or None, initial=_as_answers(project, rule) or {}, skills=_known_skills(request), prefix=name,
        course=(str(project.pk), courses.version_of(project)) if course else None,
        exams=[(str(one.series), one.title, one.guideline or 0) for one in exam_rules.exams_of(project)],
    )


def _as_answers(project: Project, rule: rules.Rule) -> dict[str, Any] | None:
    return Eligibility.initial_of(rule, project=str(project.pk))


def _effect(form: Eligibility, project: Project, part: str) -> what_if.RuleEffect | None:
    """What the rule that is being put together would have done to the last month; None where nobody worked or it is no rule."""
    if part != "eligibility" or not form.is_bound or not form.is_valid():
        return None
    try:
        changed = rules.check(form.rule(), field="eligibility")
    except Invalid:
        return None
    found = what_if.rule(project=project, changed=changed, now=timezone.now())
    return found if found.answers else None


def _fitting(form: Eligibility, rule: rules.Rule) -> int | None:
    """How many people the form's present answers let in; None while they are no rule."""
    try:
        if form.is_bound:
            return eligibility.how_many(rules.check(form.rule(), field="eligibility")) if form.is_valid() else None
        return eligibility.how_many(rule)
    except Invalid:
        return None


@require_POST
@access.client("manager")
def count(request: ClientRequest, org: str, project_id: uuid.UUID, part: str) -> HttpResponse:
    """The live count beside the form."""
    project = project_of(request, project_id)
    if not is_fragment(request):
        return redirect("market:project_workers", org=org, project_id=project.pk)
    form = _who(request, project, part, project.eligibility)
    return render(request, "client/_count.html", {
        "count": _fitting(form, project.eligibility), "everyone": eligibility.how_many({"all": []}), "name": part,
        "effect": _effect(form, project, part),
    })  # fmt: skip
