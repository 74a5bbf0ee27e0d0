"""The forms of a client's pages; the rules behind them are the stages' own, a form only reads and words them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kit.errors import Text
from marketplace.models.projects import AIUse, Project, ReviewRule
from marketplace.rules import CREDENTIAL_DOMAINS, LANGUAGE_LEVELS, Rule
from task_types import registry
from workers.countries import COUNTRIES
from workers.languages import LANGUAGES, LEVEL_NAMES
from workers.preferences import CONTENT

CLASSES = {
    forms.CheckboxInput: "form-check-input", forms.Select: "form-select", forms.Textarea: "form-control",
    forms.CheckboxSelectMultiple: "", forms.RadioSelect: "",
}  # fmt: skip


class Styled(forms.Form):
    """A form whose widgets wear the product's classes, for templates that set fields one by one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dress()

    def dress(self) -> None:
        """Give every widget its class; again after fields were added."""
        for field in self.fields.values():
            wanted = next((css for kind, css in CLASSES.items() if type(field.widget) is kind), "form-control")
            if wanted:
                field.widget.attrs.setdefault("class", wanted)


class NewProject(Styled):
    """What a project cannot be without; the rest has good defaults and can be changed later."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Workers see it: say what the work is about."))
    task_type = forms.ChoiceField(label=_("Kind of work"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["task_type"]
        assert isinstance(kinds, forms.ChoiceField)
        kinds.choices = [(slug, drawer.name) for slug, drawer in registry.drawers().items()]


PRICE: dict[str, Any] = {"min_value": Decimal("0.0001"), "max_value": 1000, "max_digits": 8, "decimal_places": 4}
SHARE: dict[str, Any] = {"min_value": 0, "max_value": 100, "decimal_places": 2}


SHARING = [("fair", _("shared out among those who ask")), ("first", _("first come, first served"))]


def _decimal(label: Any, help_text: Any = "", *, required: bool = True, **bounds: Any) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(label=label, help_text=help_text, required=required, widget=widget, **bounds)


class Terms(Styled):
    """What the work pays, how often each task is answered, and who judges."""

    answer_price = _decimal(_("An answer pays"), **PRICE)
    answer_unit = forms.ChoiceField(label=_("For each"), required=False)
    answer_most = forms.IntegerField(
        label=_("Paid at most for one task"), min_value=1, max_value=10_000, required=False,
        help_text=_("Of that unit: this is reserved for every answer. One at least is always paid."),
    )
    review_price = _decimal(_("A review pays"), _("Needed where workers review answers."), required=False, **PRICE)
    overlap = forms.IntegerField(label=_("Answers for each task"), min_value=1, max_value=30)
    max_overlap = forms.IntegerField(
        label=_("At most"), min_value=1, max_value=60, help_text=_("Used where answers disagree and a target is set.")
    )
    target_accuracy = _decimal(
        _("Target accuracy"),
        _(
            "Empty: each task gets the same number of answers. Set: work goes on until the answer is this sure, a rating this surely "
            "within the tolerance, transcripts or boxes this much alike."
        ), required=False,
        min_value=50, max_value=Decimal("99.99"), decimal_places=2,
    )  # fmt: skip
    review_rule = forms.ChoiceField(label=_("Who judges the answers?"), choices=ReviewRule.choices, widget=forms.RadioSelect)
    sampled_share = _decimal(
        _("Share that is reviewed"), _("Of people with a record; newcomers are always reviewed."), required=False, **SHARE
    )
    judge_hours = forms.IntegerField(
        label=_("Time to judge"), min_value=1, max_value=168, help_text=_("After that, silence accepts and pays.")
    )
    expected_seconds = forms.IntegerField(
        label=_("A task takes about"), min_value=1, max_value=14_400, help_text=_("Until enough answers are measured.")
    )
    lease_seconds = forms.IntegerField(
        label=_("A worker may hold it for"), min_value=30, max_value=86_400, help_text=_("Working on it extends the time.")
    )
    daily_cap = forms.IntegerField(
        label=_("Tasks of one person a day"), min_value=1, max_value=100_000, required=False, help_text=_("Empty: no limit.")
    )
    bonus_pool = _decimal(_("Bonus pool"), _("Set aside on top, for bonuses; what is left comes back."), required=False, **SHARE)
    floor_pool = _decimal(
        _("Top-up pool"), _("Set aside on top, for people whose tasks took unusually long."), required=False, **SHARE
    )
    floor_per_hour = _decimal(
        _("An hour pays at least"), _("Of active time. What a day falls short of it is paid the night after, from the top-up pool."),
        required=False, min_value=0, max_value=1000, decimal_places=4,
    )  # fmt: skip
    quality_bonus = _decimal(
        _("Bonus for an answer that proves right"), _("Paid when the task's result settles and the answer agrees with it."),
        required=False, min_value=0, max_value=1000, decimal_places=4,
    )  # fmt: skip
    quality_bonus_least = _decimal(
        _("for results at least this sure"), required=False, min_value=50, max_value=Decimal("99.99"), decimal_places=2
    )
    countries = forms.CharField(
        label=_("Another price by country"), required=False, max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "characters"}),
        help_text=_("One a line, such as IN 80 %. Empty: the same price for everybody. Workers are shown what you write here."),
    )  # fmt: skip
    ai_use = forms.ChoiceField(label=_("AI tools"), choices=AIUse.choices)
    content_warnings = forms.MultipleChoiceField(
        label=_("The work shows"), required=False, choices=list(CONTENT.items()), widget=forms.CheckboxSelectMultiple,
        help_text=_("Workers read it before they start; who asked to be spared it is not offered the work, without any penalty."),
    )  # fmt: skip
    sharing = forms.ChoiceField(
        label=_("When tasks are few"), required=False, choices=SHARING,
        help_text=_("Few: less than ten minutes of work for each person who asks. Shared out: nobody takes more than twice what is usual."),
    )
    best_first_minutes = forms.IntegerField(
        label=_("The best go first for"), required=False, min_value=0, max_value=1_440,
        help_text=_("After each launch. Empty: nobody does."),
    )
    best_first_low = _decimal(
        _("from a score of"), _("Its lower end in this project, or else in work of the same kind."), required=False,
        min_value=50, max_value=Decimal("99.99"), decimal_places=2,
    )  # fmt: skip
    expert_skill = forms.ChoiceField(
        label=_("Experts hold the skill"), required=False, help_text=_("They are asked where the target is not reached.")
    )
    expert_tier = forms.TypedChoiceField(
        label=_("at least at"), required=False, coerce=int, empty_value=None, initial=1,
        choices=[(tier, _("tier %(tier)s or higher") % {"tier": tier}) for tier in (1, 2, 3)],
    )  # fmt: skip
    expert_price = _decimal(_("An expert's answer pays"), _("Empty: as much as any answer."), required=False, **PRICE)
    adjudication_price = _decimal(
        _("An adjudication pays"), _("For the expert who sees all answers and decides."), required=False, **PRICE
    )
    adjudication_share = _decimal(
        _("Tasks that may be adjudicated"), _("Reserved at launch; beyond it results stay as they are."), required=False,
        **SHARE,
    )  # fmt: skip

    PLAIN = ("overlap", "max_overlap", "review_rule", "judge_hours", "expected_seconds", "lease_seconds", "daily_cap", "ai_use",
             "content_warnings")  # fmt: skip
    SHARES = ("sampled_share", "bonus_pool", "floor_pool", "adjudication_share", "quality_bonus_least", "best_first_low")
    AMOUNTS = ("floor_per_hour", "quality_bonus")

    def __init__(
        self, *args: Any, skills: Sequence[tuple[str, str]] = (), units: Sequence[tuple[str, Text]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["answer_unit"]
        assert isinstance(unit, forms.ChoiceField)
        unit.choices = list(units)
        field = self.fields["expert_skill"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Ask no experts")), *skills]

    @classmethod
    def initial_of(cls, project: Project, prices: dict[str, Decimal | None]) -> dict[str, Any]:
        """The form's values for a project: prices by field, shares in percent."""
        found: dict[str, Any] = {name: getattr(project, name) for name in cls.PLAIN}
        found |= {name: Decimal(getattr(project, f"{name}_bp")) / 100 for name in cls.SHARES}
        found |= {name: price.normalize() if price else None for name, price in prices.items()}
        found |= {name: _figure(getattr(project, f"{name}_units")) for name in cls.AMOUNTS}
        found["countries"] = "\n".join(f"{code} {share / 100:g} %" for code, share in project.country_bp.items())
        found |= {"expert_skill": project.expert_skill or "", "expert_tier": project.expert_tier or 1}
        found |= {"sharing": "fair" if project.fair_shares else "first", "best_first_minutes": project.best_first_minutes or None}
        target = project.target_accuracy_bp
        return found | {"target_accuracy": Decimal(target) / 100 if target else None}

    def options(self) -> dict[str, Any]:
        """What `projects.change` takes; a share left empty stays as it is."""
        given = self.cleaned_data
        found = {name: given[name] for name in self.PLAIN}
        found |= {f"{name}_bp": int(given[name] * 100) for name in self.SHARES if given[name] is not None}
        found |= {f"{name}_units": int((given[name] or 0) * 10_000) for name in self.AMOUNTS}
        found["country_bp"] = given["countries"]
        found |= {"best_first_minutes": given["best_first_minutes"] or 0, "fair_shares": given["sharing"] != "first"}
        target, skill = given["target_accuracy"], given["expert_skill"] or None
        found |= {"expert_skill": skill, "expert_tier": (given["expert_tier"] or 1) if skill else None}
        return found | {"target_accuracy_bp": int(target * 100) if target else None}

    def clean_countries(self) -> dict[str, int]:
        """Basis points by country."""
        found = {}
        for line in filter(str.strip, self.cleaned_data["countries"].splitlines()):
            parts = COUNTRY_LINE.fullmatch(line.strip())
            if parts is None:
                raise forms.ValidationError(_("Expected one country a line, such as IN 80 %."))
            found[parts[1].upper()] = int(Decimal(parts[2].replace(",", ".")) * 100)
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("answer_unit") or "task") != "task" and not given.get("answer_most") and "answer_most" not in self.errors:
            self.add_error("answer_most", _("Say how many of them one task pays at most."))
        return given

    def unit(self) -> dict[str, Any]:
        """What an answer is paid by, as `projects.set_rate` takes it."""
        unit = self.cleaned_data["answer_unit"] or "task"
        return {"unit": unit, "most_units": self.cleaned_data["answer_most"] if unit != "task" else 1}

    def priced(self) -> dict[str, tuple[str, int]]:
        """Slot kind and tier of each price that the form sets."""
        found = {"answer_price": ("answer", 0), "review_price": ("review", 0)}
        if not self.cleaned_data["expert_skill"]:
            return found
        tier = self.cleaned_data["expert_tier"] or 1
        return found | {"expert_price": ("answer", tier), "adjudication_price": ("adjudication", tier)}


COUNTRY_LINE = re.compile(r"([A-Za-z]{2})[ :=]+(\d{1,3}(?:[.,]\d{1,2})?) ?%?")


def _figure(units: int) -> Decimal | None:
    return (Decimal(units) / 10_000).normalize() if units else None


ROWS = 3
"""Languages and skills that the form can ask for; the API takes more."""


def _by_name(names: Mapping[str, Text]) -> list[tuple[str, Text]]:
    """Codes with their names, in the alphabet of the moment."""
    return sorted(names.items(), key=lambda pair: str(pair[1]))


class Eligibility(Styled):
    """Who may work, as the usual questions; the API takes the whole rule format."""

    countries = forms.MultipleChoiceField(label=_("Countries"), required=False, widget=forms.CheckboxSelectMultiple)
    accepted = forms.IntegerField(
        label=_("Accepted tasks before, on the whole platform"), min_value=0, max_value=1_000_000, required=False,
        help_text=_("Empty: newcomers may start here."),
    )
    credentials = forms.MultipleChoiceField(
        label=_("Verified credentials, all of them"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=list(CREDENTIAL_DOMAINS.items()),
    )  # fmt: skip

    def __init__(self, *args: Any, skills: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        return {"all": parts}

    @classmethod
    def initial_of(cls, rule: Rule) -> dict[str, Any] | None:
        """The answers that make this rule; None for one that only the API can write."""
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
                case _:
                    return None
        return found


class Guideline(Styled):
    """The next version of how the work is done."""

    markdown = forms.CharField(
        label=_("Guideline"), widget=forms.Textarea(attrs={"rows": 24, "dir": "auto", "spellcheck": "true"}),
        max_length=100_000, strip=False,
    )  # fmt: skip
    what_changed = forms.CharField(
        label=_("What changed"), max_length=300, required=False, help_text=_("Workers read it above the new version.")
    )


class GoldShares(Styled):
    """How much of a worker's tasks are known ones."""

    gold_least = _decimal(_("For people we know well"), min_value=0, max_value=50, decimal_places=2)
    gold_most = _decimal(_("For newcomers"), min_value=0, max_value=50, decimal_places=2)


VOID_WHY = (
    ("wrong_answer", _("The known answer is wrong")), ("ambiguous", _("Several answers are right")),
    ("known_outside", _("The task is known outside")), ("outdated", _("The guideline changed")),
)  # fmt: skip


class VoidGold(Styled):
    """Why a known answer is given out no more."""

    why = forms.ChoiceField(label=_("Why?"), choices=VOID_WHY)


class NewBatch(Styled):
    """A batch begins with its name."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For you and your colleagues; workers do not see it."))


PRIORITIES = ((80, _("High: before our other work")), (50, _("Normal")), (20, _("Low: when nothing else waits")))


class Plan(Styled):
    """Where a batch stands in the order, and when its results are wanted."""

    priority = forms.TypedChoiceField(label=_("Priority"), choices=PRIORITIES, coerce=int, initial=50)
    deadline = forms.DateTimeField(
        label=_("Wanted by"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Progress is measured against it. Empty: as it comes."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, now = self.fields["priority"], self.initial.get("priority")
        assert isinstance(field, forms.ChoiceField)
        if now is not None and now not in dict(PRIORITIES):
            field.choices = [*PRIORITIES, (now, str(now))]


class Launch(Plan):
    """The last decisions before money is reserved."""

    pilot = forms.BooleanField(label=_("Start with a pilot"), required=False)
    pilot_size = forms.IntegerField(label=_("Tasks of the pilot"), min_value=1, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("pilot") and not given.get("pilot_size"):
            self.add_error("pilot_size", _("Say how many tasks the pilot has."))
        return given

    def size(self) -> int | None:
        return self.cleaned_data["pilot_size"] if self.cleaned_data["pilot"] else None
