"""One cycle over HTTP with token auth: lease and submit, everything included, against the bare floor in the same run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench import ground, servers
from bench.report import Figure

if TYPE_CHECKING:
    from bench.market import Market

TEXT = {"label": "sunny"}
WARM_CYCLES = 30
"""Before each series, for each worker: statements are prepared, caches filled."""


@dataclass(frozen=True)
class Load:
    """What a series of cycles cost."""

    cycles: int
    seconds: float
    cpu_web: float
    cpu_postgres: float
    wal: int

    @property
    def cpu_ms(self) -> float:
        return 1000 * (self.cpu_web + self.cpu_postgres) / max(self.cycles, 1)


def drive(web: servers.Web, tokens: list[str], *, cycles: int, lease: str, submit: str, key: str) -> Load:
    """Let one thread per token do its share of the cycles; the load generator's own CPU is not counted."""
    warm(web, tokens, lease=lease, submit=submit, key=key)
    before = (servers.cpu_of(web.process), servers.cpu_of_postgres(), servers.wal_bytes())
    began = time.monotonic()
    share = cycles // len(tokens)
    with ThreadPoolExecutor(len(tokens)) as crowd:
        for done in [crowd.submit(_work, web, token, share, lease, submit, key) for token in tokens]:
            done.result()
    seconds = time.monotonic() - began
    after = (servers.cpu_of(web.process), servers.cpu_of_postgres(), servers.wal_bytes())
    return Load(share * len(tokens), seconds, after[0] - before[0], after[1] - before[1], after[2] - before[2])


def warm(web: servers.Web, tokens: list[str], *, lease: str, submit: str, key: str) -> None:
    for token in tokens:
        _work(web, token, WARM_CYCLES, lease, submit, key)


def _work(web: servers.Web, token: str, cycles: int, lease: str, submit: str, key: str) -> None:
    connection = http.client.HTTPConnection(*web.address)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(cycles):
        held = _post(connection, lease, {}, headers)
        held = held.get("lease", held)
        _post(connection, submit.format(held[key]), {"answer": TEXT}, headers)
    connection.close()


def _post(connection: http.client.HTTPConnection, path: str, body: object, headers: dict[str, str]) -> dict[str, Any]:
    try:
        connection.request("POST", path, json.dumps(body), headers)
    except (BrokenPipeError, ConnectionResetError):
        # The server ended an idle line before it read anything; as every HTTP client does, ask again over a new one.
        connection.close()
        connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    raw = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{path}: {response.status} {raw[:300]!r}")
    return dict(json.loads(raw))


OURS = {"lease": "/api/v1/leases/", "submit": "/api/v1/leases/{}/submit/", "key": "id"}
BARE = {"lease": "/leases/", "submit": "/leases/{}/submit/", "key": "id"}


@dataclass(frozen=True)
class Track:
    """The product and the floor side by side."""

    floor: servers.Web
    web: servers.Web
    floor_tokens: list[str]
    tokens: list[str]
    cycles: int
    rounds: int

    def run(self, name: str) -> tuple[float, float]:
        """(CPU as a ratio to the floor, kB of WAL per cycle): medians over rounds that take turns."""
        pairs = [
            (drive(self.web, self.tokens, cycles=self.cycles, **OURS), drive(self.floor, self.floor_tokens, cycles=self.cycles, **BARE))
            for _ in range(self.rounds)
        ]
        ours, bare = (sorted(side, key=lambda load: load.cpu_ms)[len(pairs) // 2] for side in zip(*pairs, strict=True))
        print(f"# {name}: floor {bare.cpu_ms:.2f} ms, {bare.cycles / bare.seconds:.0f}/s; ours {ours.cpu_ms:.2f} ms "
              f"({1000 * ours.cpu_web / ours.cycles:.2f} + {1000 * ours.cpu_postgres / ours.cycles:.2f}), "
              f"{ours.cycles / ours.seconds:.0f}/s", flush=True)  # fmt: skip
        return ground.median_ratio([(one.cpu_ms, other.cpu_ms) for one, other in pairs]), ours.wal / ours.cycles / 1000


def run(full: bool) -> list[Figure]:
    """CPU against the floor at one and at eight workers, WAL per cycle, and how they grow with a long backlog and a long past."""
    from bench import market

    cycles, rounds = (400, 7) if full else (160, 5)
    floor_tokens = [f"floor-{n}" for n in range(8)]
    os.environ["FLOOR_TOKENS"] = ",".join(floor_tokens)
    needed = (cycles + 8 * WARM_CYCLES) * rounds * 6
    subprocess.run([sys.executable, "-m", "bench.floor", str(needed)], check=True)
    shop = market.Market.make(workers=9)
    shop.launch(tasks=needed)
    figures = []
    with servers.web("bench.floor:application", health="/") as floor, servers.web("config.wsgi:application", health="/health/") as web:
        warm(floor, floor_tokens, **BARE)
        warm(web, shop.tokens[:8], **OURS)
        servers.settle()
        for count in (1, 8):
            track = Track(floor, web, floor_tokens[:count], shop.tokens[:count], cycles, rounds)
            ratio, wal = track.run(f"@{count}")
            figures += [Figure(f"lease_submit_cpu_at_{count}_vs_floor", ratio, 2.0), Figure(f"lease_submit_wal_kb_at_{count}", wal, 10.0)]
        alone = Track(floor, web, floor_tokens[:1], shop.tokens[:1], cycles, rounds)
        figures += _longer(alone, shop, full)
    return figures


def _longer(alone: Track, shop: Market, full: bool) -> list[Figure]:
    """The same cycle over many more open slots, through its ratio to the floor; and for a worker with a long past beside a newcomer."""
    short, _wal = alone.run("short backlog")
    shop.lengthen(to=5_000_000 if full else 300_000)
    long, _wal = alone.run("long backlog")
    shop.give_past(worker=8, tasks=100_000 if full else 20_000)
    warm(alone.web, shop.tokens[8:9], **OURS)
    return [
        Figure("lease_submit_long_backlog_vs_short", long / short, 1.15),
        Figure("lease_submit_veteran_vs_newcomer", _veteran_to_newcomer(alone, shop), 1.15),
    ]


def _veteran_to_newcomer(alone: Track, shop: Market) -> float:
    """CPU of one over the other, both over the same server in rounds that take turns."""

    def cpu(token: str) -> float:
        return drive(alone.web, [token], cycles=alone.cycles, **OURS).cpu_ms

    return ground.alternate(lambda: cpu(shop.tokens[8]), lambda: cpu(shop.tokens[0]), rounds=alone.rounds)
