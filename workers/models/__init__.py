"""The tables of people and organisations, by what they are about."""

from workers.models.organisations import Invitation, Membership, Organisation
from workers.models.papers import Agreement, ApiToken, Notice, Signature
from workers.models.people import Link, OpsRole, User, WorkerProfile
from workers.models.standing import Appeal, StandingDecision

__all__ = [
    "Agreement",
    "ApiToken",
    "Appeal",
    "Invitation",
    "Link",
    "Membership",
    "Notice",
    "OpsRole",
    "Organisation",
    "Signature",
    "StandingDecision",
    "User",
    "WorkerProfile",
]
