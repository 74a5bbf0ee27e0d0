"""Many at once: looked at first, done for those whom it concerns, taken back where that takes nothing from anybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kit.errors import Conflict, Invalid
from marketplace import bulk, pools
from marketplace.models import BulkAction, Pool
from qualification import grants
from qualification.models import Grant
from tests import people
from tests.people import NOW
from tests.qualification.cast import skill as a_skill
from tests.workers.doors import browser, program
from workers import decisions, standing
from workers import people as persons
from workers.models import Notice, User

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def pool_of(*users: User) -> Pool:
    olu = people.ops("Maker")
    made = pools.create(name="Invited", about="", rule=None, actor_id=olu.pk, now=NOW)
    pools.apply(kind="add", pool=made, worker_ids=[user.pk for user in users], actor_id=olu.pk, now=NOW)
    return made


def test_everybody_active_is_paused_and_the_pause_is_taken_back_for_whom_nothing_changed_since() -> None:
    ana, bob, wen, olu = people.worker("Ana"), people.worker("Bob"), people.worker("Wen"), people.ops()
    pool = pool_of(ana, bob, wen)
    standing.leave(worker_id=wen.pk, now=NOW)
    seen = bulk.preview(kind="pause", pool=pool, by_id=olu.pk)
    assert (seen.changed, seen.unchanged) == (2, 1)
    assert {standing.profile(one.pk).standing for one in (ana, bob)} == {"active"}, "looking changes nothing"
    done = bulk.pause(pool=pool, reason="quality_check", days=3, by_id=olu.pk, now=NOW)
    assert {standing.profile(one.pk).standing for one in (ana, bob)} == {"paused"}
    assert Notice.objects.filter(kind="standing.paused").count() == 2
    standing.resume(worker_id=bob.pk, by_id=olu.pk, now=NOW)
    standing.pause(worker_id=bob.pk, reason="case_open", until=NOW + 9 * DAY, by_id=olu.pk, now=NOW)
    assert bulk.undo(action=done, by_id=olu.pk, now=NOW) == 1
    assert (standing.profile(ana.pk).standing, standing.profile(bob.pk).standing) == ("active", "paused")
    with pytest.raises(Conflict):
        bulk.undo(action=done, by_id=olu.pk, now=NOW)


def test_a_skill_goes_to_those_who_hold_less_and_is_not_taken_back_in_bulk() -> None:
    ana, wen, olu, skill = people.worker("Ana"), people.worker("Wen"), people.ops(), a_skill()
    grants.grant(worker_id=wen.pk, skill=skill, tier=3, source="exam", now=NOW)
    pool = pool_of(ana, wen)
    done = bulk.give(pool=pool, skill=skill.slug, tier=1, days=90, by_id=olu.pk, now=NOW)
    assert done.changed == [str(ana.pk)]
    assert dict(Grant.objects.filter(state="live").values_list("worker__user__name", "tier")) == {"Ana": 1, "Wen": 3}
    with pytest.raises(Conflict, match="decision about each person"):
        bulk.undo(action=done, by_id=olu.pk, now=NOW)
    assert Grant.objects.filter(state="live").count() == 2
    with pytest.raises(Invalid):
        bulk.give(pool=pool, skill=skill.slug, tier=1, days=90, by_id=olu.pk, now=NOW)


def test_refusals_change_nobody() -> None:
    ana, olu = people.worker("Ana"), people.ops()
    pool = pool_of(ana)
    with pytest.raises(decisions.NotADecider):
        bulk.pause(pool=pool, reason="quality_check", days=3, by_id=people.ops("Fin", "finance").pk, now=NOW)
    for wrong in ({"days": 31}, {"reason": "because"}):
        with pytest.raises(Invalid):
            bulk.pause(**({"pool": pool, "reason": "quality_check", "days": 3, "by_id": olu.pk, "now": NOW} | wrong))  # type: ignore[arg-type]
    persons.link(a=olu.pk, b=ana.pk, reason="device", by_id=None, now=NOW)
    assert bulk.preview(kind="pause", pool=pool, by_id=olu.pk).changed == 0, "nobody acts on an account of their own"
    assert standing.profile(ana.pk).standing == "active"
    assert not BulkAction.objects.filter(kind="pause").exists()


def test_page_and_api_look_first() -> None:
    ana, olu, skill = people.worker("Ana"), people.ops(), a_skill()
    pool = pool_of(ana)
    page, tab = f"/ops/pools/named/{pool.pk}/together/", browser(olu)
    given = {"reason": "quality_check", "days": "3"}
    assert "1 person would be changed" in tab.post(page, given).content.decode()
    assert standing.profile(ana.pk).standing == "active"
    assert tab.post(page, given | {"apply": "1"}).status_code == 302
    assert standing.profile(ana.pk).standing == "paused"
    assert tab.post(page, {"reason": "", "days": "99"}).status_code == 422
    action = BulkAction.objects.get(kind="pause")
    assert tab.post(f"/ops/pools/actions/{action.pk}/undo/").status_code == 302
    assert standing.profile(ana.pk).standing == "active"
    api: Any = program(olu, "ops")
    body = {"kind": "grant", "skill": skill.slug, "tier": 2, "days": 30}
    path = f"/api/v1/ops/pools/{pool.pk}/together/"
    assert api.post(path, body, content_type="application/json").json()["action"] is None
    assert api.post(path, body | {"dry_run": False}, content_type="application/json").json()["changed"] == 1
    assert Grant.objects.get(state="live").tier == 2
    assert tab.get(f"{page}?kind=grant").status_code == tab.get(f"/ops/pools/named/{pool.pk}/").status_code == 200
