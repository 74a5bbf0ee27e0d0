"""Agencies: people join by their own yes and leave at will, an agency orders their work and sees little; never more than that."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.utils import timezone

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Refused
from marketplace import agency_work, eligibility, routing, rules
from marketplace.models import AgencyPick, Project, Queue, Ready, Submission
from payments import agency_fees
from qualification import grants
from qualification.models import Skill
from tests import market, people
from tests.workers.doors import browser, program
from workers import agencies, my_data, standing, teams
from workers.adapter import _first_page
from workers.models import Agency, Membership, Notice, Organisation, TeamInvitation, TeamPlace, User, WorkerProfile

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
LATER = NOW + dt.timedelta(hours=1)


def agency(name: str = "Gus") -> tuple[User, Agency]:
    """Gus and the agency that ops opened for him."""
    gus, olu = people.person(name), people.ops()
    with transaction.atomic():
        return gus, agencies.open_agency(name=f"{name} & Team", owner_email=gus.email, by_id=olu.pk, now=NOW)


def ask(by: Agency, email: str, *, now: dt.datetime = NOW) -> TeamInvitation:
    owner = Membership.objects.get(organisation=by.organisation, role="owner")
    with transaction.atomic():
        return teams.invite(agency=by.organisation, email=email, by=owner, now=now)[0]


def join(by: Agency, worker: User, *, now: dt.datetime = NOW) -> TeamPlace:
    invitation = ask(by, worker.email, now=now)
    with transaction.atomic():
        return teams.accept(invitation=invitation, worker_id=worker.pk, addresses={worker.email}, now=now)


def pick(by: Agency, gus: User, project: Project, *who: User) -> list[AgencyPick]:
    with transaction.atomic():
        return agency_work.pick(
            agency=by.organisation, project_id=project.pk, worker_ids=[one.pk for one in who] or None, by_id=gus.pk, now=NOW
        )


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("created_at").values_list("kind", flat=True))


def test_somebody_joins_by_their_own_yes_alone_and_leaves_without_losing_anything() -> None:
    (gus, team), ana = agency(), people.worker("Ana")
    market.launched(*people.client(), texts=5)
    assert market.work(ana)
    invitation = ask(team, ana.email)
    assert teams.place_of(ana.pk) is None, "asked is not joined"
    with transaction.atomic():
        place = teams.accept(invitation=invitation, worker_id=ana.pk, addresses={ana.email}, now=NOW)
    assert told(gus) == ["agency.joined"]
    before = people.of_worker("available", ana)
    assert market.work(ana), "work goes on inside"
    with transaction.atomic():
        teams.leave(worker_id=ana.pk, now=LATER)
    assert told(gus) == ["agency.joined", "agency.left"]
    assert teams.place_of(ana.pk) is None and market.work(ana) and people.of_worker("available", ana) > before
    place.refresh_from_db()
    assert place.until == LATER and place.ended_by_id == ana.pk, "history stays"
    assert [row.verb for row in audit.history(place)] == ["team.joined", "team.left"]
    assert my_data.collect(ana.pk)["agencies"] == [{"agency": "Gus & Team", "since": NOW, "until": LATER}]


def test_nobody_is_in_two_teams_and_nobody_is_moved() -> None:
    (_gus, team), (_hal, other), ana = agency(), agency("Hal"), people.worker("Ana")
    join(team, ana)
    second = ask(other, ana.email)
    with pytest.raises(teams.InAnotherTeam), transaction.atomic():
        teams.accept(invitation=second, worker_id=ana.pk, addresses={ana.email}, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamPlace.objects.create(agency=other.organisation, worker_id=ana.pk, since=NOW)
    assert [place.agency_id for place in teams.places_of(ana.pk)] == [team.pk]
    with transaction.atomic():
        teams.leave(worker_id=ana.pk, now=LATER)
        teams.accept(invitation=second, worker_id=ana.pk, addresses={ana.email}, now=LATER)
    assert [place.agency_id for place in teams.places_of(ana.pk)] == [other.pk, team.pk]


def test_an_invitation_is_for_its_address_once_and_for_two_weeks() -> None:
    (_gus, team), ana, eve, olu = agency(), people.worker("Ana"), people.worker("Eve"), people.ops()
    invitation = ask(team, ana.email)
    with pytest.raises(Refused), transaction.atomic():
        teams.accept(invitation=invitation, worker_id=eve.pk, addresses={eve.email}, now=NOW)
    with pytest.raises(Refused), transaction.atomic():
        teams.accept(invitation=invitation, worker_id=olu.pk, addresses={ana.email}, now=NOW)
    with pytest.raises(NotFound), transaction.atomic():
        teams.accept(invitation=invitation, worker_id=ana.pk, addresses={ana.email}, now=NOW + dt.timedelta(days=15))
    ask(team, ana.email)
    with pytest.raises(NotFound), transaction.atomic():
        teams.accept(invitation=invitation, worker_id=ana.pk, addresses={ana.email}, now=NOW)
    with pytest.raises(Conflict, match="twice"):
        ask(team, ana.email, now=LATER)
    with pytest.raises(Invalid):
        ask(team, "no address")
    assert TeamPlace.objects.count() == 0
    join(team, ana, now=NOW + dt.timedelta(days=2))
    with pytest.raises(Conflict):
        ask(team, ana.email)


def test_experts_go_where_they_are_needed_before_what_their_agency_puts_first() -> None:
    picked, urgent, expert = (
        routing.QueueToRank(1, 0, 1.0, 0, picked=True), routing.QueueToRank(2, 90, 0.0, 0), routing.QueueToRank(3, 0, 2.0, 2)
    )
    assert [one.queue_id for one in routing.ranked([urgent, picked, expert])] == [3, 1, 2]


def test_what_an_agency_puts_first_comes_first_and_takes_nothing_away() -> None:
    (gus, team), ana, ben = agency(), people.worker("Ana"), people.worker("Ben")
    join(team, ana), join(team, ben)
    first, second = market.launched(*people.client("Mira"), texts=5), market.launched(*people.client("Nia"), texts=5)

    def order(who: User) -> list[Any]:
        eligibility.make_ready(worker_id=who.pk, now=NOW)
        return [Queue.objects.get(pk=queue).project_id for queue in Ready.objects.get(pk=who.pk).queues]

    assert order(ana) == [first.project_id, second.project_id]
    assert market.work(ana), "a ready row is there"
    assert len(pick(team, gus, second.project, ana)) == 1 and pick(team, gus, second.project, ana) == []
    assert told(ana)[-1] == "agency.picked" and "agency.picked" not in told(ben)
    assert market.work(ana) and second.project_id in worked(ana), "believed at the very next ask"
    assert order(ana) == [second.project_id, first.project_id], "everything else is still there"
    assert order(ben) == [first.project_id, second.project_id]
    with transaction.atomic():
        agencies.pause(agency=team, reason="Complaints are looked into", by_id=team.opened_by_id, now=NOW)
    assert order(ana) == [first.project_id, second.project_id]
    with transaction.atomic():
        agencies.resume(agency=team, by_id=team.opened_by_id, now=NOW)
        teams.leave(worker_id=ana.pk, now=LATER)
    assert order(ana) == [first.project_id, second.project_id], "who left is ordered by nobody"


def worked(who: User) -> set[Any]:
    return set(Submission.objects.filter(worker=who).values_list("batch__project_id", flat=True))


def test_a_project_for_one_agency_is_its_teams_alone_and_for_others_does_not_exist() -> None:
    (gus, team), (hal, other), ana, eve = agency(), agency("Hal"), people.worker("Ana"), people.worker("Eve")
    join(team, ana), join(other, eve)
    rule = {"all": [{"fact": "agency", "agency": str(team.pk)}]}
    batch = market.launched(*people.client(), texts=5, eligibility=rule)
    assert market.work(ana) and market.take(eve) is None
    assert eligibility.how_many(rule) == 1, "the count agrees with the door"
    [closed] = eligibility.why_not(worker_id=eve.pk, now=NOW)
    assert [miss.fact for miss in closed.misses] == ["agency"]
    assert [one.pk for one in agency_work.open_projects(team.pk)] == [batch.project_id]
    assert agency_work.open_projects(other.pk) == []
    assert len(pick(team, gus, batch.project)) == 1
    with pytest.raises(NotFound):
        pick(other, hal, batch.project)
    with pytest.raises(Invalid):
        pick(team, gus, batch.project, eve)
    assert AgencyPick.objects.count() == 1
    with transaction.atomic():
        teams.leave(worker_id=ana.pk, now=LATER)
    assert market.take(ana) is None, "it was never hers but her team's"
    with pytest.raises(Invalid):
        rules.check({"fact": "agency", "agency": "everybody"}, field="rule")


def test_an_agency_sees_what_it_may_and_only_of_the_time_in_its_team() -> None:
    (_gus, team), ana = agency(), people.worker("Ana")
    (mira, shop) = people.client()
    market.launched(mira, shop, texts=6)
    market.work(ana, now=NOW - dt.timedelta(days=1))
    own = Skill.objects.create(slug="labels", name="Labels")
    secret = Skill.objects.create(slug="secret", name="Secret of Mira", organisation=shop)
    with transaction.atomic():
        for skill in (own, secret):
            grants.grant(worker_id=ana.pk, skill=skill, tier=2, source="ops", source_id=None, now=NOW, valid_days=None)
    join(team, ana)
    market.work(ana), market.work(ana)
    [seen] = agency_work.team(team.organisation, since=NOW - dt.timedelta(days=30), now=NOW)
    assert (seen.name, seen.standing, list(seen.skills)) == ("Ana", "active", [("Labels", 2)])
    assert [(each.project, each.answers, each.accepted) for each in seen.done] == [("Weather", 2, 2)], "not what came before"
    assert set(seen.__slots__) == {"worker_id", "name", "standing", "since", "skills", "done", "first"}, "a new column is a decision"


def test_a_paused_agency_invites_nobody_and_hears_why_and_an_ended_account_leaves_its_team() -> None:
    (gus, team), ana, ben, olu = agency(), people.worker("Ana"), people.worker("Ben"), people.ops()
    join(team, ana)
    waiting = ask(team, ben.email)
    with pytest.raises(Invalid), transaction.atomic():
        agencies.pause(agency=team, reason="no", by_id=olu.pk, now=NOW)
    with transaction.atomic():
        agencies.pause(agency=team, reason="Two people say they never said yes", by_id=olu.pk, now=NOW)
    assert told(gus)[-1] == "agency.paused"
    with pytest.raises(agencies.Paused, match="never said yes"):
        ask(team, "cem@example.test")
    with pytest.raises(agencies.Paused), transaction.atomic():
        teams.accept(invitation=waiting, worker_id=ben.pk, addresses={ben.email}, now=NOW)
    with pytest.raises(Conflict), transaction.atomic():
        agencies.pause(agency=team, reason="Once more the same", by_id=olu.pk, now=NOW)
    with transaction.atomic():
        standing.leave(worker_id=ana.pk, now=LATER)
    assert not teams.members(team.pk).exists()
    assert [row.verb for row in audit.history(team)] == ["agency.opened", "agency.paused"]


def test_the_way_from_the_mail_to_the_team_and_out_again_in_the_browser() -> None:
    (gus, team), ana, olu = agency(), people.worker("Ana"), people.ops("Olu", "finance")
    with transaction.atomic():
        agency_fees.agree(agency=team.organisation, share_bp=1_500, from_day=timezone.now().date(), by_id=olu.pk, now=timezone.now())
    home = f"/agency/{team.organisation.slug}/"
    boss, worker = browser(gus), browser(ana)
    assert boss.post(home, {"email": ana.email}).status_code == 302
    link = re.search(r"/team-invitations/[\w-]+/", str(mail.outbox[-1].body))
    assert link is not None
    stranger = browser(people.worker("Eve"))
    assert "another address" in stranger.get(link[0]).content.decode()
    terms = worker.get(link[0], follow=True)
    page = terms.content.decode()
    assert "15 % of" in page and "What you earn" in page and "Yes, join" in page
    answer = terms.redirect_chain[-1][0]
    assert stranger.post(answer, {"answer": "yes"}).status_code == 404 and not TeamPlace.objects.exists()
    assert worker.post(answer, {"answer": "yes"}).status_code == 302
    assert "Ana" in boss.get(home).content.decode()
    assert "Leave the team" in worker.get("/work/agency/").content.decode()
    assert worker.post("/work/agency/leave/").status_code == 302
    assert "Nobody is in your team yet" in boss.get(home).content.decode()
    assert stranger.get(home).status_code == 404 and browser(olu).get(home).status_code == 404


def test_an_agency_is_no_client_and_a_client_no_agency() -> None:
    (gus, team), (mira, shop) = agency(), people.client()
    boss, payer = browser(gus), browser(mira)
    slug = team.organisation.slug
    assert boss.get(f"/client/{slug}/billing/").status_code == 404
    assert boss.get(f"/client/{slug}/members/").status_code == 200, "its own members it looks after as clients do"
    assert "Fees" in boss.get(f"/client/{slug}/members/").content.decode()
    assert payer.get(f"/agency/{shop.slug}/").status_code == 404
    assert program(gus, "client:read", organisation=team.organisation).get("/api/v1/projects/").status_code == 404
    assert not Project.objects.exists() and boss.get("/home/", follow=True).redirect_chain[-1][0] == f"/agency/{slug}/"
    WorkerProfile.objects.create(user=gus)
    signed_in = RequestFactory().get("/")
    signed_in.user = gus
    assert _first_page(signed_in) == f"/agency/{slug}/", "a profile that is there for its payout account alone is no onboarding"


def test_the_same_by_api() -> None:
    (gus, team), ana, olu = agency(), people.worker("Ana"), people.ops("Olu", "pool_manager")
    batch = market.launched(*people.client(), texts=5)
    base = f"/api/v1/agencies/{team.organisation.slug}"
    boss = program(gus, "client:read", "client:write", organisation=team.organisation)
    browser(ana)
    asked = boss.post(f"{base}/team/", {"email": ana.email}, content_type="application/json")
    assert asked.status_code == 201 and len(mail.outbox) == 1
    worker = program(ana, "work")
    mine = worker.get("/api/v1/me/agency/").json()
    assert mine["invitations"][0] | {"expires_at": ""} == {
        "id": asked.json()["id"], "email": ana.email, "expires_at": "", "agency": "Gus & Team", "share_bp": 0
    }
    assert len(mine["sees"]) == len(teams.SEES) and mine["never_sees"][0].startswith("What you earn")
    yes = worker.post("/api/v1/me/agency/", {"invitation": asked.json()["id"], "accept": True}, content_type="application/json")
    assert yes.json()["team"]["agency"] == "Gus & Team"
    assert boss.get(f"{base}/team/").json()["team"][0]["name"] == "Ana"
    first = boss.post(f"{base}/projects/{batch.project_id}/first/", {}, content_type="application/json")
    assert first.json() == {"people": 1} and boss.get(f"{base}/projects/").json()[0]["first_for"] == ["Ana"]
    assert boss.delete(f"{base}/projects/{batch.project_id}/first/").status_code == 204
    assert boss.delete(f"{base}/projects/{batch.project_id}/first/").status_code == 409
    ops = program(olu, "ops")
    paused = ops.post(f"/api/v1/ops/agencies/{team.pk}/pause/", {"paused": True, "reason": "We look into it"}, content_type="application/json")
    assert paused.json()["pause_reason"] == "We look into it"
    share = {"share_bp": 500, "from_day": timezone.now().date().isoformat()}
    assert ops.post(f"/api/v1/ops/agencies/{team.pk}/shares/", share, content_type="application/json").status_code == 403
    assert worker.delete("/api/v1/me/agency/").status_code == 204 and worker.delete("/api/v1/me/agency/").status_code == 404
    assert Organisation.objects.filter(kind="agency").count() == 1
