"""D6: forged, old, future, huge, broken and misdirected webhooks at the three doors; none is kept, none breaks the door."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from django.test import Client

from payments import stripe_gateway
from payments.models import StripeEvent
from stripe_double.deliveries import signature
from tests.drills.figure import Figure
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import SECRETS, Stage
from tests.drills.money.verdict import held

HUGE = 10 * 1024 * 1024


def run(stage: Stage, sabotaged: bool) -> Figure:
    forged = [knock for _again in range(stage.size(1, 20)) for door in SECRETS for knock in _forgeries(stage, door)]
    stage.dice.shuffle(forged)
    with when(sabotaged, swapped(stripe_gateway, check_signature=lambda **_: None)):
        answers = [_knock(*each) for each in forged]
    kept = StripeEvent.objects.count()
    honest = [_knock(door, body, signature(body.decode(), SECRETS[door], int(time.time()))) for door, body in _honest(stage)]
    found = {
        "forged": len(forged), "accepted": sum(answer < 400 for answer in answers), "kept": kept,
        "of_500": sum(answer >= 500 for answer in answers), "honest_taken": sum(answer == 200 for answer in honest),
    }  # fmt: skip
    return held(found, {"forged": len(forged), "accepted": 0, "kept": 0, "of_500": 0, "honest_taken": len(honest)})


def _event(stage: Stage, door: str, **changes: Any) -> dict[str, Any]:
    ident = f"{stage.dice.getrandbits(64):x}"
    if door == "thin":
        event: dict[str, Any] = {
            "id": f"evt_test_{ident}", "object": "v2.core.event", "type": "v2.core.account.closed", "livemode": False,
            "created": "2026-11-16T09:00:00.000Z", "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/"},
        }  # fmt: skip
    else:
        event = {
            "id": f"evt_{ident}", "object": "event", "type": "invoice.created", "created": 1_790_000_000, "livemode": False,
            "data": {"object": {"id": "in_1"}}, **({"account": "acct_1"} if door == "connect" else {}),
        }  # fmt: skip
    return event | changes


def _honest(stage: Stage) -> list[tuple[str, bytes]]:
    return [(door, json.dumps(_event(stage, door)).encode()) for door in SECRETS]


def _forgeries(stage: Stage, door: str) -> Iterator[tuple[str, bytes, str]]:
    """Door, body, header."""
    now, secret = int(time.time()), SECRETS[door]
    good = json.dumps(_event(stage, door))
    others = [name for name in SECRETS if name != door]
    for wrong in ("whsec_wrong", "", *(SECRETS[name] for name in others)):
        yield door, good.encode(), signature(good, wrong, now)
    for moment in (now - 301 - stage.dice.randint(0, 10**6), now + 400 + stage.dice.randint(0, 10**6), 0, 10**11):
        yield door, good.encode(), signature(good, secret, moment)
    for header in ("", "junk", "t=,v1=", f"t={now}", f"v1={'0' * 64}", f"t={now},v1=\udcff", "t=1," * 5000):
        yield door, good.encode(), header
    tampered = good.replace("false", "true", 1)
    yield door, tampered.encode(), signature(good, secret, now)
    for changed in (
        _event(stage, door, livemode=True), _event(stage, door, livemode=None), _event(stage, door, id=None),
        _event(stage, door, id="evt_'; drop"), _event(stage, door, created="yesterday"), _event(stage, door, created=10**30),
        _event(stage, door, type="x\u0000y"), _event(stage, door, object="charge"), _event(stage, door, account=["a"]),
        _event(stage, others[0]), _event(stage, others[1]), _event(stage, door, pad="x" * 300_000),
    ):  # fmt: skip
        text = json.dumps(changed)
        yield door, text.encode(), signature(text, secret, now)
    for text in ("", "not json", "[]", "null", "[" * 50_000, '{"id": 1e999}', "x" * HUGE):
        yield door, text.encode(), signature(text, secret, now)
    raw = b"\xff\xfe{}"
    yield door, raw, signature(raw.decode("latin-1"), secret, now)
    yield door, good.encode("utf-16"), signature(good, secret, now)


def _knock(door: str, body: bytes, header: str) -> int:
    answer = Client(raise_request_exception=False).post(
        f"/webhooks/stripe/{door}/", body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return answer.status_code
