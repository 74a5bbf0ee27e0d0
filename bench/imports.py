"""A million rows of JSONL through the public door, against the bare COPY of the same rows."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench import ground
from bench.report import Figure

FULL, SMALL = 1_000_000, 100_000
BOUND_SPEED = 0.7
BOUND_MEMORY = 150
"""Megabytes of the process that receives and reads, everything that it imports included."""

LONGEST = 900
"""Seconds after which an import is given up: a figure that never comes hides all those after it."""

FILLER = "The train was late again and nobody at the counter could say when the next one would leave for the coast. "


def run(full: bool) -> list[Figure]:
    """Import rows of about 300 bytes: rows a second against raw COPY in rounds that alternate, and memory."""
    ground.ready()
    count, rounds = (FULL, 3) if full else (SMALL, 3)
    pairs, memory = [], []
    _raw_copy(count // 10)
    for _round in range(rounds):
        took, megabytes = _in_process_of_its_own(count)
        raw = _raw_copy(count)
        print(f"# import {count / took:.0f} rows a second, raw COPY {count / raw:.0f}")
        pairs.append((raw, took))
        memory.append(megabytes)
    return [
        Figure("import_rows_vs_raw_copy", ground.median_ratio(pairs), BOUND_SPEED, least=True),
        Figure("import_peak_memory_mb", max(memory), BOUND_MEMORY),
    ]


def lines(count: int) -> Iterator[bytes]:
    """The client's file, line by line: an id, a text and three columns that only travel along."""
    for at in range(count):
        text = f"{at}: {FILLER}"
        row = {"id": f"row-{at:09d}", "text": text, "city": "Århus", "source": f"survey/{at % 97}", "n": at, "tags": ["a", "b\\c"]}
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _chunks(count: int) -> Iterator[bytes]:
    """As an upload arrives: 64 kB at a time."""
    piece = bytearray()
    for line in lines(count):
        piece += line
        if len(piece) >= 65_536:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _in_process_of_its_own(count: int) -> tuple[float, float]:
    """Seconds and megabytes of an import in a fresh process: received, mapped, read to the end, then removed."""
    root = Path(__file__).resolve().parent.parent
    script = f"from bench import imports; imports.child({count})"
    done = subprocess.run([sys.executable, "-c", script], cwd=root, env=os.environ, stdout=subprocess.PIPE, check=True, timeout=LONGEST)
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


def child(count: int) -> None:
    """What the process does; prints seconds and peak megabytes."""
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from marketplace import intake

    now = timezone.now()
    batch, actor_id = _draft()
    # The client's line delivers the bytes; making them up is not the import's time, but hashing and storing them is.
    made, begun = 0.0, time.perf_counter()
    source = _chunks(count)

    def arriving() -> Iterator[bytes]:
        nonlocal made
        while True:
            before = time.perf_counter()
            piece = next(source, None)
            made += time.perf_counter() - before
            if piece is None:
                return
            yield piece

    upload = intake.receive(batch=batch, name="rows.jsonl", chunks=arriving(), actor_id=actor_id, now=now)
    with transaction.atomic():
        intake.start(upload=upload, mapping={"id": "external_id", "text": "text"}, now=now)
    while intake.read(upload_id=upload.pk, now=now):
        pass
    seconds = time.perf_counter() - begun - made
    upload.refresh_from_db()
    assert (upload.status, upload.rows_good, upload.rows_bad) == ("done", count, 0), upload.failure
    _remove(batch)
    print(seconds, _peak_megabytes())


def _peak_megabytes() -> float:
    """Of this process alone: the kernel's other figure, ru_maxrss, is inherited from whoever started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


def _raw_copy(count: int) -> float:
    """Seconds of one COPY of the same rows, made ready before the clock starts."""
    import orjson
    from django.db import connection, transaction

    batch, _actor = _draft()
    prefix = f"{batch.project_id}\t{batch.pk}".encode()
    ready = []
    for at, line in enumerate(lines(count), start=1):
        row = orjson.loads(line)
        own, text = row.pop("id"), row.pop("text")
        payload, extra = (orjson.dumps(part).replace(b"\\", b"\\\\") for part in ({"text": text}, row))
        ready.append(b"%b\t%d\t%b\t%b\t\\N\t%b\n" % (prefix, at, own.encode(), payload, extra))
    blocks = [b"".join(ready[at : at + 200]) for at in range(0, count, 200)]
    del ready
    begun = time.perf_counter()
    statement = "COPY marketplace_task (project_id, batch_id, line, external_id, payload, prelabel, extra) FROM STDIN"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)
    seconds = time.perf_counter() - begun
    _remove(batch)
    return seconds


def _draft():  # type: ignore[no-untyped-def]
    """A draft batch of a client made for this, and its owner."""
    from django.db import transaction
    from django.utils import timezone

    from marketplace import batches, projects
    from workers.models import Organisation, User

    name, now = f"bench-{uuid.uuid4().hex[:8]}", timezone.now()
    with transaction.atomic():
        owner = User.objects.create_user(f"{name}@example.test", name=name)
        client = Organisation.objects.create(name=name, slug=name)
        project = projects.create(
            organisation_id=client.pk, name="Bench", task_type="choice", settings={"labels": ["a", "b"]}, currency="USD",
            actor_id=owner.pk, now=now,
        )  # fmt: skip
        return batches.open_draft(project=project, name="Bench", actor_id=owner.pk, now=now), owner.pk


def _remove(batch) -> None:  # type: ignore[no-untyped-def]
    """Everything but the trail."""
    from django.db import connection, transaction

    from marketplace import intake
    from marketplace.models import Upload

    for upload in Upload.objects.filter(batch=batch):
        with transaction.atomic():
            intake.discard(upload=upload)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM marketplace_task WHERE batch_id = %s", [batch.pk])
        cursor.execute("DELETE FROM marketplace_batch WHERE id = %s", [batch.pk])
        cursor.execute("DELETE FROM marketplace_project WHERE id = %s", [batch.project_id])
