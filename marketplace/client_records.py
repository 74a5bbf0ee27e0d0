"""How clients treat the people who work for them: counted at night, public to workers, silent where there is too little to say."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from marketplace.models import ClientRecord
from payments import queries as money

LOOK_BACK = timedelta(days=90)
ENOUGH = 20
"""Answers from which on a share or a median says something."""
ENOUGH_DISPUTES = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What workers read of a client; None is "too few to say". Times in seconds, rates in basis points."""

    wait_seconds: int | None
    waited: int
    rejected_bp: int | None
    answers: int
    lost_bp: int | None
    disputes: int

    @property
    def says_nothing(self) -> bool:
        return self.wait_seconds is None and self.rejected_bp is None and self.lost_bp is None

    @property
    def wait_hours(self) -> float | None:
        return None if self.wait_seconds is None else self.wait_seconds / 3600

    @property
    def rejected_percent(self) -> float | None:
        return None if self.rejected_bp is None else self.rejected_bp / 100

    @property
    def lost_percent(self) -> float | None:
        return None if self.lost_bp is None else self.lost_bp / 100


NOTHING = Figures(None, 0, None, 0, None, 0)

COUNT = """
WITH answers AS (
  SELECT p.organisation_id, count(*) AS n,
         count(*) FILTER (WHERE EXISTS (SELECT 1 FROM marketplace_verdict v
                                         WHERE v.submission_id = s.id AND v.decision = 'reject')) AS rejected
    FROM marketplace_submission s
    JOIN marketplace_batch b ON b.id = s.batch_id
    JOIN marketplace_project p ON p.id = b.project_id
   WHERE s.kind = 'answer' AND NOT s.gold AND s.submitted_at > %(since)s AND s.state NOT IN ('waiting', 'sent_back')
   GROUP BY p.organisation_id
), disputed AS (
  SELECT organisation_id, count(*) AS n, count(*) FILTER (WHERE outcome <> 'upheld') AS lost
    FROM marketplace_dispute WHERE about = 'verdict' AND closed_at > %(since)s
   GROUP BY organisation_id
)
SELECT coalesce(answers.organisation_id, disputed.organisation_id), coalesce(answers.n, 0), coalesce(answers.rejected, 0),
       coalesce(disputed.n, 0), coalesce(disputed.lost, 0)
  FROM answers FULL JOIN disputed USING (organisation_id)
"""
"""Rejected counts what the client's side said first, also where a dispute overturned it: that shows beside it."""


def count(*, now: datetime) -> int:
    """Count the last 90 days of every client anew; returns how many clients have figures. Twice gives the same."""
    since = now - LOOK_BACK
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"since": since})
        counted = {row[0]: row[1:] for row in cursor.fetchall()}
    waits = money.waits_by_client(since=since)
    rows = [
        _row(organisation_id, counted.get(organisation_id, (0, 0, 0, 0)), waits.get(organisation_id), now)
        for organisation_id in counted.keys() | waits.keys()
    ]
    ClientRecord.objects.filter(counted_at__lt=now).exclude(pk__in=[row.pk for row in rows]).delete()
    fields = ["waited", "median_wait_seconds", "answers", "rejected", "disputes", "disputes_lost", "counted_at"]
    ClientRecord.objects.bulk_create(rows, update_conflicts=True, unique_fields=["organisation"], update_fields=fields)
    return len(rows)


def _row(
    organisation_id: uuid.UUID, counted: tuple[int, int, int, int], wait: money.Wait | None, now: datetime
) -> ClientRecord:
    answers, rejected, disputes, lost = counted
    return ClientRecord(
        organisation_id=organisation_id, answers=answers, rejected=rejected, disputes=disputes, disputes_lost=lost,
        waited=wait.n if wait else 0, median_wait_seconds=wait.median_seconds if wait else None, counted_at=now,
    )


def of(organisation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Figures]:
    """What is public of these clients; one statement."""
    rows = {row.pk: row for row in ClientRecord.objects.filter(pk__in=set(organisation_ids))}
    return {each: _figures(rows[each]) if each in rows else NOTHING for each in organisation_ids}


def _figures(row: ClientRecord) -> Figures:
    return Figures(
        wait_seconds=row.median_wait_seconds if row.waited >= ENOUGH else None, waited=row.waited,
        rejected_bp=_share(row.rejected, row.answers, ENOUGH), answers=row.answers,
        lost_bp=_share(row.disputes_lost, row.disputes, ENOUGH_DISPUTES), disputes=row.disputes,
    )


def _share(part: int, whole: int, enough: int) -> int | None:
    return round(part * 10_000 / whole) if whole >= enough else None
