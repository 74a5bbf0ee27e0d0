"""The shapes in which the API shows and takes people, organisations, tokens, standing and appeals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kit.money import PAYABLE_STEP
from workers import appeals, notices, standing, tokens
from workers.models import (
    Agreement,
    ApiToken,
    Appeal,
    Invitation,
    Membership,
    OpsRole,
    Organisation,
    StandingDecision,
    User,
    WorkerProfile,
)


class BelongingSerializer(serializers.Serializer[Any]):
    organisation_id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Membership.ROLES)


class MeSerializer(serializers.Serializer[Any]):
    """Who is asking, and what they may do here."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    is_worker = serializers.BooleanField()
    ops_roles = serializers.ListField(child=serializers.ChoiceField(OpsRole.ROLES))
    organisations = BelongingSerializer(many=True)


class LanguageSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="ISO 639-1")
    level = serializers.CharField(help_text="A1 to C2, or native")


class ProfileSerializer(serializers.ModelSerializer[WorkerProfile]):
    languages = LanguageSerializer(many=True)

    class Meta:
        model = WorkerProfile
        fields = ("country", "languages", "time_zone", "standing", "onboarded_at", "created_at")
        read_only_fields = ("standing", "onboarded_at", "created_at")
        extra_kwargs = {"country": {"allow_blank": False, "required": True}, "time_zone": {"required": True}}


class StepSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField()
    minutes = serializers.IntegerField()
    done = serializers.BooleanField()
    needed = serializers.BooleanField(help_text="no task is offered before it is done")
    skipped = serializers.BooleanField()


class AgreementSerializer(serializers.ModelSerializer[Agreement]):
    class Meta:
        model = Agreement
        fields = ("id", "kind", "version", "title", "text", "published_at")
        read_only_fields = ("version", "published_at")


class SignatureSerializer(serializers.Serializer[Any]):
    agreement = serializers.UUIDField(source="agreement_id")
    at = serializers.DateTimeField()


class NoticeSerializer(serializers.Serializer[Any]):
    """A notice in the reader's language."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    sentence = serializers.CharField()
    url = serializers.CharField()
    at = serializers.DateTimeField()
    read = serializers.BooleanField()

    def to_representation(self, instance: Any) -> Any:
        return super().to_representation(notices.show(instance))


class ReadNoticesSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=500)


class NoticePreferenceSerializer(serializers.Serializer[Any]):
    group = serializers.CharField(max_length=20)
    title = serializers.CharField(read_only=True)
    in_app = serializers.BooleanField()
    mail = serializers.BooleanField()


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    scopes = serializers.ListField(child=serializers.CharField())
    organisation = serializers.CharField(source="organisation.slug", default=None, allow_null=True, read_only=True)

    class Meta:
        model = ApiToken
        fields = (
            "id", "name", "prefix", "scopes", "organisation", "created_at", "expires_at", "last_used_at", "revoked_at"
        )  # fmt: skip


class NewTokenSerializer(serializers.Serializer[Any]):
    """What a token shall be."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(list(tokens.SCOPES.items())), allow_empty=False)
    days = serializers.IntegerField(default=tokens.DAYS, min_value=1, max_value=tokens.MOST_DAYS)
    organisation = serializers.SlugField(required=False, help_text="needed for the client scopes")


class MadeTokenSerializer(serializers.Serializer[Any]):
    """A new token; `key` is shown this once."""

    key = serializers.CharField()
    token = TokenSerializer()


class DecisionSerializer(serializers.ModelSerializer[StandingDecision]):
    """A decision as the person it is about reads it; who decided is known to ops."""

    class Meta:
        model = StandingDecision
        fields = ("id", "subject_kind", "subject_id", "reason", "clause", "evidence", "at", "appeal_until")


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    due_at = serializers.SerializerMethodField(help_text="when the clock that runs now ends")

    class Meta:
        model = Appeal
        fields = (
            "id", "subject_kind", "subject_id", "state", "outcome", "text", "opened_at", "due_at", "answer", "answered_at",
            "grounds", "decided_at",
        )  # fmt: skip

    def get_due_at(self, appeal: Appeal) -> str | None:
        moment = appeals.due_at(appeal)
        return moment.isoformat() if moment else None


class StandingSerializer(serializers.Serializer[Any]):
    standing = serializers.ChoiceField([(state, state) for state in ("active", "paused", "ending", "ended")])
    reason = serializers.CharField(source="standing_reason")
    since = serializers.DateTimeField(source="standing_since")
    until = serializers.DateTimeField(source="standing_until", allow_null=True)
    decisions = DecisionSerializer(many=True)
    appeals = AppealSerializer(many=True)


class NewAppealSerializer(serializers.Serializer[Any]):
    decision = serializers.UUIDField()
    text = serializers.CharField(max_length=appeals.LONGEST_TEXT)


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    name = serializers.CharField(min_length=2, max_length=120)
    billing_currency = serializers.ChoiceField([(code, code) for code in sorted(PAYABLE_STEP)], default="USD")

    class Meta:
        model = Organisation
        fields = ("id", "name", "slug", "kind", "billing_currency", "created_at")
        read_only_fields = ("slug", "kind", "created_at")


class RenameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(min_length=2, max_length=120)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "name", "email", "role", "since")
        read_only_fields = ("since",)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "created_at", "expires_at")
        read_only_fields = ("created_at", "expires_at")


class AcceptSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=200)


class PersonSerializer(serializers.ModelSerializer[User]):
    """A person as ops see them in a list."""

    standing = serializers.CharField(source="worker.standing", default=None, allow_null=True)
    country = serializers.CharField(source="worker.country", default=None, allow_null=True)

    class Meta:
        model = User
        fields = ("id", "name", "email", "standing", "country", "created_at")


class PauseSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(standing.PAUSE_REASON_CHOICES)
    until = serializers.DateTimeField(help_text="within 30 days")


class EvidenceSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    ref = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class DecideSerializer(serializers.Serializer[Any]):
    """A decision against a person; from a browser session that was re-authenticated in the last 15 minutes."""

    reason = serializers.ChoiceField(StandingDecision.REASONS)
    clause = serializers.CharField(max_length=200)
    evidence = EvidenceSerializer(many=True, allow_empty=False)


class OpsRoleSerializer(serializers.ModelSerializer[OpsRole]):
    user_name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = OpsRole
        fields = ("user", "user_name", "role", "given_at")
        read_only_fields = ("given_at",)
        validators: list[Any] = []


class AnswerSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=appeals.LONGEST_TEXT)


class VerdictSerializer(serializers.Serializer[Any]):
    overturn = serializers.BooleanField(help_text="true: the person was right")
    grounds = serializers.CharField(max_length=appeals.LONGEST_TEXT)
