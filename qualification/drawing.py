"""Which questions of a bank an attempt gets: at random, each topic in proportion to its share of the bank. Imports no Django."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def draw(bank: Mapping[str, Sequence[Item]], *, count: int, chance: random.Random) -> list[Item]:
    """`count` different items (all, when there are fewer) from a bank by topic, in random order.

    Seats of a topic are its share of the bank by the largest remainder; ties between topics fall by chance.
    """
    total = sum(len(items) for items in bank.values())
    count = min(count, total)
    if not count:
        return []
    topics = sorted(bank)
    chance.shuffle(topics)
    shares = {topic: divmod(count * len(bank[topic]), total) for topic in topics}
    left = count - sum(whole for whole, _rest in shares.values())
    raised = set(sorted(topics, key=lambda topic: -shares[topic][1])[:left])
    drawn = [item for topic in topics for item in chance.sample(list(bank[topic]), shares[topic][0] + (topic in raised))]
    chance.shuffle(drawn)
    return drawn
