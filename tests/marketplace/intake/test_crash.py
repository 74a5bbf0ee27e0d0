"""Runners are killed in the middle of a file, or meet over it: nothing is lost and nothing comes twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction

from marketplace import intake
from marketplace.models import Batch, Upload
from tests.marketplace.intake import incoming

ROWS, CHUNK, KILLS = 20_000, 250, 3
ROOT = Path(__file__).resolve().parents[3]

RUNNER = """
import sys, uuid, django
django.setup()
from django.utils import timezone
from marketplace import intake
from marketplace.intake import reading
reading.LINES = {chunk}
print("ready", flush=True)
while intake.read(upload_id=uuid.UUID(sys.argv[1]), now=timezone.now()):
    pass
"""


def runner(upload_id: uuid.UUID) -> subprocess.Popen[bytes]:
    """A process of its own that reads the file, and has begun."""
    place = connection.settings_dict
    url = f"postgres://postgres@{quote(place['HOST'], safe='')}/{place['NAME']}"
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", RUNNER.format(chunk=CHUNK), str(upload_id)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def wait_for_progress(received: Upload, process: subprocess.Popen[bytes]) -> None:
    """Until the runner has committed a few chunks more."""
    before, until = received.rows_good, time.monotonic() + 30
    while received.rows_good < before + 5 * CHUNK and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
        received.refresh_from_db()


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_a_runner_that_is_killed_loses_and_doubles_nothing() -> None:
    rng = random.Random(7)
    batch = incoming.draft()
    rows = [f"row-{at},{'' if at % 50 == 0 else f'text {at}'}\n" for at in range(ROWS)]
    received = incoming.upload(batch, "id,text\n" + "".join(rows))
    incoming.start(received, {"id": "external_id", "text": "text"})
    places = []
    for _kill in range(KILLS):
        process = runner(received.pk)
        wait_for_progress(received, process)
        time.sleep(rng.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        received.refresh_from_db()
        assert received.rows_good == Batch.objects.get(pk=batch.pk).task_count == batch.tasks.count()
        assert received.rows_bad == received.bad_rows.count()
        places.append(received.rows_good + received.rows_bad)
    assert 0 < places[0] < places[1] < places[2] < ROWS, "each was killed on its way, or this proves nothing"
    until = time.monotonic() + 60
    while Upload.objects.get(pk=received.pk).status == "reading":
        assert time.monotonic() < until
        intake.read(upload_id=received.pk, now=incoming.NOW)
    expected = {f"row-{at}" for at in range(ROWS) if at % 50}
    found = list(batch.tasks.values_list("external_id", flat=True))
    assert len(found) == len(expected)
    assert set(found) == expected
    received.refresh_from_db()
    assert (received.rows_good, received.rows_bad) == (len(expected), ROWS - len(expected))
    assert received.bad_rows.count() == ROWS - len(expected)
    assert Batch.objects.get(pk=batch.pk).task_count == len(expected)


@pytest.mark.django_db(transaction=True)
def test_a_runner_that_finds_another_at_the_file_goes_on_to_something_else() -> None:
    batch = incoming.draft()
    received = incoming.upload(batch, "text\na\n")
    incoming.start(received, {"text": "text"})
    outcome: list[bool] = []

    def second_runner() -> None:
        outcome.append(intake.read(upload_id=received.pk, now=incoming.NOW))
        connection.close()

    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        thread = threading.Thread(target=second_runner)
        thread.start()
        thread.join(timeout=20)
        assert outcome == [False], "it neither waits nor reads"
    assert batch.tasks.count() == 0
    assert Upload.objects.get(pk=received.pk).status == "reading"
    assert intake.read(upload_id=received.pk, now=incoming.NOW) is False
    assert batch.tasks.count() == 1
