"""What the page of a draft shows: its files on their way to tasks, a sample of rows, the estimate, what a launch needs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django import forms as django_forms
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.money import UNITS, Money
from marketplace import batches, estimates, forms, intake, projects
from marketplace.forms import Styled
from marketplace.intake.plan import EXTERNAL_ID, PRELABEL
from marketplace.models import Batch, Task, Upload
from marketplace.views.client.frame import excerpt, texts
from payments import funding
from task_types import registry
from task_types.contract import Field
from workers.access import ClientRequest

SAMPLE = 8
PILOT = 50
BAD_SHOWN = 5


SPECIAL = {EXTERNAL_ID: gettext_lazy("your own id"), PRELABEL: gettext_lazy("pre-label")}
"""What a column may become besides a field of the kind of work."""


class ColumnChoices(Styled):
    """Which column of a file becomes what: one choice for each column."""

    def __init__(self, *args: Any, upload: Upload, fields: tuple[Field, ...], **kwargs: Any) -> None:
        suggested = intake.suggest_mapping(upload)
        super().__init__(*args, prefix=f"u{upload.pk.hex[-8:]}", **kwargs)
        self.upload = upload
        self.names = [column["name"] for column in upload.columns]
        targets = [
            ("", _("keep it and return it")), *((field.name, _wanted(field)) for field in fields),
            *SPECIAL.items(),
        ]
        for at, name in enumerate(self.names):
            field = django_forms.ChoiceField(label=name, choices=targets, required=False, initial=suggested.get(name, ""))
            self.fields[f"c{at}"] = field
        self.dress()

    @property
    def columns(self) -> list[dict[str, Any]]:
        """Each column with a few of its values and its choice."""
        return [{"column": column, "field": self[f"c{at}"]} for at, column in enumerate(self.upload.columns)]

    def mapping(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"c{at}"] for at, name in enumerate(self.names)}

    def refuse(self, column: str | None, text: str) -> None:
        """Show an error at the column that it names, else above all."""
        self.add_error(f"c{self.names.index(column)}" if column in self.names else None, text)


def _wanted(field: Field) -> str:
    return _("%(name)s (needed)") % {"name": field.name} if field.required else field.name


@dataclass(frozen=True, slots=True)
class Card:
    """A file of the draft with everything its card shows."""

    upload: Upload
    progress: Any
    mapping: ColumnChoices | None
    duplicates: list[Upload]
    bad: list[Any]
    targets: list[tuple[str, str]]

    @property
    def running(self) -> bool:
        return self.upload.status == Upload.Status.READING or bool(
            self.upload.images_waiting and self.upload.status == Upload.Status.DONE
        )

    @property
    def share(self) -> int:
        """Parts of a thousand of the file's bytes, for a bar that moves in small steps."""
        return int(1000 * self.progress.share)


def card(upload: Upload, mapping: ColumnChoices | None = None) -> Card:
    waits = upload.status == Upload.Status.RECEIVED
    fields = registry.drawer(upload.batch.project.task_type).fields
    return Card(
        upload=upload, progress=intake.progress(upload),
        mapping=(mapping or ColumnChoices(upload=upload, fields=fields)) if waits else None,
        duplicates=intake.duplicates_of(upload) if upload.sha256 and upload.status != Upload.Status.FAILED else [],
        bad=list(upload.bad_rows.order_by("line", "id")[:BAD_SHOWN]) if upload.rows_bad else [],
        targets=[(column, str(SPECIAL.get(target, target))) for column, target in intake.targets_of(upload).items()],
    )  # fmt: skip


def context(
    request: ClientRequest, batch: Batch, *, now: datetime, mappings: Mapping[uuid.UUID, ColumnChoices],
    launch: forms.Launch | None,
) -> dict[str, Any]:
    """Everything on the page of a draft."""
    uploads = list(batch.uploads.select_related("batch__project", "uploaded_by").order_by("created_at"))
    cards = [card(upload, mappings.get(upload.pk)) for upload in uploads]
    org, drawer = request.organisation.slug, registry.drawer(batch.project.task_type)
    busy = any(one.running or one.mapping for one in cards)
    found = _forecast(org, batch, now) if batch.task_count and not busy else {}
    tries = batch.project.tries.count()
    return found | {
        "cards": cards, "busy": busy, "fields": drawer.fields, "sample": _sample(batch), "tries": tries,
        "steps": _steps(cards, batch, tries), "launch": launch or _launch_form(batch), "refused": bool(launch),
    }  # fmt: skip


def _launch_form(batch: Batch) -> forms.Launch:
    initial = {"priority": batch.priority, "pilot_size": min(PILOT, batch.task_count) or PILOT, "deadline": batch.deadline}
    return forms.Launch(initial=initial)


def _sample(batch: Batch) -> list[dict[str, Any]]:
    """The first rows as tasks: the client sees at once whether the columns went to the right places."""
    drawer = registry.drawer(batch.project.task_type)
    rows = []
    for task in batch.tasks.order_by("line")[:SAMPLE]:
        prelabel = drawer.summarise(task.prelabel, settings=batch.project.settings) if task.prelabel else ""
        rows.append({"task": task, "excerpt": excerpt(task, 220), "prelabel": prelabel, "others": _others(task)})
    return rows


def _others(task: Task) -> list[str]:
    """The further texts of a task, such as the responses to a prompt, cut short."""
    found = [" ".join(text.split()) for text in islice(texts(task.payload), 1, 4)]
    return [text if len(text) <= 110 else f"{text[:109]}…" for text in found]


def _steps(cards: list[Card], batch: Batch, tries: int) -> list[dict[str, Any]]:
    """How far the draft is on its way to a launch."""
    has_file = bool(batch.task_count) or any(one.upload.status != Upload.Status.FAILED for one in cards)
    mapped = has_file and not any(one.mapping for one in cards)
    read = mapped and bool(batch.task_count) and not any(one.running for one in cards)
    done = [
        (_("File"), has_file), (_("Columns"), mapped), (_("Rows"), read), (_("Try it"), read and tries > 0), (_("Launch"), False),
    ]  # fmt: skip
    first_open = next(at for at, (_label, is_done) in enumerate(done) if not is_done)
    if read:
        first_open = len(done) - 1  # trying is good advice, not a gate
    return [{"label": label, "done": is_done, "active": at == first_open} for at, (label, is_done) in enumerate(done)]


def _forecast(org: str, batch: Batch, now: datetime) -> dict[str, Any]:
    """Cost, time and reserve; or what the project still lacks."""
    project = batch.project
    try:
        estimate, reserve = estimates.before_launch(batch, now=now), batches.reserve_for(batch, now=now)
    except projects.NotSetUp as error:
        page = "guideline" if error.field == "guideline" else "terms"
        return {"lacks": str(error), "lacks_url": reverse(f"market:project_{page}", args=[org, project.pk])}
    if projects.guideline_in_force(project) is None:
        url = reverse("market:project_guideline", args=[org, project.pk])
        return {"lacks": _("Write the guideline before you launch: every judgement rests on it."), "lacks_url": url}
    prepaid = funding.prepaid(organisation_id=project.organisation_id, currency=batch.currency)
    missing = estimate.reserve - prepaid
    return {
        "estimate": estimate, "reserve_lines": _lines(batch, reserve), "prepaid": prepaid,
        "missing": missing if missing.units > 0 else None, "after": prepaid - estimate.reserve,
        "finish": _finish(estimate, now), "cost": _cost(estimate), "guess": estimate.source == "a guess",
        "based_on": _based_on(estimate),
    }  # fmt: skip


def _lines(batch: Batch, reserve: Any) -> list[dict[str, Any]]:
    """The reserve part by part, as a bill."""
    most = max(batch.project.max_overlap, batch.project.overlap)
    words = (
        (_("Answers"), reserve.answers, _times(batch.task_count, most)),
        (_("Known answers among them"), reserve.gold, _("at most %(share)s %% of a worker's tasks")
         % {"share": f"{batch.project.gold_most_bp / 100:g}"}),
        (_("Reviews"), reserve.reviews, _("as if every answer were reviewed")),
        (_("Adjudications"), reserve.adjudications, _("a last word where answers disagree")),
        (_("Platform fee"), reserve.fees, _("on everything that is paid")),
        (_("Bonus pool"), reserve.bonus_pool, _of_base(batch.project.bonus_pool_bp)),
        (_("Top-up pool"), reserve.floor_pool, _of_base(batch.project.floor_pool_bp)),
    )  # fmt: skip
    return [
        {"name": name, "amount": Money(units, batch.currency), "reason": reason, "rule": ""}
        for name, units, reason in words if units
    ]


def _times(tasks: int, most: int) -> str:
    said = ngettext(
        "%(tasks)s tasks × %(most)d answer, at the highest pay band",
        "%(tasks)s tasks × at most %(most)d answers, at the highest pay band", most,
    )  # fmt: skip
    return said % {"tasks": number_format(tasks, force_grouping=True), "most": most}


def _of_base(share_bp: int) -> str:
    return _("%(share)s %% of the base") % {"share": f"{share_bp / 100:g}"}


def _finish(estimate: estimates.Estimate, now: datetime) -> dict[str, Any] | None:
    """When the last answer is expected: three moments in words."""
    if estimate.finish is None:
        return None
    span, most = estimate.finish, max(estimate.finish.high.total_seconds(), 1.0)
    value, low = (round(100 * one.total_seconds() / most, 2) for one in (span.expected, span.low))
    return {
        "expected": in_words(span.expected), "low": in_words(span.low), "high": in_words(span.high),
        "day": date_format(timezone.localtime(now + span.expected), "l, j F"),
        "value": value, "from": low, "to": 100,
    }  # fmt: skip


def in_words(length: timedelta) -> str:
    """A length of time as a person says it: minutes below two hours, hours below three days, days beyond."""
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 120:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if minutes < 3 * 24 * 60:
        return ngettext("%(n)d hour", "%(n)d hours", round(minutes / 60)) % {"n": round(minutes / 60)}
    return ngettext("%(n)d day", "%(n)d days", round(minutes / 1440)) % {"n": round(minutes / 1440)}


def _cost(estimate: estimates.Estimate) -> dict[str, Any]:
    """Where the cost lies on an axis from nothing to the reserve, and in words."""
    total, most = estimate.total, max(estimate.reserve.units, estimate.total.high.units, 1)
    places = (total.expected.units, total.low.units, total.high.units, estimate.reserve.units)
    value, low, high, reserve = (round(100 * units / most, 2) for units in places)
    return {
        "value": value, "low": low, "high": high, "reserve": reserve, "value_text": _plain(total.expected, named=True),
        "low_text": _plain(total.low), "high_text": _plain(total.high),
    }  # fmt: skip


def _plain(amount: Money, *, named: bool = False) -> str:
    """An amount as text: cents, or all four places below one."""
    places = 2 if amount.units >= UNITS or amount.units % 100 == 0 else 4
    text = str(number_format(amount.decimal(), places, force_grouping=True))
    return f"{text} {amount.currency}" if named else text


def _based_on(estimate: estimates.Estimate) -> str:
    match estimate.source:
        case "your last batches":
            return _("from %(count)s answers of your last batches") % {"count": f"{estimate.based_on:,}"}
        case "your own tries":
            return ngettext("from %(count)d try of your own", "from %(count)d tries of your own", estimate.based_on) % {
                "count": estimate.based_on
            }
        case _:
            return _("from what this kind of work usually takes; a few tries of your own make it better")
