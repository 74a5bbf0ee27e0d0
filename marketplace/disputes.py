"""Disputes of work: a worker objects to a verdict, or to how an answer or a review counted; whoever is right, money only moves upward."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, outbox, states
from kit.errors import Conflict, NotFound
from kit.money import Money
from marketplace import gold, results, review_disputes, reviewers
from marketplace.models import Batch, Dispute, GoldAnswer, QualityModel, Submission, Verdict
from marketplace.models.judging import Decision
from marketplace.settlement import DISPUTE_WINDOW
from marketplace.states import SUBMISSION
from payments import earnings
from workers import appeals, notices, people, queries
from workers.models import Appeal, Membership
from workers.states import WAITING

VERDICT, ANSWER_SCORE = "verdict", "answer_score"
"""Kinds of subject of the appeals behind disputes: a verdict, or how a submission counted in the score."""
DISPUTABLE = {"rejected": Dispute.About.VERDICT, "accepted_share": Dispute.About.VERDICT, "accepted": Dispute.About.SCORE}
"""What can be disputed of a submission, by its state."""
SCORES_AT_ONCE = 10
"""Disputes of a score that one worker may have waiting, so that nobody wins scores by the silence of people buried in them."""
RIGHT = "dispute"
TOLD = {Appeal.UPHELD: "client.dispute_upheld", Appeal.CONCEDED: "client.dispute_conceded"}
"""What the client hears of an outcome; of every other one, that it lost."""

for _kind in (VERDICT, ANSWER_SCORE):
    appeals.look_after(_kind, family="dispute")

for _event, _sentence, _mail in (
    ("dispute.answered", _("Your dispute has been answered; a second person decides next."), False),
    ("dispute.upheld", _("Your dispute was decided: the verdict stands."), True),
    ("dispute.overturned", _("You won your dispute."), True),
    ("dispute.by_silence", _("Nobody answered your dispute in time, so you won it."), True),
    ("dispute.conceded", _("The client agrees with you: you won your dispute."), True),
):
    notices.declare(_event, _sentence, url_name="market:dispute", url_params=("appeal",), mail=_mail)
for _event, _sentence, _mail in (
    ("client.dispute_opened", _("A worker disputes a verdict in %(project)s. Answer within 48 hours, or the worker wins."), True),
    ("client.dispute_upheld", _("A dispute in %(project)s was decided: the verdict stands."), False),
    ("client.dispute_lost", _("A dispute in %(project)s was decided for the worker."), True),
    ("client.dispute_conceded", _("Your organisation agreed with the worker in a dispute in %(project)s."), False),
):
    notices.declare(_event, _sentence, url_name="market:client_dispute", url_params=("org", "appeal"), mail=_mail)


class NotDisputable(Conflict):
    """It is not judged yet, too long ago, or nothing that can be disputed."""

    code = "not_disputable"


class TooManyDisputes(Conflict):
    """So many disputes of scores wait already."""

    code = "too_many_disputes"


def open_dispute(*, worker_id: uuid.UUID, submission_id: uuid.UUID, text: str, now: datetime) -> Dispute:
    """A worker disputes what became of their work; both clocks start. Needs an open transaction.

    Raises NotFound, NotDisputable, TooManyDisputes, appeals.AlreadyAppealed, Invalid.
    """
    rows = Submission.objects.select_for_update(of=("self",)).select_related("batch__project__organisation")
    submission = rows.filter(pk=submission_id, worker_id=worker_id).first()
    if submission is None:
        raise NotFound(_("There is no such submission."))
    # Whoever returns a batch's money looks for open disputes under this lock.
    Batch.objects.select_for_update().get(pk=submission.batch_id)
    if (until := open_until(submission)) is None or now >= until:
        raise NotDisputable(_("This can be disputed only once it is judged, and for 30 days."))
    about = DISPUTABLE[submission.state]
    verdict = _last_verdict(submission) if about == Dispute.About.VERDICT else None
    if verdict is None:
        _not_too_many(worker_id)
    appeal = appeals.open_appeal(
        subject_kind=VERDICT if verdict else ANSWER_SCORE, subject_id=verdict.pk if verdict else submission.pk,
        person_id=worker_id, against_id=_first_judge(submission, verdict), text=text, now=now,
    )
    dispute = Dispute.objects.create(
        appeal=appeal, submission=submission, verdict=verdict, batch_id=submission.batch_id, about=about, opened_at=now,
        organisation_id=submission.batch.project.organisation_id,
    )
    audit.record(subject=submission, verb="dispute.opened", actor_id=worker_id, now=now, reason=about)
    _tell_client(dispute, "client.dispute_opened")
    return dispute


def open_until(submission: Submission) -> datetime | None:
    """`disputable_until`, and for a review whose verdict fell in a dispute 30 days from then."""
    until = disputable_until(submission)
    fell = review_disputes.reversed_at(submission) if until and submission.kind == "review" else None
    return max(until, fell + DISPUTE_WINDOW) if until and fell else until


def disputable_until(submission: Submission, verdict: Verdict | None = None) -> datetime | None:
    """Until when this may be disputed; None for what cannot be. Scores of every answer and review alike: gold does not show."""
    about = DISPUTABLE.get(submission.state)
    if about is None or (about == Dispute.About.SCORE and submission.kind not in ("answer", "review")):
        return None
    if about == Dispute.About.SCORE:
        return submission.submitted_at + DISPUTE_WINDOW
    verdict = verdict or _last_verdict(submission)
    return verdict.at + DISPUTE_WINDOW if verdict else None


def _last_verdict(submission: Submission) -> Verdict | None:
    rows = submission.verdicts.filter(decision__in=[Decision.REJECT, Decision.ACCEPT_SHARE])
    return rows.order_by("-round").first()


def _first_judge(submission: Submission, verdict: Verdict | None) -> uuid.UUID | None:
    """Whose word is disputed: the judge's, or who wrote down the known answer; None where it was the model of all answers."""
    if verdict is not None:
        return verdict.judge_id
    if submission.kind == "review":
        return review_disputes.first_word(submission)
    return GoldAnswer.objects.filter(pk=submission.task_id).values_list("added_by_id", flat=True).first()


def _not_too_many(worker_id: uuid.UUID) -> None:
    waiting = Dispute.objects.filter(appeal__person_id=worker_id, about=Dispute.About.SCORE, closed_at__isnull=True)
    if waiting.count() >= SCORES_AT_ONCE:
        words = _("You have %(most)s disputes of this kind waiting. Open more when these are decided.")
        raise TooManyDisputes(words % {"most": SCORES_AT_ONCE})


def answer(*, dispute: Dispute, by_id: uuid.UUID, text: str, now: datetime) -> None:
    """The first human answer, by the client or by ops. Raises what appeals.answer raises."""
    appeals.answer(appeal=dispute.appeal, by_id=by_id, text=text, now=now)


def concede(*, dispute: Dispute, by_id: uuid.UUID, text: str, now: datetime) -> None:
    """The client agrees with the worker, at any time before the decision; what follows is what follows a decision for them.

    For the client's own people alone: it is their money, and their word about their own work. Raises NotFound and what
    appeals.concede raises.
    """
    if not Membership.objects.filter(user_id=by_id, organisation_id=dispute.organisation_id).exists():
        raise NotFound(_("There is no such dispute."))
    appeals.concede(appeal=dispute.appeal, by_id=by_id, words=text, now=now)


def at_stake(dispute: Dispute) -> tuple[Money, Money]:
    """What the worker gets on top, and the fee that the client pays for it, if the worker is right: nothing for a score."""
    if dispute.about == Dispute.About.SCORE:
        nothing = Money.zero(dispute.batch.currency)
        return nothing, nothing
    return earnings.kept_back(source_kind="submission", source_id=dispute.submission_id)


def decide(*, dispute: Dispute, by_id: uuid.UUID, overturn: bool, grounds: str, now: datetime) -> None:
    """A second person decides: nobody who judged any round of it, answered the dispute, or belongs to the client.

    What follows from it (state, money, scores, results) is carried out by a runner in a moment. Raises what
    appeals.decide raises.
    """
    for first in _parties(dispute):
        people.require_independent(by_id, first)
    if Membership.objects.filter(user_id__in=people.linked(by_id), organisation_id=dispute.organisation_id).exists():
        raise people.NotIndependent(_("Nobody decides about an organisation that they belong to."))
    appeals.decide(appeal=dispute.appeal, by_id=by_id, overturn=overturn, grounds=grounds, now=now)


def may_decide(*, dispute: Dispute, by_id: uuid.UUID) -> bool:
    """Whether `decide` would let this person; for pages."""
    mine = people.linked(by_id)
    belongs = Membership.objects.filter(user_id__in=mine, organisation_id=dispute.organisation_id).exists()
    return not belongs and mine.isdisjoint({*_parties(dispute), dispute.appeal.person_id})


def _parties(dispute: Dispute) -> set[uuid.UUID]:
    """Everybody whose word it is about, and who answered for it."""
    judges = dispute.submission.verdicts.filter(judge__isnull=False).values_list("judge_id", flat=True)
    first = {each for each in (dispute.appeal.against_id, dispute.appeal.answered_by_id) if each}
    if dispute.submission.kind == "review":
        first |= review_disputes.parties(dispute.submission)
    return first | {judge for judge in judges if judge}


# --- what follows --------------------------------------------------------------------------------------------------------


def carry_out(*, appeal_id: uuid.UUID, now: datetime) -> None:
    """Do what a decided dispute asks for: state, result, scores, and the money last. Doing it again changes nothing."""
    rows = Dispute.objects.select_for_update(of=("self",)).select_related("appeal", "batch__project__organisation")
    dispute = rows.filter(pk=appeal_id, closed_at__isnull=True).exclude(appeal__state__in=WAITING).first()
    if dispute is None:
        return
    won = dispute.appeal.outcome != Appeal.UPHELD
    submission = Submission.objects.select_for_update(of=("self",)).select_related("task").get(pk=dispute.submission_id)
    by_id = dispute.appeal.decided_by_id
    of_review = submission.kind == "review"
    if won and of_review:
        review_disputes.correct(submission, by_id=by_id, now=now)
    elif won and dispute.about == Dispute.About.SCORE:
        _correct_score(submission, by_id, now)
    dispute.closed_at, dispute.outcome = now, dispute.appeal.outcome
    dispute.save(update_fields=["closed_at", "outcome"])
    audit.record(subject=submission, verb="dispute.closed", actor_id=by_id, now=now, reason=dispute.outcome)
    if dispute.verdict_id is not None:
        reviewers.on_dispute(verdict_id=dispute.verdict_id, now=now)
        review_disputes.tell_reviewer(dispute)
    if of_review:
        review_disputes.count_again(submission, now=now)
    _tell_client(dispute, TOLD.get(dispute.outcome, "client.dispute_lost"))
    if won and dispute.about == Dispute.About.VERDICT:
        _accept(dispute, submission, by_id, now)


def _accept(dispute: Dispute, submission: Submission, by_id: uuid.UUID | None, now: datetime) -> None:
    """The verdict falls: accepted in full, counted wherever it was left out, and paid what was kept from it."""
    left_out = submission.state in results.NOT_COUNTED
    states.move(submission, chart=SUBMISSION, to="accepted", actor_id=by_id, now=now, reason=dispute.outcome)
    outbox.emit(
        "submission.judged", submission_id=str(submission.pk), worker_id=str(submission.worker_id), decision=RIGHT,
        task_id=submission.task_id,
    )
    if left_out and submission.kind == "answer" and not submission.gold:
        results.reopen(task_id=submission.task_id, actor_id=by_id, now=now, why=RIGHT)
        _recount(submission)
    earnings.make_whole(
        source_kind="submission", source_id=submission.pk, adjustment_id=dispute.pk, actor_id=by_id, now=now,
        reason=dispute.outcome,
    )


def _correct_score(submission: Submission, by_id: uuid.UUID | None, now: datetime) -> None:
    """A person's word corrects what was taken for right, for everybody who met it; silence only takes this answer out."""
    if submission.gold:
        known = GoldAnswer.objects.select_related("project").get(pk=submission.task_id)
        if by_id is None:
            gold.excuse(submission=submission, now=now)
        elif known.voided_at is None:
            gold.void(project=known.project, task_id=known.pk, why="disputed", actor_id=by_id, now=now)
    elif by_id is not None:
        results.overrule(task_id=submission.task_id, answer=submission.answer, actor_id=by_id, now=now)
    _recount(submission)


def _recount(submission: Submission) -> None:
    outbox.emit("scores.recount", project_id=str(submission.task.project_id))


def recount(*, project_id: uuid.UUID, now: datetime) -> None:
    """Fit a project anew whose answers changed their meaning; before its first fit scores rest on gold and are right already. Its
    reviewers, who are held against the same known answers, are counted again."""
    reviewers.recount(project_id=project_id, now=now)
    model = QualityModel.objects.filter(project_id=project_id).select_related("project").first()
    if model is not None:
        results.refit(project=model.project, now=now)


# --- lists ---------------------------------------------------------------------------------------------------------------


def listed() -> QuerySet[Dispute]:
    """Disputes with all that a list shows."""
    return Dispute.objects.select_related(
        "appeal__person", "verdict", "submission__task", "submission__lease", "batch__project__organisation"
    )


def waiting() -> QuerySet[Dispute]:
    """What waits for somebody."""
    return listed().filter(appeal__state__in=WAITING)


def of_worker(worker_id: uuid.UUID) -> QuerySet[Dispute]:
    return listed().filter(appeal__person_id=worker_id)


def of_client(organisation_id: uuid.UUID) -> QuerySet[Dispute]:
    return listed().filter(organisation_id=organisation_id)


def find(rows: QuerySet[Dispute], appeal_id: uuid.UUID) -> Dispute:
    """One dispute among those that somebody may see; raises NotFound."""
    found = rows.filter(pk=appeal_id).first()
    if found is None:
        raise NotFound(_("There is no such dispute."))
    return found


def of_submissions(submission_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Dispute]:
    """The newest dispute of each of these submissions; one statement."""
    rows = Dispute.objects.filter(submission__in=submission_ids).select_related("appeal").order_by("opened_at")
    return {row.submission_id: row for row in rows}


def still_open(submission: Submission, verdict: Verdict | None, known: Dispute | None) -> datetime | None:
    """`disputable_until` for lists that hold newest verdict and newest dispute: no statement. None also once disputed."""
    about = DISPUTABLE.get(submission.state)
    if (known and known.about == about) or (verdict is None and about != Dispute.About.SCORE):
        return None
    return disputable_until(submission, verdict)


def open_to(
    *, rows: Sequence[Submission], verdicts: Mapping[uuid.UUID, Verdict], known: Mapping[uuid.UUID, Dispute], now: datetime
) -> set[uuid.UUID]:
    """Which of these submissions their author may dispute now; no statement."""
    ends = {row.pk: still_open(row, verdicts.get(row.pk), known.get(row.pk)) for row in rows}
    return {pk for pk, until in ends.items() if until and now < until}


def due_at(dispute: Dispute) -> datetime | None:
    """When the clock that runs now ends: a decision is due at its own time also while no answer is there."""
    return appeals.due_at(dispute.appeal)


def _tell_client(dispute: Dispute, name: str) -> None:
    """Owners and managers of the client whose word it is about."""
    project = dispute.batch.project
    for user_id in queries.members_of(dispute.organisation_id, roles=("owner", "manager")):
        notices.tell(user_id, name, org=project.organisation.slug, appeal=str(dispute.pk), project=project.name)
