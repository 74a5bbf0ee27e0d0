"""The API of people and organisations: what each may do there, and how it says no."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from kit.models import AuditRecord
from tests import people
from tests.workers.doors import browser, program, prove
from workers import agreements, decisions, notices, standing
from workers.models import Appeal, Membership, Notice, OpsRole, Organisation, Signature, StandingDecision, WorkerProfile

pytestmark = pytest.mark.django_db

V1 = "/api/v1/"
DAY = dt.timedelta(days=1)


def call(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, V1 + path, data=_json(body), content_type="application/json")


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def problem(answer: Any) -> tuple[int, str, str]:
    """Status, code and first field of a refusal."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    return answer.status_code, body["code"], body.get("errors", [{"field": ""}])[0]["field"]


class TestMe:
    def test_everybody_reads_who_they_are(self) -> None:
        mira, lab = people.client()
        shown = call(program(mira, "client:read", organisation=lab), "GET", "me/").json()
        assert shown["email"] == mira.email
        assert shown["is_worker"] is False
        assert [(one["slug"], one["role"]) for one in shown["organisations"]] == [(lab.slug, "owner")]

    def test_a_worker_changes_their_profile_and_a_fault_is_named(self) -> None:
        ana = people.worker()
        client = program(ana, "work")
        body = {"country": "AT", "languages": [{"code": "de", "level": "C2"}], "time_zone": "Europe/Vienna"}
        assert call(client, "PUT", "me/profile/", body).json()["country"] == "AT"
        for fault, field in (
            ({"country": "XX"}, "country"),
            ({"country": None}, "country"),
            ({"languages": "de"}, "languages"),
            ({"languages": [{"code": "de", "level": "Z"}]}, "languages"),
            ({"time_zone": 3}, "time_zone"),
        ):
            status, code, named = problem(call(client, "PUT", "me/profile/", body | fault))
            assert (status, code) == (422, "invalid")
            assert named.startswith(field)
        assert WorkerProfile.objects.get(pk=ana.pk).country == "AT"

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'"x"', b"\xff", b'{"country": "\\u0000"}'])
    def test_no_body_breaks_the_door(self, body: bytes) -> None:
        client = program(people.worker(), "work")
        answer = client.generic("PUT", V1 + "me/profile/", data=body, content_type="application/json")
        assert answer.status_code in {400, 422}

    def test_onboarding_by_program(self) -> None:
        ana = people.worker()
        terms = agreements.publish(kind="worker", title="Terms", text="Be kind.", by_id=None, now=timezone.now())
        client = program(ana, "work")
        assert [step["key"] for step in call(client, "GET", "me/onboarding/").json() if step["needed"] and not step["done"]] == ["agreement"]
        [shown] = call(client, "GET", "me/agreements/").json()
        assert shown["text"] == "Be kind."
        assert call(client, "POST", f"me/agreements/{terms.pk}/sign/").status_code == 200
        assert Signature.objects.filter(user=ana, agreement=terms).exists()
        assert all(step["done"] for step in call(client, "GET", "me/onboarding/").json() if step["needed"] or step["key"] == "payout")
        assert call(client, "POST", f"me/agreements/{ana.pk}/sign/").status_code == 404

    def test_notices_are_paged_read_and_only_ones_own(self) -> None:
        ana, eve = people.worker(), people.worker("Eve")
        for _at in range(3):
            notices.tell(ana.pk, "standing.resumed")
        client = program(ana, "work")
        first = call(client, "GET", "me/notices/?limit=2").json()
        rest = client.get(first["next"]).json()
        assert [len(first["results"]), len(rest["results"]), rest["next"]] == [2, 1, None]
        assert call(program(eve, "work"), "GET", "me/notices/").json()["results"] == []
        assert call(client, "POST", "me/notices/read/", {"ids": [first["results"][0]["id"]]}).json() == {"count": 1}
        assert call(client, "POST", "me/notices/read/", {}).json() == {"count": 2}
        for bad in ("limit=0", "limit=x", "limit=9999", "cursor=nonsense", "limit=²"):
            assert call(client, "GET", f"me/notices/?{bad}").status_code == 422

    def test_a_token_makes_no_token_but_a_person_does_and_sees_it_once(self) -> None:
        ana = people.worker()
        body = {"name": "script", "scopes": ["work"], "days": 7}
        assert problem(call(program(ana, "work"), "POST", "me/tokens/", body))[0] == 403
        made = call(browser(ana), "POST", "me/tokens/", body)
        assert made.status_code == 201
        key, token = made.json()["key"], made.json()["token"]
        fresh = Client(headers={"authorization": f"Bearer {key}"})
        assert call(fresh, "GET", "me/").status_code == 200
        assert key not in call(fresh, "GET", "me/tokens/").content.decode()
        assert call(fresh, "DELETE", f"me/tokens/{token['id']}/").status_code == 204
        assert call(fresh, "GET", "me/").status_code == 401

    def test_scopes_and_organisation_of_a_new_token_are_checked(self) -> None:
        mira, lab = people.client()
        eve = people.client("Eve")[0]
        body = {"name": "x", "scopes": ["client:read"], "organisation": lab.slug}
        assert problem(call(browser(eve), "POST", "me/tokens/", body))[1:] == ("invalid", "organisation")
        assert problem(call(browser(mira), "POST", "me/tokens/", body | {"scopes": ["work"]}))[1:] == ("invalid", "scopes")
        assert problem(call(browser(mira), "POST", "me/tokens/", body | {"scopes": ["king"]}))[0] == 422
        assert call(browser(mira), "POST", "me/tokens/", body).status_code == 201

    def test_somebody_elses_token_is_not_there_to_revoke(self) -> None:
        ana, eve = people.worker(), people.worker("Eve")
        token = call(browser(ana), "POST", "me/tokens/", {"name": "x", "scopes": ["work"]}).json()["token"]
        assert call(browser(eve), "DELETE", f"me/tokens/{token['id']}/").status_code == 404

    def test_leaving_is_final_and_shown(self) -> None:
        client = program(people.worker(), "work")
        assert call(client, "POST", "me/standing/leave/").json()["standing"] == "ended"
        assert problem(call(client, "POST", "me/standing/leave/"))[:2] == (409, "no_such_move")
        shown = call(client, "GET", "me/standing/").json()
        assert (shown["standing"], shown["reason"]) == ("ended", "own_wish")

    def test_everything_kept_about_me_is_mine_to_read(self) -> None:
        ana = people.worker()
        notices.tell(ana.pk, "standing.resumed")
        shown = call(program(ana, "work"), "GET", "me/data/").json()
        assert shown["account"]["email"] == ana.email
        assert shown["profile"]["country"] == "DE"
        assert {"agreements", "appeals", "decisions", "notices", "trail", "api_tokens"} <= set(shown)
        assert "secret" not in str(shown["api_tokens"])


class TestOrganisations:
    def test_opening_renaming_and_reading(self) -> None:
        mira = browser(people.person("Mira"))
        made = call(mira, "POST", "organisations/", {"name": "Blue Lab", "billing_currency": "EUR"})
        assert made.status_code == 201
        slug = made.json()["slug"]
        assert call(mira, "PATCH", f"organisations/{slug}/", {"name": "Bluer Lab"}).json()["name"] == "Bluer Lab"
        assert [one["slug"] for one in call(mira, "GET", "organisations/").json()] == [slug]
        for fault in ({"name": "x"}, {"billing_currency": "DOGE"}, {"name": None}, {}):
            assert call(mira, "POST", "organisations/", {"name": "Fine"} | fault if fault else {}).status_code == 422
        assert Organisation.objects.count() == 1

    def test_inviting_joining_and_the_rights_that_follow(self) -> None:
        mira, lab = people.client()
        wen = people.person("Wen")
        owner = program(mira, "client:write", organisation=lab)
        made = call(owner, "POST", f"organisations/{lab.slug}/invitations/", {"email": wen.email, "role": "viewer"})
        assert made.status_code == 201
        assert "token" not in made.json()
        token = str(mail.outbox[0].body).split("/invitations/")[1].split("/")[0]
        eve = browser(people.person("Eve"))
        assert problem(call(eve, "POST", "invitations/accept/", {"token": token}))[1] == "invitation_for_another_address"
        joined = call(browser(wen), "POST", "invitations/accept/", {"token": token})
        assert joined.json()["role"] == "viewer"
        rows = call(owner, "GET", f"organisations/{lab.slug}/members/").json()["results"]
        assert {row["email"]: row["role"] for row in rows} == {mira.email: "owner", wen.email: "viewer"}

    def test_members_are_changed_and_removed_within_the_organisation_only(self) -> None:
        mira, lab = people.client()
        ned, firm = people.client("Ned")
        viewer = Membership.objects.create(user=people.person("Vi"), organisation=lab, role="viewer", since=people.NOW)
        foreign = Membership.objects.get(user=ned)
        owner = program(mira, "client:write", organisation=lab)
        base = f"organisations/{lab.slug}/members/"
        assert call(owner, "PATCH", f"{base}{viewer.pk}/", {"role": "manager"}).json()["role"] == "manager"
        assert call(owner, "PATCH", f"{base}{viewer.pk}/", {"role": "king"}).status_code == 422
        assert call(owner, "PATCH", f"{base}{foreign.pk}/", {"role": "viewer"}).status_code == 404
        assert call(owner, "DELETE", f"{base}{foreign.pk}/").status_code == 404
        assert call(owner, "DELETE", f"{base}{viewer.pk}/").status_code == 204
        mine = Membership.objects.get(user=mira)
        assert problem(call(owner, "DELETE", f"{base}{mine.pk}/"))[:2] == (409, "last_owner")
        assert Membership.objects.filter(organisation=firm, role="owner").count() == 1

    def test_an_invitation_is_withdrawn_by_its_own_organisation(self) -> None:
        mira, lab = people.client()
        ned, firm = people.client("Ned")
        call(
            program(mira, "client:write", organisation=lab),
            "POST", f"organisations/{lab.slug}/invitations/", {"email": "wen@example.test", "role": "viewer"},
        )  # fmt: skip
        invitation = lab.invitations.get()
        path = f"organisations/{{}}/invitations/{invitation.pk}/"
        assert call(program(ned, "client:write", organisation=firm), "DELETE", path.format(firm.slug)).status_code == 404
        assert call(program(mira, "client:write", organisation=lab), "DELETE", path.format(lab.slug)).status_code == 204
        invitation.refresh_from_db()
        assert invitation.withdrawn_at is not None


class TestOps:
    def test_a_decision_sent_twice_with_its_key_is_made_once(self) -> None:
        ana, olu = people.worker(), people.ops("Olu", OpsRole.POOL_MANAGER)
        path, body = f"ops/people/{ana.pk}/pause/", {"reason": "case_open", "until": (timezone.now() + DAY).isoformat()}
        asked = {"data": json.dumps(body), "content_type": "application/json", "headers": {"idempotency-key": "pause-ana"}}
        first, again = (program(olu, "ops").post(V1 + path, **asked) for _twice in range(2))
        assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
        assert again["Idempotent-Replayed"] == "true"
        assert AuditRecord.objects.filter(subject_id=str(ana.pk), to_state="paused").count() == 1

    def test_people_are_found_paused_and_resumed(self) -> None:
        ana, olu = people.worker(), people.ops()
        client = program(olu, "ops")
        [row] = call(client, "GET", f"ops/people/?q={ana.email[:12]}").json()["results"]
        assert (row["id"], row["standing"], row["country"]) == (str(ana.pk), "active", "DE")
        until = (timezone.now() + 3 * DAY).isoformat()
        path = f"ops/people/{ana.pk}/"
        assert call(client, "POST", path + "pause/", {"reason": "case_open", "until": until}).json()["standing"] == "paused"
        assert problem(call(client, "POST", path + "pause/", {"reason": "case_open", "until": until}))[0] == 409
        assert problem(call(client, "POST", path + "pause/", {"reason": "mood", "until": until}))[2] == "reason"
        assert call(client, "POST", path + "resume/").json()["standing"] == "active"
        assert call(client, "POST", f"ops/people/{olu.pk}/resume/").status_code == 404

    def test_no_program_ends_a_person_and_no_browser_without_fresh_proof(self) -> None:
        ana, olu = people.worker(), people.ops()
        standing.pause(worker_id=ana.pk, reason="case_open", until=timezone.now() + DAY, by_id=None, now=timezone.now())
        body = {"reason": "fraud", "clause": "4", "evidence": [{"kind": "device", "note": "twice"}]}
        path, tab = f"ops/people/{ana.pk}/end/", browser(olu)
        assert problem(call(program(olu, "ops"), "POST", path, body))[:2] == (403, "reauthenticate")
        assert problem(call(tab, "POST", path, body))[:2] == (403, "reauthenticate")
        prove(tab, seconds_ago=1000)
        assert problem(call(tab, "POST", path, body))[:2] == (403, "reauthenticate")
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "paused"
        prove(tab)
        assert problem(call(tab, "POST", path, body | {"evidence": []}))[0] == 422
        assert call(tab, "POST", path, body).status_code == 201
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "ending"

    def test_an_appeal_goes_through_two_people(self) -> None:
        ana, olu, sam = people.worker(), people.ops("Olu"), people.ops("Sam")
        now = timezone.now()
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
        decision = standing.decide_ending(
            worker_id=ana.pk, by_id=olu.pk, reason="fraud", clause="4", evidence=[{"kind": "x", "note": "y"}],
            reauthenticated_at=now, now=now,
        )  # fmt: skip
        worker = program(ana, "work")
        made = call(worker, "POST", "me/appeals/", {"decision": str(decision.pk), "text": "It was not me."})
        assert made.status_code == 201
        assert (
            problem(call(worker, "POST", "me/appeals/", {"decision": str(decision.pk), "text": "Again."}))[1]
            == "already_appealed"
        )
        assert call(worker, "POST", "me/appeals/", {"decision": str(ana.pk), "text": "x"}).status_code == 404
        first, second = program(olu, "ops"), program(sam, "ops")
        [waiting] = call(second, "GET", "ops/appeals/").json()["results"]
        path = f"ops/appeals/{waiting['id']}/"
        assert call(first, "POST", path + "answer/", {"text": "Because."}).json()["state"] == "answered"
        verdict = {"overturn": True, "grounds": "The device was shared by law."}
        assert problem(call(first, "POST", path + "decide/", verdict))[:2] == (403, "not_independent")
        assert call(second, "POST", path + "decide/", verdict).json()["outcome"] == "overturned"
        assert Appeal.objects.get().decided_by == sam

    def test_roles_are_given_by_admins_and_the_last_admin_stays(self) -> None:
        admin, sam = people.ops("Ada", "admin"), people.person("Sam")
        client = program(admin, "ops")
        assert call(client, "POST", "ops/roles/", {"user": str(sam.pk), "role": "finance"}).status_code == 201
        assert call(client, "POST", "ops/roles/", {"user": str(sam.pk), "role": "finance"}).status_code == 201
        assert call(program(sam, "ops"), "POST", "ops/roles/", {"user": str(sam.pk), "role": "admin"}).status_code == 403
        assert problem(call(client, "DELETE", f"ops/roles/{admin.pk}/admin/"))[:2] == (409, "last_admin")
        assert call(client, "DELETE", f"ops/roles/{sam.pk}/finance/").status_code == 204
        assert list(OpsRole.objects.values_list("user", "role")) == [(admin.pk, "admin")]

    def test_agreements_are_published_by_admins(self) -> None:
        body = {"kind": "worker", "title": "Terms", "text": "Be kind."}
        assert call(program(people.ops("Fin", "finance"), "ops"), "POST", "ops/agreements/", body).status_code == 403
        made = call(program(people.ops("Ada", "admin"), "ops"), "POST", "ops/agreements/", body)
        assert (made.status_code, made.json()["version"]) == (201, 1)
        assert (
            call(program(people.ops("Fin", "finance"), "ops"), "GET", "ops/agreements/").json()["results"][0]["text"]
            == "Be kind."
        )


def test_a_decision_shows_the_person_why_and_not_who() -> None:
    ana, olu = people.worker(), people.ops("Olu")
    now = timezone.now()
    standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
    decisions.decide(
        person_id=ana.pk, subject_kind="standing", subject_id=ana.pk, by_id=olu.pk, reason="fraud", clause="4.2",
        evidence=[{"kind": "device", "note": "Two at once"}], reauthenticated_at=now, now=now,
    )  # fmt: skip
    [shown] = call(program(ana, "work"), "GET", "me/standing/").json()["decisions"]
    assert (shown["reason"], shown["clause"], shown["evidence"][0]["note"]) == ("fraud", "4.2", "Two at once")
    assert str(olu.pk) not in str(shown)
    assert Notice.objects.filter(user=ana).exists()
    assert StandingDecision.objects.count() == 1
