"""Experts' work under load: the same draw under two orders of service."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from marketplace.quality import tiers

SMALL = tiers.Market(hours=4)


def said(**options: object) -> str:
    out = StringIO()
    call_command("simulate_experts", stdout=out, hours=4.0, **options)
    return out.getvalue()


def test_experts_work_waits_a_fraction_of_first_come_first_served() -> None:
    busy = tiers.Market(hours=4, ordinary_per_hour=1_650)
    tasks = tiers.draw(busy, seed=1)
    first, tiered = tiers.first_come(busy, tasks, seed=1), tiers.by_tier(busy, tasks, kept_free=0, seed=1)
    assert tiered[tiers.EXPERT].p90 < first[tiers.EXPERT].p90 / 3


def test_the_more_experts_stay_free_the_shorter_their_work_waits_and_the_longer_everybody_elses() -> None:
    tasks = tiers.draw(SMALL, seed=2)
    waits = [tiers.by_tier(SMALL, tasks, kept_free=kept, seed=2) for kept in range(SMALL.experts + 1)]
    expert, ordinary = ([wait[tier].mean for wait in waits] for tier in (tiers.EXPERT, tiers.ORDINARY))
    assert expert[0] > expert[1] > expert[3] and ordinary[0] < ordinary[2] < ordinary[-1]


def test_without_a_load_nobody_waits_and_nobody_is_kept_free() -> None:
    quiet = tiers.Market(crowd=50, experts=20, ordinary_per_hour=60, expert_per_hour=6, hours=4)
    tasks = tiers.draw(quiet, seed=3)
    assert tiers.first_come(quiet, tasks, seed=3) == (tiers.Waits(0.0, 0.0), tiers.Waits(0.0, 0.0))
    assert tiers.best_kept_free(quiet, tasks, seed=3, within=1.0) == 0


def test_every_task_is_served_once_whatever_the_order() -> None:
    tasks = tiers.draw(SMALL, seed=4)
    floor = tiers._Floor(SMALL, tasks, 4)
    floor.play(kept_free=2)
    assert sum(map(len, floor.waits)) == len(tasks.tier) and not any(floor.waiting) and floor.idle == [SMALL.crowd, SMALL.experts]
    assert np.all(np.diff(tasks.at) >= 0)


def test_the_same_seed_prints_the_same_line_and_another_another() -> None:
    assert said(seed=5) == said(seed=5) != said(seed=6)
    assert json.loads(said(seed=5)).keys() == {"load", "tasks", "first_come", "experts_first", "kept_free", "with_kept_free"}


@pytest.mark.parametrize("wrong", [{"experts": 0}, {"hours": 0.0}, {"ordinary_per_hour": -1.0}])
def test_a_market_without_people_or_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(CommandError):
        call_command("simulate_experts", stdout=StringIO(), **wrong)


ROW = re.compile(r"\| ([\d.]+) \| `manage.py simulate_experts ?(.*?)` \| (\d+) \(ordinary (\d+)\) \| (\d+) \(ordinary (\d+)\) \| (\d+): (\d+) \(ordinary (\d+)\) \|")


def test_the_figures_of_the_page_are_what_the_command_says() -> None:
    rows = ROW.findall((Path(__file__).resolve().parents[3] / "docs" / "quality.md").read_text())
    assert len(rows) == 2
    for load, options, *figures in rows:
        out = StringIO()
        call_command("simulate_experts", *options.split(), stdout=out)
        told = json.loads(out.getvalue())
        waits = [told[name][tier]["p90"] for name in ("first_come", "experts_first", "with_kept_free") for tier in ("expert", "ordinary")]
        said = [*map(round, waits[:4]), told["kept_free"], *map(round, waits[4:])]
        assert (f"{told['load']:.2f}", said) == (load, [int(figure) for figure in figures]), options
