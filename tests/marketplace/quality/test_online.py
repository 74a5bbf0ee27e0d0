"""The model between two refits: one answer at a time, from one row of a database."""

from __future__ import annotations

import json
import time

import pytest

from marketplace.quality import categorical
from marketplace.quality.online import Model, Running, first_model

from . import crowds


def fitted(*, items: int = 200, seed: int = 0) -> categorical.Fit:
    return categorical.fit(crowds.make(seed=seed, items=items, prior=(0.5, 0.3, 0.2)).rows)


def test_a_project_without_answers_believes_everybody_a_little() -> None:
    model = first_model(["yes", "no"])
    one = model.observe(model.begin(), worker="ana", answer="yes")
    two = model.observe(one, worker="wen", answer="yes")
    against = model.observe(two, worker="eve", answer="no")
    assert model.posterior(one).belief == pytest.approx(0.7)
    assert model.posterior(two).belief > 0.8
    assert model.posterior(against).belief == pytest.approx(0.7)
    assert [model.posterior(state).answers for state in (one, two, against)] == [1, 2, 3]


def test_the_order_of_answers_does_not_matter() -> None:
    model = fitted().model
    there, back = model.begin(), model.begin()
    answers = [("w1", "c0"), ("w2", "c1"), ("w3", "c0"), ("nobody", "c2")]
    for worker, answer in answers:
        there = model.observe(there, worker=worker, answer=answer)
    for worker, answer in reversed(answers):
        back = model.observe(back, worker=worker, answer=answer)
    assert model.posterior(there).belief == pytest.approx(model.posterior(back).belief)


def test_further_answers_go_on_from_what_the_refit_said() -> None:
    fit = fitted()
    item = min(fit.answers.items, key=lambda name: fit.posterior(name).belief)
    before = fit.posterior(item)
    state = fit.running(item)
    for _ in range(3):
        state = fit.model.observe(state, worker="newcomer", answer=before.label)
    assert fit.model.posterior(state).belief > before.belief
    assert fit.model.posterior(state).answers == before.answers + 3


def test_good_workers_move_more_than_bad_ones() -> None:
    fit = fitted(items=400)
    ranked = sorted(fit.workers, key=lambda name: fit.workers[name].mean)
    start = fit.model.begin()
    bad, good = (fit.model.observe(start, worker=name, answer="c2") for name in (ranked[0], ranked[-1]))
    assert fit.model.posterior(good).distribution["c2"] > fit.model.posterior(bad).distribution["c2"] + 0.2


def test_an_expert_from_elsewhere_counts_by_measured_accuracy() -> None:
    model = fitted().model
    state = model.begin()
    expert = model.observe(state, worker="wen", answer="c1", accuracy=0.98)
    stranger = model.observe(state, worker="wen", answer="c1")
    assert model.posterior(expert).belief > model.posterior(stranger).belief


def test_a_label_that_the_model_has_not_met_is_counted_and_says_nothing() -> None:
    model = fitted().model
    state = model.observe(model.begin(), worker="w1", answer="something new")
    assert state.evidence == model.begin().evidence
    assert state.answers == 1


@pytest.mark.parametrize("labels", [3, 200])
def test_model_and_item_survive_plain_json(labels: int) -> None:
    rows = [(f"i{n}", f"w{n % 7}", f"l{n * m % labels}") for n in range(100) for m in (1, 2, 3)]
    fit = categorical.fit(rows)
    model = Model.from_json(json.loads(json.dumps(fit.model.to_json())))
    state = Running.from_json(json.loads(json.dumps(fit.running("i5").to_json())))
    state = model.observe(state, worker="w3", answer="l1")
    same = fit.model.observe(fit.running("i5"), worker="w3", answer="l1")
    assert model.posterior(state).belief == pytest.approx(fit.model.posterior(same).belief, abs=1e-3)
    assert model.posterior(state).label == fit.model.posterior(same).label
    assert model.open_set == (labels > 50)


def test_an_answer_costs_the_same_in_a_small_project_and_in_a_large_one() -> None:
    def cost(items: int) -> float:
        fit = categorical.fit(crowds.make(items=items, workers=items // 5, per_item=3).rows)
        state, times = fit.running("i0"), []
        for _ in range(7):
            begun = time.process_time()
            for _ in range(2000):
                fit.model.observe(state, worker="w1", answer="c1")
            times.append(time.process_time() - begun)
        return min(times)

    assert cost(4000) < 2 * cost(100)
