"""Recorded work goes through a running installation: web over HTTP, runners, and the Stripe double, all of them real."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

from config import jobs as roof
from kit.errors import Invalid
from marketplace import jobs as market
from marketplace.replay import reading
from payments import jobs as money
from tests.stripe_double.running import SECRETS, Running

pytestmark = pytest.mark.django_db(transaction=True)

ROUND: tuple[Callable[..., None], ...] = (
    roof.deliver_outbox, market.read_uploads, market.fetch_images, market.open_slots, market.move_marks, market.expire_leases,
    market.advance_batches, money.apply_stripe_events, money.send_payouts, money.pull_movements,
)  # fmt: skip


@pytest.fixture
def double(live_server: Any, tmp_path: Path, settings: Any) -> Iterator[Running]:
    """A double of the test's own, that knocks at the live server's doors."""
    running = Running(
        tmp_path / "books.sqlite3", "--webhook-url", f"{live_server.url}/webhooks/stripe",
        "--webhook-secret", SECRETS["platform"], "--connect-webhook-secret", SECRETS["connect"],
        "--thin-webhook-secret", SECRETS["thin"],
    )  # fmt: skip
    settings.STRIPE_API_BASE, settings.EMBEDDED, settings.PUBLIC_URL = running.url, True, live_server.url
    yield running
    running.stop()


@pytest.fixture
def runners(double: Running) -> Iterator[None]:
    """What the runners do, round after round, on a thread and a connection of their own."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            for job in ROUND:
                job()
            time.sleep(0.05)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join(30)


def write(folder: Path, name: str, header: str, rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([header.split(","), *rows])
    (folder / name).write_text(text.getvalue())


def weather(folder: Path) -> Path:
    """Six messages; three people answered some of them, once wrongly, one message nobody."""
    items = [(f"m{n}", f"Message {n}, with a comma and a \"quote\".") for n in range(6)]
    write(folder, "items.csv", "item_id,text", items)
    write(folder, "truth.csv", "item_id,truth", [(f"m{n}", "wet" if n % 2 else "dry") for n in range(6)])
    answers = [(f"m{n}", worker, "wet" if n % 2 else "dry") for worker in ("w1", "w2") for n in range(5)]
    answers[0] = ("m0", "w1", "wet")
    write(folder, "answers.csv", "item_id,worker_id,answer", [*answers, ("m0", "w3", "dry"), ("m1", "w3", "wet")])
    return folder


def replayed(folder: Path, url: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    call_command("replay", str(folder), "--base-url", url, "--json", *options)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1, "one line on stdout"
    told: dict[str, Any] = json.loads(lines[0])
    return told


def test_recorded_answers_become_results_and_transfers_that_add_up(
    live_server: Any, runners: None, double: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = replayed(weather(tmp_path), live_server.url, capsys, "--overlap", "3")
    assert list(told) == [
        "items", "answers", "results", "accuracy", "cost", "paid_out", "residue", "fees", "ledger_sum", "rail_balance", "seconds",
    ]  # fmt: skip
    assert (told["items"], told["answers"], told["results"]) == (6, 12, 5), "what nobody answered has no result"
    assert told["accuracy"] == 1.0, "two right answers outvote a wrong one"
    assert told["ledger_sum"] == "0.0000"
    assert told["cost"] == "0.6216", "twelve answers at 0.0450 with 15 % on top, half-even each"
    assert (told["paid_out"], told["residue"], told["fees"]) == ("0.5300", "0.0100", "0.0816")
    books = double.control("books")
    assert told["rail_balance"] == f"{books['platform']['usd']['available'] / 100:.4f}"
    again = replayed(tmp_path, live_server.url, capsys, "--overlap", "1")
    assert again["answers"] == 5 and again["ledger_sum"] == "0.0000", "and it can be repeated"


def test_a_column_image_makes_it_a_project_of_images(
    live_server: Any, runners: None, double: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images").mkdir()
    for n in range(3):
        Image.new("RGB", (8, 8), (80 * n, 0, 0)).save(tmp_path / "images" / f"{n}.png")
    write(tmp_path, "items.csv", "item_id,image", [(f"i{n}", f"images/{n}.png") for n in range(3)])
    write(tmp_path, "answers.csv", "item_id,worker_id,answer", [(f"i{n}", "w1", "red" if n else "black") for n in range(3)])
    told = replayed(tmp_path, live_server.url, capsys)
    assert (told["items"], told["answers"], told["results"], told["accuracy"]) == (3, 3, 3, None)


@pytest.mark.parametrize(("spoil", "word"), [
    (lambda folder: (folder / "items.csv").unlink(), "items.csv"),
    (lambda folder: (folder / "items.csv").write_text("item_id,sound\n1,x\n"), "text or image"),
    (lambda folder: (folder / "answers.csv").write_text("item_id,answer\n"), "worker_id"),
    (lambda folder: (folder / "answers.csv").write_bytes(b"item_id,worker_id,answer\n\xff,\xff,\xff\n"), "answers.csv"),
    (lambda folder: (folder / "answers.csv").write_text("item_id,worker_id,answer\nm0,w1,dry\n"), "one label"),
])  # fmt: skip
def test_a_folder_that_cannot_be_replayed_is_told_why(spoil: Callable[[Path], Any], word: str, tmp_path: Path) -> None:
    weather(tmp_path)
    if word == "one label":
        (tmp_path / "truth.csv").unlink()
    spoil(tmp_path)
    with pytest.raises(Invalid, match=word):
        reading.read(tmp_path)


def test_without_a_server_or_off_the_embedded_installation_it_says_so(tmp_path: Path, settings: Any) -> None:
    weather(tmp_path)
    settings.EMBEDDED = True
    with pytest.raises(CommandError, match="refused"):
        call_command("replay", str(tmp_path), "--base-url", "http://127.0.0.1:9", "--json")
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="embedded"):
        call_command("replay", str(tmp_path), "--base-url", "http://127.0.0.1:9", "--json")
