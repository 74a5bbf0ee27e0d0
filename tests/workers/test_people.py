"""People: one account per address, ops roles, linked accounts, pseudonyms."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from tests import people as cast
from tests.people import NOW
from workers import people, pseudonyms, queries
from workers.models import OpsRole, User, WorkerProfile

pytestmark = pytest.mark.django_db


def test_an_address_is_one_account_however_it_is_written() -> None:
    User.objects.create_user("Ana@Example.Test", name="Ana")
    assert User.objects.get(email="ANA@example.test").email == "ana@example.test"
    assert User.objects.get_by_natural_key("ANA@EXAMPLE.TEST").name == "Ana"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ana@EXAMPLE.test", name="Other")
    with pytest.raises(IntegrityError, match="email_is_lower_case"), transaction.atomic():
        connection.cursor().execute("UPDATE workers_user SET email = upper(email)")


def test_becoming_a_worker_twice_changes_nothing() -> None:
    ana = cast.person("Ana")
    first = people.become_worker(user_id=ana.pk)
    assert people.become_worker(user_id=ana.pk) == first
    assert WorkerProfile.objects.count() == 1


def test_linked_accounts_are_one_person_also_over_a_third() -> None:
    a, b, c, d = (cast.person(name) for name in ("A", "B", "C", "D"))
    people.link(a=a.pk, b=b.pk, reason="same_device", by_id=None, now=NOW)
    people.link(a=c.pk, b=b.pk, reason="same_bank", by_id=None, now=NOW)
    people.link(a=b.pk, b=c.pk, reason="same_bank", by_id=None, now=NOW)
    assert people.linked(a.pk) == {a.pk, b.pk, c.pk}
    assert not people.independent(a.pk, c.pk)
    assert not people.independent(a.pk, a.pk)
    assert people.independent(a.pk, d.pk)
    with pytest.raises(Invalid):
        people.link(a=a.pk, b=a.pk, reason="same", by_id=None, now=NOW)


def test_the_last_admin_stays() -> None:
    olu, sam = cast.ops("Olu", "admin"), cast.person("Sam")
    with pytest.raises(people.LastAdmin):
        people.take_role(user_id=olu.pk, role="admin", by_id=olu.pk, now=NOW)
    people.give_role(user_id=sam.pk, role="admin", by_id=olu.pk, now=NOW)
    people.take_role(user_id=olu.pk, role="admin", by_id=sam.pk, now=NOW)
    assert queries.ops_roles(olu.pk) == frozenset()
    assert queries.ops_roles(sam.pk) == {"admin"}


def test_an_unknown_ops_role_is_refused_by_code_and_by_the_database() -> None:
    sam = cast.person("Sam")
    with pytest.raises(Invalid):
        people.give_role(user_id=sam.pk, role="king", by_id=None, now=NOW)
    with pytest.raises(IntegrityError, match="ops_role_known"), transaction.atomic():
        OpsRole.objects.create(user=sam, role="king", given_at=NOW)
    assert not queries.has_ops_role(sam.pk)


def test_an_admin_has_every_ops_role_and_others_only_their_own() -> None:
    admin, finance = cast.ops("Ada", "admin"), cast.ops("Fin", "finance")
    assert queries.has_ops_role(admin.pk, "finance")
    assert queries.has_ops_role(finance.pk, "finance", "quality_lead")
    assert not queries.has_ops_role(finance.pk, "quality_lead")
    assert queries.has_ops_role(finance.pk)


def test_whoever_becomes_ops_is_told_to_eligibility() -> None:
    wen = cast.worker("Wen")
    before = queries.worker_facts(wen.pk)
    people.give_role(user_id=wen.pk, role="finance", by_id=None, now=NOW)
    after = queries.worker_facts(wen.pk)
    assert before is not None
    assert after is not None
    assert (before["ops"], after["ops"]) == (False, True)
    assert after["facts_version"] > before["facts_version"]


def test_the_facts_of_a_worker_are_typed_and_nobody_else_has_any() -> None:
    _mira, lab = cast.client()
    ana = cast.worker(languages={"de": "native", "en": "B2"})
    facts = queries.worker_facts(ana.pk)
    assert facts is not None
    assert (facts["country"], facts["languages"]) == ("DE", {"de": "native", "en": "B2"})
    assert facts["onboarded"] is True
    assert facts["organisations"] == set()
    assert queries.worker_facts(_mira.pk) is None
    assert not queries.belongs_to(ana.pk, lab.pk)


def test_people_are_found_by_the_beginning_of_name_or_address() -> None:
    ana, wen = cast.person("Ana"), cast.person("Wen")
    assert list(queries.find_people("AN")) == [ana]
    assert list(queries.find_people(wen.email[:8].upper())) == [wen]
    assert set(queries.find_people(" ")) == {ana, wen}
    assert list(queries.find_people("a\x00na")) == [ana]
    assert list(queries.find_people("%")) == []


def test_everybody_has_a_first_page() -> None:
    mira, lab = cast.client()
    assert queries.home_url(cast.worker().pk) == "/work/"
    assert queries.home_url(cast.ops().pk) == "/ops/"
    assert queries.home_url(mira.pk) == f"/client/{lab.slug}/"
    assert queries.home_url(cast.person("Nobody").pk) == "/client/new/"


def test_a_pseudonym_is_the_same_for_one_client_and_another_for_the_next() -> None:
    (_a, lab), (_b, firm) = cast.client("Mira"), cast.client("Ned")
    ana, wen = uuid.uuid4(), uuid.uuid4()
    shown = pseudonyms.many(worker_ids=[ana, wen], organisation_id=lab.pk)
    assert shown[ana] == pseudonyms.of(worker_id=ana, organisation=lab)
    assert shown[ana] != shown[wen]
    assert shown[ana] != pseudonyms.of(worker_id=ana, organisation=firm)


@given(st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_pseudonym_is_short_and_readable(worker_id: uuid.UUID, salt: bytes) -> None:
    made = pseudonyms.made_from(worker_id=worker_id, salt=salt)
    letters = made.replace("-", "")
    assert len(made) == 11
    assert made[:2] == "W-"
    assert set(letters[1:]) <= set(pseudonyms.ALPHABET)
    assert not set(letters[1:]) & set("ILOU")
