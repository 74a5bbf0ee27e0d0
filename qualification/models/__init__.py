"""The tables of this room: the tree of skills, grants of them, exams with items, attempts with answers and what people read of them."""

from qualification.models.attempts import Accommodation, Attempt, AttemptItem, Look
from qualification.models.exams import BankFile, Exam, ExamItem, GuidelineCheck
from qualification.models.readings import KnownReading, ReaderGrant, ReaderPause, Reading
from qualification.models.skills import HIGHEST_TIER, Grant, Skill

__all__ = [
    "HIGHEST_TIER",
    "Accommodation",
    "Attempt",
    "AttemptItem",
    "BankFile",
    "Exam",
    "ExamItem",
    "Grant",
    "GuidelineCheck",
    "KnownReading",
    "Look",
    "ReaderGrant",
    "ReaderPause",
    "Reading",
    "Skill",
]
