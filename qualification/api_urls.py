"""The API of this room."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from rest_framework.views import APIView

from qualification.api import banks, guidelines, makers, ops, readers, readings, worker
from workers import access
from workers.models import OpsRole

FOR_OPS = access.Ops(write=(OpsRole.QUALITY_LEAD,))
FOR_CLIENTS = access.Client("viewer", write="manager")

MAKERS: tuple[tuple[str, type[APIView], str], ...] = (
    ("skills/", makers.Skills, "skills"),
    ("skills/<slug:slug>/", makers.SkillDetail, "skill"),
    ("exams/", makers.Exams, "exams"),
    ("exams/<uuid:exam_id>/", makers.ExamDetail, "exam"),
    ("exams/<uuid:exam_id>/publish/", makers.Publish, "publish"),
    ("exams/<uuid:exam_id>/retire/", makers.Retire, "retire"),
    ("exams/<uuid:exam_id>/revise/", makers.Revise, "revise"),
    ("exams/<uuid:exam_id>/items/", makers.Items, "items"),
    ("exams/<uuid:exam_id>/items/file/", makers.ItemsFile, "items_file"),
    ("exams/<uuid:exam_id>/items/<uuid:item_id>/", makers.ItemDetail, "item"),
    ("exams/<uuid:exam_id>/items/<uuid:item_id>/void/", makers.VoidItem, "void_item"),
    ("exams/<uuid:exam_id>/items/<uuid:item_id>/rest/", banks.RestItem, "rest_item"),
    ("exams/<uuid:exam_id>/items/import/", banks.Import, "import_items"),
    ("exams/<uuid:exam_id>/health/", banks.Health, "exam_health"),
    ("exams/<uuid:exam_id>/calibrate/", banks.Calibrate, "calibrate"),
    ("exams/<uuid:exam_id>/bank.<slug:form>", banks.Export, "export_bank"),
    ("exams/<uuid:exam_id>/guideline/", guidelines.ExamGuideline, "exam_guideline"),
    ("exams/<uuid:exam_id>/guideline/sections/", guidelines.Sections, "exam_sections"),
    ("exams/<uuid:exam_id>/guideline/right/", guidelines.StillRight, "exam_still_right"),
    ("exam-images/", makers.Images, "exam_images"),
)
"""What owners do, once for ops and once for each organisation."""


def _for(prefix: str, name: str, guard: Any) -> list[URLPattern]:
    return [
        path(prefix + route, view.as_view(permission_classes=[guard]), name=f"api_{name}_{what}") for route, view, what in MAKERS
    ]


urlpatterns = [
    path("skills/", worker.Skills.as_view(), name="api_skills"),
    path("exams/", worker.Exams.as_view(), name="api_exams"),
    path("exams/<uuid:exam_id>/", worker.ExamDetail.as_view(), name="api_exam"),
    path("exams/<uuid:exam_id>/start/", worker.Start.as_view(), name="api_start_exam"),
    path("attempts/<uuid:attempt_id>/", worker.AttemptDetail.as_view(), name="api_attempt"),
    path("attempts/<uuid:attempt_id>/answers/<int:n>/", worker.Answer.as_view(), name="api_answer"),
    path("attempts/<uuid:attempt_id>/submit/", worker.Submit.as_view(), name="api_submit_attempt"),
    path(
        "attempts/<uuid:attempt_id>/images/<int:n>/<slug:digest>/",
        worker.AttemptImage.as_view(),
        name="api_attempt_image",
    ),
    path("me/grants/", worker.MyGrants.as_view(), name="api_my_grants"),
    path("ops/people/<uuid:person_id>/grants/", ops.PersonGrants.as_view(), name="api_person_grants"),
    path("ops/grants/", ops.Grants.as_view(), name="api_give_grant"),
    path("ops/grants/<uuid:grant_id>/take-away/", ops.TakeAway.as_view(), name="api_take_grant"),
    path("ops/exams/<uuid:exam_id>/evidence/", readings.Evidence.as_view(), name="api_evidence"),
    path("ops/exams/<uuid:exam_id>/evidence/<uuid:attempt_id>/", readings.Decide.as_view(), name="api_look"),
    path("ops/readers/", readers.Readers.as_view(), name="api_readers"),
    path("ops/readers/<uuid:grant_id>/", readers.EndReader.as_view(), name="api_end_reader"),
    path("ops/readings/take/", readers.TakeReading.as_view(), name="api_take_reading"),
    path("ops/readings/", readings.Readings.as_view(), name="api_readings"),
    path("ops/readings/<uuid:reading_id>/claim/", readings.Claim.as_view(), name="api_claim_reading"),
    path("ops/readings/<uuid:reading_id>/grade/", readings.Grade.as_view(), name="api_grade_reading"),
    path("ops/people/<uuid:person_id>/exam-time/", readings.ExamTime.as_view(), name="api_exam_time"),
    *_for("ops/", "ops", FOR_OPS),
    *_for("organisations/<slug:org>/", "client", FOR_CLIENTS),
]
