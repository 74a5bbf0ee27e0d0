"""The shapes in which the API shows and takes skills, exams, attempts and grants."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kit.api import MoneyField
from qualification import items
from qualification.models import Attempt, Exam, ExamItem, Grant, Reading, Skill


class SkillSerializer(serializers.ModelSerializer[Skill]):
    parent = serializers.CharField(source="parent.slug", default=None, allow_null=True, read_only=True)  # type: ignore[assignment]
    organisation = serializers.CharField(source="organisation.slug", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Skill
        fields = ("id", "slug", "name", "kind", "description", "parent", "organisation")


class NewSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(min_length=2, max_length=120)
    kind = serializers.ChoiceField(Skill.KINDS, default="subject")
    slug = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    description = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    parent = serializers.CharField(max_length=80, required=False, help_text="slug of the skill above")  # type: ignore[assignment]


class RenameSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(min_length=2, max_length=120)
    description = serializers.CharField(max_length=500, default="", allow_blank=True)


class ExamSerializer(serializers.ModelSerializer[Exam]):
    """An exam as anybody may see it: rules, no questions."""

    skill = serializers.CharField(source="skill.slug", read_only=True)
    skill_name = serializers.CharField(source="skill.name", read_only=True)

    class Meta:
        model = Exam
        fields = (
            "id", "series", "version", "state", "skill", "skill_name", "title", "about", "tier", "pass_bp",
            "form", "cuts", "confidence_bp", "time_limit_seconds", "draws", "cooldown_hours", "max_attempts", "second_chance_days",
            "valid_days", "guideline", "recheck", "published_at",
        )  # fmt: skip


class ChanceSerializer(serializers.Serializer[Any]):
    may_start = serializers.BooleanField()
    attempts_left = serializers.IntegerField(source="left")
    open_at = serializers.DateTimeField(allow_null=True, help_text="until when the next attempt has to wait")
    live_attempt = serializers.UUIDField(source="live.id", default=None, allow_null=True)
    reading_attempt = serializers.UUIDField(source="reading.id", default=None, allow_null=True)
    since = serializers.IntegerField(allow_null=True, help_text="what has changed since this version of the guideline is asked, no more")
    second_chance = serializers.BooleanField(source="second", help_text="the attempt left is the one after all were used")
    proven = serializers.SerializerMethodField()

    def get_proven(self, chance: Any) -> bool:
        return chance.held is not None


class PromiseSerializer(serializers.Serializer[Any]):
    """What passing pays, to whoever begins while seats are left."""

    amount = MoneyField()
    text = serializers.CharField()
    full = serializers.BooleanField(help_text="Nothing is left of it: starting needs `?unpaid=true`")


class OpenExamSerializer(serializers.Serializer[Any]):
    exam = ExamSerializer()
    chance = ChanceSerializer()
    promises = PromiseSerializer(many=True)


class NewExamSerializer(serializers.Serializer[Any]):
    """A draft; numbers that are left out have sensible defaults."""

    skill = serializers.CharField(max_length=80, help_text="slug of one of your skills")
    title = serializers.CharField(min_length=2, max_length=120)
    about = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    tier = serializers.IntegerField(required=False)
    pass_bp = serializers.IntegerField(required=False, help_text="share of right answers to pass, 10,000 = all")
    time_limit_seconds = serializers.IntegerField(required=False)
    draws = serializers.IntegerField(required=False, help_text="questions drawn for each attempt")
    cooldown_hours = serializers.IntegerField(required=False)
    max_attempts = serializers.IntegerField(required=False)
    valid_days = serializers.IntegerField(required=False, help_text="how long the grant lasts")
    form = serializers.ChoiceField(Exam.FORMS, required=False)
    cuts = serializers.ListField(
        child=serializers.FloatField(), required=False, max_length=3,
        help_text="adaptive: the abilities from which tier 1, 2, 3 is given; 0 is the middle of all people, 1 a standard deviation",
    )  # fmt: skip
    confidence_bp = serializers.IntegerField(required=False, help_text="adaptive: how sure a tier is before the test ends")
    second_chance_days = serializers.IntegerField(required=False, help_text="after all attempts, one more each so many days; 0 never")


class ChangeExamSerializer(NewExamSerializer):
    skill = None  # type: ignore[assignment]
    title = serializers.CharField(min_length=2, max_length=120, required=False)


class ItemSerializer(serializers.ModelSerializer[ExamItem]):
    """A question as those who made the exam see it, with its key and its health."""

    exposure = serializers.IntegerField(help_text="attempts that drew it")
    answers = serializers.IntegerField(help_text="graded answers")
    share_right = serializers.SerializerMethodField(help_text="credit per graded answer in basis points")

    class Meta:
        model = ExamItem
        fields = (
            "id", "root", "n", "kind", "task_type", "topic", "section", "body", "key", "state", "a", "b", "calibration", "calibrated_from",
            "calibrated_at", "voided_at", "exposure", "answers", "share_right",
        )  # fmt: skip

    def get_share_right(self, item: Any) -> int | None:
        return item.credit // item.answers if item.answers else None


class NewItemsSerializer(serializers.Serializer[Any]):
    """Questions, all or none: multiple choice {"kind": "choice", "text", "options", "right", "topic"?} or a task with a known
    answer {"kind": "gold", "task_type", "settings", "row", "truth", "guideline"?, "topic"?}."""

    items = serializers.ListField(child=serializers.JSONField(), allow_empty=False, max_length=items.MOST_ITEMS)


class FileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class RowErrorSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField()
    message = serializers.CharField()


class AddedSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()


class ImageSerializer(serializers.Serializer[Any]):
    """What a row names to show the image."""

    image = serializers.CharField()


class VoidSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class RegradedSerializer(serializers.Serializer[Any]):
    regraded = serializers.IntegerField(help_text="attempts that were graded anew")


class OptionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    text = serializers.CharField()


class RubricLineSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    points = serializers.IntegerField()
    about = serializers.CharField()


class QuestionSerializer(serializers.Serializer[Any]):
    """A question of an attempt: `text`, with `several` and `options` for multiple choice, `unit` for a number, `rubric` for a free
    text; `task` for a task."""

    n = serializers.IntegerField()
    kind = serializers.ChoiceField(ExamItem.KINDS)
    text = serializers.CharField(required=False)
    several = serializers.BooleanField(required=False)
    options = OptionSerializer(many=True, required=False)
    unit = serializers.CharField(required=False)
    rubric = RubricLineSerializer(many=True, required=False)
    task_type = serializers.CharField(required=False)
    guideline = serializers.CharField(required=False)
    task = serializers.JSONField(required=False, help_text="drawer, form, payload, data: what the task's interface starts with")
    answer = serializers.JSONField(allow_null=True)


class TopicSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    questions = serializers.IntegerField()
    share_bp = serializers.IntegerField()


class ExamAttemptSerializer(serializers.ModelSerializer[Attempt]):
    exam = serializers.UUIDField(source="exam_id")

    class Meta:
        model = Attempt
        fields = (
            "id", "exam", "state", "started_at", "deadline_at", "closed_at", "score_bp", "mean_bp", "low_bp", "high_bp",
            "tier", "confidence_bp", "regraded_at", "guideline", "since",
        )  # fmt: skip


class AttemptReadersSerializer(serializers.Serializer[Any]):
    """How far the reading of free texts is."""

    texts = serializers.IntegerField()
    done = serializers.IntegerField(help_text="texts that wait for nobody")
    people = serializers.IntegerField(help_text="how many have read so far")
    due_at = serializers.DateTimeField(allow_null=True, help_text="when the last one is expected; null when nothing is awaited")


class PaperSerializer(serializers.Serializer[Any]):
    """An attempt with its questions while it is live, and with feedback by topic once it is closed."""

    attempt = ExamAttemptSerializer()
    questions = QuestionSerializer(many=True)
    topics = TopicSerializer(many=True)
    readers = AttemptReadersSerializer()


class GivenAnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.JSONField(
        allow_null=True, help_text="keys of options, a number, a text, or the task's answer; null takes it back"
    )
    signals = serializers.JSONField(required=False, help_text="counts since the last answer: away, away_ms, pastes, pasted")
    final = serializers.BooleanField(default=True, help_text="adaptive exams: go on to the next question; this answer then stands")


class SavedSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    answered = serializers.IntegerField(help_text="questions answered so far")
    next = serializers.IntegerField(allow_null=True, help_text="adaptive exams: the question to answer now; null when it is over")
    state = serializers.CharField(help_text="of the attempt")


class PassedAtSerializer(serializers.Serializer[Any]):
    exam = serializers.CharField()
    project = serializers.CharField()
    version = serializers.IntegerField()


class HeldSerializer(serializers.Serializer[Any]):
    """A grant that counts now; the score's mean and 95 % interval in basis points."""

    grant_id = serializers.UUIDField()
    skill = serializers.CharField(source="slug")
    tier = serializers.IntegerField()
    score_bp = serializers.IntegerField(allow_null=True)
    low_bp = serializers.IntegerField(allow_null=True)
    high_bp = serializers.IntegerField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    guidelines = PassedAtSerializer(many=True, help_text="tests behind it, each with the newest version of the guideline it was passed for")


class GrantSerializer(serializers.ModelSerializer[Grant]):
    skill = serializers.CharField(source="skill.slug", read_only=True)

    class Meta:
        model = Grant
        fields = (
            "id", "worker", "skill", "tier", "score_bp", "low_bp", "high_bp", "source", "state", "valid_from", "expires_at",
            "ended_at",
        )  # fmt: skip


BY_HAND = [("ops", _("Given by ops")), ("credential", _("A credential that was verified")), ("evidence", _("Work done here"))]


class NewGrantSerializer(serializers.Serializer[Any]):
    worker = serializers.UUIDField()
    skill = serializers.CharField(max_length=80)
    tier = serializers.IntegerField(min_value=0, max_value=3)
    valid_days = serializers.IntegerField(required=False, min_value=1, max_value=3660)
    source = serializers.ChoiceField(BY_HAND, default="ops")  # type: ignore[assignment]


class HealthSerializer(serializers.Serializer[Any]):
    """A question of a bank in use."""

    item = serializers.UUIDField(source="item.id")
    n = serializers.IntegerField(source="item.n")
    state = serializers.CharField(source="item.state")
    answers = serializers.IntegerField(source="health.answers")
    right = serializers.FloatField(source="health.right", allow_null=True, help_text="share of right answers")
    telling = serializers.FloatField(source="health.telling", allow_null=True, help_text="correlation with the rest")
    met = serializers.IntegerField(help_text="attempts that met it")
    exposure = serializers.FloatField(help_text="share of all attempts that met it")
    worn = serializers.BooleanField()
    doubt = serializers.CharField(
        source="health.doubt", help_text="empty; other: the best agree on another answer; against: the better, the wronger"
    )
    other = serializers.CharField(help_text="the answer that the best agree on")
    a = serializers.FloatField(source="item.a", allow_null=True)
    b = serializers.FloatField(source="item.b", allow_null=True)
    calibration = serializers.CharField(source="item.calibration")
    calibrated_from = serializers.IntegerField(source="item.calibrated_from", allow_null=True)


class CalibratedSerializer(serializers.Serializer[Any]):
    estimated = serializers.IntegerField(help_text="questions whose parameters were estimated")


class RestSerializer(serializers.Serializer[Any]):
    rest = serializers.BooleanField()


class BankUploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text=".csv, .json, or MTurk's QuestionForm as .xml")
    key = serializers.FileField(required=False, help_text="MTurk's AnswerKey")


class BadRowOfBankSerializer(RowErrorSerializer):
    row = serializers.JSONField()


class BroughtSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    bad = BadRowOfBankSerializer(many=True)


class ReadingSerializer(serializers.ModelSerializer[Reading]):
    """A free text that waits to be read; never by whom it is."""

    exam = serializers.CharField(source="question.item.exam.title", read_only=True)
    text = serializers.CharField(source="question.item.body.text", read_only=True)
    rubric = RubricLineSerializer(source="question.item.body.rubric", many=True, read_only=True)
    model = serializers.CharField(source="question.item.key.model", read_only=True)
    answer = serializers.CharField(source="question.answer", read_only=True)

    class Meta:
        model = Reading
        fields = ("id", "due_at", "claimed_until", "exam", "text", "rubric", "model", "answer")


class PointsSerializer(serializers.Serializer[Any]):
    points = serializers.ListField(child=serializers.IntegerField(), max_length=items.MOST_LINES)
    note = serializers.CharField(max_length=1000, default="", allow_blank=True)


class ExamTimeSerializer(serializers.Serializer[Any]):
    time_bp = serializers.IntegerField(help_text="of the usual time, 10,000 = the usual; up to 40,000")
    reason = serializers.CharField(min_length=3, max_length=300)


class SignalSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="away, pasted, fast or alike")
    figures = serializers.DictField(child=serializers.FloatField(), help_text="what made it ring")


class LookSerializer(serializers.Serializer[Any]):
    wrong = serializers.BooleanField()
    note = serializers.CharField(min_length=3, max_length=500)


class RungSerializer(serializers.Serializer[Any]):
    """An attempt that rings a signal."""

    attempt = serializers.UUIDField(source="attempt.id")
    worker = serializers.UUIDField(source="attempt.worker_id")
    alike_to = serializers.UUIDField(source="other.id", default=None, allow_null=True)
    signals = SignalSerializer(many=True)
    look = LookSerializer(allow_null=True)


class MeasuredSignalSerializer(serializers.Serializer[Any]):
    """False alarms of a signal: the share of attempts where it rang and nobody found anything wrong, with its 95 % interval."""

    name = serializers.CharField()
    rang = serializers.IntegerField()
    wrong = serializers.IntegerField(help_text="where a person found something wrong")
    false_alarms_bp = serializers.IntegerField(source="rate.share", default=None, allow_null=True)
    low_bp = serializers.IntegerField(source="rate.low", default=None, allow_null=True)
    high_bp = serializers.IntegerField(source="rate.high", default=None, allow_null=True)


class EvidenceSerializer(serializers.Serializer[Any]):
    attempts = RungSerializer(many=True)
    signals = MeasuredSignalSerializer(many=True)
