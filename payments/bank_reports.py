"""The bank's word on our files: pain.002 status reports, read with suspicion, applied once, and what they settle in the books."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from kit import audit, outbox, states
from kit.errors import Invalid
from kit.money import Money
from payments import ledger, locks, mismatches, rails
from payments.chart import platform
from payments.models import Attempt, BankFile, BankPayment, BankReport
from payments.states import BANK_PAYMENT, PAYOUT

LARGEST = 20 * 1024 * 1024
"""Bytes of a report: several times what one on the largest file takes."""
REFUSED = ("RJCT", "CANC", "BLCK")
ON_ITS_WAY = ("ACCP", "ACSP", "ACTC", "ACWC", "ACWP", "ACFC", "PATC", "PDNG", "RCVD", "PRES", "PART", "ACSC", "ACCC")
SILENT = dt.timedelta(days=5)
"""How long a payment may go without the bank's last word, or wait for a file, before finance hears of it."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a report says of one payment: its status, the reason's code, and the bank's own sentence."""

    status: str
    reason: str
    detail: str
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as its file has it: on which of our files, of all of it (if it says so), and of single payments."""

    message_id: str
    whole: Word | None
    payments: dict[str, Word]


def parse(body: bytes) -> Report:
    """Read a pain.002 of any version. Raises Invalid for whatever is too large, not XML, dangerous, or another message."""
    if len(body) > LARGEST:
        raise Invalid(_("This file is too large for a status report."), field="report")
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Invalid(_("This is no XML file that can be read."), field="report") from None
    report = _child(root, "CstmrPmtStsRpt")
    head = _child(report, "OrgnlGrpInfAndSts")
    if report is None or head is None:
        raise Invalid(_("This is no payment status report (pain.002)."), field="report")
    if not _text(head, "OrgnlMsgNmId").startswith("pain.001"):
        raise Invalid(_("This report is not about a payment file (pain.001)."), field="report")
    whole = _word(head, "GrpSts")
    payments: dict[str, Word] = {}
    for group in _children(report, "OrgnlPmtInfAndSts"):
        whole = _word(group, "PmtInfSts") or whole
        for each in _children(group, "TxInfAndSts"):
            key, word = _text(each, "OrgnlEndToEndId") or _text(each, "OrgnlInstrId"), _word(each, "TxSts")
            if not key or word is None or payments.get(key, word) != word:
                raise Invalid(_("The report names a payment without its id or status, or one payment twice."), field="report")
            payments[key] = word
    return Report(message_id=_text(head, "OrgnlMsgId"), whole=whole, payments=payments)


def _name(element: Element) -> str:
    """Without the namespace, in which each version of the message has its own."""
    return element.tag.rpartition("}")[2]


def _children(element: Element | None, name: str) -> Iterator[Element]:
    return (each for each in (element if element is not None else ()) if _name(each) == name)


def _child(element: Element | None, *names: str) -> Element | None:
    for name in names:
        element = next(_children(element, name), None)
    return element


def _text(element: Element | None, *names: str) -> str:
    found = _child(element, *names)
    return (found.text or "").strip() if found is not None else ""


def _word(element: Element, name: str) -> Word | None:
    """A status with its reason; None where it is not said. Raises Invalid for a word that is no status."""
    status = _text(element, name)
    if not status:
        return None
    if status not in (*REFUSED, *ON_ITS_WAY):
        raise Invalid(_("The report has a status that is not known: %(status)s.") % {"status": status[:20]}, field="report")
    why, amount = _child(element, "StsRsnInf"), _child(element, "OrgnlTxRef", "Amt", "InstdAmt")
    reason = _text(why, "Rsn", "Cd") or _text(why, "Rsn", "Prtry")
    detail = " ".join((each.text or "").strip() for each in _children(why, "AddtlInf"))
    return Word(
        status, reason[:80], detail[:300], (amount.text or "").strip() if amount is not None else "",
        amount.get("Ccy", "") if amount is not None else "",
    )  # fmt: skip


def apply(*, body: bytes, actor_id: uuid.UUID, now: dt.datetime) -> tuple[BankReport, bool]:
    """Keep what a report says, whole or not at all; (the report, whether it is new). The same bytes again change nothing.

    Payments that are settled or refused wake their try up, and jobs do the rest. The caller's transaction commits it. Raises
    Invalid for a wrong file, a report on no file of ours, or a payment that is not in it.
    """
    fingerprint = hashlib.sha256(body).hexdigest()
    if known := BankReport.objects.filter(fingerprint=fingerprint).first():
        return known, False
    report = parse(body)
    file = _file(report.message_id)
    if known := BankReport.objects.filter(fingerprint=fingerprint).first():
        return known, False
    payments = {each.key: each for each in file.payments.select_for_update().order_by("key")}
    if unknown := report.payments.keys() - payments.keys():
        raise Invalid(
            _("The report names a payment that is not in that file: %(key)s.") % {"key": min(unknown)[:35]}, field="report"
        )
    counts = {"settled": 0, "rejected": 0, "accepted": 0}
    for key, payment in payments.items():
        word = report.payments.get(key) or (report.whole if report.whole and report.whole.status != "PART" else None)
        if word is not None and (state := _keep(payment, word, actor_id, now)):
            counts[state] += 1
    made = BankReport.objects.create(
        fingerprint=fingerprint, file=file, read_by=actor_id, read_at=now, settled=counts["settled"], rejected=counts["rejected"],
        noted=counts["accepted"],
    )  # fmt: skip
    audit.record(subject=made, verb="bank_report.read", actor_id=actor_id, now=now)
    return made, True


def _file(message_id: str) -> BankFile:
    """The file a report is about, locked: of two reports at once the second waits."""
    try:
        found = BankFile.objects.select_for_update().filter(pk=uuid.UUID(message_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("The report is about a file that was not written here."), field="report")
    return found


def _keep(payment: BankPayment, word: Word, actor_id: uuid.UUID, now: dt.datetime) -> str:
    """The state a payment goes to; empty where nothing changes. What contradicts an earlier last word is named, never followed."""
    state = "rejected" if word.status in REFUSED else "settled" if word.status in settings.BANK_SETTLED_CODES else "accepted"
    ours = Money(payment.amount_units, payment.currency)
    if word.amount and not _same(word, ours):
        raise Invalid(_("The report has another amount for payment %(key)s.") % {"key": payment.key}, field="report")
    if payment.state == state or (state == "accepted" and payment.state != "filed"):
        return ""
    if payment.state in ("settled", "rejected"):
        mismatches.name(kind="bank_contradicts", subject=payment.key, ours=ours, now=now)
        return ""
    fault = (word.reason or "bank_refused") if state == "rejected" else ""
    states.move(
        payment, chart=BANK_PAYMENT, to=state, actor_id=actor_id, now=now, reason=fault, fault=fault, detail=word.detail,
        reported_at=now,
    )  # fmt: skip
    if state != "accepted":
        Attempt.objects.filter(key=payment.key).update(due_at=now)
    return state


def _same(word: Word, ours: Money) -> bool:
    try:
        return Money.parse(word.amount, word.currency) == ours
    except Invalid:
        return False


# --- the books --------------------------------------------------------------------------------------------------------


def clear_settled(*, now: dt.datetime) -> int:
    """What the bank settled leaves clearing for our account of the bank, and its payout is paid; returns how many."""
    rows = Attempt.objects.filter(state="known", cleared_at__isnull=True, payout__account__rail="bank_file")
    cleared = 0
    for attempt_id, payout_id in rows.order_by("settled_at").values_list("pk", "payout_id")[:1000]:
        with transaction.atomic(durable=True):
            cleared += _clear(payout_id, attempt_id, now)
    return cleared


def _clear(payout_id: uuid.UUID, attempt_id: uuid.UUID, now: dt.datetime) -> bool:
    payout, attempt = locks.payout(payout_id), locks.attempt(attempt_id)
    if attempt.cleared_at is not None:
        return False
    Attempt.objects.filter(pk=attempt_id).update(cleared_at=now)
    amount = Money(payout.amount_units, payout.currency)
    legs = ledger.move(amount, debit=rails.clearing("bank_file", payout.currency), credit=platform("bank_available", payout.currency))
    ledger.post(
        ledger.Posting(
            idem=f"bank:{attempt.key}", kind="clear", source_kind="payout", source_id=payout.pk, actor_id=None, now=now, legs=legs
        )
    )
    states.move(payout, chart=PAYOUT, to="paid", actor_id=None, now=now, paid_at=now, fault="")
    outbox.emit("payout.paid", payout_id=str(payout.pk), user_id=str(payout.worker_id))
    return True


def check(*, now: dt.datetime) -> int:
    """Name every payment that has waited too long for a file or for the bank's last word; returns how many."""
    late = BankPayment.objects.filter(state__in=("waiting", "filed", "accepted"), created_at__lte=now - SILENT)
    for payment in late.order_by("created_at"):
        kind = "bank_file_missing" if payment.state == "waiting" else "bank_silent"
        with transaction.atomic(durable=True):
            mismatches.name(kind=kind, subject=payment.key, ours=Money(payment.amount_units, payment.currency), now=now)
    return len(late)
