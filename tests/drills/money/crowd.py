"""Many hands at once: threads started together, each giving its connection back when it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(items: Sequence[Item], act: Callable[[Item], Result], *, hands: int) -> list[Result | Exception]:
    """Do something with each item, by so many threads; results and errors in the order of the items."""

    def one(item: Item) -> Result | Exception:
        try:
            return act(item)
        except Exception as error:  # noqa: BLE001 - handed to the drill, which counts it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, items))


def unexpected(outcomes: Sequence[object], *expected: type[BaseException]) -> list[object]:
    """The errors among outcomes that nobody reckoned with."""
    return [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, expected)]
