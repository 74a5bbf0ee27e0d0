"""Tasks of a batch: added as rows, read with every answer and its result; workers appear under pseudonyms."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from marketplace import rows as intake_rows
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.api.results import ResultSerializer
from marketplace.models import Batch, Submission, Task
from workers import access, pseudonyms


class TaskAnswerSerializer(serializers.Serializer[Any]):
    """One answer of a task."""

    submission = serializers.UUIDField()
    worker = serializers.CharField(help_text="The worker's pseudonym for your organisation")
    answer = serializers.JSONField()
    state = serializers.CharField()
    seconds = serializers.FloatField(help_text="Active time")
    submitted_at = serializers.DateTimeField()


class TaskSerializer(serializers.Serializer[Any]):
    """One task with its answers."""

    id = serializers.IntegerField()
    line = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    payload = serializers.JSONField()
    prelabel = serializers.JSONField(allow_null=True)
    extra = serializers.JSONField(allow_null=True)
    result = ResultSerializer(allow_null=True)
    answers = TaskAnswerSerializer(many=True)


class NewTasksSerializer(Body):
    """Rows of the task type's fields; `external_id` and `prelabel` are known too, other names are kept and returned."""

    rows = serializers.ListField(child=serializers.JSONField(allow_null=True), min_length=1, max_length=intake_rows.ROWS_MOST)


class BadTaskRowSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place in `rows`, from 0")
    field = serializers.CharField()
    reason = serializers.CharField()


class TasksAddedSerializer(serializers.Serializer[Any]):
    """What became of the rows; the good ones are tasks, whatever is wrong with others."""

    added = serializers.IntegerField()
    bad = BadTaskRowSerializer(many=True)
    tasks = serializers.IntegerField(help_text="Tasks of the batch now")


def shown(tasks: Sequence[Task], batch: Batch) -> list[dict[str, Any]]:
    """Two statements for any number of tasks."""
    rows = Submission.objects.filter(task__in=[task.pk for task in tasks], kind="answer", gold=False)
    given: dict[int, list[Submission]] = defaultdict(list)
    for answer in rows.order_by("submitted_at", "id"):
        given[answer.task_id].append(answer)
    people = {answer.worker_id for answers in given.values() for answer in answers}
    names = {worker: pseudonyms.of(worker_id=worker, organisation=batch.project.organisation) for worker in people}
    return [
        {
            "id": task.pk, "line": task.line, "external_id": task.external_id, "payload": task.payload,
            "prelabel": task.prelabel, "extra": task.extra,
            "result": ResultSerializer(task.result).data if hasattr(task, "result") else None,
            "answers": [_answer(answer, names[answer.worker_id]) for answer in given[task.pk]],
        }
        for task in tasks
    ]


def _answer(answer: Submission, worker: str) -> dict[str, Any]:
    return {
        "submission": answer.pk, "worker": worker, "answer": answer.answer, "state": answer.state,
        "seconds": answer.active_ms / 1000, "submitted_at": answer.submitted_at,
    }


def _of(batch: Batch) -> QuerySet[Task]:
    return Task.objects.filter(batch=batch).select_related("result__task")


class Tasks(ClientView):
    """The tasks of a batch in the order of the file."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("external_id", str, description="Only the task with this id of yours")],
        responses=paged(TaskSerializer),
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        batch = reach.batch(self.whose(request), batch_id)
        rows = _of(batch)
        if own := request.query_params.get("external_id"):
            rows = rows.filter(external_id=own.replace("\x00", "\ufffd"))
        return listing(request, rows, order="line", show=lambda page: shown(page, batch))

    @extend_schema(request=NewTasksSerializer, responses={201: TasksAddedSerializer})
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Add up to 1,000 rows to a draft; the good ones are kept, the bad ones named by their place."""
        given = NewTasksSerializer.read(request)

        def work() -> HttpResponse:
            batch = reach.batch(self.whose(request), batch_id)
            added = intake_rows.add(
                batch=batch, rows=given["rows"], actor_id=access.user_of(request).pk, now=timezone.now()
            )
            batch.refresh_from_db(fields=["task_count"])
            bad = [{"index": one.index, "field": one.field, "reason": one.reason} for one in added.bad]
            return reply({"added": added.added, "bad": bad, "tasks": batch.task_count}, 201)

        return change(request, work)


class TaskDetail(ClientView):
    """One task with its answers."""

    @extend_schema(responses=TaskSerializer)
    def get(self, request: Request, batch_id: uuid.UUID, task_id: int) -> HttpResponse:
        batch = reach.batch(self.whose(request), batch_id)
        task = _of(batch).filter(pk=task_id).first() if task_id < 2**63 else None
        if task is None:
            raise NotFound(_("There is no such task."))
        return reply(shown([task], batch)[0])


class OpsTasks(OpsView, Tasks):
    """The tasks of anybody's batch."""

    http_method_names = ["get", "head", "options"]
