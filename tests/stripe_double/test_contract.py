"""Every request is held against the types of the installed `stripe` package."""

from __future__ import annotations

import json

import pytest
import stripe

from stripe_double import shapes
from stripe_double.contract import Contract
from stripe_double.errors import Failure
from stripe_double.routes import ROUTES
from tests.stripe_double.running import Running, checkout, recipient

FORM = {"Authorization": "Bearer sk_test_double"}


def test_every_operation_of_the_package_is_read_with_its_parameters() -> None:
    operations = Contract().operations()
    assert len({(one.method, one.template) for one in operations}) >= 647
    assert sum(one.template.startswith("/v2/") for one in operations) == 91
    assert all(isinstance(one.params, shapes.Named) for one in operations)
    for one in operations:
        assert isinstance(one.params, shapes.Named)
        shapes.module_of(one.params.module).shape(one.params.name)


def test_the_double_plays_nothing_that_the_package_does_not_have() -> None:
    assert ROUTES.keys() <= {(one.method, one.template) for one in Contract().operations()}


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"unknown": "1"}, "unknown", "parameter_unknown"),
        ({"currency": None}, "currency", "parameter_missing"),
        ({"amount": "ten"}, "amount", "parameter_invalid_integer"),
        ({"amount": "1.5"}, "amount", "parameter_invalid_integer"),
        ({"source_type": "cash"}, "source_type", None),
        ({"metadata": "text"}, "metadata", None),
        ({"metadata": {"k" * 41: "v"}}, None, None),
        ({"destination": {"id": "acct_1"}}, "destination", None),
        ({"expand": "balance_transaction"}, "expand", None),
    ],
)
def test_wrong_parameters_are_refused_by_name(double: Running, params, param, code) -> None:
    before = double.available()
    said = {"amount": 100, "currency": "usd", "destination": double.worker(), **params}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.transfers.create(said)
    assert refusal.value.http_status == 400
    assert code is None or refusal.value.code == code
    assert param is None or refusal.value.param == param
    assert double.available() == before


def test_nested_parameters_are_named_as_stripe_names_them(double: Running) -> None:
    wrong = checkout(payment_intent_data={"transfer_grupo": "x"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.checkout.sessions.create(wrong)
    assert refusal.value.param == "payment_intent_data[transfer_grupo]"
    wrong = checkout(line_items=[{"price_data": {"currency": "usd", "unit_amount": "free", "product_data": {"name": "x"}}}])
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.checkout.sessions.create(wrong)
    assert refusal.value.param == "line_items[0][price_data][unit_amount]"


def test_v2_bodies_are_checked_too_and_old_examples_are_found_out(double: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v2.core.accounts.create({**recipient(), "dashboard": "fancy"})
    assert refusal.value.param == "dashboard"
    onboarding = {"refresh_url": "http://x/again", "return_url": "http://x/back", "configurations": ["recipient"]}
    use_case = {"type": "account_onboarding", "account_onboarding": onboarding}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v2.core.account_links.create({"account": double.worker(), "use_case": use_case})
    assert refusal.value.param == "use_case.account_onboarding.configurations"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/v1/transferz", b"", FORM, 404),
        ("DELETE", "/v1/transfers", None, FORM, 404),
        ("POST", "/v1/transfers", b"amount=1&currency=usd", {}, 401),
        ("POST", "/v1/transfers", b"amount=1&currency=usd", {"Authorization": "Bearer sk_live_x"}, 401),
        ("POST", "/v1/transfers", b"amount", FORM, 400),
        ("POST", "/v1/transfers", b"a[=1", FORM, 400),
        ("POST", "/v1/transfers", b"metadata[a]=1&metadata[a][b]=2", FORM, 400),
        ("POST", "/v1/transfers", b"metadata=1&metadata[a]=2", FORM, 400),
        ("POST", "/v1/transfers", b"amount=\xff\xfe", FORM, 400),
        ("POST", "/v1/transfers", b"a" + b"[b]" * 50 + b"=1", FORM, 400),
        ("POST", "/v2/core/accounts", b"{", FORM, 400),
        ("POST", "/v2/core/accounts", b"[]", FORM, 400),
        ("POST", "/v2/core/accounts", b"[" * 100_000, FORM, 400),
        ("GET", "/v1/transfers?limit=0", None, FORM, 400),
        ("GET", "/v1/transfers?starting_after=tr_nobody", None, FORM, 400),
        ("GET", "/v1/transfers/tr_nobody", None, FORM, 404),
        ("GET", "/v1/balance", None, {**FORM, "Stripe-Version": "2020-01-01"}, 400),
        ("GET", "/v2/core/accounts?limit=0", None, FORM, 400),
        ("GET", "/v1/topups?amount[gte]=1", None, FORM, 200),
        ("GET", "/v1/invoices?due_date[gt]=1", None, FORM, 400),
        ("GET", "/v2/core/accounts?page=acct_nobody", None, FORM, 400),
        ("POST", "/v1/plans", b"currency=usd&interval=day&product=p", FORM, 400),
    ],
)
def test_bad_requests_get_stripe_shaped_answers_and_never_a_500(double, method, path, body, headers, status) -> None:
    answered, said = double.call(method, path, body, headers)
    assert answered == status
    assert status == 200 or {"type", "message"} <= said["error"].keys(), said


def test_a_body_that_is_too_large_is_refused_before_it_is_read(double: Running) -> None:
    assert double.call("POST", "/v1/transfers", None, {**FORM, "Content-Length": "999999999"})[0] == 413


def test_the_same_shapes_hold_for_fields_that_v2_sends_as_text() -> None:
    place = shapes.Place(form=False, coerced={"value": "int64_string"})
    record = shapes.Record({"value": (shapes.Whole(), True)})
    assert record.check({"value": "12"}, place) == {"value": 12}
    with pytest.raises(Failure):
        record.check({"value": 12}, place)


def test_an_answer_can_be_expanded_to_what_it_names(double: Running) -> None:
    session = double.client.v1.checkout.sessions.create(checkout())
    double.control(f"checkout/{session.id}/complete", {})
    path = ["payment_intent.latest_charge.balance_transaction", "line_items"]
    read = double.client.v1.checkout.sessions.retrieve(session.id, {"expand": path})
    assert read.payment_intent.latest_charge.balance_transaction.fee == 320
    assert read.line_items.data[0].description == "Prepaid work"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        double.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["nonsense"]})
    assert json.loads(str(read))["payment_intent"]["object"] == "payment_intent"
