"""The one rule format: a tree of all / any / not over typed facts, checked, judged, explained and written as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kit.errors import Invalid, Text
from workers.models.setup import DOMAINS, IDENTITY
from workers.preferences import CONTENT

DEPTH = 6
LEAVES = 50
CREDENTIAL_DOMAINS: dict[str, Text] = {**dict(DOMAINS), IDENTITY: _("who they are")}
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LANGUAGE_LEVELS = ("A1", "A2", "B1", "B2", "C1", "C2", "native")

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may ask about a worker."""

    country: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    skills: Mapping[str, int] = field(default_factory=dict)
    accepted: int = 0
    avoids: frozenset[str] = frozenset()
    credentials: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    courses: Mapping[str, int] = field(default_factory=dict)
    exams: Mapping[str, int] = field(default_factory=dict)
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Miss:
    """One leaf of a rule that keeps a worker out: what is asked, what the worker has, by how much that is short, and what
    would open it; `done` of `total` where it can be counted, `course` the project whose course it is, `exam` the series of an exam."""

    fact: str
    wants: str
    has: str
    skill: str | None = None
    gap: str = ""
    opens: str = ""
    done: int | None = None
    total: int | None = None
    course: str | None = None
    exam: str | None = None


OURS = ("content", "pool")
"""Conditions that clients do not write: a client could learn from them who asked to be spared what."""


def check(rule: Any, *, field: str, ours: bool = False) -> Rule:
    """The rule, normalised; raises Invalid that names the faulty place. `ours` lets conditions pass that clients may not use."""
    count = [0]
    checked = _check(rule, field, 0, count)
    if not ours and any(leaf["fact"] in OURS for leaf in leaves(checked)):
        raise Invalid(_("Conditions on pools and on content are set by the platform, not in a rule."), field=field)
    if count[0] > LEAVES:
        raise Invalid(_("A rule may have at most 50 conditions."), field=field)
    return checked


def _check(rule: Any, place: str, depth: int, count: list[int]) -> Rule:
    if not isinstance(rule, dict) or depth > DEPTH:
        raise Invalid(_("Expected a rule such as {\"all\": [...]}, at most 6 levels deep."), field=place)
    for word in ("all", "any"):
        if set(rule) == {word}:
            if not isinstance(rule[word], list):
                raise Invalid(_("Expected a list of conditions."), field=f"{place}.{word}")
            return {word: [_check(part, f"{place}.{word}[{at}]", depth + 1, count) for at, part in enumerate(rule[word])]}
    if set(rule) == {"not"}:
        inner = _check(rule["not"], f"{place}.not", depth + 1, count)
        if not any(leaves(inner)):
            raise Invalid(_("Name at least one condition: this would keep everybody out."), field=f"{place}.not")
        return {"not": inner}
    count[0] += 1
    return _check_leaf(rule, place)


def _check_leaf(rule: Rule, place: str) -> Rule:
    """A leaf: {"fact": "country", "in": [...]}, {"fact": "language", "code", "level"}, {"fact": "skill", "skill", "tier"},
    {"fact": "accepted", "least": n}, {"fact": "credential", "domain"}, {"fact": "course", "project": id, "version": n}: passed
    at that version or a later one, {"fact": "exam", "exam": series, "version": n}: passed when its guideline had that version or a later
    one, {"fact": "agency", "agency": id}: in that agency's team, {"fact": "pool", "pool": id}, or {"fact": "content", "shows": [...]},
    which lets in who has not asked to be spared any of it."""
    match rule:
        case {"fact": "country", "in": list(codes)} if codes and len(rule) == 2:
            if all(isinstance(code, str) and len(code) == 2 and code.isalpha() for code in codes):
                return {"fact": "country", "in": sorted({code.upper() for code in codes})}
        case {"fact": "language", "code": str(code), "level": str(level)} if len(rule) == 3:
            if level in LANGUAGE_LEVELS and 2 <= len(code) <= 3 and code.isalpha():
                return {"fact": "language", "code": code.lower(), "level": level}
        case {"fact": "skill", "skill": str(slug), "tier": int(tier)} if len(rule) == 3:
            if slug and len(slug) <= 80 and "\x00" not in slug and 0 <= tier <= 3 and not isinstance(tier, bool):
                return {"fact": "skill", "skill": slug, "tier": tier}
        case {"fact": "accepted", "least": int(least)} if len(rule) == 2:
            if 0 <= least <= 1_000_000 and not isinstance(least, bool):
                return {"fact": "accepted", "least": least}
        case {"fact": "credential", "domain": str(domain)} if len(rule) == 2 and domain in CREDENTIAL_DOMAINS:
            return {"fact": "credential", "domain": domain}
        case {"fact": "course", "project": str(project), "version": int(version)} if len(rule) == 3:
            if UUID.fullmatch(project) and 1 <= version <= 100_000 and not isinstance(version, bool):
                return {"fact": "course", "project": project.lower(), "version": version}
        case {"fact": "exam", "exam": str(exam), "version": int(version)} if len(rule) == 3:
            if UUID.fullmatch(exam) and 1 <= version <= 100_000 and not isinstance(version, bool):
                return {"fact": "exam", "exam": exam.lower(), "version": version}
        case {"fact": "agency", "agency": str(agency)} if len(rule) == 2 and UUID.fullmatch(agency):
            return {"fact": "agency", "agency": agency.lower()}
        case {"fact": "pool", "pool": str(pool)} if len(rule) == 2 and UUID.fullmatch(pool):
            return {"fact": "pool", "pool": pool.lower()}
        case {"fact": "content", "shows": list(kinds)} if kinds and len(rule) == 2:
            if all(isinstance(kind, str) and kind in CONTENT for kind in kinds):
                return {"fact": "content", "shows": sorted(set(kinds))}
    raise Invalid(
        _(
            "Expected a condition on country (in), language (code, level), skill (skill, tier 0-3), accepted (least), credential "
            "(domain), course (project, version), exam (exam, version) or agency (agency)."
        ),
        field=place,
    )


def skills_of(rule: Rule) -> set[str]:
    """The skills that a rule asks for; those that it shuts out are none of them."""
    if "not" in rule:
        return set()
    parts = [part for key in ("all", "any") for part in rule.get(key, ())]
    own = {str(rule["skill"])} if rule.get("fact") == "skill" else set()
    return own.union(*(skills_of(part) for part in parts))


def agencies_of(rule: Rule) -> set[str]:
    """The agencies that a rule asks for; those that it shuts out are none of them."""
    if "not" in rule:
        return set()
    own = {str(rule["agency"])} if rule.get("fact") == "agency" else set()
    return own.union(*(agencies_of(part) for key in ("all", "any") for part in rule.get(key, ())))


def without_course(rule: Rule, project: str) -> Rule:
    """The rule as it is for somebody who has passed the newest version of this project's course."""
    for word in ("all", "any"):
        if word in rule:
            return {word: [without_course(part, project) for part in rule[word]]}
    if "not" in rule:
        return {"not": without_course(rule["not"], project)}
    return {"all": []} if rule["fact"] == "course" and rule["project"] == project else rule


def with_exam(rule: Rule, exam: str, version: int) -> Rule:
    """The rule that asks for this exam at a version of its guideline or a later one: in place of an older one, or besides."""
    if exam not in exams_of(rule):
        return {"all": [*rule.get("all", [rule]), {"fact": "exam", "exam": exam, "version": version}]}
    for word in ("all", "any"):
        if word in rule:
            return {word: [with_exam(part, exam, version) if exam in exams_of(part) else part for part in rule[word]]}
    return rule if "not" in rule else {**rule, "version": max(version, rule["version"])}


def exams_of(rule: Rule) -> dict[str, int]:
    """The exams that a rule asks for, by series, at the highest version that it names; those that it shuts out are none of them."""
    if "not" in rule:
        return {}
    found: dict[str, int] = {rule["exam"]: rule["version"]} if rule.get("fact") == "exam" else {}
    for part in [*rule.get("all", ()), *rule.get("any", ())]:
        for exam, version in exams_of(part).items():
            found[exam] = max(version, found.get(exam, 0))
    return found


def holds(rule: Rule, facts: Facts) -> bool:
    """Whether a worker with these facts is let in."""
    if "all" in rule:
        return all(holds(part, facts) for part in rule["all"])
    if "any" in rule:
        return not rule["any"] or any(holds(part, facts) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], facts)
    return _leaf_holds(rule, facts)


def _leaf_holds(leaf: Rule, facts: Facts) -> bool:
    match leaf["fact"]:
        case "country":
            return facts.country in leaf["in"]
        case "language":
            return place_of_level(facts.languages.get(leaf["code"])) >= place_of_level(leaf["level"])
        case "skill":
            return facts.skills.get(leaf["skill"], -1) >= int(leaf["tier"])
        case "credential":
            return leaf["domain"] in facts.credentials
        case "course":
            return facts.courses.get(leaf["project"], 0) >= int(leaf["version"])
        case "exam":
            return facts.exams.get(leaf["exam"], 0) >= int(leaf["version"])
        case "agency":
            return facts.agency == str(leaf["agency"])
        case "pool":
            return leaf["pool"] in facts.pools
        case "content":
            return not facts.avoids.intersection(leaf["shows"])
        case _:
            return facts.accepted >= int(leaf["least"])


def place_of_level(level: str | None) -> int:
    return LANGUAGE_LEVELS.index(level) if level in LANGUAGE_LEVELS else -1


def misses(rule: Rule, facts: Facts) -> list[Miss]:
    """The conditions that keep this worker out; for `any`, those of the branch that misses least."""
    if holds(rule, facts):
        return []
    if "all" in rule:
        return [miss for part in rule["all"] for miss in misses(part, facts)]
    if "any" in rule:
        return min((misses(part, facts) for part in rule["any"]), key=len)
    if "not" in rule:
        return [_miss(leaf, facts, negated=True) for leaf in leaves(rule["not"])]
    return [_miss(rule, facts)]


def _miss(leaf: Rule, facts: Facts, *, negated: bool = False) -> Miss:
    wants, has = _wanted(leaf), _had(leaf, facts)
    shown = str(_("not: %(wants)s") % {"wants": wants}) if negated else str(wants)
    if negated:
        return Miss(fact=leaf["fact"], wants=shown, has=str(has), skill=leaf.get("skill"), opens=str(_CLOSED_FOR_GOOD))
    return Miss(
        fact=leaf["fact"], wants=shown, has=str(has), skill=leaf.get("skill"), gap=str(_gap(leaf, facts)),
        opens=str(IDENTITY_OPENS if leaf.get("domain") == IDENTITY else OPENS[leaf["fact"]]),
        done=facts.accepted if leaf["fact"] == "accepted" else None, total=leaf.get("least"),
        course=leaf["project"] if leaf["fact"] == "course" else None, exam=leaf.get("exam"),
    )


IDENTITY_OPENS = _("Show an identity document on our payments provider's page: five minutes, in your first steps.")
_CLOSED_FOR_GOOD = _("Nothing that you could do: this work is meant for others.")

OPENS: dict[str, Text] = {
    "country": _("This follows from the country in your profile."),
    "language": _("If you know the language that well, name it in your profile."),
    "skill": _("Pass the test of the skill at that tier, or prove it with a credential."),
    "accepted": _("Each accepted answer in any project counts."),
    "credential": _("Hand in a document that proves it; a person looks at it within three days."),
    "course": _("Take the course: it shows the guideline and lets you practise; every answer is explained at once."),
    "exam": _("Pass the test for the newer guideline. Who passed it before is asked what has changed, where its owner chose so."),
    "agency": _("This work is for the team of an agency. You need no agency to work here; other projects are open to everybody."),
    "pool": _("This work is for people who were invited or chosen. You can ask the people of the project on its page."),
    "content": _("You asked not to see this. It costs you nothing; change it whenever you like."),
}
"""What would open a door, by the fact that keeps it shut."""


def _gap(leaf: Rule, facts: Facts) -> Text:
    """By how much somebody falls short; empty where that is no amount."""
    match leaf["fact"]:
        case "accepted":
            return _("%(count)s more accepted tasks") % {"count": int(leaf["least"]) - facts.accepted}
        case "skill" if (tier := facts.skills.get(leaf["skill"])) is not None:
            short = int(leaf["tier"]) - tier
            return ngettext("%(count)s tier higher", "%(count)s tiers higher", short) % {"count": short}
        case "language" if (known := facts.languages.get(leaf["code"])) in LANGUAGE_LEVELS:
            short = place_of_level(leaf["level"]) - place_of_level(known)
            return ngettext("%(count)s level higher", "%(count)s levels higher", short) % {"count": short}
    return ""


def _wanted(leaf: Rule) -> Text:
    match leaf["fact"]:
        case "country":
            return _("country is one of %(countries)s") % {"countries": ", ".join(leaf["in"])}
        case "language":
            return _("%(language)s at %(level)s or better") % {"language": leaf["code"], "level": leaf["level"]}
        case "skill":
            return _("skill %(skill)s at tier %(tier)s or higher") % {"skill": leaf["skill"], "tier": leaf["tier"]}
        case "credential" if leaf["domain"] == IDENTITY:
            return _("a confirmed identity")
        case "credential":
            return _("a verified credential: %(domain)s") % {"domain": CREDENTIAL_DOMAINS[leaf["domain"]]}
        case "course":
            return _("the project's course passed, version %(version)s or later") % {"version": leaf["version"]}
        case "exam":
            return _("a test passed for version %(version)s of its guideline, or a later one") % {"version": leaf["version"]}
        case "agency":
            return _("is in the team of a certain agency")
        case "pool":
            return _("belongs to a pool of people")
        case "content":
            return _("is fine with seeing: %(kinds)s") % {"kinds": ", ".join(str(CONTENT[kind]) for kind in leaf["shows"])}
        case _:
            return _("at least %(count)s accepted tasks") % {"count": leaf["least"]}


def _had(leaf: Rule, facts: Facts) -> Text:
    match leaf["fact"]:
        case "country":
            return facts.country or _("not stated")
        case "language":
            return facts.languages.get(leaf["code"]) or _("not stated")
        case "skill":
            tier = facts.skills.get(leaf["skill"])
            return _("not proven") if tier is None else _("tier %(tier)s") % {"tier": tier}
        case "credential":
            return _("none verified")
        case "course":
            passed = facts.courses.get(leaf["project"])
            return _("version %(version)s passed") % {"version": passed} if passed else _("not passed")
        case "exam":
            passed = facts.exams.get(leaf["exam"])
            return _("passed for version %(version)s") % {"version": passed} if passed else _("not passed")
        case "pool" | "agency":
            return _("not in it")
        case "content":
            return _("spared, as you asked")
        case _:
            return str(facts.accepted)


def leaves(rule: Rule) -> Iterator[Rule]:
    """Every condition of the tree."""
    for part in rule.get("all", []) + rule.get("any", []):
        yield from leaves(part)
    if "not" in rule:
        yield from leaves(rule["not"])
    if "fact" in rule:
        yield rule
