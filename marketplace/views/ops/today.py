"""Ops today: what needs a person now, by clock; each section comes by itself, each line has one button."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from kit.errors import Text
from kit.money import Money
from marketplace import apart, cases, disputes, drift, reviewers
from marketplace.models.judging import Decision
from marketplace.ops_queries import golds, today
from marketplace.ops_queries.today import Trouble, WaitingAppeal
from payments import words as money_words
from qualification import readings
from workers import access, notices, work_queues
from workers.access import PersonRequest
from workers.models import OpsRole, StandingDecision
from workers.standing import PAUSE_REASONS
from workers.states import OPEN


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits: what, what to know, until or since when, and the one page where it is dealt with."""

    title: str
    note: str
    url: str
    action: str
    until: datetime | None = None
    since: datetime | None = None


Lines = Callable[[PersonRequest, datetime], Iterator[Line]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: for whom, what is in it, and what to say when nothing is."""

    key: str
    title: Text
    none: Text
    roles: tuple[str, ...]
    lines: Lines


@require_GET
@access.ops()
def page(request: PersonRequest) -> HttpResponse:
    """The first section that is this person's business at once, the others by themselves."""
    mine = [section for section in SECTIONS if is_for(request, section)]
    first = _filled(mine[0], request, timezone.now()) if mine else None
    return render(request, "ops/today.html", {
        "first": first, "others": mine[1:], "unread": notices.unread_count(request.user.pk),
    })


@require_GET
@access.ops()
def section(request: PersonRequest, key: str) -> HttpResponse:
    """One section, as the page fetches it and looks again each minute."""
    found = next((one for one in SECTIONS if one.key == key and is_for(request, one)), None)
    if found is None:
        raise Http404
    return render(request, "ops/today_section.html", _filled(found, request, timezone.now()))


def is_for(request: PersonRequest, section: Section) -> bool:
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    return bool(held & {*section.roles, OpsRole.ADMIN})


def _filled(section: Section, request: PersonRequest, now: datetime) -> dict[str, object]:
    return {"section": section, "lines": list(section.lines(request, now))}


# --- people ------------------------------------------------------------------------------------------------------------


def _people(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for waiting in today.waiting_appeals():
        yield _appeal(waiting, request)
    for worker in today.paused_for_a_look():
        yield Line(
            title=_("%(name)s is paused until somebody has looked") % {"name": worker.user.name},
            note=str(PAUSE_REASONS[worker.standing_reason][0]) if worker.standing_reason in PAUSE_REASONS else "",
            url=reverse("market:ops_person", args=[worker.pk]), action=_("Look at the person"), until=worker.standing_until,
        )
    for wish in apart.waiting()[: today.SHOWN]:
        yield Line(
            title=_("%(name)s asks not to be paired with somebody") % {"name": wish.worker.name},
            note=f"{wish.named} · {wish.get_why_display()}", url=f"{reverse('market:ops_apart')}?wish={wish.pk}#pair",
            action=_("Find the person"), since=wish.asked_at,
        )


def _appeal(waiting: WaitingAppeal, request: PersonRequest) -> Line:
    appeal, decision = waiting.appeal, waiting.decision
    against = appeal.against
    about = _("against a decision: %(reason)s") % {"reason": _reason(decision)} if decision else _("about their work")
    by = _("decided by %(name)s") % {"name": against.name} if against else ""
    step = _("nobody has answered yet") if appeal.state == OPEN else _("answered; a second person decides")
    if appeal.state != OPEN and request.user.pk in (appeal.against_id, appeal.answered_by_id if against is None else None):
        step = _("answered; somebody else than you has to decide")
    return Line(
        title=_("Appeal of %(name)s") % {"name": appeal.person.name}, note=" · ".join(part for part in (about, by, step) if part),
        url=reverse("workers:ops_appeal", args=[appeal.pk]), action=_("Answer") if appeal.state == OPEN else _("Decide"),
        until=waiting.due_at,
    )


def _reason(decision: StandingDecision) -> str:
    return str(dict(StandingDecision.REASONS).get(decision.reason, decision.reason))


ON_THIS_PAGE = {"ai_cases", "appeals", "disputes", "paused"}
"""Queues that have a section of their own here."""


def _queues(request: PersonRequest, now: datetime) -> Iterator[Line]:
    """What waits in the other queues and is held by nobody."""
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    for queue in work_queues.open_to(held):
        if queue.key in ON_THIS_PAGE:
            continue
        for row in work_queues.rows(queue, by_id=request.user.pk, now=now, limit=10):
            if row.claim is None or row.mine:
                yield Line(
                    title=row.item.title, note=" · ".join(part for part in (str(queue.title), row.item.note) if part), url=row.item.url,
                    action=_("Go on") if row.mine else _("Open"), until=row.item.until, since=row.item.since,
                )


def _cases(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for case in cases.waiting()[: today.SHOWN]:
        heard = _("has answered") if case.said_at else _("has not answered yet")
        yield Line(
            title=_("Signs of AI tools: %(name)s") % {"name": case.worker.name},
            note=f"{case.project.name} · {case.project.organisation.name} · {heard}",
            url=reverse("market:ops_case", args=[case.pk]), action=_("Look at the case"), until=case.decide_by,
        )


# --- work --------------------------------------------------------------------------------------------------------------


def _disputes(request: PersonRequest, now: datetime) -> Iterator[Line]:
    rows = disputes.waiting().order_by("opened_at")[: today.SHOWN]
    for one in sorted(rows, key=lambda row: disputes.due_at(row) or row.opened_at):
        answering = one.appeal.state == OPEN
        yield Line(
            title=_("%(name)s disputes %(about)s") % {"name": one.appeal.person.name, "about": one.get_about_display().lower()},
            note=" · ".join([
                one.batch.project.name, one.batch.project.organisation.name,
                _("nobody has answered yet") if answering else _("answered; a second person decides"),
            ]),
            url=reverse("market:ops_dispute", args=[one.pk]), action=_("Answer") if answering else _("Decide"),
            until=disputes.due_at(one),
        )


def _judging(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for due in today.running_out(now=now):
        count = ngettext("%(count)d answer", "%(count)d answers", due.count) % {"count": due.count}
        who = _("the client has said nothing") if due.by_client else _("no reviewer has taken it")
        yield Line(
            title=f"{due.batch.project.name} · {due.batch.name}",
            note=_("%(count)s accepted by silence within a day: %(who)s · %(client)s") % {
                "count": count, "who": who, "client": due.batch.project.organisation.name
            },
            url=f"{reverse('market:ops_judge')}?batch={due.batch.pk}", action=_("Judge"), until=due.first,
        )


def _readings(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for waits in readings.by_exam():
        yield Line(
            title=waits.exam,
            note=ngettext("%(count)d free text waits for points", "%(count)d free texts wait for points", waits.count)
            % {"count": waits.count},
            url=reverse("qualification:ops_readings"), action=_("Read"), until=waits.first_due,
        )


def _batches(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for trouble in today.troubles(now=now):
        batch = trouble.row.batch
        yield Line(
            title=f"{batch.project.name} · {batch.name}",
            note=f"{_trouble(trouble)} · {batch.project.organisation.name}",
            url=reverse("market:ops_batch", args=[batch.pk]), action=_("Look at the batch"), since=trouble.since,
        )


def _trouble(trouble: Trouble) -> str:
    flow, people = trouble.row.flow, trouble.row.supply
    match trouble.kind:
        case "short":
            missing = money_words.amount(trouble.missing) if trouble.missing else ""
            return _("the reserve is %(missing)s short of its open tasks") % {"missing": missing}
        case "rejections":
            return _("the limit of rejections is reached: no more can be rejected before somebody has looked")
        case "nobody":
            return ngettext(
                "%(count)d task is open and nobody may take it", "%(count)d tasks are open and nobody may take them", flow.open_answers
            ) % {"count": flow.open_answers}
        case _:
            return _("%(open)d tasks are open, nobody comes; %(people)d people may, %(active)d of them worked this week") % {
                "open": flow.open_answers, "people": people.eligible, "active": people.active
            }


def _gold(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for one in golds.doubtful():
        yield Line(
            title=one.gold.project.name,
            note=_("%(failing)d of the %(good)d better workers who met it do not say “%(known)s”, most of them “%(said)s”") % {
                "failing": one.failing, "good": one.good, "known": one.known, "said": one.said
            },
            url=reverse("market:ops_gold", args=[one.gold.pk]), action=_("Look at the answer"), since=one.gold.added_at,
        )


def _drift(request: PersonRequest, now: datetime) -> Iterator[Line]:
    for project in drift.drifting()[: today.SHOWN]:
        yield Line(
            title=project.name, note=_("fewer known answers are right than in the weeks before · %(client)s") % {
                "client": project.organisation.name
            },
            url=reverse("market:ops_project", args=[project.pk]), action=_("Look at the project"), since=project.drifting_since,
        )


def _verdicts(request: PersonRequest, now: datetime) -> Iterator[Line]:
    names = dict(Decision.choices)
    for doubt in reviewers.doubtful(limit=20):
        verdict, batch = doubt.verdict, doubt.verdict.submission.batch
        if verdict.judge is None:
            continue
        yield Line(
            title=f"{batch.project.name} · {batch.name}",
            note=_("%(first)s said “%(one)s”, %(second)s “%(other)s”") % {
                "first": verdict.judge.name, "one": names[verdict.decision], "second": doubt.second.worker.name,
                "other": names[doubt.decision],
            },
            url=f"{reverse('market:ops_person', args=[verdict.judge.pk])}#quality", action=_("Look at the reviewer"),
            since=doubt.second.submitted_at,
        )


# --- money -------------------------------------------------------------------------------------------------------------


def _money(request: PersonRequest, now: datetime) -> Iterator[Line]:
    found = today.money_waits()
    for run in found.runs:
        count = ngettext("%(count)d payout", "%(count)d payouts", run.payouts_planned) % {"count": run.payouts_planned}
        sum_ = money_words.amount(Money(run.total_units, run.currency))
        paused = run.state == "paused"
        yield Line(
            title=_("A payout run is stopped") if paused else _("A payout run waits for approval"),
            note=_("%(sum)s in %(count)s") % {"sum": sum_, "count": count},
            url=reverse("payments:payout_run", args=[run.pk]), action=_("Look at the run"), since=run.drafted_at,
        )
    for attempt in found.attempts:
        yield Line(
            title=_("A transfer to %(name)s is in doubt") % {"name": attempt.payout.worker.name},
            note=money_words.amount(Money(attempt.payout.amount_units, attempt.payout.currency)),
            url=reverse("payments:payout_run", args=[attempt.payout.run_id]), action=_("Look at the run"),
            since=attempt.created_at,
        )
    for correction in found.corrections:
        yield Line(
            title=_("A correction waits for a second person"), note=correction.reason,
            url=reverse("payments:correction", args=[correction.pk]), action=_("Look at the correction"), since=correction.drafted_at,
        )
    for mismatch in found.mismatches:
        ours = money_words.amount(Money(mismatch.ours_units, mismatch.currency)) if mismatch.ours_units is not None else ""
        yield Line(
            title=str(money_words.MISMATCHES.get(mismatch.kind, mismatch.kind)),
            note=_("ours: %(amount)s") % {"amount": ours} if ours else "",
            url=reverse("payments:ledger_health"), action=_("Look at the ledger"), since=mismatch.found_at,
        )
    for check in found.broken:
        yield Line(
            title=_("The books: %(name)s does not hold") % {"name": check.name}, note=check.detail,
            url=reverse("payments:ledger_health"), action=_("Look at the ledger"), since=check.at,
        )


SECTIONS = (
    Section(
        "people", gettext_lazy("People who wait for a word"),
        gettext_lazy("No appeal is open, nobody is paused for a look, and nobody asks to be kept apart."),
        (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), _people,
    ),
    Section(
        "disputes", gettext_lazy("Disputes of work"), gettext_lazy("Nobody disputes a verdict."),
        (OpsRole.QUALITY_LEAD,), _disputes,
    ),
    Section(
        "queues", gettext_lazy("Other queues"), gettext_lazy("Nothing else waits for you."),
        tuple(role for role, _label in OpsRole.ROLES), _queues,
    ),
    Section(
        "cases", gettext_lazy("Signs of AI tools"), gettext_lazy("No worker waits for a word about AI tools."),
        (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), _cases,
    ),
    Section(
        "judging", gettext_lazy("Answers that silence will accept"), gettext_lazy("No clock of judging runs out within a day."),
        (OpsRole.QUALITY_LEAD,), _judging,
    ),
    Section(
        "readings", gettext_lazy("Free texts of tests"), gettext_lazy("Nobody waits for a reader."),
        (OpsRole.QUALITY_LEAD,), _readings,
    ),
    Section(
        "batches", gettext_lazy("Batches that stand still"), gettext_lazy("Every batch in motion has money, people and answers."),
        (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), _batches,
    ),
    Section(
        "gold", gettext_lazy("Known answers that may be wrong"), gettext_lazy("Good workers agree with every known answer in use."),
        (OpsRole.QUALITY_LEAD,), _gold,
    ),
    Section(
        "drift", gettext_lazy("Projects whose answers have become worse"),
        gettext_lazy("Known answers are met as well as in the weeks before."), (OpsRole.QUALITY_LEAD,), _drift,
    ),
    Section(
        "verdicts", gettext_lazy("Verdicts that a second look did not share"),
        gettext_lazy("Every second look at a verdict said the same."), (OpsRole.QUALITY_LEAD,), _verdicts,
    ),
    Section(
        "money", gettext_lazy("Money"), gettext_lazy("No run waits, nothing is in doubt, the books agree."),
        (OpsRole.FINANCE,), _money,
    ),
)
