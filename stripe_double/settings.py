"""What one double is told at its start: where it listens and keeps its books, what it charges, how fast things go."""

from dataclasses import dataclass, field
from pathlib import Path

#: The three addresses that events go to, below the base of `--webhook-url`.
ENDPOINTS = ("platform", "connect", "thin")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Amounts are minor units, delays are seconds of the double's own clock unless they say otherwise."""

    books: Path
    port: int = 8001
    public_url: str = ""
    webhook_url: str = ""
    webhook_secrets: dict[str, str] = field(default_factory=dict)
    webhook_retry_seconds: float = 1.0  # real seconds before the first retry; doubles up to ten minutes
    card_fee_bp: int = 290
    card_fee_fixed: int = 30
    bank_fee_bp: int = 80
    bank_fee_cap: int = 500
    dispute_fee: int = 1500
    funds_delay: int = 0  # from a payment to its funds being available
    bank_delay: int = 5  # from a bank debit or a top-up to its outcome
    verification_delay: int = 0  # from a finished onboarding to active capabilities
    payout_delay: int = 5  # from a transfer to the automatic payout
    payout_arrival: int = 10  # from a payout to its outcome at the bank
