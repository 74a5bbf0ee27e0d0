"""The same data given to crowd-kit: another implementation must come to nearly the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from marketplace.quality import categorical, families, pairwise, text
from marketplace.quality.answers import encode

from . import crowds

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

CROWD = crowds.make(seed=30, items=300, per_item=7, prior=(0.4, 0.35, 0.25), accuracy=0.8, lazy=0.05)
FRAME = pd.DataFrame(CROWD.rows, columns=["task", "worker", "label"])


def ours(family: families.Family) -> dict[str, str]:
    fit = categorical.fit(CROWD.rows, family=family)
    return dict(zip(fit.answers.items, fit.labels, strict=True))


def agreement(left: dict[str, str], right: dict[str, str]) -> float:
    return float(np.mean([left[item] == right[item] for item in left]))


def test_majority_vote_where_nothing_is_tied() -> None:
    from crowdkit.aggregation import MajorityVote

    counts = FRAME.groupby(["task", "label"]).size().unstack(fill_value=0)
    top = counts.max(axis=1)
    clear = counts.index[(counts.eq(top, axis=0)).sum(axis=1) == 1]
    theirs = MajorityVote().fit_predict(FRAME)
    assert all(ours(families.MAJORITY)[item] == theirs[item] for item in clear)


@pytest.mark.parametrize(
    ("family", "name"),
    [(families.CONFUSION, "DawidSkene"), (families.CONFUSION_FREE, "DawidSkene"), (families.ONE_COIN, "OneCoinDawidSkene")],
)
def test_labels_of_dawid_and_skene(family: families.Family, name: str) -> None:
    import crowdkit.aggregation

    theirs = getattr(crowdkit.aggregation, name)(n_iter=50).fit_predict(FRAME).to_dict()
    mine = ours(family)
    assert agreement(mine, theirs) >= 0.95
    assert CROWD.accuracy(mine) >= CROWD.accuracy(theirs) - 0.01


def test_probabilities_of_one_coin() -> None:
    """Plenty of data, so that shrinkage and the first guess weigh nothing."""
    from crowdkit.aggregation import OneCoinDawidSkene

    crowd = crowds.make(seed=31, items=400, workers=10, per_item=10, prior=(0.5, 0.5), lazy=0, hardness=0)
    frame = pd.DataFrame(crowd.rows, columns=["task", "worker", "label"])
    model = OneCoinDawidSkene(n_iter=100).fit(frame)
    answers = encode(crowd.rows)
    learned = families.learn(answers, families.ONE_COIN, sweeps=100)
    mine = dict(zip(answers.workers, learned.rows[:, 0, 0], strict=True))
    assert max(abs(mine[name] - skill) for name, skill in model.skills_.items()) < 0.03


def test_bradley_terry_strengths() -> None:
    from crowdkit.aggregation import BradleyTerry

    rng = np.random.default_rng(32)
    strength = np.array([1.2, 0.6, 0.1, -0.4, -1.5])
    rows: list[pairwise.Comparison] = []
    for n in range(2000):
        a, b = rng.choice(5, size=2, replace=False)
        won = rng.random() < 1 / (1 + np.exp(strength[b] - strength[a]))
        rows.append((f"w{n % 9}", f"m{a}", f"m{b}", "left" if won else "right"))
    frame = pd.DataFrame([(w, a, b, a if v == "left" else b) for w, a, b, v in rows], columns=["worker", "left", "right", "label"])
    never = -1.0  # their test of convergence compares an array with itself and would stop after two rounds
    theirs = np.log(BradleyTerry(n_iter=500, tol=never).fit_predict(frame))
    theirs = (theirs - theirs.mean()) * pairwise.SCALE
    mine = {one.name: one.points for one in pairwise.rank(rows).table}
    assert all(mine[name] == pytest.approx(points, abs=2.0) for name, points in theirs.items())


def test_rover() -> None:
    from crowdkit.aggregation import ROVER

    rng = np.random.default_rng(33)
    words = [f"word{n}" for n in range(200)]
    truth = {f"i{n}": list(rng.choice(words, 12)) for n in range(60)}
    rows = []
    for item, line in truth.items():
        for worker in range(5):
            said = [word if rng.random() < 0.8 else str(rng.choice(words)) for word in line if rng.random() < 0.93]
            rows.append((item, f"w{worker}", " ".join(said)))
    frame = pd.DataFrame(rows, columns=["task", "worker", "text"])
    theirs = ROVER(tokenizer=str.split, detokenizer=" ".join).fit_predict(frame)

    def errors(texts: dict[str, str]) -> float:
        from task_types.measures import word_error_rate

        return float(np.mean([word_error_rate(texts[item], " ".join(line)) for item, line in truth.items()]))

    assert errors(text.fit(rows).texts) <= errors(dict(theirs)) + 0.005
