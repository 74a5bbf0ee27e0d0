"""One mover: it follows the chart, can lose a race, and writes history."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from kit import audit, states
from marketplace import batches
from marketplace.models import Batch
from marketplace.states import BATCH
from tests import market, people

pytestmark = pytest.mark.django_db(transaction=True)


def draft() -> tuple[Batch, people.User]:
    mira, shop = people.client()
    return market.batch(market.project(mira, shop), mira), mira


def test_a_move_without_an_arrow_is_refused_and_nothing_moves() -> None:
    batch, mira = draft()
    with pytest.raises(states.NoSuchMove):
        states.move(batch, chart=BATCH, to="settled", actor_id=mira.id, now=market.NOW)
    batch.refresh_from_db()
    assert batch.state == "draft"
    assert not audit.history(batch).exists()


def test_who_comes_second_loses_the_race() -> None:
    batch, mira = draft()
    same = Batch.objects.get(pk=batch.pk)
    states.move(batch, chart=BATCH, to="launching", actor_id=mira.id, now=market.NOW)
    with pytest.raises(states.LostRace):
        states.move(same, chart=BATCH, to="launching", actor_id=mira.id, now=market.NOW)
    assert [line.to_state for line in audit.history(batch)] == ["launching"]


def test_the_database_knows_no_other_words() -> None:
    batch, _mira = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(state="finished")


def test_every_state_of_every_chart_can_be_reached() -> None:
    for chart in states.CHARTS.values():
        seen, ahead = {chart.initial}, [chart.initial]
        while ahead:
            for state in chart.moves[ahead.pop()]:
                if state not in seen:
                    seen.add(state)
                    ahead.append(state)
        starts = set(chart.states) - {state for targets in chart.moves.values() for state in targets}
        assert set(chart.states) - seen <= starts, chart.name


def test_a_closed_batch_stays_closed() -> None:
    batch, mira = draft()
    with pytest.raises(states.NoSuchMove):
        batches.close(batch=batch, actor_id=mira.id, now=market.NOW)
