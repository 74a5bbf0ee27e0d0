"""What keeps a batch from going on, and what would help: found from its slots, its clocks and who may work on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import batches, budgets, eligibility, review
from marketplace.models import Assignment, Batch, Lease, Queue, Slot, Submission
from marketplace.progress import Progress

QUIET_AFTER = timedelta(hours=6)
LOOKED_AT = 300
"""Open slots that are looked at, those that waited longest first."""
SKIPPED_OFTEN = 3
AMBIGUOUS_FROM = 0.15
"""A share of ambiguous results from which the guideline is worth another look."""
AMBIGUOUS_OF = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that holds work up. `page` names where it can be changed: workers, terms, guideline, budget, review, results, or ''."""

    title: str
    text: str
    page: str = ""
    tone: str = "wait"


def reasons(*, batch: Batch, progress: Progress, ambiguous: int, now: datetime) -> list[Reason]:
    """Why this batch is slower than it could be, the hardest stop first; nothing for a draft or a batch that is over."""
    if batch.state not in ("launching", "active", "paused", "closing"):
        return []
    found = [*_paused(batch), *_people(batch, progress), *_judging(batch, now), *_quiet(batch, progress, now)]
    return [*found, *_skipped(batch), *_unclear(progress, ambiguous)]


def _paused(batch: Batch) -> Iterator[Reason]:
    if batch.state != "paused":
        return
    if batch.paused_why == batches.AFTER_PILOT:
        yield Reason(
            _("The pilot is over"),
            _("Look at its results and at the new estimate, then go on with the other tasks or close the batch."),
        )
    elif batch.paused_why == batches.CHARGEBACK:
        yield Reason(
            _("Your bank took a payment back"),
            _("No new tasks are handed out until that is settled; see Billing. Work that is done is paid."),
        )
    elif batch.paused_why == budgets.PAUSED:
        yield Reason(
            _("The project's budget is used up"),
            _("Tasks in hand may still be handed in. It goes on by itself when the budget has room again."), "budget",
        )
    else:
        yield Reason(_("Paused"), _("No new tasks are handed out. Tasks in hand may still be handed in."))


def _people(batch: Batch, progress: Progress) -> Iterator[Reason]:
    """Too few people: nobody at all, or fewer than each task needs different ones."""
    if not progress.open_slots:
        return
    fits = eligibility.how_many(eligibility.rule_for(batch.project))
    needed = int(batch.terms.get("overlap", 1))
    if fits == 0:
        yield Reason(_("Nobody may work on this"), _("No active person fulfils what the project asks for."), "workers", "bad")
    elif fits < needed:
        yield Reason(
            ngettext("Only %(count)d person may work on this", "Only %(count)d people may work on this", fits) % {"count": fits},
            _("Each task asks for answers of %(needed)d different people.") % {"needed": needed}, "workers", "bad",
        )
    yield from _experts(batch)
    reviewers = eligibility.rule_for(batch.project, kind="review")
    if batch.terms.get("review_rule") in ("sampled", "all") and not eligibility.how_many(reviewers):
        yield Reason(
            _("Nobody may review"),
            _("Answers wait for a reviewer until their clock runs out, and are accepted then."), "workers",
        )


def _experts(batch: Batch) -> Iterator[Reason]:
    """Work waits for experts, and there are none."""
    # One slot by the index of open ones: a join would be planned as one pass over all of them.
    open_now = Subquery(Slot.objects.filter(queue=OuterRef("pk"), open=True).order_by("rank").values("pk")[:1])
    queues = Queue.objects.alias(open_now=open_now).filter(batch=batch, tier__gt=0, open_now__isnull=False)
    waiting = queues.select_related("project").first()
    if waiting is not None and not eligibility.how_many(eligibility.rule_of(waiting)):
        yield Reason(
            _("No expert may work on this"),
            _("The answers of some tasks are not sure enough, and nobody holds %(skill)s at tier %(tier)d or higher. Closing the "
              "batch settles them as they are.") % {"skill": waiting.terms["skill"], "tier": waiting.tier}, "terms", "bad",
        )  # fmt: skip


def _judging(batch: Batch, now: datetime) -> Iterator[Reason]:
    """Answers that wait for the client; rejections that reached their limit."""
    if batch.terms.get("review_rule") == "client":
        waiting = Submission.objects.filter(batch=batch, state="waiting", kind="answer", gold=False)
        count, first = waiting.count(), waiting.order_by("judge_by").values_list("judge_by", flat=True).first()
        if count and first:
            text = _("The first clock runs out in %(hours)d h; silence accepts.") % {
                "hours": max(0, int((first - now).total_seconds() // 3600))
            }
            yield Reason(
                ngettext("%(count)d answer waits for your word", "%(count)d answers wait for your word", count)
                % {"count": count},
                text, "review",
            )
    if review.rejections_left(batch) == 0:
        yield Reason(
            _("No more answers can be rejected"),
            _("The batch has used up its share of rejections. Ops looks at it; until then answers can be accepted or sent back."),
            tone="bad",
        )


def _quiet(batch: Batch, progress: Progress, now: datetime) -> Iterator[Reason]:
    if batch.state != "active" or not progress.open_slots or progress.leased_slots:
        return
    last = _last_answer(batch) or batch.launched_at
    if last is not None and now - last > QUIET_AFTER:
        yield Reason(
            _("Nobody has worked on it for %(hours)d hours") % {"hours": (now - last).total_seconds() // 3600},
            _("A better price, more people or a higher priority would help."), "terms",
        )


def _last_answer(batch: Batch) -> datetime | None:
    """When the last answer came: one step down the index for each state."""
    times = Submission.objects.filter(batch=batch).order_by("-submitted_at").values_list("submitted_at", flat=True)
    newest = [times.filter(state=state).first() for state in ("accepted", "waiting")]
    return max((at for at in newest if at), default=None)


def _skipped(batch: Batch) -> Iterator[Reason]:
    """Open tasks that several people gave back, and what they said."""
    queues = Queue.objects.filter(batch=batch, kind="answer")
    slots = Slot.objects.filter(queue__in=queues, open=True).order_by("queue_id", "rank")
    tasks = list(dict.fromkeys(slots.values_list("task_id", flat=True)[:LOOKED_AT]))
    skipped = Assignment.objects.filter(task__in=tasks, state="skipped").values("task").annotate(n=Count("pk")).order_by()
    often = [row["task"] for row in skipped if row["n"] >= SKIPPED_OFTEN]
    if not often:
        return
    words: Counter[str] = Counter(
        Lease.objects.filter(assignment__task__in=often, state="given_back").exclude(why="").values_list("why", flat=True)
    )
    yield Reason(
        ngettext(
            "%(count)d open task was skipped by several people", "%(count)d open tasks were skipped by several people",
            len(often),
        )
        % {"count": len(often)},
        _("They said: %(words)s.") % {"words": ", ".join(f"{_said(word)} ({n})" for word, n in words.most_common(3))},
        "guideline",
    )


def _said(word: str) -> str:
    """Why a task was skipped, in words."""
    words: dict[str, Any] = {
        "unclear": _("the task is unclear"), "broken": _("something does not show"), "not_mine": _("not my field"),
        "upsetting": _("upsetting content"), "other": _("another reason"),
    }  # fmt: skip
    return str(words.get(word, word.replace("_", " ")))


def _unclear(progress: Progress, ambiguous: int) -> Iterator[Reason]:
    if progress.results >= AMBIGUOUS_OF and ambiguous / progress.results > AMBIGUOUS_FROM:
        yield Reason(
            _("%(percent)d %% of the results are ambiguous") % {"percent": round(100 * ambiguous / progress.results)},
            _("Look at some of them: often the guideline leaves a case open, or two labels mean the same."), "results",
        )
