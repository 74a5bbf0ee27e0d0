"""The one table of who hears of what: event -> handlers, called by runners at least once; every handler is idempotent."""

from __future__ import annotations

REACTIONS: dict[str, tuple[str, ...]] = {
    "submission.made": ("marketplace.reactions.on_submission",),
    "submission.judged": ("marketplace.reactions.on_judged",),
    "batch.launched": ("marketplace.reactions.on_launch",),
    "batch.go_on": ("marketplace.reactions.on_launch",),
    "batch.closing": ("marketplace.reactions.on_closing",),
    "facts.changed": ("marketplace.reactions.on_facts",),
    "payout_account.ready": ("workers.onboarding.payout_ready",),
    "appeal.decided": ("workers.standing.appeal_decided", "qualification.grants.appeal_decided"),
    "result.settled": ("marketplace.webhooks.happenings.on_result",),
    "batch.settled": ("marketplace.webhooks.happenings.on_batch",),
    "budget.low": ("marketplace.webhooks.happenings.on_low_budget",),
}
