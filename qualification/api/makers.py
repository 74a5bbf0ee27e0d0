"""The API of those who make skills and exams: ops for the platform, organisations for their own. The same views serve
both; what differs is the address and the guard, which `api_urls` gives them."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit import assets
from kit.api import KEY, change, once, reply
from kit.errors import Invalid
from qualification import attempts, exams, images, items, skills
from qualification import serializers as shapes
from qualification.models import Exam
from workers import access, api_lists
from workers.models import Organisation


class Maker(APIView):
    """Knows whose skills and exams are meant: those of the URL's organisation, or the platform's."""

    def owner(self, request: Request) -> Organisation | None:
        return access.organisation_of(request) if "org" in self.kwargs else None

    def exam(self, request: Request, exam_id: uuid.UUID) -> Exam:
        return exams.find(exam_id=exam_id, organisation=self.owner(request))


class Skills(Maker):
    """The owner's skills, and making one."""

    schema = api_lists.ListSchema()

    @extend_schema(tags=["skills"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.SkillSerializer))
    def get(self, request: Request, org: str | None = None) -> HttpResponse:
        rows = skills.owned_by(self.owner(request)).select_related("parent", "organisation")
        return api_lists.answer(request, rows, order="name", serializer=shapes.SkillSerializer)

    @extend_schema(tags=["skills"], request=shapes.NewSkillSerializer, responses={201: shapes.SkillSerializer})
    @once
    def post(self, request: Request, org: str | None = None) -> Response:
        given = shapes.NewSkillSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(given.validated_data)
        skill = skills.create(
            parent_id=_parent_id(wanted.pop("parent", None)),
            organisation=self.owner(request),
            by_id=access.user_of(request).pk,
            now=timezone.now(),
            **wanted,
        )
        return Response(shapes.SkillSerializer(skill).data, status=201)


def _parent_id(slug: str | None) -> uuid.UUID | None:
    """Raises Invalid for a slug that no skill has."""
    if not slug:
        return None
    found = skills.by_slug(slug)
    if found is None:
        raise Invalid(_("There is no such skill."), field="parent")
    return found.pk


class SkillDetail(Maker):
    """One of the owner's skills."""

    @extend_schema(tags=["skills"], request=shapes.RenameSkillSerializer, responses=shapes.SkillSerializer)
    @once
    def patch(self, request: Request, slug: str, org: str | None = None) -> Response:
        given = shapes.RenameSkillSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        skill = skills.find(slug=slug, organisation=self.owner(request))
        skills.rename(skill=skill, by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data)
        return Response(shapes.SkillSerializer(skill).data)


class Exams(Maker):
    """The owner's exams in all versions, and making one."""

    schema = api_lists.ListSchema()

    @extend_schema(tags=["exams"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.ExamSerializer))
    def get(self, request: Request, org: str | None = None) -> HttpResponse:
        rows = exams.owned_by(self.owner(request))
        return api_lists.answer(request, rows, order="title", serializer=shapes.ExamSerializer)

    @extend_schema(tags=["exams"], request=shapes.NewExamSerializer, responses={201: shapes.ExamSerializer})
    @once
    def post(self, request: Request, org: str | None = None) -> Response:
        given = shapes.NewExamSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted: dict[str, Any] = dict(given.validated_data)
        skill = skills.find(slug=wanted.pop("skill"), organisation=self.owner(request))
        exam = exams.create(skill=skill, by_id=access.user_of(request).pk, now=timezone.now(), **wanted)
        return Response(shapes.ExamSerializer(exam).data, status=201)


class ExamDetail(Maker):
    """One exam; only a draft changes."""

    @extend_schema(tags=["exams"], responses=shapes.ExamSerializer)
    def get(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        return Response(shapes.ExamSerializer(self.exam(request, exam_id)).data)

    @extend_schema(tags=["exams"], request=shapes.ChangeExamSerializer, responses=shapes.ExamSerializer)
    @once
    def patch(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        given = shapes.ChangeExamSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        exam = self.exam(request, exam_id)
        exams.change(exam=exam, **given.validated_data)
        return Response(shapes.ExamSerializer(exam).data)


class Publish(Maker):
    """Open a draft to people."""

    @extend_schema(tags=["exams"], request=None, responses=shapes.ExamSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        exam = self.exam(request, exam_id)
        exams.publish(exam=exam, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(shapes.ExamSerializer(exam).data)


class Retire(Maker):
    """Close an exam to new attempts."""

    @extend_schema(tags=["exams"], request=None, responses=shapes.ExamSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        exam = self.exam(request, exam_id)
        exams.retire(exam=exam, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(shapes.ExamSerializer(exam).data)


class Revise(Maker):
    """Start a draft of the next version."""

    @extend_schema(tags=["exams"], request=None, responses={201: shapes.ExamSerializer})
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        exam = self.exam(request, exam_id)
        draft = exams.revise(exam=exam, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(shapes.ExamSerializer(draft).data, status=201)


class Items(Maker):
    """The questions of an exam with their health, and adding some to a draft."""

    schema = api_lists.ListSchema()

    @extend_schema(tags=["exams"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.ItemSerializer))
    def get(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> HttpResponse:
        rows = exams.items_with_health(self.exam(request, exam_id))
        return api_lists.answer(request, rows, order="n", serializer=shapes.ItemSerializer)

    @extend_schema(tags=["exams"], request=shapes.NewItemsSerializer, responses={201: shapes.AddedSerializer})
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        given = shapes.NewItemsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        exam = self.exam(request, exam_id)
        checked = [items.check(row, place=f"items[{at}]") for at, row in enumerate(given.validated_data["items"])]
        added = items.add(exam=exam, items=checked)
        return Response({"added": added}, status=201)


class ItemsFile(Maker):
    """Multiple-choice questions from a CSV, all or none."""

    parser_classes = [MultiPartParser]

    @extend_schema(tags=["exams"], parameters=[KEY], request=shapes.FileSerializer, responses={201: shapes.AddedSerializer})
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> HttpResponse:
        content = uploaded(request)
        exam = self.exam(request, exam_id)
        read = items.read_csv(content)
        if read.errors:
            raise Invalid(
                _("%(count)d rows cannot become questions; nothing was added.") % {"count": len(read.errors)},
                field="file",
                rows=shapes.RowErrorSerializer(read.errors[:200], many=True).data,
            )
        work = lambda: reply({"added": items.add(exam=exam, items=read.items)}, 201)  # noqa: E731
        return change(request, work, body=content)


class ItemDetail(Maker):
    """One question of a draft."""

    @extend_schema(tags=["exams"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, exam_id: uuid.UUID, item_id: uuid.UUID, org: str | None = None) -> Response:
        item = exams.find_item(self.exam(request, exam_id), item_id)
        exams.remove_item(item=item)
        return Response(status=204)


class VoidItem(Maker):
    """Take a question with a wrong key out of the count; everyone who met it is graded anew."""

    @extend_schema(tags=["exams"], request=shapes.VoidSerializer, responses=shapes.RegradedSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, item_id: uuid.UUID, org: str | None = None) -> Response:
        given = shapes.VoidSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        item = exams.find_item(self.exam(request, exam_id), item_id)
        count = attempts.void_item(
            item=item,
            reason=given.validated_data["reason"],
            by_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response({"regraded": count})


class Images(Maker):
    """Keep an image; the answer is the name by which a question's row shows it."""

    parser_classes = [MultiPartParser]

    @extend_schema(tags=["exams"], request=shapes.FileSerializer, responses={201: shapes.ImageSerializer})
    def post(self, request: Request, org: str | None = None) -> Response:
        asset = assets.store_image(uploaded(request), field="file")
        return Response({"image": images.PREFIX + asset.sha256}, status=201)


def uploaded(request: Request) -> bytes:
    """The content of the one file of an upload. Raises Invalid."""
    given = shapes.FileSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    content: bytes = given.validated_data["file"].read()
    return content
