"""How often each job of money runs; read by the settings, so it imports nothing of Django."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

TIMES: dict[str, Any] = {
    "send_payouts": 5.0,
    "apply_stripe_events": 2.0,
    "resume_payouts": 300.0,
    "finish_checkouts": 60.0,
    "send_refunds": 10.0,
    "read_payout_accounts": 300.0,
    "backfill_events": 600.0,
    "pull_movements": 30.0,
    "clear_bank_payments": 30.0,
    "read_identity_checks": 300.0,
    "follow_merges": 3600.0,
    "read_bank_payouts": crontab(minute=25),
    "note_agency_fees": crontab(hour=0, minute=50),
    "reconcile": crontab(hour=3, minute=30),
    "plan_weekly_payouts": crontab(day_of_week="monday", hour=0, minute=0),
}
"""Seconds, or a time in UTC."""

SCHEDULE: dict[str, dict[str, Any]] = {
    f"payments: {name.replace('_', ' ')}": {
        "task": f"payments.jobs.{name}",
        "schedule": times,
        **({"options": {"expires": 3 * times}} if isinstance(times, float) else {}),
    }
    for name, times in TIMES.items()
}
"""Entries for CELERY_BEAT_SCHEDULE; a round that waited too long in the queue is dropped, as the next finds its work."""
