"""What docs/api.md says is true: its shell walk runs against a live server, its signature check accepts our messages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from marketplace.models import WebhookDelivery, WebhookEndpoint
from marketplace.webhooks import sending
from tests import people
from tests.marketplace.api import callers
from tests.marketplace.test_replay import double, runners  # noqa: F401 - fixtures
from tests.stripe_double.running import Running

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk of the page uses curl")
@pytest.mark.django_db(transaction=True)
def test_the_walk_on_the_page_goes_through(live_server: Any, runners: None, double: Running) -> None:  # noqa: F811
    mira, _shop = callers.client()
    ana = callers.worker()
    pay = f'curl -sS -X POST "{double.url}/_control/checkout/$(basename "$PAGE")/complete" -d "{{}}" >/dev/null\n'
    parts = [block + (pay if "PAGE=" in block else "") for block in blocks("bash")]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(parts)], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"SITE": live_server.url, "CLIENT": mira.key, "WORKER": ana.key},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "2" and "insufficient_funds" in said and "launching" in said
    assert {"all_taken", "nothing_open_to_you"} & set(said), "the batch may have closed by itself meanwhile"
    assert "{'label': 'rainy'}" in said and any(line.startswith("a,") for line in said)
    assert said[-1] == "0.1000" and said.count("0.1000") == 3, said
    assert people.of_worker("available", ana.user) == people.usd("0.20")


def test_the_check_on_the_page_knows_our_signature_and_no_other() -> None:
    told: dict[str, Any] = {}
    exec(blocks("python")[0], told)  # noqa: S102 - our own page
    secret = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    delivery = WebhookDelivery(body='{"type":"batch.settled"}')
    headers = sending.headers_of(WebhookEndpoint(secret=secret), delivery, now=people.NOW)
    assert told["is_ours"](secret, headers, delivery.body.encode())
    assert not told["is_ours"](secret, headers, delivery.body.encode() + b" ")
    assert not told["is_ours"]("whsec_" + "QUFBQQ==", headers, delivery.body.encode())
