"""What sharing out does to the tenth who take most, played on the same day as first come first served."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from marketplace import simulated_shares as shares

SHORT = shares.Market(hours=3)


def top(seed: int, *, most: shares.Most | None) -> float:
    return shares.play(SHORT, shares.draw(SHORT, seed=seed), most=most).top_decile


@pytest.mark.parametrize("seed", range(3))
def test_no_tenth_takes_more_than_a_fifth_of_scarce_work(seed: int) -> None:
    assert top(seed, most=shares.routing.fair_most) < 0.2 < top(seed, most=None)


def test_a_rule_that_never_binds_is_found_out() -> None:
    """The sabotaged twin: a share without a bound is first come first served, and fails the test above."""
    assert top(0, most=lambda _taken: 10**9) == top(0, most=None) > 0.2


def test_sharing_out_leaves_no_work_undone() -> None:
    day = shares.draw(SHORT, seed=1)
    first, shared = shares.play(SHORT, day, most=None), shares.play(SHORT, day)
    assert shared.taken >= first.taken - 2 and shared.wait < first.wait + 5


def said(**options: object) -> str:
    out = StringIO()
    call_command("simulate_shares", stdout=out, hours=1.0, **options)
    return out.getvalue()


def test_the_same_seed_prints_the_same_line_and_another_another() -> None:
    assert said(seed=5) == said(seed=5) != said(seed=6)
    assert json.loads(said(seed=5)).keys() == {"tasks", "first_come", "shared_out"}


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"hours": 0.0}, {"watchers": 99}, {"spread": -1.0}])
def test_a_market_without_people_or_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        call_command("simulate_shares", stdout=StringIO(), **wrong)


ROW = re.compile(r"`manage.py simulate_shares ?(.*?)` \| ([\d.]+) %, ([\d.]+) s \| ([\d.]+) %, ([\d.]+) s \|")


def test_the_figures_of_the_page_are_what_the_command_says() -> None:
    rows = ROW.findall((Path(__file__).resolve().parents[2] / "docs" / "quality.md").read_text())
    assert len(rows) == 3
    for options, *figures in rows:
        out = StringIO()
        call_command("simulate_shares", *options.split(), stdout=out)
        told = json.loads(out.getvalue())
        said = [f"{100 * told[name][part]:.1f}" if part == "top_decile" else f"{told[name][part]:.1f}"
                for name in ("first_come", "shared_out") for part in ("top_decile", "wait")]  # fmt: skip
        assert said == figures, options
