"""API tokens: shown once, kept as a hash, checked with one statement, never more than their owner may."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kit.errors import Invalid, NotFound
from tests import people
from tests.statements import statements
from workers import tokens
from workers.api_auth import Claims, TokenAuthentication
from workers.models import ApiToken, Membership, User

pytestmark = pytest.mark.django_db

NOW = dt.datetime.now(dt.UTC)


def authenticate(key: str, scheme: str = "Bearer") -> tuple[User, Claims] | None:
    request = RequestFactory().get("/", headers={"authorization": f"{scheme} {key}"})
    return TokenAuthentication().authenticate(Request(request))


def make(user: User, *scopes: str, **options: object) -> tokens.NewToken:
    given = {"name": "script", "now": NOW} | options
    return tokens.make(user_id=user.pk, scopes=list(scopes), **given)  # type: ignore[arg-type]


def test_a_token_is_made_of_prefix_and_secret_and_only_the_hash_is_kept() -> None:
    made = make(people.worker(), "work")
    kind, prefix, secret = made.key.split("_", 2)
    assert kind == "mk"
    assert prefix == made.token.prefix
    assert len(secret) >= 43
    assert secret not in str(ApiToken.objects.values())


def test_a_program_signs_in_with_one_statement_and_gets_a_real_user() -> None:
    ana = people.worker()
    made = make(ana, "work")
    authenticate(made.key)
    with statements() as asked:
        found = authenticate(made.key)
        assert found is not None
        user, claims = found
        assert (user, user.email, user.name, user.is_active, user.is_authenticated) == (ana, ana.email, "Ana", True, True)
    assert len(asked) == 1
    assert claims == Claims(
        token_id=made.token.pk, scopes=frozenset({"work"}), organisation_id=None, is_worker=True, ops_roles=frozenset()
    )


def test_last_use_is_noted_at_most_hourly() -> None:
    made = make(people.worker(), "work")
    authenticate(made.key)
    first = ApiToken.objects.get(pk=made.token.pk).last_used_at
    assert first is not None
    authenticate(made.key)
    assert ApiToken.objects.get(pk=made.token.pk).last_used_at == first
    ApiToken.objects.update(last_used_at=NOW - dt.timedelta(minutes=61))
    authenticate(made.key)
    again = ApiToken.objects.get(pk=made.token.pk).last_used_at
    assert again is not None
    assert again >= first


def test_claims_name_the_organisation_and_the_ops_roles() -> None:
    mira, lab = people.client()
    for_client = authenticate(make(mira, "client:read", organisation_id=lab.pk).key)
    for_ops = authenticate(make(people.ops("Olu", "finance"), "ops").key)
    assert for_client is not None
    assert for_ops is not None
    assert for_client[1].organisation_id == lab.pk
    assert for_client[1].is_worker is False
    assert for_ops[1].ops_roles == {"finance"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("x" if key[-1] != "x" else "y"),
        lambda key: key.replace("mk_", "mx_"),
        lambda key: "mk_" + "a" * 12 + "_" + key.rsplit("_", 1)[-1],
        lambda key: "",
        lambda key: "mk__",
        lambda key: key * 20,
        lambda key: "mk_ä_ö",
        lambda key: "\x00",
    ],
)
def test_a_spoiled_token_is_refused(spoil: object) -> None:
    made = make(people.worker(), "work")
    with pytest.raises(AuthenticationFailed):
        authenticate(spoil(made.key))  # type: ignore[operator]


def test_a_revoked_or_expired_token_or_one_of_a_closed_account_is_refused() -> None:
    ana = people.worker()
    revoked, expired, closed = make(ana, "work"), make(ana, "work"), make(people.worker("Wen"), "work")
    tokens.revoke(user_id=ana.pk, token_id=revoked.token.pk, now=NOW)
    ApiToken.objects.filter(pk=expired.token.pk).update(
        created_at=NOW - dt.timedelta(days=2), expires_at=NOW - dt.timedelta(days=1)
    )
    User.objects.filter(pk=closed.token.user_id).update(is_active=False)
    for made in (revoked, expired, closed):
        with pytest.raises(AuthenticationFailed):
            authenticate(made.key)


def test_another_scheme_is_left_to_others() -> None:
    assert authenticate("abc", scheme="Basic") is None


def test_eve_cannot_revoke_anas_token() -> None:
    ana, eve = people.worker(), people.person("Eve")
    made = make(ana, "work")
    with pytest.raises(NotFound):
        tokens.revoke(user_id=eve.pk, token_id=made.token.pk, now=NOW)
    assert authenticate(made.key) is not None


def test_nobody_makes_a_token_that_may_more_than_they() -> None:
    ana, olu = people.worker(), people.ops()
    mira, lab = people.client()
    viewer = people.person("Vi")
    Membership.objects.create(user=viewer, organisation=lab, role="viewer", since=NOW)
    for user, scopes, organisation_id, field in (
        (ana, ["ops"], None, "scopes"),
        (olu, ["work"], None, "scopes"),
        (mira, ["work"], None, "scopes"),
        (mira, ["client:read"], None, "organisation"),
        (ana, ["client:read"], lab.pk, "organisation"),
        (viewer, ["client:write"], lab.pk, "scopes"),
        (ana, [], None, "scopes"),
        (ana, ["everything"], None, "scopes"),
    ):
        with pytest.raises(Invalid) as refusal:
            make(user, *scopes, organisation_id=organisation_id)
        assert refusal.value.field == field
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(("change", "field"), [({"name": " "}, "name"), ({"days": 0}, "days"), ({"days": 367}, "days")])
def test_a_token_has_a_name_and_an_end(change: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make(people.worker(), "work", **change)
    assert refusal.value.field == field
