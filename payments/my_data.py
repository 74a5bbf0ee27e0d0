"""This room's part of everything that is kept about one person, for that person: their money, with every line and its reasons."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncMonth

from kit.money import Money
from payments.models import BankPayout, Earning, EarningLine, Hold, Payout, PayoutAccount
from workers import my_data


def _in_money(rows: Iterable[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows whose units become decimals beside their currency: `amount_units` becomes `amount`."""
    out = []
    for row in rows:
        figures = {
            name.removesuffix("_units"): None if row[name] is None else str(Money(row[name], row["currency"]).decimal())
            for name in names
        }  # fmt: skip
        out.append({name: value for name, value in row.items() if name not in names} | figures)
    return out


def _earnings(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("id", "source_kind", "source_id", "currency", "amount_units", "confirmed_units", "state", "held", "payout_id",
               "created_at", "settled_at")  # fmt: skip
    lines: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    kept = EarningLine.objects.filter(earning__worker_id=worker_id).order_by("earning_id", "n")
    for row in kept.values("earning_id", "earning__currency", "kind", "units", "inputs", "rule").iterator(chunk_size=2_000):
        amount = str(Money(row["units"], row["earning__currency"]).decimal())
        lines[row["earning_id"]].append({"kind": row["kind"], "amount": amount, "inputs": row["inputs"], "rule": row["rule"]})
    rows = Earning.objects.filter(worker_id=worker_id).order_by("created_at", "id").values(*columns)
    told = _in_money(rows.iterator(chunk_size=2_000), "amount_units", "confirmed_units")
    return [row | {"lines": lines[row["id"]]} for row in told]


def _statements(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was confirmed in each UTC month, by currency: the sums of the statements."""
    rows = Earning.objects.filter(worker_id=worker_id, state="confirmed").annotate(month=TruncMonth("settled_at", tzinfo=dt.UTC))
    sums = rows.values("month", "currency").annotate(earnings=Count("id"), units=Sum("confirmed_units"))
    told = (
        {"month": f"{row['month']:%Y-%m}", "currency": row["currency"], "earnings": row["earnings"], "confirmed_units": int(row["units"])}
        for row in sums.order_by("month", "currency")
    )
    return _in_money(told, "confirmed_units")


def _payouts(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("id", "currency", "earned_units", "carry_in_units", "carry_out_units", "cost_units", "amount_units", "exchanged_into",
               "exchanged_units", "rate__rate", "state", "fault", "created_at", "sent_at", "paid_at")  # fmt: skip
    rows = list(Payout.objects.filter(worker_id=worker_id).exclude(state="draft").order_by("created_at").values(*columns))
    for row in rows:
        worth = row.pop("exchanged_units")
        row["exchanged"] = None if worth is None else str(Money(worth, row["exchanged_into"]).decimal())
        row["rate"] = row.pop("rate__rate")
    return _in_money(rows, "earned_units", "carry_in_units", "carry_out_units", "cost_units", "amount_units")


def _accounts(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Bank details are told as pages show them: masked."""
    columns = ("rail", "rail_account", "masked", "country", "currency", "state", "rhythm", "tax_form", "tax_form_on", "created_at",
               "ready_at", "details_changed_at")  # fmt: skip
    return list(PayoutAccount.objects.filter(user_id=worker_id).order_by("created_at").values(*columns))


def _at_banks(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = BankPayout.objects.filter(account__user_id=worker_id).order_by("created_at")
    return _in_money(rows.values("id", "currency", "amount_units", "status", "failure_code", "arrives_at", "created_at"), "amount_units")


def _holds(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = Hold.objects.filter(earning__worker_id=worker_id).order_by("opened_at")
    found = rows.annotate(currency=F("earning__currency"), amount_units=F("units"))
    return _in_money(found.values("earning_id", "currency", "amount_units", "reason", "state", "opened_at", "lifted_at"), "amount_units")


my_data.declare("earnings", _earnings)
my_data.declare("statements", _statements)
my_data.declare("payouts", _payouts)
my_data.declare("payouts_at_banks", _at_banks)
my_data.declare("payout_accounts", _accounts)
my_data.declare("held_money", _holds)
