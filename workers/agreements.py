"""Agreements: published by version, signed by version, kept with the text that was signed."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
import uuid
from datetime import datetime

import nh3
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from workers.models import Agreement, Signature

LONGEST = 200_000


class NotTheCurrentVersion(Conflict):
    """A newer version was published while the person was reading."""

    code = "newer_version"


def publish(*, kind: str, title: str, text: str, by_id: uuid.UUID | None, now: datetime) -> Agreement:
    """Publish the next version of a text in Markdown. Raises Invalid; Conflict when somebody else just published."""
    if kind not in dict(Agreement.KINDS):
        raise Invalid(_("Expected worker or client."), field="kind")
    if not title.strip() or len(title) > 200:
        raise Invalid(_("Expected a title of at most 200 characters."), field="title")
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(_("Expected a text of at most 200,000 characters."), field="text")
    last = Agreement.objects.filter(kind=kind).aggregate(last=Max("version"))["last"] or 0
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                kind=kind, version=last + 1, title=title.strip(), text=text, published_by_id=by_id, published_at=now
            )
    except IntegrityError:
        raise Conflict(_("Somebody else published a version just now. Look at it first.")) from None
    audit.record(subject=agreement, verb="agreement.published", actor_id=by_id, now=now)
    return agreement


def current(kind: str) -> Agreement | None:
    """The version in force, or None while nothing was published."""
    return Agreement.objects.filter(kind=kind).order_by("-version").first()


def signed(*, user_id: uuid.UUID, agreement: Agreement) -> Signature | None:
    return Signature.objects.filter(user_id=user_id, agreement=agreement).first()


def sign(*, user_id: uuid.UUID, agreement_id: uuid.UUID, ip: str, now: datetime) -> Signature:
    """Sign the version that is in force; a second time changes nothing. Raises NotFound, NotTheCurrentVersion."""
    agreement = Agreement.objects.filter(pk=agreement_id).first()
    if agreement is None:
        raise NotFound(_("There is no such agreement."))
    in_force = current(agreement.kind)
    if in_force is None or in_force.pk != agreement.pk:
        raise NotTheCurrentVersion(_("A newer version was published. Read it, then sign that one."))
    signature, made = Signature.objects.get_or_create(
        user_id=user_id, agreement=agreement, defaults={"at": now, "ip_hash": hash_ip(ip)}
    )
    if made:
        audit.record(subject=agreement, verb="agreement.signed", actor_id=user_id, now=now)
    return signature


def hash_ip(ip: str) -> str:
    """An address as evidence that can be compared but not read back."""
    if not ip:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), b"signature ip:" + ip.encode(), hashlib.sha256).hexdigest()


def last_signed(*, user_id: uuid.UUID, kind: str) -> Signature | None:
    """The latest version of a kind that a person signed, if any."""
    rows = Signature.objects.filter(user_id=user_id, agreement__kind=kind).select_related("agreement")
    return rows.order_by("-agreement__version").first()


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """What changed from one text to the next, in order: paragraphs that came ("+"), went ("-") or stand around them ("=")."""
    old, new = _paragraphs(before), _paragraphs(after)
    found: list[tuple[str, str]] = []
    for word, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if word == "equal":
            found += [("=", part) for part in (old[a:b] if b - a <= 2 else [old[a], "…", old[b - 1]])]
        else:
            found += [("-", part) for part in old[a:b]] + [("+", part) for part in new[c:d]]
    return found if any(sign != "=" for sign, _part in found) else []


def _paragraphs(text: str) -> list[str]:
    """Paragraphs and the points of lists, each on one line."""
    parts = re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", text.replace("\r\n", "\n"))
    return [" ".join(part.split()) for part in parts if part.strip()]


def as_html(text: str) -> str:
    """Markdown as safe HTML: no raw HTML, scripts, styles or images get through."""
    rendered = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return nh3.clean(rendered, tags=nh3.ALLOWED_TAGS - {"img"}, link_rel="noopener noreferrer nofollow")
