"""The forms of a client's pages; the rules behind them are the stages' own, a form only reads and words them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models.projects import AIUse, ReviewRule
from task_types import registry
from task_types.contract import SettingField

LINES_HELP = _("One per line.")


class NewProject(forms.Form):
    """What a project cannot be without; the rest has good defaults and can be changed later."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Workers see it."))
    task_type = forms.ChoiceField(label=_("Kind of work"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["task_type"]
        assert isinstance(kinds, forms.ChoiceField)
        kinds.choices = [(slug, drawer.name) for slug, drawer in registry.drawers().items()]


class Settings(forms.Form):
    """What a drawer asks a client to decide, as form fields made from its own description."""

    def __init__(self, *args: Any, fields: tuple[SettingField, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.described = fields
        for field in fields:
            self.fields[field.name] = _form_field(field)
            self.initial.setdefault(field.name, _shown(field, field.default))

    @classmethod
    def initial_of(cls, fields: tuple[SettingField, ...], settings: dict[str, Any]) -> dict[str, Any]:
        return {field.name: _shown(field, settings.get(field.name, field.default)) for field in fields}

    def settings(self) -> dict[str, Any]:
        """The values as the drawer's `check_settings` takes them."""
        return {field.name: _read(field, self.cleaned_data.get(field.name)) for field in self.described}


def _form_field(field: SettingField) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    match field.kind:
        case "yes_no":
            return forms.BooleanField(**common)
        case "number":
            return forms.IntegerField(min_value=field.low, max_value=field.high, **common)
        case "select":
            return forms.ChoiceField(choices=field.options, **common)
        case "labels" | "criteria" | "long_text":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}), **common)
        case _:
            return forms.CharField(**common)


def _shown(field: SettingField, value: Any) -> Any:
    """Labels and criteria are written one per line: `value = name - description`, parts after the first optional."""
    if field.kind in {"labels", "criteria"} and isinstance(value, list):
        return "\n".join(_line(item) for item in value)
    return value


def _line(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    value, label = str(item.get("value", "")), str(item.get("label", ""))
    text = value if label in ("", value) else f"{value} = {label}"
    return f"{text} - {item['description']}" if item.get("description") else text


def _read(field: SettingField, value: Any) -> Any:
    if field.kind in {"labels", "criteria"}:
        return [_item(line) for line in str(value or "").splitlines() if line.strip()]
    return value


def _item(line: str) -> dict[str, str]:
    head, _dash, description = line.partition(" - ")
    value, equals, label = head.partition("=")
    item = {"value": value.strip(), "label": (label if equals else value).strip()}
    return item | ({"description": description.strip()} if description.strip() else {})


class Terms(forms.Form):
    """What the work pays, how often each task is answered, and who judges."""

    answer_price = forms.DecimalField(
        label=_("An answer pays"), min_value=Decimal("0.0001"), max_value=1000, max_digits=8, decimal_places=4
    )
    review_price = forms.DecimalField(
        label=_("A review pays"), min_value=Decimal("0.0001"), max_value=1000, max_digits=8, decimal_places=4, required=False,
        help_text=_("Needed where workers review answers."),
    )
    overlap = forms.IntegerField(label=_("Answers for each task"), min_value=1, max_value=30)
    max_overlap = forms.IntegerField(
        label=_("At most"), min_value=1, max_value=60, help_text=_("Used where answers disagree and a target is set.")
    )
    target_accuracy = forms.DecimalField(
        label=_("Target accuracy in percent"), min_value=50, max_value=Decimal("99.99"), decimal_places=2, required=False,
        help_text=_("Empty: each task gets the same number of answers. Set: work goes on until the answer is this sure."),
    )
    review_rule = forms.ChoiceField(label=_("Who judges the answers?"), choices=ReviewRule.choices)
    judge_hours = forms.IntegerField(
        label=_("Hours to judge"), min_value=1, max_value=168, help_text=_("After that, silence accepts and pays.")
    )
    expected_seconds = forms.IntegerField(label=_("Seconds a task takes"), min_value=1, max_value=14_400)
    lease_seconds = forms.IntegerField(
        label=_("Seconds a worker may hold it"), min_value=30, max_value=86_400, help_text=_("Working extends it.")
    )
    daily_cap = forms.IntegerField(label=_("Tasks a worker may do a day"), min_value=1, max_value=100_000, required=False)
    ai_use = forms.ChoiceField(label=_("AI tools"), choices=AIUse.choices)


class Eligibility(forms.Form):
    """Who may work, as the usual four questions; the API takes the whole rule format."""

    countries = forms.CharField(
        label=_("Countries"), required=False, help_text=_("Two-letter codes with commas between. Empty: everywhere.")
    )
    language = forms.CharField(label=_("Language"), required=False, max_length=3, help_text=_("Two letters, such as en."))
    level = forms.ChoiceField(
        label=_("At least at level"), required=False,
        choices=[(level, level) for level in ("A1", "A2", "B1", "B2", "C1", "C2", "native")], initial="B1",
    )
    skill = forms.ChoiceField(label=_("Proven skill"), required=False)
    tier = forms.IntegerField(label=_("At least at tier"), min_value=0, max_value=3, required=False, initial=0)
    accepted = forms.IntegerField(label=_("Accepted tasks before"), min_value=0, max_value=1_000_000, required=False)

    def __init__(self, *args: Any, skills: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["skill"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *skills]

    def rule(self) -> dict[str, Any]:
        """The rule that these answers make."""
        asked = self.cleaned_data
        parts: list[dict[str, Any]] = []
        if codes := [code.strip() for code in asked["countries"].split(",") if code.strip()]:
            parts.append({"fact": "country", "in": codes})
        if asked["language"]:
            parts.append({"fact": "language", "code": asked["language"], "level": asked["level"]})
        if asked["skill"]:
            parts.append({"fact": "skill", "skill": asked["skill"], "tier": asked["tier"] or 0})
        if asked["accepted"]:
            parts.append({"fact": "accepted", "least": asked["accepted"]})
        return {"all": parts}

    @staticmethod
    def initial_of(rule: dict[str, Any]) -> dict[str, Any] | None:
        """The answers that make this rule; None for one that only the API can write."""
        found: dict[str, Any] = {}
        if set(rule) != {"all"}:
            return None
        for leaf in rule["all"]:
            match leaf:
                case {"fact": "country", "in": codes}:
                    found["countries"] = ", ".join(codes)
                case {"fact": "language", "code": code, "level": level}:
                    found |= {"language": code, "level": level}
                case {"fact": "skill", "skill": skill, "tier": tier}:
                    found |= {"skill": skill, "tier": tier}
                case {"fact": "accepted", "least": least}:
                    found["accepted"] = least
                case _:
                    return None
        return found


class Guideline(forms.Form):
    """The next version of how the work is done."""

    markdown = forms.CharField(
        label=_("Guideline"), widget=forms.Textarea(attrs={"rows": 18, "dir": "auto"}), max_length=100_000, strip=False
    )
    what_changed = forms.CharField(label=_("What changed"), max_length=300, required=False)


class NewBatch(forms.Form):
    """A batch begins with its name."""

    name = forms.CharField(label=_("Name of the batch"), max_length=120)


class Launch(forms.Form):
    """The last decisions before money is reserved."""

    priority = forms.IntegerField(label=_("Priority"), min_value=0, max_value=100, initial=50)
    pilot_size = forms.IntegerField(
        label=_("Pilot"), min_value=1, required=False, help_text=_("So many tasks first, then a pause with a new estimate.")
    )
