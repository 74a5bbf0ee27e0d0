"""A client's pages and where they are; every address begins with the organisation it belongs to."""

from __future__ import annotations

from django.urls import path

from marketplace.views import questions
from marketplace.views.client import batches, budgets, disputes, gold, missions, projects, quality, results, review, setup, uploads

ORG = "client/<slug:org>/"
PROJECT = f"{ORG}projects/<uuid:project_id>/"
BATCH = f"{ORG}batches/<uuid:batch_id>/"
UPLOAD = f"{ORG}uploads/<uuid:upload_id>/"

urlpatterns = [
    path(ORG, projects.home, name="projects"),
    path(f"{ORG}projects/new/", projects.new, name="project_new"),
    path(PROJECT, projects.overview, name="project"),
    path(f"{PROJECT}rename/", projects.rename, name="project_rename"),
    path(f"{PROJECT}archive/", projects.archive, name="project_archive"),
    path(f"{PROJECT}batches/new/", projects.open_batch, name="open_batch"),
    path(f"{PROJECT}settings/", setup.settings, name="project_settings"),
    path(f"{PROJECT}settings/preview/", setup.preview, name="project_preview"),
    path(f"{PROJECT}guideline/", setup.guideline, name="project_guideline"),
    path(f"{PROJECT}guideline/preview/", setup.guideline_preview, name="guideline_preview"),
    path(f"{PROJECT}terms/", setup.terms, name="project_terms"),
    path(f"{PROJECT}terms/sums/", setup.terms_sums, name="terms_sums"),
    path(f"{PROJECT}workers/", setup.workers, name="project_workers"),
    path(f"{PROJECT}workers/count/<slug:part>/", setup.count, name="workers_count"),
    path(f"{PROJECT}budget/", budgets.page, name="project_budget"),
    path(f"{PROJECT}budget/drop/", budgets.drop, name="drop_budget"),
    path(f"{PROJECT}quality/", quality.page, name="project_quality"),
    path(f"{PROJECT}gold/", gold.page, name="project_gold"),
    path(f"{PROJECT}gold/add/", gold.add, name="gold_add"),
    path(f"{PROJECT}gold/answer/", gold.answer, name="gold_answer"),
    path(f"{PROJECT}gold/answer/<int:task_id>/", gold.keep, name="gold_keep"),
    path(f"{PROJECT}gold/<int:task_id>/void/", gold.void, name="gold_void"),
    path(BATCH, batches.page, name="batch"),
    path(f"{BATCH}live/<slug:state>/", batches.live, name="batch_live"),
    path(f"{BATCH}upload/", uploads.upload, name="batch_upload"),
    path(f"{BATCH}try/", uploads.try_task, name="batch_try"),
    path(f"{BATCH}launch/", batches.launch, name="batch_launch"),
    path(f"{BATCH}pause/", batches.pause, name="batch_pause"),
    path(f"{BATCH}go-on/", batches.go_on, name="batch_go_on"),
    path(f"{BATCH}close/", batches.close, name="batch_close"),
    path(f"{BATCH}plan/", batches.plan, name="batch_plan"),
    path(f"{BATCH}discard/", batches.discard, name="batch_discard"),
    path(f"{BATCH}missions/", missions.page, name="batch_missions"),
    path(f"{BATCH}missions/<uuid:mission_id>/end/", missions.end, name="end_mission"),
    path(f"{BATCH}results/", results.listing, name="batch_results"),
    path(f"{BATCH}results/<int:task_id>/", results.task, name="batch_task"),
    path(f"{BATCH}results/<int:task_id>/gold/", results.make_gold, name="batch_task_gold"),
    path(f"{BATCH}export/<slug:kind>/", results.export, name="batch_export"),
    path(f"{UPLOAD}map/", uploads.start, name="upload_map"),
    path(f"{UPLOAD}progress/", uploads.progress, name="upload_progress"),
    path(f"{UPLOAD}bad-rows/", uploads.bad_rows, name="bad_rows"),
    path(f"{UPLOAD}bad-rows.csv", uploads.bad_rows_file, name="bad_rows_file"),
    path(f"{UPLOAD}discard/", uploads.discard, name="upload_discard"),
    path(f"{ORG}tasks/<int:task_id>/images/<str:digest>/", results.image, name="task_image"),
    path(f"{ORG}samples/<slug:slug>/<str:name>/", results.sample_image, name="sample_image"),
    path(f"{ORG}disputes/", disputes.listing, name="client_disputes"),
    path(f"{ORG}disputes/<uuid:appeal>/", disputes.one, name="client_dispute"),
    path(f"{ORG}disputes/<uuid:appeal>/answer/", disputes.answer, name="client_dispute_answer"),
    path(f"{ORG}disputes/<uuid:appeal>/concede/", disputes.concede, name="client_dispute_concede"),
    path(f"{ORG}questions/", questions.of_client, name="client_questions"),
    path(f"{ORG}questions/<uuid:question>/", questions.of_client_one, name="client_question"),
    path(f"{ORG}review/", review.queue, name="client_review"),
    path(f"{ORG}review/many/", review.many, name="client_review_many"),
    path(f"{ORG}review/<uuid:submission_id>/", review.item, name="client_review_item"),
    path(f"{ORG}review/<uuid:submission_id>/judge/", review.judge, name="client_review_judge"),
]
