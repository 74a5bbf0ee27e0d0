"""The hosted pages, used as a browser would use them."""

from __future__ import annotations

from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from tests.stripe_double.running import Running, checkout, recipient


def visit(double: Running, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, body and Location; redirects are not followed."""
    connection = HTTPConnection("127.0.0.1", double.port, timeout=5)
    body = urlencode(form) if form is not None else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request("POST" if body else "GET", address.removeprefix(double.url), body, headers)
    reply = connection.getresponse()
    said = reply.status, reply.read().decode(), reply.headers.get("Location", "")
    connection.close()
    return said


def test_paying_by_card_on_the_page_leads_back_with_the_session(double: Running) -> None:
    session = double.client.v1.checkout.sessions.create(checkout(12_345, customer_email="mira@example.com"))
    status, page, _ = visit(double, session.url)
    assert status == 200
    for part in ("Test double: no real money moves", "123.45 USD", "Prepaid work", "mira@example.com", "Pay by bank"):
        assert part in page
    assert visit(double, session.url, {"do": "card"}) == (303, "", f"http://127.0.0.1/done?session={session.id}")
    assert double.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    before = double.available()
    assert "This payment page is complete" in visit(double, f"/pay/{session.id}", {"do": "card"})[1]
    assert double.available() == before


def test_cancelling_leads_back_and_leaves_the_session_open(double: Running) -> None:
    session = double.client.v1.checkout.sessions.create(checkout())
    assert visit(double, session.url, {"do": "cancel"})[2] == "http://127.0.0.1/cancelled"
    assert double.client.v1.checkout.sessions.retrieve(session.id).status == "open"
    visit(double, session.url, {"do": "bank", "email": "mira@example.com"})
    read = double.client.v1.checkout.sessions.retrieve(session.id)
    assert (read.payment_status, read.customer_details.email) == ("unpaid", "mira@example.com")


def test_only_offered_ways_to_pay_are_taken(double: Running) -> None:
    session = double.client.v1.checkout.sessions.create(checkout(allowed_payment_method_types=["card"]))
    assert "Pay by bank" not in visit(double, session.url)[1]
    assert visit(double, session.url, {"do": "bank"})[0] == 400
    assert double.client.v1.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize(("do", "status"), [("complete", "active"), ("later", "restricted")])
def test_an_onboarding_link_works_once_and_then_asks_for_a_new_one(double: Running, do, status) -> None:
    account = double.client.v2.core.accounts.create(recipient())
    addresses = {"refresh_url": "http://127.0.0.1/again", "return_url": "http://127.0.0.1/back"}
    use_case = {"type": "account_onboarding", "account_onboarding": addresses}
    link = double.client.v2.core.account_links.create({"account": account.id, "use_case": use_case})
    assert "Set up payouts" in visit(double, link.url)[1]
    assert visit(double, link.url)[2] == "http://127.0.0.1/again"
    assert visit(double, link.url, {"do": do})[2] == "http://127.0.0.1/back"
    read = double.client.v2.core.accounts.retrieve(account.id, {"include": ["configuration.recipient"]})
    assert read.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == status
    returned = double.client.v2.core.events.list({"types": ["v2.core.account_link.returned"]}).data[0]
    assert (returned.data.account_id, returned.data.use_case) == (account.id, "account_onboarding")

    late = double.client.v2.core.account_links.create({"account": account.id, "use_case": use_case})
    double.advance(301)
    assert visit(double, late.url)[2] == "http://127.0.0.1/again"


def test_the_identity_page_verifies_with_what_was_typed(double: Running) -> None:
    session = double.client.v1.identity.verification_sessions.create({"type": "document", "return_url": "http://127.0.0.1/back"})
    assert "Identity check" in visit(double, session.url)[1]
    form = {"do": "verify", "first_name": "Ana", "last_name": "Silva", "born": "1991-03-04"}
    assert visit(double, session.url, form)[2] == "http://127.0.0.1/back"
    read = double.client.v1.identity.verification_sessions.retrieve(session.id, {"expand": ["verified_outputs"]})
    assert (read.status, read.verified_outputs.last_name, read.verified_outputs.dob.month) == ("verified", "Silva", 3)


def test_an_invoice_is_paid_on_its_page(double: Running) -> None:
    mira = double.client.v1.customers.create({"email": "mira@example.com"})
    invoice = double.client.v1.invoices.create({"customer": mira.id, "collection_method": "send_invoice", "days_until_due": 7})
    double.client.v1.invoice_items.create({"customer": mira.id, "invoice": invoice.id, "amount": 5_000, "currency": "usd"})
    opened = double.client.v1.invoices.finalize_invoice(invoice.id)
    assert "50.00 USD" in visit(double, opened.hosted_invoice_url)[1]
    visit(double, opened.hosted_invoice_url, {"do": "pay"})
    assert double.client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_the_dashboard_shows_a_worker_their_payouts(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, 2_500)
    double.control(f"accounts/{ana}/pay_out", {})
    link = double.client.v1.accounts.login_links.create(ana)
    status, page, _ = visit(double, link.url)
    assert status == 200
    assert "in transit" in page
    assert "25.00 USD" in page

    payout = double.client.v1.payouts.list({}, {"stripe_account": ana}).data[0]
    double.control(f"payouts/{payout.id}/finish", {"outcome": "failed"})
    assert "Your bank refused a payout" in visit(double, link.url)[1]
    assert "Your bank refused a payout" not in visit(double, link.url, {"do": "bank"})[1]
    double.advance(7200)
    assert double.client.v1.payouts.list({}, {"stripe_account": ana}).data[0].status == "paid"


def test_pages_show_what_they_are_given_as_text(double: Running) -> None:
    item = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "<script>alert(1)</script>"}}
    session = double.client.v1.checkout.sessions.create(checkout(line_items=[{"price_data": item}]))
    page = visit(double, session.url)[1]
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_page_is_a_friendly_404(double: Running) -> None:
    for address in (
        "/nothing",
        "/pay/cs_test_nobody",
        "/onboarding/onboarding_x",
        "/identity/vs_x",
        "/invoice/in_x",
        "/express/x",
    ):
        status, page, _ = visit(double, address)
        assert status == 404
        assert "Test double" in page
    assert visit(double, "/")[0] == 200


def test_a_verification_takes_its_time_when_told_to(start) -> None:
    double = start("--verification-delay", "60")
    account = double.client.v2.core.accounts.create(recipient())
    use_case = {
        "type": "account_onboarding",
        "account_onboarding": {"refresh_url": "http://x/again", "return_url": "http://x/back"},
    }
    link = double.client.v2.core.account_links.create({"account": account.id, "use_case": use_case})
    assert visit(double, link.url, {"do": "complete"})[0] == 303

    def status() -> str:
        read = double.client.v2.core.accounts.retrieve(account.id, {"include": ["configuration.recipient"]})
        return read.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status

    assert status() == "pending"
    double.advance(60)
    assert status() == "active"
