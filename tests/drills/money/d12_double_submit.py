"""D12: twenty POSTs at once hand in the same task, under the same and under different keys; one answer, one earning."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace import doors, sql, submissions
from marketplace.models import Submission
from payments.models import Earning
from tests import market, people
from tests.drills.figure import Figure
from tests.drills.money.crowd import at_once
from tests.drills.money.sabotage import swapped, when, without_constraints
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held
from workers import tokens

POSTS = 20


def run(stage: Stage, sabotaged: bool) -> Figure:
    count = stage.size(8, 500)
    mira, shop = people.client()
    market.launched(mira, shop, texts=count, fund="10000")
    ana = people.worker("Ana")
    token = tokens.make(user_id=ana.pk, name="drill", scopes=["work"], now=timezone.now()).key
    statuses: list[int] = []
    with when(sabotaged, nothing_in_the_way()):
        for _task in range(count):
            leased = doors.ask(worker_id=ana.pk, kind="answer", project_id=None, now=timezone.now())
            assert leased is not None
            keys = [f"{leased.lease_id}-{min(n, POSTS // 2)}" for n in range(POSTS)]
            answers = at_once(keys, lambda key, lease=leased.lease_id: _post(token, lease, key), hands=POSTS)
            statuses += [answer if isinstance(answer, int) else 599 for answer in answers]
        each = Submission.objects.values_list("assignment_id", flat=True)
        found = {
            "tasks": count, "posts": len(statuses), "of_500": sum(status >= 500 for status in statuses),
            "answers": len(each), "earnings": Earning.objects.filter(source_kind="submission").count(),
            "tasks_answered": len(set(each)),
        }  # fmt: skip
    wanted = {"tasks": count, "posts": POSTS * count, "of_500": 0, "answers": count, "earnings": count, "tasks_answered": count}
    return held(found, wanted)


def _post(token: str, lease_id: uuid.UUID, key: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    body = json.dumps({"answer": {"label": "sunny"}})
    path = reverse("api_submit", args=[lease_id])
    return Client(raise_request_exception=False).post(path, body, content_type="application/json", headers=headers).status_code


@contextmanager
def nothing_in_the_way() -> Iterator[None]:
    """A lease is handed in whatever its state, and the table takes a second answer."""
    read, careless = submissions._read, sql.SUBMIT.replace("AND live", "")
    assert careless != sql.SUBMIT

    def forgetful(*given: Any) -> Any:
        return replace(read(*given), live=True, state="live", submission_id=None)

    with without_constraints("marketplace_submission"), swapped(sql, SUBMIT=careless), swapped(submissions, _read=forgetful):
        yield
