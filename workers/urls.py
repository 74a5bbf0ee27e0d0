"""The pages of this room."""

from __future__ import annotations

from django.urls import path

from workers.views import account, client, ops, queues, setup, worker

app_name = "workers"

urlpatterns = [
    path("work/join/", worker.join, name="join"),
    path("work/onboarding/", worker.onboarding_overview, name="onboarding"),
    path("work/onboarding/profile/", worker.onboarding_profile, name="onboarding_profile"),
    path("work/onboarding/background/", setup.background, name="onboarding_background"),
    path("work/onboarding/credentials/", setup.credential_list, name="onboarding_credentials"),
    path("work/onboarding/comfort/", setup.comfort, name="onboarding_comfort"),
    path("work/onboarding/availability/", setup.availability, name="onboarding_availability"),
    path("work/onboarding/skip/<slug:step>/", setup.skip, name="skip_step"),
    path("work/onboarding/draft/<slug:step>/", setup.draft, name="draft_step"),
    path("work/credentials/<uuid:credential_id>/file/", setup.proof, name="credential_proof"),
    path("work/credentials/<uuid:credential_id>/withdraw/", setup.withdraw_credential, name="withdraw_credential"),
    path("work/profile/", worker.profile, name="profile"),
    path("work/agreement/", worker.agreement, name="agreement"),
    path("work/agreement/<uuid:agreement_id>/", worker.agreement_version, name="agreement_version"),
    path("work/standing/", worker.standing_page, name="standing"),
    path("work/standing/pause/", worker.pause, name="pause"),
    path("work/standing/resume/", worker.resume, name="resume"),
    path("work/standing/leave/", worker.leave, name="leave"),
    path("work/standing/appeal/<uuid:decision_id>/", worker.appeal, name="appeal"),
    path("work/standing/data.json", worker.data, name="data"),
    path("work/notices/", account.worker_notices, name="notices"),
    path("work/tokens/", account.worker_tokens, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", account.revoke_token, name="revoke_token"),
    path("client/new/", client.new_organisation, name="new_organisation"),
    path("client/<slug:org>/settings/", client.organisation, name="organisation"),
    path("client/<slug:org>/members/", client.members, name="members"),
    path("client/<slug:org>/members/<uuid:member_id>/role/", client.change_role, name="change_role"),
    path("client/<slug:org>/members/<uuid:member_id>/remove/", client.remove_member, name="remove_member"),
    path(
        "client/<slug:org>/invitations/<uuid:invitation_id>/withdraw/",
        client.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("client/<slug:org>/api/", account.client_tokens, name="client_tokens"),
    path("client/<slug:org>/notices/", account.client_notices, name="client_notices"),
    path("invitations/<str:token>/", client.invitation, name="invitation"),
    path("ops/people/", ops.ops_people, name="ops_people"),
    path("ops/people/<uuid:person_id>/standing/", ops.person_standing, name="ops_person_standing"),
    path("ops/people/<uuid:person_id>/pause/", ops.pause, name="ops_pause"),
    path("ops/people/<uuid:person_id>/resume/", ops.resume, name="ops_resume"),
    path("ops/appeals/", ops.ops_appeals, name="ops_appeals"),
    path("ops/appeals/<uuid:appeal_id>/", ops.ops_appeal, name="ops_appeal"),
    path("ops/queues/", queues.overview, name="ops_queues"),
    path("ops/queues/<slug:queue>/", queues.one, name="ops_queue"),
    path("ops/queues/<slug:queue>/next/", queues.take_next, name="ops_take_next"),
    path("ops/queues/<slug:queue>/<uuid:item>/claim/", queues.claim, name="ops_claim"),
    path("ops/queues/<slug:queue>/<uuid:item>/release/", queues.release, name="ops_release"),
    path("ops/queues/<slug:queue>/<uuid:item>/hand-over/", queues.hand_over, name="ops_hand_over"),
    path("ops/credentials/<uuid:credential_id>/", queues.credential, name="ops_credential"),
    path("ops/credentials/<uuid:credential_id>/file/", queues.credential_proof, name="ops_credential_proof"),
    path("ops/roles/", ops.roles, name="ops_roles"),
    path("ops/roles/<uuid:person_id>/<slug:role>/take/", ops.take_role, name="ops_take_role"),
    path("ops/agreements/", ops.ops_agreements, name="ops_agreements"),
    path("ops/agreements/new/", ops.new_agreement, name="ops_new_agreement"),
    path("ops/agreements/<uuid:agreement_id>/", ops.ops_agreement, name="ops_agreement"),
    path("ops/notices/", account.ops_notices, name="ops_notices"),
    path("ops/tokens/", account.ops_tokens, name="ops_tokens"),
]
