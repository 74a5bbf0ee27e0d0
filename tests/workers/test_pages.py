"""The pages of people and organisations: signing up, onboarding, standing, members, tokens, and ops' pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests import people
from tests.workers.doors import browser, prove
from workers import agreements, organisations, standing
from workers.models import (
    Agreement,
    ApiToken,
    Appeal,
    Membership,
    Notice,
    OpsRole,
    Organisation,
    Signature,
    User,
    WorkerProfile,
)

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
PASSWORD = "harbour-lantern-41"


@pytest.fixture(autouse=True)
def _nobody_was_here_before() -> None:
    """The library's rate limits live in the cache, which tests share."""
    cache.clear()


def sign_up(client: Client, **fields: Any) -> Any:
    given = {"name": "Ana", "email": "ana@example.test", "password1": PASSWORD, "audience": "worker", "consent": "on"}
    return client.post("/account/signup/", given | fields)


def confirm(client: Client) -> Any:
    """Open the link in the last mail, and sign in if that did not."""
    link = next(word for word in str(mail.outbox[-1].body).split() if "/confirm-email/" in word)
    client.get(link.split("localhost:8000")[-1].split("testserver")[-1], follow=True)


class TestSigningUp:
    def test_a_worker_gets_a_profile_and_starts_with_onboarding(self) -> None:
        client = Client()
        assert sign_up(client).status_code == 302
        ana = User.objects.get()
        assert (ana.name, ana.consented_at is not None) == ("Ana", True)
        assert WorkerProfile.objects.filter(pk=ana.pk).exists()
        assert not Organisation.objects.exists()
        confirm(client)
        client.post("/account/login/", {"login": ana.email, "password": PASSWORD})
        assert client.get("/work/onboarding/").status_code == 200

    def test_signing_in_leads_to_onboarding_until_it_is_complete(self) -> None:
        client = Client()
        sign_up(client)
        EmailAddress.objects.update(verified=True)
        client.logout()
        answer = client.post("/account/login/", {"login": "ANA@example.test", "password": PASSWORD})
        assert answer["Location"] == "/work/onboarding/"
        WorkerProfile.objects.update(onboarded_at=timezone.now(), time_zone="Asia/Tokyo")
        again = Client()
        answer = again.post("/account/login/", {"login": "ana@example.test", "password": PASSWORD})
        assert answer["Location"] == "/work/"
        assert again.session["time_zone"] == "Asia/Tokyo"

    def test_a_client_gets_an_organisation_that_they_own(self) -> None:
        assert sign_up(Client(), audience="client", organisation="Blue Lab").status_code == 302
        row = Membership.objects.get()
        assert (row.organisation.slug, row.role, row.user.email) == ("blue-lab", "owner", "ana@example.test")
        assert not WorkerProfile.objects.exists()

    @pytest.mark.parametrize(
        "fault",
        [
            {"audience": "client", "organisation": ""},
            {"audience": "king"},
            {"consent": ""},
            {"name": ""},
            {"email": "nobody"},
            {"password1": "short"},
            {"name": "x" * 200},
        ],
    )
    def test_what_is_missing_makes_nobody(self, fault: dict[str, str]) -> None:
        assert sign_up(Client(), **fault).status_code == 200
        assert not User.objects.exists()
        assert not Organisation.objects.exists()

    def test_an_address_that_is_taken_is_answered_like_any_other(self) -> None:
        known = people.worker()
        EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
        fresh, taken = sign_up(Client()), sign_up(Client(), email=known.email.upper())
        assert (fresh.status_code, fresh["Location"]) == (taken.status_code, taken["Location"])
        assert User.objects.count() == 2
        assert len(mail.outbox) == 2
        assert "already exists" in str(mail.outbox[1].body)

    def test_the_address_says_what_somebody_comes_for(self) -> None:
        page = Client().get("/account/signup/?as=client")
        assert page.context["form"].fields["audience"].initial == "client"
        assert Client().get("/account/signup/?as=king").context["form"].fields["audience"].initial is None


class TestInvitations:
    @pytest.fixture
    def link(self) -> str:
        mira, lab = people.client()
        by = Membership.objects.get(user=mira)
        _row, token = organisations.invite(organisation=lab, email="wen@example.test", role="manager", by=by, now=timezone.now())
        return f"/invitations/{token}/"

    def test_somebody_new_signs_up_confirmed_and_joins(self, link: str) -> None:
        client = Client()
        assert "Create an account" in client.get(link).content.decode()
        wrong = sign_up(client, email="other@example.test")
        assert "email" in wrong.context["form"].errors
        sign_up(client, email="wen@example.test", audience="")
        wen = User.objects.get(email="wen@example.test")
        assert EmailAddress.objects.get(user=wen).verified
        assert not WorkerProfile.objects.exists()
        assert Organisation.objects.count() == 1
        joined = client.post(link)
        assert joined["Location"].startswith("/client/mira-")
        assert Membership.objects.get(user=wen).role == "manager"

    def test_eve_is_told_that_it_is_for_another_address(self, link: str) -> None:
        tab = browser(people.person("Eve"))
        assert "was sent to wen@example.test" in tab.get(link).content.decode()
        assert tab.post(link).status_code == 403
        assert Membership.objects.count() == 1

    def test_a_used_link_is_gone(self, link: str) -> None:
        wen = User.objects.create_user("wen@example.test", name="Wen")
        tab = browser(wen)
        assert tab.post(link).status_code == 302
        assert tab.get(link).status_code == 404


class TestOnboarding:
    def test_the_profile_is_saved_and_faults_are_shown_at_their_field(self) -> None:
        ana = people.worker()
        tab = browser(ana)
        given = {"country": "AT", "time_zone": "Europe/Vienna", "language_0": "de", "level_0": "native"}
        bad = tab.post("/work/profile/", given | {"level_0": ""})
        assert "level_0" in bad.context["form"].errors
        none = tab.post("/work/profile/", given | {"language_0": ""})
        assert none.context["form"].non_field_errors()
        twice = tab.post("/work/profile/", given | {"language_1": "de", "level_1": "C1"})
        assert twice.context["form"].non_field_errors()
        assert WorkerProfile.objects.get(pk=ana.pk).country == "DE"
        assert tab.post("/work/onboarding/profile/", given)["Location"] == "/work/onboarding/"
        assert tab.session["time_zone"] == "Europe/Vienna"
        assert WorkerProfile.objects.get(pk=ana.pk).languages == [{"code": "de", "level": "native"}]

    def test_an_agreement_is_read_signed_and_kept(self) -> None:
        ana = people.worker()
        terms = agreements.publish(kind="worker", title="Terms", text="**Be kind.**", by_id=None, now=timezone.now())
        tab = browser(ana)
        assert "<strong>Be kind.</strong>" in tab.get("/work/agreement/").content.decode()
        unticked = tab.post("/work/agreement/", {"agreement": str(terms.pk)})
        assert "agree" in unticked.context["form"].errors
        assert not Signature.objects.exists()
        tab.post("/work/agreement/", {"agreement": str(terms.pk), "agree": "on"})
        assert Signature.objects.get().user == ana
        newer = agreements.publish(kind="worker", title="Terms", text="Be kinder.", by_id=None, now=timezone.now())
        late = tab.post("/work/agreement/", {"agreement": str(terms.pk), "agree": "on"})
        assert late.context["form"].non_field_errors()
        assert "Be kind." in tab.get(f"/work/agreement/{terms.pk}/").content.decode()
        assert tab.get(f"/work/agreement/{newer.pk}/").status_code == 404

    def test_somebody_of_a_client_may_become_a_worker_but_nobody_of_ops(self) -> None:
        mira = people.client()[0]
        assert browser(mira).post("/work/join/")["Location"] == "/work/onboarding/"
        assert WorkerProfile.objects.filter(pk=mira.pk).exists()
        olu = people.ops()
        assert browser(olu).post("/work/join/").status_code == 403
        assert not WorkerProfile.objects.filter(pk=olu.pk).exists()


class TestStanding:
    def test_a_break_is_taken_and_ended_by_the_person(self) -> None:
        ana = people.worker()
        tab = browser(ana)
        tab.post("/work/standing/pause/")
        assert "You asked for a pause." in tab.get("/work/standing/").content.decode()
        tab.post("/work/standing/resume/")
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "active"

    def test_a_pause_by_somebody_else_is_not_ones_own_to_end(self) -> None:
        ana = people.worker()
        now = timezone.now()
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
        assert browser(ana).post("/work/standing/resume/").status_code == 403
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "paused"

    def test_leaving_asks_for_the_password_first(self) -> None:
        ana = people.worker()
        ana.set_password(PASSWORD)
        ana.save()
        tab = browser(ana)
        assert "/account/reauthenticate/" in tab.post("/work/standing/leave/")["Location"]
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "active"
        prove(tab)
        tab.post("/work/standing/leave/")
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "ended"
        assert tab.get("/work/standing/").status_code == 200

    def test_my_data_is_a_file(self) -> None:
        answer = browser(people.worker()).get("/work/standing/data.json")
        assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
        assert answer.json()["account"]["name"] == "Ana"

    def test_notices_are_read_by_looking(self) -> None:
        ana = people.worker()
        now = timezone.now()
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
        tab = browser(ana)
        assert "Your work is paused" in tab.get("/work/notices/").content.decode()
        assert not Notice.objects.filter(read_at__isnull=True).exists()


class TestTokens:
    def test_a_token_is_shown_once_after_fresh_proof(self) -> None:
        ana = people.worker()
        ana.set_password(PASSWORD)
        ana.save()
        tab = browser(ana)
        given = {"name": "script", "scopes": ["work"], "days": "7"}
        assert "/account/reauthenticate/" in tab.post("/work/tokens/", given)["Location"]
        assert not ApiToken.objects.exists()
        prove(tab)
        page = tab.post("/work/tokens/", given)
        assert page["Cache-Control"] == "no-store"
        key = page.context["made"].key
        assert key in page.content.decode()
        assert key not in tab.get("/work/tokens/").content.decode()
        tab.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/")
        assert ApiToken.objects.get().revoked_at is not None

    def test_a_viewers_token_can_only_read(self) -> None:
        _mira, lab = people.client()
        viewer = people.person("Vi")
        Membership.objects.create(user=viewer, organisation=lab, role="viewer", since=people.NOW)
        tab = browser(viewer, reauthenticated=True)
        page = tab.post(f"/client/{lab.slug}/api/", {"name": "x", "scopes": ["client:write"], "days": "7"})
        assert "scopes" in page.context["form"].errors
        tab.post(f"/client/{lab.slug}/api/", {"name": "x", "scopes": ["client:read"], "days": "7"})
        assert ApiToken.objects.get().organisation == lab


class TestOrganisationPages:
    def test_opening_one_leads_to_it(self) -> None:
        tab = browser(people.person("Mira"))
        assert tab.post("/client/new/", {"name": "Blue Lab", "currency": "EUR"})["Location"] == "/client/blue-lab/"
        assert "currency" in tab.post("/client/new/", {"name": "Blue Lab", "currency": "JPY"}).context["form"].errors

    def test_members_are_invited_changed_and_removed(self) -> None:
        mira, lab = people.client()
        ned = Membership.objects.create(user=people.person("Ned"), organisation=lab, role="viewer", since=people.NOW)
        tab, base = browser(mira), f"/client/{lab.slug}/"
        tab.post(base + "members/", {"email": "wen@example.test", "role": "viewer"})
        assert mail.outbox[0].to == ["wen@example.test"]
        again = tab.post(base + "members/", {"email": mira.email, "role": "viewer"})
        assert "email" in again.context["form"].errors
        tab.post(f"{base}members/{ned.pk}/role/", {"role": "manager"})
        ned.refresh_from_db()
        assert ned.role == "manager"
        tab.post(f"{base}members/{ned.pk}/remove/")
        assert not Membership.objects.filter(pk=ned.pk).exists()
        invitation = lab.invitations.get()
        tab.post(f"{base}invitations/{invitation.pk}/withdraw/")
        invitation.refresh_from_db()
        assert invitation.withdrawn_at is not None

    def test_settings_are_changed_by_owners_alone(self) -> None:
        mira, lab = people.client()
        manager = people.person("Ned")
        Membership.objects.create(user=manager, organisation=lab, role="manager", since=people.NOW)
        assert browser(manager).post(f"/client/{lab.slug}/settings/", {"name": "Mine"}).status_code == 403
        lab.refresh_from_db()
        assert lab.name == "Mira Ltd"
        browser(mira).post(f"/client/{lab.slug}/settings/", {"name": "Mira & Co"})
        lab.refresh_from_db()
        assert lab.name == "Mira & Co"

    def test_the_last_owner_is_told_why_they_cannot_leave(self) -> None:
        mira, lab = people.client()
        row = Membership.objects.get(user=mira)
        answer = browser(mira).post(f"/client/{lab.slug}/members/{row.pk}/remove/")
        assert answer.status_code == 409
        assert "last owner" in answer.content.decode()


class TestOpsPages:
    def test_people_are_searched_and_paged(self) -> None:
        olu = people.ops()
        people.worker("Zoe")
        tab = browser(olu)
        assert "Zoe" in tab.get("/ops/people/?q=zo").content.decode()
        assert "Zoe" not in tab.get("/ops/people/?q=olu").content.decode()
        assert tab.get("/ops/people/?q=%00").status_code == 200
        assert tab.get("/ops/people/?cursor=nonsense").status_code == 422

    def test_pausing_then_ending_with_fresh_proof_and_the_appeal_of_it(self) -> None:
        ana, olu, sam = people.worker(), people.ops("Olu"), people.ops("Sam")
        tab = browser(olu, reauthenticated=True)
        base = f"/ops/people/{ana.pk}/"
        tab.post(base + "pause/", {"reason": "ending_considered", "days": "5"})
        given = {"reason": "fraud", "clause": "4.2", "evidence_kind": "device", "evidence_note": "Two at once"}
        assert "reason" in tab.post(base + "standing/", given | {"reason": ""}).context["form"].errors
        assert WorkerProfile.objects.get(pk=ana.pk).standing == "paused"
        tab.post(base + "standing/", given)
        profile = WorkerProfile.objects.get(pk=ana.pk)
        assert profile.standing == "ending"
        mine = browser(ana)
        assert "Two at once" in mine.get("/work/standing/").content.decode()
        mine.post(f"/work/standing/appeal/{profile.decision_id}/", {"text": "It was not me."})
        appeal = Appeal.objects.get()
        address = f"/ops/appeals/{appeal.pk}/"
        assert "Ana" in tab.get("/ops/appeals/").content.decode()
        tab.post(address, {"text": "Because of 4.2."})
        own = tab.post(address, {"verdict": "uphold", "grounds": "No."})
        assert own.context["form"].non_field_errors()
        browser(sam).post(address, {"verdict": "overturn", "grounds": "The device was shared by law."})
        appeal.refresh_from_db()
        assert (appeal.outcome, appeal.decided_by) == ("overturned", sam)
        assert "shared by law" in mine.get("/work/standing/").content.decode()

    def test_eve_cannot_appeal_for_ana(self) -> None:
        ana, olu, eve = people.worker(), people.ops(), people.worker("Eve")
        now = timezone.now()
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
        decision = standing.decide_ending(
            worker_id=ana.pk, by_id=olu.pk, reason="fraud", clause="4", evidence=[{"kind": "x", "note": "y"}],
            reauthenticated_at=now, now=now,
        )  # fmt: skip
        assert browser(eve).post(f"/work/standing/appeal/{decision.pk}/", {"text": "x"}).status_code == 404
        assert not Appeal.objects.exists()

    def test_roles_and_agreements_are_the_admins(self) -> None:
        admin, sam = people.ops("Ada", "admin"), people.person("Sam")
        tab = browser(admin, reauthenticated=True)
        assert "email" in tab.post("/ops/roles/", {"email": "no@example.test", "role": "finance"}).context["form"].errors
        tab.post("/ops/roles/", {"email": sam.email, "role": "finance"})
        assert OpsRole.objects.filter(user=sam, role="finance").exists()
        tab.post(f"/ops/roles/{sam.pk}/finance/take/")
        assert not OpsRole.objects.filter(user=sam).exists()
        given = {"kind": "worker", "title": "Terms", "text": "# Be kind"}
        assert "<h1>Be kind</h1>" in tab.post("/ops/agreements/new/", given | {"preview": "1"}).content.decode()
        assert not Agreement.objects.exists()
        tab.post("/ops/agreements/new/", given)
        made = Agreement.objects.get()
        assert "Be kind" in tab.get(f"/ops/agreements/{made.pk}/").content.decode()
        assert "Terms" in tab.get("/ops/agreements/").content.decode()


class TestSignIn:
    def test_a_sign_in_counts_as_proof_for_a_quarter_of_an_hour_and_no_longer(self) -> None:
        ana = people.worker()
        ana.set_password(PASSWORD)
        ana.save()
        EmailAddress.objects.create(user=ana, email=ana.email, verified=True, primary=True)
        tab = Client()
        tab.post("/account/login/", {"login": ana.email, "password": PASSWORD})
        given = {"name": "script", "scopes": ["work"], "days": "7"}
        assert tab.post("/work/tokens/", given).context["made"].key
        prove(tab, seconds_ago=901)
        assert "/account/reauthenticate/" in tab.post("/work/tokens/", given)["Location"]
        assert ApiToken.objects.count() == 1


class TestNavigation:
    def test_unread_notices_are_counted_beside_their_link_until_they_are_read(self) -> None:
        ana = people.worker()
        now = timezone.now()
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + DAY, by_id=None, now=now)
        tab = browser(ana)
        assert links(tab.get("/work/standing/"))["/work/notices/"]["count"] == 1
        tab.get("/work/notices/")
        assert links(tab.get("/work/standing/"))["/work/notices/"]["count"] == 0

    def test_ops_see_the_pages_that_their_role_opens(self) -> None:
        finance = links(browser(people.ops("Rahel", "finance")).get("/ops/people/"))
        admin = links(browser(people.ops("Olu", "admin")).get("/ops/people/"))
        shut = {"/ops/roles/", "/ops/appeals/"}
        assert not shut & finance.keys()
        assert admin.keys() - finance.keys() >= shut
        assert "/ops/agreements/" in finance

    def test_the_accounts_own_pages_keep_the_frame_of_the_page_before(self) -> None:
        mira, lab = people.client()
        tab = browser(mira)
        tab.get(f"/client/{lab.slug}/members/")
        page = tab.get("/account/sessions/")
        assert page.context["nav_audience"] == "client"
        assert f"/client/{lab.slug}/members/" in links(page)
        tab.logout()
        assert tab.get("/account/login/").context["nav_audience"] is None


def links(page: Any) -> dict[str, dict[str, Any]]:
    """The items of a page's side navigation, by address."""
    return {item["url"]: item for item in page.context["nav_items"]}


def test_the_first_admin_is_made_by_a_command() -> None:
    sam = people.person("Sam")
    call_command("ops_role", sam.email.upper(), verbosity=0)
    assert OpsRole.objects.get(user=sam).role == "admin"
    with pytest.raises(CommandError, match="Sign up first"):
        call_command("ops_role", "nobody@example.test")


def test_an_address_proved_by_an_invitation_that_is_gone_becomes_nobodys() -> None:
    mira, lab = people.client()
    by = Membership.objects.get(user=mira)
    row, token = organisations.invite(organisation=lab, email="wen@example.test", role="viewer", by=by, now=timezone.now())
    client = Client()
    client.get(f"/invitations/{token}/")
    organisations.withdraw_invitation(invitation=row, by_id=mira.pk, now=timezone.now())
    sign_up(client, email="eve@example.test")
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("eve@example.test", False)]
