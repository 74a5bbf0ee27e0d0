"""A worker's pages of skills and exams: what I have proven, what I can prove, sitting an exam, how it went."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import Invalid, NotFound, ProductError
from qualification import accommodations, attempts, exams, grading, grants, guidelines, images, papers, promises, readings
from qualification.models import Attempt, Exam, ExamItem, Grant
from qualification.states import LIVE, READING
from workers import access, agreements
from workers.access import WorkerRequest

PAST_SHOWN = 20
MOST_SHOWN = 100


@require_GET
@access.worker
def skills(request: WorkerRequest) -> HttpResponse:
    """What I have proven and how sure that is, and the exams that would open more."""
    now = timezone.now()
    held = _held(request.user.pk)
    open_exams = list(exams.open_to(request.user.pk)[:MOST_SHOWN])
    found = attempts.chances(exams=open_exams, worker_id=request.user.pk, now=now)
    going = [exam for exam in open_exams if found[exam.pk].live]
    waiting = [exam for exam in open_exams if not found[exam.pk].live and not found[exam.pk].held]
    past = Grant.objects.filter(worker_id=request.user.pk).exclude(state=LIVE).select_related("skill")
    return render(
        request,
        "worker/skills.html",
        {
            "held": held,
            "going": [{"exam": exam, "chance": found[exam.pk]} for exam in going],
            "open": [{"exam": exam, "chance": found[exam.pk]} for exam in waiting],
            "past": past.order_by("-ended_at")[:PAST_SHOWN],
        },
    )


@require_GET
@access.worker
def summary(request: WorkerRequest) -> HttpResponse:
    """A fragment for the standing page: what I have proven."""
    return render(request, "worker/skills_summary.html", {"held": _held(request.user.pk)})


def _held(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Grants that count, with percentages for the page."""
    rows = grants.live_of(worker_id=worker_id, now=timezone.now()).select_related("skill")
    passed = guidelines.proven_at(worker_id)
    return [
        {
            "grant": row,
            "passed": passed.get(row.skill_id, []),
            "value": _percent(row.score_bp),
            "low": _percent(row.low_bp),
            "high": _percent(row.high_bp),
        }
        for row in rows
    ]


def _percent(points: int | None) -> float | None:
    return None if points is None else points / 100


@require_GET
@access.worker
def exam(request: WorkerRequest, exam_id: uuid.UUID) -> HttpResponse:
    """How long, how many, what it opens, what happens on failing."""
    found = _open_exam(exam_id, request.user.pk)
    chance = attempts.chance(exam=found, worker_id=request.user.pk, now=timezone.now())
    time_bp = accommodations.time_of(request.user.pk)
    changed = guidelines.to_recheck(found, chance.since) if chance.since else []
    asked = min(found.draws, len(changed)) or found.draws
    return render(
        request,
        "worker/exam.html",
        {
            "exam": found,
            "chance": chance,
            "promises": promises.of(exam=found, worker_id=request.user.pk, now=timezone.now()) if not chance.live else [],
            "about": agreements.as_html(found.about) if found.about else "",
            "minutes": int(attempts.time_for(found, questions=len(changed)).total_seconds()) * time_bp // accommodations.USUAL // 60,
            "asked": asked, "since": chance.since if changed else None, "guideline": guidelines.of(found),
            "time_percent": time_bp // 100 if time_bp != accommodations.USUAL else None,
            "confidence": found.confidence_bp / 100,
            "needed": -(-asked * found.pass_bp // grading.FULL),
            "pass_percent": found.pass_bp / 100,
        },
    )


def _open_exam(exam_id: uuid.UUID, worker_id: uuid.UUID) -> Exam:
    found = exams.open_to(worker_id).filter(pk=exam_id).first()
    if found is None:
        raise NotFound(_("There is no such exam."))
    return found


@require_POST
@access.worker
def start(request: WorkerRequest, exam_id: uuid.UUID) -> HttpResponse:
    """Start an attempt, or go on with the live one."""
    found = _open_exam(exam_id, request.user.pk)
    with transaction.atomic(durable=True):
        attempt = attempts.start(
            exam=found, worker_id=request.user.pk, now=timezone.now(), unpaid=request.POST.get("unpaid") == "1"
        )
    return redirect("qualification:attempt", attempt_id=attempt.pk)


@require_GET
@access.worker
def attempt(request: WorkerRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """To the first question without an answer, or to the result."""
    found = papers.find(attempt_id=attempt_id, worker_id=request.user.pk)
    if found.state != LIVE:
        return redirect("qualification:result", attempt=found.pk)
    if found.exam.form == Exam.ADAPTIVE:
        return redirect("qualification:question", attempt_id=found.pk, n=papers.next_n(found))
    places = papers.places(found)
    first = next((place.n for place in places if not place.answered), places[-1].n)
    return redirect("qualification:question", attempt_id=found.pk, n=first)


@require_http_methods(["GET", "POST"])
@access.worker
def question(request: WorkerRequest, attempt_id: uuid.UUID, n: int) -> HttpResponse:
    """One question. Every change is kept at once; sending the form goes on to the next."""
    found = papers.find(attempt_id=attempt_id, worker_id=request.user.pk)
    if found.state != LIVE or timezone.now() >= found.deadline_at:
        return _over(request, found)
    error = None
    if request.method == "POST":
        try:
            error = _save(request, found, n)
        except (attempts.AnswerStands, attempts.TimeIsOver):
            return _late(request, found)
        if not error and not request.headers.get("X-Autosave"):
            return _onward(found, n)
    row = papers.drawn(found, n)
    if row.final_at is not None:
        return redirect("qualification:attempt", attempt_id=found.pk)
    shown = papers.question(row, image_url=_image_address(found, n))
    context = _context(found, n) | {"question": shown, "error": error}
    if request.headers.get("X-Autosave"):
        return render(request, "worker/exam_saved.html", context, status=422 if error else 200)
    if row.item.kind == ExamItem.GOLD:
        context["guideline"] = agreements.as_html(shown["guideline"]) if shown["guideline"] else ""
    return render(request, "worker/exam_question.html", context, status=422 if error else 200)


def _over(request: WorkerRequest, found: Attempt) -> HttpResponse:
    """The time is up or it was handed in: grade what was saved, and show how it went."""
    if found.state == LIVE:
        with transaction.atomic(durable=True):
            attempts.submit(attempt_id=found.pk, worker_id=request.user.pk, now=timezone.now())
    address = reverse("qualification:result", kwargs={"attempt": found.pk})
    if request.headers.get("X-Autosave"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)


def _save(request: WorkerRequest, found: Attempt, n: int) -> ProductError | None:
    """Keep what was sent; what is wrong with it comes back."""
    try:
        answer = None if "unknown" in request.POST else _given(request)
        with transaction.atomic(durable=True):
            attempts.save_answer(
                attempt_id=found.pk, worker_id=request.user.pk, n=n, answer=answer, now=timezone.now(),
                final=not request.headers.get("X-Autosave"), signals=_signals(request),
            )  # fmt: skip
    except Invalid as error:
        return error
    return None


def _late(request: WorkerRequest, found: Attempt) -> HttpResponse:
    """The same page handed its answer in while this draft was on its way: what was handed in counts, wherever it led to."""
    if request.headers.get("X-Autosave"):
        return HttpResponse(status=204)
    return redirect("qualification:attempt", attempt_id=found.pk)


def _signals(request: WorkerRequest) -> Any:
    """What the page counted; an answer is kept whatever stands there."""
    try:
        return json.loads(request.POST.get("signals", "null"))
    except (ValueError, RecursionError):
        return None


def _given(request: WorkerRequest) -> Any:
    """The answer in a form: picked options, what was written, or a task's answer as JSON; None when nothing was given."""
    if "written" in request.POST:
        return request.POST["written"].strip() or None
    if "answer" not in request.POST:
        return request.POST.getlist("picked") or None
    try:
        return json.loads(request.POST["answer"] or "null")
    except ValueError:
        raise Invalid(_("The answer could not be read. Reload the page."), field="answer") from None


def _onward(found: Attempt, n: int) -> HttpResponse:
    """The next question; after the last one, the look back before handing in. Of an adaptive exam, whatever comes now."""
    if found.exam.form == Exam.ADAPTIVE:
        return redirect("qualification:attempt", attempt_id=found.pk)
    if n >= found.items.count():
        return redirect("qualification:review", attempt_id=found.pk)
    return redirect("qualification:question", attempt_id=found.pk, n=n + 1)


def _context(found: Attempt, n: int) -> dict[str, Any]:
    places = papers.places(found)
    return {
        "attempt": found,
        "exam": found.exam,
        "places": places,
        "n": n,
        "total": max(found.exam.draws, len(places)) if found.exam.form == Exam.ADAPTIVE else len(places),
        "adaptive": found.exam.form == Exam.ADAPTIVE,
        "answered": sum(place.answered for place in places),
        "saved_at": timezone.now(),
    }


def _image_address(found: Attempt, n: int) -> Callable[[str], str]:
    return lambda name: images.address(
        name,
        lambda digest: reverse("qualification:image", kwargs={"attempt_id": found.pk, "n": n, "digest": digest}),
    )


@require_GET
@access.worker
def review(request: WorkerRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """The look back: which questions have an answer, and the one click that hands in."""
    found = papers.find(attempt_id=attempt_id, worker_id=request.user.pk)
    if found.state != LIVE or timezone.now() >= found.deadline_at:
        return _over(request, found)
    return render(request, "worker/exam_review.html", _context(found, 0))


@require_POST
@access.worker
def submit(request: WorkerRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Hand in; the outcome is there at once."""
    with transaction.atomic(durable=True):
        attempts.submit(attempt_id=attempt_id, worker_id=request.user.pk, now=timezone.now())
    return redirect("qualification:result", attempt=attempt_id)


@require_GET
@access.worker
def result(request: WorkerRequest, attempt: uuid.UUID) -> HttpResponse:
    """How it went: outcome, score with its interval, feedback by topic, what comes next."""
    found = papers.find(attempt_id=attempt, worker_id=request.user.pk)
    if found.state == LIVE:
        return redirect("qualification:attempt", attempt_id=found.pk)
    chance = attempts.chance(exam=found.exam, worker_id=request.user.pk, now=timezone.now())
    readers = papers.readers_of(found)
    topics = [
        {"topic": topic.topic, "questions": topic.questions, "percent": topic.share_bp / 100} for topic in papers.topics(found)
    ]
    return render(
        request,
        "worker/exam_result.html",
        {
            "attempt": found,
            "exam": found.exam,
            "guideline": guidelines.of(found.exam),
            "chance": chance,
            "topics": topics,
            "share": _percent(found.score_bp),
            "value": _percent(found.mean_bp),
            "low": _percent(found.low_bp),
            "high": _percent(found.high_bp),
            "pass_percent": found.exam.pass_bp / 100,
            "confidence": _percent(found.confidence_bp),
            "asked": found.items.count(),
            "remarks": [{"remark": one, "percent": one.credit_bp / 100} for one in papers.remarks(found)] if found.state != READING else [],
            "readers": readers,
            "due_at": readers.due_at or (found.closed_at or found.started_at) + readings.WITHIN,
        },
    )


@require_GET
@access.worker
def image(request: WorkerRequest, attempt_id: uuid.UUID, n: int, digest: str) -> HttpResponse:
    """An image of a question of one's own live attempt."""
    found = papers.find(attempt_id=attempt_id, worker_id=request.user.pk)
    return images.of_question(papers.drawn(found, n), digest)
