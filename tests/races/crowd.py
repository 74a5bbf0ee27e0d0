"""Many people at once: threads with connections of their own, started together, whose errors come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connections

Person = TypeVar("Person")
Result = TypeVar("Result")


def at_once(people: Sequence[Person], act: Callable[[Person], Result]) -> list[Result | BaseException]:
    """Let everybody act in their own thread, from one start; each result or error in the order of the people."""
    outcomes: list[Result | BaseException] = [RuntimeError("did not run")] * len(people)
    gate = threading.Barrier(len(people))

    def run(place: int) -> None:
        gate.wait()
        try:
            outcomes[place] = act(people[place])
        except BaseException as error:  # noqa: BLE001 - handed to the test
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    return outcomes
