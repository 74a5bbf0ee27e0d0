"""Referrals: while people are missing for funded work, whoever brings somebody earns a fixed fee once that person has worked.

What both are promised is frozen at the sign-up and covered by the programme's budget from then on. Nothing is promised while nobody is
needed, and nobody is paid for an account of their own: a person looks first.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit, due, states
from kit.errors import Conflict
from kit.money import Money
from marketplace import demand, fraud, waitlist
from marketplace.demand import Demand
from marketplace.models import Referral, ReferralCode, ReferralProgramme, Submission
from marketplace.referral_programmes import free, running
from marketplace.states import REFERRAL
from payments import programmes
from payments import words as pay
from payments.earnings import Line
from workers import graph, my_data, newcomers, notices, people
from workers.models import Membership, PersonCase

RULE = "referral/1"
LOOKED_EVERY = timedelta(minutes=5)
WORK_LOOKED_AT = 40
"""Projects whose missing people are counted, those with most hours first: a page costs the same with two thousand open."""
HELD_AT_MOST = timedelta(days=30)
"""Then silence pays, as everywhere."""
SAME = (graph.DOCUMENT, graph.PAYOUT, graph.DEVICE, graph.NETWORK, graph.LINK)
"""What two accounts share that makes a person look before a fee is paid."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8
REFUSING = ("merged", "decided")
"""Findings of a case after which the fee is not owed: they were one person, or somebody decided so."""

notices.declare(
    "referral.joined", gettext_lazy("Somebody came by your link. %(amount)s are yours when they have %(answers)s accepted answers."),
    url_name="market:referrals", words={"amount": pay.said},
)  # fmt: skip
notices.declare(
    "referral.paid", gettext_lazy("%(amount)s earned: somebody who came by your link has worked enough."),
    url_name="payments:earnings", words={"amount": pay.said}, mail=True,
)  # fmt: skip
notices.declare(
    "referral.welcome", gettext_lazy("%(amount)s earned: you came by somebody's link and have worked enough."),
    url_name="payments:earnings", words={"amount": pay.said}, mail=True,
)  # fmt: skip
notices.declare(
    "referral.held",
    gettext_lazy("The fee for somebody who came by your link waits, for 30 days at most, while a person looks at it. Nothing else is"
                 " touched; write to us if you want to say something to it."),
    url_name="market:referrals", mail=True,
)  # fmt: skip
notices.declare(
    "referral.refused",
    gettext_lazy("The fee for somebody who came by your link is not paid: a person found both accounts to be of one person. Write to"
                 " us if that is wrong."),
    url_name="workers:support", mail=True,
)  # fmt: skip
notices.declare(
    "referral.lapsed", gettext_lazy("Somebody who came by your link did not work enough in time; no fee is owed for them."),
    url_name="market:referrals",
)  # fmt: skip


# --- whether anybody is needed ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Funded work that carries more people than wait for it here: how many are missing."""

    demand: Demand
    people: int


def wanted(*, now: datetime) -> list[Wanted]:
    """Work for which people are missing, the most missing first. Projects for named people count for nobody who is brought."""
    found = []
    open_to_all = [one for one in demand.now_open(now=now) if one.project.pool_id is None and one.room]
    for one in open_to_all[:WORK_LOOKED_AT]:
        here = waitlist.candidates(one, now=now).order_by().values("worker_id").distinct().count()
        if missing := max(one.room - here, 0):
            found.append(Wanted(one, missing))
    return sorted(found, key=lambda one: -one.people)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link promises right now: by which programme, for which work; None of them where nobody is needed or the budget is used."""

    programme: ReferralProgramme | None
    wanted: list[Wanted]

    @property
    def open(self) -> bool:
        return self.programme is not None and bool(self.wanted)

    @property
    def referrer(self) -> Money:
        return Money(self.programme.referrer_units, self.programme.currency) if self.programme else Money.zero("USD")

    @property
    def newcomer(self) -> Money:
        return Money(self.programme.newcomer_units, self.programme.currency) if self.programme else Money.zero("USD")


def offered(*, now: datetime) -> Offer:
    """What somebody who came now would be promised."""
    programme = next((one for one in running() if free(one).units >= one.referrer_units + one.newcomer_units), None)
    return Offer(programme, wanted(now=now) if programme else [])


# --- links and promises -------------------------------------------------------------------------------------------------


def code_of(*, worker_id: uuid.UUID, now: datetime) -> str:
    """The word of a worker's own link, made at the first ask."""
    for _attempt in range(20):
        there = ReferralCode.objects.filter(worker_id=worker_id).first()
        if there is not None:
            return there.code
        code = "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))
        try:
            with transaction.atomic():
                return ReferralCode.objects.create(worker_id=worker_id, code=code, made_at=now).code
        except IntegrityError:
            continue
    raise Conflict(_("No link could be made. Try again."))


def link_of(*, worker_id: uuid.UUID, now: datetime) -> str:
    """A worker's own link."""
    return f"{settings.PUBLIC_URL}{reverse('market:came_by', args=[code_of(worker_id=worker_id, now=now)])}"


def of_referrer(worker_id: uuid.UUID) -> QuerySet[Referral]:
    """Everybody who came by a worker's link, the newest first; who they are is not told."""
    return Referral.objects.filter(referrer_id=worker_id).select_related("programme").order_by("-joined_at", "-id")


def places_left(*, worker_id: uuid.UUID, programme: ReferralProgramme) -> int:
    """For how many more people this worker may be paid."""
    used = Referral.objects.filter(referrer_id=worker_id, programme=programme, state__in=["promised", "held", "paid"]).count()
    return max(programme.most - used, 0)


def join(*, newcomer_id: uuid.UUID, code: str, now: datetime) -> Referral | None:
    """Somebody new signed up by a link: freeze what both are promised. None, and nothing is promised, where the link is nobody's, nobody
    is needed, the budget or the referrer's places are used up, or both are known to be one person. Needs a transaction."""
    owner = ReferralCode.objects.filter(code=code, worker__standing="active").first()
    offer = offered(now=now)
    if owner is None or offer.programme is None or not offer.open or owner.worker_id in people.linked(newcomer_id):
        return None
    programme = ReferralProgramme.objects.select_for_update().get(pk=offer.programme.pk)
    cost = programme.referrer_units + programme.newcomer_units
    if programme.ended_at or free(programme).units < cost or not places_left(worker_id=owner.worker_id, programme=programme):
        return None
    made, new = Referral.objects.get_or_create(newcomer_id=newcomer_id, defaults={
        "programme": programme, "referrer_id": owner.worker_id, "joined_at": now, "until": now + timedelta(days=programme.days),
        "terms": {
            "referrer_units": programme.referrer_units, "newcomer_units": programme.newcomer_units, "currency": programme.currency,
            "answers": programme.answers, "days": programme.days,
        },
    })  # fmt: skip
    if new:
        audit.record(subject=made, verb="referral.promised", actor_id=newcomer_id, now=now)
        amount = Money(programme.referrer_units, programme.currency)
        notices.tell(owner.worker_id, "referral.joined", amount=str(amount), answers=programme.answers)
    return made


def _signed_up(worker_id: uuid.UUID, word: str, now: datetime) -> None:
    join(newcomer_id=worker_id, code=word, now=now)


newcomers.declare(_signed_up)


# --- what becomes of a promise ------------------------------------------------------------------------------------------


def counted(referral: Referral) -> int:
    """Accepted answers of funded work by the newcomer since they came: no gold, and none for an organisation of the referrer's."""
    own = Membership.objects.filter(user_id=referral.referrer_id).values("organisation_id")
    rows = Submission.objects.filter(
        worker_id=referral.newcomer_id, kind="answer", gold=False, state="accepted", submitted_at__gte=referral.joined_at
    )
    return rows.exclude(batch__project__organisation__in=own)[: int(referral.terms["answers"])].count()


def settle_due(*, now: datetime, limit: int = 100) -> int:
    """Look at promises, the longest unlooked first; returns how many were paid. Safe to run twice at once; needs a transaction."""
    rows = Referral.objects.filter(Q(looked_at__isnull=True) | Q(looked_at__lte=now - LOOKED_EVERY), state__in=["promised", "held"])
    return sum(_look(one, now) for one in due.take(rows.order_by(F("looked_at").asc(nulls_first=True), "pk"), limit=limit))


def _look(referral: Referral, now: datetime) -> bool:
    Referral.objects.filter(pk=referral.pk).update(looked_at=now)
    if referral.state == "held":
        return _after_case(referral, now)
    if counted(referral) >= int(referral.terms["answers"]):
        return _hold(referral, now) if _alike(referral) else _pay(referral, now)
    if referral.until <= now:
        states.move(referral, chart=REFERRAL, to="lapsed", actor_id=None, now=now, settled_at=now)
        notices.tell(referral.referrer_id, "referral.lapsed")
    return False


def _alike(referral: Referral) -> bool:
    """Whether the account graph knows something that both share, and nobody has looked at it yet."""
    return any(edge.b == referral.referrer_id and edge.kind in SAME for edge in graph.neighbours(referral.newcomer_id))


def _hold(referral: Referral, now: datetime) -> bool:
    """The fee waits for a case; nothing else of either person is touched."""
    case = PersonCase.objects.filter(person_id=referral.newcomer_id, closed_at__isnull=True).first() or fraud.open_case(
        person_id=referral.newcomer_id, note=_("A referral fee waits: the newcomer and who brought them share something."),
        by_id=None, now=now,
    )  # fmt: skip
    states.move(referral, chart=REFERRAL, to="held", actor_id=None, now=now, reason="alike", case_id=case.pk)
    notices.tell(referral.referrer_id, "referral.held")
    return False


def _after_case(referral: Referral, now: datetime) -> bool:
    """A person's finding pays or refuses; without one, thirty days pay."""
    case = referral.case
    if case is not None and case.closed_at is not None and case.outcome in REFUSING:
        states.move(
            referral, chart=REFERRAL, to="refused", actor_id=case.closed_by_id, now=now, reason=case.outcome, settled_at=now
        )
        notices.tell(referral.referrer_id, "referral.refused")
        return False
    if case is None or case.closed_at is not None or case.opened_at + HELD_AT_MOST <= now:
        return _pay(referral, now)
    return False


def _pay(referral: Referral, now: datetime) -> bool:
    """Both fees, once: the move of the state and the source of each earning see to it."""
    terms = referral.terms
    states.move(referral, chart=REFERRAL, to="paid", actor_id=None, now=now, settled_at=now)
    for source, worker_id, units, kind in (
        ("referral", referral.referrer_id, int(terms["referrer_units"]), "referral.paid"),
        ("welcome", referral.newcomer_id, int(terms["newcomer_units"]), "referral.welcome"),
    ):
        if units and programmes.pay(
            programme_id=referral.programme_id, worker_id=worker_id, source_kind=source, source_id=referral.pk,
            currency=terms["currency"], lines=lines_of(terms, source), now=now,
        ):  # fmt: skip
            notices.tell(worker_id, kind, amount=str(Money(units, terms["currency"])))
    return True


def lines_of(terms: dict[str, Any], source: str) -> list[Line]:
    """The one line of a fee, frozen at the sign-up."""
    units = int(terms["referrer_units" if source == "referral" else "newcomer_units"])
    return [Line(source, units, {"answers": terms["answers"], "days": terms["days"]}, RULE)]


# --- merges, export, words ----------------------------------------------------------------------------------------------


def bring(*, old_id: uuid.UUID, kept_id: uuid.UUID, now: datetime) -> int:
    """Two accounts became one: promises go along; one between the two was to oneself and lapses. Returns how many came over."""
    both = Q(referrer_id=old_id, newcomer_id=kept_id) | Q(referrer_id=kept_id, newcomer_id=old_id)
    for own in Referral.objects.filter(both, state__in=["promised", "held"]):
        to = "lapsed" if own.state == "promised" else "refused"
        states.move(own, chart=REFERRAL, to=to, actor_id=None, now=now, reason="merged", settled_at=now)
    came = Referral.objects.filter(referrer_id=old_id).exclude(newcomer_id=kept_id).update(referrer_id=kept_id)
    if not Referral.objects.filter(newcomer_id=kept_id).exists():
        came += Referral.objects.filter(newcomer_id=old_id).exclude(referrer_id=kept_id).update(newcomer_id=kept_id)
    return came


def _my_data(user_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = Referral.objects.filter(Q(referrer_id=user_id) | Q(newcomer_id=user_id)).order_by("joined_at")
    return [
        {"as": "referrer" if row.referrer_id == user_id else "newcomer", "terms": row.terms, "state": row.state, "joined_at": row.joined_at,
         "settled_at": row.settled_at} for row in rows
    ]  # fmt: skip


my_data.declare("referrals", _my_data)


def _brought(inputs: Any, _currency: str) -> str:
    return _("somebody who came by your link has %(answers)s accepted answers; a fixed fee, once") % {"answers": inputs.get("answers", "")}


def _came(inputs: Any, _currency: str) -> str:
    said = _("you came by somebody's link and have %(answers)s accepted answers; a fixed fee, once")
    return said % {"answers": inputs.get("answers", "")}


def _programmes_of(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    return dict(Referral.objects.filter(pk__in=ids).values_list("pk", "programme__name"))


pay.declare_line("referral", gettext_lazy("Referral"), _brought)
pay.declare_line("welcome", gettext_lazy("Welcome"), _came)
pay.declare_source("referral", gettext_lazy("Referral"), _programmes_of)
pay.declare_source("welcome", gettext_lazy("Welcome fee"), _programmes_of)
