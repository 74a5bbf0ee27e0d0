"""The market's part of the API: /api/v1/..."""

from __future__ import annotations

from django.urls import URLPattern, path

from marketplace.api import (
    batches,
    budgets,
    disputes,
    eligibility,
    exports,
    gold,
    leases,
    missions,
    outlook,
    projects,
    results,
    submissions,
    task_types,
    tasks,
    tries,
    uploads,
    webhooks,
    what_if,
    work,
)

hot: list[URLPattern] = [
    path("leases/", leases.Leases.as_view(), name="api_leases"),
    path("leases/<uuid:lease_id>/submit/", leases.Submit.as_view(), name="api_submit"),
    path("leases/<uuid:lease_id>/beat/", leases.Beat.as_view(), name="api_beat"),
]

client: list[URLPattern] = [
    path("task-types/", task_types.TaskTypes.as_view(), name="api_task_types"),
    path("task-types/<slug:slug>/", task_types.TaskTypeDetail.as_view(), name="api_task_type"),
    path("eligibility/count/", eligibility.EligibilityCount.as_view(), name="api_eligibility_count"),
    path("projects/", projects.Projects.as_view(), name="api_projects"),
    path("projects/<uuid:project_id>/", projects.ProjectDetail.as_view(), name="api_project"),
    path("projects/<uuid:project_id>/archive/", projects.ArchiveProject.as_view(), name="api_archive_project"),
    path("projects/<uuid:project_id>/guidelines/", projects.Guidelines.as_view(), name="api_guidelines"),
    path(
        "projects/<uuid:project_id>/guidelines/<int:number>/", projects.GuidelineDetail.as_view(), name="api_guideline"
    ),
    path("projects/<uuid:project_id>/rates/", projects.Rates.as_view(), name="api_rates"),
    path("projects/<uuid:project_id>/bill-rates/", projects.BillRates.as_view(), name="api_bill_rates"),
    path("projects/<uuid:project_id>/budget/", budgets.ProjectBudget.as_view(), name="api_budget"),
    path("projects/<uuid:project_id>/what-if/", what_if.WhatIf.as_view(), name="api_what_if"),
    path("projects/<uuid:project_id>/gold/", gold.Gold.as_view(), name="api_gold"),
    path("projects/<uuid:project_id>/gold/<int:task_id>/void/", gold.VoidGold.as_view(), name="api_void_gold"),
    path("batches/", batches.Batches.as_view(), name="api_batches"),
    path("batches/<uuid:batch_id>/", batches.BatchDetail.as_view(), name="api_batch"),
    path("batches/<uuid:batch_id>/missions/", missions.Missions.as_view(), name="api_missions"),
    path("missions/<uuid:mission_id>/end/", missions.EndMission.as_view(), name="api_end_mission"),
    path("batches/<uuid:batch_id>/tasks/", tasks.Tasks.as_view(), name="api_tasks"),
    path("batches/<uuid:batch_id>/tasks/<int:task_id>/", tasks.TaskDetail.as_view(), name="api_task"),
    path(
        "batches/<uuid:batch_id>/tasks/<int:task_id>/images/<str:digest>/", tries.TaskImage.as_view(), name="api_task_image"
    ),
    path("batches/<uuid:batch_id>/uploads/", uploads.Uploads.as_view(), name="api_uploads"),
    path("batches/<uuid:batch_id>/estimate/", tries.Estimate.as_view(), name="api_estimate"),
    path("batches/<uuid:batch_id>/try/", tries.Try.as_view(), name="api_try"),
    path("batches/<uuid:batch_id>/launch/", batches.Launch.as_view(), name="api_launch"),
    path("batches/<uuid:batch_id>/pause/", batches.Pause.as_view(), name="api_pause_batch"),
    path("batches/<uuid:batch_id>/resume/", batches.Resume.as_view(), name="api_resume_batch"),
    path("batches/<uuid:batch_id>/close/", batches.Close.as_view(), name="api_close_batch"),
    path("batches/<uuid:batch_id>/priority/", batches.Priority.as_view(), name="api_priority"),
    path("batches/<uuid:batch_id>/results/", results.Results.as_view(), name="api_results"),
    path("batches/<uuid:batch_id>/export/", exports.Export.as_view(), name="api_export"),
    path("uploads/<uuid:upload_id>/", uploads.UploadDetail.as_view(), name="api_upload"),
    path("uploads/<uuid:upload_id>/start/", uploads.StartUpload.as_view(), name="api_start_upload"),
    path("uploads/<uuid:upload_id>/bad-rows/", uploads.BadRows.as_view(), name="api_bad_rows"),
    path("submissions/", submissions.Submissions.as_view(), name="api_submissions"),
    path("submissions/judge/", submissions.JudgeMany.as_view(), name="api_judge_many"),
    path("submissions/<uuid:submission_id>/", submissions.SubmissionDetail.as_view(), name="api_submission"),
    path("submissions/<uuid:submission_id>/judge/", submissions.Judge.as_view(), name="api_judge"),
    path("webhook-endpoints/", webhooks.Endpoints.as_view(), name="api_webhook_endpoints"),
    path("disputes/", disputes.Disputes.as_view(), name="api_disputes"),
    path("disputes/<uuid:dispute_id>/", disputes.DisputeDetail.as_view(), name="api_dispute"),
    path("disputes/<uuid:dispute_id>/answer/", disputes.AnswerDispute.as_view(), name="api_answer_dispute"),
    path("webhook-endpoints/<uuid:endpoint_id>/", webhooks.EndpointDetail.as_view(), name="api_webhook_endpoint"),
    path("webhook-endpoints/<uuid:endpoint_id>/secret/", webhooks.RenewSecret.as_view(), name="api_renew_webhook_secret"),
    path(
        "webhook-endpoints/<uuid:endpoint_id>/deliveries/", webhooks.Deliveries.as_view(), name="api_webhook_deliveries"
    ),
    path("webhook-deliveries/<uuid:delivery_id>/", webhooks.DeliveryDetail.as_view(), name="api_webhook_delivery"),
    path("webhook-deliveries/<uuid:delivery_id>/send-again/", webhooks.SendAgain.as_view(), name="api_send_again"),
]

worker: list[URLPattern] = [
    path("work/", work.Work.as_view(), name="api_work"),
    path("work/outlook/", outlook.WorkOutlook.as_view(), name="api_work_outlook"),
    path("work/alert/", outlook.Alert.as_view(), name="api_work_alert"),
    path("work/closed/", work.Closed.as_view(), name="api_work_closed"),
    path("work/projects/<uuid:project_id>/", work.ProjectForWork.as_view(), name="api_work_project"),
    path("work/projects/<uuid:project_id>/pay/", work.ProjectPay.as_view(), name="api_work_pay"),
    path("work/submissions/", work.MySubmissions.as_view(), name="api_my_submissions"),
    path("work/submissions/<uuid:submission_id>/", work.MySubmission.as_view(), name="api_my_submission"),
    path("work/submissions/<uuid:submission_id>/take-up/", work.TakeUp.as_view(), name="api_take_up"),
    path("work/submissions/<uuid:submission_id>/dispute/", disputes.DisputeSubmission.as_view(), name="api_dispute_submission"),
    path("work/disputes/", disputes.MyDisputes.as_view(), name="api_my_disputes"),
    path("work/disputes/<uuid:dispute_id>/", disputes.MyDispute.as_view(), name="api_my_dispute"),
    path("work/lapsed/<uuid:assignment_id>/resume/", work.ResumeLapsed.as_view(), name="api_resume_lapsed"),
    path("leases/current/", leases.CurrentLeases.as_view(), name="api_current_leases"),
    path("leases/<uuid:lease_id>/", leases.LeaseDetail.as_view(), name="api_lease"),
    path("leases/<uuid:lease_id>/draft/", leases.Draft.as_view(), name="api_draft"),
    path("leases/<uuid:lease_id>/pause/", leases.PauseLease.as_view(), name="api_pause_lease"),
    path("leases/<uuid:lease_id>/resume/", leases.ResumeLease.as_view(), name="api_resume_lease"),
    path("leases/<uuid:lease_id>/give-back/", leases.GiveBack.as_view(), name="api_give_back"),
    path("leases/<uuid:lease_id>/images/<str:digest>/", leases.LeaseImage.as_view(), name="api_lease_image"),
]

ops: list[URLPattern] = [
    path("ops/projects/", projects.OpsProjects.as_view(), name="api_ops_projects"),
    path("ops/projects/<uuid:project_id>/", projects.OpsProject.as_view(), name="api_ops_project"),
    path("ops/projects/<uuid:project_id>/guidelines/", projects.OpsGuidelines.as_view(), name="api_ops_guidelines"),
    path("ops/projects/<uuid:project_id>/rates/", projects.OpsRates.as_view(), name="api_ops_rates"),
    path("ops/projects/<uuid:project_id>/bill-rates/", projects.OpsBillRates.as_view(), name="api_ops_bill_rates"),
    path("ops/projects/<uuid:project_id>/budget/", budgets.OpsProjectBudget.as_view(), name="api_ops_budget"),
    path("ops/projects/<uuid:project_id>/what-if/", what_if.OpsWhatIf.as_view(), name="api_ops_what_if"),
    path("ops/projects/<uuid:project_id>/gold/", gold.OpsGold.as_view(), name="api_ops_gold"),
    path("ops/projects/<uuid:project_id>/gold/<int:task_id>/void/", gold.OpsVoidGold.as_view(), name="api_ops_void_gold"),
    path("ops/batches/", batches.OpsBatches.as_view(), name="api_ops_batches"),
    path("ops/batches/<uuid:batch_id>/", batches.OpsBatch.as_view(), name="api_ops_batch"),
    path("ops/batches/<uuid:batch_id>/pause/", batches.OpsPause.as_view(), name="api_ops_pause_batch"),
    path("ops/batches/<uuid:batch_id>/resume/", batches.OpsResume.as_view(), name="api_ops_resume_batch"),
    path("ops/batches/<uuid:batch_id>/close/", batches.OpsClose.as_view(), name="api_ops_close_batch"),
    path("ops/batches/<uuid:batch_id>/priority/", batches.OpsPriority.as_view(), name="api_ops_priority"),
    path("ops/batches/<uuid:batch_id>/missions/", missions.OpsMissions.as_view(), name="api_ops_missions"),
    path("ops/missions/<uuid:mission_id>/end/", missions.OpsEndMission.as_view(), name="api_ops_end_mission"),
    path("ops/batches/<uuid:batch_id>/tasks/", tasks.OpsTasks.as_view(), name="api_ops_tasks"),
    path("ops/batches/<uuid:batch_id>/results/", results.OpsResults.as_view(), name="api_ops_results"),
    path("ops/batches/<uuid:batch_id>/export/", exports.OpsExport.as_view(), name="api_ops_export"),
    path("ops/disputes/", disputes.OpsDisputes.as_view(), name="api_ops_disputes"),
    path("ops/disputes/<uuid:dispute_id>/", disputes.OpsDispute.as_view(), name="api_ops_dispute"),
    path("ops/disputes/<uuid:dispute_id>/answer/", disputes.OpsAnswerDispute.as_view(), name="api_ops_answer_dispute"),
    path("ops/disputes/<uuid:dispute_id>/decide/", disputes.OpsDecideDispute.as_view(), name="api_ops_decide_dispute"),
    path("ops/submissions/", submissions.OpsSubmissions.as_view(), name="api_ops_submissions"),
    path("ops/submissions/<uuid:submission_id>/", submissions.OpsSubmission.as_view(), name="api_ops_submission"),
    path("ops/submissions/<uuid:submission_id>/judge/", submissions.OpsJudge.as_view(), name="api_ops_judge"),
]

urlpatterns = hot + client + worker + ops
