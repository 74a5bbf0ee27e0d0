"""Mira's browser without a browser: signed in, at her organisation's pages."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from config.reactions import REACTIONS
from kit import outbox
from marketplace import intake
from marketplace.models import Batch, Upload
from tests import people
from workers.models import Membership, Organisation, User

BLOCKS = "p|div|h[1-6]|li|dt|dd|td|th|tr|section|label|option|button|form|aside|header|summary|main|nav|table|progress"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class Seat:
    """Somebody signed in, with an organisation whose pages they ask for."""

    user: User
    organisation: Organisation
    browser: Client

    def url(self, page: str, /, *args: Any) -> str:
        return reverse(f"market:{page}", args=[self.organisation.slug, *args])

    def get(self, page: str, /, *args: Any, **query: Any) -> HttpResponse:
        return self.browser.get(self.url(page, *args), query)

    def post(self, page: str, /, *args: Any, htmx: bool = False, **data: Any) -> HttpResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.browser.post(self.url(page, *args), data, headers=headers)

    def text(self, page: str, /, *args: Any, **query: Any) -> str:
        response = self.get(page, *args, **query)
        assert response.status_code == 200, response.content[:2000]
        return html.unescape(response.content.decode())

    def words(self, page: str, /, *args: Any, **query: Any) -> str:
        return words(self.get(page, *args, **query))


def words(response: HttpResponse) -> str:
    """What a person reads on a page, block after block."""
    spaced = re.sub(rf"</?(?:{BLOCKS})\b[^>]*>|(?=<span class=\"mk-(?:money__cur|sr|table__sub|stat__))", " ", response.content.decode())
    return " ".join(html.unescape(strip_tags(spaced)).split())


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


@pytest.fixture
def sit() -> Callable[[User, Organisation], Seat]:
    def take(user: User, organisation: Organisation) -> Seat:
        browser = Client()
        browser.force_login(user, backend=BACKEND)
        return Seat(user, organisation, browser)

    return take


@pytest.fixture
def mira(sit: Callable[[User, Organisation], Seat]) -> Seat:
    return sit(*people.client("Mira"))


@pytest.fixture
def viewer(mira: Seat, sit: Callable[[User, Organisation], Seat]) -> Seat:
    """A colleague of Mira's who may look and change nothing."""
    colleague = people.person("Vik")
    Membership.objects.create(user=colleague, organisation=mira.organisation, role="viewer", since=people.NOW)
    return sit(colleague, mira.organisation)


@pytest.fixture
def eve(mira: Seat, sit: Callable[[User, Organisation], Seat]) -> Seat:
    """The owner of another organisation, at the addresses of Mira's."""
    stranger, _other = people.client("Eve")
    return sit(stranger, mira.organisation)


def read_files(batch: Batch) -> None:
    """What runners do with the files of a draft."""
    now = timezone.now()
    for upload in Upload.objects.filter(batch=batch, status=Upload.Status.READING):
        while intake.read(upload_id=upload.pk, now=now):
            continue
        while intake.fetch_images(upload_id=upload.pk, now=now):
            continue


def deliver() -> None:
    while outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=5)):
        continue
