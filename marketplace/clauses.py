"""An answer to a question becomes part of the guideline: where it goes, what that changes, and the version that follows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid
from marketplace import courses, lessons, projects
from marketplace.models import GuidelineVersion, Question

CLAUSE_MOST = 6_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next version as it would be: the whole text, and the lines that come."""

    after: int
    markdown: str
    lines: list[tuple[str, str]]


def drafted(question: Question) -> str:
    """Question and answer in the guideline's own Markdown, to begin with."""
    return f"**{_inline(question.text)}**\n\n{question.answer.strip()}"


def _inline(text: str) -> str:
    """One line without marks that would end the bold."""
    return " ".join(text.split()).replace("*", "")


def titles(question: Question) -> list[str]:
    """The sections that a clause may follow."""
    return list(dict.fromkeys(one.title for one in courses.sections_of(question.project) if one.title))


def propose(*, question: Question, text: str, section: str = "") -> Proposal:
    """The guideline with these words at the end of a section, or of its own section of questions and answers where none is named.

    Raises Invalid, Conflict for a question that is not answered or is in the guideline already.
    """
    if question.state != "answered":
        raise Conflict(_("Answer the question first."))
    if question.became_version is not None:
        raise Conflict(_("It is part of the guideline since version %(n)s.") % {"n": question.became_version})
    newest = projects.guideline_in_force(question.project)
    if newest is None:
        raise Conflict(_("Publish the guideline first."))
    said = text.replace("\r\n", "\n").strip()
    if not 3 <= len(said) <= CLAUSE_MOST or "\x00" in said:
        raise Invalid(_("Write 3 to %(most)s characters.") % {"most": f"{CLAUSE_MOST:,}"}, field="text")
    markdown = _with(newest.markdown, said, section)
    return Proposal(newest.number, markdown, lessons.lines_between(newest.markdown, markdown))


def _with(markdown: str, said: str, section: str) -> str:
    heading = section or _("Questions and answers")
    place = next((one for one in lessons.sections(markdown) if one.title == heading), None)
    if place is not None:
        return markdown.replace(place.markdown, f"{place.markdown}\n\n{said}", 1)
    if section:
        raise Invalid(_("The guideline has no section “%(title)s”.") % {"title": section}, field="section")
    return f"{markdown}\n\n## {heading}\n\n{said}"


def publish(
    *, question: Question, text: str, section: str = "", after: int | None = None, actor_id: uuid.UUID, now: datetime
) -> GuidelineVersion:
    """Publish the proposal as the next version. `after`: the version that it was looked at with; Conflict where another one came
    in between. Raises what `propose` raises."""
    locked = Question.objects.select_for_update(of=("self",)).select_related("project").get(pk=question.pk)
    proposal = propose(question=locked, text=text, section=section)
    if after is not None and after != proposal.after:
        raise Conflict(_("The guideline was changed meanwhile. Look at the preview again."))
    made = projects.publish_guideline(
        project=locked.project, markdown=proposal.markdown, what_changed=_inline(locked.text)[:300], actor_id=actor_id, now=now
    )
    Question.objects.filter(pk=locked.pk).update(became_version=made.number)
    question.became_version = made.number
    audit.record(subject=locked, verb="question.became_guideline", actor_id=actor_id, now=now)
    return made
