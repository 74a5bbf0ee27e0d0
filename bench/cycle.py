"""One cycle over HTTP with token auth: lease and submit, everything included, against the bare floor in the same run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from bench import servers
from bench.report import Figure

TEXT = {"label": "sunny"}


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
    warm(web, tokens, lease, submit, key)
    before = (servers.cpu_of(web.process), servers.cpu_of_postgres(), servers.wal_bytes())
    began = time.monotonic()
    share = cycles // len(tokens)
    threads = [threading.Thread(target=_work, args=(web, token, share, lease, submit, key)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    after = (servers.cpu_of(web.process), servers.cpu_of_postgres(), servers.wal_bytes())
    return Load(share * len(tokens), seconds, after[0] - before[0], after[1] - before[1], after[2] - before[2])


def warm(web: servers.Web, tokens: list[str], lease: str, submit: str, key: str) -> None:
    for token in tokens:
        _work(web, token, 30, lease, submit, key)


def _work(web: servers.Web, token: str, cycles: int, lease: str, submit: str, key: str) -> None:
    connection = http.client.HTTPConnection(*web.address)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(cycles):
        held = _post(connection, lease, {}, headers)
        held = held.get("lease", held)
        _post(connection, submit.format(held[key]), {"answer": TEXT}, headers)
    connection.close()


def _post(connection: http.client.HTTPConnection, path: str, body: object, headers: dict[str, str]) -> dict[str, Any]:
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    raw = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{path}: {response.status} {raw[:300]!r}")
    return dict(json.loads(raw))


def run(full: bool) -> list[Figure]:
    """CPU against the floor at one and at eight workers, WAL per cycle, and the same with a long backlog."""
    from bench import market

    cycles = 1600 if full else 480
    tokens = [f"floor-{n}" for n in range(8)]
    os.environ["FLOOR_TOKENS"] = ",".join(tokens)
    subprocess.run([sys.executable, "-m", "bench.floor", str(cycles * 6 + 2000)], check=True)
    shop = market.Market.make(workers=9)
    shop.launch(tasks=cycles * 4 + 4000)
    figures = []
    with servers.web("bench.floor:application", health="/") as floor, servers.web("config.wsgi:application", health="/health/") as web:
        for count in (1, 8):
            bare = drive(floor, tokens[:count], cycles=cycles, lease="/leases/", submit="/leases/{}/submit/", key="id")
            ours = drive(
                web, shop.tokens[:count], cycles=cycles, lease="/api/v1/leases/", submit="/api/v1/leases/{}/submit/", key="id"
            )
            print(f"# @{count}: floor {bare.cpu_ms:.2f} ms, {bare.cycles / bare.seconds:.0f}/s; "
                  f"ours {ours.cpu_ms:.2f} ms ({1000 * ours.cpu_web / ours.cycles:.2f} + "
                  f"{1000 * ours.cpu_postgres / ours.cycles:.2f}), {ours.cycles / ours.seconds:.0f}/s")
            figures.append(Figure(f"lease_submit_cpu_at_{count}_vs_floor", ours.cpu_ms / bare.cpu_ms, 2.0))
            figures.append(Figure(f"lease_submit_wal_kb_at_{count}", ours.wal / ours.cycles / 1000, 10.0))
        figures += _backlog(web, shop, cycles, full)
    return figures


def _backlog(web: servers.Web, shop: object, cycles: int, full: bool) -> list[Figure]:
    """The same cycle over many more open slots, and for a worker with a long past."""
    from bench import market

    assert isinstance(shop, market.Market)
    short = drive(web, shop.tokens[:1], cycles=cycles, lease="/api/v1/leases/", submit="/api/v1/leases/{}/submit/", key="id")
    shop.lengthen(to=5_000_000 if full else 300_000)
    long = drive(web, shop.tokens[:1], cycles=cycles, lease="/api/v1/leases/", submit="/api/v1/leases/{}/submit/", key="id")
    shop.give_past(worker=8, tasks=100_000 if full else 20_000)
    veteran = drive(web, shop.tokens[8:9], cycles=cycles, lease="/api/v1/leases/", submit="/api/v1/leases/{}/submit/", key="id")
    print(f"# short {short.cpu_ms:.2f} ms, long backlog {long.cpu_ms:.2f} ms, veteran {veteran.cpu_ms:.2f} ms")
    return [
        Figure("lease_submit_long_backlog_vs_short", long.cpu_ms / short.cpu_ms, 1.15),
        Figure("lease_submit_veteran_vs_newcomer", veteran.cpu_ms / long.cpu_ms, 1.15),
    ]
