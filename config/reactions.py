"""The one table of who hears of what: event -> handlers, called by runners at least once; every handler is idempotent."""

from __future__ import annotations

REACTIONS: dict[str, tuple[str, ...]] = {
    "submission.made": ("marketplace.reactions.on_submission",),
    "submission.judged": ("marketplace.reactions.on_judged",),
    "batch.launched": ("marketplace.reactions.on_launch",),
    "batch.go_on": ("marketplace.reactions.on_launch",),
    "batch.closing": ("marketplace.reactions.on_closing",),
    "facts.changed": ("marketplace.reactions.on_facts",),
    "payout_account.ready": ("workers.onboarding.payout_ready", "payments.reactions.on_account_ready"),
    "payout_account.stopped": ("payments.reactions.on_account_stopped",),
    "payout_account.changed": ("payments.reactions.on_account_changed",),
    "payout.sent": ("payments.reactions.on_payout_sent",),
    "payout.paid": ("payments.reactions.on_payout_paid",),
    "payout.failed": ("payments.reactions.on_payout_failed",),
    "payout.returned": ("payments.reactions.on_payout_returned",),
    "payout.needs_person": ("payments.reactions.on_needs_person",),
    "payout_run.waits": ("payments.reactions.on_run_waits",),
    "payout_run.paused": ("payments.reactions.on_run_paused",),
    "funding.settled": ("payments.reactions.on_funding_settled",),
    "funding.failed": ("payments.reactions.on_funding_failed",),
    "money.mismatch": ("payments.reactions.on_mismatch",),
    "ledger.broken": ("payments.reactions.on_ledger_broken",),
    "reserve.dry": ("payments.reactions.on_reserve_dry",),
    "appeal.decided": (
        "workers.standing.appeal_decided", "qualification.grants.appeal_decided", "marketplace.reactions.on_appeal_decided",
    ),
    "scores.recount": ("marketplace.reactions.on_recount",),
    "chargeback.opened": ("marketplace.reactions.on_chargeback", "payments.reactions.on_chargeback_opened"),
    "chargeback.won": ("payments.reactions.on_chargeback_won",),
    "chargeback.lost": ("payments.reactions.on_chargeback_lost",),
    "client.owes": ("payments.reactions.on_client_owes",),
    "result.settled": ("marketplace.webhooks.happenings.on_result",),
    "batch.settled": ("marketplace.webhooks.happenings.on_batch",),
    "budget.low": ("marketplace.webhooks.happenings.on_low_budget", "payments.reactions.on_budget_low"),
}
