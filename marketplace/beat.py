"""How often each of the market's jobs runs; read by the settings, so it imports nothing of Django."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

TIMES: dict[str, Any] = {
    "expire_leases": 2.0,
    "share_out": 15.0,
    "move_marks": 1.0,
    "open_slots": 1.0,
    "advance_batches": 5.0,
    "accept_overdue": 30.0,
    "refit": 30.0,
    "begin_prices": 60.0,
    "begin_exam_rules": 60.0,
    "watch_budgets": 20.0,
    "pay_night": crontab(minute=40, hour=0),
    "tidy_seats": 300.0,
    "tell_of_work": 20.0,
    "move_wait_list": 60.0,
    "settle_referrals": 60.0,
    "send_announcements": 10.0,
    "watch_pools": 300.0,
    "look_at_signs": 3_600.0,
    "read_uploads": 1.0,
    "fetch_images": 2.0,
    "send_webhooks": 2.0,
    "pack_webhooks": 5.0,
    "forget_webhooks": crontab(minute=50, hour=3),
    "find_duplicates": 3600.0,
    "renew_proofs": crontab(minute=20, hour=4),
    "count_clients": crontab(minute=10, hour=4),
    "watch_drift": crontab(minute=20, hour=2),
    "forget_drafts": crontab(minute=40, hour=3),
}
"""Seconds, or a time in UTC."""

SCHEDULE: dict[str, dict[str, Any]] = {
    f"marketplace: {name.replace('_', ' ')}": {
        "task": f"marketplace.jobs.{name}",
        "schedule": times,
        **({"options": {"expires": 3 * times}} if isinstance(times, float) else {}),
    }
    for name, times in TIMES.items()
}
