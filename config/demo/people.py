"""The people of the demo: a client with a colleague, ops, and workers with proven skills and payout accounts."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from config.demo.sign_ins import PASSWORD, SIGN_INS
from kit import documents
from kit.money import Money
from payments import funding, payout_accounts
from workers import agreements, credentials, onboarding, preferences
from workers.models import Agreement, Membership, OpsRole, Organisation, User, WorkerProfile

WORKERS = (
    ("Ana Ferreira", "ana", "PT", {"pt": "native", "en": "C1"}, "Europe/Lisbon"),
    ("Wen Zhao", "wen", "DE", {"zh": "native", "en": "C2", "de": "C1"}, "Europe/Berlin"),
    ("Leonie Brandt", "leonie", "DE", {"de": "native", "en": "B2"}, "Europe/Berlin"),
    ("Tomasz Wiśniewski", "tomasz", "PL", {"pl": "native", "en": "C1"}, "Europe/Warsaw"),
    ("Aoife Ní Bhriain", "aoife", "IE", {"en": "native"}, "Europe/Dublin"),
    ("Mateo García-Hernández", "mateo", "ES", {"es": "native", "en": "B2"}, "Europe/Madrid"),
)
JOINED = timedelta(days=14)
AGREEMENT = """# Working here

1. **Price and terms are fixed when you take a task.** A later change never touches a task that you hold.
2. **Silence pays.** Work that nobody judged in time is accepted.
3. **Every amount explains itself**, line by line, before you start and after.
4. **No machine ends your account.** A named person has to decide, with a reason and evidence, and you can appeal.
5. What you earned stays yours, whatever happens.

In return: do the work yourself, follow the project's guideline and its rule on AI tools, and keep what you see to yourself.
"""


@dataclass(frozen=True)
class Cast:
    """Who is who."""

    workers: list[User]
    mira: User
    olu: User
    rahel: User
    organisation: Organisation


def make() -> Cast:
    """Everybody, with sign-ins that work at once."""
    now = timezone.now()
    joined = now - JOINED
    with transaction.atomic():
        olu = person("Olu Adeyemi", SIGN_INS["ops"][0])
        for role, _label in OpsRole.ROLES:
            OpsRole.objects.create(user=olu, role=role, given_at=joined)
        rahel = person("Rahel Tesfaye", "rahel@demo.localhost")
        OpsRole.objects.create(user=rahel, role="finance", given_at=joined)
        text = agreements.publish(kind=Agreement.WORKER, title="Working here", text=AGREEMENT, by_id=olu.pk, now=joined)
        mira = person("Mira Okonkwo", SIGN_INS["client"][0])
        organisation = Organisation.objects.create(name="Harbour Bikes", slug="harbour-bikes", billing_currency="EUR")
        Membership.objects.create(organisation=organisation, user=mira, role=Membership.OWNER, since=joined)
        jonas = person("Jonas Lind", "jonas@demo.localhost")
        Membership.objects.create(organisation=organisation, user=jonas, role=Membership.VIEWER, since=joined)
        workers = [_worker(*described, agreement=text, now=joined) for described in WORKERS]
        _set_up(workers, joined)
    _credential(workers[1], timezone.now() - timedelta(hours=5))
    if settings.STRIPE_API_BASE:
        for worker in workers[:5]:
            open_payout_account(worker, joined)
        _pay_in(organisation, mira, Money.parse("900", "EUR"), joined)
    return Cast(workers=workers, mira=mira, olu=olu, rahel=rahel, organisation=organisation)


def person(name: str, address: str) -> User:
    user = User.objects.create_user(address, None, name=name, consented_at=timezone.now())
    User.objects.filter(pk=user.pk).update(password=_password(), created_at=timezone.now() - JOINED)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


@cache
def _password() -> str:
    """Hashed once for all: a good hash is slow on purpose."""
    return make_password(PASSWORD)


def _worker(
    name: str, short: str, country: str, spoken: dict[str, str], zone: str, *, agreement: Agreement, now: datetime
) -> User:
    user = person(name, f"{short}@demo.localhost")
    WorkerProfile.objects.create(user=user)
    levels = [{"code": code, "level": level} for code, level in spoken.items()]
    onboarding.save_profile(user_id=user.pk, country=country, spoken=levels, time_zone=zone, now=now)
    onboarding.sign_agreement(user_id=user.pk, agreement_id=agreement.pk, ip="127.0.0.1", now=now)
    return user


def _set_up(workers: list[User], now: datetime) -> None:
    """Some say what they know, when they work and what they would rather not see."""
    ana, wen = workers[0].pk, workers[1].pk
    preferences.save_background(worker_id=ana, education="master", expertise=[{"domain": "languages", "years": 6}], now=now)
    preferences.save_availability(worker_id=ana, hours_per_week=20, times=["mon-morning", "tue-morning"], quiet_days=0, now=now)
    preferences.save_availability(worker_id=wen, hours_per_week=12, times=["sat-afternoon"], quiet_days=0, now=now)
    preferences.save_comfort(worker_id=workers[2].pk, accessibility=["keyboard"], note="", avoids=["violence"], now=now)


PROOF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def _credential(worker: User, now: datetime) -> None:
    """One that waits for somebody of ops to look at it."""
    proof = documents.store(PROOF)
    with transaction.atomic():
        credentials.submit(
            worker_id=worker.pk, kind="degree", domain="engineering", title="Dipl.-Ing. Mechanical Engineering", issuer="TU Berlin",
            year=2014, proof=proof, now=now,
        )


def open_payout_account(worker: User, now: datetime) -> None:
    """Open an account at the double, and take its hosted pages as done."""
    country = WorkerProfile.objects.get(pk=worker.pk).country
    account = payout_accounts.open_account(user=worker, country=country, now=now)
    control(f"accounts/{account.rail_account}/onboard")
    payout_accounts.read_again(account_id=account.pk, now=now)
    with transaction.atomic():
        onboarding.payout_ready(user_id=str(worker.pk))


def _pay_in(organisation: Organisation, mira: User, amount: Money, now: datetime) -> None:
    """Fund through the hosted page of the double, as a client would."""
    url = f"{settings.PUBLIC_URL}/client/{organisation.slug}/billing/"
    page = funding.start_checkout(
        organisation_id=organisation.pk, amount=amount, actor_id=mira.pk, now=now, success_url=url, cancel_url=url
    )
    control(f"checkout/{page.checkout_id}/complete", {"method": "card"})
    if page.checkout_id:
        funding.read_again(checkout_id=page.checkout_id, now=now)


def control(path: str, body: dict[str, str] | None = None) -> None:
    """Tell the double that somebody did something on one of its pages."""
    request = urllib.request.Request(
        f"{settings.STRIPE_API_BASE}/_control/{path}", data=json.dumps(body or {}).encode(), method="POST",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
