"""D2: a crash before and after every commit and every call to the rail; run again, the end is always the same."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import stripe
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from kit.money import Money
from payments import earnings, funding, invariants, jobs, ledger
from payments.chart import Account, platform
from payments.models import Attempt, Funding, Payout, PayoutAccount
from tests import people
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.sabotage import new_key_per_call, swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

ALWAYS = ("stripe_gateway.send", "payouts.record_known", "sending._note_call")
"""Points that the small form never leaves out."""
OTHERS = 4


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it, not even what catches exceptions."""


@dataclass
class Points:
    """The failpoints as they are passed, each with its name; `fatal` is the one at which to die."""

    fatal: int = -1
    passed: list[str] = field(default_factory=list)
    dead: bool = False

    def at(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) - 1 == self.fatal:
            if connection.connection is not None:
                connection.connection.close()
            raise Killed(name)


def run(stage: Stage, sabotaged: bool) -> Figure:
    clean, points = _life(stage, Points())
    fatal = list(range(len(points))) if stage.full else _some(stage, points)
    with when(sabotaged, new_key_per_call()):
        ends = []
        for point in fatal:
            at.clear(stage, "D2")
            ends.append(_life(stage, Points(point))[0] == clean)
    found = {"points": len(fatal), "names": len({points[n] for n in fatal}), "same_end": sum(ends), "paid": clean["transfers"]}
    return held(found, {"points": len(fatal), "names": len({points[n] for n in fatal}), "same_end": len(fatal), "paid": 3})


def _some(stage: Stage, points: list[str]) -> list[int]:
    chosen = [n for n, name in enumerate(points) if name.endswith(ALWAYS) and points.index(name) == n]
    rest = [n for n in range(len(points)) if n not in chosen]
    return sorted(chosen + stage.dice.sample(rest, OTHERS))


def _life(stage: Stage, points: Points) -> tuple[dict[str, Any], list[str]]:
    """A payment in, work, a run, banks, both books; each part is a job that finds what there is to do. Until all is done."""
    cast = Cast.made(stage)
    for lap in range(4):
        for part in cast.parts():
            with failpoints(points):
                try:
                    part()
                except BaseException:
                    if len(points.passed) <= points.fatal or points.fatal < 0 or points.dead:
                        raise
                    points.dead = True
                    _bury()
            if lap == 0:
                # Between jobs the world goes on; nothing waits longer than its clock.
                cast.world()
        if cast.done():
            break
        stage.advance(minutes=17)
        cast.world()
    return cast.end(), points.passed


def _bury() -> None:
    """The connection of the dead goes with it; a new process has a new one."""
    connection.in_atomic_block = False
    connection.close()
    del connections["default"]


@dataclass
class Cast:
    """One client with a payment under way, three workers with accounts, and names that a crash does not change."""

    stage: Stage
    acme: Any
    workers: list[Any]
    wish: Funding
    batch_id: uuid.UUID = uuid.UUID(int=7)

    @classmethod
    def made(cls, stage: Stage) -> Cast:
        mira, acme = people.client()
        wish = Funding.objects.create(
            organisation=acme, currency="USD", amount_units=1_000_000, started_by=mira.pk, created_at=stage.now(),
            success_url="http://localhost/a", cancel_url="http://localhost/b",
        )  # fmt: skip
        stage.advance(minutes=2)
        workers = [people.worker(name) for name in ("Ana", "Wen", "Ben")]
        for user, account in zip(workers, stage.rail.control("accounts", {"count": 3})["accounts"], strict=True):
            PayoutAccount.objects.create(
                user=user, rail_account=account, country="DE", currency="EUR", state="active", created_at=stage.now(),
                ready_at=stage.now(), bank_ready=True,
            )  # fmt: skip
        return cls(stage, acme, workers, wish)

    def parts(self) -> list[Callable[[], None]]:
        return [
            jobs.finish_checkouts, jobs.finish_checkouts, self.launch, self.work, self.judge, jobs.plan_weekly_payouts,
            jobs.send_payouts, jobs.read_bank_payouts, jobs.backfill_events, jobs.apply_stripe_events, jobs.pull_movements,
            jobs.reconcile,
        ]  # fmt: skip

    def world(self) -> None:
        """What others do: Mira pays on the hosted page, time passes, Stripe pays out to banks."""
        self.wish.refresh_from_db()
        if self.wish.state == "open":
            session = self.stage.rail.client.v1.checkout.sessions.retrieve(self.wish.checkout_id or "")
            if session.status == "open":
                self.stage.rail.control(f"checkout/{session.id}/complete", {})
            self.stage.advance(minutes=16)
        if Payout.objects.filter(state="sent").count() == len(self.workers):
            for account in PayoutAccount.objects.values_list("rail_account", flat=True):
                self.stage.rail.control(f"accounts/{account}/pay_out", {})
            self.stage.advance(hours=2)

    def done(self) -> bool:
        """Everybody has their money, and both books are cleared."""
        clearing = ledger.balance(platform("stripe_clearing", "USD"))
        return Payout.objects.filter(state="paid").count() == len(self.workers) and not clearing

    def launch(self) -> None:
        if funding.prepaid(organisation_id=self.acme.pk, currency="USD"):
            with transaction.atomic(durable=True):
                funding.reserve(
                    organisation_id=self.acme.pk, batch_id=self.batch_id, amount=Money(900_000, "USD"), idem="launch",
                    actor_id=None, now=self.stage.now(),
                )  # fmt: skip

    def work(self) -> None:
        if not funding.reserved(batch_id=self.batch_id, currency="USD"):
            return
        for n, worker in enumerate(self.workers):
            with transaction.atomic(durable=True):
                earnings.add(earnings.Accrual(
                    earning_id=uuid.UUID(int=100 + n), worker_id=worker.pk, organisation_id=self.acme.pk,
                    batch_id=self.batch_id, source_kind="submission", source_id=uuid.UUID(int=200 + n), currency="USD",
                    lines=[earnings.Line("base", 50_000 + n * 12_345, {}, "drill/1")], fee_units=5_000, confirmed=n == 0,
                    now=self.stage.now(),
                ))  # fmt: skip

    def judge(self) -> None:
        for n in range(3):
            with transaction.atomic(durable=True):
                earnings.confirm(
                    source_kind="submission", source_ids=[uuid.UUID(int=200 + n)], actor_id=None, now=self.stage.now(),
                    share_bp=9_000,
                )  # fmt: skip

    def end(self) -> dict[str, Any]:
        """All that there is to compare, without ids and times."""
        owners = [("client_prepaid", self.acme.pk), ("batch_reserved", self.batch_id)]
        owners += [(f"worker_{kind}", each.pk) for kind in ("pending", "available", "in_transit") for each in self.workers]
        books = [ledger.balance(Account(kind, owner, "USD")).units for kind, owner in owners]
        books += [ledger.balance(platform(kind, "USD")).units for kind in (
            "platform_revenue", "platform_fees", "platform_losses", "stripe_available", "stripe_clearing")]  # fmt: skip
        transfers = self.stage.rail.control("transfers")["transfers"]
        return {
            "books": books, "transfers": len(transfers), "amounts": sorted(line["amount"] for line in transfers),
            "payouts": sorted(Payout.objects.values_list("state", "amount_units")), "fundings": Funding.objects.get().state,
            "open": Attempt.objects.filter(state__in=("intended", "in_doubt")).count(), "rail": self.stage.rail.available("usd"),
            "broken": [each.name for each in invariants.findings() if not each.ok],
        }  # fmt: skip


@contextmanager
def failpoints(points: Points) -> Iterator[None]:
    """Every commit and every call to the rail, before and after, named for who made it."""
    commit: Any = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
    request: Any = stripe.RequestsClient.request

    def committed(self: Any) -> Any:
        points.at(f"before commit in {_who()}")
        done = commit(self)
        points.at(f"after commit in {_who()}")
        return done

    def requested(self: Any, *given: Any, **more: Any) -> Any:
        points.at(f"before call in {_who()}")
        answer = request(self, *given, **more)
        points.at(f"after call in {_who()}")
        return answer

    with swapped(BaseDatabaseWrapper, _commit=committed), swapped(stripe.RequestsClient, request=requested):
        yield


def _who() -> str:
    """The innermost function of ours on the stack."""
    frame: Any = sys._getframe(2)
    while frame:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith(("payments.", "kit.")) or name == __name__:
            return f"{name.removeprefix('payments.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "nobody"
