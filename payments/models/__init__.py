"""The tables of money, by what they are about."""

from payments.models.agencies import AgencyDay, AgencyPayee, AgencyShare, AgencyTakeBack
from payments.models.bank_files import BankFile, BankPayment, BankReport
from payments.models.chargebacks import Chargeback
from payments.models.corrections import Correction, OwnExchange
from payments.models.earnings import BatchTally, Earning, EarningLine, Hold, Pool
from payments.models.funding import Funding
from payments.models.ledger import LedgerAccount, LedgerBalance, LedgerEntry, LedgerTx
from payments.models.payouts import Attempt, BankPayout, Payout, PayoutAccount, PayoutRun, Rhythm, TaxForm
from payments.models.people import IdentityCheck, MoneyMove
from payments.models.programmes import ProgrammeFunds
from payments.models.rail import LedgerCheck, Mismatch, RailMovement, StripeEvent
from payments.models.rates import ExchangeRate
from payments.models.refunds import Refund

__all__ = [
    "AgencyDay",
    "AgencyPayee",
    "AgencyShare",
    "AgencyTakeBack",
    "Attempt",
    "BankFile",
    "BankPayment",
    "BankPayout",
    "BankReport",
    "BatchTally",
    "Chargeback",
    "Correction",
    "Earning",
    "EarningLine",
    "ExchangeRate",
    "Funding",
    "Hold",
    "IdentityCheck",
    "LedgerAccount",
    "LedgerBalance",
    "LedgerCheck",
    "LedgerEntry",
    "LedgerTx",
    "Mismatch",
    "MoneyMove",
    "OwnExchange",
    "Payout",
    "PayoutAccount",
    "PayoutRun",
    "ProgrammeFunds",
    "Pool",
    "RailMovement",
    "Refund",
    "Rhythm",
    "StripeEvent",
    "TaxForm",
]
