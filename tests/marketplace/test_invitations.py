"""People who are not here yet are invited to work that is really funded, told what it pays now, and may say no."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from kit.errors import Refused
from marketplace import invitations, pools, projects, waitlist
from marketplace.models import Batch, PoolMember, Project, Queue
from tests import market, people
from tests.marketplace.api import callers
from workers import organisations, work_invitations
from workers.models import Invitation, Organisation, User

NOW = market.NOW
HOUR = dt.timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def olu() -> User:
    return people.ops("Olu")


@pytest.fixture
def shop() -> tuple[User, Organisation]:
    return people.client()


def funded(shop: tuple[User, Organisation], *, texts: int = 10, **options: Any) -> Project:
    """Ten answers of half an hour carry two people."""
    return market.launched(*shop, texts=texts, expected_seconds=1800, **options).project


def send(project: Project, text: str, by: User, *, own: Organisation | None = None, now: dt.datetime = NOW) -> invitations.Outcome:
    with transaction.atomic():
        return invitations.send(project=project, text=text, by_id=by.pk, organisation=own, now=now)


def confirmed(user: User) -> set[str]:
    EmailAddress.objects.get_or_create(user=user, email=user.email, verified=True)
    return organisations.confirmed_addresses(user.pk)


def come(invitation: Invitation, user: User, *, now: dt.datetime = NOW + HOUR) -> Invitation:
    token = work_invitations.link_of(invitation).rstrip("/").rsplit("/", 1)[1]
    with transaction.atomic():
        return work_invitations.accept(token=token, user=user, addresses=confirmed(user), now=now)


def test_a_list_is_asked_line_by_line_and_no_more_than_the_work_carries(olu: User, shop: tuple[User, Organisation]) -> None:
    project = funded(shop)
    text = "email,name\nben@example.test,Ben\nnot an address,x\nBEN@example.test,again\ncem@example.test,Cem\ndia@example.test,Dia\n"
    dry = invitations.look(project=project, text=text, by_id=olu.pk, organisation=None, now=NOW)
    assert not Invitation.objects.exists(), "a dry run moves nothing"
    found = send(project, text, olu)
    assert found == dry and found.asked == ["ben@example.test", "cem@example.test"]
    assert [(bad.line, bad.why.split(" (")[0]) for bad in found.bad] == [
        (3, "no e-mail address"), (4, "named twice"), (6, "the funded work carries no more people"),
    ]  # fmt: skip
    assert send(project, "eve@example.test", olu).asked == [], "who was asked counts"


@pytest.mark.parametrize(("state", "said"), [("draft", "launch the draft"), ("paused", "are paused"), ("active", "is taken")])
def test_nobody_is_asked_where_nothing_is_funded_and_what_is_missing_is_named(
    olu: User, shop: tuple[User, Organisation], state: str, said: str
) -> None:
    mira, organisation = shop
    project = market.project(mira, organisation)
    draft = market.batch(project, mira)
    if state != "draft":
        Batch.objects.filter(pk=draft.pk).update(state=state, launched_at=NOW)
    with pytest.raises(waitlist.NothingFunded, match=said):
        send(project, "ben@example.test", olu)
    assert not Invitation.objects.exists()


def test_an_address_with_an_account_is_answered_like_any_other(olu: User, shop: tuple[User, Organisation]) -> None:
    project, ana = funded(shop), people.worker("Ana")
    found = send(project, f"{ana.email}\nnobody@example.test", olu)
    assert len(found.asked) == 2 and not found.bad


@pytest.mark.django_db(transaction=True)
def test_the_mail_tells_pay_and_amount_as_they_are_when_it_goes_out(olu: User, shop: tuple[User, Organisation]) -> None:
    project = funded(shop)
    send(project, "ben@example.test", olu)
    assert work_invitations.mail_due(now=NOW) == 1 and work_invitations.mail_due(now=NOW) == 0, "mailed once"
    body = str(mail.outbox[-1].body)
    assert "10 funded tasks are open, about 5.0 hours" in body and "each pays 0.10 USD" in body
    assert "about 0.20 USD an hour" in body and "a guess" in body
    assert re.search(r"/invitations/[0-9a-f]{64}/", body) and "not reserved" in body
    send(project, "cem@example.test", olu)
    Batch.objects.update(state="paused")
    Queue.objects.update(open=False)
    assert work_invitations.mail_due(now=NOW) == 0
    gone = Invitation.objects.get(email="cem@example.test")
    assert work_invitations.state_of(gone, now=NOW) == "withdrawn", "work that has gone is offered to nobody"


def test_whoever_comes_has_a_place_in_the_pool_that_the_project_is_limited_to(olu: User, shop: tuple[User, Organisation]) -> None:
    project = funded(shop)
    with transaction.atomic():
        pool = pools.create(name="Invited", actor_id=olu.pk, now=NOW)
        projects.limit_to_pool(project=project, pool=pool, actor_id=olu.pk, now=NOW)
    ben = people.worker("Ben")
    send(project, ben.email, shop[0], own=shop[1])
    made = come(Invitation.objects.get(), ben)
    assert PoolMember.objects.filter(pool=pool, worker_id=ben.pk).exists() and market.take(ben, now=NOW + 2 * HOUR)
    made.refresh_from_db()
    assert work_invitations.state_of(made, now=NOW) == "accepted"
    with pytest.raises(organisations.InvitationGone):
        come(made, ben)


def test_ops_and_members_of_the_client_do_not_come(olu: User, shop: tuple[User, Organisation]) -> None:
    mira, organisation = shop
    project = funded(shop)
    send(project, f"{mira.email}\n{olu.email}", mira, own=organisation)
    for somebody in (mira, olu):
        with pytest.raises(Refused):
            come(Invitation.objects.get(email=somebody.email), somebody)
    assert not Invitation.objects.filter(accepted_at__isnull=False).exists()


def test_a_link_is_for_one_address_ends_and_can_be_withdrawn(olu: User, shop: tuple[User, Organisation]) -> None:
    project, ben, eve = funded(shop), people.person("Ben"), people.person("Eve")
    send(project, ben.email, olu)
    made = Invitation.objects.get()
    with pytest.raises(organisations.WrongAddress):
        come(made, eve)
    with pytest.raises(organisations.InvitationGone):
        come(made, ben, now=NOW + dt.timedelta(days=15))
    organisations.withdraw_invitation(invitation=made, by_id=olu.pk, now=NOW)
    with pytest.raises(organisations.InvitationGone):
        come(made, ben)
    again = invitations.look(project=project, text="a@example.test", by_id=olu.pk, organisation=None, now=NOW)
    assert again.room == 2, "who was withdrawn makes room"


def test_who_says_no_is_not_asked_again_and_who_was_asked_not_within_the_week(
    client: Browser, olu: User, shop: tuple[User, Organisation]
) -> None:
    now = timezone.now()
    project = funded(shop)
    send(project, "ben@example.test\ncem@example.test", olu, now=now)
    assert send(project, "cem@example.test", olu, now=now).bad[0].why == "asked about this work already"
    link = work_invitations.link_of(Invitation.objects.get(email="ben@example.test"))
    path = "/" + link.split("/", 3)[3]
    assert "about 5.0 hours" in client.get(path).content.decode()
    client.post(path, {"decline": "1"})
    assert work_invitations.state_of(Invitation.objects.get(email="ben@example.test"), now=now) == "declined"
    assert send(project, "ben@example.test", olu, now=now + dt.timedelta(days=40)).bad[0].why == "said no to this work"


@pytest.mark.django_db(transaction=True)
def test_somebody_new_signs_up_through_the_link_and_is_a_worker(client: Browser, olu: User, shop: tuple[User, Organisation]) -> None:
    now = timezone.now()
    project = funded(shop)
    send(project, "asked@example.test", olu, now=now)
    path = "/" + work_invitations.link_of(Invitation.objects.get()).split("/", 3)[3]
    client.get(path)
    client.post(reverse("account_signup"), {
        "name": "New Person", "email": "asked@example.test", "password1": "a-long-enough-word-7", "consent": "on",
    })  # fmt: skip
    user = User.objects.get(email="asked@example.test")
    assert hasattr(user, "worker"), "they came to work"
    assert "Come and work" in client.get(path).content.decode()
    client.post(path)
    assert Invitation.objects.get().accepted_by_id == user.pk


def test_a_client_sees_and_withdraws_its_own_alone(olu: User) -> None:
    mira, shop = callers.client()
    project = funded((mira.user, shop))
    send(project, "by-ops@example.test", olu)
    status, dry = mira.post(f"projects/{project.pk}/invitations/", {"people": ["ben@example.test"]})
    assert (status, dry["asked"], dry["room"]) == (200, ["ben@example.test"], 1) and Invitation.objects.count() == 1
    mira.post(f"projects/{project.pk}/invitations/", {"people": ["ben@example.test"], "dry_run": False})
    listed = mira.get(f"projects/{project.pk}/invitations/")[1]
    (mine,) = listed["results"] if isinstance(listed, dict) else listed
    assert (mine["email"], mine["state"]) == ("ben@example.test", "waiting")
    theirs = Invitation.objects.get(email="by-ops@example.test")
    assert mira.delete(f"projects/{project.pk}/invitations/{theirs.pk}/")[0] == 404
    eve, _other = callers.client("Eve")
    assert eve.post(f"projects/{project.pk}/invitations/", {"people": ["x@example.test"], "dry_run": False})[0] == 404
    assert mira.delete(f"projects/{project.pk}/invitations/{mine['id']}/")[0] == 204
    assert Invitation.objects.count() == 2


def test_ops_look_first_on_the_page(client: Browser, olu: User, shop: tuple[User, Organisation]) -> None:
    project = funded(shop)
    client.force_login(olu, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse("market:ops_invitations", args=[project.pk])
    assert "Room for 2 more people" in client.get(address).content.decode()
    page = client.post(address, {"people": "ben@example.test\nwrong"}).content.decode()
    assert "1 address would be asked" in page and "no e-mail address" in page and not Invitation.objects.exists()
    client.post(address, {"people": "ben@example.test\nwrong", "apply": "1"})
    assert Invitation.objects.get().email == "ben@example.test"


def test_addresses_of_people_who_never_came_are_forgotten_but_not_that_somebody_said_no(
    olu: User, shop: tuple[User, Organisation]
) -> None:
    project = funded(shop)
    send(project, "ben@example.test\ncem@example.test", olu)
    Invitation.objects.filter(email="cem@example.test").update(withdrawn_at=NOW, declined=True)
    assert work_invitations.forget(now=NOW + dt.timedelta(days=100)) == 0
    assert work_invitations.forget(now=NOW + dt.timedelta(days=105)) == 1
    assert set(Invitation.objects.exclude(email__endswith=".invalid").values_list("email", flat=True)) == {"cem@example.test"}
    assert work_invitations.forget(now=NOW + dt.timedelta(days=106)) == 0
