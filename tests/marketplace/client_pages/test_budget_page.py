"""The page of a project's budget."""

from __future__ import annotations

import pytest

from marketplace.models import Budget
from tests import market
from tests.marketplace.client_pages.conftest import Seat

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_sets_shows_and_drops_it(mira: Seat) -> None:
    made = market.project(mira.user, mira.organisation)
    assert "No budget yet" in mira.words("project_budget", made.pk)
    assert mira.post("project_budget", made.pk, amount="0", period="whole").status_code == 422
    assert mira.post("project_budget", made.pk, amount="12.50", period="month").status_code == 302
    assert "This month" in mira.words("project_budget", made.pk) and Budget.objects.get().amount_units == 125_000
    assert mira.post("drop_budget", made.pk).status_code == 302 and not Budget.objects.exists()
