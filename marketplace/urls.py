"""The market's pages and where they are."""

from __future__ import annotations

from django.urls import path

from marketplace.client_urls import urlpatterns as client_pages
from marketplace.ops_urls import urlpatterns as ops_pages
from marketplace.views import agency, apart, cases, courses, disputes, questions, record, referrals, waiting, worker, workspace

app_name = "market"

urlpatterns = [
    *client_pages,
    *ops_pages,
    path("agency/<slug:org>/", agency.team, name="agency_team"),
    path("agency/<slug:org>/team.csv", agency.team_csv, name="agency_team_csv"),
    path("agency/<slug:org>/team/<uuid:worker_id>/let-go/", agency.let_go, name="agency_let_go"),
    path("agency/<slug:org>/invitations/<uuid:invitation_id>/withdraw/", agency.withdraw, name="agency_withdraw"),
    path("agency/<slug:org>/work/", agency.work, name="agency_work"),
    path("agency/<slug:org>/work/<uuid:project_id>/", agency.pick, name="agency_pick"),
    path("team-invitations/<str:token>/", agency.invitation, name="team_invitation"),
    path("work/agency/", agency.mine, name="my_agency"),
    path("work/agency/leave/", agency.leave, name="leave_agency"),
    path("work/agency/<uuid:invitation_id>/", agency.answer, name="team_answer"),
    path("work/", worker.home, name="work_home"),
    path("work/offers/", worker.offers, name="work_offers"),
    path("work/more/", worker.more, name="work_more"),
    path("work/alert/", worker.alert, name="work_alert"),
    path("work/referrals/", referrals.page, name="referrals"),
    path("join/<str:code>/", referrals.came_by, name="came_by"),
    path("work/waiting/", waiting.page, name="waiting"),
    path("work/waiting/<uuid:place_id>/<slug:what>/", waiting.change, name="change_wait_place"),
    path("work/next/", worker.next_task, name="next_task"),
    path("work/history/", worker.history, name="history"),
    path("work/history/<uuid:submission_id>/dispute/", disputes.dispute, name="dispute_open"),
    path("work/disputes/", disputes.listing, name="disputes"),
    path("work/disputes/<uuid:appeal>/", disputes.one, name="dispute"),
    path("work/cases/<uuid:case>/", cases.one, name="case"),
    path("work/standing/record/", record.mine, name="work_record"),
    path("work/standing/record.json", record.file, name="work_record_file"),
    path("record/", record.check, name="check_record"),
    path("record/keys.json", record.keys, name="record_keys"),
    path("work/quality/", worker.quality, name="quality"),
    path("work/quality/apart/", apart.page, name="apart"),
    path("work/projects/<uuid:project_id>/pay/", worker.project_pay, name="work_pay"),
    path("work/projects/<uuid:project_id>/questions/", questions.of_project, name="project_questions"),
    path("work/projects/<uuid:project_id>/course/", courses.overview, name="course"),
    path("work/projects/<uuid:project_id>/course/<int:n>/", courses.step, name="course_step"),
    path("work/projects/<uuid:project_id>/course/images/<int:task_id>/<str:digest>/", courses.image, name="course_image"),
    path("work/practice/<uuid:try_id>/", courses.outcome, name="course_try"),
    path("work/questions/<uuid:question_id>/withdraw/", questions.withdraw, name="withdraw_question"),
    path("work/tasks/<uuid:lease_id>/ask/", questions.ask_about_task, name="ask_about_task"),
    path("work/tasks/<uuid:lease_id>/", workspace.workspace, name="workspace"),
    path("work/tasks/<uuid:lease_id>/beat/", workspace.beat, name="beat"),
    path("work/tasks/<uuid:lease_id>/draft/", workspace.draft, name="draft"),
    path("work/tasks/<uuid:lease_id>/pause/", workspace.pause, name="pause"),
    path("work/tasks/<uuid:lease_id>/resume/", workspace.resume, name="resume"),
    path("work/tasks/<uuid:lease_id>/submit/", workspace.submit, name="submit"),
    path("work/tasks/<uuid:lease_id>/skip/", workspace.skip, name="skip"),
    path("work/tasks/<uuid:lease_id>/images/<str:digest>/", workspace.image, name="lease_image"),
    path("work/sent-back/<uuid:submission_id>/", worker.take_up, name="take_up"),
    path("work/lapsed/<uuid:assignment_id>/", worker.go_on, name="go_on"),
]
