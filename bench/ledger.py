"""Money in numbers: single postings against bare inserts of two rows, settlement in sets against a bare INSERT ... SELECT."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from bench import ground, market
from bench.report import Figure

CLIENTS = 4
OWNERS = 64
"""Workers whose accounts the postings go to."""
PARTS = 5
"""The overdue submissions are settled in so many parts, each beside its reference."""


def run(full: bool) -> list[Figure]:
    """Postings at least half as fast as bare inserts, settlement at least 0.3 times as fast as copying the rows it writes."""
    shop = market.Market.make(workers=OWNERS)
    return [*_postings(1_200 if full else 300), *_settlement(shop, 100_000 if full else 5_000)]


# --- postings ----------------------------------------------------------------------------------------------------------


def _postings(each: int) -> list[Figure]:
    """Postings a second of four sessions, over the same of pairs of bare rows; each posting is a transaction of its own."""
    from django.db import connection

    batch_id, owners = uuid.uuid4(), [uuid.uuid4() for _ in range(OWNERS)]
    with connection.cursor() as cursor:
        twin = ground.bare_twin(cursor, "payments_ledgerentry")
    bare = f"INSERT INTO {twin} (tx_id, n, account_id, amount) VALUES (%(tx)s, 1, %(one)s, 5), (%(tx)s, 2, %(other)s, -5)"

    def two_rows(at: int) -> None:
        from kit import hot

        with hot.cursor() as cursor:
            cursor.execute(bare, {"tx": uuid.uuid4(), "one": batch_id, "other": owners[at % OWNERS]})

    def posting(at: int) -> None:
        from django.utils import timezone

        from kit import hot
        from kit.money import Money
        from payments import ledger, sql
        from payments.chart import Account

        legs = ledger.move(
            Money(5, "USD"), debit=Account("batch_reserved", batch_id, "USD"),
            credit=Account("worker_pending", owners[at % OWNERS], "USD"),
        )
        with hot.cursor() as cursor:
            cursor.execute(sql.POST, ledger.Posting(
                idem=f"bench:{uuid.uuid4()}", kind="earn", source_kind="bench", source_id=uuid.uuid4(), legs=legs,
                actor_id=None, now=timezone.now(),
            ).params())  # fmt: skip

    with ThreadPoolExecutor(CLIENTS) as pool:
        ratio = ground.alternate(
            lambda: ground.seconds(lambda: _from_all(pool, two_rows, each)),
            lambda: ground.seconds(lambda: _from_all(pool, posting, each)), rounds=7,
        )
        list(pool.map(lambda _: _leave(), range(CLIENTS)))
    return [Figure("ledger_postings_vs_bare_rows", ratio, 0.5, least=True)]


def _from_all(pool: ThreadPoolExecutor, work: Callable[[int], None], each: int) -> None:
    """The same work from every session at once."""
    from django.db import transaction

    def series(first: int) -> None:
        for at in range(each):
            with transaction.atomic(durable=True):
                work(first * each + at)

    list(pool.map(series, range(CLIENTS)))


def _leave() -> None:
    from django.db import connection

    connection.close()


# --- settlement --------------------------------------------------------------------------------------------------------

WRITTEN = {
    "payments_ledgertx": "SELECT * FROM payments_ledgertx WHERE kind = 'confirm' AND at = %(now)s",
    "payments_ledgerentry": "SELECT entry.* FROM payments_ledgerentry entry JOIN payments_ledgertx tx ON tx.id = entry.tx_id"
    " WHERE tx.kind = 'confirm' AND tx.at = %(now)s",
    "payments_earning": "SELECT * FROM payments_earning WHERE settled_at = %(now)s",
    "marketplace_submission": "SELECT s.* FROM marketplace_submission s JOIN payments_earning e ON e.source_id = s.id"
    " WHERE e.settled_at = %(now)s",
    "kit_auditrecord": "SELECT * FROM kit_auditrecord WHERE at = %(now)s AND reason = 'silence'",
    "kit_outboxevent": "SELECT o.* FROM kit_outboxevent o JOIN payments_earning e ON e.source_id::text = o.payload->>'submission_id'"
    " WHERE o.name = 'submission.judged' AND e.settled_at = %(now)s",
}
"""The rows that settling leaves behind or writes anew, by table."""


def _settlement(shop: market.Market, count: int) -> list[Figure]:
    """Overdue submissions a second, as the job takes them, over a bare copy of the rows that this wrote."""
    from django.db import connection
    from django.utils import timezone

    from bench import past

    long_ago = timezone.now() - timedelta(days=30)
    shop.launch(tasks=count)
    past.hand_in(
        batch_id=shop.batch_ids[-1], worker_ids=shop.worker_ids, count=count, at=long_ago, judge_by=long_ago, parts=PARTS
    )
    with connection.cursor() as cursor:
        for table in WRITTEN:
            ground.bare_twin(cursor, table)
    pairs, settled = [], 0
    for part in range(PARTS):
        now = long_ago + timedelta(hours=part, minutes=30)
        done, took = _settle(now)
        bare = _copy(now, done)
        settled += done
        pairs.append((bare, took))
        print(f"# settled {done / took:.0f} submissions a second, bare {done / bare:.0f}")
    assert settled == count, f"{settled} of {count} were settled"
    return [Figure("settle_overdue_vs_bare_insert_select", ground.median_ratio(pairs), 0.3, least=True)]


def _settle(now: datetime) -> tuple[int, float]:
    """All that is due by then, in the steps of the job; how many and how long."""
    from django.db import transaction

    from marketplace import review

    done, seconds, step = 0, 0.0, 1
    while step:
        def one_step() -> None:
            nonlocal step
            with transaction.atomic(durable=True):
                step = review.accept_overdue(now=now)
        seconds += ground.seconds(one_step)
        done += step
    return done, seconds


def _copy(now: datetime, count: int) -> float:
    """Seconds of one INSERT ... SELECT per table, from copies in memory; the bare twins have the same indexes."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        # What was settled is found by times that no statistics know of yet; a running server looks by itself within a minute.
        cursor.execute("ANALYZE")
        for table, rows in WRITTEN.items():
            cursor.execute(f"CREATE TEMPORARY TABLE fresh_{table} ON COMMIT DROP AS {rows}", {"now": now})
            assert cursor.rowcount >= count, f"{cursor.rowcount} rows of {table}, not {count}"
        return ground.seconds(lambda: [
            cursor.execute(f"INSERT INTO bench_{table} SELECT * FROM fresh_{table}") for table in WRITTEN
        ])
