"""Made-up crowds of many kinds: skilled and lazy people, biased ones, hard items, rare classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Crowd:
    rows: list[Row]
    truth: dict[str, str]

    def gold(self, count: int, *, seed: int = 0) -> dict[str, str]:
        names = sorted(self.truth)
        chosen = np.random.default_rng(seed).permutation(len(names))[:count]
        return {names[n]: self.truth[names[n]] for n in chosen}

    def majority_accuracy(self) -> float:
        """Expected over ties."""
        votes: dict[str, dict[str, int]] = {}
        for item, _worker, answer in self.rows:
            votes.setdefault(item, {}).setdefault(answer, 0)
            votes[item][answer] += 1
        shares = []
        for item, counts in votes.items():
            top = [label for label, count in counts.items() if count == max(counts.values())]
            shares.append((self.truth[item] in top) / len(top))
        return float(np.mean(shares))

    def accuracy(self, labels: dict[str, str]) -> float:
        return float(np.mean([label == self.truth[item] for item, label in labels.items()]))


def make(
    *,
    seed: int = 0,
    items: int = 300,
    workers: int = 40,
    per_item: int = 5,
    prior: tuple[float, ...] = (0.5, 0.5),
    accuracy: float = 0.75,
    spread: float = 0.9,
    bias: tuple[float, ...] | None = None,
    lazy: float = 0.1,
    hardness: float = 0.8,
) -> Crowd:
    """Right with logit = skill + class bias + ease of the item; errors follow one random pattern for the whole crowd.

    A share `lazy` of the workers always gives one answer or any answer.
    """
    rng = np.random.default_rng(seed)
    classes = len(prior)
    truth = rng.choice(classes, size=items, p=prior)
    skill = np.log(accuracy / (1 - accuracy)) + spread * rng.standard_normal(workers)
    personal = 0.5 * rng.standard_normal((workers, classes)) + (0 if bias is None else np.array(bias))
    ease = hardness * rng.standard_normal(items)
    errors = rng.dirichlet(np.ones(classes), size=classes) * (1 - np.eye(classes)) + 1e-9
    errors = errors * (1 - np.eye(classes))
    errors /= errors.sum(axis=1, keepdims=True)
    habit = np.where(rng.random(workers) < lazy, rng.integers(0, classes + 1, workers), -1)
    rows = []
    for item in range(items):
        for worker in rng.choice(workers, size=min(per_item, workers), replace=False):
            k = truth[item]
            if habit[worker] == classes:
                said = rng.integers(classes)
            elif habit[worker] >= 0:
                said = habit[worker]
            elif rng.random() < 1 / (1 + np.exp(-(skill[worker] + personal[worker, k] + ease[item]))):
                said = k
            else:
                said = rng.choice(classes, p=errors[k])
            rows.append((f"i{item}", f"w{worker}", f"c{said}"))
    return Crowd(rows, {f"i{item}": f"c{k}" for item, k in enumerate(truth)})


KINDS = {
    "two even classes": {"per_item": 7, "accuracy": 0.8},
    "a rare class that people miss": {"items": 800, "per_item": 3, "prior": (0.88, 0.12), "accuracy": 0.88, "bias": (0.5, -0.8)},
    "a crowd biased towards one class": {"prior": (0.6, 0.4), "accuracy": 0.66, "bias": (0.8, -0.8), "per_item": 15},
    "five classes": {"prior": (0.2, 0.24, 0.23, 0.3, 0.03), "per_item": 8, "accuracy": 0.75},
    "eight classes, few answers": {"items": 700, "prior": (0.125,) * 8, "per_item": 3, "accuracy": 0.75},
    "many spammers": {"items": 400, "per_item": 7, "lazy": 0.35, "accuracy": 0.85},
    "hard items": {"per_item": 9, "hardness": 1.6, "accuracy": 0.7},
    "a good crowd": {"per_item": 5, "accuracy": 0.93, "lazy": 0.0},
    "many workers, few answers each": {"workers": 300, "per_item": 5, "accuracy": 0.78},
    "twenty answers each": {"items": 250, "per_item": 20, "prior": (0.25,) * 4, "accuracy": 0.65},
}
