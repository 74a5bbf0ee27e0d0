"""Onboarding's optional steps: each left, taken up elsewhere, left out; credentials that a person looks at; agreements that changed."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from kit import documents, states
from kit.errors import Invalid, NotFound
from kit.models import AuditRecord
from qualification.models import Grant
from tests import people
from tests.kit.test_documents import PDF
from tests.people import NOW
from tests.qualification import cast
from tests.workers.doors import browser, program
from workers import agreements, credentials, onboarding, preferences, queries, work_queues
from workers.models import Claim, Credential, Notice, Setup, User, WorkerProfile
from workers.people import NotIndependent, link

pytestmark = pytest.mark.django_db

CREDENTIAL = {"kind": "degree", "domain": "medicine", "title": "Dr. med.", "issuer": "Charité", "year": 2019}


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }


def handed_in(user: User, **changes: Any) -> Credential:
    return credentials.submit(worker_id=user.pk, proof=documents.store(PDF), now=NOW, **(CREDENTIAL | changes))


def step(user: User, key: str) -> onboarding.Step:
    return next(one for one in onboarding.steps(user.pk) if one.key == key)


def test_every_step_says_why_and_how_long_and_all_of_them_fit_into_half_an_hour() -> None:
    steps = onboarding.steps(people.worker().pk)
    assert all(len(str(one.why)) > 20 and one.minutes >= 1 for one in steps)
    assert sum(one.minutes for one in steps) <= onboarding.MOST_MINUTES == 30
    assert [one.key for one in steps if one.needed] == ["profile", "agreement"]


def test_an_optional_step_is_done_or_left_out_and_a_needed_one_is_not_left_out() -> None:
    ana = people.worker()
    onboarding.skip(user_id=ana.pk, step="comfort")
    assert (step(ana, "comfort").done, step(ana, "comfort").skipped) == (False, True)
    preferences.save_comfort(worker_id=ana.pk, accessibility=["keyboard"], note="", avoids=[], now=NOW)
    assert (step(ana, "comfort").done, step(ana, "comfort").skipped) == (True, False)
    onboarding.skip(user_id=ana.pk, step="comfort")
    assert step(ana, "comfort").done
    with pytest.raises(Invalid):
        onboarding.skip(user_id=ana.pk, step="agreement")
    with pytest.raises(NotFound):
        onboarding.skip(user_id=people.person("Mira").pk, step="comfort")


@pytest.mark.parametrize(
    ("save", "given", "field"),
    [
        (preferences.save_background, {"education": "wizard", "expertise": []}, "education"),
        (preferences.save_background, {"education": "", "expertise": "all"}, "expertise"),
        (preferences.save_background, {"education": "", "expertise": [{"domain": "magic", "years": 1}]}, "expertise"),
        (preferences.save_background, {"education": "", "expertise": [{"domain": "law", "years": 1}] * 2}, "expertise"),
        (preferences.save_background, {"education": "", "expertise": [{"domain": "law", "years": True}]}, "expertise"),
        (preferences.save_comfort, {"accessibility": ["x"], "note": "", "avoids": []}, "accessibility"),
        (preferences.save_comfort, {"accessibility": [], "note": "x" * 501, "avoids": []}, "note"),
        (preferences.save_comfort, {"accessibility": [], "note": "", "avoids": ["work"]}, "avoids"),
        (preferences.save_availability, {"hours_per_week": 0, "times": [], "quiet_days": 0}, "hours_per_week"),
        (preferences.save_availability, {"hours_per_week": 20, "times": ["mon-noon"], "quiet_days": 0}, "times"),
        (preferences.save_availability, {"hours_per_week": 20, "times": [], "quiet_days": 91}, "quiet_days"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_moves(save: Any, given: dict[str, Any], field: str) -> None:
    ana = people.worker()
    with pytest.raises(Invalid) as refusal, transaction.atomic():
        save(worker_id=ana.pk, now=NOW, **given)
    assert refusal.value.field == field
    assert not Setup.objects.filter(worker_id=ana.pk).exclude(steps={}).exists()


def test_what_is_typed_goes_on_on_another_device_and_ends_with_saving() -> None:
    ana = people.worker()
    phone, desk = browser(ana), browser(ana)
    assert phone.post("/work/onboarding/draft/background/", {"education": "master", "domain_0": "law", "years_0": "7"}).status_code == 204
    shown = desk.get("/work/onboarding/background/")
    assert shown.context["form"]["education"].value() == "master"
    assert shown.context["form"]["years_0"].value() == "7"
    assert "It went along with you" in shown.content.decode()
    saved = desk.post("/work/onboarding/background/", {"education": "master", "domain_0": "law", "years_0": "7"})
    assert saved["Location"] == "/work/onboarding/credentials/"
    setup = Setup.objects.get(worker_id=ana.pk)
    assert (setup.expertise, setup.drafts) == ([{"domain": "law", "years": 7}], {})
    assert AuditRecord.objects.filter(verb="background.changed", actor_id=ana.pk).count() == 1
    assert phone.post("/work/onboarding/draft/background/", {"education": "x" * 30_000}).status_code == 422
    assert phone.post("/work/onboarding/draft/agreement/", {}).status_code == 404
    assert phone.post("/work/onboarding/draft/comfort/", {"note": "a\x00b"}).status_code == 204


def test_every_step_has_a_page_that_can_be_saved_and_left_out() -> None:
    ana = people.worker()
    tab = browser(ana)
    for key in ("profile", *onboarding.OPTIONAL):
        page = tab.get(f"/work/onboarding/{key}/")
        assert page.status_code == 200 and "Takes" in page.content.decode()
    assert tab.post("/work/onboarding/comfort/", {"accessibility": ["no_audio"], "avoids": ["hate"], "note": ""}).status_code == 302
    assert tab.post("/work/onboarding/availability/", {"hours_per_week": "12", "times": ["sat-night"], "quiet_days": "7"}).status_code == 302
    assert tab.post("/work/onboarding/skip/background/")["Location"] == "/work/onboarding/credentials/"
    assert tab.post("/work/onboarding/comfort/", {"avoids": ["kindness"]}).status_code == 422
    setup = Setup.objects.get(worker_id=ana.pk)
    assert (setup.avoids, setup.hours_per_week, setup.times) == (["hate"], 12, ["sat-night"])
    assert not preferences.wants_alerts(ana.pk, now=timezone.now())
    assert preferences.wants_alerts(ana.pk, now=timezone.now() + dt.timedelta(days=8))
    facts = queries.worker_facts(ana.pk)
    assert facts is not None and facts["avoids"] == {"hate"}


def test_the_same_by_program() -> None:
    ana = people.worker()
    api = program(ana, "work")

    def put(part: str, body: dict[str, Any]) -> Any:
        return api.put(f"/api/v1/me/{part}/", body, content_type="application/json")

    assert put("background", {"education": "doctorate", "expertise": [{"domain": "law", "years": 3}]}).json()["education"] == "doctorate"
    assert put("comfort", {"accessibility": [], "note": "", "avoids": ["violence"]}).json()["avoids"] == ["violence"]
    assert put("availability", {"hours_per_week": 5, "times": ["mon-morning"], "quiet_days": 1}).json()["alerts_paused_until"]
    assert api.get("/api/v1/me/comfort/").json()["avoids"] == ["violence"]
    for part, body in (("background", {"education": "x", "expertise": []}), ("comfort", {}), ("availability", {"hours_per_week": -1})):
        assert put(part, body).status_code == 422
    made = api.post("/api/v1/me/credentials/", CREDENTIAL | {"proof": base64.b64encode(PDF).decode()}, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    for proof in ("%%%", base64.b64encode(b"<script>").decode()):
        bad = api.post("/api/v1/me/credentials/", CREDENTIAL | {"proof": proof}, content_type="application/json")
        assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "proof")
    assert len(api.get("/api/v1/me/credentials/").json()["results"]) == 1
    assert api.delete(f"/api/v1/me/credentials/{made.json()['id']}/").status_code == 204
    assert program(people.worker("Eve"), "work").delete(f"/api/v1/me/credentials/{made.json()['id']}/").status_code == 404


class TestCredentials:
    """A document, a queue, a named person."""

    def test_a_person_of_ops_looks_and_it_counts_from_then_on(self) -> None:
        ana, olu = people.worker(), people.ops()
        one = handed_in(ana)
        assert one.due_at == NOW + dt.timedelta(hours=72)
        before = WorkerProfile.objects.get(pk=ana.pk).facts_version
        credentials.decide(credential=one, by_id=olu.pk, verified=True, note="asked the chamber", now=NOW)
        facts = queries.worker_facts(ana.pk)
        assert facts is not None and facts["credentials"] == {"medicine"} and facts["facts_version"] > before
        assert Notice.objects.get(user=ana).kind == "credential.verified"
        assert AuditRecord.objects.filter(verb="credential.verified", actor_id=olu.pk).count() == 1
        assert not Claim.objects.exists()
        credentials.withdraw(credential=one, now=NOW)
        again = queries.worker_facts(ana.pk)
        assert again is not None and again["credentials"] == frozenset()

    def test_a_refusal_names_its_reason_and_can_be_looked_at_again(self) -> None:
        ana, olu = people.worker(), people.ops()
        one = handed_in(ana)
        with pytest.raises(Invalid) as refusal:
            credentials.decide(credential=one, by_id=olu.pk, verified=False, now=NOW)
        assert refusal.value.field == "reason"
        credentials.decide(credential=one, by_id=olu.pk, verified=False, reason="unreadable", now=NOW)
        assert Notice.objects.get(user=ana).params == {"title": "Dr. med.", "reason": "unreadable"}
        credentials.decide(credential=credentials.find(one.pk), by_id=olu.pk, verified=True, now=NOW)
        assert Credential.objects.get().state == "verified"

    def test_neither_its_owner_nor_a_linked_account_nor_software_decides(self) -> None:
        ana, twin = people.worker(), people.ops("Twin")
        link(a=ana.pk, b=twin.pk, reason="same_device", by_id=None, now=NOW)
        one = handed_in(ana)
        for somebody in (ana, twin):
            with pytest.raises(NotIndependent):
                credentials.decide(credential=one, by_id=somebody.pk, verified=True, now=NOW)
        rows = Credential.objects.filter(pk=one.pk)
        for change in ({"state": "verified"}, {"state": "refused", "decided_at": NOW}, {"state": "verified", "decided_at": NOW, "decided_by": ana}):
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
        assert Credential.objects.get().state == "waiting"

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"kind": "x"}, "kind"), ({"domain": "x"}, "domain"), ({"title": " "}, "title"), ({"issuer": "\x00\x00"}, "issuer"), ({"year": 2999}, "year")],
    )
    def test_what_makes_no_sense_is_refused(self, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            handed_in(people.worker(), **changes)
        assert refusal.value.field == field
        assert not Credential.objects.exists()

    def test_only_the_owner_and_ops_who_look_after_people_reach_the_document(self) -> None:
        ana = people.worker()
        one = handed_in(ana)
        mine = browser(ana).get(f"/work/credentials/{one.pk}/file/")
        assert mine.content == PDF and mine["Content-Disposition"].startswith("attachment")
        assert browser(people.worker("Eve")).get(f"/work/credentials/{one.pk}/file/").status_code == 404
        assert browser(people.ops("Fin", "finance")).get(f"/ops/credentials/{one.pk}/file/").status_code == 403
        assert browser(people.ops()).get(f"/ops/credentials/{one.pk}/file/").content == PDF

    def test_by_page_from_the_drop_to_the_word(self) -> None:
        ana, olu = people.worker(), people.ops()
        tab, desk = browser(ana), browser(olu)
        given = CREDENTIAL | {"proof": SimpleUploadedFile("cv.pdf", PDF)}
        assert tab.post("/work/onboarding/credentials/", given).status_code == 302
        bad = tab.post("/work/onboarding/credentials/", CREDENTIAL | {"proof": SimpleUploadedFile("cv.pdf", b"MZ not a pdf")})
        assert bad.status_code == 422 and bad.context["form"].errors["proof"]
        assert "Dr. med." in tab.get("/work/onboarding/credentials/").content.decode()
        one = Credential.objects.get()
        assert desk.post("/ops/queues/credentials/next/")["Location"] == f"/ops/credentials/{one.pk}/"
        assert "Does it hold?" in desk.get(f"/ops/credentials/{one.pk}/").content.decode()
        assert desk.post(f"/ops/credentials/{one.pk}/", {"verdict": "refuse"}).status_code == 422
        assert desk.post(f"/ops/credentials/{one.pk}/", {"verdict": "verify", "note": "seen"}).status_code == 302
        assert Credential.objects.get().state == "verified"
        assert tab.post(f"/work/credentials/{one.pk}/withdraw/").status_code == 302
        with pytest.raises(states.NoSuchMove):
            credentials.withdraw(credential=credentials.find(one.pk), now=NOW)


class TestQueues:
    """Claim, clock, hand-over."""

    def test_the_most_urgent_free_item_is_next_and_held_by_one_person_only(self) -> None:
        olu, sam = people.ops("Olu"), people.ops("Sam")
        first, second = handed_in(people.worker("Ana")), handed_in(people.worker("Wen"))
        queue = work_queues.find("credentials")
        taken = [work_queues.take_next(queue=queue, by_id=by.pk, now=NOW) for by in (olu, olu, sam)]
        assert [one.id for one in taken if one] == [first.pk, first.pk, second.pk]
        assert work_queues.take_next(queue=queue, by_id=people.ops("Kim").pk, now=NOW) is None
        with pytest.raises(work_queues.Taken):
            credentials.decide(credential=first, by_id=sam.pk, verified=True, now=NOW)
        assert credentials.find(first.pk).state == "waiting"
        credentials.decide(credential=first, by_id=sam.pk, verified=True, now=NOW + work_queues.CLAIMED_FOR)

    def test_what_is_handed_over_is_the_colleagues_who_is_told(self) -> None:
        olu, sam, fin = people.ops("Olu"), people.ops("Sam"), people.ops("Fin", "finance")
        one = handed_in(people.worker())
        for to in (fin.email, olu.email, "nobody@example.test"):
            with pytest.raises(Invalid):
                work_queues.hand_over(queue="credentials", item=one.pk, by_id=olu.pk, to_email=to, note="", now=NOW)
        held = work_queues.hand_over(queue="credentials", item=one.pk, by_id=olu.pk, to_email=sam.email, note="You speak Thai.", now=NOW)
        assert held.by == sam
        assert Notice.objects.get(user=sam).params["note"] == "You speak Thai."
        with pytest.raises(work_queues.Taken):
            work_queues.claim(queue="credentials", item=one.pk, by_id=olu.pk, now=NOW)

    def test_by_page_and_by_program(self) -> None:
        olu, sam = people.ops("Olu"), people.ops("Sam")
        now = timezone.now()
        one = credentials.submit(worker_id=people.worker().pk, proof=documents.store(PDF), now=now, **CREDENTIAL)
        tab, api = browser(olu), program(sam, "ops")
        assert "Credentials" in tab.get("/ops/queues/").content.decode()
        assert tab.post(f"/ops/queues/credentials/{one.pk}/claim/").status_code == 302
        shown = api.get("/api/v1/ops/queues/credentials/").json()
        assert (shown[0]["held_by"], shown[0]["mine"]) == ("Olu", False)
        assert api.post(f"/api/v1/ops/queues/credentials/{one.pk}/claim/").status_code == 409
        assert tab.post(f"/ops/queues/credentials/{one.pk}/hand-over/", {"to": sam.email, "note": "please"}).status_code == 302
        assert "please" in browser(sam).get("/ops/queues/credentials/").content.decode()
        assert api.post(f"/api/v1/ops/queues/credentials/{one.pk}/claim/").json()["mine"] is True
        assert api.delete(f"/api/v1/ops/queues/credentials/{one.pk}/claim/").status_code == 204
        decided = api.post(f"/api/v1/ops/credentials/{one.pk}/decide/", {"verified": True}, content_type="application/json")
        assert decided.json()["state"] == "verified"
        assert {row["key"] for row in api.get("/api/v1/ops/queues/").json()} >= {"credentials", "appeals"}

    def test_a_queue_is_closed_to_other_roles(self) -> None:
        fin = people.ops("Fin", "finance")
        one = handed_in(people.worker())
        assert browser(fin).get("/ops/queues/credentials/").status_code == 403
        assert program(fin, "ops").post(f"/api/v1/ops/queues/credentials/{one.pk}/claim/").status_code == 403
        assert browser(people.ops()).get("/ops/queues/nothing/").status_code == 404
        assert not Claim.objects.exists()


def test_a_new_version_of_the_agreement_shows_what_changed() -> None:
    old = "# Terms\n\nPay is yours.\n\n1. Be kind.\n2. Be quick."
    found = agreements.changes(old, "# Terms\n\nPay is yours.\n\n1. Be kind.\n2. Be careful.\n3. Rest.")
    assert [part for part in found if part[0] != "="] == [("-", "2. Be quick."), ("+", "2. Be careful."), ("+", "3. Rest.")]
    assert agreements.changes(old, old) == []
    ana = people.worker()
    first = agreements.publish(kind="worker", title="Terms", text=old, by_id=None, now=NOW)
    tab = browser(ana)
    assert "What changed" not in tab.get("/work/agreement/").content.decode()
    agreements.sign(user_id=ana.pk, agreement_id=first.pk, ip="", now=NOW)
    agreements.publish(kind="worker", title="Terms", text=old.replace("quick", "careful"), by_id=None, now=NOW)
    page = tab.get("/work/agreement/").content.decode()
    assert "What changed since version 1" in page and "2. Be careful." in page


def test_a_credential_that_was_verified_is_worth_a_tier() -> None:
    ana, olu, skill = people.worker(), people.ops("Olu", "quality_lead"), cast.skill("Sky")
    body = {"worker": str(ana.pk), "skill": skill.slug, "tier": 2, "source": "credential"}
    proof = handed_in(ana)
    refused = program(olu, "ops").post("/api/v1/ops/grants/", body, content_type="application/json")
    assert refused.status_code == 422 and not Grant.objects.exists(), "it is handed in, and nobody has looked at it"
    credentials.decide(credential=proof, by_id=olu.pk, verified=True, now=NOW)
    assert program(olu, "ops").post("/api/v1/ops/grants/", body, content_type="application/json").status_code == 201
    given = Grant.objects.get()
    assert (given.source, given.source_id, given.tier) == ("credential", proof.pk, 2)
    trail = AuditRecord.objects.get(verb="grant.given")
    assert (trail.actor_id, trail.subject_id) == (olu.pk, str(given.pk))
    page = {"skill": skill.slug, "tier": "3", "days": "30"}
    where = reverse("market:ops_give_grant", args=[ana.pk])
    assert browser(olu).post(where, page | {"source": "rumour"}).status_code == 422
    assert browser(olu).post(where, page | {"source": "credential"}).status_code == 302
    assert Grant.objects.get(state="live").tier == 3
