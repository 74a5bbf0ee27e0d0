"""Mechanical Turk's qualification tests: QuestionForm and AnswerKey as XML, read without entities, documents or addresses of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

import nh3
from defusedxml import DefusedXmlException, sax
from django.utils.translation import gettext as _

from kit.errors import Invalid
from qualification import items
from qualification.items import Checked, Read

DEEPEST = 30


@dataclass(slots=True)
class Element:
    """An element by its name without a prefix, with the line on which it starts."""

    name: str
    line: int
    pieces: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def first(self, name: str) -> Element | None:
        return next((child for child in self.children if child.name == name), None)

    def every(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if child.name == name)

    def said(self, name: str) -> str:
        """The text of the first child of this name."""
        found = self.first(name)
        return found.text.strip() if found else ""


Scores = list[tuple[frozenset[str], float]]
"""Sets of options of a question in the key, each with its score."""


def read(form: bytes, key: bytes | None) -> Read:
    """Questions of a QuestionForm with the right answers of its AnswerKey. Raises Invalid when a document as a whole is unusable."""
    questions = _parse(form, root="QuestionForm", where="file")
    if key is None:
        raise Invalid(_("A QuestionForm says nothing of right answers: bring its AnswerKey too."), field="key")
    scores = dict(_scores(_parse(key, root="AnswerKey", where="key")))
    found = Read()
    for question in questions.every("Question"):
        name = question.said("QuestionIdentifier")
        row = {"identifier": name, "text": _words(question)}
        items.take(found, lambda q=question, n=name: _checked(q, scores.get(n)), line=question.line, row=row)  # type: ignore[misc]
    if not found.items and not found.errors:
        raise Invalid(_("The QuestionForm holds no questions."), field="file")
    return found


def _checked(question: Element, scores: Scores | None) -> Checked:
    specification = question.first("AnswerSpecification")
    selection = specification.first("SelectionAnswer") if specification else None
    if selection is None:
        raise Invalid(_("Only questions with options have a key at MTurk; write this one anew here."), field="row.AnswerSpecification")
    if not scores:
        raise Invalid(_("The AnswerKey says nothing of this question."), field="row.QuestionIdentifier")
    listed = selection.first("Selections")
    options = [(one.said("SelectionIdentifier"), _option(one)) for one in (listed.every("Selection") if listed else ())]
    names = [name for name, _text in options]
    right = _right(scores, names, several=selection.said("MaxSelectionCount") not in ("", "1"))
    return items.check({"text": _words(question), "options": [text for _name, text in options], "right": right}, place="row")


def _right(scores: Scores, names: list[str], *, several: bool) -> list[int]:
    """Numbers of the right options: those of the best-paid set; where sets are single options and several may be picked, all that pay."""
    paid = [(picked, score) for picked, score in scores if score > 0]
    if not paid:
        raise Invalid(_("No answer to this question has a score above zero."), field="row.AnswerOption")
    best = max(score for _picked, score in paid)
    tops = [picked for picked, score in paid if score == best]
    if several and all(len(picked) == 1 for picked, _score in paid):
        tops = [frozenset().union(*(picked for picked, _score in paid))]
    if len(tops) > 1:
        raise Invalid(_("Several answers have the highest score, but one may be given."), field="row.AnswerOption")
    unknown = sorted(tops[0] - set(names))
    if unknown:
        message = _("The AnswerKey names an option that the question has not: %(name)s.") % {"name": unknown[0]}
        raise Invalid(message, field="row.SelectionIdentifier")
    return [names.index(name) + 1 for name in sorted(tops[0], key=names.index)]


def _scores(key: Element) -> Iterator[tuple[str, Scores]]:
    for question in key.every("Question"):
        found: Scores = []
        for option in question.every("AnswerOption"):
            picked = frozenset(one.text.strip() for one in option.every("SelectionIdentifier"))
            try:
                found.append((picked, float(option.said("AnswerScore") or 0)))
            except ValueError:
                raise Invalid(
                    _("Line %(line)d of the AnswerKey: a score is a number.") % {"line": option.line}, field="key"
                ) from None
        yield question.said("QuestionIdentifier"), found


def _words(question: Element) -> str:
    """What a question says, as plain text; pictures and films are left out."""
    content = question.first("QuestionContent")
    return "\n".join(_texts(content)) if content else ""


def _option(selection: Element) -> str:
    return "\n".join(_texts(selection)) or selection.said("SelectionIdentifier")


def _texts(content: Element) -> Iterator[str]:
    for part in content.children:
        if part.name in ("Text", "Title") and part.text.strip():
            yield part.text.strip()
        elif part.name == "FormattedContent":
            plain = re.sub(r"\s+", " ", nh3.clean(re.sub(r"<(br|/p|/li|/div)\b", r"\n<\1", part.text), tags=set())).strip()
            yield plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        elif part.name == "List":
            yield from (f"• {item.text.strip()}" for item in part.every("ListItem"))


class _Tree(ContentHandler):
    """Builds the elements, each with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Element] = [Element("", 0)]
        self.locator: Any = None

    def setDocumentLocator(self, locator: Any) -> None:  # noqa: N802 - the library's name
        self.locator = locator

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        if len(self.open) > DEEPEST:
            raise SAXException("too deep")
        element = Element(name.rpartition(":")[2], self.locator.getLineNumber())
        self.open[-1].children.append(element)
        self.open.append(element)

    def endElement(self, name: str) -> None:  # noqa: N802
        self.open.pop()

    def characters(self, content: str) -> None:
        self.open[-1].pieces.append(content)


def _parse(content: bytes, *, root: str, where: str) -> Element:
    """The document's element. Raises Invalid for what is no XML, has entities or a document type of its own, or another root."""
    if len(content) > items.LARGEST_FILE:
        raise Invalid(_("The file is larger than 5 MB."), field=where)
    tree = _Tree()
    try:
        sax.parseString(content, tree, forbid_dtd=True)
    except DefusedXmlException:
        raise Invalid(_("The file declares a document type or entities; such files are not read."), field=where) from None
    except (SAXException, ValueError, LookupError) as error:
        raise Invalid(_("The file is not XML: %(why)s.") % {"why": error}, field=where) from None
    found = tree.open[0].first(root)
    if found is None:
        raise Invalid(_("Expected a document %(root)s.") % {"root": root}, field=where)
    return found
