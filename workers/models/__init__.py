"""The tables of people and organisations, by what they are about."""

from workers.models.agencies import Agency, TeamInvitation, TeamPlace
from workers.models.desk import Claim
from workers.models.leaving import CountryExit, Erasure, Merge, PersonCase, Sighting
from workers.models.organisations import Invitation, Membership, Organisation
from workers.models.papers import Agreement, ApiToken, Notice, NoticePreference, Signature
from workers.models.people import Link, OpsRole, User, WorkerProfile
from workers.models.setup import Credential, Setup
from workers.models.standing import Appeal, Farewell, StandingDecision
from workers.models.support import SupportRequest

__all__ = [
    "Agency",
    "Agreement",
    "ApiToken",
    "Appeal",
    "Claim",
    "CountryExit",
    "Credential",
    "Erasure",
    "Farewell",
    "Invitation",
    "Link",
    "Membership",
    "Merge",
    "Notice",
    "NoticePreference",
    "OpsRole",
    "Organisation",
    "PersonCase",
    "Setup",
    "Sighting",
    "Signature",
    "StandingDecision",
    "SupportRequest",
    "TeamInvitation",
    "TeamPlace",
    "User",
    "WorkerProfile",
]
