"""Leases: ask for the next task, keep it alive, draft, pause, give back, submit. Lease and submit are the hot paths."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, MoneyField, Once, change, reply
from kit.errors import Invalid, NotFound
from kit.money import Money
from marketplace import dispatch, doors, pricing, results
from marketplace.api import why_empty
from marketplace.api.reach import WorkerView
from marketplace.api.tries import ASSET, send
from marketplace.dispatch import LeasedTask
from marketplace.models import SlotKind, Submission
from marketplace.routing import shown as shown_terms
from marketplace.submissions import Submitted
from workers import access

DRAFT_MOST = 1024 * 1024
"""Bytes of a draft."""
KINDS = frozenset(SlotKind.values)


class PayLineSerializer(serializers.Serializer[Any]):
    """One reason of an amount, with what it was computed from and the version of the rule."""

    kind = serializers.CharField()
    amount = MoneyField()
    rule = serializers.CharField()
    inputs = serializers.JSONField()


class LeaseSerializer(serializers.Serializer[Any]):
    """The right to do one task until a time, with frozen terms."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="answer, review or adjudication")
    state = serializers.CharField()
    round = serializers.IntegerField()
    project = serializers.UUIDField()
    payload = serializers.JSONField(help_text="The task's content; images are named `asset:...`")
    images = serializers.DictField(child=serializers.CharField(), help_text="Addresses of the payload's images")
    prelabel = serializers.JSONField(allow_null=True)
    draft = serializers.JSONField(allow_null=True)
    under_review = serializers.JSONField(allow_null=True, help_text="The answer to be judged, on review leases")
    answers = serializers.ListField(
        child=serializers.JSONField(), allow_null=True,
        help_text="On adjudication leases: every answer that counts, in the order of the others' work, without its author",
    )
    guideline = serializers.IntegerField(help_text="Version that this lease froze")
    terms = serializers.JSONField()
    pay = MoneyField(help_text="What handing in pays when it is accepted")
    lines = PayLineSerializer(many=True)
    active_seconds = serializers.FloatField()
    leased_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class WhyEmptySerializer(serializers.Serializer[Any]):
    """Why there is no task."""

    code = serializers.CharField(help_text="nothing_open_to_you, daily_cap, all_taken, fair_share or best_first")
    detail = serializers.CharField()
    until = serializers.DateTimeField(required=False, help_text="With fair_share and best_first: your turn at the latest")


class LeaseAnswerSerializer(serializers.Serializer[Any]):
    """The lease, or null and why."""

    lease = LeaseSerializer(allow_null=True)
    why = WhyEmptySerializer(allow_null=True)


class AskForWorkSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(required=False, default="answer", help_text="answer, review or adjudication")
    project = serializers.UUIDField(required=False, allow_null=True)


class LeaseAnswerBodySerializer(serializers.Serializer[Any]):
    """The answer in the form of the task type; on a review lease a verdict."""

    answer = serializers.JSONField()


class HeartbeatSerializer(Body):
    had_input = serializers.BooleanField(help_text="Whether there was input in the last 60 seconds")


class LeaseClockSerializer(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()
    active_seconds = serializers.FloatField()


class LeaseUntilSerializer(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()


class DraftSavedSerializer(serializers.Serializer[Any]):
    saved_at = serializers.DateTimeField()


class GiveBackSerializer(Body):
    why = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)


class SubmittedSerializer(serializers.Serializer[Any]):
    """What became of a submit."""

    submission = serializers.UUIDField()
    state = serializers.CharField(help_text="accepted or waiting")
    pay = MoneyField()
    lines = PayLineSerializer(many=True)
    judge_by = serializers.DateTimeField(allow_null=True, help_text="When silence accepts it")


def shown_lines(lines: Any, currency: str) -> list[dict[str, Any]]:
    return [
        {"kind": line.kind, "amount": Money(line.units, currency), "rule": line.rule, "inputs": line.inputs} for line in lines
    ]


def shown(leased: LeasedTask) -> dict[str, Any]:
    """A lease as its holder sees it. No id of the task goes out: ids of gold tasks lie elsewhere than the others'."""
    terms, currency = leased.terms, leased.terms["currency"]
    lines = pricing.quote(terms, round=leased.round)
    images = {
        name: reverse("api_lease_image", args=[leased.lease_id, name.removeprefix(ASSET)])
        for name in leased.payload.values() if isinstance(name, str) and name.startswith(ASSET)
    }  # fmt: skip
    return {
        "id": leased.lease_id, "kind": leased.kind, "state": leased.state, "round": leased.round,
        "project": terms["project"], "payload": leased.payload, "images": images, "prelabel": leased.prelabel,
        "draft": leased.draft, "under_review": _under_review(leased), "answers": _answers(leased),
        "guideline": terms["guideline"],
        "terms": shown_terms(terms), "pay": Money(pricing.total(lines), currency), "lines": shown_lines(lines, currency),
        "active_seconds": leased.active_ms / 1000, "leased_at": leased.leased_at, "expires_at": leased.expires_at,
    }  # fmt: skip


def _under_review(leased: LeasedTask) -> Any:
    """The answer, and nothing of its author."""
    if leased.subject_id is None:
        return None
    return Submission.objects.values_list("answer", flat=True).get(pk=leased.subject_id)


def _answers(leased: LeasedTask) -> list[Any] | None:
    """All answers of the task for who has the last word, and nothing of their authors."""
    if leased.kind != SlotKind.ADJUDICATION:
        return None
    return list(results.counted(leased.task_id).values_list("answer", flat=True))


def shown_submitted(made: Submitted) -> dict[str, Any]:
    return {
        "submission": made.submission_id, "state": made.state, "pay": Money(made.units, made.currency),
        "lines": shown_lines(made.lines, made.currency), "judge_by": made.judge_by,
    }


def body_of(request: Request) -> dict[str, Any]:
    """The body as an object, without the cost of a serializer; raises Invalid."""
    body = request.data
    if not isinstance(body, dict):
        raise Invalid(_("Expected a JSON object."), field="body")
    return body


def answer_of(request: Request) -> Any:
    body = body_of(request)
    if set(body) != {"answer"}:
        raise Invalid(_("Expected the field answer, and no other."), field="answer")
    return body["answer"]


class Leases(WorkerView):
    """Ask for work."""

    throttle_classes = ()

    @extend_schema(request=AskForWorkSerializer, responses={200: LeaseAnswerSerializer, 201: LeaseAnswerSerializer})
    def post(self, request: Request) -> HttpResponse:
        """The next task (201), the one that you hold already (200), or none and why (200)."""
        kind, project_id = _asked(body_of(request))
        once, kept = Once(request), list[HttpResponse]()
        worker_id, now = access.user_of(request).pk, timezone.now()

        def keep(leased: LeasedTask | None) -> None:
            kept[:] = [_answered(leased, worker_id, kind, project_id)]
            once.keep(kept[0])

        def work() -> HttpResponse:
            doors.ask(worker_id=worker_id, kind=kind, project_id=project_id, now=now, keep=keep)
            return kept[0]

        return once.run(work)


def _asked(body: dict[str, Any]) -> tuple[str, uuid.UUID | None]:
    if unknown := sorted(set(map(str, body)) - {"kind", "project"}):
        raise Invalid(_("There is no such field."), field=unknown[0][:80])
    kind, project = body.get("kind", "answer"), body.get("project")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(SlotKind.values)}, field="kind")
    if project is None:
        return kind, None
    try:
        return kind, uuid.UUID(project)
    except (ValueError, AttributeError, TypeError):
        raise Invalid(_("Expected an identifier."), field="project") from None


def _answered(
    leased: LeasedTask | None, worker_id: uuid.UUID, kind: str, project_id: uuid.UUID | None
) -> HttpResponse:
    if leased is None:
        why = why_empty.explain(worker_id=worker_id, kind=kind, project_id=project_id, now=timezone.now())
        return reply({"lease": None, "why": why})
    return reply({"lease": shown(leased), "why": None}, 201 if leased.fresh else 200)


class CurrentLeases(WorkerView):
    """What you hold right now: at most one lease of each kind."""

    @extend_schema(responses=LeaseSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        with transaction.atomic():
            held = [dispatch.live_lease(worker_id=access.user_of(request).pk, kind=kind, now=now) for kind in SlotKind.values]
        return reply([shown(leased) for leased in held if leased is not None])


class LeaseDetail(WorkerView):
    """One lease of yours, over or not."""

    @extend_schema(responses=LeaseSerializer)
    def get(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        return reply(shown(own(request, lease_id)))


def own(request: Request, lease_id: uuid.UUID) -> LeasedTask:
    """Raises NotFound."""
    with transaction.atomic():
        return dispatch.read_lease(worker_id=access.user_of(request).pk, lease_id=lease_id)


class Beat(WorkerView):
    """A heartbeat: with input it extends the lease and counts time."""

    throttle_classes = ()

    @extend_schema(request=HeartbeatSerializer, responses=LeaseClockSerializer)
    def post(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        given = HeartbeatSerializer.read(request)

        def work() -> HttpResponse:
            expires_at, active_ms = dispatch.beat(
                worker_id=access.user_of(request).pk, lease_id=lease_id, now=timezone.now(), had_input=given["had_input"]
            )
            return reply({"expires_at": expires_at, "active_seconds": active_ms / 1000})

        return change(request, work)


class Draft(WorkerView):
    """Keep what is there so far; it survives the lease for 30 days."""

    throttle_classes = ()

    @extend_schema(request=LeaseAnswerBodySerializer, responses=DraftSavedSerializer)
    def put(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        answer, now = answer_of(request), timezone.now()
        if not isinstance(answer, dict) or len(request._request.body) > DRAFT_MOST:
            raise Invalid(_("Expected an answer of at most 1 MB."), field="answer")

        def work() -> HttpResponse:
            dispatch.save_draft(worker_id=access.user_of(request).pk, lease_id=lease_id, answer=answer, now=now)
            return reply({"saved_at": now})

        return change(request, work)


def _until(request: Request, verb: Callable[..., Any], lease_id: uuid.UUID) -> HttpResponse:
    now = timezone.now()
    return change(
        request, lambda: reply({"expires_at": verb(worker_id=access.user_of(request).pk, lease_id=lease_id, now=now)})
    )


class PauseLease(WorkerView):
    """Stop the clock, for at most 24 hours in all."""

    @extend_schema(request=None, responses=LeaseUntilSerializer)
    def post(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        return _until(request, dispatch.pause, lease_id)


class ResumeLease(WorkerView):
    """Start the clock again with the time that was left."""

    @extend_schema(request=None, responses=LeaseUntilSerializer)
    def post(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        return _until(request, dispatch.resume, lease_id)


class GiveBack(WorkerView):
    """Skip a task for good: its slot opens for others, and you are never offered it again."""

    @extend_schema(request=GiveBackSerializer, responses={204: None})
    def post(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        why = body_of(request).get("why", "")
        if not isinstance(why, str) or len(why) > 40:
            raise Invalid(_("Expected a reason of at most 40 characters."), field="why")

        def work() -> HttpResponse:
            dispatch.give_back(worker_id=access.user_of(request).pk, lease_id=lease_id, now=timezone.now(), why=why)
            return HttpResponse(status=204)

        return change(request, work)


class Submit(WorkerView):
    """Hand in."""

    throttle_classes = ()

    @extend_schema(request=LeaseAnswerBodySerializer, responses={201: SubmittedSerializer})
    def post(self, request: Request, lease_id: uuid.UUID) -> HttpResponse:
        """409 `already_submitted` or `lease_expired`; then what you typed is kept as a draft and your time is paid."""
        answer, now = answer_of(request), timezone.now()
        once, kept = Once(request), list[HttpResponse]()

        def keep(made: Submitted) -> None:
            kept[:] = [reply(shown_submitted(made), 201)]
            once.keep(kept[0])

        def work() -> HttpResponse:
            doors.hand_in(worker_id=access.user_of(request).pk, lease_id=lease_id, answer=answer, now=now, keep=keep)
            return kept[0]

        return once.run(work)


class LeaseImage(WorkerView):
    """An image of a task, for who holds it right now: to answer, to review, to adjudicate."""

    @extend_schema(responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, lease_id: uuid.UUID, digest: str) -> HttpResponse:
        leased = own(request, lease_id)
        if leased.state not in {"live", "paused"} or f"{ASSET}{digest}" not in leased.payload.values():
            raise NotFound(_("There is no such image in the task you hold."))
        return send(digest)
