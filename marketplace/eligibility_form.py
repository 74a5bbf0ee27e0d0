"""The form of who may work: the usual questions, and the rule that their answers make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit.errors import Text
from marketplace.forms import Styled
from marketplace.rules import CREDENTIAL_DOMAINS, LANGUAGE_LEVELS, Rule
from workers import agencies
from workers.countries import COUNTRIES
from workers.languages import LANGUAGES, LEVEL_NAMES

ROWS = 3
"""Languages and skills that the form can ask for; the API takes more."""


def _by_name(names: Mapping[str, Text]) -> list[tuple[str, Text]]:
    """Codes with their names, in the alphabet of the moment."""
    return sorted(names.items(), key=lambda pair: str(pair[1]))


class Eligibility(Styled):
    """Who may work, as the usual questions; the API takes the whole rule format.

    `course` is the project whose course may be asked for, with the newest version that it has; `exams` are (series, title, version) of the
    tests by its guideline.
    """

    countries = forms.MultipleChoiceField(label=_("Countries"), required=False, widget=forms.CheckboxSelectMultiple)
    accepted = forms.IntegerField(
        label=_("Accepted tasks before, on the whole platform"), min_value=0, max_value=1_000_000, required=False,
        help_text=_("Empty: newcomers may start here."),
    )

    credentials = forms.MultipleChoiceField(
        label=_("Verified credentials, all of them"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=list(CREDENTIAL_DOMAINS.items()),
    )  # fmt: skip

    agency = forms.ChoiceField(
        label=_("Only the team of an agency"), required=False,
        help_text=_("The agency brings its people to this project. They are paid directly by us; its fee is part of ours."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, skills: Sequence[tuple[str, str]], course: tuple[str, int] | None = None,
        exams: Sequence[tuple[str, str, int]] = (), **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.project = course[0] if course else ""
        if course:
            self.fields["course"] = _course_field(course[1])
        if exams:
            self.fields["exam"] = _exam_field(exams)
        self.fields["agency"].choices = [("", _("Not asked for: everybody may")), *agencies.choices()]  # type: ignore[attr-defined]
        self.fields["countries"].choices = _by_name(COUNTRIES)  # type: ignore[attr-defined]
        languages = [("", _("Any")), *_by_name(LANGUAGES)]
        levels = [(level, LEVEL_NAMES[level]) for level in LANGUAGE_LEVELS]
        tiers = [(tier, _("tier %(tier)s or higher") % {"tier": tier}) for tier in range(4)]
        for n in range(ROWS):
            self.fields |= {
                f"language_{n}": forms.ChoiceField(label=_("Language"), required=False, choices=languages),
                f"level_{n}": forms.ChoiceField(label=_("at least at level"), required=False, choices=levels, initial="B2"),
                f"skill_{n}": forms.ChoiceField(label=_("Proven skill"), required=False, choices=[("", _("Any")), *skills]),
                f"tier_{n}": forms.TypedChoiceField(label=_("at least at"), required=False, choices=tiers, coerce=int, initial=0),
            }
        self.dress()

    @property
    def language_rows(self) -> Iterable[tuple[Any, Any]]:
        return [(self[f"language_{n}"], self[f"level_{n}"]) for n in range(ROWS)]

    @property
    def skill_rows(self) -> Iterable[tuple[Any, Any]]:
        return [(self[f"skill_{n}"], self[f"tier_{n}"]) for n in range(ROWS)]

    def rule(self) -> Rule:
        """The rule that these answers make."""
        asked = self.cleaned_data
        parts: list[Rule] = [{"fact": "country", "in": asked["countries"]}] if asked["countries"] else []
        for n in range(ROWS):
            if code := asked[f"language_{n}"]:
                parts.append({"fact": "language", "code": code, "level": asked[f"level_{n}"] or "A1"})
            if skill := asked[f"skill_{n}"]:
                parts.append({"fact": "skill", "skill": skill, "tier": asked[f"tier_{n}"] or 0})
        if asked["accepted"]:
            parts.append({"fact": "accepted", "least": asked["accepted"]})
        parts += [{"fact": "credential", "domain": domain} for domain in asked["credentials"]]
        if agency := asked["agency"]:
            parts.append({"fact": "agency", "agency": agency})
        if version := asked.get("course"):
            parts.append({"fact": "course", "project": self.project, "version": version})
        if exam := asked.get("exam"):
            series, _at, version = exam.partition("@")
            parts.append({"fact": "exam", "exam": series, "version": int(version)})
        return {"all": parts}

    @classmethod
    def initial_of(cls, rule: Rule, *, project: str = "") -> dict[str, Any] | None:
        """The answers that make this rule; None for one that only the API can write. `project`: whose course the form asks for."""
        if set(rule) != {"all"}:
            return None
        found: dict[str, Any] = {}
        rows = {"language": 0, "skill": 0}
        for leaf in rule["all"]:
            match leaf:
                case {"fact": "country", "in": codes} if "countries" not in found:
                    found["countries"] = codes
                case {"fact": "language", "code": code, "level": level} if rows["language"] < ROWS:
                    found |= {f"language_{rows['language']}": code, f"level_{rows['language']}": level}
                    rows["language"] += 1
                case {"fact": "skill", "skill": skill, "tier": tier} if rows["skill"] < ROWS:
                    found |= {f"skill_{rows['skill']}": skill, f"tier_{rows['skill']}": tier}
                    rows["skill"] += 1
                case {"fact": "accepted", "least": least} if "accepted" not in found:
                    found["accepted"] = least
                case {"fact": "credential", "domain": domain} if domain not in found.get("credentials", ()):
                    found["credentials"] = [*found.get("credentials", ()), domain]
                case {"fact": "agency", "agency": agency} if "agency" not in found:
                    found["agency"] = agency
                case {"fact": "course", "project": of, "version": version} if of == project and "course" not in found:
                    found["course"] = version
                case {"fact": "exam", "exam": exam, "version": version} if "exam" not in found:
                    found["exam"] = f"{exam}@{version}"
                case _:
                    return None
        return found


def _course_field(newest: int) -> forms.TypedChoiceField:
    versions = [(n, _("passed, version %(n)s or later") % {"n": n}) for n in range(newest, max(newest - 20, 0), -1)]
    return forms.TypedChoiceField(
        label=_("This project's course"), required=False, coerce=int, empty_value=None, choices=[("", _("Not asked for")), *versions],
        help_text=_("A version of the course is a version of the guideline. Who passed an older one is shown only what changed."),
    )  # fmt: skip


def _exam_field(exams: Sequence[tuple[str, str, int]]) -> forms.ChoiceField:
    asked = [
        (f"{series}@{n}", _("%(title)s: passed for version %(n)d or later") % {"title": title, "n": n})
        for series, title, newest in exams for n in range(newest, max(newest - 20, 0), -1)
    ]  # fmt: skip
    return forms.ChoiceField(
        label=_("A test by this guideline"), required=False, choices=[("", _("Not asked for")), *asked],
        help_text=_("While people work here, a newer version is announced first; its page says how many it would shut out."),
    )  # fmt: skip
