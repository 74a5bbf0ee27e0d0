"""Making a course, for both who may: a client for its own projects, ops for any. Each brings its own frame and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import ProductError
from marketplace import courses
from marketplace.forms import Styled
from marketplace.models import Project
from marketplace.views.client.frame import excerpt, put_error
from task_types import registry
from workers.access import PersonRequest


class CourseForm(Styled):
    """What the course shows, and whether people may begin it."""

    about = forms.CharField(
        label=gettext_lazy("What people learn here"), required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Shown before they begin. The name of the project and how long it takes stand there anyway."),
    )
    shown = forms.MultipleChoiceField(
        label=gettext_lazy("Sections of the guideline"), required=False, widget=forms.CheckboxSelectMultiple
    )
    open = forms.BooleanField(
        label=gettext_lazy("Open: people may begin it"), required=False,
        help_text=gettext_lazy("Nobody has to take it unless “Who may work” asks for it."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        course = courses.of_project(project)
        self.titles = [section.title for section in courses.sections_of(project)]
        kept = course.left_out if course else []
        start = {"about": course.about, "open": course.open} if course else {}
        super().__init__(*args, initial=start | {"shown": [title for title in self.titles if title not in kept]}, **kwargs)
        names = [(title, title or _("Before the first heading")) for title in dict.fromkeys(self.titles)]
        self.fields["shown"].choices = names  # type: ignore[attr-defined]
        self.dress()

    def wanted(self) -> dict[str, Any]:
        given = self.cleaned_data
        left_out = sorted({title for title in self.titles if title not in given["shown"]})
        return {"about": given["about"], "open": given["open"], "left_out": left_out}


class PracticeForm(Styled):
    """One known answer for practice, with its reason."""

    task = forms.TypedChoiceField(label=gettext_lazy("Known answer"), coerce=int)
    section = forms.ChoiceField(label=gettext_lazy("Comes after"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why this is the right answer"), max_length=courses.REASON_MOST, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("People read it as soon as they have answered, right or wrong."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drawer = registry.drawer(project.task_type)
        self.fields["task"].choices = [  # type: ignore[attr-defined]
            (one.pk, f"{excerpt(one.task, 70)['text'] or one.pk} → {drawer.summarise(one.answer, settings=project.settings)}"[:160])
            for one in courses.could_practise(project)
        ]
        titles = dict.fromkeys(section.title for section in courses.sections_of(project) if section.title)
        self.fields["section"].choices = [("", _("The whole guideline")), *((title, title) for title in titles)]  # type: ignore[attr-defined]
        self.dress()


def saved(request: PersonRequest, project: Project, form: CourseForm) -> bool:
    """Keep what the form says; what a stage refuses is shown at its field."""
    if request.method != "POST" or not form.is_valid():
        return False
    return _done(form, lambda now: courses.change(project=project, actor_id=request.user.pk, now=now, **form.wanted()), request)


def added(request: PersonRequest, project: Project, form: PracticeForm) -> bool:
    """Keep one more practice task."""
    if not form.is_valid():
        return False
    given = form.cleaned_data
    return _done(form, lambda now: courses.practise_with(
        project=project, task_id=given["task"], reason=given["reason"], section=given["section"], actor_id=request.user.pk, now=now,
    ), request)  # fmt: skip


def _done(form: forms.Form, act: Any, request: PersonRequest) -> bool:
    try:
        with transaction.atomic(durable=True):
            act(timezone.now())
    except ProductError as error:
        put_error(form, error)
        return False
    messages.success(request, _("Saved. It holds for who begins from now on."))
    return True


def context(project: Project, urls: Mapping[str, str], *, form: CourseForm, practice: PracticeForm) -> dict[str, Any]:
    """All that the page shows; `urls` are its own: save, add, leave_out (with 0 for the task), gold, guideline."""
    course, drawer = courses.of_project(project), registry.drawer(project.task_type)
    tried = courses.first_tries(course) if course else {}
    rows = [
        {
            "one": one, "task": excerpt(one.gold.task), "answer": drawer.summarise(one.gold.answer, settings=project.settings),
            "tried": tried.get(one.pk, (0, 0)), "leave_out": urls["leave_out"].replace("/0/", f"/{one.pk}/"), "dialog": f"out-{one.pk}",
        }
        for one in (courses.live_practice(course) if course else [])
    ]
    return {
        "course": course, "version": courses.version_of(project), "form": form, "practice": practice, "rows": rows, "urls": urls,
        "taken": courses.taken(course) if course else [], "possible": drawer.gold_is_possible,
    }  # fmt: skip
