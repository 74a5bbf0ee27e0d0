"""Notices: told with the change itself, put into words when read, mailed once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils.translation import gettext_lazy as _

from tests import people
from tests.people import NOW
from workers import notices, standing
from workers.models import Notice

pytestmark = pytest.mark.django_db


def paused_notice() -> Notice:
    ana = people.worker()
    standing.pause(worker_id=ana.pk, reason="case_open", until=NOW + dt.timedelta(days=2), by_id=None, now=NOW)
    return Notice.objects.get(user=ana)


def test_a_notice_says_why_and_until_when_in_words() -> None:
    shown = notices.show(paused_notice())
    assert "18 Nov 2026" in shown.sentence
    assert "A person is looking into a case" in shown.sentence
    assert shown.read is False


def test_a_notice_of_a_kind_or_page_that_is_gone_is_still_shown() -> None:
    notices.declare("test.kind", _("%(who)s did %(what)s"), url_name="nowhere:page", url_params=("who",))
    ana = people.person("Ana")
    told = notices.tell(ana.pk, "test.kind", who="Wen")
    assert notices.show(told).sentence == "Wen did –"
    assert notices.show(told).url == ""
    del notices.KINDS["test.kind"]
    assert notices.show(told).sentence == "A notice of a kind that no longer exists."


def test_telling_an_undeclared_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        notices.tell(people.person("Ana").pk, "never.declared")
    assert not Notice.objects.exists()


def test_reading_counts_down() -> None:
    ana, eve = people.worker(), people.worker("Eve")
    for person in (ana, ana, eve):
        notices.tell(person.pk, "standing.resumed")
    assert notices.unread_count(ana.pk) == 2
    first = Notice.objects.filter(user=ana).first()
    assert first is not None
    assert notices.mark_read(user_id=eve.pk, ids=[first.pk], now=NOW) == 0
    assert notices.mark_read(user_id=ana.pk, ids=[first.pk], now=NOW) == 1
    assert notices.mark_read(user_id=ana.pk, now=NOW) == 1
    assert notices.unread_count(ana.pk) == 0
    assert notices.unread_count(eve.pk) == 1


def test_a_notice_is_mailed_once() -> None:
    told = paused_notice()
    assert notices.mail_due(now=NOW) == 1
    assert notices.mail_due(now=NOW) == 0
    [letter] = mail.outbox
    assert letter.to == [told.user.email]
    assert "paused" in str(letter.body)
    assert "http://localhost:8000" in str(letter.body)


def test_a_notice_that_is_not_for_mail_is_not_mailed() -> None:
    notices.tell(people.person("Ana").pk, "appeal.answered")
    assert notices.mail_due(now=NOW) == 0
    assert mail.outbox == []


def test_a_refused_mail_is_sent_again_with_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    paused_notice()
    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", lambda self, messages: (_ for _ in ()).throw(ConnectionError("down")))
        assert notices.mail_due(now=NOW) == 0
    assert notices.mail_due(now=NOW) == 1
    assert len(mail.outbox) == 1
