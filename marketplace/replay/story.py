"""The story of a replay over the public API: project, file, money, launch, exam, work, results, payouts, transfers."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import orjson

from kit.money import Money
from marketplace.replay import cast as people
from marketplace.replay import report, work
from marketplace.replay.cast import Cast
from marketplace.replay.gateway import Caller, Gateway, Unexpected
from marketplace.replay.progress import Bar
from marketplace.replay.reading import Recorded
from marketplace.replay.report import CURRENCY, Report

PRICE = "0.0450"
"""Of one answer: not a whole number of cents, so that payouts leave a residue."""
QUESTIONS = 5
FUND_LEAST = Decimal(20)
"""The rail keeps a part of each payment; below this, what is left might not cover the transfers."""
LEFT_US = ("sent", "paid", "failed")
"""States of a payout whose transfer was made; that a bank refuses it later is another matter."""
PATIENCE = 600
"""Seconds that a step of the server's own may take."""


@dataclass(slots=True)
class Story:
    """One replay on its way."""

    recorded: Recorded
    gateway: Gateway
    cast: Cast
    overlap: int
    bar: Bar
    client: Caller = field(init=False)
    skill: str = field(init=False)
    exam: str = field(init=False)
    known: dict[str, str] = field(init=False)
    project: str = field(init=False)
    batch: str = field(init=False)
    funded: Money = field(init=False)

    def __post_init__(self) -> None:
        self.client = Caller(self.gateway, self.cast.client)

    def tell(self, *, began: float) -> Report:
        """Everything in its order; raises Unexpected."""
        self._make_exam()
        self._make_project()
        self._make_batch()
        self._launch()
        self._sit_exam()
        answers = work.do(self)
        self._close()
        results, accuracy = self._results()
        paid_out = self._pay()
        return self._sum_up(answers, results, accuracy, paid_out, began)

    def _make_exam(self) -> None:
        """Five tasks of the kind with known answers; passing them opens the project."""
        own = f"organisations/{self.cast.organisation}/"
        skill = self.client.post(f"{own}skills/", {"name": "Replayed work", "kind": "task_type", "slug": "replayed-work"})
        self.skill = skill["slug"]
        exam = self.client.post(f"{own}exams/", {
            "skill": self.skill, "title": "Replayed work", "draws": QUESTIONS, "pass_bp": 10_000, "tier": 1,
        })
        labels = [self.recorded.labels[n % len(self.recorded.labels)] for n in range(QUESTIONS)]
        self.known = {f"Question {n}. Choose the label: {label}": label for n, label in enumerate(labels, start=1)}
        self.client.post(f"{own}exams/{exam['id']}/items/", {"items": [
            {"kind": "gold", "task_type": "choice", "settings": self._settings(), "row": {"text": text}, "truth": label}
            for text, label in self.known.items()
        ]})
        self.client.post(f"{own}exams/{exam['id']}/publish/")
        self.exam = exam["id"]

    def _settings(self) -> dict[str, Any]:
        return {"labels": [{"value": label, "label": label} for label in self.recorded.labels]}

    def _make_project(self) -> None:
        project = self.client.post("projects/", {
            "name": f"Replay of {self.recorded.folder.name}"[:120], "task_type": "choice", "settings": self._settings(),
            "currency": CURRENCY, "overlap": self.overlap, "max_overlap": self.overlap, "review_rule": "none",
            "gold_least_bp": 0, "gold_most_bp": 0, "bonus_pool_bp": 0, "floor_pool_bp": 0,
            # Who answered what is recorded: nobody may be told to let others go first.
            "fair_shares": False,
            "eligibility": {"all": [{"fact": "skill", "skill": self.skill, "tier": 1}]},
        })
        self.project = project["id"]
        self.client.post(f"projects/{self.project}/guidelines/", {"markdown": "Choose the label that fits best."})
        self.client.post(f"projects/{self.project}/rates/", {"amount": {"amount": PRICE, "currency": CURRENCY}})

    def _make_batch(self) -> None:
        self.batch = self.client.post("batches/", {"project": self.project, "name": "Replay"})["id"]
        mapping = orjson.dumps({"item_id": "external_id", self.recorded.content: self.recorded.content}).decode()
        self.bar.step("upload", len(self.recorded.items))
        name, content_type = ("items.zip", "application/zip") if self.recorded.is_image else ("items.csv", "text/csv")
        with _file_of(self.recorded) as file:
            size = file.seek(0, 2)
            upload = self.client.post(
                f"batches/{self.batch}/uploads/?name={name}&mapping={quote(mapping)}", file=file, size=size,
                content_type=content_type,
            )
        self._until("the upload", lambda: self._upload_is_read(upload["id"]))

    def _upload_is_read(self, upload_id: str) -> bool:
        seen = self.client.get(f"uploads/{upload_id}/")
        if seen["status"] == "failed":
            raise Unexpected(f"the upload failed: {seen['failure']}")
        self.bar.count(seen["rows_good"] - seen["images_waiting"])
        if seen["status"] != "done" or seen["images_waiting"]:
            return False
        if seen["rows_good"] != len(self.recorded.items):
            raise Unexpected(f"{seen['rows_bad']} of the items are bad rows")
        return True

    def _launch(self) -> None:
        """The refusal says what is missing; that much is paid on the hosted page, and then it goes."""
        self.bar.step("funding and launch")
        refusal = self.client.ask("POST", f"batches/{self.batch}/launch/")
        if refusal.code != "insufficient_funds":
            raise Unexpected(f"the launch without money said {refusal.status} {refusal.body}")
        missing = Decimal(refusal.body["missing"]).quantize(Decimal("0.01"), ROUND_CEILING)
        amount = max(missing, FUND_LEAST)
        self.funded = Money.parse(amount, CURRENCY)
        wish = self.client.post("billing/fundings/", {"amount": {"amount": str(amount), "currency": CURRENCY}})
        people.control(f"checkout/{wish['url'].rstrip('/').rpartition('/')[2]}/complete", {"method": "card"})
        self._until("the payment", lambda: self.client.get("billing/")["balances"][0]["prepaid"]["amount"] != "0.0000")
        self.client.post(f"batches/{self.batch}/launch/")
        self._until("the launch", lambda: self._state() == "active")

    def _state(self) -> str:
        return str(self.client.get(f"batches/{self.batch}/")["state"])

    def _sit_exam(self) -> None:
        self.bar.step("exam", len(self.cast.workers))
        work.in_parallel(list(self.cast.workers), self._sit_exam_as)

    def _sit_exam_as(self, worker: str) -> None:
        caller = Caller(self.gateway, self.cast.workers[worker])
        paper = caller.post(f"exams/{self.exam}/start/")
        attempt = paper["attempt"]["id"]
        for question in paper["questions"]:
            label = self.known[question["task"]["payload"]["text"]]
            caller.put(f"attempts/{attempt}/answers/{question['n']}/", {"answer": {"label": label}})
        graded = caller.post(f"attempts/{attempt}/submit/")
        if graded["attempt"]["state"] != "passed":
            raise Unexpected(f"{worker} did not pass the exam: {graded['attempt']}")
        self.bar.count()

    def _close(self) -> None:
        """Cancel what nobody can fill; a batch in which nothing is left closes by itself."""
        self.bar.step("closing")
        answer = self.client.ask("POST", f"batches/{self.batch}/close/", {"why": "replay"})
        if answer.status >= 300 and answer.status != 409:
            raise Unexpected(f"the batch cannot be closed: {answer.body}")
        self._until("the batch to be settled", lambda: self._state() == "settled")

    def _results(self) -> tuple[int, float | None]:
        """How many results there are, and which share of those with a known truth is right."""
        found = {row["external_id"]: row["answer"]["label"] for row in self.client.each(f"batches/{self.batch}/results/")}
        truth = self.recorded.truth
        judged = [found[item] == truth[item] for item in found if item in truth]
        return len(found), sum(judged) / len(judged) if judged else None

    def _pay(self) -> Money:
        """A payout run of these workers by finance, until every transfer is known; returns what left."""
        planner, approver = Caller(self.gateway, self.cast.planner), Caller(self.gateway, self.cast.approver)
        workers = [str(worker_id) for worker_id in self.cast.ids.values()]
        run = planner.post("ops/payout-runs/", {"currency": CURRENCY, "minimum": "0", "workers": workers})
        if not run["payouts"]:
            return Money.zero(CURRENCY)
        self.bar.step("payouts", run["payouts"])
        approver.post(f"ops/payout-runs/{run['id']}/approve/")
        seen = self._until("the payouts", lambda: self._run_is_done(planner, run["id"]))
        left = [part["amount"] for part in seen["progress"] if part["state"] in LEFT_US]
        return sum((Money.parse(part["amount"], CURRENCY) for part in left), Money.zero(CURRENCY))

    def _run_is_done(self, finance: Caller, run_id: str) -> Any:
        run = finance.get(f"ops/payout-runs/{run_id}/")
        self.bar.count(sum(part["payouts"] for part in run["progress"] if part["state"] in (*LEFT_US, "returned")))
        if run["state"] == "paused":
            raise Unexpected(f"the payout run was paused: {run['paused_for']}")
        return run if run["state"] == "done" else None

    def _sum_up(self, answers: int, results: int, accuracy: float | None, paid_out: Money, began: float) -> Report:
        self.bar.step("books")
        money = self.client.get("billing/")["balances"][0]
        left = [Money.parse(money[part]["amount"], CURRENCY) for part in ("prepaid", "reserved", "pending")]
        rail = self._until("both books to say the same", _books_agree, fatal=False) or _rail_balance()
        return Report(
            items=len(self.recorded.items), answers=answers, results=results, accuracy=accuracy,
            cost=self.funded - sum(left, Money.zero(CURRENCY)), paid_out=paid_out, residue=self._residue(),
            fees=Money.parse(money["fees"]["amount"], CURRENCY), ledger_sum=report.ledger_sum(), rail_balance=rail,
            seconds=time.monotonic() - began,
        )

    def _residue(self) -> Money:
        """What workers earned and have not been sent: less than a payable step each."""
        left = Money.zero(CURRENCY)
        for token in self.cast.workers.values():
            for held in Caller(self.gateway, token).get("me/money/")["balances"]:
                parts = (held["in_review"], held["available"], held["held"])
                left = sum((Money.parse(part["amount"], part["currency"]) for part in parts), left)
        return left

    def _until(self, what: str, question: Callable[[], Any], *, fatal: bool = True) -> Any:
        """The first answer that is not empty; raises Unexpected after PATIENCE seconds."""
        give_up = time.monotonic() + (PATIENCE if fatal else 60)
        while time.monotonic() < give_up:
            if answer := question():
                return answer
            time.sleep(0.3)
        if fatal:
            raise Unexpected(f"waited {PATIENCE} seconds for {what} in vain; are the runners up?")
        return None


def _file_of(recorded: Recorded) -> BinaryIO:
    """The upload: items.csv as it is, or a ZIP of it and its images."""
    if not recorded.is_image:
        return (recorded.folder / "items.csv").open("rb")
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.write(recorded.folder / "items.csv", "items.csv")
        for name in sorted(set(recorded.items.values())):
            archive.write(recorded.folder / name, name)
    return file


def _rail_balance() -> Money:
    """What the double says lies on the platform's account, in cents there."""
    held = people.control("books", method="GET")["platform"].get(CURRENCY.lower(), {})
    return Money(sum(held.values()) * 100, CURRENCY)


def _books_agree() -> Money | None:
    """The double's balance, once our ledger says the same; its own fees reach the ledger a little later."""
    theirs = _rail_balance()
    return theirs if theirs == report.rail_in_our_books() and theirs else None
