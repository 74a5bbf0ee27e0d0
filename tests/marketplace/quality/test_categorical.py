"""Labels, confidences and scores from categorical answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from marketplace.quality import categorical, families
from marketplace.quality.answers import encode
from marketplace.quality.calibration import calibration_error

from . import crowds


def labelled(fit: categorical.Fit, *, without: dict[str, str] | None = None) -> dict[str, str]:
    pairs = zip(fit.answers.items, fit.labels, strict=True)
    return {item: label for item, label in pairs if item not in (without or {})}


def error_of(fit: categorical.Fit, crowd: crowds.Crowd, *, without: dict[str, str]) -> float:
    sure = dict(zip(fit.answers.items, fit.confidence, strict=True))
    rest = [item for item in sure if item not in without]
    right = np.array([float(labelled(fit)[item] == crowd.truth[item]) for item in rest])
    return calibration_error(np.array([sure[item] for item in rest]), right)


@pytest.mark.parametrize("kind", crowds.KINDS)
def test_no_kind_of_crowd_makes_it_worse_than_the_majority(kind: str) -> None:
    gains = []
    for seed in range(3):
        crowd = crowds.make(seed=seed, **{**crowds.KINDS[kind], "items": 800})
        gains.append(crowd.accuracy(labelled(categorical.fit(crowd.rows))) - crowd.majority_accuracy())
    assert min(gains) >= -0.01
    assert np.mean(gains) >= 0


def test_gold_makes_labels_better_and_confidences_honest() -> None:
    plain, helped, errors = [], [], []
    for seed, kind in enumerate(crowds.KINDS):
        crowd = crowds.make(seed=seed + 50, **crowds.KINDS[kind])
        gold = crowd.gold(20, seed=seed)
        without, with_gold = categorical.fit(crowd.rows), categorical.fit(crowd.rows, gold=gold)
        plain.append(crowd.accuracy(labelled(without, without=gold)))
        helped.append(crowd.accuracy(labelled(with_gold, without=gold)))
        errors.append(error_of(with_gold, crowd, without=gold))
    assert np.mean(helped) >= np.mean(plain) - 0.001
    assert np.mean(errors) <= 0.055


def test_a_crowd_that_misses_one_class_is_undone() -> None:
    crowd = crowds.make(seed=1, items=150, prior=(0.6, 0.4), accuracy=0.66, bias=(0.9, -0.9), per_item=25)
    assert crowd.accuracy(labelled(categorical.fit(crowd.rows))) > crowd.majority_accuracy() + 0.05


@pytest.mark.parametrize("per_item", [1, 2])
def test_one_or_two_answers_an_item_do_not_collapse_into_one_class(per_item: int) -> None:
    for seed in range(4):
        crowd = crowds.make(seed=seed, per_item=per_item, accuracy=0.8, prior=(0.5, 0.5))
        fit = categorical.fit(crowd.rows)
        assert crowd.accuracy(labelled(fit)) >= crowd.majority_accuracy() - 0.02
        assert 0.2 < np.mean([label == "c0" for label in fit.labels]) < 0.8


def test_known_items_keep_their_truth_and_are_certain() -> None:
    crowd = crowds.make(seed=3)
    gold = crowd.gold(30)
    fit = categorical.fit(crowd.rows, gold=gold)
    sure = dict(zip(fit.answers.items, fit.confidence, strict=True))
    assert all(labelled(fit)[item] == label and sure[item] == 1.0 for item, label in gold.items())


def test_gold_does_not_grade_itself() -> None:
    """Truths drawn by lot: a model graded on what it was told would look far better than chance."""
    crowd = crowds.make(seed=4, items=200, per_item=6, accuracy=0.9)
    lot = np.random.default_rng(0).integers(0, 2, 100)
    gold = {f"i{n}": f"c{k}" for n, k in enumerate(lot)}
    fit = categorical.fit(crowd.rows, gold=gold)
    assert {trial.family for trial in fit.trials} == {family.name for family in families.CANDIDATES}
    assert all(trial.accuracy < 0.66 for trial in fit.trials)


def test_the_family_is_chosen_where_gold_speaks_clearly() -> None:
    """Workers who each confuse the classes in their own way: only a matrix per worker can undo that."""
    rng = np.random.default_rng(5)
    rows, truth = [], {}
    for item in range(400):
        k = int(rng.integers(3))
        truth[f"i{item}"] = f"c{k}"
        for worker in rng.choice(12, size=5, replace=False):
            said = (k + 1) % 3 if worker % 2 and rng.random() < 0.8 else k if rng.random() < 0.75 else int(rng.integers(3))
            rows.append((f"i{item}", f"w{worker}", f"c{said}"))
    crowd = crowds.Crowd(rows, truth)
    gold = crowd.gold(60)
    chosen = categorical.fit(rows, gold=gold)
    coin = categorical.fit(rows, gold=gold, family=families.ONE_COIN)
    assert chosen.family.startswith("confusion")
    assert crowd.accuracy(labelled(chosen, without=gold)) > crowd.accuracy(labelled(coin, without=gold)) + 0.05


def test_fewer_than_twenty_gold_items_choose_nothing() -> None:
    crowd = crowds.make(seed=6)
    assert [trial.family for trial in categorical.fit(crowd.rows, gold=crowd.gold(19)).trials] == ["confusion"]
    assert len(categorical.fit(crowd.rows, gold=crowd.gold(20)).trials) == len(families.CANDIDATES)


def test_a_rare_class_does_not_become_the_place_for_hard_items() -> None:
    """Hard items of every class scatter over all labels, "unsure" among them; hardly any item truly is unsure."""
    rng = np.random.default_rng(7)
    rows, truth = [], {}
    for item in range(300):
        k = int(rng.integers(4)) if item % 60 else 4
        right = 0.3 if item % 4 == 1 or k == 4 else 0.85
        truth[f"i{item}"] = f"c{k}"
        for worker in rng.choice(30, size=20, replace=False):
            said = k if rng.random() < right else int(rng.choice(5, p=(0.2, 0.2, 0.2, 0.15, 0.25)))
            rows.append((f"i{item}", f"w{worker}", f"c{said}"))
    unguarded = categorical.fit(rows, family=dataclasses.replace(families.CONFUSION, guarded=False), sweeps=40)
    guarded = categorical.fit(rows, sweeps=40)
    crowd = crowds.Crowd(rows, truth)
    assert guarded.labels.count("c4") < 20 < unguarded.labels.count("c4")
    assert crowd.accuracy(labelled(guarded)) > crowd.accuracy(labelled(unguarded)) + 0.1


def test_one_class_only_is_evidence_and_not_certainty() -> None:
    fit = categorical.fit([(f"i{n}", f"w{n % 3}", "yes") for n in range(9)])
    assert set(fit.labels) == {"yes"}
    assert all(0.5 < sure < 1 for sure in fit.confidence)
    assert set(fit.posterior("i0").distribution) == {"yes"}


def test_a_lone_worker_is_believed_with_care() -> None:
    fit = categorical.fit([(f"i{n}", "only", "ab"[n % 2]) for n in range(20)])
    assert fit.labels == ["a", "b"] * 10
    assert all(0.5 < sure < 0.95 for sure in fit.confidence)


def test_of_doubled_rows_the_last_counts() -> None:
    crowd = crowds.make(seed=8)
    wrong_first = [(item, worker, "c0") for item, worker, _answer in crowd.rows]
    again, once = categorical.fit(wrong_first + crowd.rows), categorical.fit(crowd.rows)
    assert again.labels == once.labels
    assert np.array_equal(again.confidence, once.confidence)


def test_gold_against_everybody_is_believed_and_harms_nothing_else() -> None:
    crowd = crowds.make(seed=9, items=300, per_item=5, accuracy=0.9)
    lies = {item: "c1" if label == "c0" else "c0" for item, label in crowd.gold(10).items()}
    labels = labelled(categorical.fit(crowd.rows, gold=lies))
    assert all(labels[item] == label for item, label in lies.items())
    assert crowd.accuracy({item: label for item, label in labels.items() if item not in lies}) > 0.9


def test_whoever_answers_everything_alike_scores_no_better_than_chance() -> None:
    crowd = crowds.make(seed=10, lazy=0.0, accuracy=0.88)
    rows = crowd.rows + [(item, "same", "c0") for item in crowd.truth]
    fit = categorical.fit(rows)
    assert fit.workers["same"].mean < 0.6
    assert crowd.accuracy(labelled(fit)) >= crowd.majority_accuracy()


def test_a_label_that_only_gold_or_the_project_knows_is_possible() -> None:
    crowd = crowds.make(seed=11, items=60)
    fit = categorical.fit(crowd.rows, gold={"i0": "never said"}, classes=["also never said"])
    assert labelled(fit)["i0"] == "never said"
    assert fit.posterior("i1").distribution["also never said"] < 0.1


def test_the_order_of_rows_decides_nothing() -> None:
    crowd = crowds.make(seed=12, per_item=2)
    shuffled = [crowd.rows[n] for n in np.random.default_rng(0).permutation(len(crowd.rows))]
    assert labelled(categorical.fit(crowd.rows)) == labelled(categorical.fit(shuffled))


def test_scores_follow_true_accuracy() -> None:
    errors, together = [], []
    for seed in range(4):
        crowd = crowds.make(seed=seed + 20, items=400, per_item=7, lazy=0.2, prior=(0.4, 0.3, 0.3))
        fit = categorical.fit(crowd.rows, gold=crowd.gold(20))
        true = {}
        for item, worker, answer in crowd.rows:
            true.setdefault(worker, []).append(answer == crowd.truth[item])
        pairs = np.array([(fit.workers[name].mean, np.mean(hits)) for name, hits in true.items() if len(hits) > 9])
        together.append(np.corrcoef(pairs.T)[0, 1])
        errors.append(np.abs(pairs[:, 0] - pairs[:, 1]).mean())
    assert np.mean(together) >= 0.78
    assert np.mean(errors) <= 0.08


def test_what_a_worker_is_known_for_elsewhere_counts_from_the_first_answer() -> None:
    rows = [("i0", "expert", "a"), ("i0", "novice", "b"), *((f"i{n}", f"w{n}", "ab"[n % 2]) for n in range(1, 30))]
    equal = categorical.fit(rows).posterior("i0")
    told = categorical.fit(rows, believed={"expert": 0.97, "novice": 0.55}).posterior("i0")
    assert told.label == "a"
    assert told.belief > max(equal.belief, 0.7)


def test_an_open_label_set_is_settled_by_agreement() -> None:
    rng = np.random.default_rng(13)
    truth = {f"i{n}": f"plate {rng.integers(10_000)}" for n in range(200)}
    rows = [
        (item, f"w{worker}", label if rng.random() < 0.5 + 0.04 * worker else f"plate {rng.integers(10_000)}")
        for item, label in truth.items()
        for worker in rng.choice(10, size=3, replace=False)
    ]
    fit = categorical.fit(rows, gold={"i0": truth["i0"]})
    assert fit.family == "one_coin_open"
    assert crowds.Crowd(rows, truth).accuracy(labelled(fit)) >= crowds.Crowd(rows, truth).majority_accuracy()
    assert fit.workers["w9"].mean > fit.workers["w0"].mean + 0.15
    item = fit.answers.items[5]
    assert fit.posterior(item).confidence == pytest.approx(fit.confidence[5], abs=0.02)


def test_nothing_at_all_gives_an_empty_fit() -> None:
    fit = categorical.fit([])
    assert (fit.labels, fit.workers, len(fit.confidence)) == ([], {}, 0)


def test_classes_keep_the_order_of_the_project() -> None:
    answers = encode([("i", "w", "b"), ("i", "v", "z")], classes=["c", "b", "a"])
    assert answers.classes == ("c", "b", "a", "z")


def test_old_answers_say_less_of_a_worker_and_nothing_less_of_an_item() -> None:
    rows = [(f"i{n}", worker, "yes" if n % 2 else "no") for n in range(40) for worker in ("ana", "ben", "cem")]
    fresh = categorical.fit(rows)
    old = categorical.fit(rows, ages={(f"i{n}", "ana"): 180.0 for n in range(40)})
    assert old.labels == fresh.labels and old.confidence.tolist() == fresh.confidence.tolist()
    ana, ana_then, ben = old.workers["ana"], fresh.workers["ana"], old.workers["ben"]
    assert ana.high - ana.low > 1.4 * (ana_then.high - ana_then.low), "two half-lives: a quarter of the weight"
    assert ben.high - ben.low == pytest.approx(fresh.workers["ben"].high - fresh.workers["ben"].low, rel=0.1)


def test_ages_of_answers_that_are_not_there_are_no_matter() -> None:
    rows = [("i", "ana", "yes"), ("i", "ben", "no")]
    assert categorical.fit(rows, ages={("x", "eve"): 9.0}).workers == categorical.fit(rows).workers
