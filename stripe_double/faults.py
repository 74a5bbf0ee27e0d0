"""Scripted mischief on requests: which of them go wrong, and how."""

import random
import re
import threading
from dataclasses import dataclass, field

KINDS = (
    "drop_before",  # the connection dies, nothing was done
    "drop_after",  # it was done, the connection dies without an answer
    "500_before",  # nothing was done; v1 keeps the 500 under the key
    "500_after",  # it was done, v1 keeps the 500 under the key
    "429",
    "409",
    "slow",  # `seconds` of waiting with the key in flight, then the work
    "truncated",  # it was done, the body ends half-way
)


@dataclass
class Fault:
    """One script line: it hits matching requests after `skip` others, `times` times (0: no end), each at `rate`."""

    kind: str
    method: str = ""
    path: str = ""  # a regular expression, searched in the path
    times: int = 0
    rate: float = 1.0
    skip: int = 0
    seconds: float = 1.0
    seed: int = 0
    seen: int = 0
    hits: int = 0
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        for name in ("times", "rate", "skip", "seconds"):
            if not isinstance(getattr(self, name), int | float):
                raise ValueError(f"{name} must be a number")
        re.compile(self.path)
        self.dice = random.Random(self.seed)

    def strikes(self, method: str, path: str) -> bool:
        if self.method.upper() not in ("", method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times and self.hits >= self.times) or self.dice.random() >= self.rate:
            return False
        self.hits += 1
        return True

    def shown(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "dice"}


class Faults:
    """The script as a whole; the first line that strikes wins. In memory: a restarted double behaves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.script: list[Fault] = []

    def replace(self, script: list[Fault]) -> None:
        with self._lock:
            self.script = script

    def draw(self, method: str, path: str) -> Fault | None:
        with self._lock:
            return next((fault for fault in self.script if fault.strikes(method, path)), None)
