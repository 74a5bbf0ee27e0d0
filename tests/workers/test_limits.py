"""Bounds that stop a flood and not a person: the account first, the address second, and words that say when it goes on."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kit import limits
from kit.limits import Limit, TooOften
from tests import people
from tests.workers.doors import browser, program
from workers import credentials, fair_use
from workers.models import ApiToken, Credential

pytestmark = pytest.mark.django_db

FEW = Limit("few", times=2, seconds=3_600, shared=2)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def test_the_account_counts_first_and_an_address_has_room_for_several_people() -> None:
    ana, wen, kim = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    for _at in range(2):
        limits.spend(FEW, account=ana, address="192.0.2.1")
    with pytest.raises(TooOften) as refusal:
        limits.spend(FEW, account=ana, address="192.0.2.2")
    assert 0 < refusal.value.wait <= 3_600
    limits.spend(FEW, account=wen, address="192.0.2.1")
    limits.spend(FEW, account=wen, address="192.0.2.1")
    with pytest.raises(TooOften):
        limits.spend(FEW, account=kim, address="192.0.2.1")
    limits.spend(FEW, account=None, address="192.0.2.9")
    limits.spend(FEW, account=None, address="192.0.2.9")
    with pytest.raises(TooOften):
        limits.spend(FEW, account=None, address="192.0.2.9")


def test_an_account_that_floods_the_api_is_told_when_it_goes_on_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_use, "API_USE", Limit("api", times=3, seconds=60))
    ana, wen = program(people.worker("Ana"), "work"), program(people.worker("Wen"), "work")
    assert [ana.get("/api/v1/me/").status_code for _at in range(4)] == [200, 200, 200, 429]
    told = ana.get("/api/v1/me/")
    assert told.json()["code"] == "too_often" and 0 < int(told["Retry-After"]) <= 60
    assert wen.get("/api/v1/me/").status_code == 200


def test_documents_are_bounded_before_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "HANDING_IN", Limit("credentials", times=1, seconds=60))
    tab = browser(people.worker("Ana"))
    given = {"kind": "degree", "domain": "law", "title": "LL.M.", "issuer": "Coimbra"}
    assert tab.post("/work/onboarding/credentials/", given | {"proof": SimpleUploadedFile("a.pdf", b"no pdf")}).status_code == 422
    told = tab.post("/work/onboarding/credentials/", given | {"proof": SimpleUploadedFile("a.pdf", b"no pdf")})
    assert told.status_code == 429 and "It goes on in" in told.content.decode() and told["Retry-After"]
    assert not Credential.objects.exists()


def test_wrong_passwords_lock_the_account_and_say_what_helps() -> None:
    ana = people.worker("Ana")
    for _at in range(5):
        Client().post("/account/login/", {"login": ana.email, "password": "wrong wrong wrong"})
    told = Client().post("/account/login/", {"login": ana.email, "password": "wrong wrong wrong"}).content.decode()
    assert "set a new password by mail: that works at once" in told
    other = Client().post("/account/login/", {"login": people.worker("Wen").email, "password": "wrong wrong wrong"}).content.decode()
    assert "set a new password by mail" not in other


def test_outside_the_embedded_default_no_door_of_ops_opens_without_a_second_factor(settings: Any) -> None:
    olu, fin = people.ops("Olu"), people.ops("Fin", "finance")
    by_token = program(olu, "ops")
    settings.OPS_NEEDS_MFA = True
    for user, page, door in ((olu, "/ops/people/", "ops/people/"), (fin, "/ops/payouts/", "ops/payout-runs/")):
        tab = browser(user)
        assert tab.get(page)["Location"] == "/account/2fa/"
        assert "need a second factor" in tab.get("/account/2fa/").content.decode()
        refused = tab.get(f"/api/v1/{door}")
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
        token = tab.post("/api/v1/me/tokens/", {"name": "x", "scopes": ["ops"]}, content_type="application/json")
        assert token.json()["code"] == "second_factor_needed"
    assert ApiToken.objects.count() == 1
    assert by_token.get("/api/v1/ops/people/").status_code == 200, "a token was made behind the second factor"
    assert browser(people.worker()).get("/api/v1/me/").status_code == 200
