"""Recorded workers at work: a few threads, each doing some tasks of one worker, then some of the next."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from marketplace.replay.gateway import Caller, Unexpected

if TYPE_CHECKING:
    from marketplace.replay.story import Story

THREADS = 4
TURN = 10
"""Tasks that a worker is offered before it is another one's turn."""


def in_parallel(names: Sequence[str], do: Callable[[str], None]) -> None:
    """Call `do` for each name on a few threads; the first failure stops the rest."""
    with ThreadPoolExecutor(THREADS) as threads:
        for _done in threads.map(do, names):
            continue


@dataclass(slots=True)
class Shift:
    """Who still has something to do. A slot that is given back may be for somebody who found nothing before."""

    waiting: deque[str]
    dry: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    returned: int = 0
    answers: int = 0
    lock: threading.Condition = field(default_factory=threading.Condition)
    failed: bool = False

    def take(self) -> str | None:
        """The next worker, or None when nobody can find anything any more."""
        with self.lock:
            while not self.failed:
                if self.waiting:
                    self.busy += 1
                    return self.waiting.popleft()
                if not self.busy and not self._call_back():
                    self.lock.notify_all()
                    return None
                if not self.waiting:
                    self.lock.wait(1)
            return None

    def _call_back(self) -> bool:
        """Those who found nothing look again, if slots came back since they looked."""
        again = [worker for worker, seen in self.dry.items() if seen < self.returned]
        for worker in again:
            del self.dry[worker]
        self.waiting.extend(again)
        return bool(again)

    def end_turn(self, worker: str, *, found_nothing_at: int | None) -> None:
        with self.lock:
            self.busy -= 1
            if found_nothing_at is None:
                self.waiting.append(worker)
            else:
                self.dry[worker] = found_nothing_at
            self.lock.notify_all()


def do(story: Story) -> int:
    """Let everybody lease, answer what they are recorded to have answered, and skip the rest; returns the answers made."""
    shift = Shift(waiting=deque(sorted(story.cast.workers)))
    items = _items_by_payload(story)
    left = {worker: dict(answers) for worker, answers in story.recorded.answers.items()}
    story.bar.step("work", story.recorded.possible(story.overlap))
    with ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(_serve, story, shift, items, left) for _thread in range(THREADS)]
        for one in running:
            one.result()
    return shift.answers


def _items_by_payload(story: Story) -> dict[bytes, list[str]]:
    """A lease shows no id: the content says which item it is (two items may have the same)."""
    found: dict[bytes, list[str]] = defaultdict(list)
    for task in story.client.each(f"batches/{story.batch}/tasks/"):
        found[_key(task["payload"])].append(task["external_id"])
    return found


def _key(payload: Any) -> bytes:
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def _serve(story: Story, shift: Shift, items: dict[bytes, list[str]], left: dict[str, dict[str, str]]) -> None:
    try:
        while (worker := shift.take()) is not None:
            caller = Caller(story.gateway, story.cast.workers[worker])
            nothing = None
            for _task in range(TURN):
                seen = shift.returned
                if not _one_task(story, shift, caller, items, left[worker]):
                    nothing = seen
                    break
            shift.end_turn(worker, found_nothing_at=nothing)
    except BaseException:
        with shift.lock:
            shift.failed = True
            shift.lock.notify_all()
        raise


def _one_task(story: Story, shift: Shift, caller: Caller, items: dict[bytes, list[str]], left: dict[str, str]) -> bool:
    """Lease and answer or skip one task; False when there is none."""
    lease = caller.post("leases/", {"project": story.project})["lease"]
    if lease is None:
        return False
    item = next((item for item in items[_key(lease["payload"])] if item in left), None)
    if item is None:
        _settle(caller.ask("POST", f"leases/{lease['id']}/give-back/", {"why": "not recorded"}))
        with shift.lock:
            shift.returned += 1
        return True
    _settle(caller.ask("POST", f"leases/{lease['id']}/submit/", {"answer": {"label": left.pop(item)}}))
    with shift.lock:
        shift.answers += 1
    story.bar.count()
    return True


def _settle(answer: Any) -> None:
    """Sent twice over a broken line, the second time says that it is done already."""
    if answer.status >= 300 and answer.code not in ("already_submitted", "lease_over"):
        raise Unexpected(f"{answer.status} {answer.body}")
