"""D14: the whole life of money in any order of events, thousands of steps; after each of them the books hold."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from kit.ids import uuid7
from kit.money import Money
from payments import bank_payouts, earnings, funding, gateway, ledger, payouts
from payments.chart import Account, platform
from payments.models import Attempt, BankPayout, Earning, LedgerBalance, Payout
from payments.states import LEFT_US
from tests.drills.figure import Figure
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import AtLeast, held
from tests.payments.test_money_life import Life, one_of, picks

STEPS = {False: (6, 25), True: (230, 50)}
"""Lives and steps of each: small and full."""
TWIN = (150, 12)
"""The twin lives until it is caught, which its first payout does: many short lives, as each leaves some of the rules out."""


class WholeLife(Life):
    """The life of `tests/payments`, with kill fees, banks that pay, fail and pay after all, batches that close, and replays."""

    steps = 0

    @initialize()
    def people(self) -> None:
        super().people()
        self.banks: dict[str, gateway.BankTransfer] = {}
        self.carried: dict[str, str] = {}

    @rule(pick=picks, who=st.integers(0, 1), share=st.integers(2_500, 10_000))
    def kill_fee(self, pick: int, who: int, share: int) -> None:
        """Work that was taken away: paid at once, from the batch, with a line of its own."""
        batch_id = self.batches[pick % len(self.batches)]
        units, fee = 1_000 * share // 10_000, 100 * share // 10_000
        if self.free(batch_id) < units + fee:
            return
        made = earnings.Accrual(
            earning_id=uuid7(), worker_id=self.workers[who].id, organisation_id=self.acme.id, batch_id=batch_id,
            source_kind="kill_fee", source_id=uuid7(), currency="USD", fee_units=fee, confirmed=True, now=self.now,
            lines=[earnings.Line("kill_fee", units, {"share_bp": share}, "kill-1")],
        )  # fmt: skip
        with transaction.atomic():
            assert earnings.add(made)
        with transaction.atomic():
            assert not earnings.add(made)

    @rule(pick=picks)
    def bank_begins(self, pick: int) -> None:
        """Stripe sends what arrived at an account on to its bank."""
        payout = one_of(Payout.objects.filter(state__in=("sent", "failed")), pick)
        if payout is None:
            return
        ident = f"po_{uuid7().hex}"
        self.carried[ident] = f"py_{payout.pk.hex}"
        self.banks[ident] = gateway.BankTransfer(
            id=ident, amount=self.transfers[payout.pk].amount, status="in_transit", failure_code="", created_at=self.now,
            arrives_at=None,
        )  # fmt: skip
        self.hear(self.banks[ident])
        self.now += dt.timedelta(seconds=1)

    @rule(pick=picks, word=st.sampled_from(["paid", "paid", "failed", "canceled", "old"]))
    def bank_says(self, pick: int, word: str) -> None:
        """A bank's word, perhaps twice, perhaps old news after it."""
        if not self.banks:
            return
        ident = sorted(self.banks)[pick % len(self.banks)]
        seen = self.banks[ident]
        new = "in_transit" if word == "old" else word
        if bank_payouts.RANK[new] <= bank_payouts.RANK[seen.status]:
            before = BankPayout.objects.get(pk=ident).status
            self.hear(self._with(seen, new))
            assert bank_payouts.RANK[BankPayout.objects.get(pk=ident).status] >= bank_payouts.RANK[before]
            return
        self.banks[ident] = self._with(seen, new)
        for _twice in range(2):
            self.hear(self.banks[ident])

    @staticmethod
    def _with(seen: gateway.BankTransfer, status: str) -> gateway.BankTransfer:
        from dataclasses import replace

        return replace(seen, status=status, failure_code="account_closed" if status == "failed" else "")

    def hear(self, seen: gateway.BankTransfer) -> None:
        attempt = Attempt.objects.select_related("payout__account").get(destination_payment=self.carried[seen.id])
        with transaction.atomic():
            bank_payouts.keep(account=attempt.payout.account, seen=seen, sources=[self.carried[seen.id]], now=self.now)

    @rule(pick=picks)
    def close_batch(self, pick: int) -> None:
        """Nobody answers any more: what waits is accepted by the clock, the rest goes back, and the batch is settled."""
        batch_id = self.batches[pick % len(self.batches)]
        waiting = Earning.objects.filter(batch_id=batch_id, state="pending").values_list("source_id", flat=True)
        earnings.confirm_many(source_kind="submission", source_ids=list(waiting), actor_id=None, now=self.now, chunk=3)
        if left := funding.reserved(batch_id=batch_id, currency="USD"):
            for _twice in range(2):
                with transaction.atomic():
                    funding.return_reserve(
                        organisation_id=self.acme.id, batch_id=batch_id, amount=left, idem=f"settle:{batch_id}:{left.units}",
                        actor_id=None, now=self.now,
                    )  # fmt: skip
                break
        assert not funding.reserved(batch_id=batch_id, currency="USD")

    @rule(pick=picks)
    def never_made(self, pick: int) -> None:
        """A person looked at the rail and says that a transfer was never made."""
        attempt = one_of(Attempt.objects.filter(state="in_doubt"), pick)
        if attempt is not None and attempt.payout_id not in self.transfers:
            payouts.decide_absent(attempt_id=attempt.pk, actor_id=self.acme.id, now=self.now)

    @invariant()
    def what_is_paid_is_what_the_rail_made(self) -> None:
        left = {payout.pk: payout.sends for payout in Payout.objects.filter(state__in=LEFT_US)}
        assert left == {pk: made.amount for pk, made in self.transfers.items()}

    @invariant()
    def replaying_the_journal_gives_the_balances(self) -> None:
        """Entry by entry in order of time: no guarded account is ever below zero, and the end is what is kept."""
        WholeLife.steps += 1
        with connection.cursor() as cursor:
            cursor.execute(REPLAY)
            replayed = {account: (int(end), lowest) for account, end, lowest in cursor.fetchall()}
        assert not [account for account, (_end, lowest) in replayed.items() if lowest < 0]
        assert {account: end for account, (end, _lowest) in replayed.items()} == dict(
            LedgerBalance.objects.values_list("account_id", "amount")
        )

    @invariant()
    def nothing_came_from_nowhere(self) -> None:
        """What everybody has together is what was paid in and is not cleared."""
        balances = dict(LedgerBalance.objects.values_list("account_id", "amount"))
        untracked = self._untracked()
        assert sum(balances.values()) + untracked == 0
        assert balances.get(platform("platform_losses", "USD").id, 0) >= 0
        assert balances.get(Account("client_prepaid", self.acme.id, "USD").id, 0) <= 0

    @staticmethod
    def _untracked() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(entry.amount), 0)::bigint FROM payments_ledgerentry entry"
                " JOIN payments_ledgeraccount account ON account.id = entry.account_id WHERE NOT account.tracked"
            )
            return int(cursor.fetchone()[0])


REPLAY = """
SELECT account_id, (array_agg(running ORDER BY at_id DESC, n DESC))[1]::bigint AS ending, coalesce(min(lowest), 0)
FROM (
    SELECT entry.account_id, entry.tx_id AS at_id, entry.n,
        sum(entry.amount) OVER journal AS running,
        CASE WHEN account.guarded THEN sum(entry.amount) OVER by_tx * CASE WHEN account.debit_side THEN 1 ELSE -1 END END AS lowest
    FROM payments_ledgerentry entry JOIN payments_ledgeraccount account ON account.id = entry.account_id
    WHERE account.tracked
    WINDOW journal AS (PARTITION BY entry.account_id ORDER BY entry.tx_id, entry.n),
        by_tx AS (PARTITION BY entry.account_id ORDER BY entry.tx_id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS replayed GROUP BY account_id
"""
"""Ids of transactions are in order of time (uuid7): the journal read once from its beginning, per account."""


def run(stage: Stage, sabotaged: bool, at: int = 14) -> Figure:
    lives, length = TWIN if sabotaged else STEPS[stage.full]
    WholeLife.steps, fell = 0, ""
    try:
        with when(sabotaged, paid_back_too()):
            run_state_machine_as_test(
                seed(at)(WholeLife),
                settings=settings(
                    max_examples=lives, stateful_step_count=length, deadline=None, database=None, print_blob=False,
                    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
                ),
            )  # fmt: skip
    except AssertionError as error:
        fell = str(error)[:60] or "AssertionError"
    found = {"steps": WholeLife.steps, "fell": fell or "nowhere"}
    return held(found, {"steps": AtLeast(10_000 if stage.full else 100), "fell": "nowhere"})


def paid_back_too() -> AbstractContextManager[object]:
    """An answer that says the transfer is there also gives the money back to the worker."""
    real = payouts._post

    def post(payout: Any, step: str, *rest: Any) -> None:
        if step == "sent":
            amount = Money(payout.amount_units, payout.currency)
            worker = Account("worker_available", payout.worker_id, payout.currency)
            real(payout, "back", ledger.move(amount, debit=platform("platform_losses", payout.currency), credit=worker), rest[-1])
        real(payout, step, *rest)

    return swapped(payouts, _post=post)
