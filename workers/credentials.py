"""Credentials: handed in with a document, looked at by a named person of ops within three days, never refused by software."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.errors import Invalid, NotFound
from kit.limits import Limit
from kit.models import Asset
from workers import facts, graph, notices, people, preferences, work_queues
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import Credential
from workers.models.setup import DOMAINS
from workers.states import CREDENTIAL, REFUSED, VERIFIED, WITHDRAWN

QUEUE = "credentials"
LOOKED_AT_WITHIN = timedelta(hours=72)
MOST = 20
EARLIEST_YEAR = 1940

notices.declare(
    "credential.verified", _("Your credential was verified: %(title)s."), url_name="workers:onboarding_credentials", mail=True
)
notices.declare(
    "credential.refused", _("Your credential %(title)s could not be verified: %(reason)s. You can hand in another document."),
    url_name="workers:onboarding_credentials", words={"reason": lambda code: dict(Credential.REASONS).get(code, code)}, mail=True,
)  # fmt: skip


def submit(
    *, worker_id: uuid.UUID, kind: str, domain: str, title: str, issuer: str, year: int | None, proof: Asset, now: datetime
) -> Credential:
    """Hand in a credential; its proof has been checked by `kit.documents`. It keeps nobody from working. Raises Invalid."""
    for field, value in (("title", title), ("issuer", issuer)):
        if not 2 <= len(value.strip()) <= 120 or "\x00" in value:
            raise Invalid(_("Expected 2 to 120 characters."), field=field)
    if kind not in dict(Credential.HANDED_IN):
        raise Invalid(_("Expected a kind from the list."), field="kind", expected=sorted(dict(Credential.HANDED_IN)))
    if domain not in dict(DOMAINS):
        raise Invalid(_("Expected a field from the list."), field="domain", expected=sorted(dict(DOMAINS)))
    if year is not None and not EARLIEST_YEAR <= year <= now.year:
        raise Invalid(_("Expected a year that has been."), field="year")
    if of(worker_id).exclude(state=WITHDRAWN).count() >= MOST:
        raise Invalid(_("You have 20 credentials here. Take one back first."), field="title")
    made = Credential.objects.create(
        worker_id=worker_id, kind=kind, domain=domain, title=title.strip(), issuer=issuer.strip(), year=year, proof=proof,
        submitted_at=now, due_at=now + LOOKED_AT_WITHIN,
    )  # fmt: skip
    preferences.finish_step(worker_id=worker_id, step="credentials", how=preferences.DONE)
    graph.saw(user_id=worker_id, kind=graph.DOCUMENT, value=proof.sha256, now=now)
    return made


HANDING_IN = Limit("credentials", times=20, seconds=3_600)
"""Documents that one account may hand in within an hour, taken or not."""


def of(worker_id: uuid.UUID) -> QuerySet[Credential]:
    """A worker's credentials, the latest first."""
    return Credential.objects.filter(worker_id=worker_id).select_related("proof").order_by("-submitted_at", "-id")


def find(credential_id: uuid.UUID, *, worker_id: uuid.UUID | None = None) -> Credential:
    """One credential, with `worker_id` only that worker's. Raises NotFound."""
    rows = Credential.objects.select_related("worker__user", "proof", "decided_by").filter(pk=credential_id)
    found = (rows.filter(worker_id=worker_id) if worker_id else rows).first()
    if found is None:
        raise NotFound(_("There is no such credential."))
    return found


def withdraw(*, credential: Credential, now: datetime) -> None:
    """Its owner takes it back; it counts no more. Raises NoSuchMove for one that is taken back already."""
    states.move(credential, chart=CREDENTIAL, to=WITHDRAWN, actor_id=credential.worker_id, now=now)
    work_queues.done(queue=QUEUE, item=credential.pk)
    facts.touch(credential.worker_id)


def decide(
    *, credential: Credential, by_id: uuid.UUID, verified: bool, reason: str = "", note: str = "", now: datetime
) -> None:
    """A person of ops says whether it holds; the owner reads why not. Raises Invalid, people.NotIndependent,
    work_queues.Taken, NoSuchMove."""
    if not verified and reason not in dict(Credential.REASONS):
        raise Invalid(_("Expected a reason from the list."), field="reason", expected=sorted(dict(Credential.REASONS)))
    if len(note) > 1000:
        raise Invalid(_("Write at most 1,000 characters."), field="note")
    people.require_independent(by_id, credential.worker_id)
    work_queues.require(queue=QUEUE, item=credential.pk, by_id=by_id, now=now)
    states.move(
        credential, chart=CREDENTIAL, to=VERIFIED if verified else REFUSED, actor_id=by_id, now=now,
        reason="" if verified else reason, refusal="" if verified else reason, decided_by_id=by_id, decided_at=now, note=note.strip(),
    )  # fmt: skip
    work_queues.done(queue=QUEUE, item=credential.pk)
    facts.touch(credential.worker_id)
    told = {"title": credential.title} | ({} if verified else {"reason": reason})
    notices.tell(credential.worker_id, f"credential.{credential.state}", **told)


def waiting() -> QuerySet[Credential]:
    """The most urgent first."""
    return Credential.objects.filter(state="waiting").select_related("worker__user").order_by("due_at", "id")


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        yield work_queues.Item(
            id=one.pk, title=f"{one.worker.user.name}: {one.title}",
            note=_now("%(kind)s in %(domain)s, from %(issuer)s") % {
                "kind": one.get_kind_display(), "domain": one.get_domain_display(), "issuer": one.issuer
            },
            url=reverse("workers:ops_credential", args=[one.pk]), until=one.due_at,
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key=QUEUE, title=_("Credentials"), about=_("Documents that prove what somebody learned; looked at within 72 hours."),
    none=_("Every credential has been looked at."), roles=LOOKS_AFTER_PEOPLE, waiting=_items,
    count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
