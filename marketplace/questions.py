"""Questions about a project or a task: to the client's team and to ops, within a day; answers may be for everybody on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.errors import Invalid, NotFound
from kit.limits import Limit
from marketplace import pay_preview
from marketplace.models import Project, Question
from marketplace.states import QUESTION
from workers import notices, queries, work_queues
from workers.models import Membership, OpsRole

ANSWER_WITHIN = timedelta(hours=24)
LONGEST, LONGEST_ANSWER = 2_000, 4_000
QUEUE = "questions"
ASKING = Limit("questions", times=20, seconds=3_600)

notices.declare("question.asked", _("A worker asks about %(project)s. An answer is due within 24 hours."),
                url_name="market:client_question", url_params=("org", "question"), mail=True)  # fmt: skip
notices.declare("question.answered", _("Your question about %(project)s was answered."),
                url_name="market:project_questions", url_params=("project_id",), mail=True)  # fmt: skip


def may_ask(*, worker_id: uuid.UUID, project: Project) -> bool:
    """Who works there, did, or could now."""
    return pay_preview.may_look(worker_id=worker_id, project=project)


def ask(*, project: Project, worker_id: uuid.UUID, text: str, now: datetime, task_id: int | None = None) -> Question:
    """Start the clock and tell the client's team. Raises Invalid, NotFound for a project that one does not see."""
    if not may_ask(worker_id=worker_id, project=project):
        raise NotFound(_("There is no such project."))
    made = Question.objects.create(
        project=project, task_id=task_id, worker_id=worker_id, text=_checked(text, LONGEST), asked_at=now, due_at=now + ANSWER_WITHIN,
    )  # fmt: skip
    team = queries.members_of(project.organisation_id, roles=(Membership.OWNER, Membership.MANAGER))
    notices.tell_many(
        team, "question.asked", project=project.name, org=project.organisation.slug, question=str(made.pk)
    )
    return made


def withdraw(*, question: Question, now: datetime) -> None:
    """Its author needs no answer any more."""
    states.move(question, chart=QUESTION, to="withdrawn", actor_id=question.worker_id, now=now)
    work_queues.done(queue=QUEUE, item=question.pk)


def answer(*, question: Question, by_id: uuid.UUID, text: str, publish: bool, now: datetime) -> None:
    """A person of the client's team or of ops answers; published, everybody on the project reads question and answer.

    Raises Invalid, NoSuchMove for one that is answered already.
    """
    said = _checked(text, LONGEST_ANSWER)
    states.move(
        question, chart=QUESTION, to="answered", actor_id=by_id, now=now, answer=said, answered_by_id=by_id, answered_at=now,
        published=publish,
    )  # fmt: skip
    work_queues.done(queue=QUEUE, item=question.pk)
    notices.tell(question.worker_id, "question.answered", project=question.project.name, project_id=str(question.project_id))


def shown_to(*, worker_id: uuid.UUID, project: Project) -> QuerySet[Question]:
    """One's own questions and what was published, the latest first."""
    rows = Question.objects.filter(project=project).filter(Q(worker_id=worker_id) | Q(published=True))
    return rows.exclude(state="withdrawn").order_by("-asked_at", "-id")


def of_client(organisation_id: uuid.UUID) -> QuerySet[Question]:
    rows = Question.objects.filter(project__organisation_id=organisation_id).exclude(state="withdrawn")
    return rows.select_related("project__organisation", "answered_by", "task")


def find(question_id: uuid.UUID, *, organisation_id: uuid.UUID | None = None) -> Question:
    """One question, with an organisation only one about its projects. Raises NotFound."""
    rows = Question.objects.select_related("project__organisation", "worker", "answered_by", "task").filter(pk=question_id)
    found = (rows.filter(project__organisation_id=organisation_id) if organisation_id else rows).first()
    if found is None:
        raise NotFound(_("There is no such question."))
    return found


def waiting() -> QuerySet[Question]:
    """The most urgent first."""
    return Question.objects.filter(state="open").select_related("project__organisation", "worker").order_by("due_at", "id")


def _checked(text: str, most: int) -> str:
    text = text.strip()
    if not 3 <= len(text) <= most or "\x00" in text:
        raise Invalid(_("Write 3 to %(most)s characters.") % {"most": f"{most:,}"}, field="text")
    return text


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        yield work_queues.Item(
            id=one.pk, title=one.text[:120], note=_now("%(worker)s about %(project)s, %(client)s") % {
                "worker": one.worker.name, "project": one.project.name, "client": one.project.organisation.name
            },
            url=reverse("market:ops_question", args=[one.pk]), until=one.due_at,
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key=QUEUE, title=_("Questions about work"), about=_("The client's team may answer first; within 24 hours somebody has to."),
    none=_("No question waits."), roles=(OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD), waiting=_items,
    count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
