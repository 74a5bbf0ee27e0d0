"""The pages of this room."""

from __future__ import annotations

from django.urls import path

from qualification.views import accommodations, bank, evidence, guideline, ops, readers, readings, worker

app_name = "qualification"

ATTEMPT = "work/attempts/<uuid:attempt_id>/"
EXAM = "ops/exams/<uuid:exam_id>/"
OWN = "client/<slug:org>/"
OWN_EXAM = OWN + "skills/exams/<uuid:exam_id>/"

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
    path("ops/skills/", ops.skills.ops, name="ops_skills"),
    path("ops/skills/<slug:slug>/exams/new/", ops.new_exam.ops, name="ops_new_exam"),
    path(EXAM, ops.exam.ops, name="ops_exam"),
    path(EXAM + "change/", ops.change_exam.ops, name="ops_change_exam"),
    path(EXAM + "questions/", ops.add_question.ops, name="ops_add_question"),
    path(EXAM + "questions/file/", ops.add_file.ops, name="ops_add_file"),
    path(EXAM + "questions/<uuid:item_id>/remove/", ops.remove_question.ops, name="ops_remove_question"),
    path(EXAM + "questions/<uuid:item_id>/void/", ops.void_question.ops, name="ops_void_question"),
    path(EXAM + "bank/", bank.health.ops, name="ops_bank"),
    path(EXAM + "bank/calibrate/", bank.calibrate.ops, name="ops_calibrate"),
    path(EXAM + "bank/<uuid:item_id>/rest/", bank.rest_question.ops, name="ops_rest_question"),
    path(EXAM + "bank.<slug:form>", bank.export.ops, name="ops_export_bank"),
    path(EXAM + "files/<uuid:file_id>/bad.csv", bank.bad_rows.ops, name="ops_bad_rows"),
    path(EXAM + "guideline/", guideline.guideline.ops, name="ops_guideline"),
    path(EXAM + "guideline/name/", guideline.name_guideline.ops, name="ops_name_guideline"),
    path(EXAM + "guideline/sections/", guideline.place_questions.ops, name="ops_place_questions"),
    path(EXAM + "guideline/right/", guideline.still_right.ops, name="ops_still_right"),
    path(EXAM + "evidence/", evidence.evidence, name="ops_evidence"),
    path(EXAM + "evidence/<uuid:attempt_id>/", evidence.decide, name="ops_look"),
    path("ops/readings/", readings.readings, name="ops_readings"),
    path("ops/readings/take/", readings.take, name="ops_take_reading"),
    path("ops/readings/<uuid:reading_id>/", readings.reading, name="ops_reading"),
    path("ops/readings/<uuid:reading_id>/claim/", readings.claim, name="ops_claim_reading"),
    path("ops/readings/<uuid:reading_id>/give-back/", readings.give_back, name="ops_give_back_reading"),
    path("ops/readers/", readers.page, name="ops_readers"),
    path("ops/readers/give/", readers.give, name="ops_give_reader"),
    path("ops/readers/<uuid:grant_id>/end/", readers.end, name="ops_end_reader"),
    path("ops/readers/pauses/<uuid:pause_id>/end/", readers.lift, name="ops_lift_reader"),
    path("ops/readers/known/<uuid:question_id>/make/", readers.make_known, name="ops_make_known_reading"),
    path("ops/readers/known/<uuid:known_id>/end/", readers.end_known, name="ops_end_known_reading"),
    path("ops/people/<uuid:person_id>/exam-time/", accommodations.exam_time, name="ops_exam_time"),
    path("ops/people/<uuid:person_id>/exam-time/end/", accommodations.end, name="ops_end_exam_time"),
    path(EXAM + "publish/", ops.publish.ops, name="ops_publish"),
    path(EXAM + "retire/", ops.retire.ops, name="ops_retire"),
    path(EXAM + "revise/", ops.revise.ops, name="ops_revise"),
    path(OWN + "skills/", ops.skills.client, name="client_skills"),
    path(OWN + "skills/<slug:slug>/exams/new/", ops.new_exam.client, name="client_new_exam"),
    path(OWN_EXAM, ops.exam.client, name="client_exam"),
    path(OWN_EXAM + "change/", ops.change_exam.client, name="client_change_exam"),
    path(OWN_EXAM + "questions/", ops.add_question.client, name="client_add_question"),
    path(OWN_EXAM + "questions/file/", ops.add_file.client, name="client_add_file"),
    path(OWN_EXAM + "questions/<uuid:item_id>/remove/", ops.remove_question.client, name="client_remove_question"),
    path(OWN_EXAM + "questions/<uuid:item_id>/void/", ops.void_question.client, name="client_void_question"),
    path(OWN_EXAM + "bank/", bank.health.client, name="client_bank"),
    path(OWN_EXAM + "bank/calibrate/", bank.calibrate.client, name="client_calibrate"),
    path(OWN_EXAM + "bank/<uuid:item_id>/rest/", bank.rest_question.client, name="client_rest_question"),
    path(OWN_EXAM + "bank.<slug:form>", bank.export.client, name="client_export_bank"),
    path(OWN_EXAM + "guideline/", guideline.guideline.client, name="client_guideline"),
    path(OWN_EXAM + "guideline/name/", guideline.name_guideline.client, name="client_name_guideline"),
    path(OWN_EXAM + "guideline/sections/", guideline.place_questions.client, name="client_place_questions"),
    path(OWN_EXAM + "guideline/right/", guideline.still_right.client, name="client_still_right"),
    path(OWN_EXAM + "files/<uuid:file_id>/bad.csv", bank.bad_rows.client, name="client_bad_rows"),
    path(OWN_EXAM + "publish/", ops.publish.client, name="client_publish"),
    path(OWN_EXAM + "retire/", ops.retire.client, name="client_retire"),
    path(OWN_EXAM + "revise/", ops.revise.client, name="client_revise"),
]
