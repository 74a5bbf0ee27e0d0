"""Templates of what ops write to many: named, in several languages, with placeholders from a closed list, every version kept."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Text
from marketplace.models import MessageTemplate, MessageVersion, Pool
from marketplace.rules import LANGUAGE_LEVELS
from workers.languages import LANGUAGES
from workers.models import User, WorkerProfile

LONGEST_TITLE, LONGEST_TEXT = 120, 4_000
LANGUAGES_MOST = 12
PLACES: Mapping[str, Text] = {
    "name": gettext_lazy("the reader's name"),
    "first_name": gettext_lazy("the first word of it"),
    "pool": gettext_lazy("the pool that it is sent to, by its name"),
    "sender": gettext_lazy("who sends it"),
    "product": gettext_lazy("the name of this place"),
}
"""What may stand in braces, as in {name}."""
IN_BRACES = re.compile(r"\{([^{}]*)\}")

Texts = dict[str, dict[str, str]]
"""Title and text by language: {"en": {"title": ..., "text": ...}}."""


class NameTaken(Conflict):
    """Another template has this name."""

    code = "template_name_taken"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one reader gets, and in which language."""

    language: str
    title: str
    text: str


def live() -> QuerySet[MessageTemplate]:
    """Templates in use, by name."""
    return MessageTemplate.objects.filter(archived_at__isnull=True).order_by("name", "pk")


def find(template_id: uuid.UUID) -> MessageTemplate:
    """Raises NotFound."""
    found = MessageTemplate.objects.filter(pk=template_id).first()
    if found is None:
        raise NotFound(_("There is no such template."))
    return found


def newest(template: MessageTemplate) -> MessageVersion:
    """What the template says now."""
    return template.versions.select_related("by").order_by("-number")[0]


# --- writing -----------------------------------------------------------------------------------------------------------


def check(texts: Any, *, language: str) -> Texts:
    """Title and text of every language, trimmed. Raises Invalid that names the place and each placeholder that is unknown."""
    if language not in LANGUAGES:
        raise Invalid(_("Expected the code of a language, such as en."), field="language")
    if not isinstance(texts, dict) or not 1 <= len(texts) <= LANGUAGES_MOST or language not in texts:
        raise Invalid(_("Expected title and text in 1 to 12 languages, the first one among them."), field="texts")
    return {code: _one_language(code, given) for code, given in texts.items()}


def _one_language(code: str, given: Any) -> dict[str, str]:
    if code not in LANGUAGES or not isinstance(given, dict) or set(given) != {"title", "text"}:
        raise Invalid(_("Expected a language's code with its title and text."), field=f"texts.{str(code)[:20]}")
    title, text = (str(given[part]).strip() for part in ("title", "text"))
    if not 2 <= len(title) <= LONGEST_TITLE or "\x00" in title or "\n" in title:
        raise Invalid(_("Expected a title of 2 to 120 characters in one line."), field=f"texts.{code}.title")
    if not 2 <= len(text) <= LONGEST_TEXT or "\x00" in text:
        raise Invalid(_("Write 2 to 4,000 characters."), field=f"texts.{code}.text")
    for part, words in (("title", title), ("text", text)):
        if unknown := sorted(set(IN_BRACES.findall(words)) - set(PLACES)):
            raise Invalid(
                _("Unknown: %(unknown)s. Known are %(known)s.") % {
                    "unknown": ", ".join(f"{{{name}}}" for name in unknown), "known": ", ".join(f"{{{name}}}" for name in PLACES),
                },
                field=f"texts.{code}.{part}", unknown=unknown,
            )  # fmt: skip
    return {"title": title, "text": text}


def create(*, name: str, language: str, texts: Any, by_id: uuid.UUID, now: datetime) -> MessageTemplate:
    """A template with its first version. Raises Invalid, NameTaken."""
    name, checked = " ".join(name.split()), check(texts, language=language)
    if not 2 <= len(name) <= 80 or "\x00" in name:
        raise Invalid(_("Expected a name of 2 to 80 characters."), field="name")
    try:
        with transaction.atomic():
            made = MessageTemplate.objects.create(name=name, created_by_id=by_id, created_at=now)
    except IntegrityError:
        raise NameTaken(_("Another template has this name."), field="name") from None
    _add(made, language, checked, by_id, now)
    return made


def change(*, template: MessageTemplate, language: str, texts: Any, by_id: uuid.UUID, now: datetime) -> MessageVersion:
    """The next version; what was sent keeps its own. The same words again make no version. Raises Invalid, Conflict when put away."""
    checked = check(texts, language=language)
    MessageTemplate.objects.select_for_update().get(pk=template.pk)
    if template.archived_at is not None:
        raise Conflict(_("This template was put away."))
    now_says = newest(template)
    if (now_says.language, now_says.texts) == (language, checked):
        return now_says
    return _add(template, language, checked, by_id, now)


def _add(template: MessageTemplate, language: str, texts: Texts, by_id: uuid.UUID, now: datetime) -> MessageVersion:
    before = template.versions.aggregate(number=Max("number"))["number"] or 0
    made = MessageVersion.objects.create(template=template, number=before + 1, language=language, texts=texts, by_id=by_id, at=now)
    audit.record(
        subject=template, verb="template.saved", actor_id=by_id, now=now, from_state=str(before or ""), to_state=str(made.number)
    )
    return made


def archive(*, template: MessageTemplate, by_id: uuid.UUID, now: datetime) -> None:
    """Put a template away; a second time changes nothing."""
    if MessageTemplate.objects.filter(pk=template.pk, archived_at__isnull=True).update(archived_at=now):
        audit.record(subject=template, verb="template.archived", actor_id=by_id, now=now)


# --- reading -----------------------------------------------------------------------------------------------------------


def language_for(version: MessageVersion, *, spoken: Iterable[Mapping[str, str]], locale: str = "") -> str:
    """Of the languages that a version is written in, the one that somebody speaks best; its first one where they speak none.

    Between equals the language of their pages goes first, then the version's own.
    """
    levels = {row["code"]: LANGUAGE_LEVELS.index(row["level"]) for row in spoken if row["level"] in LANGUAGE_LEVELS}
    known = [code for code in version.texts if code in levels]
    return max(known, key=lambda code: (levels[code], code == locale, code == version.language), default=version.language)


def render(version: MessageVersion, *, reader: WorkerProfile, pool: Pool | None, sender: User) -> Rendered:
    """What this reader gets. Braces in a name stay what they are: nothing is filled in twice."""
    language = language_for(version, spoken=reader.languages, locale=reader.user.locale)
    said = version.texts[language]
    values = {
        "name": reader.user.name, "first_name": (reader.user.name.split() or [""])[0], "sender": sender.name,
        "pool": pool.name if pool else _("everybody"), "product": settings.PRODUCT_NAME,
    }  # fmt: skip
    return Rendered(language=language, title=_filled(said["title"], values), text=_filled(said["text"], values))


def _filled(words: str, values: Mapping[str, str]) -> str:
    return IN_BRACES.sub(lambda found: values[found[1]], words)
