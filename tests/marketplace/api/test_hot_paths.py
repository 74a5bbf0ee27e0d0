"""What lease and submit cost: statements as the client sends them, read from the protocol itself."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from tests.marketplace.api import callers, test_walk
from tests.statements import statements

pytestmark = pytest.mark.django_db(transaction=True)

def test_the_counter_counts_begin_commit_and_each_statement() -> None:
    with statements() as sent, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert len(sent) == 3


def cycle(*, key: str = "") -> int:
    """Lease and submit once all is warm: the third task of a worker."""
    mira, shop = callers.client()
    ana = callers.worker()
    project = mira.get(f"batches/{test_walk.launch(mira, shop, ['one', 'two', 'three'])}/")[1]["project"]
    for turn in range(3):
        with statements() as sent:
            status, answer = ana.post("leases/", {"project": project}, key=f"lease{turn}" if key else None)
            assert status == 201
            path = f"leases/{answer['lease']['id']}/submit/"
            assert ana.post(path, {"answer": {"label": "sunny"}}, key=f"submit{turn}" if key else None)[0] == 201
    return len(sent)


def test_lease_and_submit_take_at_most_22_statements() -> None:
    assert cycle() <= 22


def test_an_idempotency_key_costs_two_statements_on_each_of_the_two() -> None:
    assert cycle(key="yes") == cycle() + 4
