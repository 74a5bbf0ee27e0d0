"""A record of work is what somebody did here, in their own hands: anybody can check it, and nobody can change it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kit.errors import Invalid
from marketplace import work_record
from qualification import grants
from tests import market, people
from tests.marketplace.api import callers
from tests.qualification import cast
from tests.workers.doors import browser
from workers import my_data
from workers.models import User

pytestmark = pytest.mark.django_db
NOW = people.NOW


@pytest.fixture
def ana() -> User:
    """Three accepted answers and a skill at tier 2."""
    ana, (mira, shop) = people.worker("Ana"), people.client()
    market.launched(mira, shop, texts=3)
    for _task in range(3):
        assert market.work(ana)
    grants.grant(worker_id=ana.pk, skill=cast.skill("Rain"), tier=2, source="ops", source_id=None, now=NOW, valid_days=90)
    return ana


def file_of(ana: User) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(browser(ana).get("/work/standing/record.json").content)
    return made


def test_it_says_what_was_accepted_and_proven_and_names_no_client_and_no_money(ana: User) -> None:
    record = file_of(ana)["record"]
    [work], [skill] = record["work"], record["skills"]
    assert (work["task_type"], work["kind"], work["accepted"], work["accepted_share"]) == ("choice", "answer", 3, "1.0000")
    assert (skill["skill"], skill["tier"], skill["how"]) == ("Rain", 2, "ops")
    assert record["person"]["name"] == "Ana"
    assert not {"Mira", "USD", "Weather"} & set(json.dumps(record).replace('"', " ").split())


def test_what_the_page_shows_is_what_the_file_says(ana: User) -> None:
    shown = browser(ana).get("/work/standing/record/").content.decode()
    assert "Choice · Answer" in shown and "100.0 %" in shown and "Rain" in shown


class TestChecking:
    def test_anybody_checks_a_file_and_sees_what_it_says(self, ana: User) -> None:
        content = json.dumps(file_of(ana), indent=7).encode()
        answer = Client().post("/record/", {"file": SimpleUploadedFile("work-record.json", content)})
        assert answer.status_code == 200 and "Genuine: this is the record of Ana" in answer.content.decode()
        pasted = Client().post("/record/", {"text": content.decode()})
        assert "Genuine" in pasted.content.decode()

    @pytest.mark.parametrize("where", ["work", "person", "issued_at", "signature"])
    def test_whatever_is_changed_it_is_not_genuine_and_its_claims_are_not_shown(self, ana: User, where: str) -> None:
        made = file_of(ana)
        if where == "work":
            made["record"]["work"][0]["accepted"] = 30_000
        elif where == "person":
            made["record"]["person"]["name"] = "Mallory"
        elif where == "issued_at":
            made["record"]["issued_at"] = "2020-01-01T00:00:00+00:00"
        else:
            made["signature"]["value"] = base64.urlsafe_b64encode(bytes(64)).decode()
        shown = Client().post("/record/", {"text": json.dumps(made)}).content.decode()
        assert "Not genuine" in shown and "Mallory" not in shown and "30,000" not in shown and "30000" not in shown

    @pytest.mark.parametrize("text", [
        "", "{}", "[]", "null", "\x00", "not json", '{"record": 1, "signature": 2}', '{"record": {"form": "work-record/1"}}', "[" * 5_000,
        '{"record": {"form": "work-record/1", "person": {"name": 7}}, "signature": {"value": "x"}}',
        '{"record": {"form": "work-record/1", "person": {"name": "\\ud800"}}, "signature": {"value": "AA"}}',
        '{"record": {"form": "work-record/1", "person": {"name": "Eve"}, "n": 1e999}, "signature": {"value": "é"}}',
        "x" * (work_record.MOST_BYTES + 1),
    ])  # fmt: skip
    def test_what_is_no_record_is_said_to_be_none(self, text: str) -> None:
        answer = Client().post("/record/", {"text": text})
        assert answer.status_code in (200, 422) and "Genuine:" not in answer.content.decode()
        with pytest.raises(Invalid):
            work_record.check(text.encode("utf-8", "replace") if "1e999" not in text else b"")

    def test_programs_check_it_by_the_published_key_alone(self, ana: User) -> None:
        made = file_of(ana)
        [key] = [key for key in Client().get("/record/keys.json").json()["keys"] if key["kid"] == made["signature"]["key"]]
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
        value = base64.urlsafe_b64decode(made["signature"]["value"] + "==")
        text = json.dumps(made["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        public.verify(value, text)
        with pytest.raises(InvalidSignature):
            public.verify(value, text.replace(b'"Ana"', b'"Eve"'))

    def test_an_old_record_stays_genuine_when_the_secret_changes_and_not_when_it_is_forgotten(self, ana: User, settings: Any) -> None:
        content = json.dumps(file_of(ana)).encode()
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another one"
        assert work_record.check(content).genuine
        settings.SECRET_KEY_FALLBACKS = []
        assert not work_record.check(content).genuine


def test_a_program_fetches_the_same_record(ana: User) -> None:
    status, made = callers.Caller(ana, ["work"]).get("me/record/")
    assert status == 200 and work_record.check(json.dumps(made).encode()).genuine
    eve = callers.client("Eve")[0]
    assert eve.get("me/record/")[0] == 403, "a client has no record of work"


def test_my_data_holds_every_answer_and_does_not_tell_which_were_known(ana: User) -> None:
    kept = my_data.collect(ana.pk)
    assert [row["answer"] for row in kept["work"]] == [{"label": "sunny"}] * 3
    assert {row["state"] for row in kept["work"]} == {"accepted"}
    assert "gold" not in kept["work"][0] and kept["quality"][0]["answers"] == 3
