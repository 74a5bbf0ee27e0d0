"""The whole life of money as a machine: whatever happens in whatever order, the books hold and nobody is paid twice."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kit.errors import ProductError
from kit.ids import uuid7
from kit.money import Money
from payments import (
    chargebacks,
    corrections,
    earnings,
    exchange,
    funding,
    holds,
    invariants,
    ledger,
    own_exchange,
    payout_runs,
    payouts,
    programmes,
    queries,
    receivables,
    reconciliation,
    refunds,
)
from payments.chart import Account, platform
from payments.gateway import BalanceShort, Checkout, Definite, Dispute, InDoubt, Refund, Transfer
from payments.models import Attempt, Chargeback, Earning, Funding, Hold, Payout, PayoutAccount, PayoutRun, RailMovement
from tests.payments.cast import NOW, accrual, client, pay_in, worker

SIZES = {"small": (8, 25), "big": (250, 50)}
"""Runs and steps of each; the big form is for drills: at least 10,000 steps."""

amounts = st.integers(1, 400_000).map(lambda units: Money(units, "USD"))
shares = st.integers(0, 10_000)
picks = st.integers(0, 1_000)
CORRECTED = [
    ("client_prepaid", True), ("platform_revenue", True), ("platform_fees", True), ("client_receivable", True),
    ("worker_available", False), ("stripe_clearing", False), ("batch_reserved", False),
]  # fmt: skip
"""Accounts that a correction credits, and whether the books let it: not where earnings, holds and payments stand beside them."""


def one_of(rows: Any, pick: int) -> Any:
    """One row, chosen by a number; None of none."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    return rows.get(pk=ids[pick % len(ids)]) if ids else None


class Life(RuleBasedStateMachine):
    """Two workers, one client, one batch after another; a rail that answers as the rules say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.batches: list[uuid.UUID] = []
        self.transfers: dict[uuid.UUID, Transfer] = {}
        self.won: dict[uuid.UUID, uuid.UUID] = {}
        self.programme = uuid7()
        self.brought: list[uuid.UUID] = []

    @initialize()
    def people(self) -> None:
        """A life begins with empty books: what happens may not rest on the life before."""
        tables = [model._meta.db_table for model in apps.get_app_config("payments").get_models()]
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        _mira, self.acme = client()
        self.workers = [worker("Ana"), worker("Wen")]
        for each in self.workers:
            PayoutAccount.objects.create(
                user=each, rail_account=f"acct_{each.pk.hex}", country="DE", currency="EUR", state="active", created_at=NOW,
                ready_at=NOW,
            )  # fmt: skip
        pay_in(self.acme, Money(5_000_000, "USD"))
        for _each in range(2):
            self.launch_for(Money(1_000_000, "USD"))
        for who in (0, 1, 0):
            self.earn(self.batches[0], who, 20_123, confirmed=True)
            self.earn(self.batches[1], who, 10_457, confirmed=False)

    @rule(amount=amounts)
    def pay(self, amount: Money) -> None:
        """A payment; what is owed is settled from it first."""
        pay_in(self.acme, amount * 10)
        with transaction.atomic():
            receivables.collect(
                organisation_id=self.acme.id, currency="USD", source_kind="funding", source_id=uuid7(), now=self.now
            )
        owed = receivables.owed(organisation_id=self.acme.id, currency="USD")
        assert not owed or not funding.prepaid(organisation_id=self.acme.id, currency="USD")

    @rule(amount=amounts, word=st.sampled_from(["paid", "paid", "expired", "other"]))
    def pay_an_invoice(self, amount: Money, word: str) -> None:
        """Funding against an invoice, as Stripe tells of it twice: what was not asked for is credited to nobody."""
        cents = Money(amount.units // 100 * 100 + 10_000, "USD")
        wish = Funding.objects.create(
            organisation=self.acme, currency="USD", amount_units=cents.units, started_by=self.acme.pk, created_at=self.now, way="invoice",
            state="open", checkout_id=f"in_{uuid7().hex}",
        )  # fmt: skip
        page = Checkout(
            id=wish.checkout_id or "", url="", state="expired" if word == "expired" else "paid", fault="", funding_id=wish.pk,
            amount=cents + Money(int(word == "other"), "USD"), charge_id=f"py_{wish.pk.hex}",
        )  # fmt: skip
        before = funding.prepaid(organisation_id=self.acme.id, currency="USD")
        owed = receivables.owed(organisation_id=self.acme.id, currency="USD")
        for _twice in range(2):
            with transaction.atomic():
                funding.keep(page=page, now=self.now)
        have = before + cents if word == "paid" else before
        left = have - min(have, owed) if word == "paid" else before
        assert funding.prepaid(organisation_id=self.acme.id, currency="USD") == left

    @rule(amount=amounts, of=st.sampled_from(CORRECTED), second=st.booleans())
    def correct(self, amount: Money, of: tuple[str, bool], second: bool) -> None:
        """Finance makes something good at the platform's cost; what follows rows of its own is refused, and so is a first person."""
        kind, allowed = of
        owner = {"client": self.acme.pk, "worker": self.workers[0].pk, "batch": self.batches[0]}.get(kind.partition("_")[0], "")
        before = ledger.balance(platform("platform_losses", "USD"))
        try:
            with transaction.atomic():
                found = corrections.draft(
                    debit_kind="platform_losses", debit_owner="", credit_kind=kind, credit_owner=str(owner), amount=amount,
                    reason="A payment was booked twice.", actor_id=self.workers[0].pk, now=self.now,
                )  # fmt: skip
            with transaction.atomic():
                corrections.post(
                    correction_id=found.pk, actor_id=self.workers[int(second)].pk, now=self.now
                )
        except ProductError:
            assert ledger.balance(platform("platform_losses", "USD")) == before
        else:
            assert allowed and second and ledger.balance(platform("platform_losses", "USD")) == before + amount

    @rule(amount=amounts, rate=st.integers(5_000, 20_000), seen=st.integers(0, 2))
    def exchange_our_own(self, amount: Money, rate: int, seen: int) -> None:
        """The platform exchanges dollars for euros at the rail, whose books show none, one or both sides of it."""
        into = Money(amount.units * rate // 10_000 + 1, "EUR")
        with transaction.atomic():
            own_exchange.record(out=amount, into=into, note="at our bank", actor_id=self.acme.pk, now=self.now, sure=True)
        for side, kind in ((-amount, "payout"), (into, "topup"))[:seen]:
            RailMovement.objects.create(
                id=f"txn_{uuid7().hex}", type=kind, amount_units=side.units, fee_units=7, currency=side.currency, source="",
                created_at=self.now,
            )  # fmt: skip
        assert reconciliation.clear_open(now=self.now) == seen

    @rule(amount=amounts)
    def launch(self, amount: Money) -> None:
        before = funding.prepaid(organisation_id=self.acme.id, currency="USD")
        if before < amount:
            with pytest.raises(funding.InsufficientFunds) as short:
                self.launch_for(amount)
            assert short.value.missing == amount - before
        else:
            self.launch_for(amount)

    def launch_for(self, amount: Money) -> None:
        batch_id = uuid7()
        with transaction.atomic():
            funding.reserve(
                organisation_id=self.acme.id, batch_id=batch_id, amount=amount, idem=f"r:{batch_id}", actor_id=None, now=self.now
            )
        self.batches.append(batch_id)

    @rule(pick=picks, who=st.integers(0, 1), confirmed=st.booleans(), share=st.integers(1, 9_000))
    def work(self, pick: int, who: int, confirmed: bool, share: int) -> None:
        """An earning for a part of what is free, as a slot opens only if the reserve covers it."""
        batch_id = self.batches[pick % len(self.batches)]
        self.earn(batch_id, who, self.free(batch_id) * share // 12_000, confirmed=confirmed)

    def free(self, batch_id: uuid.UUID) -> int:
        """What is reserved and not promised as the fee of something pending."""
        fees = sum(Earning.objects.filter(batch_id=batch_id, state="pending").values_list("fee_units", flat=True))
        return funding.reserved(batch_id=batch_id, currency="USD").units - fees

    def earn(self, batch_id: uuid.UUID, who: int, units: int, *, confirmed: bool) -> None:
        amount, fee = Money(units, "USD").decimal(), Money(units // 10, "USD").decimal()
        made = accrual(
            self.workers[who], self.acme, batch_id, str(amount), fee=str(fee), confirmed=confirmed, now=self.now
        )
        with transaction.atomic():
            assert earnings.add(made)

    @rule(share=shares, take=st.integers(1, 5), refuse=st.booleans())
    def judge(self, share: int, take: int, refuse: bool) -> None:
        ids = list(Earning.objects.filter(state="pending").order_by("id").values_list("source_id", flat=True)[:take])
        given: dict[str, Any] = {"source_kind": "submission", "source_ids": ids, "actor_id": None, "now": self.now}
        with transaction.atomic():
            settled = earnings.release(**given, reason="test") if refuse else earnings.confirm(**given, share_bp=share)
        assert sorted(settled) == sorted(ids)
        with transaction.atomic():
            assert earnings.confirm(**given) == []

    @rule(amount=amounts, pick=picks)
    def overturn(self, amount: Money, pick: int) -> None:
        first = one_of(Earning.objects.filter(source_kind="submission").exclude(state="pending"), pick)
        if first is None or amount.units > self.free(first.batch_id):
            return
        with transaction.atomic():
            earnings.adjust(
                source_kind=first.source_kind, source_id=first.source_id, adjustment_id=uuid7(), actor_id=None, now=self.now,
                lines=[earnings.Line("overturned", amount.units, {}, "dispute/1")],
            )  # fmt: skip

    @rule(pick=picks, how=st.sampled_from(["overturned", "by_silence", "conceded"]))
    def win_a_dispute(self, pick: int, how: str) -> None:
        """What a judgement kept is paid, from the reserve or by the platform, whoever says so; a second telling adds nothing."""
        first = one_of(Earning.objects.filter(source_kind="submission").exclude(state="pending"), pick)
        if first is None or first.pk in self.won:
            return
        missing = first.amount_units - (first.confirmed_units or 0)
        whole = missing + first.fee_units - (first.confirmed_fee_units or 0)
        if self.free(first.batch_id) < whole <= funding.reserved(batch_id=first.batch_id, currency="USD").units:
            return
        adjustment_id = self.won.setdefault(first.pk, uuid7())
        added = []
        for _twice in range(2):
            with transaction.atomic():
                added.append(earnings.make_whole(
                    source_kind="submission", source_id=first.source_id, adjustment_id=adjustment_id, actor_id=None,
                    now=self.now, reason=how,
                ).units)  # fmt: skip
        assert added == [max(missing, 0), 0]

    @rule(pick=picks, outcome=st.sampled_from(["open", "won", "lost"]))
    def charge_back(self, pick: int, outcome: str) -> None:
        """A bank takes a payment back; its news may come twice, and the end before the beginning."""
        paid = one_of(Funding.objects.filter(state="settled"), pick)
        if paid is None or not (left := refunds.refundable(paid).units):
            known = one_of(Chargeback.objects.all(), pick)
            if known is None:
                return
            paid, left = known.funding, known.amount_units
        known = Chargeback.objects.filter(funding=paid).first()
        seen = Dispute(
            id=known.pk if known else f"du_{uuid7().hex}", charge_id=paid.charge_id or "", state=outcome, reason="fraudulent",
            amount=Money(known.amount_units if known else left, "USD"), money_moved=True,
        )  # fmt: skip
        for _twice in range(2):
            with transaction.atomic():
                chargebacks.keep(seen=seen, now=self.now)

    @rule(amount=amounts, outcome=st.sampled_from(["sent", "arrived", "failed"]))
    def send_back(self, amount: Money, outcome: str) -> None:
        """Unused money goes back, or comes back again; no more than was paid in and is there."""
        cents = Money(amount.units // 100 * 100, "USD")
        before = funding.prepaid(organisation_id=self.acme.id, currency="USD")
        try:
            with transaction.atomic():
                made = refunds.ask(organisation_id=self.acme.id, amount=cents, actor_id=self.acme.id, now=self.now)
        except ProductError:
            assert funding.prepaid(organisation_id=self.acme.id, currency="USD") == before
            return
        assert sum(refund.amount_units for refund in made) == cents.units
        for refund in made * 2:
            with transaction.atomic():
                refunds.keep(seen=Refund(id=f"re_{refund.pk.hex}", refund_id=refund.pk, state=outcome, fault=""), now=self.now)

    @rule(pick=picks)
    def settle_batch(self, pick: int) -> None:
        batch_id = self.batches[pick % len(self.batches)]
        left = funding.reserved(batch_id=batch_id, currency="USD")
        if not left or Earning.objects.filter(batch_id=batch_id, state="pending").exists():
            return
        with transaction.atomic():
            funding.return_reserve(
                organisation_id=self.acme.id, batch_id=batch_id, amount=left, idem=f"back:{uuid7()}", actor_id=None, now=self.now
            )

    @rule(amount=amounts, back=st.booleans())
    def budget_for_referrals(self, amount: Money, back: bool) -> None:
        """Finance sets money aside, or takes some back, and is refused what is not there."""
        there = programmes.left(programme_id=self.programme, currency="USD")
        try:
            with transaction.atomic():
                programmes.fund(
                    programme_id=self.programme, amount=-amount if back else amount, by_id=self.workers[0].pk, now=self.now
                )
        except ledger.Overdrawn:
            assert back and there < amount
            return
        assert programmes.left(programme_id=self.programme, currency="USD") == (there - amount if back else there + amount)

    @rule(amount=amounts, who=st.integers(0, 1), again=st.booleans(), pick=picks)
    def somebody_was_brought(self, amount: Money, who: int, again: bool, pick: int) -> None:
        """A fee is paid once for each newcomer, however often it is asked for, and never beyond the budget."""
        there = programmes.left(programme_id=self.programme, currency="USD")
        known = again and bool(self.brought)
        newcomer = self.brought[pick % len(self.brought)] if known else uuid7()
        try:
            with transaction.atomic():
                paid = programmes.pay(
                    programme_id=self.programme, worker_id=self.workers[who].pk, source_kind="referral", source_id=newcomer,
                    currency="USD", lines=[earnings.Line("referral", amount.units, {"answers": 1}, "referral/1")], now=self.now,
                )  # fmt: skip
        except ledger.Overdrawn:
            assert there < amount
            return
        assert paid is not known
        self.brought += [newcomer] if paid else []

    @rule(pick=picks)
    def hold(self, pick: int) -> None:
        free = one_of(Earning.objects.filter(state="confirmed", payout__isnull=True, held=False), pick)
        if free is not None:
            with transaction.atomic():
                holds.stop(earning_id=free.pk, reason="case", actor_id=None, now=self.now)

    @rule(pick=picks)
    def lift(self, pick: int) -> None:
        held = one_of(Hold.objects.filter(state="open"), pick)
        if held is not None:
            with transaction.atomic():
                holds.lift(hold_id=held.pk, actor_id=None, now=self.now)

    @rule(minimum=st.sampled_from([0, 10_000]), forget=st.sampled_from([False, False, True]))
    def plan(self, minimum: int, forget: bool) -> None:
        with transaction.atomic():
            run = payout_runs.plan(currency="USD", actor_id=None, now=self.now, minimum_units=minimum)
        for payout in run.payouts.all():
            left = Payout.objects.filter(worker=payout.worker_id).exclude(state__in=("draft", "returned"))
            assert payout.carry_in_units == sum(each.earned_units - each.amount_units for each in left) < 100
        if forget or not run.payouts_planned:
            with transaction.atomic():
                payout_runs.cancel(run_id=run.pk, actor_id=None, now=self.now)
        else:
            with transaction.atomic():
                payout_runs.approve(run_id=run.pk, actor_id=self.acme.id, now=self.now)
            self.open_tries()

    @rule(pick=picks)
    def pay_out(self, pick: int) -> None:
        """The whole way at once, as most payouts go: planned, approved, sent, and known to the rail."""
        self.plan(0, False)
        while Attempt.objects.filter(state="intended").exists():
            before = Attempt.objects.filter(state="intended").count()
            self.answer("known", pick)
            if Attempt.objects.filter(state="intended").count() == before:
                break

    @rule(pick=picks)
    def a_monday_comes(self, pick: int) -> None:
        """Days pass and everybody is paid: the commonest event of all has two rules, as a life leaves some of its rules out."""
        self.wait(24)
        self.pay_out(pick)

    @rule(rate=st.sampled_from(["0.5", "0.9137", "1.000001", "3"]))
    def set_rate(self, rate: str) -> None:
        """Finance states what a dollar is in euros, in which both are paid; drafts keep what they were drafted with."""
        drafted = {payout.pk: payout.sends for payout in Payout.objects.filter(state="draft")}
        with transaction.atomic():
            exchange.put(base="USD", quote="EUR", rate=rate, actor_id=self.acme.id, now=self.now, sure=True)
        assert drafted == {payout.pk: payout.sends for payout in Payout.objects.filter(state="draft")}

    @rule()
    def open_tries(self) -> None:
        for payout_id in payouts.to_open(limit=10):
            with transaction.atomic():
                payouts.open_try(payout_id=payout_id, now=self.now)

    @rule(answer=st.sampled_from(["known", "known", "refused", "short", "doubt", "absent"]), pick=picks)
    def answer(self, answer: str, pick: int) -> None:
        """The rail's word about one open try; what it has once made, it makes known from then on."""
        attempt = one_of(Attempt.objects.filter(state__in=("intended", "in_doubt")), pick)
        if attempt is None:
            return
        payout = Payout.objects.select_related("account").get(pk=attempt.payout_id)
        if payout.pk in self.transfers or answer == "known":
            made = self.transfers.setdefault(
                payout.pk,
                Transfer(
                    id=f"tr_{payout.pk.hex}", amount=payout.sends, destination=payout.account.rail_account or "",
                    group="", payment=f"py_{payout.pk.hex}", reversed=False,
                ),
            )  # fmt: skip
            for _twice in range(2):
                payouts.record_known(attempt_id=attempt.pk, transfers=[made], now=self.now)
        elif answer == "refused":
            payouts.record_refused(attempt_id=attempt.pk, error=Definite("account_invalid"), now=self.now)
        elif answer == "short":
            payouts.record_refused(attempt_id=attempt.pk, error=BalanceShort("balance_insufficient"), now=self.now)
        elif answer == "doubt":
            payouts.record_doubt(attempt_id=attempt.pk, error=InDoubt("api_connection_error"), now=self.now)
        else:
            payouts.record_absent(attempt_id=attempt.pk, now=self.now)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)
        for run in PayoutRun.objects.filter(state="approved"):
            with transaction.atomic():
                payout_runs.finish(run_id=run.pk, now=self.now)

    @rule()
    def overspend(self) -> None:
        """Somebody tries to take more than there is; the books refuse."""
        prepaid = Account("client_prepaid", self.acme.id, "USD")
        too_much = ledger.balance(prepaid) + Money(1, "USD")
        with pytest.raises(ProductError), transaction.atomic():
            ledger.post(
                ledger.Posting(
                    idem=f"over:{uuid7()}", kind="t", source_kind="t", source_id=uuid7(), actor_id=None, now=self.now,
                    legs=ledger.move(too_much, debit=prepaid, credit=Account("worker_held", self.workers[0].id, "USD")),
                )
            )  # fmt: skip

    @invariant()
    def the_books_hold(self) -> None:
        assert [each for each in invariants.findings() if not each.ok and each.name != "guard"] == []

    @invariant()
    def what_is_paid_is_what_the_rail_made(self) -> None:
        sent = {payout.pk: payout.sends for payout in Payout.objects.filter(state="sent")}
        assert sent == {pk: made.amount for pk, made in self.transfers.items()}

    def teardown(self) -> None:
        """Every amount explains itself: the lines of an earning add up to what it is worth."""
        for view in queries.views_of(Earning.objects.filter(adjusts__isnull=True)):
            assert sum(line.units for line in view.lines) == view.amount.units


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_the_books_hold_through_every_order_of_events() -> None:
    runs, steps = SIZES["small"]
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
        ),
    )  # fmt: skip


