"""Invoices at Stripe: a client who pays by bank transfer, on paper that its bookkeeping knows. Beside the gateway, by its rules."""

from __future__ import annotations

import datetime as dt
import uuid

import stripe

from kit.money import Money
from payments.gateway import Checkout
from payments.stripe_gateway import client, from_minor, ident, named_failures, to_minor, uuid_of

STATES = {"draft": "open", "open": "open", "paid": "paid", "void": "expired", "uncollectible": "expired"}


def create_customer(*, key: str, organisation_id: uuid.UUID, name: str, email: str) -> str:
    """The client as Stripe writes it on invoices; returns its id there."""
    with named_failures():
        made = client().v1.customers.create(
            {"name": name, "email": email, "metadata": {"organisation_id": str(organisation_id)}}, {"idempotency_key": key}
        )
    return made.id


def open_invoice(*, key: str, funding_id: uuid.UUID, customer: str, amount: Money, words: str, due: dt.timedelta) -> Checkout:
    """An invoice of one line, open to be paid until it is due. Three calls, each under a key of its own."""
    with named_failures():
        draft = client().v1.invoices.create(
            {
                "customer": customer, "collection_method": "send_invoice", "days_until_due": due.days,
                "currency": amount.currency.lower(), "auto_advance": False, "pending_invoice_items_behavior": "exclude",
                "metadata": {"funding_id": str(funding_id)},
            },
            {"idempotency_key": f"{key}-draft"},
        )  # fmt: skip
        client().v1.invoice_items.create(
            {
                "customer": customer, "invoice": draft.id, "amount": to_minor(amount), "currency": amount.currency.lower(),
                "description": words,
            },
            {"idempotency_key": f"{key}-line"},
        )  # fmt: skip
        made = client().v1.invoices.finalize_invoice(draft.id, {}, {"idempotency_key": f"{key}-open"})
    return _checkout(made, None)


def read_invoice(invoice_id: str) -> Checkout:
    """An invoice as it stands now, with the charge that paid it."""
    with named_failures():
        found = client().v1.invoices.retrieve(invoice_id)
        paid = found.status == "paid"
        payments = client().v1.invoice_payments.list(
            {"invoice": invoice_id, "status": "paid", "expand": ["data.payment.payment_intent"]}
        ).data if paid else []  # fmt: skip
    charges = [
        ident(each.payment.payment_intent.latest_charge)
        for each in payments if isinstance(each.payment.payment_intent, stripe.PaymentIntent)
    ]  # fmt: skip
    return _checkout(found, charges[0] if len(charges) == 1 else None)


def void(invoice_id: str) -> Checkout:
    """An invoice that nobody will pay is void; raises Definite when it was paid meanwhile."""
    with named_failures():
        return _checkout(client().v1.invoices.void_invoice(invoice_id, {}, {"idempotency_key": f"void-{invoice_id}"}), None)


def _checkout(invoice: stripe.Invoice, charge: str | None) -> Checkout:
    return Checkout(
        id=str(invoice.id), url=invoice.hosted_invoice_url or "", state=STATES.get(str(invoice.status), "open"),
        amount=from_minor(invoice.total, invoice.currency), funding_id=uuid_of(getattr(invoice.metadata, "funding_id", None)),
        charge_id=charge, fault="",
    )  # fmt: skip
