"""All batches of all clients as ops see them: state, progress, supply, spend, age."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from kit.money import Money
from marketplace.models import Batch
from marketplace.ops_queries import flow, supply
from marketplace.ops_queries.flow import Flow
from marketplace.ops_queries.supply import Supply
from marketplace.states import BATCH
from payments import queries as money
from payments.queries import BatchSpend

IN_MOTION = ("launching", "active", "paused", "closing")
SETTLED_MOST = 100_000

SETTLED = """
SELECT b.id, (SELECT count(*) FROM (SELECT 1 FROM marketplace_result r
                                     WHERE r.batch_id = b.id AND r.state = 'settled' LIMIT %(most)s) few)
  FROM unnest(%(batches)s::uuid[]) AS b(id)
"""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with how far it is, who could do it, and what it cost."""

    batch: Batch
    settled: int
    flow: Flow
    supply: Supply
    spend: BatchSpend

    @property
    def spent(self) -> Money:
        return self.spend.paid + self.spend.fees

    @property
    def in_motion(self) -> bool:
        return self.batch.state in IN_MOTION


def listed(*, state: str = "", words: str = "") -> QuerySet[Batch]:
    """Batches by state ("" for those in motion, "all", or one state) and by the beginning of a name of batch, project or client."""
    rows = Batch.objects.select_related("project__organisation")
    if state in BATCH.states:
        rows = rows.filter(state=state)
    elif state != "all":
        rows = rows.filter(state__in=IN_MOTION)
    words = words.replace("\x00", "").strip()[:120]
    if words:
        rows = rows.filter(
            Q(name__istartswith=words) | Q(project__name__istartswith=words) | Q(project__organisation__name__istartswith=words)
        )
    return rows


def shown(found: Sequence[Batch], *, now: datetime) -> list[BatchRow]:
    """These batches with their figures: four statements for any number."""
    ids = [batch.pk for batch in found]
    flows, settled, spends = flow.of(ids, now=now), _settled(ids), spend_of(found)
    people = supply.of((batch.project for batch in found if batch.state in IN_MOTION), now=now)
    nobody = Supply(0, 0)
    return [
        BatchRow(batch, settled[batch.pk], flows[batch.pk], people.get(batch.project_id, nobody), spends[batch.pk])
        for batch in found
    ]


def spend_of(found: Sequence[Batch]) -> dict[uuid.UUID, BatchSpend]:
    """Where the money of these batches is, each in its own currency, also when it was never funded."""
    spends = money.batches_spend([batch.pk for batch in found])
    return {batch.pk: _in_currency(spends[batch.pk], batch.currency) for batch in found}


def _in_currency(spend: BatchSpend, currency: str) -> BatchSpend:
    if spend.paid.currency == currency:
        return spend
    zero = Money.zero(currency)
    return BatchSpend(paid=zero, fees=zero, pending=zero, reserved=zero)


def _settled(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, {"batches": list(ids), "most": SETTLED_MOST})
        return dict(cursor.fetchall())


def find(batch_id: uuid.UUID) -> Batch:
    """A batch of any client; raises NotFound."""
    found = Batch.objects.select_related("project__organisation", "created_by").filter(pk=batch_id).first()
    if found is None:
        raise NotFound(_("There is no such batch."))
    return found
