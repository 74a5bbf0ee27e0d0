"""Bank details of workers whom the bank-file rail pays: checked, written as banks take them, kept sealed, shown masked."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from kit import audit, outbox, states
from kit.errors import Conflict, Invalid
from payments import locks, rails, sealing
from payments.models import PayoutAccount
from payments.states import PAYOUT_ACCOUNT
from workers import graph
from workers.models import User

FOLDED = str.maketrans({
    "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "đ": "d", "Đ": "D", "ð": "d",
    "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "’": "'", "–": "-", "&": "+",
})  # fmt: skip
TAKEN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
"""The characters that every bank takes in a payment file."""
NUMBER = re.compile(r"[A-Z0-9]{4,34}")
LENGTHS = {"name": 70, "street": 70, "postcode": 16, "town": 35}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Where a bank sends money: an IBAN, or another account number with its bank's BIC; and who lives where.

    `bic` may be empty for an IBAN, `postcode` where a country has none. `country` is that of the bank account.
    """

    name: str
    country: str
    account: str
    is_iban: bool
    bic: str
    street: str
    postcode: str
    town: str
    home: str

    def sealed(self) -> str:
        """Raises sealing.CannotOpen where no key is set."""
        return sealing.seal({name: str(value) for name, value in asdict(self).items()})

    @property
    def masked(self) -> str:
        """What may be shown: the country of an IBAN and the last four characters."""
        return f"{self.account[:2] if self.is_iban else ''}•••• {self.account[-4:]}"

    def __repr__(self) -> str:
        """Never the details: a repr ends up in logs and tracebacks."""
        return f"Details({self.masked})"


def opened(sealed: str) -> Details:
    """What `Details.sealed` closed. Raises sealing.CannotOpen."""
    facts = sealing.unseal(sealed)
    return Details(**{**facts, "is_iban": facts["is_iban"] == "True"})  # type: ignore[arg-type]


def read(given: Mapping[str, str], *, home: str) -> Details:
    """Check what somebody typed; `home` is the country they live in. Raises Invalid with the field."""
    country = given.get("country", "").strip().upper()
    if "bank_file" not in rails.serving(country):
        raise Invalid(_("Bank transfers do not reach this country."), field="country")
    account, is_iban = _account(given.get("account", ""), country)
    bic = _bic(given.get("bic", ""), country, needed=not is_iban)
    return Details(
        name=_text(given, "name"), country=country, account=account, is_iban=is_iban, bic=bic, street=_text(given, "street"),
        postcode=_text(given, "postcode", needed=False), town=_text(given, "town"), home=home,
    )  # fmt: skip


def _account(typed: str, country: str) -> tuple[str, bool]:
    """An IBAN wherever the country has IBANs, else the bank's own number."""
    number = re.sub(r"[\s\-.]", "", typed).upper()
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,}", number):
        try:
            number = ibans.validate(number)
        except ValidationError:
            raise Invalid(_("This IBAN has a mistake in it. Compare it with your bank statement."), field="account") from None
        if number[:2] != country:
            raise Invalid(_("This IBAN belongs to another country than the one you chose."), field="account")
        return number, True
    if not NUMBER.fullmatch(number):
        raise Invalid(_("Expected an IBAN, or an account number of 4 to 34 letters and digits."), field="account")
    return number, False


def _bic(typed: str, country: str, *, needed: bool) -> str:
    if not typed.strip() and not needed:
        return ""
    try:
        found = bics.validate(typed)
    except ValidationError:
        raise Invalid(_("Expected the bank's BIC (SWIFT code): 8 or 11 letters and digits."), field="bic") from None
    if found[4:6] != country:
        raise Invalid(_("This BIC belongs to a bank in another country than the one you chose."), field="bic")
    return found


def _text(given: Mapping[str, str], field: str, *, needed: bool = True) -> str:
    """As banks take it: accents folded, Latin letters, one line. Raises Invalid."""
    folded = unicodedata.normalize("NFKD", given.get(field, "").translate(FOLDED))
    text = " ".join("".join(each for each in folded if not unicodedata.combining(each)).split())
    if not text:
        if needed:
            raise Invalid(_("Fill this in, as it stands on your bank statement."), field=field)
        return ""
    if len(text) > LENGTHS[field]:
        raise Invalid(_("At most %(most)s characters.") % {"most": LENGTHS[field]}, field=field)
    if not TAKEN.fullmatch(text) or text[0] == "/" or "//" in text:
        raise Invalid(_("Write it in Latin letters, as it stands on your bank statement."), field=field)
    return text


def keep(*, user: User, details: Details, now: dt.datetime) -> PayoutAccount:
    """Pay this person by bank transfer from now on; an account at another rail is closed.

    Opens its own transaction. When money went elsewhere before, payouts wait 72 hours and the person is told. Raises Conflict
    while the rail is off. The caller has made sure of who it is (fresh re-authentication).
    """
    if not rails.is_on("bank_file"):
        raise Conflict(_("Bank transfers are not offered here."))
    with transaction.atomic(durable=True):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        before = rails.was_ready(user.pk)
        rails.close_others(user_id=user.pk, rail="bank_file", now=now)
        account = PayoutAccount.objects.filter(user=user, rail="bank_file").exclude(state="closed").first()
        account = locks.payout_account(account.pk) if account else _opened_account(user, details, now)
        account.sealed, account.masked, account.country = details.sealed(), details.masked, details.country
        if before:
            account.details_changed_at = now
            outbox.emit("payout_account.changed", user_id=str(user.pk), at=now.isoformat())
        account.save(update_fields=["sealed", "masked", "country", "details_changed_at"])
        audit.record(subject=account, verb="payout_account.details", actor_id=user.pk, now=now)
        graph.saw(user_id=user.pk, kind=graph.PAYOUT, value=details.account, now=now)
    return account


def _opened_account(user: User, details: Details, now: dt.datetime) -> PayoutAccount:
    """Nothing is left to ask: ready at once."""
    account = PayoutAccount.objects.create(
        user=user, rail="bank_file", country=details.country, currency="", created_at=now, **rails.papers_of(user.pk)
    )
    account.rail_account = f"bank_{account.pk.hex}"
    account.save(update_fields=["rail_account"])
    states.move(account, chart=PAYOUT_ACCOUNT, to="active", actor_id=user.pk, now=now, ready_at=now, bank_ready=True)
    outbox.emit("payout_account.ready", user_id=str(user.pk))
    return account
