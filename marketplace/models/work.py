"""Tasks, the slots they open, who may take them, and what was handed in.

These are the hot tables: the two hot paths write them in plain SQL (`marketplace/sql.py`), so every index here is one
that a claim or a submit pays for.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.models.batches import Batch
from marketplace.models.projects import Project, SlotKind
from marketplace.states import ASSIGNMENT, LEASE, SLOT, SUBMISSION


class Task(models.Model):
    """One unit of paid work. A gold task has no batch: it belongs to the project and is mixed into any of its batches."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="tasks", db_index=False)
    line = models.PositiveBigIntegerField()
    external_id = models.CharField(max_length=200, null=True)
    payload = models.JSONField()
    prelabel = models.JSONField(null=True)
    extra = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="one_task_per_line"),
            models.UniqueConstraint(
                fields=["batch", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="clients_own_id_once_per_batch",
            ),
        ]


class GoldAnswer(models.Model):
    """A known answer. `n` is a random place, so that workers meet gold in different order.

    `taught`: a course shows it with its answer, so it is given out no more; what it measured before still counts.
    """

    task = models.OneToOneField(Task, on_delete=models.PROTECT, primary_key=True, related_name="gold")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="gold_answers", db_index=False)
    n = models.FloatField()
    answer = models.JSONField()
    voided_at = models.DateTimeField(null=True)
    voided_why = models.CharField(max_length=40, blank=True, default="")
    taught = models.BooleanField(default=False, db_default=False)
    seen = models.PositiveIntegerField(default=0)
    right = models.PositiveIntegerField(default=0)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["project", "n"], name="gold_in_use", condition=models.Q(taught=False, voided_at__isnull=True)
            )
        ]


class Queue(models.Model):
    """The open slots of one batch, kind and tier. Pausing, closing and re-prioritising change this row alone.

    `room_units` is what the reserve still has for slots that experts may be asked for; None where overlap bounds them.
    Until `best_until` only workers whose score's lower end is at least `best_low_bp` take from it.
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="queues", db_index=False)
    kind = models.CharField(max_length=12, choices=SlotKind.choices)
    tier = models.PositiveSmallIntegerField(default=0)
    open = models.BooleanField(default=False)
    priority = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    rule_version = models.PositiveIntegerField()
    mark = models.BigIntegerField(default=0)
    gold_count = models.PositiveIntegerField(default=0)
    room_units = models.BigIntegerField(null=True)
    best_until = models.DateTimeField(null=True)
    best_low_bp = models.PositiveSmallIntegerField(null=True)
    terms = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "kind", "tier"], name="one_queue_per_kind_and_tier")]
        indexes = [
            models.Index(fields=["-priority", "opened_at", "id"], name="queue_in_order", condition=models.Q(open=True))
        ]


class Slot(models.Model):
    """One judgement that a task still wants. `open` stands apart from `state` so that filling touches no index.

    Slots are made from tasks in one statement, and only drafts, which have none, lose tasks: a foreign key would only make
    each lost row of a draft read all slots there are.
    """

    id = models.BigAutoField(primary_key=True)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="slots", db_index=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="slots", db_index=False, db_constraint=False)
    subject = models.ForeignKey(
        "marketplace.Submission", on_delete=models.PROTECT, null=True, related_name="review_slots", db_index=False
    )
    n = models.SmallIntegerField()
    rank = models.BigIntegerField()
    open = models.BooleanField(default=True, db_default=True)
    state = kit_states.field(SLOT, db_default="open")

    class Meta:
        constraints = [
            kit_states.constraint(SLOT),
            models.UniqueConstraint(
                fields=["task", "queue", "n"], condition=models.Q(n__gt=0, subject__isnull=True), name="one_slot_per_place"
            ),
            models.UniqueConstraint(
                fields=["subject", "n"], condition=models.Q(subject__isnull=False), name="one_review_per_submission"
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "rank"], name="slot_claimable", condition=models.Q(open=True)),
            models.Index(fields=["-id"], name="slot_second_look", condition=models.Q(n__gte=100)),
        ]


class Assignment(models.Model):
    """The one relation of a worker to a task; a judge's assignment may carry several leases."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="assignments", db_index=False)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    judges = models.BooleanField(default=False, db_default=False)
    state = kit_states.field(ASSIGNMENT, db_default="live")

    class Meta:
        constraints = [
            kit_states.constraint(ASSIGNMENT),
            models.UniqueConstraint(fields=["task", "worker"], name="one_assignment_per_worker_and_task"),
        ]
        indexes = [
            models.Index(fields=["worker", "id"], name="assignment_lapsed", condition=models.Q(state="lapsed")),
        ]


class Lease(models.Model):
    """One try at an assignment: the right to fill its slot until a time, with frozen terms.

    Queue, task and worker are copies of what slot and assignment say, made by the statement that makes the lease: foreign
    keys of their own would check the same rows once more on the hottest path.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="leases")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="leases", db_index=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="leases", db_index=False, db_constraint=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="leases", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=12, choices=SlotKind.choices)
    rank = models.BigIntegerField()
    round = models.SmallIntegerField(default=1, db_default=1)
    gold = models.BooleanField(default=False, db_default=False)
    live = models.BooleanField(default=True, db_default=True)
    state = kit_states.field(LEASE, db_default="live")
    leased_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    first_seconds = models.IntegerField()
    last_beat_at = models.DateTimeField(null=True)
    last_input_at = models.DateTimeField(null=True)
    active_ms = models.BigIntegerField(default=0, db_default=0)
    paused_at = models.DateTimeField(null=True)
    paused_seconds = models.IntegerField(default=0, db_default=0)
    terms = models.JSONField()
    closed_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=40, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            kit_states.constraint(LEASE),
            models.UniqueConstraint(
                fields=["worker", "kind"], condition=models.Q(live=True), name="one_live_lease_per_worker_and_kind"
            ),
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(live=True), name="one_live_lease_per_slot"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="lease_expiring", condition=models.Q(live=True)),
            models.Index(fields=["worker", "queue", "rank"], name="lease_cursor"),
            BrinIndex(fields=["leased_at"], name="lease_by_time"),
        ]


class Draft(models.Model):
    """What a worker has so far, kept on the server; survives an expired lease for 30 days."""

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, primary_key=True, related_name="draft")
    answer = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["saved_at"], name="draft_by_age")]


class Submission(models.Model):
    """What a worker handed in. A sent-back one keeps its row; earlier rounds move to `SubmissionRound`.

    Assignment, slot, task, batch and worker are copies of the lease's, without foreign keys of their own, as there.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="submission")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="submissions", db_index=False, db_constraint=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="submissions", db_constraint=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="submissions", db_index=False, db_constraint=False)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    kind = models.CharField(max_length=12, choices=SlotKind.choices)
    round = models.SmallIntegerField(default=1, db_default=1)
    gold = models.BooleanField(default=False, db_default=False)
    answer = models.JSONField()
    active_ms = models.BigIntegerField(default=0, db_default=0)
    submitted_at = models.DateTimeField()
    state = kit_states.field(SUBMISSION, db_default="waiting")
    judge_by = models.DateTimeField(null=True)
    judge_by_at_most = models.DateTimeField(null=True)
    judge_seconds_left = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            kit_states.constraint(SUBMISSION),
            models.UniqueConstraint(fields=["assignment", "slot"], name="one_submission_per_assignment_and_slot"),
        ]
        indexes = [
            models.Index(
                fields=["judge_by"], name="submission_due", condition=models.Q(state__in=["waiting", "sent_back"])
            ),
            models.Index(fields=["batch", "state", "submitted_at"], name="submission_by_batch"),
            models.Index(fields=["worker", "-submitted_at"], name="submission_by_worker"),
        ]


class SubmissionRound(models.Model):
    """The answer of an earlier round, kept when the work was sent back and handed in again."""

    id = models.BigAutoField(primary_key=True)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="rounds", db_index=False)
    round = models.PositiveSmallIntegerField()
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+", db_index=False)
    answer = models.JSONField()
    active_ms = models.PositiveBigIntegerField()
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "round"], name="one_answer_per_round")]


class Ready(models.Model):
    """What a worker may take from, in order: made ahead of the claim, checked by it against the present versions.

    `further` holds [queue, rule version, multiplier] of what does not fit into the first arrays; who finds nothing in
    those reads it, and nobody else pays for its length. `waits` holds [queue, why, until] of those that let the worker in
    but not yet (see `turns`), `apart` whom they are kept apart from. `asked_at` is when they last asked and found nothing.
    """

    worker = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    queues = ArrayField(models.BigIntegerField(), default=list)
    rule_versions = ArrayField(models.IntegerField(), default=list)
    multipliers_bp = ArrayField(models.IntegerField(), default=list)
    further = models.JSONField(default=list)
    waits = models.JSONField(default=list)
    apart = ArrayField(models.UUIDField(), default=list)
    complete = models.BooleanField(default=True)
    facts_version = models.BigIntegerField(default=0)
    stale = models.BooleanField(default=True)
    valid_until = models.DateTimeField()
    made_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], name="ready_asked", condition=models.Q(asked_at__isnull=False))]

    @property
    def multipliers(self) -> dict[int, int]:
        """Every queue that lets this worker in, in order, with the multiplier there in basis points."""
        first = dict(zip(self.queues, self.multipliers_bp, strict=True))
        return first | {queue_id: multiplier for queue_id, _version, multiplier in self.further}


class FairShare(models.Model):
    """A worker who had their share of a scarce queue and lets others go first, until then at the latest.

    `seen_at` is when this was last found to be so: a row that nobody renews is believed no longer.
    """

    id = models.BigAutoField(primary_key=True)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+")
    taken = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    until = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "queue"], name="one_share_per_worker_and_queue")]


class WorkAlert(models.Model):
    """A worker who found nothing and asked to be told when there is work: one notice for each time they ask."""

    worker = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    waiting = models.BooleanField(default=True)
    asked_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["looked_at"], name="alert_waiting", condition=models.Q(waiting=True))]


class WorkerRecord(models.Model):
    """How a worker stands in one project: counts, score with interval, and what follows from them for the next lease."""

    id = models.BigAutoField(primary_key=True)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="records")
    answers = models.IntegerField(default=0, db_default=0)
    judged = models.IntegerField(default=0, db_default=0)
    accepted = models.IntegerField(default=0, db_default=0)
    rejected = models.IntegerField(default=0, db_default=0)
    gold_seen = models.IntegerField(default=0, db_default=0)
    gold_right = models.IntegerField(default=0, db_default=0)
    active_ms = models.BigIntegerField(default=0, db_default=0)
    day = models.DateField(null=True)
    day_answers = models.IntegerField(default=0, db_default=0)
    score_bp = models.SmallIntegerField(null=True)
    score_low_bp = models.SmallIntegerField(null=True)
    score_high_bp = models.SmallIntegerField(null=True)
    scored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "project"], name="one_record_per_worker_and_project")]

    @property
    def percent(self) -> tuple[float, float, float] | None:
        """Score with the ends of its interval, in percent."""
        if self.score_bp is None or self.score_low_bp is None or self.score_high_bp is None:
            return None
        return self.score_bp / 100, self.score_low_bp / 100, self.score_high_bp / 100
