"""How good a project's work is: by batch, what is mistaken for what, who did it under which pseudonym."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import MoneyField, reply
from marketplace import client_queries, health, insight
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView


class PercentSerializer(serializers.Serializer[Any]):
    """A share in percent with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class BatchQualitySerializer(serializers.Serializer[Any]):
    """One launched batch."""

    batch = serializers.UUIDField()
    settled = serializers.IntegerField()
    ambiguous = serializers.IntegerField()
    accuracy = PercentSerializer(allow_null=True, help_text="Settled results that are right, by the model's probabilities")
    agreement = serializers.FloatField(allow_null=True, help_text="Percent of pairs of answers to the same task that agree")
    per_right_result = MoneyField(allow_null=True)


class ConfusionSerializer(serializers.Serializer[Any]):
    """What is mistaken for what: `counts[row][column]`, rows what is right, columns what was answered."""

    question = serializers.CharField()
    against = serializers.CharField(help_text="known (answers) or results, which the answers themselves made")
    classes = serializers.ListField(child=serializers.CharField())
    counts = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))


class ContributionSerializer(serializers.Serializer[Any]):
    """What one worker did."""

    worker = serializers.CharField(help_text="The pseudonym of your exports")
    answers = serializers.IntegerField()
    share = serializers.FloatField(help_text="Percent of all answers")
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    hours = serializers.FloatField()
    score = PercentSerializer(allow_null=True, help_text="How often this worker is right in this project")


class StrengthSerializer(serializers.Serializer[Any]):
    """One compared model: 400 points are odds of ten to one, the mean over models is 0."""

    name = serializers.CharField()
    rank = serializers.IntegerField()
    strength = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    comparisons = serializers.IntegerField()
    confidence = serializers.FloatField(help_text="Probability that the rank is the true one")


class RankedSerializer(serializers.Serializer[Any]):
    """A ranking over all comparisons (no subject), or of one subject."""

    subject = serializers.CharField()
    models = StrengthSerializer(many=True)


class ProjectQualitySerializer(serializers.Serializer[Any]):
    """Everything that is known of the quality of a project."""

    batches = BatchQualitySerializer(many=True)
    confusions = ConfusionSerializer(many=True)
    workers = ContributionSerializer(many=True)
    strengths = RankedSerializer(many=True, help_text="Of models named in the columns model_a, model_b ... of compared responses")


class ProjectQuality(ClientView):
    """How good the answers to a project are."""

    @extend_schema(responses=ProjectQualitySerializer)
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        project = reach.project(self.whose(request), project_id)
        return reply(shown(insight.of(
            project=project, batches=client_queries.launched_batches(project)
        )))


class OpsProjectQuality(OpsView, ProjectQuality):
    """How good the answers to anybody's project are."""


def shown(found: insight.Insight) -> dict[str, Any]:
    return {
        "batches": [
            {
                "batch": row.batch.pk, "settled": row.settled, "ambiguous": row.ambiguous, "accuracy": _percent(row.accuracy),
                "agreement": row.agreement.percent if row.agreement else None, "per_right_result": row.per_right,
            }
            for row in found.batches
        ],
        "confusions": [
            {
                "question": one.question, "against": "known" if one.known else "results", "classes": one.classes,
                "counts": [[n for n, _share in one.row(truth)] for truth in one.classes],
            }
            for one in found.confusions
        ],
        "workers": [
            {
                "worker": one.worker, "answers": one.answers, "share": round(one.share, 2), "accepted": one.accepted,
                "rejected": one.rejected, "hours": round(one.hours, 2),
                "score": _percent(health.Interval(*one.score)) if one.score else None,
            }
            for one in found.people
        ],
        "strengths": [
            {
                "subject": one.subject,
                "models": [
                    {
                        "name": row.name, "rank": row.rank, "strength": round(row.points, 1), "low": round(row.low, 1),
                        "high": round(row.high, 1), "comparisons": row.comparisons, "confidence": round(row.confidence, 4),
                    }
                    for row in one.rows
                ],
            }
            for one in found.strengths
        ],
    }  # fmt: skip


def _percent(found: health.Interval | None) -> dict[str, float] | None:
    return {"value": round(found.value, 2), "low": round(found.low, 2), "high": round(found.high, 2)} if found else None
