"""Templates: a closed list of placeholders, each reader's own language and name, every version kept; throttle and opt-out as ever."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from marketplace import announcements, message_templates, pools
from marketplace.models import Announcement, BulkAction, MessageTemplate, MessageVersion, Pool
from tests import market, people
from tests.workers.doors import browser, program
from workers import notices
from workers.models import Notice, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
TEXTS: dict[str, Any] = {
    "en": {"title": "Work for {pool}", "text": "Hello {first_name}, there is new work.\n\n{sender}"},
    "de": {"title": "Arbeit für {pool}", "text": "Guten Tag {name}, es gibt neue Arbeit."},
}


def template(olu: User, texts: Any = None, name: str = "New work") -> MessageTemplate:
    with transaction.atomic():
        return message_templates.create(name=name, language="en", texts=texts or TEXTS, by_id=olu.pk, now=NOW)


def send(pool: Pool | None, olu: User, made: MessageTemplate) -> Announcement:
    with transaction.atomic():
        sent = announcements.announce_template(pool=pool, template=made, by_id=olu.pk, now=NOW)
    for _round in range(2):
        with transaction.atomic():
            announcements.send_due(now=NOW)
    sent.refresh_from_db()
    return sent


def got(who: User) -> str:
    return notices.show(Notice.objects.get(user=who)).sentence


def test_each_reader_gets_their_own_language_and_name_and_who_switched_it_off_gets_nothing() -> None:
    olu = people.ops("Olu")
    ana = people.worker("Ana", languages={"en": "B2", "de": "C1"})
    wen, kim = people.worker("Wen", languages={"zh": "native"}), people.worker("Kim", languages={"en": "C1"})
    eve = people.worker("Eve")
    notices.prefer(user_id=kim.pk, group="announcements", in_app=False, mail=False)
    User.objects.filter(pk=wen.pk).update(name="{sender} 100% Wen")
    with transaction.atomic():
        some = pools.create(name="Invited", actor_id=olu.pk, now=NOW)
        pools.apply(kind=BulkAction.ADD, pool=some, worker_ids=[ana.pk, wen.pk, kim.pk], actor_id=olu.pk, now=NOW)
    sent = send(some, olu, template(olu))
    assert (sent.told, sent.spared) == (2, 1)
    assert got(ana) == "Arbeit für Invited: Guten Tag Ana, es gibt neue Arbeit."
    assert got(wen) == "Work for Invited: Hello {sender}, there is new work.\n\nOlu", "a name is filled in and never read as a template"
    assert not Notice.objects.filter(user__in=[kim, eve]).exists()


def test_what_was_sent_keeps_its_version_and_the_same_words_make_none() -> None:
    olu, ana = people.ops(), people.worker("Ana")
    made = template(olu)
    with transaction.atomic():
        sent = announcements.announce_template(pool=None, template=made, by_id=olu.pk, now=NOW)
        message_templates.change(template=made, language="en", texts=TEXTS, by_id=olu.pk, now=NOW)
    assert MessageVersion.objects.count() == 1
    with transaction.atomic():
        changed = {"en": {"title": "Changed", "text": "Quite another text"}}
        message_templates.change(template=made, language="en", texts=changed, by_id=olu.pk, now=NOW)
    with transaction.atomic():
        announcements.send_due(now=NOW)
    assert got(ana).startswith("Work for everybody: Hello Ana")
    assert sent.version is not None and sent.version.number == 1 and message_templates.newest(made).number == 2
    assert [(line.verb, line.from_state, line.to_state) for line in audit.history(made)] == [
        ("template.saved", "", "1"), ("template.saved", "1", "2")
    ]


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"en": {"title": "Hello {nmae}", "text": "Some words"}}, "texts.en.title"),
        ({"en": {"title": "Hello", "text": "{name} {salary} {}"}}, "texts.en.text"),
        ({"en": {"title": "Hello", "text": "Some words"}, "xx": {"title": "Hello", "text": "Some words"}}, "texts.xx"),
        ({"de": {"title": "Hallo", "text": "Einige Worte"}}, "texts"),
        ({"en": {"title": "Hello"}}, "texts.en"),
        ({"en": {"title": "Hello", "text": "x"}}, "texts.en.text"),
        ("words", "texts"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(texts: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        message_templates.check(texts, language="en")
    assert refused.value.field == field
    if "salary" in str(texts):
        assert "{salary}" in str(refused.value) and "{name}" in str(refused.value)


def test_names_are_taken_once_and_what_is_put_away_is_not_sent() -> None:
    olu = people.ops()
    made = template(olu)
    with pytest.raises(message_templates.NameTaken):
        template(olu)
    with transaction.atomic():
        message_templates.archive(template=made, by_id=olu.pk, now=NOW)
    made.refresh_from_db()
    with pytest.raises(Conflict), transaction.atomic():
        announcements.announce_template(pool=None, template=made, by_id=olu.pk, now=NOW)
    with pytest.raises(Conflict), transaction.atomic():
        message_templates.change(template=made, language="en", texts=TEXTS, by_id=olu.pk, now=NOW)
    assert template(olu).pk != made.pk and not Announcement.objects.exists()
    with pytest.raises(NotFound):
        announcements.reader(None, address="nobody@example.test")


def test_the_composer_shows_it_as_somebody_gets_it_before_it_goes() -> None:
    olu, ana, fin = people.ops(), people.worker("Ana", languages={"de": "native"}), people.ops("Fin", "finance")
    ben = people.worker("Ben", languages={"en": "C2"})
    tab = browser(olu)
    row = {"language_0": "en", "title_0": "Hello {first_name}", "text_0": "Some words", "language_1": "", "title_1": "", "text_1": ""}
    wrong = tab.post("/ops/announcements/templates/new/", row | {"name": "Greeting", "text_0": "Some {wrods}"})
    assert wrong.status_code == 422 and "{wrods}" in wrong.content.decode() and not MessageTemplate.objects.exists()
    assert tab.post("/ops/announcements/templates/new/", row | {"name": "Greeting"}).status_code == 302
    made = MessageTemplate.objects.get()
    page = f"/ops/announcements/templates/{made.pk}/"
    german = {"language_1": "de", "title_1": "Hallo {first_name}", "text_1": "Einige Worte", "language_2": ""}
    assert tab.post(page, row | german).status_code == 302 and message_templates.newest(made).number == 2
    assert "Hallo Ana" in tab.get(page).content.decode(), "the first by name, in her language"
    given = {"pool": "", "template": str(made.pk), "title": "", "text": ""}
    assert "Hallo Ana" in tab.post("/ops/announcements/", given).content.decode()
    assert "Hello Ben" in tab.post("/ops/announcements/", given | {"reader": ben.email}).content.decode()
    assert not Announcement.objects.exists()
    assert tab.post("/ops/announcements/", given | {"send": "1"}).status_code == 302
    assert Announcement.objects.get().version == message_templates.newest(made)
    assert tab.post("/ops/announcements/", given | {"template": ""}).status_code == 422
    assert "Greeting" in tab.get("/ops/announcements/templates/").content.decode() and "Greeting" in tab.get("/ops/announcements/").content.decode()
    assert browser(fin).post(page, row).status_code == 403 and browser(ana).get(page).status_code == 403
    assert tab.post(f"{page}archive/").status_code == 302 and not message_templates.live().exists()


def test_the_same_by_api() -> None:
    olu, ana = people.ops(), people.worker("Ana", languages={"de": "native"})
    api = program(olu, "ops")
    made = api.post("/api/v1/ops/templates/", {"name": "News", "language": "en", "texts": TEXTS}, content_type="application/json")
    assert made.status_code == 201 and made.json()["version"] == 1
    one = f"/api/v1/ops/templates/{made.json()['id']}/"
    assert api.get(f"{one}preview/").json()["text"] == "Guten Tag Ana, es gibt neue Arbeit."
    assert api.get(f"{one}preview/?pool=x").status_code == 422 and api.get(f"{one}preview/?reader=no@no.no").status_code == 404
    bad = {"language": "en", "texts": {"en": {"title": "Hi {you}", "text": "Some words"}}}
    assert api.patch(one, bad, content_type="application/json").json()["errors"][0]["field"] == "texts.en.title"
    sent = api.post("/api/v1/ops/announcements/", {"template": made.json()["id"]}, content_type="application/json")
    assert sent.status_code == 201 and sent.json()["version"]
    assert api.delete(one).status_code == 204 and api.get("/api/v1/ops/templates/").json() == []
    assert program(ana, "work").get(one).status_code == 403
