"""Fix-and-pay: the reviewer corrects, the author gets half or more, the reviewer their price, and both answers are kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from kit.errors import Invalid
from marketplace import review, submissions
from marketplace.exports import records
from marketplace.models import Result, Submission, Verdict
from payments.models import Earning
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.api import callers

pytestmark = pytest.mark.django_db(transaction=True)
NOW = pay.NOW
FIX = {
    "decision": "fix", "reason": "wrong", "clause": "1", "comment": "it rains", "share_bp": 6_000, "corrected": {"label": "rainy"},
}  # fmt: skip


def waiting(client: pay.Payer) -> tuple[Any, Submission, Any]:
    """Ana's answer and Rob's lease to review it."""
    market.launched(*client, texts=1, price="0.10", review_rule="all")
    ana, rob = people.worker("Ana"), people.worker("Rob")
    market.work(ana, "sunny")
    pay.deliver()
    lease = market.take(rob, kind="review")
    assert lease is not None
    return ana, Submission.objects.get(worker_id=ana.id), (rob, lease)


def test_a_corrected_answer_is_the_result_and_the_original_stays_beside_it() -> None:
    ana, submission, (rob, lease) = waiting(pay.payer())
    with transaction.atomic():
        submissions.submit(worker_id=rob.id, lease_id=lease.lease_id, answer=FIX, now=NOW)
    pay.deliver()
    submission.refresh_from_db()
    verdict = Verdict.objects.get(submission=submission)
    assert (submission.state, submission.answer, verdict.corrected) == ("accepted_share", {"label": "sunny"}, {"label": "rainy"})
    result = Result.objects.get(task=submission.task_id)
    assert (result.state, result.answer) == ("settled", {"label": "rainy"})
    kept = Earning.objects.get(source_id=submission.pk)
    assert (kept.amount_units, kept.confirmed_units) == (1_000, 600)
    assert pay.earned(rob, "submission") == [1_000], "the reviewer's own price, whole"
    mine = callers.Caller(ana, ["work"]).get(f"work/submissions/{submission.pk}/")[1]
    assert mine["verdicts"][0]["corrected"] == {"label": "rainy"} and mine["answer"] == {"label": "sunny"}
    (record,) = records.rows(submission.batch)
    assert (record["answers"][0]["answer"], record["answers"][0]["corrected"]) == ({"label": "sunny"}, {"label": "rainy"})
    pay.books_hold()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"share_bp": 4_999}, "share_bp"), ({"share_bp": None}, "share_bp"), ({"corrected": None}, "corrected"),
        ({"corrected": {"label": "snowy"}}, "corrected"), ({"reason": ""}, "reason"),
    ],
)
def test_a_fix_that_cheats_the_author_or_corrects_nothing_is_refused(wrong: dict[str, Any], field: str) -> None:
    _ana, submission, (rob, lease) = waiting(pay.payer())
    with pytest.raises(Invalid) as refused, transaction.atomic():
        submissions.submit(worker_id=rob.id, lease_id=lease.lease_id, answer=FIX | wrong, now=NOW)
    assert refused.value.field == field
    submission.refresh_from_db()
    assert submission.state == "waiting" and not Verdict.objects.exists()


def test_a_client_corrects_by_the_api_too_but_not_many_at_once() -> None:
    client = pay.payer()
    market.launched(*client, texts=1, review_rule="client")
    market.work(people.worker("Ana"), "sunny")
    submission = Submission.objects.get()
    mira = callers.Caller(client[0], callers.CLIENT, client[1])
    assert mira.post(f"submissions/{submission.pk}/judge/", FIX | {"share_bp": 100})[0] == 422
    assert mira.post(f"submissions/{submission.pk}/judge/", FIX)[0] == 200
    assert Verdict.objects.get().corrected == {"label": "rainy"}
    with pytest.raises(Invalid):
        review.check_verdict(FIX)
