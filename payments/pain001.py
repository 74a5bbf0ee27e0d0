"""The file for our bank: ISO 20022 pain.001.001.09, one currency, one debit account, one payment per payout."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyiso20022.pain.pain_001_001_09 as iso
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDate, XmlDateTime

from kit.money import Money, total
from payments.bank_details import Details

SEPA = frozenset((
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK",
    "SM", "VA",
))  # fmt: skip
"""Where a payment in euros to an IBAN goes by SEPA, whose rules share the charges; all others are at our charge."""
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """Our own account."""

    name: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One payment: `key` (at most 35 characters) comes back in the bank's report."""

    key: str
    amount: Money
    to: Details


def write(
    *, message_id: str, written_at: dt.datetime, execute_on: dt.date, debtor: Debtor, lines: Sequence[Line], about: str
) -> bytes:
    """The same bytes for the same arguments. `lines` is not empty and of one currency; `about` is what payees read."""
    count, whole = str(len(lines)), _decimal(total([line.amount for line in lines], lines[0].amount.currency))
    us = iso.PartyIdentification135(nm=debtor.name)
    payments = iso.PaymentInstruction30(
        pmt_inf_id=message_id, pmt_mtd=iso.PaymentMethod3Code.TRF, nb_of_txs=count, ctrl_sum=whole, dbtr=us,
        reqd_exctn_dt=iso.DateAndDateTime2Choice(dt=XmlDate.from_date(execute_on)), dbtr_acct=_iban(debtor.iban),
        dbtr_agt=_bank(debtor.bic), cdt_trf_tx_inf=[_payment(line, about) for line in lines],
    )  # fmt: skip
    head = iso.GroupHeader85(
        msg_id=message_id, cre_dt_tm=XmlDateTime.from_datetime(written_at.replace(microsecond=0)), nb_of_txs=count, ctrl_sum=whole,
        initg_pty=us,
    )  # fmt: skip
    document = iso.Document(cstmr_cdt_trf_initn=iso.CustomerCreditTransferInitiationV09(grp_hdr=head, pmt_inf=[payments]))
    return XmlSerializer().render(document, ns_map={None: NAMESPACE}).encode()


def _payment(line: Line, about: str) -> iso.CreditTransferTransaction34:
    to, amount = line.to, line.amount
    sepa = amount.currency == "EUR" and to.is_iban and to.country in SEPA
    address = iso.PostalAddress24(strt_nm=to.street, pst_cd=to.postcode or None, twn_nm=to.town, ctry=to.home)
    return iso.CreditTransferTransaction34(
        pmt_id=iso.PaymentIdentification6(instr_id=line.key, end_to_end_id=line.key),
        amt=iso.AmountType4Choice(instd_amt=iso.ActiveOrHistoricCurrencyAndAmount(value=_decimal(amount), ccy=amount.currency)),
        chrg_br=iso.ChargeBearerType1Code.SLEV if sepa else iso.ChargeBearerType1Code.DEBT,
        cdtr_agt=_bank(to.bic) if to.bic else None, cdtr=iso.PartyIdentification135(nm=to.name, pstl_adr=address),
        cdtr_acct=_iban(to.account) if to.is_iban else _other(to.account), rmt_inf=iso.RemittanceInformation16(ustrd=[about]),
    )  # fmt: skip


def _decimal(amount: Money) -> Decimal:
    """Two decimals: no payable amount has more."""
    return amount.decimal().quantize(Decimal("0.01"))


def _iban(number: str) -> iso.CashAccount38:
    return iso.CashAccount38(id=iso.AccountIdentification4Choice(iban=number))


def _other(number: str) -> iso.CashAccount38:
    return iso.CashAccount38(id=iso.AccountIdentification4Choice(othr=iso.GenericAccountIdentification1(id=number)))


def _bank(bic: str) -> iso.BranchAndFinancialInstitutionIdentification6:
    return iso.BranchAndFinancialInstitutionIdentification6(
        fin_instn_id=iso.FinancialInstitutionIdentification18(bicfi=bic)
    )
