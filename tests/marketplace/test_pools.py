"""Pools: named people and rules, looked at before anything changes, taken back, and facts that dispatch believes at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from kit.errors import Conflict, Invalid
from marketplace import announcements, eligibility, pool_files, pools, projects
from marketplace.models import Announcement, BulkAction, Pool, PoolMember, Project, Submission
from marketplace.ops_queries import forecast
from qualification import grants
from qualification.models import Skill
from tests import market, people
from tests.workers.doors import browser, program
from workers import notices, preferences, standing
from workers.models import Notice, User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
GERMAN = {"all": [{"fact": "language", "code": "de", "level": "B2"}]}


def pool(olu: User, name: str = "Invited", rule: Any = None) -> Pool:
    with transaction.atomic():
        return pools.create(name=name, rule=rule, actor_id=olu.pk, now=NOW)


def fill(kind: str, into: Pool, olu: User, *who: User) -> BulkAction:
    with transaction.atomic():
        return pools.apply(kind=kind, pool=into, worker_ids=[one.pk for one in who], actor_id=olu.pk, now=NOW)


def limited(project: Project, to: Pool | None, olu: User) -> None:
    with transaction.atomic():
        projects.limit_to_pool(project=project, pool=to, actor_id=olu.pk, now=NOW)


def test_a_project_limited_to_named_people_is_offered_to_them_alone_and_at_once() -> None:
    (mira, shop), olu = people.client(), people.ops()
    ana, wen = people.worker("Ana"), people.worker("Wen")
    batch = market.launched(mira, shop, texts=5)
    assert market.work(ana) and market.work(wen)
    invited = pool(olu)
    limited(batch.project, invited, olu)
    assert market.take(ana) is None and market.take(wen) is None
    done = fill("add", invited, olu, ana)
    assert market.work(ana) and market.take(wen) is None
    assert eligibility.how_many(eligibility.rule_for(Project.objects.get(pk=batch.project_id))) == 1
    [closed] = eligibility.why_not(worker_id=wen.pk, now=NOW)
    assert [miss.fact for miss in closed.misses] == ["pool"]
    with transaction.atomic():
        pools.undo(action=done, actor_id=olu.pk, now=NOW)
    assert market.take(ana) is None
    with pytest.raises(pools.InUse):
        pools.archive(pool=invited, actor_id=olu.pk, now=NOW)
    limited(batch.project, None, olu)
    assert market.take(wen) is not None


def test_a_pool_by_rule_follows_the_facts_and_its_rule() -> None:
    (mira, shop), olu = people.client(), people.ops()
    ana, wen = people.worker("Ana", languages={"de": "C1"}), people.worker("Wen", languages={"fr": "C1"})
    batch = market.launched(mira, shop, texts=5)
    german = pool(olu, "German", GERMAN)
    limited(batch.project, german, olu)
    assert market.work(ana) and market.take(wen) is None
    assert [one.user.name for one in pools.people(german)] == ["Ana"]
    assert eligibility.how_many(eligibility.rule_for(Project.objects.get(pk=batch.project_id))) == pools.count(GERMAN) == 1
    with transaction.atomic():
        pools.change_rule(pool=german, rule={"all": [{"fact": "language", "code": "fr", "level": "B2"}]}, actor_id=olu.pk, now=NOW)
    assert market.take(ana) is None and market.take(wen) is not None


def test_what_a_pool_cannot_be_is_refused() -> None:
    olu, ana = people.ops(), people.worker("Ana")
    listed, german = pool(olu), pool(olu, "German", GERMAN)
    for wrong in (
        lambda: pools.create(name="x", actor_id=olu.pk, now=NOW),
        lambda: pools.create(name="Nested", rule={"all": [{"fact": "pool", "pool": str(listed.pk)}]}, actor_id=olu.pk, now=NOW),
        lambda: pools.change_rule(pool=listed, rule=GERMAN, actor_id=olu.pk, now=NOW),
        lambda: pools.apply(kind="add", pool=german, worker_ids=[ana.pk], actor_id=olu.pk, now=NOW),
        lambda: pools.apply(kind="add", pool=listed, worker_ids=[olu.pk], actor_id=olu.pk, now=NOW),
        lambda: pools.apply(kind="grant", pool=listed, worker_ids=[ana.pk], actor_id=olu.pk, now=NOW),
    ):
        with pytest.raises(Invalid), transaction.atomic():
            wrong()
    with pytest.raises(pools.NameTaken), transaction.atomic():
        pools.create(name="German", actor_id=olu.pk, now=NOW)
    assert not PoolMember.objects.exists() and Pool.objects.count() == 2


def test_a_bulk_action_is_taken_back_for_those_whom_it_changed_and_once() -> None:
    olu, ana, wen = people.ops(), people.worker("Ana"), people.worker("Wen")
    invited = pool(olu)
    fill("add", invited, olu, ana)
    seen = pools.preview(kind="add", pool=invited, worker_ids=[ana.pk, wen.pk])
    assert (seen.changed, seen.unchanged, [one.user.name for one in seen.some]) == (1, 1, ["Wen"])
    assert PoolMember.objects.count() == 1
    both = fill("add", invited, olu, ana, wen)
    assert both.changed == [str(wen.pk)]
    with transaction.atomic():
        pools.undo(action=both, actor_id=olu.pk, now=NOW)
    assert set(PoolMember.objects.values_list("worker_id", flat=True)) == {ana.pk}
    with pytest.raises(Conflict), transaction.atomic():
        pools.undo(action=both, actor_id=olu.pk, now=NOW)


def test_a_file_names_its_bad_lines_and_goes_out_without_formulas() -> None:
    olu, ana = people.ops(), people.worker("Ana")
    User.objects.filter(pk=ana.pk).update(name="=HYPERLINK(evil)")
    wen = people.worker("Wen")
    text = f"name,email\nAna,{ana.email.upper()}\nnobody,nobody@example.test\n,{wen.pk}\nagain,{ana.pk}\nempty,\n"
    named = pool_files.read(text)
    assert named.people == [ana.pk, wen.pk]
    assert [(bad.line, bad.text) for bad in named.bad] == [(3, "nobody@example.test"), (5, str(ana.pk)), (6, "")]
    assert pool_files.read(f"{ana.email}\n'{wen.email}").people == [ana.pk, wen.pk]
    for nothing in ("", "\n\n"):
        with pytest.raises(Invalid):
            pool_files.read(nothing)
    with pytest.raises(Invalid):
        pool_files.decode(b"\xff\xfe\x00")
    with pytest.raises(Invalid):
        pool_files.decode(b"a" * (pool_files.LARGEST + 1))
    invited = pool(olu)
    fill("add", invited, olu, ana, wen)
    out = b"".join(pool_files.write(invited)).decode("utf-8-sig")
    assert "'=HYPERLINK(evil)" in out and pool_files.read(out).people == sorted([ana.pk, wen.pk])


def test_by_page_a_dry_run_comes_first() -> None:
    olu, ana = people.ops(), people.worker("Ana")
    tab = browser(olu)
    assert tab.post("/ops/pools/named/new/", {"name": "Invited", "kind": "listed"}).status_code == 302
    made = Pool.objects.get()
    page = f"/ops/pools/named/{made.pk}/"
    file = SimpleUploadedFile("in.csv", f"email\n{ana.email}\nx@y.test\n".encode())
    seen = tab.post(f"{page}people/", {"kind": "add", "file": file}).content.decode()
    assert "1 person would be added" in seen and "x@y.test" in seen and "Line 3" in seen
    assert not PoolMember.objects.exists()
    assert tab.post(f"{page}people/", {"kind": "add", "people": str(ana.pk), "apply": "1"}).status_code == 302
    assert PoolMember.objects.get().worker_id == ana.pk
    assert "Ana" in tab.get(page).content.decode()
    assert ana.email in b"".join(tab.get(f"{page}people.csv")).decode()  # type: ignore[arg-type]
    assert tab.post(f"/ops/pools/actions/{BulkAction.objects.get().pk}/undo/").status_code == 302
    assert not PoolMember.objects.exists()
    assert tab.post(f"{page}people/", {"kind": "add", "people": ""}).status_code == 422
    rule = {"name": "German", "kind": "rule", "rule-language_0": "de", "rule-level_0": "B2"}
    assert tab.post("/ops/pools/named/new/", rule).status_code == 302
    german = Pool.objects.get(name="German")
    assert german.rule == GERMAN
    assert tab.post("/ops/pools/named/count/", rule, headers={"HX-Request": "true"}).content.decode().count("mk-headcount__n") == 1
    assert tab.post(f"/ops/pools/named/{german.pk}/rule/", {"rule-language_0": "fr", "rule-level_0": "C1"}).status_code == 302
    asked = {"rule-credentials": ["identity", "law"], "rule-content": ["violence"]}
    assert tab.post(f"/ops/pools/named/{german.pk}/rule/", asked).status_code == 302
    german.refresh_from_db()
    assert german.rule == {"all": [
        {"fact": "credential", "domain": "identity"}, {"fact": "credential", "domain": "law"},
    ]}, "what somebody asked to be spared is no question of this form"
    shown = tab.get(f"/ops/pools/named/{german.pk}/").content.decode()
    assert "written through the API" not in shown
    assert all(f'value="{code}" checked>' in shown for code in ("identity", "law"))
    assert "rule-content" not in shown and 'value="violence"' not in shown
    assert tab.get("/ops/pools/named/").status_code == tab.get(f"/ops/pools/named/{german.pk}/").status_code == 200
    assert tab.post(f"/ops/pools/named/{german.pk}/archive/").status_code == 302
    assert tab.post("/ops/pools/named/new/", {"name": "x", "kind": "listed"}).status_code == 422
    finance = browser(people.ops("Fin", "finance"))
    assert finance.post(f"{page}people/", {"kind": "add", "people": str(ana.pk), "apply": "1"}).status_code == 403
    assert finance.get(f"{page}people.csv").status_code == 403


def test_by_program() -> None:
    (mira, shop), olu, ana = people.client(), people.ops(), people.worker("Ana")
    project, api = market.project(mira, shop), program(olu, "ops")

    def post(path: str, body: Any) -> Any:
        return api.post(f"/api/v1/ops/{path}", body, content_type="application/json")

    made = post("pools/", {"name": "Invited"}).json()
    path = f"pools/{made['id']}/people/"
    dry = post(path, {"kind": "add", "people": [ana.email, "x"], "dry_run": True}).json()
    assert (dry["changed"], dry["action"], dry["bad"][0]["line"]) == (1, None, 2)
    done = post(path, {"kind": "add", "people": [ana.email]}).json()
    assert api.get(f"/api/v1/ops/pools/{made['id']}/").json()["people"] == 1
    assert post(f"pools/{made['id']}/limit/", {"project": str(project.pk), "limited": True}).status_code == 204
    assert Project.objects.get().pool_id is not None
    assert api.delete(f"/api/v1/ops/pools/{made['id']}/").status_code == 409
    assert post(f"pools/{made['id']}/limit/", {"project": str(project.pk), "limited": False}).status_code == 204
    assert post(f"pools/{made['id']}/limit/", {"project": str(project.pk), "limited": False}).status_code == 409
    assert post(f"bulk-actions/{done['action']}/undo/", {}).status_code == 204
    assert post("pools/count/", {"rule": GERMAN}).json()["workers"] == 0
    assert post("pools/", {"name": "Bad", "rule": {"fact": "moon"}}).status_code == 422
    assert program(people.ops("Fin", "finance"), "ops").post("/api/v1/ops/pools/", {"name": "No"}, content_type="application/json").status_code == 403
    assert len(api.get("/api/v1/ops/pools/").json()["results"]) == 1


class TestAnnouncements:
    """Words to many, a few a week, and not to those who switched them off."""

    def send(self, olu: User, into: Pool | None = None, *, now: dt.datetime = NOW, title: str = "News") -> Announcement:
        with transaction.atomic():
            made = announcements.announce(pool=into, title=title, text="There is a new guideline.", by_id=olu.pk, now=now)
        for _round in range(3):
            with transaction.atomic():
                announcements.send_due(now=now)
        made.refresh_from_db()
        return made

    def test_it_reaches_its_pool_and_nobody_else(self) -> None:
        olu, ana, wen = people.ops(), people.worker("Ana"), people.worker("Wen")
        invited = pool(olu)
        fill("add", invited, olu, ana)
        made = self.send(olu, invited)
        assert (made.told, made.spared, made.done_at is not None) == (1, 0, True)
        assert list(Notice.objects.values_list("user_id", flat=True)) == [ana.pk]
        assert "There is a new guideline." in browser(ana).get("/work/notices/").content.decode()
        assert notices.mail_due(now=NOW) == 1
        assert "account/notices/" in str(mail.outbox[-1].body)
        assert self.send(olu).told == 2 and Notice.objects.filter(user=wen).count() == 1

    def test_whoever_switched_it_off_or_left_or_had_three_this_week_is_spared(self) -> None:
        olu, ana, wen, kim, gone = people.ops(), *(people.worker(name) for name in ("Ana", "Wen", "Kim", "Gone"))
        with transaction.atomic():
            notices.prefer(user_id=ana.pk, group="announcements", in_app=False, mail=False)
            notices.prefer(user_id=wen.pk, group="announcements", in_app=True, mail=False)
            standing.leave(worker_id=gone.pk, now=NOW)
        Notice.objects.all().delete()
        real = dt.datetime.now(dt.UTC)
        for at in range(4):
            made = self.send(olu, now=real, title=f"News {at}")
            assert made.told == (2 if at < announcements.A_WEEK else 0)
        assert not Notice.objects.filter(user__in=[ana, gone]).exists()
        assert not Notice.objects.filter(user=wen, mail=True).exists()
        assert Notice.objects.filter(user=kim, mail=True).count() == announcements.A_WEEK
        assert self.send(olu, now=real + dt.timedelta(days=8)).told == 2

    def test_it_is_looked_at_before_it_is_sent(self) -> None:
        olu = people.ops()
        people.worker("Ana")
        tab = browser(olu)
        given = {"pool": "", "title": "Hello", "text": "Welcome, all."}
        assert "1 person would be told" in tab.post("/ops/announcements/", given).content.decode()
        assert not Announcement.objects.exists()
        assert tab.post("/ops/announcements/", given | {"send": "1"}).status_code == 302
        assert Announcement.objects.get().by == olu
        assert tab.post("/ops/announcements/", given | {"title": ""}).status_code == 422
        for _at in range(announcements.AT_ONCE - 1):
            announcements.announce(pool=None, title="More", text="More.", by_id=olu.pk, now=NOW)
        with pytest.raises(announcements.TooMany):
            announcements.announce(pool=None, title="More", text="More.", by_id=olu.pk, now=NOW)
        api = program(olu, "ops")
        assert api.post("/api/v1/ops/announcements/", {"title": "x", "text": "y"}, content_type="application/json").status_code == 422
        assert len(api.get("/api/v1/ops/announcements/").json()["results"]) == announcements.AT_ONCE


class TestNoticePreferences:
    """What can be switched, and what law and money always tell."""

    def test_a_switched_group_is_neither_shown_nor_mailed_and_the_rest_always(self) -> None:
        ana = people.worker("Ana")
        tab = browser(ana)
        assert tab.post("/account/notices/", {"skills-in_app": "on"}).status_code == 302
        notices.tell(ana.pk, "work.open", project="Weather")
        notices.tell(ana.pk, "standing.resumed")
        notices.tell(ana.pk, "credential.verified", title="MSc")
        shown = {(row.kind, row.shown, row.mail) for row in Notice.objects.filter(user=ana)}
        assert shown == {("work.open", False, False), ("standing.resumed", True, True), ("credential.verified", True, False)}
        assert notices.unread_count(ana.pk) == 2
        page = tab.get("/work/notices/").content.decode()
        assert "There is work for you" not in page and "Your pause is over" in page
        for kind in ("standing.ended", "appeal.upheld", "payout.sent", "something.new"):
            assert notices.group_of(kind) is None
        with pytest.raises(Invalid):
            notices.prefer(user_id=ana.pk, group="standing", in_app=False, mail=False)

    def test_the_same_by_program(self) -> None:
        ana = people.worker("Ana")
        api = program(ana, "work")
        assert {row["group"]: row["mail"] for row in api.get("/api/v1/me/notices/preferences/").json()}["work"] is True
        off = {"group": "work", "in_app": True, "mail": False}
        assert api.put("/api/v1/me/notices/preferences/", off, content_type="application/json").json()["mail"] is False
        assert notices.preferences(ana.pk)["work"] == (True, False)
        bad = api.put("/api/v1/me/notices/preferences/", off | {"group": "money"}, content_type="application/json")
        assert bad.status_code == 422

    def test_quiet_days_hold_alerts_back(self) -> None:
        ana = people.worker("Ana")
        with transaction.atomic():
            preferences.save_availability(worker_id=ana.pk, hours_per_week=None, times=[], quiet_days=2, now=NOW)
        assert not preferences.wants_alerts(ana.pk, now=NOW) and preferences.wants_alerts(ana.pk, now=NOW + dt.timedelta(days=3))


class TestForecast:
    """Hours of funded work against hours of people, by skill and tier."""

    def test_open_hours_meet_the_hours_of_who_holds_the_skill(self) -> None:
        (mira, shop), ana, wen = people.client(), people.worker("Ana"), people.worker("Wen")
        skill = Skill.objects.create(slug="botany", name="Botany", kind="subject")
        rule = {"all": [{"fact": "skill", "skill": "botany", "tier": 1}]}
        market.launched(mira, shop, texts=12, eligibility=rule, expected_seconds=1_800)
        [alone] = forecast.capacity(now=NOW)
        assert (alone.people, alone.open_tasks, alone.open_hours, alone.band) == (0, 12, 6.0, "bad")
        with transaction.atomic():
            grants.grant(worker_id=ana.pk, skill=skill, tier=2, source="ops", now=NOW)
            grants.grant(worker_id=wen.pk, skill=skill, tier=0, source="ops", now=NOW)
            preferences.save_availability(worker_id=ana.pk, hours_per_week=20, times=[], quiet_days=0, now=NOW)
        for week in range(4):
            assert market.work(ana)
            latest = Submission.objects.filter(worker=ana).latest("submitted_at")
            Submission.objects.filter(pk=latest.pk).update(submitted_at=NOW - dt.timedelta(days=7 * week + 1), active_ms=(week + 1) * 3_600_000)
        [one] = forecast.capacity(now=NOW)
        assert (one.people, one.stated, one.wished_hours, one.weeks) == (1, 1, 20, (1.0, 2.0, 3.0, 4.0))
        assert one.open_tasks == 8 and one.worked_hours == 2.5
        assert one.weeks_left == (one.open_hours / 4, one.open_hours / 1)
        page = browser(people.ops("Fin", "finance")).get("/ops/pools/forecast/").content.decode()
        assert "Botany" in page and "tier 1 or higher" in page
