"""Schemathesis reads our own schema and calls every operation of the API with what it allows and with what it does not, as somebody
who may: whatever comes, the answer is never a 500.

The small form is part of the suite; `make fuzz` calls each operation many more times.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.cache import cache
from django.db import models, transaction
from django.db.transaction import Atomic
from django.test import Client
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode

from kit import ids
from marketplace import models as market_models
from payments import models as money_models
from qualification import models as exam_models
from tests import market, people
from tests.house.test_matrix import GOES_OUTSIDE
from tests.qualification import cast
from tests.workers.doors import program
from workers import models as people_models
from workers.access import access_of
from workers.models import OpsRole, Organisation

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ", "1"))
METHODS = {"get", "post", "put", "patch", "delete"}
WAYS = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
OTHERS = {
    "person_id": people_models.User, "run_id": money_models.PayoutRun, "item_id": exam_models.ExamItem, "case_id": market_models.AICase,
    "action_id": market_models.BulkAction, "offer_id": market_models.SeatOffer, "file_id": money_models.BankFile,
    "endpoint_id": market_models.WebhookEndpoint, "delivery_id": market_models.WebhookDelivery, "token_id": people_models.ApiToken,
    "exit_id": people_models.CountryExit, "request_id": people_models.SupportRequest, "member_id": people_models.Membership,
}  # fmt: skip
"""Names in addresses that are not the name of their model."""


def model_of(name: str) -> type[models.Model] | None:
    """`batch_id` -> Batch: what an address means by a name."""
    wanted = name.removesuffix("_id").replace("_", "")
    for room in (market_models, exam_models, money_models, people_models):
        for known, kind in vars(room).items():
            if known.lower() == wanted and isinstance(kind, type) and issubclass(kind, models.Model):
                return kind
    return OTHERS.get(name)


def address_of(path: str, shop: Organisation) -> dict[str, Any]:
    """What stands in the address: something that is there where the market has one, else something well formed."""
    found: dict[str, Any] = {}
    for name in re.findall(r"{(\w+)}", path):
        kind = OTHERS.get(name) or model_of(name)
        row = kind._default_manager.order_by("-pk").first() if kind else None
        plain = {"org": shop.slug, "slug": shop.slug, "n": "1", "number": "1", "form": "csv", "role": "finance", "queue": "appeals", "digest": "0" * 64}
        found[name] = plain.get(name) or str(row.pk if row else ids.uuid7())
    return found


@pytest.fixture
def callers() -> tuple[dict[str, Client], Organisation]:
    """A market in motion: answers, a lease, a draft, an exam that somebody sits; and a program of each audience."""
    mira, shop = people.client()
    ana, olu = people.worker(), people.ops("Olu", *(role for role, _label in OpsRole.ROLES))
    market.launched(mira, shop, texts=6, review_rule="client")
    market.batch(market.project(mira, shop), mira)
    for _answer in range(2):
        assert market.work(ana)
    assert market.take(ana)
    cast.sit(ana, cast.exam(), right=2)
    return {
        "worker": program(ana, "work"), "ops": program(olu, "ops"), "signed_in": program(ana, "work"),
        "client": program(mira, "client:read", "client:write", organisation=shop),
    }, shop  # fmt: skip


@contextmanager
def taken_back() -> Iterator[None]:
    """Whatever the call did is undone, so that the next one finds the same market."""
    block: Any = transaction.atomic()
    assert isinstance(block, Atomic)
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def call(client: Client, case: Any) -> Any:
    query = urlencode(case.query or {}, doseq=True, errors="surrogatepass")
    content = b"" if case.body.__class__.__name__ == "NotSet" else _bytes(case.body)
    kind = case.media_type or "application/json"
    client.raise_request_exception = False
    return client.generic(case.method.upper(), case.formatted_path, content, content_type=kind, QUERY_STRING=query)


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return json.dumps(body, default=str).encode("utf-8", "surrogatepass")


def fuzz(operation: Any, client: Client, shop: Organisation, way: GenerationMode, answers: Counter[int] | None = None) -> list[str]:
    """What answered with a 500, as `METHOD address content`; every answer's status is counted."""
    broken: list[str] = []
    answers = Counter() if answers is None else answers

    @seed(7)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(operation.as_strategy(generation_mode=way, path_parameters=address_of(operation.path, shop), headers={}, cookies={}))
    def once(case: Any) -> None:
        cache.clear()
        with taken_back():
            answer = call(client, case)
        answers[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            broken.append(f"{case.method} {case.formatted_path} {case.query!r} {case.body!r:.300}")

    try:
        once()
    except schemathesis.errors.SchemathesisError:
        return broken  # this operation allows everything, so nothing is against its schema
    return broken


def our_schema() -> Any:
    """The schema as the door of the API gives it out."""
    return schemathesis.openapi.from_dict(json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str)))


def test_no_operation_of_the_api_answers_with_a_500(callers: tuple[dict[str, Client], Organisation]) -> None:
    """Each operation with what its schema allows and with what it does not; in the small form, with one of the two."""
    programs, shop = callers
    broken: list[str] = []
    seen, answers = 0, Counter[int]()
    for operation in (result.ok() for result in our_schema().get_all_operations()):
        filled = re.sub(r"{\w+}", lambda name: address_of(name.group(), shop)[name.group()[1:-1]], operation.path)
        access = access_of(resolve(filled).func)
        if access is None or access.audience not in programs or GOES_OUTSIDE.search(filled):
            continue
        if not operation.query and not operation.body:
            continue  # nothing but an address, which the matrix of all routes asks for
        seen += 1
        for way in WAYS if EXAMPLES > 1 else WAYS[seen % 2 :][:1]:
            broken += fuzz(operation, programs[access.audience], shop, way, answers)
    assert seen > 150
    assert answers.total() >= 0.9 * seen, f"hardly anything was called: {answers}"
    assert {200, 404, 422} <= answers.keys(), f"doors, places and forms are all met: {answers}"
    assert not broken, "\n".join(broken)


def test_what_breaks_is_found(callers: tuple[dict[str, Client], Organisation], monkeypatch: pytest.MonkeyPatch) -> None:
    from marketplace.api import batches

    monkeypatch.setattr(batches, "listing", lambda *_, **__: 1 / 0)
    programs, shop = callers
    assert fuzz(our_schema()["/api/v1/batches/"]["GET"], programs["client"], shop, GenerationMode.POSITIVE)
    assert uuid.UUID(address_of("{batch_id}", shop)["batch_id"])
