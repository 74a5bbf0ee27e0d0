"""Case files about several accounts: opened by a person or by the duplicate check, looked at by a named person, closed with a finding.

A case changes nothing by itself. What it may do is hold single earnings that it names, for thirty days at most; the rest of a
person's money, and their work, go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from payments import holds
from payments.models import Earning, Hold
from payments.queries import EarningView, single_views
from workers import decisions, graph, notices, people, work_queues
from workers.models import OpsRole, PersonCase, User

LOOKED_AT_WITHIN = timedelta(hours=72)
HELD_AT_MOST = timedelta(days=30)
REASON = "case"
QUEUE = "fraud"
HELD_SHOWN = 100

notices.declare(
    "money.held",
    lazy("%(count)s of your earnings are held while a person of ops looks into a case, for 30 days at most. Everything else is paid"
         " as usual; write to us if you want to say something to it."),
    url_name="payments:earnings", mail=True,
)  # fmt: skip
notices.declare("money.let_go", lazy("Your held earnings are free again."), url_name="payments:earnings", mail=True)


def open_case(*, person_id: uuid.UUID, note: str, by_id: uuid.UUID | None, now: datetime) -> PersonCase:
    """Begin a case with the neighbours as they are now; `by_id` is None for the duplicate check. Raises NotFound, Invalid, Conflict,
    decisions.NotADecider, people.NotIndependent."""
    if not User.objects.filter(pk=person_id).exists():
        raise NotFound(_("There is no such person."))
    if len(note) > 2_000 or "\x00" in note:
        raise Invalid(_("Write at most 2,000 characters."), field="note")
    if by_id is not None:
        _require_decider(by_id, person_id)
    if PersonCase.objects.filter(person_id=person_id, closed_at__isnull=True).exists():
        raise Conflict(_("There is an open case about this person already."))
    edges = graph.around(person_id)
    made = PersonCase.objects.create(
        person_id=person_id, note=note.strip(), opened_by_id=by_id, opened_at=now, due_at=now + LOOKED_AT_WITHIN,
        others=sorted({str(end) for edge in edges for end in (edge.a, edge.b)} - {str(person_id)}),
        reasons=[{"a": str(edge.a), "b": str(edge.b), "kind": edge.kind, "note": edge.words} for edge in edges],
    )  # fmt: skip
    audit.record(subject=made, verb="person_case.opened", actor_id=by_id, now=now)
    return made


def find(case_id: uuid.UUID) -> PersonCase:
    """Raises NotFound."""
    found = PersonCase.objects.select_related("person", "opened_by", "closed_by").filter(pk=case_id).first()
    if found is None:
        raise NotFound(_("There is no such case."))
    return found


def holdable_by_worker(case: PersonCase) -> list[tuple[uuid.UUID, EarningView]]:
    """Confirmed earnings of the case's people that no payout carries and nothing holds, the newest first, with whose they are."""
    rows = Earning.objects.filter(
        worker_id__in=[case.person_id, *case.others], state="confirmed", payout__isnull=True, held=False, confirmed_units__gt=0
    )
    newest = list(rows.order_by("-settled_at", "-id")[:HELD_SHOWN])
    return list(zip([row.worker_id for row in newest], single_views(newest), strict=True))


def held(case: PersonCase) -> list[Hold]:
    """What the case holds now."""
    return list(Hold.objects.filter(pk__in=case.holds, state="open").select_related("earning__worker").order_by("pk"))


def as_file(case: PersonCase) -> dict[str, Any]:
    """The whole case as plain data; people by id alone."""
    return {
        "id": case.pk, "person": case.person_id, "others": case.others, "reasons": case.reasons, "note": case.note,
        "opened_by": case.opened_by_id, "opened_at": case.opened_at, "due_at": case.due_at, "holds": case.holds,
        "held_now": [{"earning": one.earning_id, "amount": str(one.amount)} for one in held(case)],
        "outcome": case.outcome, "finding": case.finding, "closed_by": case.closed_by_id, "closed_at": case.closed_at,
        "trail": list(audit.history(case).values("at", "verb", "actor_id", "reason")),
    }  # fmt: skip


def hold(*, case: PersonCase, earning_ids: Sequence[uuid.UUID], by_id: uuid.UUID, now: datetime) -> PersonCase:
    """Hold the named earnings and no others. Raises Invalid for none, or for money that is none of the case's, Conflict for a
    case that is closed or money that is on its way, people.NotIndependent, decisions.NotADecider."""
    _require_decider(by_id, case.person_id)
    case = _open_row(case)
    rows = list(Earning.objects.filter(pk__in=earning_ids, worker_id__in=[case.person_id, *case.others]))
    if not rows or len(rows) != len(set(earning_ids)):
        raise Invalid(_("Choose at least one earning of the people in this case."), field="earnings")
    made = [holds.stop(earning_id=row.pk, reason=REASON, actor_id=by_id, now=now) for row in rows]
    case.holds = [*case.holds, *(str(one.pk) for one in made)]
    case.save(update_fields=["holds"])
    audit.record(subject=case, verb="person_case.held", actor_id=by_id, now=now)
    for worker_id in {row.worker_id for row in rows}:
        notices.tell(worker_id, "money.held", count=sum(row.worker_id == worker_id for row in rows))
    return case


def let_go(*, case: PersonCase, by_id: uuid.UUID | None, now: datetime) -> int:
    """Free what this case holds; `by_id` is None for the clock. Returns how many earnings."""
    stopped = held(case)
    for one in stopped:
        holds.lift(hold_id=one.pk, actor_id=by_id, now=now)
    if stopped:
        audit.record(subject=case, verb="person_case.let_go", actor_id=by_id, now=now)
    for worker_id in {one.earning.worker_id for one in stopped}:
        notices.tell(worker_id, "money.let_go")
    return len(stopped)


def close(*, case: PersonCase, outcome: str, finding: str, by_id: uuid.UUID, now: datetime) -> PersonCase:
    """Say what was found, and free what was held: money is taken from nobody here. Raises Invalid, Conflict, people.NotIndependent,
    decisions.NotADecider, work_queues.Taken."""
    if outcome not in dict(PersonCase.OUTCOMES):
        raise Invalid(_("Expected an outcome from the list."), field="outcome", expected=sorted(dict(PersonCase.OUTCOMES)))
    if not 2 <= len(finding.strip()) <= 2_000 or "\x00" in finding:
        raise Invalid(_("Say in 2 to 2,000 characters what you found."), field="finding")
    _require_decider(by_id, case.person_id)
    work_queues.require(queue=QUEUE, item=case.pk, by_id=by_id, now=now)
    case = _open_row(case)
    case.closed_by_id, case.closed_at, case.outcome, case.finding = by_id, now, outcome, finding.strip()
    case.save(update_fields=["closed_by", "closed_at", "outcome", "finding"])
    audit.record(subject=case, verb="person_case.closed", actor_id=by_id, now=now, reason=outcome)
    work_queues.done(queue=QUEUE, item=case.pk)
    let_go(case=case, by_id=by_id, now=now)
    return case


def let_go_due(*, now: datetime) -> int:
    """Free what open cases have held for thirty days; returns how many earnings."""
    old = Hold.objects.filter(state="open", reason=REASON, opened_at__lte=now - HELD_AT_MOST).values_list("pk", flat=True)
    due = {str(pk) for pk in old}
    cases = PersonCase.objects.filter(closed_at__isnull=True).exclude(holds=[]) if due else []
    return sum(let_go(case=case, by_id=None, now=now) for case in cases if due.intersection(case.holds))


TWINS = """
SELECT array_agg(user_id ORDER BY first_at, user_id) FROM workers_sighting
WHERE kind = ANY(%(kinds)s) GROUP BY kind, trait HAVING count(*) BETWEEN 2 AND %(most)s AND max(first_at) > %(since)s
"""
NEW_FOR = timedelta(days=30)
"""A group that nobody has joined for so long was looked at: what is known already never keeps a new one waiting."""


def find_duplicates(*, now: datetime) -> int:
    """Open a case where people share a document or a payout account and nobody has looked at them yet; returns how many.

    It pauses nobody, holds nothing and tells nobody but ops.
    """
    with connection.cursor() as cursor:
        cursor.execute(TWINS, {"kinds": list(graph.STRONG), "most": graph.CROWDED[graph.DOCUMENT], "since": now - NEW_FOR})
        groups = [row[0] for row in cursor.fetchall()]
    made = 0
    for group in groups:
        newest = group[-1]
        if _looked_at(group) or PersonCase.objects.filter(person_id=newest, closed_at__isnull=True).exists():
            continue
        open_case(person_id=newest, note="", by_id=None, now=now)
        made += 1
    return made


def _looked_at(group: list[uuid.UUID]) -> bool:
    """Whether each two of them were in one case already, or are known to be one person."""
    cases = PersonCase.objects.filter(person_id__in=group).values_list("person_id", "others")
    together = [{str(person), *others} for person, others in cases]
    same = people.linked(group[0])
    return all({a, b} <= same or any({str(a), str(b)} <= case for case in together) for a, b in combinations(group, 2))


def _open_row(case: PersonCase) -> PersonCase:
    row = PersonCase.objects.select_for_update().get(pk=case.pk)
    if row.closed_at is not None:
        raise Conflict(_("This case is closed."))
    return row


def _require_decider(by_id: uuid.UUID, person_id: uuid.UUID) -> None:
    if not OpsRole.objects.filter(user_id=by_id, role__in=(*decisions.LOOKS_AFTER_PEOPLE, OpsRole.ADMIN)).exists():
        raise decisions.NotADecider(_("Only a pool manager, a quality lead or an admin may decide this."))
    people.require_independent(by_id, person_id)


def waiting() -> QuerySet[PersonCase]:
    """Open cases, the most urgent first."""
    return PersonCase.objects.filter(closed_at__isnull=True).select_related("person", "opened_by").order_by("due_at", "pk")


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        by = one.opened_by.name if one.opened_by else _("the duplicate check")
        yield work_queues.Item(
            id=one.pk, title=one.person.name, url=reverse("market:ops_fraud_case", args=[one.pk]), until=one.due_at,
            note=_("%(others)d neighbours, %(reasons)d reasons; opened by %(by)s")
            % {"others": len(one.others), "reasons": len(one.reasons), "by": by},
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key=QUEUE, title=lazy("Cases about accounts"), none=lazy("No case about accounts is open."),
    about=lazy("People who share a document, a payout account, a device or mistakes; looked at within 72 hours."),
    roles=decisions.LOOKS_AFTER_PEOPLE, waiting=_items, count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
