"""Organisations are opened, joined by invitation, and never left without an owner."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from kit.errors import Invalid, Refused
from tests import people
from tests.people import NOW
from workers import organisations, queries
from workers.models import Invitation, Membership, Notice, Organisation, User, WorkerProfile

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def membership(user: User, organisation: Organisation) -> Membership:
    return Membership.objects.get(user=user, organisation=organisation)


def joined(organisation: Organisation, name: str, role: str) -> Membership:
    return Membership.objects.create(user=people.person(name), organisation=organisation, role=role, since=NOW)


def test_whoever_opens_an_organisation_owns_it() -> None:
    mira = people.person("Mira")
    made = organisations.open_organisation(name="  Blue   Lab ", owner_id=mira.pk, now=NOW)
    assert (made.name, made.slug, made.billing_currency) == ("Blue Lab", "blue-lab", "USD")
    assert queries.membership(mira.pk, made.pk) == queries.Belonging(made.pk, "blue-lab", "Blue Lab", "owner")


def test_two_organisations_of_one_name_get_two_addresses_and_no_address_is_a_page_of_ours() -> None:
    mira = people.person("Mira")
    names = ["Blue Lab", "Blue Lab", "New", "日本"]
    slugs = [organisations.open_organisation(name=name, owner_id=mira.pk, now=NOW).slug for name in names]
    assert len(set(slugs)) == 4
    assert "new" not in slugs
    assert all(re.fullmatch(r"[-a-z0-9]+", slug) for slug in slugs)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "x"}, "name"), ({"name": "y" * 121}, "name"), ({"currency": "XXX"}, "currency"), ({"kind": "club"}, "kind")],
)
def test_an_organisation_that_cannot_be_is_refused(given: dict[str, str], field: str) -> None:
    mira = people.person("Mira")
    with pytest.raises(Invalid) as refusal:
        organisations.open_organisation(**({"name": "Blue Lab"} | given), owner_id=mira.pk, now=NOW)  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert not Organisation.objects.exists()
    assert not Membership.objects.exists()


def test_an_invitation_is_mailed_accepted_once_and_told_to_who_sent_it() -> None:
    mira, lab = people.client()
    wen = people.worker("Wen")
    version = WorkerProfile.objects.get(pk=wen.pk).facts_version
    invitation, token = organisations.invite(
        organisation=lab, email=wen.email.upper(), role="manager", by=membership(mira, lab), now=NOW
    )
    organisations.mail_invitation(invitation=invitation, token=token)
    assert mail.outbox[0].to == [wen.email]
    assert token in str(mail.outbox[0].body)
    assert token not in str(Invitation.objects.values())
    made = organisations.accept_invitation(token=token, user=wen, addresses={wen.email}, now=NOW + DAY)
    assert made.role == "manager"
    assert WorkerProfile.objects.get(pk=wen.pk).facts_version == version + 1
    assert Notice.objects.get(user=mira).params["name"] == "Wen"
    with pytest.raises(organisations.InvitationGone):
        organisations.accept_invitation(token=token, user=wen, addresses={wen.email}, now=NOW + DAY)


def test_eve_cannot_use_an_invitation_that_was_sent_to_somebody_else() -> None:
    mira, lab = people.client()
    eve = people.person("Eve")
    _invitation, token = organisations.invite(
        organisation=lab, email="wen@example.test", role="viewer", by=membership(mira, lab), now=NOW
    )
    with pytest.raises(organisations.WrongAddress):
        organisations.accept_invitation(token=token, user=eve, addresses={eve.email}, now=NOW)
    assert not queries.belongs_to(eve.pk, lab.pk)
    assert organisations.find_invitation(token=token, now=NOW).accepted_at is None


@pytest.mark.parametrize("token", ["", "nothing", "x" * 500])
def test_a_made_up_link_opens_nothing(token: str) -> None:
    with pytest.raises(organisations.InvitationGone):
        organisations.find_invitation(token=token, now=NOW)


def test_an_invitation_expires_and_a_new_one_takes_its_place() -> None:
    mira, lab = people.client()
    by = membership(mira, lab)
    _first, old = organisations.invite(organisation=lab, email="wen@example.test", role="viewer", by=by, now=NOW)
    second, new = organisations.invite(organisation=lab, email="wen@example.test", role="viewer", by=by, now=NOW)
    with pytest.raises(organisations.InvitationGone):
        organisations.find_invitation(token=old, now=NOW)
    assert organisations.find_invitation(token=new, now=NOW) == second
    with pytest.raises(organisations.InvitationGone):
        organisations.find_invitation(token=new, now=NOW + 14 * DAY)
    assert list(organisations.open_invitations(lab, now=NOW)) == [second]


def test_a_withdrawn_invitation_is_worth_nothing() -> None:
    mira, lab = people.client()
    invitation, token = organisations.invite(
        organisation=lab, email="wen@example.test", role="viewer", by=membership(mira, lab), now=NOW
    )
    organisations.withdraw_invitation(invitation=invitation, by_id=mira.pk, now=NOW)
    with pytest.raises(organisations.InvitationGone):
        organisations.find_invitation(token=token, now=NOW)


def test_a_member_is_not_invited_again() -> None:
    mira, lab = people.client()
    with pytest.raises(organisations.AlreadyMember):
        organisations.invite(organisation=lab, email=mira.email, role="viewer", by=membership(mira, lab), now=NOW)
    assert not Invitation.objects.exists()


def test_the_last_owner_can_neither_leave_nor_step_down() -> None:
    mira, lab = people.client()
    only = membership(mira, lab)
    with pytest.raises(organisations.LastOwner):
        organisations.remove_member(membership=only, by=only, now=NOW)
    with pytest.raises(organisations.LastOwner):
        organisations.change_role(membership=only, role="manager", by=only, now=NOW)
    assert membership(mira, lab).role == "owner"


def test_with_a_second_owner_the_first_may_leave() -> None:
    mira, lab = people.client()
    second = joined(lab, "Ned", "viewer")
    organisations.change_role(membership=second, role="owner", by=membership(mira, lab), now=NOW)
    first = membership(mira, lab)
    organisations.remove_member(membership=first, by=first, now=NOW)
    assert not queries.belongs_to(mira.pk, lab.pk)


def test_a_manager_looks_after_viewers_but_makes_no_owner_and_moves_none() -> None:
    mira, lab = people.client()
    manager, viewer = joined(lab, "Ned", "manager"), joined(lab, "Vi", "viewer")
    organisations.change_role(membership=viewer, role="manager", by=manager, now=NOW)
    for attempt in (
        lambda: organisations.change_role(membership=viewer, role="owner", by=manager, now=NOW),
        lambda: organisations.remove_member(membership=membership(mira, lab), by=manager, now=NOW),
        lambda: organisations.invite(organisation=lab, email="a@example.test", role="owner", by=manager, now=NOW),
    ):
        with pytest.raises(Refused):
            attempt()
    assert membership(mira, lab).role == "owner"
    assert not Invitation.objects.exists()


def test_a_viewer_changes_nobody_but_may_leave() -> None:
    _mira, lab = people.client()
    viewer, other = joined(lab, "Vi", "viewer"), joined(lab, "Ned", "viewer")
    with pytest.raises(Refused):
        organisations.remove_member(membership=other, by=viewer, now=NOW)
    organisations.remove_member(membership=viewer, by=viewer, now=NOW)
    assert Membership.objects.filter(organisation=lab).count() == 2


def test_the_database_keeps_one_open_invitation_per_address_and_one_membership_per_person() -> None:
    mira, lab = people.client()
    organisations.invite(organisation=lab, email="wen@example.test", role="viewer", by=membership(mira, lab), now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(
            organisation=lab,
            email="WEN@example.test",
            role="viewer",
            token_hash="x",
            invited_by=mira,
            created_at=NOW,
            expires_at=NOW,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(organisation=lab, user=mira, role="viewer", since=NOW)


def test_nobody_sends_endless_invitations() -> None:
    mira, lab = people.client()
    by = membership(mira, lab)
    for at in range(100):
        organisations.invite(organisation=lab, email=f"p{at}@example.test", role="viewer", by=by, now=NOW)
    organisations.invite(organisation=lab, email="p7@example.test", role="viewer", by=by, now=NOW)
    with pytest.raises(Invalid):
        organisations.invite(organisation=lab, email="one-more@example.test", role="viewer", by=by, now=NOW)
    assert organisations.open_invitations(lab, now=NOW).count() == 100
