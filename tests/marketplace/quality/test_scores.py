"""Worker scores: intervals that hold, records that age."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from marketplace.quality import boxes, categorical, numeric, scores, text
from marketplace.quality.scores import Record

from . import crowds


def test_intervals_are_those_of_the_beta_distribution() -> None:
    rng = np.random.default_rng(0)
    mean, counts = rng.uniform(0.02, 0.98, 200), np.exp(rng.uniform(np.log(2), np.log(1e5), 200))
    low, high = scores.beta_interval(mean, counts)
    assert low == pytest.approx(beta.ppf(0.025, mean * counts, (1 - mean) * counts), abs=0.003)
    assert high == pytest.approx(beta.ppf(0.975, mean * counts, (1 - mean) * counts), abs=0.003)


def test_intervals_hold_the_true_accuracy_nineteen_times_in_twenty() -> None:
    inside = []
    for seed in range(4):
        crowd = crowds.make(seed=seed, items=400, per_item=8, spread=0.8, lazy=0.1, hardness=0.4)
        fit = categorical.fit(crowd.rows, gold=crowd.gold(30))
        hits: dict[str, list[bool]] = {}
        for item, worker, answer in crowd.rows:
            hits.setdefault(worker, []).append(answer == crowd.truth[item])
        inside += [fit.workers[name].low <= np.mean(right) <= fit.workers[name].high for name, right in hits.items()]
    assert 0.9 <= np.mean(inside) <= 1.0


def test_a_newcomer_is_like_the_crowd_with_a_wide_interval() -> None:
    [nobody, proven] = scores.score([Record(), Record(95, 100, 2)], crowd=0.8)
    assert nobody.mean == pytest.approx(0.8)
    assert nobody.high - nobody.low > 0.5
    assert proven.low > 0.85


def test_age_widens_the_interval_and_pulls_the_score_to_the_crowd() -> None:
    record = Record(right=58, answers=60, doubt=1)
    fresh, old, ancient = scores.score([record, record.aged(days=180), record.aged(days=900)], crowd=0.7)
    assert fresh.low > old.low > ancient.low
    assert fresh.mean > old.mean > ancient.mean
    assert record.aged(days=90).answers == pytest.approx(30)
    assert record.aged(days=-5) == record


def test_doubt_about_the_truth_widens_the_interval() -> None:
    sure, unsure = scores.score([Record(40, 50, 0), Record(40, 50, 10)], crowd=0.8)
    assert unsure.high - unsure.low > sure.high - sure.low


def test_records_of_projects_add_up_to_a_skill() -> None:
    assert Record(3, 4, 0.5) + Record(1, 2, 0.25) == Record(4, 6, 0.75)


def test_recent_answers_weigh_more_where_their_age_is_known() -> None:
    crowd = crowds.make(seed=5, items=100, workers=4, per_item=4, lazy=0)
    fit = categorical.fit(crowd.rows)
    ages = np.where(fit.right > 0.5, 0.0, 900.0)
    kept = scores.records(fit.answers, fit.right, ages=ages)
    assert all(kept[name].right / kept[name].answers > fit.records[name].right / fit.records[name].answers for name in kept)


def test_no_records_no_scores() -> None:
    assert scores.score([], crowd=scores.crowd_mean([])) == []
    assert scores.crowd_mean([]) == pytest.approx(0.7)


def test_scores_of_numbers_texts_and_boxes_age_too_and_results_do_not() -> None:
    box = boxes.Box(0, 0, 10, 10)
    said: list[tuple[Any, str, str, Any]] = [
        (numeric.fit, "values", "w0", lambda n, m: 10.0 + n + 4.0 * (m > 0) * ((n + m) % 3 - 1)),
        (text.fit, "texts", "w0", lambda n, m: f"word{n} two three" + (f" slip{m}" if m and (n + m) % 3 else "")),
        (boxes.fit, "objects", "w0", lambda n, m: [("cat", box)] if not m or (n + m) % 3 else []),
    ]
    for fit, outcome, name, answer in said:
        rows = [(f"i{n}", f"w{m}", answer(n, m)) for n in range(20) for m in range(4)]
        fresh = fit(rows)
        old = fit(rows, ages={(item, worker): 400.0 for item, worker, _a in rows if worker == name})
        assert getattr(old, outcome) == getattr(fresh, outcome)
        then, now = fresh.workers[name], old.workers[name]
        assert now.high - now.low > 1.5 * (then.high - then.low)
        assert now.mean < then.mean, "who was better than the crowd is thought to be more like it again"
        assert now.answers == then.answers == 20
