"""The forms of skills and exams: they check shapes and hand over; the rules live in the stages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qualification import exams, skills
from qualification.models import Exam, ExamItem, Skill
from workers.models import Organisation

CUTS = {1: [0.0], 2: [0.0, 1.0], 3: [-0.5, 0.5, 1.5]}
"""Where tiers of an adaptive exam begin when nothing is said."""


class SkillForm(forms.Form):
    """A new skill, of the platform or of an organisation."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=Skill.KINDS, initial="subject")
    parent = forms.ChoiceField(label=_("Below"), required=False)
    description = forms.CharField(
        label=_("Description"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, owner: Organisation | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tree = [(str(skill.pk), "   " * depth + skill.name) for depth, skill in skills.as_tree(skills.owned_by(owner))]
        self.fields["parent"].choices = [("", _("the top")), *tree]  # type: ignore[attr-defined]


class ExamForm(forms.Form):
    """The rules of an exam."""

    title = forms.CharField(label=_("Title"), max_length=120)
    about = forms.CharField(
        label=_("What it is about"),
        max_length=5000,
        required=False,
        help_text=_("In Markdown; people read it before they start."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    form = forms.ChoiceField(label=_("Form"), choices=Exam.FORMS, required=False)
    tier = forms.TypedChoiceField(
        label=_("Tier it proves, or the highest one"), coerce=int, choices=[(tier, str(tier)) for tier in range(4)]
    )
    pass_percent = forms.IntegerField(label=_("Passed from (%)"), min_value=1, max_value=100)
    minutes = forms.IntegerField(label=_("Time limit (minutes)"), min_value=1, max_value=360)
    draws = forms.IntegerField(label=_("Questions for each attempt"), min_value=1, max_value=100)
    cooldown_hours = forms.IntegerField(label=_("Wait after an attempt (hours)"), min_value=0, max_value=8760)
    max_attempts = forms.IntegerField(label=_("Attempts"), min_value=1, max_value=20)
    second_chance_days = forms.IntegerField(
        label=_("After the last attempt, one more every (days)"),
        min_value=0,
        max_value=3660,
        required=False,
        help_text=_("0 means never."),
    )
    valid_days = forms.IntegerField(label=_("The proof lasts (days)"), min_value=1, max_value=3660)
    cuts = forms.CharField(
        label=_("Adaptive: abilities at which tiers begin"),
        max_length=60,
        required=False,
        help_text=_("One for each tier, such as -0.5, 0.5, 1.5. 0 is the middle of all people, 1 one standard deviation above."),
    )
    confidence_percent = forms.FloatField(
        label=_("Adaptive: ends when a tier is this sure (%)"), min_value=50, max_value=99.9, required=False
    )

    def clean_cuts(self) -> list[float]:
        """Numbers separated by commas."""
        given: str = self.cleaned_data["cuts"]
        try:
            return [float(part) for part in given.split(",") if part.strip()]
        except ValueError:
            raise forms.ValidationError(_("Expected numbers separated by commas.")) from None

    def rules(self) -> dict[str, Any]:
        """As `exams.create` and `exams.change` take them."""
        given = self.cleaned_data
        found: dict[str, Any] = {
            "pass_bp": given["pass_percent"] * 100,
            "time_limit_seconds": given["minutes"] * 60,
            **{name: given[name] for name in ("tier", "draws", "cooldown_hours", "max_attempts", "valid_days")},
            "form": given["form"] or Exam.FIXED,
            "cuts": given["cuts"] or CUTS.get(given["tier"], []),
        }
        if given["confidence_percent"] is not None:
            found["confidence_bp"] = round(given["confidence_percent"] * 100)
        if given["second_chance_days"] is not None:
            found["second_chance_days"] = given["second_chance_days"]
        return found

    @staticmethod
    def initial_of(exam: Exam | None) -> dict[str, Any]:
        """What the form shows at first: the exam's rules, or the defaults."""
        exam = exam or Exam()
        kept = {name: getattr(exam, name) for name in ("title", "about", "form", *exams.BOUNDS)}
        return kept | {
            "pass_percent": exam.pass_bp // 100,
            "minutes": exam.time_limit_seconds // 60,
            "cuts": ", ".join(f"{cut:g}" for cut in exam.cuts),
            "confidence_percent": f"{exam.confidence_bp / 100:g}",
        }


class QuestionForm(forms.Form):
    """One question: multiple choice with options one a line, the right ones marked with a star; a number; a short or a free text."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[choice for choice in ExamItem.KINDS if choice[0] != ExamItem.GOLD], required=False
    )
    text = forms.CharField(label=_("Question"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    options = forms.CharField(
        label=_("Answers"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "One a line. Multiple choice: a star (*) at the beginning marks each right one. Number: the number, then the tolerance "
            "(0.5 or 5 %). Short text: every accepted form. Free text: the rubric, each line as points, space, what for."
        ),
    )
    topic = forms.CharField(label=_("Topic"), max_length=80, required=False, help_text=_("Feedback is given by topic."))

    def row(self) -> dict[str, Any]:
        """As `items.check` takes it."""
        lines = [line.strip() for line in self.cleaned_data["options"].splitlines() if line.strip()]
        kind = self.cleaned_data["kind"] or ExamItem.CHOICE
        given: dict[str, Any] = {"kind": kind, "text": self.cleaned_data["text"], "topic": self.cleaned_data["topic"]}
        if kind == ExamItem.NUMBER:
            return given | {"value": lines[0], "tolerance": lines[1] if len(lines) > 1 else "0"}
        if kind == ExamItem.TEXT:
            return given | {"accepted": lines}
        if kind == ExamItem.PROSE:
            parts = [line.partition(" ") for line in lines]
            return given | {"rubric": [{"points": points, "name": name.strip()} for points, _space, name in parts]}
        return given | {
            "options": [line.removeprefix("*").strip() for line in lines],
            "right": [at for at, line in enumerate(lines, start=1) if line.startswith("*")],
        }


class FileForm(forms.Form):
    """A file with questions: CSV, JSON, or MTurk's QuestionForm with its AnswerKey."""

    file = forms.FileField(label=_("File"))
    key = forms.FileField(label=_("AnswerKey"), required=False)


class VoidForm(forms.Form):
    """What is wrong with a question."""

    reason = forms.CharField(label=_("What is wrong with it"), max_length=300)


class AccommodationForm(forms.Form):
    """More time at tests for one person."""

    percent = forms.IntegerField(label=_("Of the usual time (%)"), min_value=101, max_value=400, initial=150)
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        min_length=3,
        help_text=_("What was agreed, without a diagnosis. Graders and clients do not see it."),
    )
