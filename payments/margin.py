"""What the platform keeps: by project and month, from the ledger's own entries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from kit.money import Money
from payments import sheets, words

ENTRIES = """
SELECT CASE WHEN tx.source_kind = 'earning' THEN earning.batch_id END, account.kind, account.currency, sum(entry.amount)::bigint
FROM payments_ledgertx tx
JOIN payments_ledgerentry entry ON entry.tx_id = tx.id
JOIN payments_ledgeraccount account ON account.id = entry.account_id
LEFT JOIN payments_earning earning ON tx.source_kind = 'earning' AND earning.id = tx.source_id
WHERE tx.at >= %(start)s AND tx.at < %(end)s
  AND (account.kind IN ('platform_revenue', 'platform_losses', 'platform_fees', 'platform_fx', 'platform_referrals')
       OR account.kind = 'worker_available' AND tx.source_kind = 'earning' AND earning.organisation_id IS NOT NULL)
GROUP BY 1, 2, 3
"""
"""A month's entries by batch and account: what was confirmed to workers, our fee, and what we lost; no batch for the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMargin:
    """A project's month in one currency. `margin` is our fee less what the platform paid out of its own for it."""

    project_id: uuid.UUID | None
    project: str
    pay: Money
    fee: Money
    losses: Money

    @property
    def margin(self) -> Money:
        return self.fee - self.losses


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A currency's month: the margins of all projects, and what belongs to none of them."""

    projects: Money
    rail_fees: Money
    other_losses: Money
    fx: Money
    referrals: Money

    @property
    def net(self) -> Money:
        return self.projects - self.rail_fees - self.other_losses - self.fx - self.referrals


def month(start: dt.datetime) -> tuple[list[ProjectMargin], list[Platform]]:
    """Margins by currency and project, and each currency's whole. Two statements, whatever the number of projects."""
    by_batch, rest = _read(start)
    names = words.batches(sorted({batch for batch, _currency in by_batch}))
    sums: dict[tuple[str, uuid.UUID | None], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    titles: dict[uuid.UUID | None, str] = {None: ""}
    for (batch, currency), units in by_batch.items():
        name = names.get(batch)
        project = name.project_id if name else None
        titles[project] = name.project if name else ""
        for kind, amount in units.items():
            sums[currency, project][kind] += amount
    rows = [_margin(project, titles[project], units, currency) for (currency, project), units in sums.items()]
    rows.sort(key=lambda each: (each.fee.currency, -each.margin.units, each.project))
    return rows, [_platform(currency, rows, rest[currency]) for currency in sorted({*rest, *(key[0] for key in sums)})]


def _read(start: dt.datetime) -> tuple[dict[tuple[uuid.UUID, str], dict[str, int]], dict[str, dict[str, int]]]:
    by_batch: dict[tuple[uuid.UUID, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rest: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, {"start": start, "end": sheets.after(start)})
        for batch, kind, currency, units in cursor.fetchall():
            (rest[currency] if batch is None else by_batch[batch, currency])[kind] += units
    return by_batch, rest


def _margin(project_id: uuid.UUID | None, name: str, units: dict[str, int], currency: str) -> ProjectMargin:
    """Credits are negative in the ledger: what was earned for others and for us."""
    return ProjectMargin(
        project_id=project_id, project=name, pay=Money(-units["worker_available"], currency),
        fee=Money(-units["platform_revenue"], currency), losses=Money(units["platform_losses"], currency),
    )  # fmt: skip


def _platform(currency: str, rows: list[ProjectMargin], units: dict[str, int]) -> Platform:
    kept = sum(row.margin.units for row in rows if row.fee.currency == currency) - units["platform_revenue"]
    return Platform(
        projects=Money(kept, currency), rail_fees=Money(units["platform_fees"], currency),
        other_losses=Money(units["platform_losses"], currency), fx=Money(units["platform_fx"], currency),
        referrals=Money(units["platform_referrals"], currency),
    )  # fmt: skip


def csv_lines(start: dt.datetime) -> Iterator[str]:
    """A month's margins by project, and what belongs to none."""
    rows, wholes = month(start)
    yield sheets.row(["month", "project", "project_id", "to_workers", "fee", "losses", "margin", "currency"])
    for each in rows:
        figures = [str(amount.decimal()) for amount in (each.pay, each.fee, each.losses, each.margin)]
        yield sheets.row([f"{start:%Y-%m}", each.project, str(each.project_id or ""), *figures, each.fee.currency])
    for whole in wholes:
        for name, amount in (
            ("rail fees", -whole.rail_fees), ("other losses", -whole.other_losses), ("exchange", -whole.fx),
            ("referrals", -whole.referrals), ("net", whole.net),
        ):  # fmt: skip
            yield sheets.row([f"{start:%Y-%m}", f"({name})", "", "", "", "", str(amount.decimal()), amount.currency])
