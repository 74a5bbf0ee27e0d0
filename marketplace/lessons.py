"""A guideline taken apart into sections, and what of it is new to somebody who knows an older version. Pure; no Django."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

HEADING = re.compile(r" {0,3}(#{1,2})[ \t]+(.+?)[ \t]*#*[ \t]*$")
FENCE = re.compile(r" {0,3}(```+|~~~+)")
WORDS_A_MINUTE = 200
TITLE_MOST = 200


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a guideline under one heading of the first two levels; `at` counts from 0, the title may be empty."""

    at: int
    title: str
    markdown: str

    @property
    def seconds(self) -> int:
        """How long reading takes, at 200 words a minute."""
        return max(10, round(60 * len(self.markdown.split()) / WORDS_A_MINUTE))


def sections(markdown: str) -> list[Section]:
    """The sections in order; a heading with nothing below it goes with the section that follows."""
    found: list[tuple[str, list[str]]] = []
    pending: list[str] = []
    title, lines, fence = "", list[str](), ""
    for line in markdown.splitlines():
        mark = FENCE.match(line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)[:3]
        heading = None if fence else HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        pending = _close(found, title, pending, lines)
        title, lines = heading.group(2)[:TITLE_MOST], [line]
    _close(found, title, pending, lines, last=True)
    return [Section(at, name, "\n".join(text).strip()) for at, (name, text) in enumerate(found)]


def _close(
    found: list[tuple[str, list[str]]], title: str, pending: list[str], lines: list[str], *, last: bool = False
) -> list[str]:
    """Keep a section that says something; returns the bare headings that wait for the next one."""
    body = lines[1:] if title else lines
    if any(line.strip() for line in body) or (last and (pending or title)):
        found.append((title, [*pending, *lines]))
        return []
    return [*pending, *lines]


def changes(before: Sequence[Section], after: Sequence[Section]) -> dict[int, list[tuple[str, str]]]:
    """What is new: the place of each section that is not word for word in the older version, with its lines that came ("+")
    and went ("-"). A section is compared with the one of the same title; one without such is new as a whole."""
    same = {section.markdown for section in before}
    old: dict[str, str] = {}
    for section in before:
        old.setdefault(section.title, section.markdown)
    return {
        section.at: lines_between(old.get(section.title, ""), section.markdown)
        for section in after if section.markdown not in same
    }


def lines_between(before: str, after: str) -> list[tuple[str, str]]:
    """Lines that came ("+") and went ("-"), in order."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]
