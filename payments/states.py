"""The state charts of money: earnings, payouts and the tries at them, runs, funding, payout accounts."""

from __future__ import annotations

from kit.states import Chart

EARNING = Chart(
    name="earning",
    initial="pending",
    moves={"pending": ("confirmed", "released"), "confirmed": (), "released": ()},
)
PAYOUT = Chart(
    name="payout",
    initial="draft",
    moves={
        "draft": ("approved",),
        "approved": ("sending", "returned"),
        "sending": ("sent", "returned"),
        "sent": ("paid", "failed"),
        "paid": ("failed",),
        "failed": ("paid",),
        "returned": (),
    },
)
ATTEMPT = Chart(
    name="attempt",
    initial="intended",
    moves={
        "intended": ("known", "refused", "in_doubt"),
        "in_doubt": ("known", "refused"),
        "known": (),
        "refused": (),
    },
)
RUN = Chart(
    name="payout run",
    initial="draft",
    moves={
        "draft": ("approved", "cancelled"),
        "approved": ("paused", "done"),
        "paused": ("approved",),
        "done": (),
        "cancelled": (),
    },
)
FUNDING = Chart(
    name="funding",
    initial="intended",
    moves={
        "intended": ("open", "failed"),
        "open": ("processing", "settled", "expired", "failed"),
        "processing": ("settled", "failed"),
        "settled": (),
        "expired": (),
        "failed": (),
    },
)
CHARGEBACK = Chart(name="chargeback", initial="open", moves={"open": ("won", "lost"), "won": (), "lost": ()})
REFUND = Chart(
    name="refund",
    initial="intended",
    moves={
        "intended": ("sent", "refused"),
        "sent": ("arrived", "failed"),
        "arrived": ("failed",),
        "failed": (),
        "refused": (),
    },
)
BANK_PAYMENT = Chart(
    name="bank payment",
    initial="waiting",
    moves={
        "waiting": ("filed",),
        "filed": ("accepted", "settled", "rejected"),
        "accepted": ("settled", "rejected"),
        "settled": (),
        "rejected": (),
    },
)
PAYOUT_ACCOUNT = Chart(
    name="payout account",
    initial="started",
    moves={
        "started": ("active", "restricted", "rejected", "closed"),
        "active": ("restricted", "rejected", "closed"),
        "restricted": ("active", "rejected", "closed"),
        "rejected": ("active", "restricted", "closed"),
        "closed": (),
    },
)
CORRECTION = Chart(name="correction", initial="draft", moves={"draft": ("posted", "dropped"), "posted": (), "dropped": ()})
HOLD = Chart(name="hold", initial="open", moves={"open": ("lifted",), "lifted": ()})

OPEN_PAYOUT = ("draft", "approved", "sending")
"""A worker has at most one of these per currency: the next payout's carry rests on its outcome."""
LEFT_US = ("sent", "paid", "failed")
"""The transfer is known; what happens now happens between Stripe and the worker's bank."""
OPEN_ATTEMPT = ("intended", "in_doubt")

IDENTITY = Chart(
    name="identity check",
    initial="started",
    moves={
        "started": ("processing", "verified", "cancelled"),
        "processing": ("started", "verified", "cancelled"),
        "verified": (),
        "cancelled": (),
    },
)
"""processing -> started: Stripe wants another try on the same page."""
