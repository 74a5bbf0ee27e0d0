"""Pages of skills and exams, for ops and for organisations with their own: the tree, drafts, item banks, publishing, wrong keys."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qualification import attempts, bank_files, exams, guidelines, items, readings
from qualification import skills as tree
from qualification.forms import ExamForm, FileForm, QuestionForm, SkillForm, VoidForm
from qualification.models import Exam, ExamItem, Skill
from qualification.states import DRAFT, LIVE, RETIRED
from qualification.views.makers import address, doors, may_make
from task_types import registry
from workers.access import PersonRequest
from workers.forms import carry_out
from workers.models import OpsRole, Organisation


@doors()
@require_http_methods(["GET", "POST"])
def skills(request: PersonRequest, owner: Organisation | None) -> HttpResponse:
    """The tree of the platform's skills with their exams, and a form for a new one."""
    makes = may_make(request, owner)
    form = SkillForm(request.POST or None, owner=owner)
    if request.method == "POST" and makes and form.is_valid():
        given = form.cleaned_data
        made = carry_out(form, lambda: _make_skill(given, request.user.pk, owner))
        if made is not None:
            messages.success(request, _("%(skill)s is a skill now.") % {"skill": made.name})
            return redirect(address(owner, "skills"))
    rows: dict[uuid.UUID, list[Exam]] = {}
    every = list(exams.owned_by(owner))
    for exam in every:
        rows.setdefault(exam.skill_id, []).append(exam)
    shown = [
        {"depth": range(depth), "skill": skill, "exams": rows.get(skill.pk, [])}
        for depth, skill in tree.as_tree(tree.owned_by(owner))
    ]
    status = 403 if request.method == "POST" and not makes else 200
    context = {"rows": shown, "form": form, "may_make": makes, "owner": owner, "behind": guidelines.behind(every),
               "unread": readings.waiting().count() if makes and owner is None else 0}
    return render(request, "ops/skills.html", context, status=status)


def _make_skill(given: dict[str, Any], by_id: uuid.UUID, owner: Organisation | None) -> Skill:
    parent = given["parent"]
    return tree.create(
        name=given["name"],
        kind=given["kind"],
        description=given["description"],
        parent_id=uuid.UUID(parent) if parent else None,
        organisation=owner,
        by_id=by_id,
        now=timezone.now(),
    )


@doors(OpsRole.QUALITY_LEAD)
@require_http_methods(["GET", "POST"])
def new_exam(request: PersonRequest, owner: Organisation | None, slug: str) -> HttpResponse:
    """A draft of an exam for a skill."""
    skill = tree.find(slug=slug, organisation=owner)
    form = ExamForm(request.POST or None, initial=ExamForm.initial_of(None))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = carry_out(
            form,
            lambda: exams.create(
                skill=skill,
                title=given["title"],
                about=given["about"],
                by_id=request.user.pk,
                now=timezone.now(),
                **form.rules(),
            ),
        )
        if made is not None:
            return redirect(address(owner, "exam", made.pk))
    return render(request, "ops/exams_new.html", {"skill": skill, "form": form, "owner": owner})


@doors()
@require_GET
def exam(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """An exam: its rules, its bank with the health of each question, and what can be done with it."""
    return _exam_page(request, owner, exams.find(exam_id=exam_id, organisation=owner))


def _exam_page(request: PersonRequest, owner: Organisation | None, found: Exam, *, status: int = 200, **extra: Any) -> HttpResponse:
    bank: list[Any] = list(exams.items_with_health(found))
    rows = [
        {"item": item, "share": item.credit / item.answers / 100 if item.answers else None, "suspect": _suspect(item)}
        | _task_in_words(item)
        for item in bank
    ]
    context = {
        "exam": found,
        "owner": owner,
        "rows": rows,
        "live_items": sum(item.state == LIVE for item in bank),
        "stand": guidelines.stand(found) if found.state != RETIRED else None,
        "not_ready": exams.why_not_ready(found) if found.state == DRAFT else None,
        "topics": sorted({item.topic for item in bank if item.topic}),
        "is_draft": found.state == DRAFT,
        "may_make": may_make(request, owner),
        "form": ExamForm(initial=ExamForm.initial_of(found)),
        "question_form": QuestionForm(),
        "file_form": FileForm(),
        "void_form": VoidForm(),
        "versions": Exam.objects.filter(series=found.series).order_by("-version"),
        "brought": found.files.order_by("-made_at").first() if found.state == DRAFT else None,
    }
    return render(request, "ops/exams.html", context | extra, status=status)


def _task_in_words(item: ExamItem) -> dict[str, Any]:
    """The kind of work of a task, and the right answer where it is not among the options, in words."""
    if item.kind == ExamItem.GOLD:
        drawer = registry.drawer(item.task_type)
        return {"work": drawer.name, "truth": drawer.summarise(item.key["truth"], settings=item.body["settings"])}
    if item.kind == ExamItem.NUMBER:
        return {"truth": f"{item.key['value']} ± {item.key['tolerance']} {item.body['unit']}".strip()}
    if item.kind == ExamItem.TEXT:
        return {"truth": ", ".join(item.key["accepted"])}
    return {}


def _suspect(item: Any) -> bool:
    """Hardly anybody who met it got it right: look at the key."""
    return bool(item.answers >= 10 and item.credit / item.answers < 2000)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def change_exam(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Other rules for a draft."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    form = ExamForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        saved = carry_out(form, lambda: exams.change(exam=found, title=given["title"], about=given["about"], **form.rules()))
        if saved is not None:
            messages.success(request, _("Saved."))
            return redirect(address(owner, "exam", exam_id))
    return _exam_page(request, owner, found, form=form, status=422)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def add_question(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """One more question for a draft."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    form = QuestionForm(request.POST)
    if form.is_valid():
        added = carry_out(form, lambda: items.add(exam=found, items=[items.check(form.row())]))
        if added is not None:
            messages.success(request, _("The question is in the bank."))
            return redirect(address(owner, "exam", exam_id))
    return _exam_page(request, owner, found, question_form=form, status=422)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def add_file(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Questions from a file: the good rows are kept, the others listed with line and reason, and can be fetched."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        given, key = form.cleaned_data["file"], form.cleaned_data["key"]
        brought = carry_out(
            form,
            lambda: bank_files.bring_in(
                exam=found, name=given.name, content=given.read(), key=key.read() if key else None, by_id=request.user.pk,
                now=timezone.now(),
            ),
        )  # fmt: skip
        if brought is not None and brought.bad:
            return _exam_page(request, owner, found, file_form=form, brought=brought, status=200 if brought.added else 422)
        if brought is not None:
            messages.success(request, _("%(count)d questions are in the bank.") % {"count": brought.added})
            return redirect(address(owner, "exam", exam_id))
    return _exam_page(request, owner, found, file_form=form, status=422)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def remove_question(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, item_id: uuid.UUID) -> HttpResponse:
    """Take a question out of a draft."""
    with transaction.atomic(durable=True):
        exams.remove_item(item=_item(owner, exam_id, item_id))
    return redirect(address(owner, "exam", exam_id))


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def void_question(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID, item_id: uuid.UUID) -> HttpResponse:
    """A wrong key: the question stops counting and everyone who met it is graded anew."""
    form = VoidForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is wrong with the question."))
        return redirect(address(owner, "exam", exam_id))
    item = _item(owner, exam_id, item_id)
    with transaction.atomic(durable=True):
        count = attempts.void_item(item=item, reason=form.cleaned_data["reason"], by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The question no longer counts; %(count)d attempts were graded anew.") % {"count": count})
    return redirect(address(owner, "exam", exam_id))


def _item(owner: Organisation | None, exam_id: uuid.UUID, item_id: uuid.UUID) -> ExamItem:
    return exams.find_item(exams.find(exam_id=exam_id, organisation=owner), item_id)


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def publish(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Open a draft to people."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    with transaction.atomic(durable=True):
        exams.publish(exam=found, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Published: people can sit it now."))
    return redirect(address(owner, "exam", exam_id))


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def retire(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Close an exam to new attempts."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    with transaction.atomic(durable=True):
        exams.retire(exam=found, by_id=request.user.pk, now=timezone.now())
    return redirect(address(owner, "exam", exam_id))


@doors(OpsRole.QUALITY_LEAD)
@require_POST
def revise(request: PersonRequest, owner: Organisation | None, exam_id: uuid.UUID) -> HttpResponse:
    """Start a draft of the next version."""
    found = exams.find(exam_id=exam_id, organisation=owner)
    with transaction.atomic(durable=True):
        draft = exams.revise(exam=found, by_id=request.user.pk, now=timezone.now())
    return redirect(address(owner, "exam", draft.pk))
