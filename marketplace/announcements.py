"""Words to many: told in the product and by mail to whoever takes announcements, a few a week for each person at most."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, due
from kit.errors import Conflict, Invalid, NotFound
from marketplace import message_templates, pools
from marketplace.models import Announcement, MessageTemplate, MessageVersion, Pool
from workers import notices
from workers.models import Notice, WorkerProfile
from workers.states import ENDED

KIND = "announcement.news"
A_WEEK = 3
"""Announcements that reach one person within seven days; more are spared them."""
WEEK = timedelta(days=7)
AT_ONCE = 5
"""Announcements of one person of ops that may be on their way together: a slip of the hand stays small."""
CHUNK = 500
LONGEST_TITLE, LONGEST_TEXT = 120, 4_000

notices.declare(KIND, _("%(title)s: %(text)s"), url_name="workers:notices", mail=True)


class TooMany(Conflict):
    """Enough is on its way already."""

    code = "too_many_announcements"


def readers(pool: Pool | None) -> QuerySet[WorkerProfile]:
    """Whom an announcement would be for: a pool, or everybody whose work here has not ended."""
    rows = WorkerProfile.objects.all() if pool is None else pools.people(pool)
    return rows.exclude(standing=ENDED)


def reader(pool: Pool | None, *, address: str = "") -> WorkerProfile | None:
    """A real person of those, for a look before: the one with this address, else the first by name. Raises NotFound."""
    rows = readers(pool).select_related("user")
    if not address:
        return rows.order_by("user__name", "pk").first()
    found = rows.filter(user__email=address.strip().lower()).first()
    if found is None:
        raise NotFound(_("Nobody of them has this address."), field="reader")
    return found


def announce_template(*, pool: Pool | None, template: MessageTemplate, by_id: uuid.UUID, now: datetime) -> Announcement:
    """Send what a template says now: each reader in the language that they speak best of it, with their name. Raises Conflict,
    TooMany."""
    if template.archived_at is not None:
        raise Conflict(_("This template was put away."), field="template")
    version = message_templates.newest(template)
    own = version.texts[version.language]
    return announce(pool=pool, title=own["title"], text=own["text"], by_id=by_id, now=now, version=version)


def announce(
    *, pool: Pool | None, title: str, text: str, by_id: uuid.UUID, now: datetime, version: MessageVersion | None = None
) -> Announcement:
    """Send words on their way; a runner tells people in chunks. Raises Invalid, TooMany."""
    title, text = title.strip(), text.strip()
    if not 2 <= len(title) <= LONGEST_TITLE or "\x00" in title or "\n" in title:
        raise Invalid(_("Expected a title of 2 to 120 characters in one line."), field="title")
    if not 2 <= len(text) <= LONGEST_TEXT or "\x00" in text:
        raise Invalid(_("Write 2 to 4,000 characters."), field="text")
    if Announcement.objects.filter(by_id=by_id, done_at__isnull=True).count() >= AT_ONCE:
        raise TooMany(_("Five of your announcements are still on their way. Wait until one is out."))
    made = Announcement.objects.create(pool=pool, title=title, text=text, version=version, by_id=by_id, at=now)
    audit.record(subject=made, verb="announcement.made", actor_id=by_id, now=now)
    return made


def send_due(*, now: datetime) -> int:
    """Tell the next chunk of readers of the oldest announcement; returns how many were looked at. Safe to run twice at once."""
    taken = due.take(Announcement.objects.filter(done_at__isnull=True).select_related("pool", "version", "by").order_by("at"), limit=1)
    return sum(_send_chunk(one, now) for one in taken)


def _send_chunk(one: Announcement, now: datetime) -> int:
    rows = readers(one.pool).order_by("pk")
    ids = list((rows.filter(pk__gt=one.cursor) if one.cursor else rows).values_list("pk", flat=True)[:CHUNK])
    if not ids:
        one.done_at = now
        one.save(update_fields=["done_at"])
        return 0
    full = set(
        Notice.objects.filter(user_id__in=ids, kind=KIND, created_at__gt=now - WEEK)
        .values("user_id").annotate(n=Count("pk")).filter(n__gte=A_WEEK).values_list("user_id", flat=True)
    )
    told = notices.tell_each(_words(one, [one_id for one_id in ids if one_id not in full]), KIND)
    one.told, one.spared, one.cursor = one.told + told, one.spared + len(ids) - told, ids[-1]
    one.save(update_fields=["told", "spared", "cursor"])
    return len(ids)


def _words(one: Announcement, ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """What each of these readers gets: the same for all, or their own of a template."""
    if one.version is None:
        return dict.fromkeys(ids, {"title": one.title, "text": one.text})
    filled = {
        reader.pk: message_templates.render(one.version, reader=reader, pool=one.pool, sender=one.by)
        for reader in WorkerProfile.objects.filter(pk__in=ids).select_related("user")
    }
    return {pk: {"title": own.title, "text": own.text} for pk, own in filled.items()}
