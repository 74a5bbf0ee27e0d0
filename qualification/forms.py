"""The forms of skills and exams: they check shapes and hand over; the rules live in the stages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from qualification import exams, skills
from qualification.models import Exam, Skill


class SkillForm(forms.Form):
    """A new skill of the platform."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=Skill.KINDS, initial="subject")
    parent = forms.ChoiceField(label=_("Below"), required=False)
    description = forms.CharField(
        label=_("Description"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tree = [(str(skill.pk), "   " * depth + skill.name) for depth, skill in skills.as_tree(skills.owned_by(None))]
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
    tier = forms.TypedChoiceField(label=_("Tier it proves"), coerce=int, choices=[(tier, str(tier)) for tier in range(4)])
    pass_percent = forms.IntegerField(label=_("Passed from (%)"), min_value=1, max_value=100)
    minutes = forms.IntegerField(label=_("Time limit (minutes)"), min_value=1, max_value=360)
    draws = forms.IntegerField(label=_("Questions for each attempt"), min_value=1, max_value=100)
    cooldown_hours = forms.IntegerField(label=_("Wait after an attempt (hours)"), min_value=0, max_value=8760)
    max_attempts = forms.IntegerField(label=_("Attempts"), min_value=1, max_value=20)
    valid_days = forms.IntegerField(label=_("The proof lasts (days)"), min_value=1, max_value=3660)

    def numbers(self) -> dict[str, int]:
        """As `exams.create` and `exams.change` take them."""
        given = self.cleaned_data
        return {
            "pass_bp": given["pass_percent"] * 100,
            "time_limit_seconds": given["minutes"] * 60,
            **{name: given[name] for name in ("tier", "draws", "cooldown_hours", "max_attempts", "valid_days")},
        }

    @staticmethod
    def initial_of(exam: Exam | None) -> dict[str, Any]:
        """What the form shows at first: the exam's rules, or the defaults."""
        exam = exam or Exam()
        kept = {name: getattr(exam, name) for name in ("title", "about", *exams.BOUNDS)}
        return kept | {"pass_percent": exam.pass_bp // 100, "minutes": exam.time_limit_seconds // 60}


class QuestionForm(forms.Form):
    """One multiple-choice question: options one a line, the right ones marked with a star."""

    text = forms.CharField(label=_("Question"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    options = forms.CharField(
        label=_("Options"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One a line; a star (*) at the beginning marks each right one."),
    )
    topic = forms.CharField(label=_("Topic"), max_length=80, required=False, help_text=_("Feedback is given by topic."))

    def row(self) -> dict[str, Any]:
        """As `items.check` takes it."""
        lines = [line.strip() for line in self.cleaned_data["options"].splitlines() if line.strip()]
        return {
            "kind": "choice",
            "text": self.cleaned_data["text"],
            "options": [line.removeprefix("*").strip() for line in lines],
            "right": [at for at, line in enumerate(lines, start=1) if line.startswith("*")],
            "topic": self.cleaned_data["topic"],
        }


class FileForm(forms.Form):
    """A CSV with questions."""

    file = forms.FileField(label=_("CSV file"))


class VoidForm(forms.Form):
    """What is wrong with a question."""

    reason = forms.CharField(label=_("What is wrong with it"), max_length=300)
