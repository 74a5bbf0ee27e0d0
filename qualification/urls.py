"""The pages of this room."""

from __future__ import annotations

from django.urls import path

from qualification.views import accommodations, bank, evidence, ops, readings, worker

app_name = "qualification"

ATTEMPT = "work/attempts/<uuid:attempt_id>/"
EXAM = "ops/exams/<uuid:exam_id>/"

urlpatterns = [
    path("work/skills/", worker.skills, name="skills"),
    path("work/skills/summary/", worker.summary, name="skills_summary"),
    path("work/exams/<uuid:exam_id>/", worker.exam, name="exam"),
    path("work/exams/<uuid:exam_id>/start/", worker.start, name="start"),
    path(ATTEMPT, worker.attempt, name="attempt"),
    path(ATTEMPT + "review/", worker.review, name="review"),
    path(ATTEMPT + "submit/", worker.submit, name="submit"),
    path(ATTEMPT + "<int:n>/", worker.question, name="question"),
    path(ATTEMPT + "<int:n>/images/<slug:digest>/", worker.image, name="image"),
    path("work/attempts/<uuid:attempt>/result/", worker.result, name="result"),
    path("ops/skills/", ops.skills, name="ops_skills"),
    path("ops/skills/<slug:slug>/exams/new/", ops.new_exam, name="ops_new_exam"),
    path(EXAM, ops.exam, name="ops_exam"),
    path(EXAM + "change/", ops.change_exam, name="ops_change_exam"),
    path(EXAM + "questions/", ops.add_question, name="ops_add_question"),
    path(EXAM + "questions/file/", ops.add_file, name="ops_add_file"),
    path(EXAM + "questions/<uuid:item_id>/remove/", ops.remove_question, name="ops_remove_question"),
    path(EXAM + "questions/<uuid:item_id>/void/", ops.void_question, name="ops_void_question"),
    path(EXAM + "bank/", bank.health, name="ops_bank"),
    path(EXAM + "bank/calibrate/", bank.calibrate, name="ops_calibrate"),
    path(EXAM + "bank/<uuid:item_id>/rest/", bank.rest_question, name="ops_rest_question"),
    path(EXAM + "bank.<slug:form>", bank.export, name="ops_export_bank"),
    path(EXAM + "files/<uuid:file_id>/bad.csv", bank.bad_rows, name="ops_bad_rows"),
    path(EXAM + "evidence/", evidence.evidence, name="ops_evidence"),
    path(EXAM + "evidence/<uuid:attempt_id>/", evidence.decide, name="ops_look"),
    path("ops/readings/", readings.readings, name="ops_readings"),
    path("ops/readings/take/", readings.take, name="ops_take_reading"),
    path("ops/readings/<uuid:reading_id>/", readings.reading, name="ops_reading"),
    path("ops/readings/<uuid:reading_id>/claim/", readings.claim, name="ops_claim_reading"),
    path("ops/readings/<uuid:reading_id>/give-back/", readings.give_back, name="ops_give_back_reading"),
    path("ops/people/<uuid:person_id>/exam-time/", accommodations.exam_time, name="ops_exam_time"),
    path("ops/people/<uuid:person_id>/exam-time/end/", accommodations.end, name="ops_end_exam_time"),
    path(EXAM + "publish/", ops.publish, name="ops_publish"),
    path(EXAM + "retire/", ops.retire, name="ops_retire"),
    path(EXAM + "revise/", ops.revise, name="ops_revise"),
]
