"""The API of this room."""

from __future__ import annotations

from django.urls import path

from workers.api import me, ops, organisations, queues, setup, support

urlpatterns = [
    path("me/", me.Me.as_view(), name="api_me"),
    path("me/profile/", me.Profile.as_view(), name="api_profile"),
    path("me/onboarding/", me.Onboarding.as_view(), name="api_onboarding"),
    path("me/background/", setup.Background.as_view(), name="api_background"),
    path("me/comfort/", setup.Comfort.as_view(), name="api_comfort"),
    path("me/availability/", setup.Availability.as_view(), name="api_availability"),
    path("me/credentials/", setup.Credentials.as_view(), name="api_credentials"),
    path("me/credentials/<uuid:credential_id>/", setup.OneCredential.as_view(), name="api_credential"),
    path("me/agreements/", me.Agreements.as_view(), name="api_agreements"),
    path("me/agreements/<uuid:agreement_id>/sign/", me.Sign.as_view(), name="api_sign"),
    path("me/standing/", me.Standing.as_view(), name="api_standing"),
    path("me/standing/leave/", me.Leave.as_view(), name="api_leave"),
    path("me/appeals/", me.Appeals.as_view(), name="api_appeals"),
    path("me/notices/", me.Notices.as_view(), name="api_notices"),
    path("me/notices/read/", me.ReadNotices.as_view(), name="api_read_notices"),
    path("me/notices/preferences/", me.NoticePreferences.as_view(), name="api_notice_preferences"),
    path("me/support/", support.MySupport.as_view(), name="api_support"),
    path("ops/support/<uuid:request_id>/answer/", support.AnswerSupport.as_view(), name="api_answer_support"),
    path("me/tokens/", me.Tokens.as_view(), name="api_tokens"),
    path("me/tokens/<uuid:token_id>/", me.Token.as_view(), name="api_token"),
    path("me/data/", me.MyData.as_view(), name="api_my_data"),
    path("invitations/accept/", me.AcceptInvitation.as_view(), name="api_accept_invitation"),
    path("organisations/", organisations.Organisations.as_view(), name="api_organisations"),
    path("organisations/<slug:org>/", organisations.OrganisationDetail.as_view(), name="api_organisation"),
    path("organisations/<slug:org>/members/", organisations.Members.as_view(), name="api_members"),
    path("organisations/<slug:org>/members/<uuid:member_id>/", organisations.Member.as_view(), name="api_member"),
    path("organisations/<slug:org>/invitations/", organisations.Invitations.as_view(), name="api_invitations"),
    path(
        "organisations/<slug:org>/invitations/<uuid:invitation_id>/",
        organisations.InvitationDetail.as_view(),
        name="api_invitation",
    ),
    path("ops/people/", ops.People.as_view(), name="api_people"),
    path("ops/people/<uuid:person_id>/pause/", ops.Pause.as_view(), name="api_pause"),
    path("ops/people/<uuid:person_id>/resume/", ops.Resume.as_view(), name="api_resume"),
    path("ops/people/<uuid:person_id>/end/", ops.End.as_view(), name="api_end"),
    path("ops/queues/", queues.Queues.as_view(), name="api_queues"),
    path("ops/queues/<slug:queue>/", queues.Waiting.as_view(), name="api_queue"),
    path("ops/queues/<slug:queue>/<uuid:item>/claim/", queues.Claim.as_view(), name="api_claim"),
    path("ops/queues/<slug:queue>/<uuid:item>/hand-over/", queues.HandOver.as_view(), name="api_hand_over"),
    path("ops/credentials/<uuid:credential_id>/decide/", queues.DecideCredential.as_view(), name="api_decide_credential"),
    path("ops/roles/", ops.OpsRoles.as_view(), name="api_ops_roles"),
    path("ops/roles/<uuid:person_id>/<slug:role>/", ops.OpsRoleDetail.as_view(), name="api_ops_role"),
    path("ops/appeals/", ops.WaitingAppeals.as_view(), name="api_waiting_appeals"),
    path("ops/appeals/<uuid:appeal_id>/answer/", ops.AnswerAppeal.as_view(), name="api_answer_appeal"),
    path("ops/appeals/<uuid:appeal_id>/decide/", ops.DecideAppeal.as_view(), name="api_decide_appeal"),
    path("ops/agreements/", ops.PublishedAgreements.as_view(), name="api_published_agreements"),
]
