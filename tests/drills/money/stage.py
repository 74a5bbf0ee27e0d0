"""The stage of the money drills: servers of its own, the Stripe double, empty books, a settable clock, people to be paid."""

from __future__ import annotations

import atexit
import datetime as dt
import logging
import os
import random
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from config import embedded

PATIENT = ("--payout-delay", "360000", "--payout-arrival", "3600", "--bank-delay", "360000", "--verification-delay", "0")
"""Bank payouts and bank debits wait until a drill says so."""
SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "thin": "whsec_thin"}
KEPT = ("django_migrations", "django_content_type", "auth_permission")
Result = TypeVar("Result")


@dataclass
class Stage:
    """What a drill stands on. `dice` are its own, from its name, so that a drill is the same each time."""

    folder: Path
    rail: Any
    clock: Any
    full: bool = False
    dice: random.Random = field(default_factory=random.Random)

    def now(self) -> dt.datetime:
        return self.clock.now()

    def advance(self, seconds: float = 0, **delta: float) -> None:
        """Move our clock and Stripe's together."""
        step = int(seconds + dt.timedelta(**delta).total_seconds())
        self.clock.set_offset(self.clock.offset + step)
        self.rail.advance(step)

    def size(self, small: int, full: int) -> int:
        return full if self.full else small


@contextmanager
def raised() -> Iterator[Stage]:
    """Start the servers, make the tables, start the double; everything is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="marketplace-drills-"))
    # Registered before the servers' own exit hooks, so it runs after them.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    _settle(folder)
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    from django.conf import settings

    from tests.drills.money.clock import Clock
    from tests.stripe_double.running import Running

    rail = Running(folder / "rail.sqlite3", *PATIENT)
    os.environ["STRIPE_API_BASE"] = settings.STRIPE_API_BASE = rail.url
    os.environ["DRILL_CLOCK"] = str(folder / "clock")
    stage = Stage(folder, rail, Clock(folder / "clock"))
    stage.clock.install()
    try:
        yield stage
    finally:
        rail.stop()


def _settle(folder: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "STRIPE_API_BASE"):
        os.environ.pop(name, None)
    os.environ.update(
        {
            "DATA": str(folder), "SECRET_KEY": "drill", "MARKETPLACE_PROCESS": "", "STRIPE_API_KEY": "sk_test_double",
            "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1", "PUBLIC_URL": "http://localhost:8000", "LOG_LEVEL": "CRITICAL",
            "DATABASE_WAIT": "120", "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        | {f"STRIPE_WEBHOOK_SECRET_{name.upper()}": secret for name, secret in SECRETS.items()}
    )  # fmt: skip
    embedded.ensure(folder, durable=False)


def clear(stage: Stage, name: str) -> None:
    """Empty books on both sides, the present time, fresh dice."""
    from django.core.cache import cache
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND pg_relation_size(oid) > 0 AND relname <> ALL(%s)", [list(KEPT)],
        )  # fmt: skip
        if tables := [row[0] for row in cursor.fetchall()]:
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
    cache.clear()
    stage.rail.control("reset", {})
    stage.clock.set_offset(0)
    stage.dice = random.Random(name)


def payable(stage: Stage, count: int, *, batch_of: str = "900000") -> list[Payee]:
    """So many workers with a ready payout account and a confirmed earning, out of money that a client paid in."""
    from django.db import transaction

    from kit.ids import uuid7
    from kit.money import Money
    from payments import earnings
    from payments.models import PayoutAccount
    from tests import people

    now = stage.now()
    acme, batch_id = prepaid_batch(stage, people.usd(batch_of))
    made = []
    rail_accounts = stage.rail.control("accounts", {"count": count})["accounts"]
    with transaction.atomic():
        for at, rail_account in enumerate(rail_accounts):
            user = people.worker(f"W{at}")
            PayoutAccount.objects.create(
                user=user, rail_account=rail_account, country="DE", currency="EUR", state="active", bank_ready=True,
                created_at=now, ready_at=now,
            )  # fmt: skip
            amount = Money(stage.dice.randint(50_000, 600_000), "USD")
            earnings.add(earnings.Accrual(
                earning_id=uuid7(), worker_id=user.pk, organisation_id=acme.pk, batch_id=batch_id, source_kind="submission",
                source_id=uuid7(), currency="USD", lines=[earnings.Line("base", amount.units, {}, "drill/1")],
                fee_units=amount.units // 10, confirmed=True, now=now,
            ))  # fmt: skip
            made.append(Payee(user.pk, rail_account, amount.payable().units))
    return made


def prepaid_batch(stage: Stage, amount: Any) -> tuple[Any, uuid.UUID]:
    """A client who paid by card, and a batch with that money in reserve."""
    from django.db import transaction

    from kit.ids import uuid7
    from payments import funding
    from tests import people

    mira, acme = people.client()
    wish = funding.start_checkout(
        organisation_id=acme.pk, amount=amount, actor_id=mira.pk, now=stage.now(), success_url="http://localhost:8000/a",
        cancel_url="http://localhost:8000/b",
    )  # fmt: skip
    stage.rail.control(f"checkout/{wish.checkout_id}/complete", {})
    funding.read_again(checkout_id=wish.checkout_id or "", now=stage.now())
    batch_id = uuid7()
    with transaction.atomic():
        funding.reserve(
            organisation_id=acme.pk, batch_id=batch_id, amount=amount, idem=f"reserve:{batch_id}", actor_id=None, now=stage.now()
        )
    return acme, batch_id


@dataclass(frozen=True)
class Payee:
    """Somebody to be paid once: their account at the rail, and what has to arrive there, in units."""

    user_id: uuid.UUID
    rail_account: str
    units: int


def plan(stage: Stage, payees: list[Payee] | None = None) -> Any:
    """A run, drafted by one person of finance and approved by another."""
    from django.db import transaction

    from payments import payout_runs
    from tests import people

    with transaction.atomic():
        run = payout_runs.plan(
            currency="USD", actor_id=people.ops("Olu", "finance").pk, now=stage.now(),
            worker_ids=None if payees is None else [each.user_id for each in payees],
        )  # fmt: skip
    with transaction.atomic():
        return payout_runs.approve(run_id=run.pk, actor_id=people.ops("Otto", "finance").pk, now=stage.now())


def rounds(stage: Stage, count: int, *, every: float = 5, limit: int = 100) -> None:
    """Rounds of sending as beat starts them, on the drill's clock; ends early when there is nothing left to do."""
    from payments import sending
    from payments.models import Payout
    from payments.states import OPEN_PAYOUT

    for _ in range(count):
        sending.send_round(clock=stage.now, limit=limit)
        if not Payout.objects.filter(state__in=OPEN_PAYOUT).exists():
            return
        stage.advance(every)


def finish(stage: Stage) -> None:
    """Whatever is in doubt is through after two days at most; the rounds go on at growing distances."""
    for every, count in ((5, 60), (200, 20), (1800, 100)):
        rounds(stage, count, every=every, limit=1000)


def outcome(stage: Stage, payees: list[Payee]) -> dict[str, Any]:
    """The figures of D1: who was paid how often, what of our books is broken, and how far they are from the rail's."""
    from payments import invariants, ledger, reconciliation
    from payments.chart import platform
    from payments.models import Mismatch, Payout
    from payments.states import OPEN_PAYOUT

    reconciliation.pull(now=stage.now())
    arrived: dict[str, list[int]] = {}
    for line in stage.rail.control("transfers")["transfers"]:
        arrived.setdefault(line["destination"], []).append(line["amount"] * 100)
    ours = ledger.balance(platform("stripe_available", "USD"))
    return {
        "once": sum(arrived.get(each.rail_account) == [each.units] for each in payees),
        "twice": sum(len(amounts) > 1 for amounts in arrived.values()),
        "open": Payout.objects.filter(state__in=OPEN_PAYOUT).count(),
        "broken": sum(not each.ok for each in invariants.findings()),
        "rail_differs": ours.units - 100 * stage.rail.available("usd"),
        "mismatches": Mismatch.objects.count(),
    }


def all_paid_once(count: int) -> dict[str, Any]:
    return {"once": count, "twice": 0, "open": 0, "broken": 0, "rail_differs": 0, "mismatches": 0}


def in_spite_of_database(act: Callable[[], Result], *, tries: int = 60) -> Result:
    """Do it, again and again while the database is away."""
    import time

    from django.db import InterfaceError, OperationalError, connection

    for _ in range(tries):
        try:
            return act()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.5)
    return act()
