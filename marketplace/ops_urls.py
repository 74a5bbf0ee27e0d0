"""The pages of ops staff in this room and where they are."""

from __future__ import annotations

from django.urls import path

from marketplace.views.ops import apart, batches, cases, disputes, judging, person, pools, projects, promotions, today

urlpatterns = [
    path("ops/", today.page, name="ops_today"),
    path("ops/today/<slug:key>/", today.section, name="ops_today_section"),
    path("ops/batches/", batches.listing, name="ops_batches"),
    path("ops/batches/<uuid:batch_id>/", batches.page, name="ops_batch"),
    path("ops/batches/<uuid:batch_id>/pace/", batches.pace, name="ops_batch_pace"),
    path("ops/batches/<uuid:batch_id>/quality/", batches.quality, name="ops_batch_quality"),
    path("ops/batches/<uuid:batch_id>/pause/", batches.pause, name="ops_pause_batch"),
    path("ops/batches/<uuid:batch_id>/go-on/", batches.go_on, name="ops_go_on_batch"),
    path("ops/batches/<uuid:batch_id>/close/", batches.close, name="ops_close_batch"),
    path("ops/batches/<uuid:batch_id>/priority/", batches.priority, name="ops_prioritise_batch"),
    path("ops/projects/<uuid:project_id>/", projects.page, name="ops_project"),
    path("ops/projects/<uuid:project_id>/quality/", projects.quality, name="ops_project_quality"),
    path("ops/pools/", pools.projects, name="ops_pools"),
    path("ops/pools/skills/", pools.skills, name="ops_pools_skills"),
    path("ops/pools/workers/", pools.workers, name="ops_pools_workers"),
    path("ops/pools/promotions/", promotions.page, name="ops_promotions"),
    path("ops/pools/promotions/<uuid:worker_id>/<uuid:skill_id>/", promotions.give, name="ops_promote"),
    path("ops/pools/apart/", apart.page, name="ops_apart"),
    path("ops/pools/apart/<uuid:apart_id>/end/", apart.end, name="ops_apart_end"),
    path("ops/pools/apart/wishes/<uuid:wish_id>/decline/", apart.decline, name="ops_apart_decline"),
    path("ops/people/<uuid:person_id>/", person.page, name="ops_person"),
    path("ops/people/<uuid:person_id>/parts/<slug:key>/", person.part, name="ops_person_part"),
    path("ops/people/<uuid:person_id>/pause-work/", person.pause, name="ops_pause_person"),
    path("ops/people/<uuid:person_id>/resume-work/", person.resume, name="ops_resume_person"),
    path("ops/people/<uuid:person_id>/grants/", person.give_grant, name="ops_give_grant"),
    path("ops/judge/", judging.queue, name="ops_judge"),
    path("ops/judge/<uuid:submission_id>/", judging.item, name="ops_judge_item"),
    path("ops/judge/<uuid:submission_id>/images/<str:digest>/", judging.image, name="ops_judge_image"),
    path("ops/cases/", cases.queue, name="ops_cases"),
    path("ops/cases/<uuid:case_id>/", cases.one, name="ops_case"),
    path("ops/disputes/", disputes.queue, name="ops_disputes"),
    path("ops/disputes/<uuid:appeal>/", disputes.one, name="ops_dispute"),
    path("ops/disputes/<uuid:appeal>/images/<str:digest>/", disputes.image, name="ops_dispute_image"),
    path("ops/gold/<int:task_id>/", judging.gold_task, name="ops_gold"),
    path("ops/gold/<int:task_id>/void/", judging.void_gold, name="ops_void_gold"),
    path("ops/gold/<int:task_id>/images/<str:digest>/", judging.gold_image, name="ops_gold_image"),
]
