"""The market's work queues: disputes of work, signs of AI tools, and people who are paused until somebody has looked."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import cases, disputes
from marketplace.ops_queries import today
from workers import work_queues
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import OpsRole
from workers.standing import PAUSE_REASONS
from workers.states import OPEN


def _disputes(limit: int) -> Iterator[work_queues.Item]:
    rows = disputes.waiting().order_by("opened_at")[:limit]
    for one in sorted(rows, key=lambda row: disputes.due_at(row) or row.opened_at):
        step = _("nobody has answered yet") if one.appeal.state == OPEN else _("answered; a second person decides")
        yield work_queues.Item(
            id=one.pk, title=_("%(name)s disputes %(about)s") % {"name": one.appeal.person.name, "about": one.get_about_display().lower()},
            note=f"{one.batch.project.name} · {one.batch.project.organisation.name} · {step}",
            url=reverse("market:ops_dispute", args=[one.pk]), until=disputes.due_at(one),
        )


def _cases(limit: int) -> Iterator[work_queues.Item]:
    for case in cases.waiting()[:limit]:
        heard = _("has answered") if case.said_at else _("has not answered yet")
        yield work_queues.Item(
            id=case.pk, title=_("Signs of AI tools: %(name)s") % {"name": case.worker.name},
            note=f"{case.project.name} · {case.project.organisation.name} · {heard}",
            url=reverse("market:ops_case", args=[case.pk]), until=case.decide_by,
        )


def _paused(limit: int) -> Iterator[work_queues.Item]:
    for worker in today.paused_for_a_look()[:limit]:
        why = PAUSE_REASONS.get(worker.standing_reason)
        yield work_queues.Item(
            id=worker.pk, title=worker.user.name, note=str(why[0]) if why else "",
            url=reverse("market:ops_person", args=[worker.pk]), until=worker.standing_until,
        )


work_queues.declare(work_queues.WorkQueue(
    key="disputes", title=gettext_lazy("Disputes of work"), none=gettext_lazy("Nobody disputes a verdict."),
    about=gettext_lazy("Answered within 48 hours, decided by a second person within 5 days; silence is for the worker."),
    roles=(OpsRole.QUALITY_LEAD,), waiting=_disputes, count=lambda: disputes.waiting()[: work_queues.LOOKED_AT].count(),
))
work_queues.declare(work_queues.WorkQueue(
    key=cases.QUEUE, title=gettext_lazy("Signs of AI tools"), none=gettext_lazy("No worker waits for a word about AI tools."),
    about=gettext_lazy("The worker is heard for 48 hours; decided within 7 days, or it ends for the worker."),
    roles=LOOKS_AFTER_PEOPLE, waiting=_cases, count=lambda: cases.waiting()[: work_queues.LOOKED_AT].count(),
))
work_queues.declare(work_queues.WorkQueue(
    key="paused", title=gettext_lazy("Paused until somebody looks"), none=gettext_lazy("Nobody is paused for a look."),
    about=gettext_lazy("The pause ends by itself; until then a person says whether there is anything to it."),
    roles=(OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), waiting=_paused, count=lambda: len(today.paused_for_a_look()),
))
