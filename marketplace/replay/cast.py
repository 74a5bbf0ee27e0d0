"""The people of one replay: a client, two of finance, and a worker for each recorded one, with tokens, ready to be paid."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from kit.errors import ProductError
from marketplace.replay.gateway import Unexpected
from marketplace.replay.progress import Bar
from payments import payout_accounts
from workers import agreements, onboarding, organisations, people, tokens
from workers.models import Agreement, OpsRole, User, WorkerProfile

COUNTRY, ZONE = "US", "America/New_York"
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cast:
    """Tokens by who holds them; `workers` by the recorded worker's id, `ids` are those of their accounts."""

    organisation: str
    client: str
    planner: str
    approver: str
    workers: dict[str, str]
    ids: dict[str, uuid.UUID]


def make(*, worker_ids: Iterable[str], bar: Bar) -> Cast:
    """Everybody anew, so that a replay can be repeated. Raises Unexpected when the double does not answer."""
    now, run = timezone.now(), secrets.token_hex(4)
    names = list(worker_ids)
    with transaction.atomic():
        client = _person(f"Replay client {run}", f"client-{run}")
        organisation = organisations.open_organisation(name=f"Replay {run}", owner_id=client.pk, now=now)
        finance = [_person(f"Replay finance {run} {n}", f"finance-{run}-{n}") for n in (1, 2)]
        for person in finance:
            people.give_role(user_id=person.pk, role=OpsRole.FINANCE, by_id=None, now=now)
    bar.step("people", len(names))
    workers: dict[str, User] = {}
    for name in names:
        workers[name] = _worker(name, run, now)
        bar.count()
    _wait_until_onboarded(list(workers.values()))
    scopes = [tokens.CLIENT_READ, tokens.CLIENT_WRITE]
    with transaction.atomic():
        return Cast(
            organisation=organisation.slug,
            client=_token(client, scopes, now, organisation_id=organisation.pk),
            planner=_token(finance[0], [tokens.PAYMENTS], now),
            approver=_token(finance[1], [tokens.PAYMENTS], now),
            workers={name: _token(user, [tokens.WORK, tokens.PAYMENTS], now) for name, user in workers.items()},
            ids={name: user.pk for name, user in workers.items()},
        )


def _person(name: str, short: str) -> User:
    """An account with a confirmed address and without a password: it is used by token alone."""
    user = User.objects.create_user(f"{short}@replay.localhost", None, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _token(user: User, scopes: list[str], now: datetime, *, organisation_id: uuid.UUID | None = None) -> str:
    return tokens.make(
        user_id=user.pk, name="replay", scopes=scopes, now=now, days=2, organisation_id=organisation_id
    ).key


def _worker(name: str, run: str, now: datetime) -> User:
    """A worker with profile, signed agreement, and a payout account whose hosted pages the double takes as done."""
    with transaction.atomic():
        user = _person(f"Replay {name}"[:120], f"{secrets.token_hex(4)}-{run}")
        people.become_worker(user_id=user.pk)
        spoken = [{"code": "en", "level": "native"}]
        onboarding.save_profile(user_id=user.pk, country=COUNTRY, spoken=spoken, time_zone=ZONE, now=now)
        agreement = agreements.current(Agreement.WORKER)
        if agreement is not None:
            onboarding.sign_agreement(user_id=user.pk, agreement_id=agreement.pk, ip="127.0.0.1", now=now)
    try:
        account = payout_accounts.open_account(user=user, country=COUNTRY, now=now)
    except ProductError as error:
        raise Unexpected(str(error)) from error
    control(f"accounts/{account.rail_account}/onboard")
    payout_accounts.read_again(account_id=account.pk, now=timezone.now())
    with transaction.atomic():
        onboarding.payout_ready(user_id=str(user.pk))
    return user


def _wait_until_onboarded(users: list[User]) -> None:
    wanted = WorkerProfile.objects.filter(user__in=users, onboarded_at__isnull=True)
    until = time.monotonic() + READY_SECONDS
    while wanted.exists():
        if time.monotonic() > until:
            raise Unexpected("some workers did not get through onboarding")
        time.sleep(0.2)


def control(path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
    """Tell the double that somebody did something on one of its pages, or ask for its books."""
    request = urllib.request.Request(
        f"{settings.STRIPE_API_BASE}/_control/{path}", method=method,
        data=json.dumps(body or {}).encode() if method == "POST" else None, headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, OSError) as error:
        raise Unexpected(f"the Stripe double at {settings.STRIPE_API_BASE} does not answer: {error}") from error
