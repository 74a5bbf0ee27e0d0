"""Every route x every kind of person, generated from the routes themselves: who may not pass is refused, and nothing moves."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from tests import market, people
from workers import agencies
from workers.access import Access, access_of, is_of_a_library
from workers.models import Membership, OpsRole, Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)

RANK = {"viewer": 1, "manager": 2, "owner": 3}
REFUSED = {302, 401, 403, 404}
GOES_OUTSIDE = re.compile(r"stripe|checkout|onboarding-link|onboarding_link|payout-account|payout_account|webhooks/stripe")
"""Routes that would call the payment provider when let in; their refusals are tested all the same."""


@dataclass(frozen=True)
class Somebody:
    """A kind of person, and what they are."""

    name: str
    user: User | None
    worker: bool = False
    client_role: str | None = None
    agency_role: str | None = None
    ops_roles: frozenset[str] = frozenset()
    owns_another: bool = False
    """Owner of another organisation: where the address names none, a call means the caller's own."""


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, prefix + str(entry.pattern))
        elif not is_of_a_library(entry.callback):
            yield prefix + str(entry.pattern), entry.callback


def filled(route: str, organisation: Organisation) -> str:
    """The route with an address that is well formed and leads to nothing, but for the organisation's."""
    values = {
        "uuid": str(uuid.UUID(int=7)), "int": "987654321", "str": "nothing-here", "slug": "nothing-here", "path": "nothing",
    }

    def fill(match: re.Match[str]) -> str:
        kind, _colon, name = match.group(1).rpartition(":")
        return organisation.slug if name == "org" else values[kind or "str"]

    return re.sub(r"<([^>]+)>", fill, route)


def may_pass(access: Access, who: Somebody, *, write: bool, names_org: bool = True) -> bool:
    """What the route's own words promise to this person."""
    if access.audience == "public":
        return True
    if who.user is None or access.audience == "nobody":
        return False
    roles = access.write_roles if write and access.write_roles else access.roles
    match access.audience:
        case "signed_in":
            return True
        case "worker":
            return who.worker and not who.ops_roles
        case "client":
            if who.owns_another and not names_org or access.both and who.agency_role is not None and not names_org:
                return True
            return who.client_role is not None and RANK[who.client_role] >= RANK[roles[0]]
        case "agency":
            return who.agency_role is not None and RANK[who.agency_role] >= RANK[roles[0]]
        case _:
            return bool(who.ops_roles) and (not roles or bool(who.ops_roles & {*roles, "admin"}))


@pytest.fixture
def cast() -> tuple[list[Somebody], Organisation, Organisation]:
    mira, shop = people.client("Mira")
    people.pay_in(shop, people.usd("50"))
    market.batch(market.project(mira, shop), mira)
    members = {"owner": mira}
    for role in ("manager", "viewer"):
        members[role] = people.person(role.title())
        Membership.objects.create(user=members[role], organisation=shop, role=role, since=people.NOW)
    eve, _other = people.client("Eve")
    gus = people.person("Gus")
    team = agencies.open_agency(name="Gus & Team", owner_email=gus.email, by_id=people.ops("Ada", "admin").pk, now=people.NOW).organisation
    hal = people.person("Hal")
    Membership.objects.create(user=hal, organisation=team, role="viewer", since=people.NOW)
    everybody = [
        Somebody("a stranger", None),
        Somebody("Ana the worker", people.worker("Ana"), worker=True),
        Somebody("Eve of another client", eve, owns_another=True),
        *(Somebody(f"the {role}", user, client_role=role) for role, user in members.items()),
        Somebody("Gus of an agency", gus, agency_role="owner"),
        Somebody("Hal who looks on at it", hal, agency_role="viewer"),
        *(
            Somebody(f"Olu, {role}", people.ops("Olu", role), ops_roles=frozenset({role}))
            for role, _label in OpsRole.ROLES
        ),
    ]
    return everybody, shop, team


def sign_in(who: Somebody) -> Browser:
    browser = Browser(raise_request_exception=False)
    if who.user is not None:
        browser.force_login(who.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return browser


def knock(browser: Browser, method: str, address: str, *, whole: bool) -> Any:
    """One request without content; the API speaks JSON. Refusals and pages that somebody was shown before are asked for as htmx
    does: a whole page around each of thousands would take most of the time, and error pages have tests of their own."""
    if method == "post" and address.startswith("/api/"):
        return browser.post(address, data="{}", content_type="application/json")
    part = {} if whole else {"HTTP_HX_REQUEST": "true"}
    return getattr(browser, method)(address, HTTP_ACCEPT="text/html,application/json", **part)


COUNTED = (
    "kit_auditrecord", "kit_outboxevent", "payments_ledgerentry", "payments_earning", "marketplace_batch", "marketplace_lease",
    "marketplace_project", "workers_membership", "workers_opsrole", "workers_claim", "workers_credential", "workers_farewell",
    "workers_supportrequest", "workers_teamplace", "workers_teaminvitation", "workers_agency", "payments_agencyshare",
    "payments_agencypayee", "payments_agencytakeback", "marketplace_agencypick", "marketplace_pool", "marketplace_bulkaction", "marketplace_announcement", "marketplace_question",
)


def counts() -> list[int]:
    """How much there is of everything that a successful act would add to."""
    found = []
    with connection.cursor() as cursor:
        for table in COUNTED:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found.append(cursor.fetchone()[0])
    return found


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_route_keeps_its_word_to_every_kind_of_person(
    cast: tuple[list[Somebody], Organisation, Organisation], method: str
) -> None:
    everybody, shop, team = cast
    wrong, broken, tried, seen = [], [], 0, set[str]()
    known = [(route, access_of(view)) for route, view in routes(get_resolver().url_patterns)]
    for who in everybody:
        browser, before = sign_in(who), counts()
        for route, access in known:
            assert access is not None, f"{route} says nothing about who may open it"
            allowed = may_pass(access, who, write=method == "post", names_org=":org>" in route)
            if allowed and (method == "post" or GOES_OUTSIDE.search(route)):
                continue
            answer = knock(browser, method, filled(route, team if access.audience == "agency" else shop), whole=allowed and route not in seen)
            seen |= {route} if allowed else set()
            tried += 1
            if answer.status_code >= 500:
                broken.append(f"{who.name}: {method} {route} -> {answer.status_code}")
            elif allowed and answer.status_code in {401, 403}:
                wrong.append(f"{who.name} was kept out of {route}: {answer.status_code}")
            elif not allowed and answer.status_code not in REFUSED | {405}:
                wrong.append(f"{who.name} came into {method} {route}: {answer.status_code}")
        if method == "post" and counts() != before:
            wrong.append(f"{who.name} moved something by a request that was refused")
    assert not broken, "\n".join(broken)
    assert not wrong, "\n".join(wrong)
    assert tried > 300


def test_the_matrix_can_fail() -> None:
    """A route that promises more than it keeps would be found: the judge is not blind."""
    somebody = Somebody("Ana", people.worker("Ana"), worker=True)
    assert not may_pass(Access("ops", ("finance",)), somebody, write=False)
    assert not may_pass(Access("client", ("viewer",)), somebody, write=False)
    assert may_pass(Access("worker"), somebody, write=True)
    assert not may_pass(Access("client", ("viewer",), ("manager",)), Somebody("V", somebody.user, client_role="viewer"), write=True)
