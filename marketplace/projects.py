"""How a client sets up standing work: the project, its guideline versions, its dated rates, its rules."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings as site
from django.core.exceptions import ValidationError
from django.db.models import F, Max
from django.utils.translation import gettext_lazy as _

from kit import audit, outbox
from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import eligibility, exam_texts, pricing, rates, rules
from marketplace.models import Batch, BillRate, GuidelineVersion, Pool, Project, ProjectTry, Queue, Rate
from marketplace.models.projects import AIUse, ReviewRule
from qualification import skills
from task_types import registry
from workers.countries import COUNTRIES
from workers.preferences import CONTENT

OPEN_SETTINGS = frozenset({
    "name", "eligibility", "review_eligibility", "review_rule", "sampled_share_bp", "overlap", "max_overlap",
    "target_accuracy_bp", "judge_hours", "expected_seconds", "lease_seconds", "daily_cap", "gold_least_bp", "gold_most_bp",
    "bonus_pool_bp", "floor_pool_bp", "ai_use", "expert_skill", "expert_tier", "adjudication_share_bp",
    "floor_per_hour_units", "quality_bonus_units", "quality_bonus_least_bp", "country_bp", "content_warnings", "pool_id",
    "fair_shares", "best_first_minutes", "best_first_low_bp",
})
"""What may change after the project was made; each change touches new leases and new launches only."""

NotSetUp = rates.NotSetUp
rate_in_force = rates.in_force
RULE_FIELDS = {"eligibility", "review_eligibility"}
NARROWING = RULE_FIELDS | {"content_warnings", "pool_id"}
"""What decides who may work, together."""
GUIDELINE_MOST = 100_000


def create(
    *, organisation_id: uuid.UUID, name: str, task_type: str, settings: Any, currency: str, actor_id: uuid.UUID,
    now: datetime, **options: Any,
) -> Project:
    """Make a project of a task type; raises Invalid on settings that its drawer refuses."""
    drawer = registry.drawer(task_type)
    if currency not in site.PLATFORM_CURRENCIES:
        known = ", ".join(site.PLATFORM_CURRENCIES)
        raise Invalid(_("Expected one of these currencies: %(known)s.") % {"known": known}, field="currency")
    project = Project(
        organisation_id=organisation_id, task_type=task_type, settings=drawer.check_settings(settings),
        currency=currency, created_by_id=actor_id, expected_seconds=drawer.default_seconds,
        lease_seconds=max(300, drawer.default_seconds * 6),
    )
    _apply(project, {"name": name} | options)
    project.save(force_insert=True)
    audit.record(subject=project, verb="project.created", actor_id=actor_id, now=now)
    return project


def change(*, project: Project, actor_id: uuid.UUID, now: datetime, **options: Any) -> None:
    """Change what may change; raises Invalid that names the field, Conflict for what `exam_rules` announces before."""
    if "eligibility" in options and _in_motion(project) and _asks_more(project, options["eligibility"]):
        raise Conflict(_("People work here. Announce the newer version of the test first, so that they can prove it in time."))
    carry_out(project=project, actor_id=actor_id, now=now, options=options)


def _asks_more(project: Project, rule: Any) -> bool:
    """Does this rule ask for a test at a newer version than the one in force?"""
    asked = rules.exams_of(project.eligibility)
    wanted = rules.exams_of(check_rule(rule, organisation_id=project.organisation_id, field="eligibility"))
    return any(version > asked.get(exam, 0) for exam, version in wanted.items())


def carry_out(*, project: Project, actor_id: uuid.UUID, now: datetime, options: Mapping[str, Any]) -> None:
    """What `change` does, and an announced rule on its day."""
    before = {name: getattr(project, name) for name in NARROWING}
    _apply(project, options)
    project.save()
    if "country_bp" in options:
        rates.bills_cover_pay(project, now)
    if any(getattr(project, name) != old for name, old in before.items()):
        _new_rule_version(project)
    refresh_terms(project=project, now=now)
    audit.record(subject=project, verb="project.changed", actor_id=actor_id, now=now)


def limit_to_pool(*, project: Project, pool: Pool | None, actor_id: uuid.UUID, now: datetime) -> None:
    """Let only the people of a pool work on a project, or everybody again whom its rule lets in. Raises Invalid."""
    change(project=project, actor_id=actor_id, now=now, pool_id=pool.pk if pool else None)
    eligibility.announce()


def change_settings(*, project: Project, settings: Any, actor_id: uuid.UUID, now: datetime) -> None:
    """Decide anew what a worker decides, while no batch was launched: answers under two settings could not be compared.

    Raises Invalid with the drawer's words, also when a known answer would not fit any more; Conflict after a launch.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    if project.batches.exclude(state="draft").exists():
        raise Conflict(_("A batch of this project was launched with these settings. Make a new project for other ones."))
    drawer = registry.drawer(project.task_type)
    checked = drawer.check_settings(settings)
    for known in project.gold_answers.filter(voided_at__isnull=True).select_related("task"):
        try:
            drawer.check_answer(known.answer, payload=known.task.payload, settings=checked, partial=True)
        except Invalid:
            raise Invalid(_("A known answer does not fit these settings. Void it on the page of gold first.")) from None
    project.settings = checked
    project.save(update_fields=["settings"])
    audit.record(subject=project, verb="project.settings_changed", actor_id=actor_id, now=now)


def note_try(*, project: Project, person_id: uuid.UUID, seconds: int, now: datetime) -> None:
    """Keep how long one of the client's own people took for a task in the preview."""
    ProjectTry.objects.create(project=project, person_id=person_id, seconds=min(max(seconds, 1), 14_400), made_at=now)


def _apply(project: Project, options: Mapping[str, Any]) -> None:
    if unknown := set(options) - OPEN_SETTINGS:
        raise Invalid(_("This cannot be changed."), field=sorted(unknown)[0])
    for name, value in options.items():
        checked = check_rule(value, organisation_id=project.organisation_id, field=name) if name in RULE_FIELDS else value
        setattr(project, name, checked)
    _check(project)


def check_rule(rule: Any, *, organisation_id: uuid.UUID | None, field: str) -> rules.Rule:
    """A client's rule: courses that it asks for are its own projects', at a version that exists; tests as well. Raises Invalid."""
    checked = rules.check(rule, field=field)
    for leaf in rules.leaves(checked):
        if leaf["fact"] == "exam" and not exam_texts.known(leaf["exam"], leaf["version"], organisation_id=organisation_id):
            raise Invalid(_("Expected a test by a guideline of yours, and a version that it can be passed for."), field=field)
        if leaf["fact"] != "course":
            continue
        known = GuidelineVersion.objects.filter(project_id=leaf["project"], project__course__isnull=False, number=leaf["version"])
        if not (known.filter(project__organisation_id=organisation_id) if organisation_id else known).exists():
            raise Invalid(_("Expected a project of yours with a course, and a version that it has."), field=field)
    return checked


LIMITS = {
    "overlap": (1, 30), "max_overlap": (1, 60), "judge_hours": (1, 168), "expected_seconds": (1, 14_400),
    "lease_seconds": (30, 86_400), "sampled_share_bp": (0, 10_000), "gold_least_bp": (0, 5_000), "gold_most_bp": (0, 5_000),
    "bonus_pool_bp": (0, 10_000), "floor_pool_bp": (0, 10_000), "target_accuracy_bp": (5_000, 9_999), "daily_cap": (1, 100_000),
    "expert_tier": (1, 3), "adjudication_share_bp": (0, 10_000), "floor_per_hour_units": (0, 1_000 * 10_000),
    "quality_bonus_units": (0, 1_000 * 10_000), "quality_bonus_least_bp": (5_000, 9_999), "best_first_minutes": (0, 1_440),
    "best_first_low_bp": (5_000, 9_999),
}
"""The bounds that each number must keep."""

CHOICES = {"review_rule": ReviewRule.values, "ai_use": AIUse.values}


def _check(project: Project) -> None:
    """Every field within its bounds, in words that a person understands."""
    project.name = str(project.name or "").strip()
    if not 1 <= len(project.name) <= 120 or "\x00" in project.name:
        raise Invalid(_("Expected a name of 1 to 120 characters."), field="name")
    for name, (low, high) in LIMITS.items():
        value = getattr(project, name)
        if value is None and name in {"target_accuracy_bp", "daily_cap", "expert_tier"}:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}, field=name)
    if project.max_overlap < project.overlap:
        raise Invalid(_("The most answers cannot be fewer than the least."), field="max_overlap")
    if project.gold_most_bp < project.gold_least_bp:
        raise Invalid(_("The most gold cannot be less than the least."), field="gold_most_bp")
    if not isinstance(project.fair_shares, bool):
        raise Invalid(_("Expected yes or no."), field="fair_shares")
    for name in CHOICES:
        if getattr(project, name) not in CHOICES[name]:
            raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(CHOICES[name])}, field=name)
    project.country_bp = _checked_countries(project.country_bp)
    project.content_warnings = _checked_content(project.content_warnings)
    _check_pool(project)
    _check_experts(project)


COUNTRY_BP = (2_500, 20_000)
"""How much less or more a client may pay in a country: a quarter to twice the price."""


def _checked_countries(given: Any) -> dict[str, int]:
    """Multipliers by country code, without those that change nothing."""
    low, high = COUNTRY_BP
    if not isinstance(given, dict) or not all(code in COUNTRIES for code in given):
        raise Invalid(_("Expected multipliers by the two letters of a country."), field="country_bp")
    for value in given.values():
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}, field="country_bp")
    return {code: value for code, value in sorted(given.items()) if value != pricing.BASIS}


def _checked_content(given: Any) -> list[str]:
    """Kinds of content that the work shows, in order."""
    if not isinstance(given, list) or not all(isinstance(kind, str) and kind in CONTENT for kind in given):
        raise Invalid(_("Expected kinds of content: %(known)s.") % {"known": ", ".join(CONTENT)}, field="content_warnings")
    return sorted(set(given))


def _check_pool(project: Project) -> None:
    if project.pool_id is None:
        return
    try:
        known = Pool.objects.filter(pk=project.pool_id, archived_at__isnull=True).exists()
    except ValidationError:
        known = False
    if not known:
        raise Invalid(_("Expected a pool that exists."), field="pool_id")


def _check_experts(project: Project) -> None:
    """Experts are named by skill and tier together; they are asked where a target is not reached, so there must be one."""
    if project.expert_skill is None and project.expert_tier is None:
        return
    if project.expert_tier is None:
        raise Invalid(_("Say from which tier somebody counts as an expert."), field="expert_tier")
    known = skills.visible_to(project.organisation_id)
    if not isinstance(project.expert_skill, str) or not known.filter(slug=project.expert_skill).exists():
        raise Invalid(_("Expected a skill that experts of this work hold."), field="expert_skill")
    if project.target_accuracy_bp is None:
        raise Invalid(_("Set a target accuracy: experts are asked where it is not reached."), field="target_accuracy_bp")


def _new_rule_version(project: Project) -> None:
    """Ready rows made under the old rule stop being believed at once: their queues carry another version now."""
    Project.objects.filter(pk=project.pk).update(rule_version=F("rule_version") + 1)
    project.refresh_from_db(fields=["rule_version"])
    Queue.objects.filter(project=project).update(rule_version=project.rule_version)
    outbox.emit("project.rule_changed", project_id=str(project.pk))


def _in_motion(project: Project) -> bool:
    return project.batches.exclude(state__in=["draft", "closed", "settled"]).exists()


def archive(*, project: Project, actor_id: uuid.UUID, now: datetime) -> None:
    """Put a project away: no new batches. Raises Conflict while a batch of it is in motion; a second time changes nothing."""
    if _in_motion(project):
        raise Conflict(_("A batch of this project is still in motion. Close it first."))
    if Project.objects.filter(pk=project.pk, archived_at__isnull=True).update(archived_at=now):
        project.archived_at = now
        audit.record(subject=project, verb="project.archived", actor_id=actor_id, now=now)


def publish_guideline(
    *, project: Project, markdown: str, what_changed: str, actor_id: uuid.UUID, now: datetime
) -> GuidelineVersion:
    """Publish the next version; leases that exist keep the version they were given."""
    text = markdown.replace("\r\n", "\n").strip()
    if not text or "\x00" in text or len(text) > GUIDELINE_MOST:
        raise Invalid(_("Expected a guideline of 1 to 100,000 characters."), field="markdown")
    Project.objects.select_for_update().get(pk=project.pk)
    newest = project.guidelines.aggregate(n=Max("number"))["n"] or 0
    version = GuidelineVersion.objects.create(
        project=project, number=newest + 1, markdown=text, what_changed=what_changed[:300], published_by_id=actor_id,
        published_at=now,
    )
    refresh_terms(project=project, now=now)
    exam_texts.tell_owners(project=project, version=version.number, now=now)
    audit.record(subject=project, verb="guideline.published", actor_id=actor_id, now=now)
    return version


def set_rate(
    *, project: Project, amount: Money, actor_id: uuid.UUID, now: datetime, kind: str = "answer", tier: int = 0,
    valid_from: datetime | None = None, unit: str = pricing.PER_TASK, most_units: int = 1,
) -> Rate:
    """A new dated price, by the task or by a unit that the task type counts, of which at most `most_units` are paid a task.

    A lower one never reaches a lease that exists: the old price is frozen there. A higher one reaches the ordinary slots of
    batches in motion once their reserve covers it (`rates.cover`).
    """
    if not 0 < amount.units <= rates.DEAREST:
        raise Invalid(_("Expected an amount above 0 and at most 1,000."), field="amount")
    rates.check_unit(project, kind, unit, most_units, amount)
    start = _start(project, amount, tier, valid_from, now)
    rate = Rate.objects.create(
        project=project, kind=kind, tier=tier, unit=unit, most_units=most_units, amount_units=amount.units, valid_from=start,
        made_by_id=actor_id,
    )
    rates.bills_cover_pay(project, now)
    refresh_terms(project=project, now=now)
    audit.record(subject=project, verb="rate.set", actor_id=actor_id, now=now)
    return rate


def _start(project: Project, amount: Money, tier: int, valid_from: datetime | None, now: datetime) -> datetime:
    """What every dated price must keep; returns when it begins."""
    if amount.currency != project.currency:
        raise Invalid(_("This project pays in %(currency)s.") % {"currency": project.currency}, field="amount")
    if not 0 <= tier <= 3:
        raise Invalid(_("Expected a tier from 0 to 3."), field="tier")
    if valid_from is not None and valid_from < now:
        raise Invalid(_("A rate cannot start in the past."), field="valid_from")
    return valid_from or now


def set_bill_rate(
    *, project: Project, amount: Money, actor_id: uuid.UUID, now: datetime, kind: str = "answer", tier: int = 0,
    valid_from: datetime | None = None,
) -> BillRate:
    """A dated price that the client is charged for an accepted slot, by the unit of the rate in force, instead of pay + fee.

    Never below the most that the rate pays at the highest band, so that bands cost the platform's share and no more.
    """
    if not 0 < amount.units <= 2 * rates.DEAREST:
        raise Invalid(_("Expected an amount above 0 and at most 2,000."), field="amount")
    start = _start(project, amount, tier, valid_from, now)
    made = BillRate.objects.create(
        project=project, kind=kind, tier=tier, amount_units=amount.units, valid_from=start, made_by_id=actor_id
    )
    rates.bills_cover_pay(project, now)
    refresh_terms(project=project, now=now)
    audit.record(subject=project, verb="bill_rate.set", actor_id=actor_id, now=now)
    return made


def guideline_in_force(project: Project) -> GuidelineVersion | None:
    return project.guidelines.order_by("-number").first()


def terms_for(*, batch: Batch, kind: str, tier: int, now: datetime) -> dict[str, Any]:
    """What a lease of this batch, kind and tier would freeze now; raises NotSetUp without a rate or guideline."""
    project = batch.project
    price = rates.price_terms(project=project, kind=kind, tier=tier, now=now)
    guideline = guideline_in_force(project)
    if guideline is None:
        raise NotSetUp(_("The project has no guideline yet."), field="guideline")
    frozen = batch.terms
    return {
        "kind": kind,
        "tier": tier,
        **price,
        "currency": batch.currency,
        "fee_bp": frozen["fee_bp"],
        "organisation": str(project.organisation_id),
        "project": str(project.pk),
        "batch": str(batch.pk),
        "guideline": guideline.number,
        "review_rule": frozen["review_rule"] if kind == "answer" else "none",
        "sampled_share_bp": frozen["sampled_share_bp"],
        "judge_hours": frozen["judge_hours"],
        "expected_seconds": project.expected_seconds,
        "first_seconds": project.lease_seconds,
        "daily_cap": project.daily_cap,
        "gold_least_bp": project.gold_least_bp,
        "gold_most_bp": project.gold_most_bp,
        "ai_use": project.ai_use,
        **({"skill": frozen["experts"]["skill"]} if tier else {}),
        **extras(frozen, kind=kind),
    }


def extras(frozen: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
    """Of what a batch froze, the promises beside the price that a lease of this kind takes over: only those that are made."""
    names = ["floor_per_hour_units"]
    if kind == "answer":
        names += ["quality_bonus_units", "quality_bonus_least_bp"] if frozen.get("quality_bonus_units") else []
    return {name: frozen[name] for name in names if frozen.get(name)}


def refresh_terms(*, project: Project, now: datetime) -> None:
    """Bring the terms of the project's queues up to date: for new leases only."""
    queues = Queue.objects.filter(project=project, batch__state__in=["launching", "active", "paused"])
    for queue in queues.select_related("batch__project"):
        before = queue.terms, queue.gold_count
        queue.terms = _covered(queue, terms_for(batch=queue.batch, kind=queue.kind, tier=queue.tier, now=now))
        queue.gold_count = gold_for(project, kind=queue.kind, tier=queue.tier)
        if (queue.terms, queue.gold_count) != before:
            queue.save(update_fields=["terms", "gold_count"])


def _covered(queue: Queue, fresh: dict[str, Any]) -> dict[str, Any]:
    """A price that the batch's reserve does not cover waits, and the old one stays.

    Queues of experts take it at once: each of their slots is opened only while the reserve covers it.
    """
    held = queue.batch.terms.get("covers", {}).get(queue.kind) or pricing.most_cost(queue.terms)
    if queue.tier or pricing.most_cost(fresh) <= held:
        return fresh
    kept = {name: value for name, value in queue.terms.items() if name in rates.PRICE_KEYS}
    return {name: value for name, value in fresh.items() if name not in rates.PRICE_KEYS} | kept


def gold_for(project: Project, *, kind: str, tier: int) -> int:
    """Known tasks that may be mixed into a queue: into ordinary answers alone.

    Experts are measured there too. Among escalated tasks gold would be told by its clear content, it would be given out at
    an expert's price while no expert is needed, and a last word on it has no answers to show.
    """
    return gold_count(project) if kind == "answer" and tier == 0 else 0


def gold_count(project: Project) -> int:
    return project.gold_answers.filter(taught=False, voided_at__isnull=True).count()
