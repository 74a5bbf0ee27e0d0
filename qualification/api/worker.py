"""The API of those who prove what they can: skills, exams, attempts, own grants."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import NotFound
from qualification import attempts, exams, grants, guidelines, images, papers, promises, skills
from qualification import serializers as shapes
from qualification.models import Attempt, Exam
from workers import access, api_lists, queries


class Skills(api_lists.ListView):
    """The skills of the platform, and those of one's own organisations."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["skills"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.SkillSerializer))
    def get(self, request: Request) -> HttpResponse:
        own = [one.organisation_id for one in queries.memberships(access.user_of(request).pk)]
        rows = skills.visible_to(*own).select_related("parent", "organisation")
        return api_lists.answer(request, rows, order="name", serializer=shapes.SkillSerializer)


class Exams(api_lists.ListView):
    """The exams that one may sit."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.ExamSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = exams.open_to(access.user_of(request).pk)
        return api_lists.answer(request, rows, order="title", serializer=shapes.ExamSerializer)


class ExamDetail(APIView):
    """One exam, and whether one may start it now."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], responses=shapes.OpenExamSerializer)
    def get(self, request: Request, exam_id: uuid.UUID) -> Response:
        worker_id = access.user_of(request).pk
        exam = open_exam(exam_id, worker_id)
        chance = attempts.chance(exam=exam, worker_id=worker_id, now=timezone.now())
        promised = promises.of(exam=exam, worker_id=worker_id, now=timezone.now())
        shown: Any = shapes.OpenExamSerializer({"exam": exam, "chance": chance, "promises": promised})
        return Response(shown.data)


class Start(APIView):
    """Start an attempt, or go on with the live one."""

    permission_classes = [access.Worker]

    @extend_schema(
        tags=["exams"], request=None, responses=shapes.PaperSerializer,
        parameters=[OpenApiParameter("unpaid", bool, description="Begin also where every paid seat is taken")],
    )
    @once
    def post(self, request: Request, exam_id: uuid.UUID) -> Response:
        worker_id, unpaid = access.user_of(request).pk, request.query_params.get("unpaid", "").lower() in ("true", "1")
        exam = open_exam(exam_id, worker_id)
        attempt = attempts.start(exam=exam, worker_id=worker_id, now=timezone.now(), unpaid=unpaid)
        return Response(paper(attempt))


class AttemptDetail(APIView):
    """An attempt: its questions while it is live, feedback by topic afterwards."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], responses=shapes.PaperSerializer)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        return Response(paper(papers.find(attempt_id=attempt_id, worker_id=access.user_of(request).pk)))


class Answer(APIView):
    """The answer to one question; may be changed until the end."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], request=shapes.GivenAnswerSerializer, responses=shapes.SavedSerializer)
    @once
    def put(self, request: Request, attempt_id: uuid.UUID, n: int) -> Response:
        given = shapes.GivenAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = attempts.save_answer(
            attempt_id=attempt_id,
            worker_id=access.user_of(request).pk,
            n=n,
            answer=given.validated_data["answer"],
            final=given.validated_data["final"],
            signals=given.validated_data.get("signals"),
            now=timezone.now(),
        )
        answered = sum(place.answered for place in papers.places(row.attempt))
        return Response({"n": row.n, "answered": answered, "next": papers.next_n(row.attempt), "state": row.attempt.state})


class Submit(APIView):
    """Hand in; the outcome is there at once."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], request=None, responses=shapes.PaperSerializer)
    @once
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        attempt = attempts.submit(attempt_id=attempt_id, worker_id=access.user_of(request).pk, now=timezone.now())
        return Response(paper(attempt))


class AttemptImage(APIView):
    """An image of a question of one's own live attempt."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["exams"], responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, attempt_id: uuid.UUID, n: int, digest: str) -> HttpResponse:
        attempt = papers.find(attempt_id=attempt_id, worker_id=access.user_of(request).pk)
        return images.of_question(papers.drawn(attempt, n), digest)


class MyGrants(APIView):
    """What one has proven."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["skills"], responses=shapes.HeldSerializer(many=True))
    def get(self, request: Request) -> Response:
        worker_id = access.user_of(request).pk
        passed = guidelines.proven_at(worker_id)
        held = [
            asdict(one) | {"guidelines": passed.get(one.skill_id, [])} for one in grants.held_by(worker_id=worker_id, now=timezone.now())
        ]
        return Response(shapes.HeldSerializer(held, many=True).data)


def open_exam(exam_id: uuid.UUID, worker_id: uuid.UUID) -> Exam:
    """Raises NotFound when it is not open to this worker."""
    found = exams.open_to(worker_id).filter(pk=exam_id).first()
    if found is None:
        raise NotFound(_("There is no such exam."))
    return found


def paper(attempt: Attempt) -> Any:
    shown: Any = shapes.PaperSerializer(
        {
            "attempt": attempt,
            "questions": papers.questions(attempt, image_url=lambda n: image_address(attempt, n)),
            "topics": papers.topics(attempt),
            "readers": papers.readers_of(attempt),
        }
    )
    return shown.data


def image_address(attempt: Attempt, n: int) -> Callable[[str], str]:
    """Where a program finds the images of a question."""
    return lambda name: images.address(
        name, lambda digest: reverse("api_attempt_image", kwargs={"attempt_id": attempt.pk, "n": n, "digest": digest})
    )
