"""A market to measure: one project, workers with tokens, batches of any length, pasts of any length; made set-based."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import django


@dataclass
class Market:
    """One client's project and the workers who do it."""

    project_id: uuid.UUID
    mira_id: uuid.UUID
    worker_ids: list[uuid.UUID]
    tokens: list[str]
    batch_ids: list[uuid.UUID] = field(default_factory=list)

    @classmethod
    def make(cls, *, workers: int) -> Market:
        """Migrate, and make the people; tokens as a person would make them."""
        django.setup()
        from django.core.management import call_command
        from django.utils import timezone

        call_command("migrate", verbosity=0)
        from tests import market, people
        from workers import tokens

        mira, shop = people.client()
        people.pay_in(shop, people.usd("90000000"))
        project = market.project(mira, shop, price="0.01", lease_seconds=600)
        crowd = [people.worker(f"W{n}") for n in range(workers)]
        now = timezone.now()
        made = [
            tokens.make(user_id=worker.pk, name="bench", scopes=["work"], now=now).key for worker in crowd
        ]
        return cls(project.pk, mira.pk, [worker.pk for worker in crowd], made)

    def launch(self, *, tasks: int) -> None:
        """A batch of so many tasks, all of its slots open."""
        from django.db import connection, transaction
        from django.utils import timezone

        from marketplace import batches
        from marketplace.models import Batch, Project

        project = Project.objects.get(pk=self.project_id)
        now = timezone.now()
        with transaction.atomic():
            draft = batches.open_draft(project=project, name="bench", actor_id=self.mira_id, now=now)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO marketplace_task (project_id, batch_id, line, payload)"
                    " SELECT %s, %s, n, jsonb_build_object('text', 'text ' || n) FROM generate_series(1, %s) n",
                    [project.pk, draft.pk, tasks],
                )
            Batch.objects.filter(pk=draft.pk).update(task_count=tasks)
        draft.refresh_from_db()
        with transaction.atomic():
            batches.launch(batch=draft, actor_id=self.mira_id, now=now)
        more = True
        while more:
            with transaction.atomic():
                more = batches.open_slots(batch_id=draft.pk, now=now)
        self.batch_ids.append(draft.pk)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def lengthen(self, *, to: int) -> None:
        """So many more open slots behind those of the first batch, in the same queue."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "WITH made AS (INSERT INTO marketplace_task (project_id, batch_id, line, payload)"
                " SELECT %s, %s, 10000000 + n, '{\"text\": \"more\"}'::jsonb FROM generate_series(1, %s) n RETURNING id)"
                " INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)"
                " SELECT (SELECT id FROM marketplace_queue WHERE batch_id = %s AND kind = 'answer'), id, 1,"
                " nextval('marketplace_slot_rank'), true, 'open' FROM made",
                [self.project_id, self.batch_ids[0], to, self.batch_ids[0]],
            )
            cursor.execute("VACUUM ANALYZE")

    def give_past(self, *, worker: int, tasks: int) -> None:
        """A worker who did so many tasks of this queue already, each still wanting another answer: all of them lie open
        before the fresh ones, and a claim that walked over them would cost a hundred times more."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "WITH old AS (INSERT INTO marketplace_task (project_id, batch_id, line, payload)"
                " SELECT %(project)s, %(batch)s, 20000000 + n, '{\"text\": \"old\"}'::jsonb FROM generate_series(1, %(count)s) n"
                " RETURNING id),"
                " ranked AS (SELECT id, -row_number() OVER () AS rank FROM old),"
                " open AS (INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)"
                " SELECT q.id, ranked.id, 2, rank, true, 'open' FROM ranked, marketplace_queue q"
                " WHERE q.batch_id = %(batch)s AND q.kind = 'answer'),"
                " slot AS (INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)"
                " SELECT q.id, ranked.id, 1, rank, false, 'filled' FROM ranked, marketplace_queue q"
                " WHERE q.batch_id = %(batch)s AND q.kind = 'answer' RETURNING id, task_id, queue_id, rank),"
                " did AS (INSERT INTO marketplace_assignment (id, task_id, worker_id, judges, state)"
                " SELECT gen_random_uuid(), task_id, %(worker)s, false, 'done' FROM slot RETURNING id, task_id)"
                " INSERT INTO marketplace_lease (id, assignment_id, slot_id, queue_id, task_id, worker_id, kind, rank, round, gold,"
                " live, state, leased_at, expires_at, first_seconds, active_ms, paused_seconds, terms, why)"
                " SELECT gen_random_uuid(), did.id, slot.id, slot.queue_id, slot.task_id, %(worker)s, 'answer', slot.rank, 1, false,"
                " false, 'submitted', now() - interval '1 day', now() - interval '1 day', 600, 1000, 0, '{}', ''"
                " FROM slot JOIN did ON did.task_id = slot.task_id",
                {"project": self.project_id, "batch": self.batch_ids[0], "count": tasks, "worker": self.worker_ids[worker]},
            )
            cursor.execute("UPDATE marketplace_queue SET mark = -1000000000 WHERE batch_id = %s", [self.batch_ids[0]])
            cursor.execute("VACUUM ANALYZE")
