"""Pages over a long backlog: statements of each as sent to the database, and whether one of them reads a large table whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

import psycopg

from bench import ground, market
from bench.report import Figure

LARGE = 10_000
"""Rows from which reading a table or an index whole is a scan."""
LIST, OVERVIEW = 12, 15
"""Statements at most: of lists, workspace and queues; of home, ops today and person, and of each of their sections."""
HANDED_IN_MOST = 200_000
WORKERS, OTHERS = 20, 9
"""The tasks lie in batches of the same size: the one that is looked at, and those of other clients."""


@dataclass(frozen=True)
class Page:
    """Who asks for which route; `bound` is how many statements it may take, 0 for a page of figures, which is neither."""

    who: str
    route: str
    args: tuple[object, ...] = ()
    bound: int = LIST
    query: str = ""

    @property
    def name(self) -> str:
        return "_".join([self.route, *(arg for arg in self.args if isinstance(arg, str) and arg.isalpha())]) + self.query


@dataclass
class Sent:
    """The statements that a page sent."""

    statements: list[tuple[str, Any]] = field(default_factory=list)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Every cursor is listened to: Django's own and those of the hot paths."""
        execute = psycopg.Cursor.execute

        def listening(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
            self.statements.append((str(query), params))
            return execute(cursor, query, params, **options)

        with mock.patch.object(psycopg.Cursor, "execute", listening):
            yield


def run(full: bool) -> list[Figure]:
    """Of each page two figures by its route: statements, and how many of them scan. Planned as the database plans them."""
    shop = _shop(1_000_000 if full else 20_000)
    figures = []
    for page in _pages(shop):
        sent = _visit(page, shop)
        scans = [found for found in map(_scan, sent.statements) if found]
        for found in scans:
            print(f"# {page.name}: {found}")
        if page.bound:
            figures.append(Figure(f"statements_of_{page.name}", len(sent.statements), page.bound))
        else:
            print(f"# {page.name}: {len(sent.statements)} statements, no bound")
        figures.append(Figure(f"scans_of_{page.name}", len(scans), 0))
    return figures


# --- the market --------------------------------------------------------------------------------------------------------


@dataclass
class Shop:
    """One client of ten, each with a batch in motion: partly answered, partly judged, one task in Ana's hands."""

    people: dict[str, Any]
    org: str
    project_id: uuid.UUID
    batch_id: uuid.UUID
    lease_id: uuid.UUID
    waiting_id: uuid.UUID


def _shop(tasks: int) -> Shop:
    ground.ready()
    from marketplace.models import Submission
    from tests import market as small
    from tests import people
    from workers.models import OpsRole

    crowd = [people.worker(f"P{n}") for n in range(WORKERS)]
    for _other in range(OTHERS):
        _batch("Other", crowd, tasks // (OTHERS + 1))
    mira, organisation, shop = _batch("Mira", crowd, tasks // (OTHERS + 1))
    leased = small.take(crowd[0], now=ground.now())
    waiting = Submission.objects.filter(batch_id=shop.batch_ids[-1], state="waiting").first()
    assert leased is not None and waiting is not None
    return Shop(
        people={"worker": crowd[0], "client": mira, "ops": people.ops("Olu", OpsRole.ADMIN)},
        org=organisation.slug, project_id=shop.project_id, batch_id=shop.batch_ids[-1], lease_id=leased.lease_id,
        waiting_id=waiting.pk,
    )


def _batch(name: str, crowd: list[Any], tasks: int) -> tuple[Any, Any, market.Market]:
    """A client with one batch in motion."""
    from tests import market as small
    from tests import people

    owner, organisation = people.client(name)
    people.pay_in(organisation, people.usd("9000000"))
    project = small.project(owner, organisation, price="0.01", review_rule="client", now=ground.now())
    shop = market.Market(project.pk, owner.pk, [worker.pk for worker in crowd], [])
    shop.launch(tasks=tasks)
    _work(shop, min(tasks * 4 // 5, HANDED_IN_MOST // OTHERS))
    return owner, organisation, shop


SETTLED = """
INSERT INTO marketplace_result (task_id, batch_id, state, answer, confidence_bp, ambiguous, distribution, answers, by, settled_at)
SELECT task_id, batch_id, 'settled', answer, 9000, false, '{}', 1, 'model', submitted_at FROM marketplace_submission
 WHERE batch_id = %s AND state = 'accepted'
"""


def _work(shop: market.Market, count: int) -> None:
    """Three quarters of the answers accepted by silence, with their money and results, the rest waiting."""
    from django.db import connection, transaction

    from bench import past
    from marketplace import review

    now = ground.now()
    past.hand_in(
        batch_id=shop.batch_ids[-1], worker_ids=shop.worker_ids, count=count, at=now - timedelta(hours=12),
        judge_by=now - timedelta(hours=2, minutes=30), parts=4,
    )
    more = True
    while more:
        with transaction.atomic(durable=True):
            more = bool(review.accept_overdue(now=now))
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [shop.batch_ids[-1]])
        cursor.execute("VACUUM ANALYZE")


# --- the pages ---------------------------------------------------------------------------------------------------------


def _pages(shop: Shop) -> list[Page]:
    from marketplace.views.ops import person, today

    ana, org = shop.people["worker"].pk, shop.org
    return [
        Page("worker", "market:work_home", bound=OVERVIEW),
        Page("worker", "market:work_offers", bound=OVERVIEW),
        Page("worker", "market:work_more", bound=OVERVIEW),
        Page("worker", "market:workspace", (shop.lease_id,)),
        Page("worker", "market:history"),
        Page("worker", "market:quality"),
        Page("worker", "payments:earnings"),
        Page("worker", "qualification:skills"),
        Page("client", "market:projects", (org,)),
        Page("client", "market:project", (org, shop.project_id), bound=0),
        Page("client", "market:batch", (org, shop.batch_id), bound=0),
        *[Page("client", "market:batch_results", (org, shop.batch_id), query=f"?show={show}")
          for show in ("all", "settled", "open", "ambiguous")],
        Page("client", "market:client_review", (org,)),
        Page("client", "market:client_review_item", (org, shop.waiting_id), bound=0),
        Page("client", "payments:billing", (org,)),
        Page("client", "workers:members", (org,)),
        Page("ops", "market:ops_batches"),
        Page("ops", "market:ops_batch", (shop.batch_id,)),
        Page("ops", "market:ops_pools"),
        Page("ops", "market:ops_pools_skills"),
        Page("ops", "market:ops_pools_workers"),
        Page("ops", "market:ops_judge"),
        Page("ops", "market:ops_judge_item", (shop.waiting_id,)),
        Page("ops", "workers:ops_people"),
        Page("ops", "payments:payout_runs"),
        Page("ops", "payments:ledger_health"),
        Page("ops", "market:ops_today", bound=OVERVIEW),
        *[Page("ops", "market:ops_today_section", (one.key,), bound=OVERVIEW) for one in today.SECTIONS],
        Page("ops", "market:ops_person", (ana,), bound=OVERVIEW),
        *[Page("ops", "market:ops_person_part", (ana, key), bound=OVERVIEW) for key in person.PARTS],
    ]


def _visit(page: Page, shop: Shop) -> Sent:
    """The page as its reader's browser gets it. They sit there already, since the first page of a seat notes it in the session; what
    was counted for an earlier page is forgotten."""
    from django.conf import settings
    from django.core.cache import cache
    from django.test import Client
    from django.urls import reverse

    browser = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    browser.force_login(shop.people[page.who], backend="allauth.account.auth_backends.AuthenticationBackend")
    address, sent = reverse(page.route, args=page.args) + page.query, Sent()
    browser.get(address)
    cache.clear()
    with sent.recorded():
        response = browser.get(address)
        if response.streaming:
            b"".join(response)
    assert response.status_code == 200, f"{page.name}: {response.status_code} {response.content[:500]!r}"
    return sent


# --- plans -------------------------------------------------------------------------------------------------------------


def _scan(statement: tuple[str, Any]) -> str:
    """What the statement reads whole, if it does: a large table, or a large index from end to end without a limit."""
    from django.db import connection

    query, params = statement
    if query.lstrip().split(None, 1)[0].upper() not in {"SELECT", "WITH"}:
        return ""
    connection.ensure_connection()
    with psycopg.ClientCursor(connection.connection) as cursor:
        plan = cursor.execute(f"EXPLAIN (FORMAT JSON) {query}", params).fetchone()[0]  # type: ignore[index]
        large = dict(cursor.execute("SELECT relname, reltuples FROM pg_class WHERE reltuples > %s", [LARGE]).fetchall())
    if isinstance(plan, str):
        import orjson

        plan = orjson.loads(plan)
    found = sorted({node["Relation Name"] for node, limited in _nodes(plan[0]["Plan"], limited=False)
                    if node.get("Relation Name") in large and _reads_all(node, limited)})
    return f"{', '.join(found)} in {' '.join(query.split())[:400]}" if found else ""


def _nodes(node: dict[str, Any], *, limited: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    yield node, limited
    for below in node.get("Plans", []):
        yield from _nodes(below, limited=(limited or node["Node Type"] == "Limit") and below["Node Type"] != "Sort")


def _reads_all(node: dict[str, Any], limited: bool) -> bool:
    if node["Node Type"] == "Seq Scan":
        return True
    return "Index" in node["Node Type"] and "Index Cond" not in node and not limited and node["Plan Rows"] > LARGE
