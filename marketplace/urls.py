"""The market's pages and where they are."""

from __future__ import annotations

from django.urls import path

from marketplace.views import worker

app_name = "market"

urlpatterns = [
    path("work/", worker.home, name="work_home"),
    path("work/next/", worker.next_task, name="next_task"),
    path("work/history/", worker.history, name="history"),
    path("work/quality/", worker.quality, name="quality"),
    path("work/tasks/<uuid:lease_id>/", worker.workspace, name="workspace"),
    path("work/tasks/<uuid:lease_id>/beat/", worker.beat, name="beat"),
    path("work/tasks/<uuid:lease_id>/draft/", worker.draft, name="draft"),
    path("work/tasks/<uuid:lease_id>/pause/", worker.pause, name="pause"),
    path("work/tasks/<uuid:lease_id>/resume/", worker.resume, name="resume"),
    path("work/tasks/<uuid:lease_id>/submit/", worker.submit, name="submit"),
    path("work/tasks/<uuid:lease_id>/skip/", worker.skip, name="skip"),
    path("work/tasks/<uuid:lease_id>/images/<str:digest>/", worker.image, name="lease_image"),
    path("work/sent-back/<uuid:submission_id>/", worker.take_up, name="take_up"),
    path("work/lapsed/<uuid:assignment_id>/", worker.go_on, name="go_on"),
]
