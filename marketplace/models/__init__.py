"""The market's tables, by the stage of work that they serve."""

from marketplace.models.agencies import AgencyPick
from marketplace.models.apart import Apart, ApartWish
from marketplace.models.batches import BadRow, Batch, Upload
from marketplace.models.bonuses import Mission, MissionKind
from marketplace.models.budgets import Budget, BudgetPeriod
from marketplace.models.cases import AICase, WorkSigns
from marketplace.models.courses import Course, CourseProgress, PracticeTask, PracticeTry
from marketplace.models.disputes import ClientRecord, Dispute
from marketplace.models.exam_rules import ExamRule
from marketplace.models.joining import WaitCall, WaitPlace
from marketplace.models.judging import QualityModel, Result, ReviewerRecord, Verdict
from marketplace.models.pools import (
    Announcement,
    BulkAction,
    HealthBounds,
    MessageTemplate,
    MessageVersion,
    Pool,
    PoolHealth,
    PoolMember,
)
from marketplace.models.projects import BillRate, GuidelineVersion, Project, ProjectTry, Rate, SlotKind
from marketplace.models.questions import Question
from marketplace.models.referrals import Referral, ReferralCode, ReferralProgramme
from marketplace.models.seats import Seat, SeatOffer, TrainingKind
from marketplace.models.webhooks import WebhookDelivery, WebhookEndpoint, WebhookNews, WebhookTry
from marketplace.models.work import (
    Assignment,
    Draft,
    FairShare,
    GoldAnswer,
    Lease,
    Queue,
    Ready,
    Slot,
    Submission,
    SubmissionRound,
    Task,
    WorkAlert,
    WorkerRecord,
)

__all__ = [
    "Announcement",
    "AICase",
    "AgencyPick",
    "Apart",
    "ApartWish",
    "Assignment",
    "BadRow",
    "Batch",
    "BillRate",
    "Budget",
    "BudgetPeriod",
    "BulkAction",
    "ClientRecord",
    "Course",
    "CourseProgress",
    "Dispute",
    "Draft",
    "ExamRule",
    "FairShare",
    "GoldAnswer",
    "GuidelineVersion",
    "HealthBounds",
    "Lease",
    "MessageTemplate",
    "MessageVersion",
    "Mission",
    "MissionKind",
    "Pool",
    "PoolHealth",
    "PoolMember",
    "PracticeTask",
    "PracticeTry",
    "Project",
    "ProjectTry",
    "QualityModel",
    "Question",
    "Queue",
    "Rate",
    "Ready",
    "Referral",
    "ReferralCode",
    "ReferralProgramme",
    "Result",
    "ReviewerRecord",
    "Seat",
    "SeatOffer",
    "Slot",
    "SlotKind",
    "Submission",
    "SubmissionRound",
    "Task",
    "TrainingKind",
    "Upload",
    "Verdict",
    "WaitCall",
    "WaitPlace",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookNews",
    "WebhookTry",
    "WorkAlert",
    "WorkSigns",
    "WorkerRecord",
]
