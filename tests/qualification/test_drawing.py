"""Drawing questions: as many as asked, each once, topics in proportion."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from qualification import drawing

BANKS = st.dictionaries(st.text("abc", max_size=3), st.integers(0, 30), max_size=5).map(
    lambda sizes: {topic: [f"{topic}:{at}" for at in range(size)] for topic, size in sizes.items()}
)


@given(BANKS, st.integers(0, 60), st.integers())
def test_an_attempt_gets_the_asked_number_each_once_and_every_topic_its_share(
    bank: dict[str, list[str]], count: int, seed: int
) -> None:
    drawn = drawing.draw(bank, count=count, chance=random.Random(seed))
    total = sum(len(found) for found in bank.values())
    assert len(drawn) == len(set(drawn)) == min(count, total)
    for items in bank.values():
        share = min(count, total) * len(items) / total if total else 0
        assert abs(len(set(drawn) & set(items)) - share) < 1


@given(BANKS, st.integers(0, 60), st.integers())
def test_the_same_chance_draws_the_same(bank: dict[str, list[str]], count: int, seed: int) -> None:
    first, second = (drawing.draw(bank, count=count, chance=random.Random(seed)) for _again in range(2))
    assert first == second


def test_another_chance_draws_otherwise() -> None:
    bank = {"": [str(at) for at in range(300)]}
    drawn = [drawing.draw(bank, count=30, chance=random.Random(seed)) for seed in range(2)]
    assert drawn[0] != drawn[1]
