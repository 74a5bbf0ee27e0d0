"""People whose mistakes are alike: for the account graph, from tasks that both answered and that have a settled result."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext as _

from workers import graph

LOOKED_AT = 300
"""Of a person's latest answers."""
LEAST = 5
"""Tasks at which both were wrong, below which nothing is said."""
ALIKE = 0.8
"""Share of those at which both gave the very same wrong answer. Two honest people who err alone seldom agree on how."""

SAME_MISTAKES = """
WITH mine AS (
    SELECT task_id, answer FROM marketplace_submission
    WHERE worker_id = %(who)s AND kind = 'answer' ORDER BY submitted_at DESC LIMIT %(look)s
), wrong AS (
    SELECT mine.task_id, mine.answer FROM mine
    JOIN marketplace_result result ON result.task_id = mine.task_id AND result.state = 'settled' AND result.answer <> mine.answer
)
SELECT theirs.worker_id, count(*), count(*) FILTER (WHERE theirs.answer = wrong.answer)
FROM wrong JOIN marketplace_submission theirs ON theirs.task_id = wrong.task_id AND theirs.kind = 'answer'
JOIN marketplace_result result ON result.task_id = wrong.task_id AND result.answer <> theirs.answer
WHERE theirs.worker_id <> %(who)s
GROUP BY theirs.worker_id
HAVING count(*) >= %(least)s AND count(*) FILTER (WHERE theirs.answer = wrong.answer) >= %(alike)s * count(*)
LIMIT 40
"""
"""Others who were wrong at the same tasks, at how many, and at how many of them with the same answer."""


def edges(person_id: uuid.UUID) -> Iterator[graph.Edge]:
    """Neighbours by the same mistakes."""
    with connection.cursor() as cursor:
        cursor.execute(SAME_MISTAKES, {"who": person_id, "look": LOOKED_AT, "least": LEAST, "alike": ALIKE})
        rows = cursor.fetchall()
    for other, both, same in rows:
        words = _("%(same)d of %(both)d mistakes at the same tasks are the same") % {"same": same, "both": both}
        yield graph.Edge(person_id, other, graph.LIKE, words, graph.WEIGHT[graph.LIKE])


graph.declare(edges)
